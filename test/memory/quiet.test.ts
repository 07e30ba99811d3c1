/** Sessions whose results wait are quiet: nothing polls, nothing is armed, nothing runs (S6.2). */
import type { AgentSession } from 'meanwhile';
import { createVirtualClock, type VirtualClock } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { startTalk } from './talk.ts';

/** Whatever a session does, it asks the time, arms a timer or writes a record. */
function countUses(clock: VirtualClock): { clock: VirtualClock; uses: () => number } {
  let uses = 0;
  const counted: VirtualClock = {
    ...clock,
    now: () => ((uses += 1), clock.now()),
    setTimeout: (fn, delayMs) => ((uses += 1), clock.setTimeout(fn, delayMs)),
    clearTimeout: (timer) => ((uses += 1), clock.clearTimeout(timer)),
  };
  return { clock: counted, uses: () => uses };
}

test('S6.2 a thousand sessions that wait with a result arm no timer and do nothing, for a day', async () => {
  const { clock, uses } = countUses(createVirtualClock());
  const sessions: AgentSession[] = [];
  for (let n = 0; n < 1000; n += 1) {
    const { session, call } = await startTalk(clock, { userAwayMs: 15_000 });
    call('slow');
    sessions.push(session);
  }
  await clock.advance(1000);
  for (const session of sessions) session.userStartedSpeaking();
  await clock.advance(200_000);
  const waiting = sessions.filter(({ state }) => state.tasks.running.size === 0 && state.tasks.deliveries.size === 1);
  expect(waiting.length).toBe(1000);
  expect(clock.pending()).toEqual([]);
  const [before, records] = [uses(), sessions.map(({ state }) => state.seq)];
  await clock.advance(86_400_000);
  await clock.settle();
  expect(uses() - before).toBe(0);
  expect(sessions.map(({ state }) => state.seq)).toEqual(records);
  for (const session of sessions) session.userStoppedSpeaking();
  await clock.advance(1000);
  const untold = sessions.filter(({ state }) => state.tasks.deliveries.size > 0);
  expect(untold.length).toBe(0);
}, 60_000);
