/** What has to be woken: questions, leases, runs, and users who wait (S3, S5, S6). The races are in `adversarial.test.ts`. */
import { Agent, AgentTask, tool, type RunContext } from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedStep } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { historyOf } from '../support/history.ts';
import { createPlayback } from '../support/playback.ts';
import { byHand, drive, startTestSession, type TestOptions, type TestSession } from '../support/session.ts';

const none = z.object({});
const call = (...names: string[]) => ({ calls: names.map((name) => ({ name })) });
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
});

describe('a speech that may not be interrupted', () => {
  const fixed = (more: Partial<ConstructorParameters<typeof Agent>[0]> = {}) =>
    new Agent({ name: 'fixed', instructions: 'x', allowInterruptions: false, ...more });

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
});

describe('questions', () => {
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
