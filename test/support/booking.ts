/** A booking that takes its time, and a caller who hangs up. */
import { tool, type RunContext } from 'meanwhile';
import type { ScriptedStep } from 'meanwhile/testing';
import type { MemoryStore } from '../../src/store/index.ts';
import { byHand, drive, startTestSession, type TestOptions, type TestSession } from './session.ts';

export const call = { calls: [{ name: 'book' }] };
export const settings = { sessionId: 'call-1', userKey: 'ada' };

export const booking = (body: (ctx: RunContext) => unknown, more: object = { whenSessionEnds: 'finish' }) =>
  tool({ name: 'book', ...more, execute: (_args, { ctx }) => body(ctx) });

export interface Booked extends TestSession {
  readonly done: PromiseWithResolvers<unknown>;
  readonly ctx: RunContext;
}

/** A booking that runs in the background, and the user has been told so. */
export async function booked(
  options: TestOptions = {},
  more?: object,
  steps: readonly ScriptedStep[] = [],
): Promise<Booked> {
  const done = byHand<unknown>();
  let ctx: RunContext | undefined;
  const body = async (given: RunContext) => {
    ctx = given;
    await given.update('Booking.');
    return await done.promise;
  };
  const t = await startTestSession([call, 'I am booking.', ...steps], {
    tools: [booking(body, more)],
    ...settings,
    ...options,
  });
  await drive(t.clock, t.session.run({ userInput: 'Book it' }));
  if (!ctx) throw new Error('It did not run.');
  return { ...t, done, ctx };
}

/** What a new session of the user would get; it is put back. */
export async function waiting(store: MemoryStore, userKey = 'ada') {
  const lease = await store.acquire(`a look at ${userKey}`, { leaseMs: 1000, takeOver: true });
  const collected = await store.collect(lease, userKey);
  for (const { result } of collected) await store.post(lease, userKey, result);
  await store.delete(lease.sessionId);
  return collected.map(({ result }) => result);
}
