/** Whatever happens, in whatever order: what must hold of every session (S1.4, S2.3, S3.2–S3.8, S6.3, S8.4, S8.7). */
import fc from 'fast-check';
import type { Item, SessionRecord } from 'meanwhile';
import { expect, test } from 'vitest';
import { WireCheck } from '../support/wire-check.ts';
import { plan, World, type Plan } from './world.ts';

const runs = Number(process.env['RUNS'] ?? 1500);
const seed = Number(process.env['SEED'] ?? 20_261_121);

function once(ids: readonly string[]): string[] {
  return ids.filter((id, index) => ids.indexOf(id) !== index);
}

type Of<T extends SessionRecord['type']> = Extract<SessionRecord, { type: T }>;
const of = <T extends SessionRecord['type']>(world: World, type: T): Of<T>[] =>
  world.records.filter((record): record is Of<T> => record.type === type);

/** Every delivery that was opened has exactly one receipt. */
function expectReceipts(world: World): void {
  const opened = world.events.flatMap((event) => (event.type === 'delivery_scheduled' ? [event.id] : []));
  const ended = of(world, 'delivery_ended').map((record) => record.id);
  expect(once(opened), 'opened twice').toEqual([]);
  expect(once(ended), 'ended twice').toEqual([]);
  expect(
    opened.filter((id) => !ended.includes(id)),
    'without a receipt',
  ).toEqual([]);
}

/** Every task ends once, and says nothing after it; every call of a batch is a task or was answered. */
function expectTasks(world: World): void {
  const started = of(world, 'task_started').map((record) => record.callId);
  const ended = of(world, 'task_ended').map((record) => record.callId);
  expect(once(ended), 'ended twice').toEqual([]);
  expect(ended.toSorted()).toEqual(started.toSorted());
  for (const record of world.records) {
    if (record.type !== 'task_updated' && record.type !== 'task_asked' && record.type !== 'task_backgrounded') continue;
    const end = of(world, 'task_ended').find(({ callId }) => callId === record.callId);
    expect(end === undefined || end.seq > record.seq, `${record.callId} says something after its end`).toBe(true);
  }
}

/**
 * In every context a call's records stand in their order, behind the call where it is there (S2.3). What was told while
 * its step was open, because another call of it waited (S6.8), had to stand before the call.
 */
function expectOrder(items: readonly Item[], toldEarly: ReadonlySet<string>): void {
  const seen = new Map<string, number>();
  const ids = new Set<string>();
  const rank = (id: string, callId: string): number =>
    id === callId
      ? 0
      : id.endsWith('_final')
        ? Infinity
        : id.endsWith('_handoff')
          ? Infinity
          : Number(/_update_(\d+)$/.exec(id)?.[1]);
  const see = (id: string, callId: string): void => {
    if (toldEarly.has(callId) && id === callId) return;
    expect(ids.has(id), `${id} twice`).toBe(false);
    ids.add(id);
    const before = seen.get(callId) ?? -1;
    expect(rank(id, callId), `${id} after ${String(before)}`).toBeGreaterThanOrEqual(before);
    seen.set(callId, rank(id, callId));
  };
  for (const item of items) {
    if (item.kind === 'record' && item.id.startsWith(`${item.callId}_`)) see(item.id, item.callId);
    else if (item.kind === 'batch') for (const each of item.calls) see(each.callId, each.callId);
  }
}

/** Calls of which something was told before they were in the context. */
function toldEarly(world: World): Set<string> {
  const batched = new Set<string>();
  const early = new Set<string>();
  for (const record of world.records) {
    if (record.type === 'batch_added') for (const { callId } of record.batch.calls) batched.add(callId);
    if (record.type !== 'delivery_taken') continue;
    for (const id of record.ids) {
      const callId = id.replace(/_(update_\d+|final|handoff)$/, '');
      if (!batched.has(callId)) early.add(callId);
    }
  }
  return early;
}

async function holds({ actions, ...given }: Plan): Promise<void> {
  const rejected: unknown[] = [];
  const note = (error: unknown): void => void rejected.push(error);
  process.on('unhandledRejection', note);
  try {
    const world = new World(given);
    await world.start();
    await world.play(actions);
    const closes = actions.some((each) => each.do === 'close');
    if (!closes) {
      await world.calm();
      let rests = false;
      void world.session.waitForIdle().then(() => (rests = true));
      await world.clock.advance(30_000);
      expect(rests, `it does not come to rest: ${describe(world)}`).toBe(true);
      expect(world.open, 'waits for ever').toEqual([]);
      expect([...world.session.state.tasks.deliveries.keys()]).toEqual([]);
      for (const { context } of world.session.state.activities.values()) expectOrder(context.items, toldEarly(world));
    }
    await world.clock.runUntil(world.session.close());
    await world.clock.settle();
    expect(world.wrong).toEqual([]);
    expect(world.clock.pending(), 'a timer after the close').toEqual([]);
    expect(world.open, 'waits after the close').toEqual([]);
    expectReceipts(world);
    expectTasks(world);
    expect(rejected).toEqual([]);
  } finally {
    process.off('unhandledRejection', note);
  }
}

function describe(world: World): string {
  const { session } = world;
  const deliveries = [...session.state.tasks.deliveries.values()].map(
    ({ id, owner, taken }) => `${id} of ${owner} ${taken ?? ''}`,
  );
  const tasks = session.tasks.list().map(({ callId, state, phase }) => `${callId} ${state} ${phase}`);
  return JSON.stringify({
    floor: session.floor,
    stack: session.state.stack,
    deliveries,
    tasks,
    speeches: [...session.state.speeches.keys()],
  });
}

test('S1.4 S2.3 S3.4 S3.8 S6.3 S8.4 S8.7 whatever is done in whatever order, a session keeps its promises', async () => {
  await fc.assert(fc.asyncProperty(plan, holds), { numRuns: runs, seed });
}, 600_000);

test('S2.2 S2.3 and every prompt that it makes passes the wire of every provider', async () => {
  const passes = async ({ actions, ...given }: Plan): Promise<void> => {
    const wire = new WireCheck();
    const world = new World(given, wire.note);
    await world.start();
    await world.play(actions);
    await world.clock.runUntil(world.session.close());
    await wire.finish();
  };
  await fc.assert(fc.asyncProperty(plan, passes), { numRuns: Math.ceil(runs / 15), seed });
}, 600_000);
