/**
 * Who may have the floor, as pure functions of what is going on: what is silent and quiet (S6.1), whose place it is
 * (S8.4), what a lease stops (S6.4). The shell is `floor.ts`.
 */
import type { Owner } from '../chat/records.ts';
import type { ClaimLevel } from '../engine/seam.ts';

export interface CurrentFacts {
  readonly activityId: string;
  /** Activities that are paused below it, outermost first. */
  readonly paused: readonly string[];
  /** An AgentTask that tells the session's deliveries itself. */
  readonly tellsDeliveries: boolean;
  readonly isTask: boolean;
  /** The lease it runs under, if its AgentTask was started inside one. */
  readonly underLease: string | undefined;
}

export interface FloorFacts {
  /** Nobody between two agents (S8.2). */
  readonly current: CurrentFacts | undefined;
  readonly closing: boolean;
  /** A speech is playing or being generated right now. */
  readonly speaking: boolean;
  /** A speech is queued, or a turn is about to go on. */
  readonly pending: boolean;
  /** A turn's calls have settled, and it is about to record and to answer them: that is no pause between two speeches. */
  readonly goesOn: boolean;
  readonly userSpeaking: boolean;
  readonly userAway: boolean;
  /** A user's turn is open: said, and not yet being answered. */
  readonly userTurn: boolean;
  /** The speeches that may not be interrupted, and whose end his words wait for. */
  readonly keptFor?: readonly string[] | undefined;
  /** Blocking calls of the current activity's open turns. */
  readonly blocking: number;
  /** Call ids of those who hold the floor, outermost first. */
  readonly leases: readonly string[];
  readonly silentSince: number | undefined;
  readonly quietMs: number;
  readonly now: number;
}

/** What silence depends on. */
export type Talk = Pick<FloorFacts, 'speaking' | 'pending' | 'goesOn' | 'userSpeaking' | 'userAway' | 'userTurn'>;

/** What the floor knows itself; all else it is told. */
export type OwnFacts = Pick<FloorFacts, 'leases' | 'silentSince' | 'quietMs' | 'now'>;

export interface Wish {
  readonly kind: 'delivery' | 'lease' | 'handoff' | 'filler' | 'idle';
  readonly owner: Owner;
  readonly level: ClaimLevel;
  /** The lease it is asked under. */
  readonly lease?: string | undefined;
  /** The speech that the call which asks for it blocks. */
  readonly blocks?: string | undefined;
  /** Clock time in ms: it has its place in the order, but is not served before. */
  readonly notBefore?: number | undefined;
}

/** Silent (S6.1): no speech, no user. */
export function isSilent(facts: Omit<Talk, 'goesOn'>): boolean {
  return !facts.speaking && !facts.pending && !userHasFloor(facts);
}

function userHasFloor(facts: Pick<FloorFacts, 'userSpeaking' | 'userAway' | 'userTurn'>): boolean {
  return facts.userTurn || (facts.userSpeaking && !facts.userAway);
}

/** The user, the agent, a task (`ctx.foreground`), or nobody. */
export type FloorHolder = 'user' | 'agent' | 'nobody' | { readonly callId: string };

/** The user before all, and a lease before the agent: under one the agent speaks for the task. */
export function holderOf(facts: FloorFacts): FloorHolder {
  const lease = facts.leases.at(-1);
  if (userHasFloor(facts)) return 'user';
  if (lease !== undefined) return { callId: lease };
  return facts.speaking || facts.pending ? 'agent' : 'nobody';
}

export type Verdict = 'yes' | 'no' | 'cut' | { readonly at: number };

/** May the wish be served now? `cut`: once the agent's own speech has been cut. */
export function judge(wish: Wish, facts: FloorFacts): Verdict {
  if (isWaitedFor(wish, facts)) return isSilent({ ...facts, userTurn: false }) && facts.blocking === 0 ? 'yes' : 'no';
  if (facts.closing || userHasFloor(facts) || !mayBeServed(wish, facts)) return 'no';
  const { notBefore = 0 } = wish;
  if (notBefore > facts.now) return { at: notBefore };
  if (facts.goesOn) return 'no';
  switch (wish.level) {
    case 'now':
      return facts.speaking ? 'cut' : afterPause(facts);
    case 'gap':
      return facts.speaking ? 'no' : afterPause(facts);
    case 'quiet':
      return isSilent(facts) && facts.silentSince !== undefined && facts.blocking === 0 ? afterPause(facts) : 'no';
  }
}

/** The user's words wait for the speech that this call blocks: the call does not wait for them (S6.8). */
export function isWaitedFor(wish: Wish, facts: FloorFacts): boolean {
  const { blocks } = wish;
  const isKept = blocks !== undefined && facts.keptFor?.includes(blocks) === true;
  return isKept && !facts.closing && mayBeServed(wish, facts);
}

/** In silence everybody lets `quietMs` pass: the user may only have drawn breath (S3.8). */
function afterPause(facts: FloorFacts): Verdict {
  if (!isSilent(facts) || facts.silentSince === undefined) return 'yes';
  const at = facts.silentSince + facts.quietMs;
  return at <= facts.now ? 'yes' : { at };
}

/** Is it its place, and does no lease stop it? The user and the agent's own speech apart. */
export function mayBeServed(wish: Wish, facts: Pick<FloorFacts, 'current' | 'leases'>): boolean {
  const { current, leases } = facts;
  return current !== undefined && isPlaceOf(wish, current) && passesLeases(wish, leases, current);
}

/** Where things are told while an AgentTask runs (S8.4). */
function isPlaceOf(wish: Wish, current: CurrentFacts): boolean {
  if (wish.owner === current.activityId || wish.kind === 'idle' || wish.kind === 'filler') return true;
  if (wish.kind !== 'delivery') return wish.owner === 'session';
  if (wish.owner !== 'session' && !current.paused.includes(wish.owner)) return false;
  if (!current.isTask) return true;
  return wish.level !== 'quiet' || (wish.owner === 'session' && current.tellsDeliveries);
}

/** A lease stops all but what its holder asks for, and what belongs to an AgentTask run under it (S6.4). */
function passesLeases(wish: Wish, leases: FloorFacts['leases'], current: CurrentFacts): boolean {
  const holder = leases.at(-1);
  if (holder === undefined || wish.lease === holder) return true;
  const tells = wish.kind === 'delivery' || wish.kind === 'handoff';
  return tells && wish.owner === current.activityId && current.underLease === holder;
}
