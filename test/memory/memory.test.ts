/** What a long conversation leaves behind: its records, and nothing else (S2.3, S6.2, S8.7). */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { queryObjects } from 'node:v8';
import type { AgentSession } from 'meanwhile';
import { createVirtualClock, type VirtualClock } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { Call } from '../../src/engine/call.ts';
import { Task } from '../../src/engine/task.ts';
import { Activity } from '../../src/session/activity.ts';
import { SpeechHandle } from '../../src/session/speech-handle.ts';
import { ToolsetLife } from '../../src/engine/toolset-life.ts';
import { Turn } from '../../src/session/turn.ts';
import { UserTurn } from '../../src/session/user-turn.ts';
import { Utterance } from '../../src/session/utterance.ts';
import type { Left } from './measure.ts';
import { bodies, startTalk } from './talk.ts';

const kinds = { Call, Task, Activity, SpeechHandle, ToolsetLife, Turn, UserTurn, Utterance };
const count = () =>
  Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, queryObjects(kind, { format: 'count' })]));

async function talk(rounds: number): Promise<{ session: AgentSession; clock: VirtualClock }> {
  const clock = createVirtualClock();
  const { session, call } = await startTalk(clock);
  for (let round = 0; round < rounds; round += 1) {
    for (const name of Object.keys(bodies)) {
      call(name);
      await clock.advance(40);
      if (round % 3 === 0) void session.interrupt();
    }
    await clock.advance(200_000);
    await clock.runUntil(session.waitForIdle());
  }
  return { session, clock };
}

test('S2.3 S6.2 after many tasks, turns, handoffs and AgentTasks only the records are left', async () => {
  const before = count();
  const { session, clock } = await talk(9);
  const { tasks, speeches, activities, stack } = session.state;
  expect(tasks.ended.size).toBeGreaterThan(80);
  expect([tasks.running.size, tasks.deliveries.size, tasks.untold.size, tasks.stale.size, tasks.byKey.size]).toEqual([
    0, 0, 0, 0, 0,
  ]);
  expect([speeches.size, activities.size, stack.length]).toEqual([0, 1, 1]);
  expect([...activities.values()].map(({ context }) => context.held.size)).toEqual([0]);
  expect(clock.pending()).toEqual([]);
  const left = count();
  const more = Object.fromEntries(Object.entries(left).map(([name, n]) => [name, n - (before[name] ?? 0)]));
  expect(more).toEqual({
    Call: 0,
    Task: 0,
    Activity: 1,
    SpeechHandle: 0,
    ToolsetLife: 0,
    Turn: 0,
    UserTurn: 0,
    Utterance: 0,
  });
  await clock.runUntil(session.close());
  expect(clock.pending()).toEqual([]);
}, 60_000);

/** `npm run memory` measures it with 10,000 calls and a day of 1,000 sessions, and has 10,000 sessions wait. */
test('S2.3 S8.7 a finished call leaves 2 KiB beside its records, a closed session nothing', async () => {
  const options = ['--expose-gc', '--conditions=meanwhile-source', `${import.meta.dirname}/measure.ts`];
  const { stdout } = await promisify(execFile)(process.execPath, [...options, '1000', '96', '0']);
  const { beyondRecords, afterClose } = JSON.parse(stdout) as Left;
  expect(beyondRecords).toBeLessThan(2048);
  // One that is kept weighs ten times as much; what is left to see is the engine that runs the code.
  expect(afterClose).toBeLessThan(4096);
}, 120_000);
