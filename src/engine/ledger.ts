/**
 * The ledger's decisions (S3.1 to S3.7, S3.9), pure: what is due at which level, what a reply over it is asked to say,
 * and what an outcome means for each record. The shell is `announcer.ts`.
 */
import type { Owner, Receipt } from '../chat/records.ts';
import type { DeliveryState, TasksState } from '../chat/state.ts';
import { emptyMap, put } from '../chat/tables.ts';
import type { ClaimLevel, Outcome } from './seam.ts';

export type Standing =
  | { readonly type: 'due'; readonly level: ClaimLevel }
  /** Nothing to do before that time. */
  | { readonly type: 'later'; readonly at: number }
  | { readonly type: 'over'; readonly receipt: Receipt; readonly reason?: string }
  | { readonly type: 'taken' };

/**
 * Where a delivery stands now. An open question neither expires nor is superseded (S6.6). `interrupting`: one that may
 * interrupt is being told; its like comes behind it, or two of them would cut each other for ever.
 */
export function standingOf(
  delivery: DeliveryState,
  isOpenQuestion: boolean,
  now: number,
  interrupting = false,
): Standing {
  if (delivery.taken !== undefined) return { type: 'taken' };
  if (delivery.stale !== undefined) return { type: 'over', ...delivery.stale };
  if (!isOpenQuestion && delivery.expiresAt !== undefined && delivery.expiresAt <= now) {
    return { type: 'over', receipt: 'expired' };
  }
  if (delivery.notBefore !== undefined && delivery.notBefore > now) return { type: 'later', at: delivery.notBefore };
  return { type: 'due', level: levelOf(delivery, now, interrupting) };
}

function levelOf(delivery: DeliveryState, now: number, interrupting: boolean): ClaimLevel {
  if (delivery.mode === 'interrupt') return interrupting ? 'gap' : 'now';
  return delivery.holdUntil !== undefined && delivery.holdUntil <= now ? 'gap' : 'quiet';
}

/** Is something being told that may interrupt? */
function isInterrupting({ deliveries }: TasksState): boolean {
  for (const { mode, taken } of deliveries.values()) if (mode === 'interrupt' && taken !== undefined) return true;
  return false;
}

/** The next moment at which a delivery's standing changes by time alone. */
function nextChange(delivery: DeliveryState, now: number): number | undefined {
  let next: number | undefined;
  for (const at of [delivery.notBefore, delivery.holdUntil, delivery.expiresAt]) {
    if (at !== undefined && at > now && (next === undefined || at < next)) next = at;
  }
  return next;
}

function isOpenQuestion(tasks: TasksState, delivery: DeliveryState): boolean {
  return tasks.running.get(delivery.callId)?.question?.id === delivery.id;
}

export interface Group {
  readonly owner: Owner;
  readonly level: ClaimLevel;
  /** The task whose open question it is: each has a group of its own. */
  readonly asker?: string;
  /** Of its oldest record, as is `at`. */
  order: number;
  at: number;
  readonly ids: string[];
}

export interface Survey {
  readonly groups: ReadonlyMap<string, Group>;
  readonly over: readonly { readonly id: string; readonly receipt: Receipt; readonly reason?: string }[];
  readonly nextAt: number | undefined;
}

/** Everything in the ledger, sorted by what there is to do. */
export function survey(tasks: TasksState, now: number): Survey {
  let groups: ReadonlyMap<string, Group> = emptyMap();
  const over: { id: string; receipt: Receipt; reason?: string }[] = [];
  let nextAt: number | undefined;
  const interrupting = isInterrupting(tasks);
  for (const delivery of tasks.deliveries.values()) {
    const standing = standingOf(delivery, isOpenQuestion(tasks, delivery), now, interrupting);
    if (standing.type === 'taken') continue;
    if (standing.type === 'over') {
      const { receipt, reason } = standing;
      over.push({ id: delivery.id, receipt, ...(reason === undefined ? {} : { reason }) });
      continue;
    }
    const change = nextChange(delivery, now);
    if (change !== undefined && (nextAt === undefined || change < nextAt)) nextAt = change;
    if (standing.type === 'due') groups = addTo(groups, delivery, standing.level, askerOf(tasks, delivery));
  }
  return { groups, over, nextAt };
}

/** The task that waits for the answer to it. */
export function askerOf(tasks: TasksState, delivery: DeliveryState): string | undefined {
  return isOpenQuestion(tasks, delivery) ? delivery.callId : undefined;
}

function addTo(
  groups: ReadonlyMap<string, Group>,
  { id, owner, order, at }: DeliveryState,
  level: ClaimLevel,
  asker: string | undefined,
): ReadonlyMap<string, Group> {
  const key = asker === undefined ? `${level} ${owner}` : `${level} ${owner} ${asker}`;
  const group = groups.get(key);
  if (!group)
    return put(groups, key, { owner, level, order, at, ids: [id], ...(asker === undefined ? {} : { asker }) });
  group.ids.push(id);
  if (order < group.order) Object.assign(group, { order, at });
  return groups;
}

/**
 * What one reply takes: everything due that may be told here, in the order of recording (S3.2), and of questions only
 * the oldest (S6.6).
 */
export function takeDue(
  tasks: TasksState,
  now: number,
  serves: (owner: Owner, level: ClaimLevel, asker: string | undefined) => boolean,
): DeliveryState[] {
  const due: DeliveryState[] = [];
  for (const delivery of tasks.deliveries.values()) {
    const standing = standingOf(delivery, isOpenQuestion(tasks, delivery), now);
    if (standing.type === 'due' && serves(delivery.owner, standing.level, askerOf(tasks, delivery))) due.push(delivery);
  }
  due.sort((a, b) => a.order - b.order);
  let asked = false;
  return due.filter((delivery) => {
    if (delivery.record.phase !== 'question') return true;
    if (asked) return false;
    asked = true;
    return true;
  });
}

export interface ReplyPlan {
  readonly prompt: 'replyAtTail' | 'replyMaybeCovered';
  readonly callIds: string;
  readonly newCallIds: string;
  readonly heard: string;
  readonly toolChoice: 'auto' | 'none';
}

/** What the reply is asked to do (S3.5, S3.7). */
export function planReply(
  taken: readonly DeliveryState[],
  covered: ReadonlySet<string>,
  override: (delivery: DeliveryState) => 'auto' | 'none' | undefined,
): ReplyPlan {
  const fresh = taken.filter((delivery) => !covered.has(delivery.id));
  const anyCovered = fresh.length < taken.length;
  return {
    prompt: anyCovered ? 'replyMaybeCovered' : 'replyAtTail',
    callIds: taken.map((delivery) => delivery.id).join(', '),
    newCallIds: anyCovered ? fresh.map((delivery) => delivery.id).join(', ') : '',
    heard: [...new Set(taken.flatMap((delivery) => delivery.heard ?? []))].join(' '),
    toolChoice: chooseTools(taken, override),
  };
}

/** Each record has its own choice; one that may call tools is enough. */
function chooseTools(
  taken: readonly DeliveryState[],
  override: (delivery: DeliveryState) => 'auto' | 'none' | undefined,
): 'auto' | 'none' {
  if (taken.some((delivery) => delivery.toolsCalled)) return 'none';
  const choiceOf = (delivery: DeliveryState): 'auto' | 'none' =>
    override(delivery) ?? (delivery.record.phase === 'final' ? 'auto' : 'none');
  return taken.some((delivery) => choiceOf(delivery) === 'auto') ? 'auto' : 'none';
}

export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly retryDelayMs: number;
  /** Of a host that cannot know it, no word heard does not mean that nothing was (S3.9). */
  readonly knowsHeard: boolean;
}

export type Settlement =
  | { readonly type: 'ended'; readonly receipt: Receipt; readonly reason?: string }
  | { readonly type: 'returned'; readonly attempts: number; readonly notBefore?: number; readonly heard?: string };

/** What an outcome means for one record (S3.4, S3.5). */
export function settle(
  delivery: DeliveryState,
  wasCovered: boolean,
  outcome: Outcome,
  now: number,
  policy: RetryPolicy,
): Settlement {
  switch (outcome.type) {
    case 'completed':
      return { type: 'ended', receipt: 'completed' };
    case 'accepted':
      return { type: 'ended', receipt: 'accepted' };
    case 'nothing_said':
      return wasCovered ? { type: 'ended', receipt: 'skipped' } : again(delivery, now, policy, 'nothing was said');
    case 'failed':
      return again(delivery, now, policy, 'the model failed');
    case 'interrupted': {
      if (outcome.heard === '' && policy.knowsHeard) return { type: 'returned', attempts: delivery.attempts };
      const attempts = delivery.attempts + 1;
      if (attempts >= policy.maxAttempts) return { type: 'ended', receipt: 'interrupted' };
      const heard = [delivery.heard, outcome.heard].filter((text) => text !== undefined && text !== '').join(' ');
      return { type: 'returned', attempts, ...(heard === '' ? {} : { heard }) };
    }
  }
}

function again(delivery: DeliveryState, now: number, policy: RetryPolicy, reason: string): Settlement {
  const attempts = delivery.attempts + 1;
  if (attempts >= policy.maxAttempts) return { type: 'ended', receipt: 'failed', reason };
  return { type: 'returned', attempts, notBefore: now + policy.retryDelayMs * 2 ** (attempts - 1) };
}
