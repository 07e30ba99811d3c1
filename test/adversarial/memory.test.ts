/** What a long conversation leaves behind: its records, and nothing else (S2.3, S6.2, S8.7). */
import { queryObjects } from 'node:v8';
import { Agent, AgentSession, AgentTask, handoff, tool, type RunContext } from 'meanwhile';
import { createVirtualClock, scriptedModel, type VirtualClock } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { Call } from '../../src/engine/call.ts';
import { Task } from '../../src/engine/task.ts';
import { Activity } from '../../src/session/activity.ts';
import { SpeechHandle } from '../../src/session/speech-handle.ts';
import { ToolsetLife } from '../../src/engine/toolset-life.ts';
import { Turn } from '../../src/session/turn.ts';
import { UserTurn } from '../../src/session/user-turn.ts';
import { Utterance } from '../../src/session/utterance.ts';

const kinds = { Call, Task, Activity, SpeechHandle, ToolsetLife, Turn, UserTurn, Utterance };
const count = () =>
  Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, queryObjects(kind, { format: 'count' })]));
const none = z.object({});

const bodies: Record<string, (ctx: RunContext, clock: VirtualClock) => unknown> = {
  plain: () => 'done',
  update: async (ctx) => (await ctx.update('Began'), 'done'),
  fails: async (ctx) => {
    await ctx.update('Began');
    throw new Error('no');
  },
  lease: (ctx) => ctx.foreground(() => 'done'),
  ask: async (ctx) => (await ctx.ask({ message: 'Which?', timeoutMs: 10 })).action,
  filler: (ctx, clock) =>
    ctx.filler('Hm', { delayMs: 5 }, () => new Promise((resolve) => clock.setTimeout(() => resolve('done'), 20))),
  sub: async (ctx) => {
    const task: AgentTask<string> = new AgentTask<string>({ instructions: 'x', onEnter: () => task.complete('done') });
    await ctx.update('Began');
    return await task.run();
  },
  away: () => handoff(new Agent({ name: 'a', instructions: 'x' }), { returns: 'Bye' }),
  silent: async (ctx) => void (await ctx.update('x', { deliver: 'silent' })),
};

async function talk(rounds: number): Promise<{ session: AgentSession; clock: VirtualClock }> {
  const clock = createVirtualClock();
  let next: string | undefined;
  const llm = scriptedModel([], {
    clock,
    fallback: () => {
      const name = next;
      next = undefined;
      return name === undefined ? 'Well.' : { calls: [{ name }] };
    },
  });
  // It remembers every request, as what it makes is for tests.
  const forgetful = { ...llm, provider: 'forgetful' };
  const tools = Object.entries(bodies).map(([name, body]) =>
    tool({
      name,
      parameters: none,
      onDuplicate: 'allow',
      supersedeKey: () => name,
      maxConcurrency: { limit: 2 },
      execute: (_args, { ctx }) => body(ctx, clock),
    }),
  );
  const ignore = () => undefined;
  const session = new AgentSession({
    llm: forgetful,
    clock,
    tools,
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    userAwayMs: Infinity,
  });
  await session.start({ agent: new Agent({ name: 'a', instructions: 'x' }) });
  for (let round = 0; round < rounds; round += 1) {
    for (const name of Object.keys(bodies)) {
      next = name;
      void session.sendMessage('Go');
      await clock.advance(40);
      if (round % 3 === 0) void session.interrupt();
    }
    await clock.runUntil(session.waitForIdle());
  }
  return { session, clock };
}

test('S2.3 S6.2 after many tasks, turns, handoffs and AgentTasks only the records are left', async () => {
  const before = count();
  const { session, clock } = await talk(12);
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
});
