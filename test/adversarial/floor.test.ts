/** Wake-ups and races round the floor, questions and cancellation (S3, S5, S6): nobody waits for ever, nothing is told over the user. */
import { Agent, AgentTask, tool, type AgentSession, type RunContext } from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedStep } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { historyOf } from '../support/history.ts';
import { createPlayback } from '../support/playback.ts';
import { byHand, drive, startTestSession, type TestOptions, type TestSession } from '../support/session.ts';

const none = z.object({});
const call = (...names: string[]) => ({ calls: names.map((name) => ({ name })) });
const sessionOf = (ctx: RunContext) => ctx.session as unknown as AgentSession;
const bodyOf = (name: string, body: (ctx: RunContext) => unknown, more: object = {}) =>
  tool({ name, parameters: none, onDuplicate: 'allow', ...more, execute: (_args, { ctx }) => body(ctx) });
const receiptsOf = (t: TestSession) =>
  t.events.flatMap((event) => (event.type === 'delivery_ended' ? [`${event.id} ${event.receipt}`] : []));

async function going(
  steps: readonly ScriptedStep[],
  options: TestOptions & { agent?: Agent } = {},
): Promise<TestSession> {
  const clock = options.clock ?? createVirtualClock();
  const model = scriptedModel(steps, { clock, fallback: () => 'Well.' });
  return await startTestSession([], { ...options, clock, model });
}

async function comesToRest(t: TestSession, withinMs = 5000): Promise<void> {
  const before = t.clock.now();
  await drive(t.clock, t.session.waitForIdle());
  expect(t.clock.now() - before).toBeLessThanOrEqual(withinMs);
}

/** A background tool in the test's hands. */
function jobs() {
  const bodies: { ctx: RunContext; end: PromiseWithResolvers<unknown> }[] = [];
  const job = bodyOf('job', async (ctx) => {
    const end = byHand<unknown>();
    bodies.push({ ctx, end });
    await ctx.update('Began', { deliver: 'silent' });
    return await end.promise;
  });
  return { job, bodies };
}

describe('the user and a delivery', () => {
  test('S3.8 he begins to speak in the very moment in which it is due: nothing is told until he has stopped', async () => {
    const { job, bodies } = jobs();
    const clock = createVirtualClock();
    const t = await going([call('job'), 'It began.', 'Found.'], { tools: [job], clock, quietMs: 400 });
    await drive(clock, t.session.run({ userInput: 'Go' }));
    await clock.advance(10_000);
    bodies[0]!.end.resolve('found');
    await clock.settle();
    await clock.advance(49);
    clock.setTimeout(() => t.session.userStartedSpeaking(), 1);
    await clock.advance(10_000);
    const before = t.model.calls.length;
    t.session.userStoppedSpeaking();
    await clock.advance(399);
    expect(t.model.calls.length).toBe(before);
    await clock.advance(1);
    expect(receiptsOf(t).filter((line) => line.startsWith('call_1_final'))).toEqual(['call_1_final completed']);
  });

  test('S3.8 he begins to speak while the reply is being made: it is not begun, and comes when he has stopped, at no cost', async () => {
    const { job, bodies } = jobs();
    const clock = createVirtualClock();
    const playback = createPlayback(clock);
    const late = { text: 'Found it.', delayMs: 1000 };
    const t = await going([call('job'), late, late, late, late], {
      tools: [job],
      clock,
      output: playback,
      quietMs: 400,
    });
    await drive(clock, t.session.run({ userInput: 'Go' }));
    bodies[0]!.end.resolve('found');
    await clock.settle();
    for (let n = 0; n < 3; n += 1) {
      await clock.advance(600);
      t.session.userStartedSpeaking();
      await clock.advance(5000);
      t.session.userStoppedSpeaking();
    }
    expect(playback.begun).toEqual([]);
    await clock.advance(5000);
    expect(playback.heard).toEqual(['Found it.']);
    expect(receiptsOf(t).filter((line) => line.includes('final'))).toEqual(['call_1_final completed']);
  });

  test('S3.8 he begins to speak when its first word is out, or where the user is answered: that goes on until somebody cuts it', async () => {
    const { job, bodies } = jobs();
    const clock = createVirtualClock();
    const playback = createPlayback(clock);
    const t = await going([{ text: 'One moment.', delayMs: 500, ...call('job') }, 'Found it now.'], {
      tools: [job],
      clock,
      output: playback,
    });
    void t.session.sendMessage('Go');
    await clock.advance(100);
    t.session.userStartedSpeaking();
    await clock.advance(2000);
    expect(playback.heard).toEqual(['One moment.']);
    t.session.userStoppedSpeaking();
    bodies[0]!.end.resolve('found');
    await clock.advance(150);
    t.session.userStartedSpeaking();
    await clock.advance(2000);
    expect(playback.heard).toEqual(['One moment.', 'Found it now.']);
  });

  test('S3.8 S3.2 two tasks end while he speaks, a third in the quiet after it: one reply', async () => {
    const { job, bodies } = jobs();
    const clock = createVirtualClock();
    const t = await going([call('job', 'job', 'job'), 'All three.'], { tools: [job], clock, quietMs: 400 });
    await drive(clock, t.session.run({ userInput: 'Go' }));
    const before = t.model.calls.length;
    t.session.userStartedSpeaking();
    bodies[0]!.end.resolve('one');
    bodies[1]!.end.resolve('two');
    await clock.advance(1000);
    t.session.userStoppedSpeaking();
    await clock.advance(399);
    bodies[2]!.end.resolve('three');
    await clock.settle();
    await clock.advance(2000);
    expect(t.model.calls.length - before).toBeLessThanOrEqual(2);
    expect(new Set(receiptsOf(t))).toEqual(
      new Set(['call_1_final completed', 'call_2_final completed', 'call_3_final completed']),
    );
  });

  test('S3.4 cut again and again before anything was heard, it is told in the end, once', async () => {
    const { job, bodies } = jobs();
    const clock = createVirtualClock();
    const playback = createPlayback(clock);
    const t = await going([call('job'), 'It began.'], { tools: [job], clock, output: playback, quietMs: 400 });
    await drive(clock, t.session.run({ userInput: 'Go' }));
    t.session.userStartedSpeaking();
    bodies[0]!.end.resolve('found');
    await clock.settle();
    t.session.userStoppedSpeaking();
    for (let n = 0; n < 10; n += 1) {
      await clock.advance(420);
      t.session.userStartedSpeaking();
      await drive(clock, t.session.interrupt());
      await clock.advance(10);
      t.session.userStoppedSpeaking();
    }
    expect(receiptsOf(t).filter((line) => line.startsWith('call_1_final'))).toEqual([]);
    await clock.advance(5000);
    expect(receiptsOf(t).filter((line) => line.startsWith('call_1_final'))).toEqual(['call_1_final completed']);
  });

  test('S6.1 S6.7 he is away: what is due is told, and he comes back in the middle of it', async () => {
    const { job, bodies } = jobs();
    const clock = createVirtualClock();
    const t = await going([call('job'), 'Found it, here it is.'], {
      tools: [job],
      clock,
      output: createPlayback(clock),
      userAwayMs: 5000,
    });
    await drive(clock, t.session.run({ userInput: 'Go' }));
    t.session.userStartedSpeaking();
    bodies[0]!.end.resolve('found');
    await clock.advance(100);
    t.session.userStoppedSpeaking();
    await clock.advance(450);
    t.session.userStartedSpeaking();
    t.session.userStoppedSpeaking();
    await clock.advance(20_000);
    expect(receiptsOf(t).filter((line) => line.includes('final'))).toEqual(['call_1_final completed']);
    expect(t.session.userState).toBe('away');
  });
});

describe('a speech that may not be interrupted', () => {
  const fixed = (more: Partial<ConstructorParameters<typeof Agent>[0]> = {}) =>
    new Agent({ name: 'fixed', instructions: 'x', allowInterruptions: false, ...more });

  test.each<[string, (ctx: RunContext) => unknown]>([
    ['quiet', (ctx) => sessionOf(ctx).waitForIdle()],
    ['the floor', (ctx) => ctx.foreground(() => 'x')],
    ['an answer, under a lease', (ctx) => ctx.foreground(() => ctx.ask({ message: 'Which?', timeoutMs: 100 }))],
    ['a handoff', (ctx) => sessionOf(ctx).updateAgent(new Agent({ name: 'next', instructions: 'x' }))],
    ['words of its own', (ctx) => sessionOf(ctx).say('One moment.').waitForPlayout()],
  ])(
    'S1.8 S6.8 whose call waits for %s, while the user waits for it: each gets what he waits for',
    async (_name, wait) => {
      const go = byHand();
      const { job, bodies } = jobs();
      const t = await going([call('wait', 'job')], {
        agent: fixed(),
        tools: [job, bodyOf('wait', async (ctx) => (await go.promise, await wait(ctx), 'done'))],
      });
      void t.session.sendMessage('Go');
      await t.clock.settle();
      const answered = t.session.sendMessage('And?');
      await t.clock.settle();
      bodies[0]!.end.resolve('found');
      await t.clock.settle();
      go.resolve();
      await t.clock.advance(1000);
      expect(await drive(t.clock, answered)).toBeDefined();
      await t.clock.advance(1000);
      const items = historyOf(t.session);
      expect(items).toContain('user: And?');
      expect(receiptsOf(t).some((line) => line.startsWith('call_2_final completed'))).toBe(true);
      await comesToRest(t);
    },
  );

  test('S5.6 S8.4 whose call runs an AgentTask: what the user said before it came, and says then, is for the AgentTask', async () => {
    const go = byHand();
    const ask = new AgentTask<string>({ name: 'ask', instructions: 'x' });
    const t = await going([call('wait')], {
      agent: fixed(),
      tools: [bodyOf('wait', async () => (await go.promise, await ask.run()))],
    });
    void t.session.sendMessage('Go');
    await t.clock.settle();
    const answered = t.session.sendMessage('And?');
    await t.clock.settle();
    go.resolve();
    await t.clock.settle();
    expect(t.session.currentAgent).toBe(ask);
    expect(await drive(t.clock, answered)).toBeDefined();
    expect(await drive(t.clock, t.session.sendMessage('Hello?'))).toBeDefined();
    expect(historyOf(t.session.contextOf(ask)).filter((line) => line.startsWith('user'))).toEqual([
      'user: And?',
      'user: Hello?',
    ]);
    ask.complete('yes');
    await comesToRest(t);
  });
});

test.each(['interrupt', 'when_idle'] as const)(
  'S2.3 S3.1 what is due (%s) in the moment in which a turn has spoken and its calls are to be recorded comes behind them',
  async (deliver) => {
    const clock = createVirtualClock();
    const bodies: RunContext[] = [];
    const job = bodyOf('job', async (ctx) => {
      bodies.push(ctx);
      await byHand().promise;
    });
    const agent = new Agent({ name: 'a', instructions: 'x' });
    const t = await going([{ text: 'One moment please.', ...call('job') }], {
      agent,
      tools: [job],
      clock,
      output: createPlayback(clock),
    });
    void t.session.sendMessage('Go');
    await clock.advance(20);
    void bodies[0]!.update('Began');
    void bodies[0]!.update('Went on', { deliver: 'silent' });
    void bodies[0]!.update('Alarm', { deliver, maxHoldMs: 50 });
    await clock.advance(5000);
    const ids = historyOf(t.session.contextOf(agent)).flatMap((line) => /^call_1\w*/.exec(line) ?? []);
    expect(ids).toEqual(['call_1', 'call_1_update_1', 'call_1_update_2']);
    expect(receiptsOf(t).filter((line) => line.includes('update_2'))).toHaveLength(1);
  },
);

describe('leases', () => {
  test('S6.4 cancelled while it waits for the floor, or holds it: the next gets it, and foreground rejects', async () => {
    const order: string[] = [];
    const lease = (name: string) =>
      bodyOf(name, async (ctx) => {
        await ctx.update('Began', { deliver: 'silent' });
        await ctx
          .foreground(async () => {
            order.push(name);
            if (name !== 'three') await byHand().promise;
          })
          .catch((error: Error) => void order.push(`${name} ${error.name}`));
      });
    const t = await going([call('one', 'two', 'three')], { tools: ['one', 'two', 'three'].map(lease) });
    void t.session.sendMessage('Go');
    await t.clock.settle();
    expect(order).toEqual(['one']);
    void t.session.tasks.cancel('call_2');
    await t.clock.settle();
    void t.session.tasks.cancel('call_1');
    await t.clock.settle();
    expect(order).toContain('two AbortError');
    expect(order).toContain('three');
    expect(t.session.floor).toBe('nobody');
    await t.clock.advance(3000);
    await comesToRest(t);
  });

  test('S6.4 work that outlives it has no part in it, and ends it for nobody', async () => {
    const order: string[] = [];
    const go = byHand();
    let late: Promise<void> | undefined;
    const t = await going([call('one')], {
      tools: [
        bodyOf('one', async (ctx) => {
          await ctx.update('Began', { deliver: 'silent' });
          await ctx.foreground(() => {
            late = (async () => {
              await go.promise;
              await sessionOf(ctx).waitForIdle();
              order.push('idle');
              await ctx.foreground(() => void order.push('again'));
            })();
          });
          await late;
          return 'done';
        }),
      ],
    });
    void t.session.sendMessage('Go');
    await t.clock.settle();
    expect(t.session.floor).toBe('nobody');
    go.resolve();
    await t.clock.advance(1000);
    expect(order).toEqual(['idle', 'again']);
    await comesToRest(t);
  });

  test('S6.4 the user is answered under a lease as always, also with an AgentTask under it, and what is due waits', async () => {
    const { job, bodies } = jobs();
    const ask = new AgentTask<string>({ name: 'ask', instructions: 'x' });
    const t = await going([call('job', 'hold')], {
      tools: [
        job,
        bodyOf(
          'hold',
          async (ctx) => (await ctx.update('Began', { deliver: 'silent' }), await ctx.foreground(() => ask.run())),
        ),
      ],
    });
    void t.session.sendMessage('Go');
    await t.clock.settle();
    expect(t.session.currentAgent).toBe(ask);
    bodies[0]!.end.resolve('found');
    await t.clock.advance(1000);
    expect(receiptsOf(t).filter((line) => line.includes('final'))).toEqual([]);
    const answer = await drive(t.clock, t.session.sendMessage('Hello?'));
    expect(answer).toBeDefined();
    ask.complete('ok');
    await t.clock.advance(1000);
    expect(
      receiptsOf(t)
        .filter((line) => line.includes('final'))
        .toSorted(),
    ).toEqual(['call_1_final completed', 'call_2_final completed']);
    await comesToRest(t);
  });

  test('S6.4 S5.5 its task times out under it: the floor is free again', async () => {
    const t = await going([call('one')], {
      tools: [
        bodyOf(
          'one',
          async (ctx) => (
            await ctx.update('Began', { deliver: 'silent' }), await ctx.foreground(() => byHand().promise)
          ),
          { timeoutMs: 1000 },
        ),
      ],
    });
    void t.session.sendMessage('Go');
    await t.clock.advance(500);
    expect(t.session.floor).toEqual({ callId: 'call_1' });
    await t.clock.advance(3000);
    expect(t.session.floor).toBe('nobody');
    await comesToRest(t);
  });

  test('S6.8 S6.9 two blocking calls that wait for the floor, one of which asks in it: the question is told, nothing hangs', async () => {
    const order: string[] = [];
    const t = await going([call('asks', 'leases')], {
      tools: [
        bodyOf('asks', (ctx) =>
          ctx.foreground(async () => order.push(`${(await ctx.ask({ message: 'Which?' })).action}`)),
        ),
        bodyOf('leases', (ctx) => ctx.foreground(() => void order.push('lease'))),
      ],
    });
    void t.session.sendMessage('Go');
    await t.clock.advance(1000);
    const asking = t.session.tasks.list().find((task) => task.state === 'input_required');
    expect(asking?.toolName).toBe('asks');
    await t.session.tasks.answer(asking!.callId, 'accept', {});
    await t.clock.advance(1000);
    expect(order).toEqual(['accept', 'lease']);
    await comesToRest(t);
  });
});

describe('questions', () => {
  test('S6.6 answered by the listener that hears of it, before ask has returned', async () => {
    let answer: unknown;
    const t = await going([call('asks')], {
      tools: [bodyOf('asks', async (ctx) => (answer = await ctx.ask({ message: 'Which?' })))],
    });
    t.session.on('task_updated', (event) => {
      if (event.question) void t.session.tasks.answer(event.callId, 'accept', { it: 1 });
    });
    await drive(t.clock, t.session.run({ userInput: 'Go' }));
    expect(answer).toEqual({ action: 'accept', content: { it: 1 } });
    await comesToRest(t);
  });

  test.each(['first', 'second'])(
    'S6.6 S5.3 cancelled by the listener that hears of the %s question of a step: ask rejects, no timer stays',
    async (which) => {
      const rejected: string[] = [];
      const asks = (name: string) =>
        bodyOf(name, (ctx) =>
          ctx
            .ask({ message: `${name}?`, timeoutMs: 60_000 })
            .catch((error: Error) => rejected.push(`${name} ${error.name}`)),
        );
      const t = await going([call('one', 'two')], { tools: [asks('one'), asks('two')] });
      t.session.on('task_updated', (event) => {
        if (event.toolName === (which === 'first' ? 'one' : 'two')) void t.session.tasks.cancel(event.callId);
      });
      void t.session.sendMessage('Go');
      await t.clock.advance(1000);
      expect(rejected).toEqual([`${which === 'first' ? 'one' : 'two'} AbortError`]);
      await drive(t.clock, t.session.close());
      expect(t.clock.pending()).toEqual([]);
    },
  );

  test('S6.6 answered twice at once: one holds, the other is refused', async () => {
    let answer: unknown;
    const slow = byHand();
    const schema = z.object({ it: z.number() }).refine(async () => (await slow.promise, true));
    const t = await going([call('asks')], {
      tools: [bodyOf('asks', async (ctx) => (answer = await ctx.ask({ message: 'Which?', schema })))],
    });
    await drive(t.clock, t.session.run({ userInput: 'Go' }));
    const answers = [1, 2].map((it) =>
      t.session.tasks.answer('call_1', 'accept', { it }).then(
        () => 'yes',
        () => 'no',
      ),
    );
    slow.resolve();
    expect(await Promise.all(answers)).toEqual(['yes', 'no']);
    await t.clock.settle();
    expect(answer).toEqual({ action: 'accept', content: { it: 1 } });
    await comesToRest(t);
  });

  test('S6.6 three asked at once by one body: one after the other, each with its own answer', async () => {
    const answers: unknown[] = [];
    const t = await going([call('asks')], {
      tools: [
        bodyOf('asks', async (ctx) =>
          answers.push(
            ...(await Promise.all([1, 2, 3].map((n) => ctx.ask({ message: `${String(n)}?` })))).map(
              ({ action }) => action,
            ),
          ),
        ),
      ],
    });
    await drive(t.clock, t.session.run({ userInput: 'Go' }));
    for (const action of ['accept', 'decline', 'cancel'] as const) {
      await t.session.tasks.answer('call_1', action);
      await drive(t.clock, t.session.waitForIdle());
    }
    expect(answers).toEqual(['accept', 'decline', 'cancel']);
  });

  test('S6.6 S5.3 its task cancelled while the content is being checked: nobody is answered, nothing is recorded', async () => {
    const slow = byHand();
    const schema = z.object({}).refine(async () => (await slow.promise, true));
    const t = await going([call('asks')], { tools: [bodyOf('asks', (ctx) => ctx.ask({ message: 'Which?', schema }))] });
    await drive(t.clock, t.session.run({ userInput: 'Go' }));
    const answered = t.session.tasks.answer('call_1', 'accept', {});
    answered.catch(() => undefined);
    void t.session.tasks.cancel('call_1');
    slow.resolve();
    await expect(answered).rejects.toMatchObject({ name: 'ToolError' });
    expect(t.records.some((record) => record.type === 'task_answered')).toBe(false);
    await comesToRest(t);
  });
});

describe('rest', () => {
  test('S6.3 S10.2 run during run, in a tool, in a hook', async () => {
    const agent: Agent = new Agent({
      instructions: 'x',
      onUserTurnCompleted: async (_ctx, { text }) => {
        if (text === 'Go') await agent.session.run({ userInput: 'nested' }).catch(() => undefined);
      },
    });
    const t = await going([], { agent });
    await drive(t.clock, t.session.run({ userInput: 'Go' }));
    expect(historyOf(t.session)).toContain('user: Go');
  });

  test('S6.3 a run that was refused does not stop the next', async () => {
    const t = await going([]);
    const first = t.session.run({ userInput: 'One' });
    await expect(t.session.run({ userInput: 'Two' })).rejects.toMatchObject({ code: 'run_active' });
    await drive(t.clock, first);
    await drive(t.clock, t.session.run({ userInput: 'Three' }));
    expect(historyOf(t.session).filter((line) => line.startsWith('user'))).toEqual(['user: One', 'user: Three']);
  });

  test('S6.3 it comes to rest when the hook of an agent that has left never ends', async () => {
    const t = await going([], { agent: new Agent({ instructions: 'x', onEnter: () => byHand().promise }) });
    await drive(t.clock, t.session.updateAgent(new Agent({ name: 'next', instructions: 'x' })));
    await comesToRest(t);
  });

  test('S6.2 a hundred tasks that wait arm no timer, and end without one left', async () => {
    const { job, bodies } = jobs();
    const t = await going([{ calls: Array.from({ length: 100 }, () => ({ name: 'job' })) }], { tools: [job] });
    await drive(t.clock, t.session.run({ userInput: 'Go' }));
    expect(t.clock.pending()).toEqual([]);
    for (const body of bodies) body.end.resolve(undefined);
    await comesToRest(t);
    expect(t.clock.pending()).toEqual([]);
  });
});
