/** Sessions whose results wait are quiet: nothing polls, nothing is armed, nothing runs (S6.2). */
import { createVirtualClock } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { startWaiting } from './waiting.ts';

/** `npm run memory` does the same with ten thousand. */
test('S6.2 a thousand sessions that wait with a result arm no timer and do nothing, for a day', async () => {
  const { sessions, clock, uses, records } = await startWaiting(createVirtualClock(), 1000);
  expect(clock.pending()).toEqual([]);
  const before = [uses(), records()];
  await clock.advance(86_400_000);
  await clock.settle();
  expect([uses(), records()]).toEqual(before);
  for (const session of sessions) session.userStoppedSpeaking();
  await clock.advance(1000);
  const untold = sessions.filter(({ state }) => state.tasks.deliveries.size > 0);
  expect(untold.length).toBe(0);
}, 60_000);
