/**
 * A session that died after one of its records, brought back from the JSON of what was kept until then, and left alone until
 * it rests. What must hold is judged over the records of both lives.
 */
import { isDeepStrictEqual } from 'node:util';
import { Agent, AgentSession, tool, type Item, type SessionRecord, type SessionState } from 'meanwhile';
import { createVirtualClock, scriptedModel } from 'meanwhile/testing';
import { apply, fold } from '../../src/chat/fold.ts';
import { stateFromText, stateToText } from '../../src/chat/snapshot.ts';
import { createSessionState } from '../../src/chat/state.ts';
import { memory } from '../../src/store/index.ts';
import { keysRecordedTwice } from './invariants.ts';
import type { Plan } from './plan.ts';

const sessionId = 'died';
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export interface NextLife {
  /** The facts that are wrong. */
  readonly wrong: readonly string[];
  /** What it recorded until it rested. */
  readonly after: readonly SessionRecord[];
}

export interface NextLifeOptions {
  /** May tools run again? */
  readonly again: boolean;
  /** The store has a snapshot of the state after so many records. */
  readonly snapshotAt: number;
}

/** `before`: the records that were kept. */
export async function diedAfter(
  before: readonly SessionRecord[],
  { again, snapshotAt }: NextLifeOptions,
  { tools }: Pick<Plan, 'tools'>,
): Promise<NextLife> {
  const clock = createVirtualClock({ startAt: (before.at(-1)?.at ?? 0) + 1000 });
  const store = memory({ clock });
  const lease = await store.acquire(sessionId, { leaseMs: 1 });
  await store.append(lease, before);
  const snapshot = stateToText(fold(before.slice(0, snapshotAt)));
  await store.saveSnapshot(lease, { seq: snapshotAt, data: snapshot });
  await store.release(lease);
  const after: SessionRecord[] = [];
  const live = stateFromText(snapshot) ?? createSessionState();
  for (const record of before.slice(live.seq)) apply(live, record);
  const wrong = stateToText(live) === stateToText(fold(before)) ? [] : ['the snapshot differs'];
  const begins = new Set(
    [...live.tasks.running.values()].flatMap(({ callId, question }) => (question?.approval ? [callId] : [])),
  );
  const session = await AgentSession.restore({
    llm: scriptedModel(Array<string>(500).fill('Words of the next life.'), { clock }),
    store,
    sessionId,
    agents: agentsOf(before),
    tools: toolsOf(tools, again, {
      runs: (callId) => {
        if (!again && !begins.has(callId)) wrong.push(`${callId} runs again`);
      },
      does: (callId, name) => {
        if (before.some((it) => it.type === 'task_stepped' && it.callId === callId && it.name === name))
          wrong.push(`${name} of ${callId} is done again`);
      },
    }),
    clock,
    logger: quiet,
    retryDelayMs: 300,
    userAwayMs: Infinity,
    onRecord: (record, state) => {
      const copy = JSON.parse(JSON.stringify(record)) as SessionRecord;
      after.push(copy);
      apply(live, copy);
      if (!isDeepStrictEqual(live, state)) wrong.push(`the fold differs after record ${String(record.seq)}`);
    },
  });
  let rests = false;
  const rest = live.status === 'finishing' ? session.finished : session.waitForIdle();
  void rest.then(
    () => (rests = true),
    () => undefined,
  );
  await clock.advance(60_000);
  if (!rests) wrong.push('it does not come to rest');
  wrong.push(...judge(before, after, session.state));
  const kept = await store.read(sessionId, 0, Infinity);
  if (!isDeepStrictEqual(kept, [...before, ...after])) wrong.push('the store has other records');
  const life = after.slice();
  await clock.runUntil(session.close());
  if (clock.pending().length > 0) wrong.push('a timer is left');
  return { wrong, after: life };
}

function judge(before: readonly SessionRecord[], after: readonly SessionRecord[], state: SessionState): string[] {
  return [
    ...everythingIsTold([...before, ...after], state),
    ...nothingIsTwiceNew(before, after),
    ...everyOutputIsAnswered(before, after),
    ...everyTaskEndsOnce([...before, ...after], state),
    ...everyCallHasItsBatch([...before, ...after], state),
    ...idsAreUnique(state.history),
    ...keysRecordedTwice([...before, ...after]),
  ];
}

/** Each delivery has one receipt, and none is left (S3.4). */
function everythingIsTold(records: readonly SessionRecord[], { tasks }: SessionState): string[] {
  const ended = new Set<string>();
  const wrong = [...tasks.deliveries.keys()].map((id) => `${id} is not told`);
  for (const record of records) {
    if (record.type !== 'delivery_ended') continue;
    if (ended.has(record.id)) wrong.push(`${record.id} has two receipts`);
    ended.add(record.id);
  }
  for (const record of records) {
    // What is silent has its receipt in the next record, and so in the same append.
    const isTold = 'delivery' in record && record.delivery !== undefined && record.delivery.mode !== 'silent';
    const id = isTold && record.record ? record.record.id : undefined;
    if (id !== undefined && !ended.has(id)) wrong.push(`${id} has no receipt`);
  }
  return wrong;
}

/** What was being told when it died is told as *maybe covered*; what had its receipt is not told. */
function nothingIsTwiceNew(before: readonly SessionRecord[], after: readonly SessionRecord[]): string[] {
  const { speeches, tasks } = fold(before);
  const done = new Set(before.flatMap((record) => (record.type === 'delivery_ended' ? [record.id] : [])));
  const beingTold = new Set(
    [...tasks.deliveries.values()]
      .filter(({ taken }) => taken !== undefined && speeches.get(taken)?.requests.size !== 0)
      .map(({ id }) => id),
  );
  return after.flatMap((record) => {
    if (record.type !== 'delivery_taken') return [];
    return record.ids.flatMap((id) => {
      if (done.has(id)) return [`${id} is told again`];
      return beingTold.has(id) && !record.covered.includes(id) ? [`${id} is told again as if it were new`] : [];
    });
  });
}

/** The output of a call that blocked and that nobody had answered is told, unless a later call took its place (S5.6). */
function everyOutputIsAnswered(before: readonly SessionRecord[], after: readonly SessionRecord[]): string[] {
  const { speeches, activities, tasks } = fold(before);
  const failed = new Set(
    before.flatMap((it) => (it.type === 'task_ended' && it.state === 'failed' && !it.record ? [it.callId] : [])),
  );
  const told = new Set([...before, ...after].flatMap((it) => (it.type === 'delivery_ended' ? [it.id] : [])));
  return [...tasks.ended.values()].flatMap((task) => {
    const { callId, activityId, speechId, outputIsStale, quiet, supersedeKey } = task;
    if (!failed.has(callId) || outputIsStale || quiet || !speeches.has(speechId)) return [];
    if (supersedeKey !== undefined && tasks.latest.get(supersedeKey) !== callId) return [];
    const context = activities.get(activityId)?.context;
    const position = context?.positions.get(callId);
    const isCovered = position !== undefined && position < (context?.coveredTo ?? 0);
    return isCovered || told.has(callId) ? [] : [`nobody answered ${callId}`];
  });
}

function everyTaskEndsOnce(records: readonly SessionRecord[], { tasks }: SessionState): string[] {
  const running = new Set<string>();
  const wrong: string[] = [];
  for (const record of records) {
    if (record.type === 'task_started') running.add(record.callId);
    if (record.type === 'task_ended' && !running.delete(record.callId)) wrong.push(`${record.callId} ends twice`);
  }
  if (running.size !== tasks.running.size) wrong.push('the state has other tasks than the records');
  return [...wrong, ...[...running].map((callId) => `${callId} never ends`)];
}

/** No task without its call in the history, none twice (S1.4). */
function everyCallHasItsBatch(records: readonly SessionRecord[], { history }: SessionState): string[] {
  const calls = history.flatMap((item) => (item.kind === 'batch' ? item.calls.map(({ callId }) => callId) : []));
  const twice = calls.filter((id, index) => calls.indexOf(id) !== index).map((id) => `${id} has two batches`);
  const started = records.flatMap((record) => (record.type === 'task_started' ? [record.callId] : []));
  return [...twice, ...started.filter((id) => !calls.includes(id)).map((id) => `the call of ${id} is nowhere`)];
}

function idsAreUnique(items: readonly Item[]): string[] {
  const ids = items.map(({ id }) => id);
  return ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `two items are ${id}`);
}

function agentsOf(records: readonly SessionRecord[]): Record<string, () => Agent> {
  const names = records.flatMap((record) => (record.type === 'agent_entered' ? [record.agent] : []));
  return Object.fromEntries(names.map((name) => [name, () => new Agent({ name, instructions: 'Talk.' })]));
}

interface BodyWatch {
  readonly runs: (callId: string) => void;
  readonly does: (callId: string, step: string) => void;
}

/** Their bodies do what those of before may have done: the same steps, the same update, the same question. */
function toolsOf(plans: Plan['tools'], again: boolean, { runs, does }: BodyWatch) {
  return plans.map(({ deliver }, index) =>
    tool({
      name: `job${String(index)}`,
      deliver,
      parameters: { type: 'object', properties: {} },
      idempotent: again,
      execute: async (_args, { ctx }) => {
        const { toolCallId } = ctx;
        runs(toolCallId);
        for (const name of ['step 1', 'step 2']) await ctx.step(name, () => does(toolCallId, name));
        await ctx.update('Once.', { key: 'news' });
        await ctx.ask({ message: 'Which, once?', key: 'which', timeoutMs: 500 });
        await ctx.update('At it again.');
        return `The result of ${toolCallId}.`;
      },
    }),
  );
}
