/** Sessions that wait with a result each, because their users speak; and what they do meanwhile. */
import type { AgentSession } from 'meanwhile';
import type { VirtualClock } from 'meanwhile/testing';
import { startTalk } from './talk.ts';

export interface Waiting {
  readonly sessions: readonly AgentSession[];
  readonly clock: VirtualClock;
  /** So often the time was asked, or a timer armed or stopped: whatever a session does, it does one of these or records. */
  uses(): number;
  /** Of all sessions. */
  records(): number;
}

export async function startWaiting(on: VirtualClock, count: number): Promise<Waiting> {
  const { clock, uses } = countUses(on);
  const sessions: AgentSession[] = [];
  for (let n = 0; n < count; n += 1) {
    const { session, call } = await startTalk(clock, { userAwayMs: 15_000 });
    call('slow');
    sessions.push(session);
  }
  await clock.advance(1000);
  for (const session of sessions) session.userStartedSpeaking();
  await clock.advance(200_000);
  const waiting = sessions.filter(({ state }) => state.tasks.running.size === 0 && state.tasks.deliveries.size === 1);
  if (waiting.length < count)
    throw new Error(`Expected ${String(count)} sessions to wait with a result, got ${String(waiting.length)}.`);
  return { sessions, clock, uses, records: () => sessions.reduce((sum, { state }) => sum + state.seq, 0) };
}

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
