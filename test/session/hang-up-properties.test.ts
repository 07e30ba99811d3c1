/** Whenever the caller hangs up, whatever his tasks do and whoever fails: each result goes to one place, once (S3.4, S8.7). */
import fc from 'fast-check';
import { Agent, tool, ToolError, type RunContext, type SessionRecord } from 'meanwhile';
import { createVirtualClock, scriptedModel } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { memory } from '../../src/store/index.ts';
import { waiting } from '../support/booking.ts';
import { createPlayback } from '../support/playback.ts';
import { createTestSession, type TestSession } from '../support/session.ts';
import { moodyStore, type StoreMood } from '../support/store.ts';

const time = fc.integer({ min: 0, max: 4000 });

const job = fc.record({
  finishes: fc.boolean(),
  updates: fc.array(time, { maxLength: 3 }),
  asksAt: fc.option(time, { nil: undefined }),
  endsAt: time,
  how: fc.constantFrom('value', 'nothing', 'tool error', 'error'),
});
type Job = typeof job extends fc.Arbitrary<infer T> ? T : never;

const life = fc.record({
  jobs: fc.array(job, { minLength: 1, maxLength: 4 }),
  hangsUpAt: time,
  drain: fc.boolean(),
  speaks: fc.array(time, { maxLength: 3 }),
  /** How often it throws, or that there is none. */
  handlerThrows: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
  kept: fc.boolean(),
  moods: fc.array(fc.tuple(time, fc.constantFrom<StoreMood>('works', 'fails', 'loses answers')), { maxLength: 3 }),
});
type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;

const said = { value: 'completed', nothing: undefined, 'tool error': 'failed', error: 'failed' } as const;

function bodyOf({ updates, asksAt, endsAt, how }: Job, at: (ms: number) => Promise<void>) {
  return async (ctx: RunContext): Promise<unknown> => {
    const steps = [
      ...updates.map((ms) => [ms, () => ctx.update(`At ${String(ms)}.`)] as const),
      ...(asksAt === undefined ? [] : [[asksAt, () => ctx.ask({ message: 'Which?', timeoutMs: 500 })] as const]),
    ].sort(([a], [b]) => a - b);
    for (const [ms, step] of steps) {
      await at(ms);
      await step();
    }
    await at(endsAt);
    if (how === 'tool error') throw new ToolError('Sold out.');
    if (how === 'error') throw new Error('secret');
    return how === 'value' ? 'Done.' : undefined;
  };
}

async function play(drawn: Life) {
  const clock = createVirtualClock();
  const began = clock.now();
  const at = (ms: number): Promise<void> =>
    new Promise((resolve) => void clock.setTimeout(resolve, Math.max(0, began + ms - clock.now())));
  const data = memory({ clock: createVirtualClock() });
  const store = moodyStore(data);
  const given: string[] = [];
  let throws = drawn.handlerThrows ?? 0;
  const calls = drawn.jobs.map((_each, n) => ({ name: `job${String(n)}` }));
  const t = createTestSession([], {
    clock,
    model: scriptedModel([{ calls }], { clock, fallback: () => 'Some words of mine.' }),
    output: createPlayback(clock, { msPerWord: 50 }),
    sessionId: 'life',
    ...(drawn.kept ? { store, userKey: 'ada' } : {}),
    ...(drawn.handlerThrows === undefined
      ? {}
      : {
          onUndelivered: ({ deliveryId }) => {
            if ((throws -= 1) >= 0) throw new Error('No mail.');
            given.push(deliveryId);
          },
        }),
    tools: drawn.jobs.map((each, n) =>
      tool({
        name: `job${String(n)}`,
        whenSessionEnds: each.finishes ? 'finish' : 'cancel',
        execute: (_args, { ctx }) => bodyOf(each, at)(ctx),
      }),
    ),
  });
  await t.session.start({ agent: new Agent({ name: 'travel', instructions: 'Talk.' }) });
  void t.session.sendMessage('Go').catch(() => undefined);
  for (const ms of drawn.speaks) void at(ms).then(() => t.session.userStartedSpeaking());
  for (const ms of drawn.speaks) void at(ms + 300).then(() => t.session.userStoppedSpeaking());
  for (const [ms, mood] of drawn.moods) void at(ms).then(() => (store.mood = mood));
  void at(6000).then(() => (store.mood = 'works'));
  void at(drawn.hangsUpAt).then(() => t.session.close({ drain: drawn.drain }));
  await clock.advance(300_000);
  const left = drawn.kept ? await waiting(data) : [];
  return { t, given, left: left.map(({ deliveryId }) => deliveryId) };
}

function judge(drawn: Life, t: TestSession, given: readonly string[], left: readonly string[]): string[] {
  const wrong: string[] = [];
  const { records, events } = t;
  if (records.at(-1)?.type !== 'session_closed') wrong.push(`it is not closed: ${String(records.at(-1)?.type)}`);
  if (t.clock.pending().length > 0) wrong.push('a timer is left');
  if (events.filter(({ type }) => type === 'closed').length !== 1 || events.at(-1)?.type !== 'closed')
    wrong.push('closed is not told once, at the end');
  return [...wrong, ...receiptsOnce(records), ...eachReachesOne(drawn, t, given, left)];
}

function receiptsOnce(records: readonly SessionRecord[]): string[] {
  const open = new Set<string>();
  const wrong: string[] = [];
  for (const record of records) {
    if ('delivery' in record && record.delivery !== undefined && record.record) open.add(record.record.id);
    if (record.type === 'delivery_ended' && !open.delete(record.id)) wrong.push(`${record.id} has a receipt too many`);
  }
  return [...wrong, ...[...open].map((id) => `${id} has no receipt`)];
}

/** A result was heard, or given to somebody, or put into the outbox; or there was nobody. */
function eachReachesOne(
  drawn: Life,
  { records }: TestSession,
  given: readonly string[],
  left: readonly string[],
): string[] {
  const wrong: string[] = [];
  const canReach = drawn.kept || (drawn.handlerThrows ?? 3) < 3;
  for (const record of records) {
    if (record.type !== 'task_ended' || !record.record) continue;
    const { id, toolName } = record.record;
    const { finishes = false, how = 'value' } = drawn.jobs[Number(toolName.slice(3))] ?? {};
    const receipt = records.find((it) => it.type === 'delivery_ended' && it.id === id);
    const told = receipt?.type === 'delivery_ended' && ['completed', 'skipped'].includes(receipt.receipt);
    const to = [...given, ...left].filter((each) => each === `life/${id}`).length;
    const wasCancelled = record.state === 'cancelled';
    if (to > 0 && (told || !finishes || wasCancelled)) wrong.push(`${id} is handed over, and should not be`);
    if (to > 1) wrong.push(`${id} is handed over twice`);
    const isOwed = finishes && said[how] !== undefined && !wasCancelled && canReach;
    if (isOwed && !told && to === 0) wrong.push(`${id} reached nobody: ${JSON.stringify(receipt)}`);
    if (finishes && wasCancelled) wrong.push(`${id} was cancelled`);
  }
  return wrong;
}

test('S3.4 S8.7 each result of a task that finishes is heard, given or kept for the user, once', async () => {
  let finishing = 0;
  let handedOver = 0;
  await fc.assert(
    fc.asyncProperty(life, async (drawn) => {
      const { t, given, left } = await play(drawn);
      if (t.records.some(({ type }) => type === 'session_ended')) finishing += 1;
      handedOver += given.length + left.length;
      expect(judge(drawn, t, given, left)).toEqual([]);
    }),
    { numRuns: 300, seed: 20_261_120 },
  );
  expect(finishing).toBeGreaterThan(100);
  expect(handedOver).toBeGreaterThan(100);
}, 120_000);
