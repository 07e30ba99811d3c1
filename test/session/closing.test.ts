/** Closing from everywhere, starting that fails or hangs: bounded, once, and nothing is left behind (S8.2, S8.6, S8.7). */
import { Agent, AgentTask, SessionClosedError, tool, Toolset, type AgentSession, type RunContext } from 'meanwhile';
import { createVirtualClock, scriptedModel } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createPlayback } from '../support/playback.ts';
import {
  byHand,
  createTestSession,
  drive,
  startTestSession,
  type TestOptions,
  type TestSession,
} from '../support/session.ts';

const none = z.object({});
const call = { calls: [{ name: 'job' }] };
const never = new Promise<never>(() => undefined);

async function closesWithin(t: TestSession, ms: number, options?: Parameters<AgentSession['close']>[0]): Promise<void> {
  const before = t.clock.now();
  await drive(t.clock, t.session.close(options));
  expect(t.clock.now() - before).toBeLessThanOrEqual(ms);
  expect(t.clock.pending()).toEqual([]);
  expect(t.events.at(-1)?.type).toBe('closed');
  const written = t.records.length;
  await t.clock.advance(100_000);
  expect(t.records.length).toBe(written);
}

const bodyOf = (body: (ctx: RunContext) => unknown, more: object = {}) =>
  tool({ name: 'job', parameters: none, ...more, execute: (_args, { ctx }) => body(ctx) });

const aborted = (ctx: RunContext) =>
  new Promise<void>((resolve) => ctx.abortSignal.addEventListener('abort', () => resolve()));

const places: [string, (close: () => Promise<void>) => Promise<TestSession>][] = [
  ['a blocking tool', async (close) => await going({ tools: [bodyOf(close)] })],
  [
    'a background tool',
    async (close) => await going({ tools: [bodyOf(async (ctx) => (await ctx.update('Began'), await close()))] }),
  ],
  ['a lease', async (close) => await going({ tools: [bodyOf((ctx) => ctx.foreground(close))] })],
  [
    'a lease in the background',
    async (close) =>
      await going({ tools: [bodyOf(async (ctx) => (await ctx.update('Began'), await ctx.foreground(close)))] }),
  ],
  [
    'a filler',
    async (close) =>
      await going({
        tools: [
          bodyOf((ctx) =>
            ctx.filler(
              async () => (await close(), 'Hm'),
              { delayMs: 10 },
              () => aborted(ctx),
            ),
          ),
        ],
      }),
  ],
  ['onEnter', async (close) => await going({ agent: new Agent({ instructions: 'Talk.', onEnter: close }) })],
  [
    'onUserTurnCompleted',
    async (close) => await going({ agent: new Agent({ instructions: 'Talk.', onUserTurnCompleted: close }) }),
  ],
  [
    'onExit of a handoff',
    async (close) => {
      const t = await going({ agent: new Agent({ instructions: 'Talk.', onExit: close }) });
      void t.session.updateAgent(new Agent({ name: 'next', instructions: 'Next.' }));
      return t;
    },
  ],
  [
    'onExit of a close',
    async (close) => {
      const t = await going({ agent: new Agent({ instructions: 'Talk.', onExit: close }) });
      void t.session.close();
      return t;
    },
  ],
  [
    'the close of a toolset',
    async (close) => {
      const t = await going({ tools: [new Toolset({ id: 'set', tools: [bodyOf(() => 'x')], close })] });
      void t.session.close();
      return t;
    },
  ],
  [
    'the setup of a toolset',
    async (close) =>
      await going({ agent: new Agent({ instructions: 'Talk.', tools: [new Toolset({ id: 'set', setup: close })] }) }),
  ],
  [
    'a tool of an AgentTask',
    async (close) => {
      const ask = new AgentTask({
        name: 'ask',
        instructions: 'Ask.',
        tools: [tool({ name: 'stop', parameters: none, execute: close })],
      });
      const t = await going({ tools: [bodyOf(() => ask.run())] }, [call, { calls: [{ name: 'stop' }] }]);
      void t.session.sendMessage('Stop');
      return t;
    },
  ],
  [
    'an approval',
    async (close) => await going({ tools: [bodyOf(() => 'x', { needsApproval: async () => (await close(), true) })] }),
  ],
  [
    'a duplicate key',
    async (close) => await going({ tools: [bodyOf(() => 'x', { duplicateKey: () => (void close(), 'key') })] }),
  ],
  [
    'a prompt',
    async (close) => await going({ tools: [bodyOf(() => null)], prompts: { update: () => (void close(), 'x') } }),
  ],
];

let closeIt: () => Promise<void> = async () => undefined;
async function going(
  options: TestOptions & { agent?: Agent },
  steps = [call] as Parameters<typeof scriptedModel>[0],
): Promise<TestSession> {
  const clock = createVirtualClock();
  const model = scriptedModel(steps, { clock, fallback: () => 'Well.' });
  const { agent = new Agent({ instructions: 'Talk.' }), ...rest } = options;
  const t = createTestSession([], { ...rest, clock, model });
  closeIt = () => t.session.close();
  void t.session.start({ agent }).catch(() => undefined);
  await clock.settle();
  void t.session.sendMessage('Go').catch(() => undefined);
  await clock.settle();
  return t;
}

test.each(places)('S6.8 S8.7 from %s that awaits it: at once, and nobody waits for himself', async (_name, make) => {
  const t = await make(() => closeIt());
  const before = t.clock.now();
  await t.clock.advance(20);
  await drive(t.clock, t.session.close());
  expect(t.clock.now() - before).toBeLessThanOrEqual(20);
  expect(t.events.filter((event) => event.type === 'closed').length).toBe(1);
  await t.clock.settle();
  expect(t.clock.pending()).toEqual([]);
});

test('S8.2 S8.7 closed in the middle of a handoff, onExit runs once', async () => {
  const exits: string[] = [];
  const go = byHand();
  const t = await startTestSession([], {
    agent: new Agent({
      name: 'first',
      instructions: 'Talk.',
      onExit: async () => (exits.push('first'), await go.promise),
    }),
  });
  const handed = t.session.updateAgent(
    new Agent({ name: 'next', instructions: 'Next.', onEnter: () => void exits.push('next enters') }),
  );
  await t.clock.settle();
  const closed = t.session.close();
  await t.clock.settle();
  go.resolve();
  await drive(t.clock, closed);
  await t.clock.settle();
  expect(exits).toEqual(['first']);
  await expect(handed).rejects.toBeInstanceOf(SessionClosedError);
});

test.each([
  'onExit',
  'the close of a toolset',
  'a body',
  'an output',
  'onEnter',
  'the setup of a toolset',
  'an AgentTask',
])('S8.7 %s that never ends: closeTimeoutMs bounds it, and no timer stays', async (what) => {
  const ask = new AgentTask({ name: 'ask', instructions: 'Ask.', onExit: () => never });
  const t = await startTestSession([call, 'Well.'], {
    agent: new Agent({
      instructions: 'Talk.',
      ...(what === 'onExit' ? { onExit: () => never } : {}),
      ...(what === 'onEnter' ? { onEnter: () => never } : {}),
    }),
    stopTimeoutMs: 60_000,
    ...(what === 'an output'
      ? { output: { open: () => ({ write: () => never, end: () => never, clear: () => undefined }) } }
      : {}),
    tools: [
      new Toolset({ id: 'set', ...(what === 'the close of a toolset' ? { close: () => never } : {}) }),
      bodyOf(async (ctx) => {
        await ctx.update('Began');
        if (what === 'an AgentTask') await ask.run().catch(() => undefined);
        await never;
      }),
    ],
  });
  if (what === 'the setup of a toolset') {
    t.session.updateTools([new Toolset({ id: 'late', setup: () => never })]).catch(() => undefined);
  }
  void t.session.sendMessage('Go');
  await t.clock.settle();
  await closesWithin(t, 5000);
});

test('S8.7 a drain that takes its time, then an onExit that hangs: no timer outlives the close', async () => {
  const clock = createVirtualClock();
  const t = await startTestSession(['one two three four five six seven eight nine ten'], {
    clock,
    output: createPlayback(clock),
    agent: new Agent({ instructions: 'Talk.', onExit: () => never }),
  });
  void t.session.sendMessage('Go');
  await t.clock.settle();
  await closesWithin(t, 5000, { drain: true });
});

test('S8.7 with a drain that is given up, a call that is still being validated ends as cancelled', async () => {
  const clock = createVirtualClock();
  const words = Array.from({ length: 100 }, (_, n) => `word${String(n)}`).join(' ');
  const slow = tool({
    name: 'job',
    parameters: z.object({}).refine(() => never as Promise<boolean>),
    execute: () => 'x',
  });
  const t = await startTestSession([{ text: words, ...call }], { clock, output: createPlayback(clock), tools: [slow] });
  void t.session.sendMessage('Go');
  await t.clock.settle();
  await closesWithin(t, 5000, { drain: true });
  expect(t.session.state.tasks.running.size).toBe(0);
});

describe('start', () => {
  test('S8.6 S8.7 closed while a setup hangs: start rejects, the agent never enters, what was set up is closed', async () => {
    const gate = byHand();
    const seen: string[] = [];
    const slow = new Toolset({
      id: 'slow',
      setup: async () => (await gate.promise, void seen.push('set up')),
      close: () => void seen.push('closed'),
    });
    const t = createTestSession([], { tools: [slow] });
    const started = t.session.start({
      agent: new Agent({ instructions: 'Talk.', onEnter: () => void seen.push('entered') }),
    });
    started.catch(() => undefined);
    await t.clock.settle();
    await closesWithin(t, 5000);
    gate.resolve();
    await t.clock.settle();
    await expect(started).rejects.toBeInstanceOf(SessionClosedError);
    expect(seen).toEqual(['set up', 'closed']);
    expect(t.session.currentAgent).toBeUndefined();
  });

  test('S8.6 S8.7 the same for a toolset of the agent', async () => {
    const gate = byHand();
    const seen: string[] = [];
    const slow = new Toolset({
      id: 'slow',
      setup: async () => (await gate.promise, void seen.push('set up')),
      close: () => void seen.push('closed'),
    });
    const t = createTestSession([], {});
    const started = t.session.start({
      agent: new Agent({ instructions: 'Talk.', tools: [slow], onEnter: () => void seen.push('entered') }),
    });
    started.catch(() => undefined);
    await t.clock.settle();
    await closesWithin(t, 5000);
    gate.resolve();
    await t.clock.settle();
    await expect(started).rejects.toBeInstanceOf(SessionClosedError);
    expect(seen).toEqual(['set up', 'closed']);
  });

  test('S8.4 S8.7 and for an AgentTask that is still being set up', async () => {
    const gate = byHand();
    const seen: string[] = [];
    const slow = new Toolset({
      id: 'slow',
      setup: async () => (await gate.promise, void seen.push('set up')),
      close: () => void seen.push('closed'),
    });
    const t = await startTestSession([]);
    const ran = new AgentTask({ instructions: 'Ask.', tools: [slow], onEnter: () => void seen.push('entered') }).run(
      t.session,
    );
    ran.catch(() => undefined);
    await t.clock.settle();
    await closesWithin(t, 5000);
    await expect(ran).rejects.toThrow();
    gate.resolve();
    await t.clock.settle();
    expect(seen).toEqual(['set up', 'closed']);
  });

  test('S1.8 what the user says before start has resolved is answered then', async () => {
    const gate = byHand();
    const t = createTestSession(['Hello.'], { tools: [new Toolset({ id: 'slow', setup: () => gate.promise })] });
    const started = t.session.start({ agent: new Agent({ instructions: 'Talk.' }) });
    const answered = t.session.sendMessage('Hi');
    await t.clock.settle();
    gate.resolve();
    await started;
    await drive(t.clock, answered);
    await drive(t.clock, t.session.waitForIdle());
    expect(t.spoken).toEqual(['Hello.']);
  });

  test('S8.7 a session that was never started closes', async () => {
    const t = createTestSession([]);
    const idle = t.session.waitForIdle();
    idle.catch(() => undefined);
    await closesWithin(t, 0);
    await expect(idle).rejects.toBeInstanceOf(SessionClosedError);
    await expect(t.session.start({ agent: new Agent({ instructions: 'x' }) })).rejects.toBeInstanceOf(
      SessionClosedError,
    );
  });
});

test('S8.7 every wait and every promise of a closed session settles', async () => {
  const noted: string[] = [];
  const settled: string[] = [];
  const note = (name: string, promise: Promise<unknown>): void => {
    const done = () => settled.push(name);
    noted.push(name);
    void promise.then(done, done);
  };
  const bodies: RunContext[] = [];
  const t = await startTestSession([{ calls: [{ name: 'job' }, { name: 'job' }] }], {
    tools: [bodyOf(async (ctx) => (bodies.push(ctx), await ctx.update('x'), await never), { onDuplicate: 'allow' })],
  });
  void t.session.sendMessage('Go');
  await t.clock.settle();
  const [one, two] = bodies as [RunContext, RunContext];
  void one.foreground(() => never);
  await t.clock.settle();
  note('ask', one.ask({ message: 'Which?' }));
  note('second ask', one.ask({ message: 'Which else?' }));
  note(
    'lease of another',
    two.foreground(() => undefined),
  );
  note('idle', t.session.waitForIdle());
  note('activity idle', t.session.currentActivity!.waitForIdle());
  note('message', t.session.sendMessage('And?'));
  note('task', new AgentTask({ instructions: 'x' }).run(t.session));
  note('task', new AgentTask({ instructions: 'x' }).run(t.session));
  note('handoff', t.session.updateAgent(new Agent({ instructions: 'x' })));
  note('say', t.session.say('x').done);
  note('cancel', t.session.tasks.cancel(two.toolCallId));
  note('run', t.session.run({ userInput: 'x' }));
  await closesWithin(t, 5000);
  expect(settled.toSorted()).toEqual(noted.toSorted());
});

test('S8.7 what is called after the close is refused with a typed error, or does nothing', async () => {
  const t = await startTestSession([]);
  await closesWithin(t, 0);
  const { session } = t;
  const agent = new Agent({ instructions: 'x' });
  expect(() => session.say('x')).toThrow(SessionClosedError);
  expect(() => session.generateReply()).toThrow(SessionClosedError);
  for (const act of [
    () => session.sendMessage('x'),
    () => session.run({ userInput: 'x' }),
    () => session.updateAgent(agent),
    () => session.updateTools([]),
    () => session.waitForIdle(),
    () => session.start({ agent }),
  ]) {
    await expect(act()).rejects.toBeInstanceOf(SessionClosedError);
  }
  await session.interrupt();
  session.userStartedSpeaking();
  session.userStoppedSpeaking();
  expect(await session.tasks.cancel('x')).toBe(false);
  await session.close({ drain: true });
  expect(t.clock.pending()).toEqual([]);
});
