/** Who awaits whom where one could wait for ever: handoffs and AgentTasks asked for from hooks, bodies, leases, fillers (S6.8, S8.2–S8.5). */
import { Agent, AgentTask, tool, Toolset, type AgentSession, type RunContext } from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedStep } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { historyOf } from '../support/history.ts';
import { byHand, drive, startTestSession, type TestOptions, type TestSession } from '../support/session.ts';

const none = z.object({});
const call = (...names: string[]) => ({ calls: names.map((name) => ({ name })) });
const never = new Promise<never>(() => undefined);
const sessionOf = (ctx: RunContext) => ctx.session as unknown as AgentSession;
const bodyOf = (name: string, body: (ctx: RunContext) => unknown, more: object = {}) =>
  tool({ name, parameters: none, ...more, execute: (_args, { ctx }) => body(ctx) });
const nextAgent = (options: Partial<ConstructorParameters<typeof Agent>[0]> = {}) =>
  new Agent({ name: 'next', instructions: 'Next.', ...options });

async function going(
  steps: readonly ScriptedStep[],
  options: TestOptions & { agent?: Agent } = {},
): Promise<TestSession> {
  const clock = options.clock ?? createVirtualClock();
  const model = scriptedModel(steps, { clock, fallback: () => 'Well.' });
  return await startTestSession([], { ...options, clock, model });
}

async function comesToRest(t: TestSession, withinMs = 1000): Promise<void> {
  const before = t.clock.now();
  await drive(t.clock, t.session.waitForIdle());
  expect(t.clock.now() - before).toBeLessThanOrEqual(withinMs);
}

describe('updateAgent', () => {
  test.each([
    'onEnter',
    'onExit',
    'onUserTurnCompleted',
    'a blocking tool',
    'a background tool',
    'a lease',
    'a listener',
    'setup',
    'a filler',
  ])('S6.8 S8.5 awaited in %s: the next agent comes, without delay', async (where) => {
    const next = nextAgent();
    let session: AgentSession | undefined;
    let done = false;
    const go = async () => {
      await session?.updateAgent(next);
      done = true;
    };
    const first: Agent = new Agent({
      name: 'first',
      instructions: 'First.',
      ...(where === 'onEnter' ? { onEnter: () => ((session = first.session), go()) } : {}),
      ...(where === 'onExit' ? { onExit: go } : {}),
      ...(where === 'onUserTurnCompleted' ? { onUserTurnCompleted: go } : {}),
    });
    const bodies: Record<string, (ctx: RunContext) => unknown> = {
      'a blocking tool': go,
      'a background tool': async (ctx) => (await ctx.update('Began'), await go()),
      'a lease': (ctx) => ctx.foreground(go),
      'a filler': (ctx) =>
        ctx.filler(
          async () => (await go(), null),
          { delayMs: 1 },
          async () => await never,
        ),
    };
    const t = await going([call('job'), 'Fine.'], {
      agent: first,
      tools: [
        bodyOf('job', bodies[where] ?? (() => 'x')),
        new Toolset({
          id: 'set',
          ...(where === 'setup' ? { setup: (ctx) => ((session = ctx.session as AgentSession), go()) } : {}),
        }),
      ],
    });
    session = t.session;
    let listened = false;
    if (where === 'a listener') t.session.on('item_added', () => void (listened || ((listened = true), void go())));
    await t.clock.settle();
    const before = t.clock.now();
    void t.session.sendMessage('Go');
    await t.clock.settle();
    if (where === 'onExit') void t.session.updateAgent(new Agent({ name: 'second', instructions: 'x' }));
    await t.clock.advance(10);
    expect(t.session.currentAgent?.name).toBe('next');
    expect(done).toBe(true);
    expect(t.clock.now() - before).toBe(10);
    if (where === 'a filler') return;
    await comesToRest(t);
  });

  test('S1.8 S8.2 in onUserTurnCompleted: the next agent has the message, and answers it', async () => {
    const next = nextAgent();
    const first: Agent = new Agent({
      name: 'first',
      instructions: 'First.',
      onUserTurnCompleted: async () => await first.session.updateAgent(next),
    });
    const t = await going(['Hello from the next.'], { agent: first });
    const answer = await drive(t.clock, t.session.sendMessage('Put me through'));
    expect(answer).toBeDefined();
    await comesToRest(t);
    expect(historyOf(t.session)).toEqual(['user: Put me through', 'assistant: Hello from the next.']);
    expect(historyOf(t.session.contextOf(next))).toEqual(['user: Put me through', 'assistant: Hello from the next.']);
  });

  test('S8.3 a tool with onHandoff wait that awaits the handoff is not waited for', async () => {
    const next = nextAgent();
    const agent: Agent = new Agent({
      name: 'first',
      instructions: 'First.',
      tools: [
        bodyOf('job', async (ctx) => (await ctx.update('Began'), await sessionOf(ctx).updateAgent(next), 'done'), {
          onHandoff: 'wait',
        }),
      ],
    });
    const t = await going([call('job')], { agent });
    void t.session.sendMessage('Go');
    await t.clock.advance(100);
    expect(t.session.currentAgent).toBe(next);
    await comesToRest(t);
  });

  test.each(['quiet', 'the floor', 'an answer'])(
    'S8.3 nor is one that waits for %s, which only the next agent can give',
    async (what) => {
      const waits: Record<string, (ctx: RunContext) => unknown> = {
        quiet: (ctx) => sessionOf(ctx).waitForIdle(),
        'the floor': (ctx) => ctx.foreground(() => 'x'),
        'an answer': (ctx) => ctx.ask({ message: 'Which?' }),
      };
      const go = byHand();
      const agent: Agent = new Agent({
        name: 'first',
        instructions: 'First.',
        tools: [
          bodyOf(
            'job',
            async (ctx) => (await ctx.update('Began'), await go.promise, await waits[what]?.(ctx), 'done'),
            { onHandoff: 'wait' },
          ),
        ],
      });
      const t = await going([call('job')], { agent });
      await drive(t.clock, t.session.run({ userInput: 'Go' }));
      t.session.userStartedSpeaking();
      go.resolve();
      await t.clock.settle();
      const handed = t.session.updateAgent(nextAgent());
      await t.clock.settle();
      await handed;
      expect(t.session.currentAgent?.name).toBe('next');
    },
  );

  test('S8.2 a start that fails may be repeated with an agent that works; what was said meanwhile is answered', async () => {
    const clock = createVirtualClock();
    const set = new Toolset({ id: 'set', tools: [bodyOf('one', () => 'x')] });
    const other = new Toolset({ id: 'other', tools: [] });
    const bad = new Agent({ name: 'bad', instructions: 'x', tools: [set, other] });
    other.replaceTools([bodyOf('one', () => 'y')]);
    const { session, spoken } = await (async () => {
      const { createTestSession } = await import('../support/session.ts');
      return createTestSession(['Hello.'], { clock });
    })();
    await expect(session.start({ agent: bad })).rejects.toThrow('two different tools');
    await session.start({ agent: nextAgent() });
    await drive(clock, session.run({ userInput: 'Hi' }));
    expect(spoken).toEqual(['Hello.']);
  });

  test('S8.2 a handoff to an agent that cannot enter is an error, and the next one happens', async () => {
    const set = new Toolset({ id: 'set', tools: [bodyOf('one', () => 'x')] });
    const other = new Toolset({ id: 'other', tools: [] });
    const bad = new Agent({ name: 'bad', instructions: 'x', tools: [set, other] });
    other.replaceTools([bodyOf('one', () => 'y')]);
    const t = await going(['Hello.']);
    await expect(t.session.updateAgent(bad)).rejects.toThrow('two different tools');
    const answered = t.session.sendMessage('Hi');
    await t.session.updateAgent(nextAgent());
    await drive(t.clock, answered);
    await comesToRest(t);
    expect(t.spoken).toEqual(['Hello.']);
  });
});

describe('AgentTask.run', () => {
  const asking = (more: Partial<ConstructorParameters<typeof AgentTask>[0]> = {}) =>
    new AgentTask<string>({ name: 'ask', instructions: 'Ask.', ...more });

  test.each([
    'onEnter',
    'onUserTurnCompleted',
    'a blocking tool',
    'a background tool',
    'a lease',
    'a lease in the background',
    'a filler',
  ])('S6.8 S8.4 awaited in %s: it runs, hears the user, and ends', async (where) => {
    const task = asking();
    let result: string | undefined;
    let session: AgentSession | undefined;
    const go = async () => void (result = await task.run(session));
    const agent: Agent = new Agent({
      name: 'first',
      instructions: 'First.',
      ...(where === 'onEnter' ? { onEnter: go } : {}),
      ...(where === 'onUserTurnCompleted'
        ? { onUserTurnCompleted: async (_ctx, { text }) => (text === 'Go' ? await go() : undefined) }
        : {}),
    });
    const bodies: Record<string, (ctx: RunContext) => unknown> = {
      'a blocking tool': go,
      'a background tool': async (ctx) => (await ctx.update('Began'), await go()),
      'a lease': (ctx) => ctx.foreground(go),
      'a lease in the background': async (ctx) => (await ctx.update('Began'), await ctx.foreground(go)),
      'a filler': (ctx) =>
        ctx.filler(
          async () => (await go(), null),
          { delayMs: 1 },
          async () => await byHand().promise,
        ),
    };
    const steps = where.startsWith('on') ? ['Well.'] : [call('job')];
    const t = await going(steps, { agent, tools: [bodyOf('job', bodies[where] ?? (() => 'x'))] });
    session = t.session;
    await t.clock.settle();
    void t.session.sendMessage('Go');
    await t.clock.advance(200);
    expect(t.session.currentAgent).toBe(task);
    const answered = await drive(t.clock, t.session.sendMessage('I am here'));
    expect(answered).toBeDefined();
    await t.clock.advance(200);
    expect(historyOf(t.session.contextOf(task))).toContain('user: I am here');
    task.complete('yes');
    await t.clock.advance(200);
    expect(result).toBe('yes');
    expect(t.session.currentAgent).toBe(agent);
    if (where !== 'a filler') await comesToRest(t);
  });

  test('S8.4 completed in its own onEnter, synchronously', async () => {
    const task: AgentTask<string> = asking({ onEnter: () => task.complete('at once') });
    const t = await going([]);
    expect(await drive(t.clock, task.run(t.session))).toBe('at once');
    await comesToRest(t);
  });

  test('S8.4 completed in its own onExit, by a handoff: the awaiter has the typed error, complete throws, nothing hangs', async () => {
    let thrown: unknown;
    const task: AgentTask<string> = asking({
      onExit: () => {
        try {
          task.complete('late');
        } catch (error) {
          thrown = error;
        }
      },
    });
    const t = await going([]);
    const ran = task.run(t.session);
    ran.catch(() => undefined);
    await t.clock.settle();
    await drive(t.clock, t.session.updateAgent(nextAgent()));
    await expect(ran).rejects.toMatchObject({ code: 'activity_ended' });
    expect(thrown).toMatchObject({ code: 'session_state' });
    await comesToRest(t);
  });

  test.each(['onExit', 'the end'])(
    'S8.4 asked for in %s of its parent: refused with a ToolError, at once',
    async (where) => {
      const task = asking();
      let refused: unknown;
      const go = async () => void (await task.run(session).catch((error: unknown) => (refused = error)));
      let session: AgentSession | undefined;
      const agent = new Agent({ name: 'first', instructions: 'x', ...(where === 'onExit' ? { onExit: go } : {}) });
      const t = await going([], { agent });
      session = t.session;
      const handed = t.session.updateAgent(nextAgent());
      if (where === 'the end') await handed.then(() => t.session.close()).then(go);
      await drive(t.clock, handed);
      expect(refused).toMatchObject({ name: 'ToolError' });
      expect(t.clock.pending()).toEqual([]);
    },
  );

  test('S8.4 whose onEnter throws, or whose setup fails: it is there, and can be completed', async () => {
    const task: AgentTask<string> = asking({
      tools: [new Toolset({ id: 'bad', setup: () => Promise.reject(new Error('no')) })],
      onEnter: () => {
        throw new Error('no');
      },
    });
    const t = await going(['What is it?']);
    const ran = task.run(t.session);
    await drive(t.clock, t.session.run({ userInput: 'Hi' }));
    expect(t.spoken).toEqual(['What is it?']);
    task.complete('yes');
    expect(await drive(t.clock, ran)).toBe('yes');
    await comesToRest(t);
  });
});

describe('onExit', () => {
  test.each(['waitForIdle', 'sendMessage', 'run'] as const)(
    'S6.8 S8.2 that awaits %s, which only the next agent can give, does not hold the handoff',
    async (what) => {
      const agent: Agent = new Agent({
        name: 'first',
        instructions: 'x',
        onExit: async () => {
          if (what === 'waitForIdle') await agent.session.waitForIdle();
          else if (what === 'sendMessage') await agent.session.sendMessage('By the way');
          else await agent.session.run({ userInput: 'By the way' });
        },
      });
      const t = await going([], { agent });
      const before = t.clock.now();
      await drive(t.clock, t.session.updateAgent(nextAgent()));
      expect(t.clock.now() - before).toBe(0);
      await comesToRest(t);
    },
  );

  test('S8.2 S8.3 whose words take longer than closeTimeoutMs: they are cut, and what they called is told by the next', async () => {
    const found = byHand<string>();
    const agent: Agent = new Agent({
      name: 'first',
      instructions: 'x',
      tools: [bodyOf('look', async (ctx) => (await ctx.update('Looking'), await found.promise))],
      onExit: () => void agent.session.generateReply({ instructions: 'Say goodbye.' }),
    });
    const late = byHand();
    const t = await going([{ ...call('look'), hang: late.promise }, 'Found it.'], { agent });
    const handed = t.session.updateAgent(nextAgent());
    await drive(t.clock, handed);
    late.resolve();
    await t.clock.advance(1000);
    found.resolve('found');
    await t.clock.advance(1000);
    await comesToRest(t);
    const owners = new Set(t.records.flatMap((record) => (record.type === 'task_started' ? [record.owner] : [])));
    expect([...owners].filter((owner) => owner !== 'session' && !t.session.state.activities.has(owner))).toEqual([]);
    expect(t.session.state.tasks.deliveries.size).toBe(0);
  });
});

test('S6.8 S1.8 onUserTurnCompleted may send a message itself and await its answer', async () => {
  const agent: Agent = new Agent({
    name: 'first',
    instructions: 'x',
    onUserTurnCompleted: async (_ctx, { text }) => {
      if (text === 'Go') await agent.session.sendMessage('And also this');
    },
  });
  const t = await going(['One', 'Two'], { agent });
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  expect(historyOf(t.session).filter((line) => line.startsWith('user'))).toEqual(['user: And also this', 'user: Go']);
});

test('S8.4 S6.4 S6.8 an AgentTask inside a lease inside a blocking tool, whose own tool takes a lease and runs one more', async () => {
  const order: string[] = [];
  const innermost: AgentTask<string> = new AgentTask<string>({
    name: 'innermost',
    instructions: 'x',
    onEnter: () => innermost.complete('deep'),
  });
  const inner: AgentTask<string> = new AgentTask<string>({
    name: 'inner',
    instructions: 'x',
    tools: [
      bodyOf('dig', (ctx) =>
        ctx.foreground(async () => (order.push(await innermost.run()), inner.complete('found'), 'dug')),
      ),
    ],
    onEnter: () => void inner.session.generateReply({ instructions: 'Dig.' }),
  });
  const t = await going([call('job'), call('dig'), 'Done digging.', 'All done.'], {
    tools: [bodyOf('job', (ctx) => ctx.foreground(async () => (order.push(await inner.run()), 'ok')))],
  });
  const run = t.session.run({ userInput: 'Go' });
  await drive(t.clock, run);
  expect(order).toEqual(['deep', 'found']);
  expect(t.session.floor).toBe('nobody');
  await comesToRest(t);
});
