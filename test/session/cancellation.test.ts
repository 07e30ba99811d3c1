/** Cancellation (S5.1–S5.3), in a conversation. */
import { Agent, AgentTask, TaskAbortedError, TaskEndedError, type RunContext } from 'meanwhile';
import { createVirtualClock } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { booking, heldTool, type HeldOptions } from '../support/held-tool.ts';
import { historyOf, outputOf } from '../support/history.ts';
import { createPlayback } from '../support/playback.ts';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';

const searching: HeldOptions = { first: ({ ctx }) => ctx.update('Searching') };
const cancelling = (...ids: string[]) => ({
  calls: ids.map((call_id) => ({ name: 'cancel_task', args: { call_id } })),
});

const say = (t: TestSession, text: string) => drive(t.clock, t.session.run({ userInput: text }));
const rest = async (t: TestSession) => {
  await t.clock.settle();
  await drive(t.clock, t.session.waitForIdle());
};
const states = (t: TestSession) =>
  t.events.flatMap((event) => (event.type === 'task_ended' ? [`${event.callId} ${event.state}`] : []));
const why = (signal: AbortSignal | undefined) =>
  signal?.reason instanceof TaskAbortedError ? signal.reason.why : signal?.aborted;

describe('S5.1 the abort signal', () => {
  const cases: [string, HeldOptions, (t: TestSession) => unknown, string | false][] = [
    ['a cancel', searching, (t) => t.session.tasks.cancel('call_1'), 'cancelled'],
    ['a timeout', { ...searching, timeoutMs: 500 }, () => undefined, 'timeout'],
    ['no progress', { ...searching, noProgressTimeoutMs: 500 }, () => undefined, 'timeout'],
    ['a close', searching, (t) => t.session.close(), 'closed'],
    [
      'a handoff that cancels',
      { ...searching, onHandoff: 'cancel' },
      (t) => t.session.updateAgent(other()),
      'cancelled',
    ],
    ['a handoff that moves', searching, (t) => t.session.updateAgent(other()), false],
    ['an interruption of a later speech', { ...searching, onInterrupt: 'abort' }, (t) => t.session.interrupt(), false],
  ];
  const other = () => new Agent({ name: 'other', instructions: 'Other.' });

  test.each(cases)('S5.1 on %s', async (_, options, act, reason) => {
    const held = heldTool(options);
    const agent = new Agent({ name: 'travel', instructions: 'Travel.', tools: [held.tool] });
    const t = await startTestSession([booking('Rome'), 'Searching.', 'Then.'], { agent });
    await say(t, 'Go');
    expect(held.bodies[0]?.signal.aborted).toBe(false);
    void act(t);
    await t.clock.advance(600);
    expect(why(held.bodies[0]?.signal)).toBe(reason);
  });

  test.each([
    ['background', false],
    ['abort', 'interrupted'],
  ] as const)('S5.1 an interruption while it blocks, with onInterrupt %s', async (onInterrupt, reason) => {
    const held = heldTool({ onInterrupt });
    const t = await startTestSession([booking('Rome')], { tools: [held.tool] });
    void t.session.sendMessage('Go');
    await t.clock.settle();
    await drive(t.clock, t.session.interrupt());
    expect(why(held.bodies[0]?.signal)).toBe(reason);
  });

  test('S5.1 not when the body ends by itself', async () => {
    const held = heldTool(searching);
    const t = await startTestSession([booking('Rome'), 'Searching.', 'Booked.'], { tools: [held.tool] });
    await say(t, 'Go');
    held.bodies[0]?.end('Booked');
    await rest(t);
    await t.session.close();
    expect(held.bodies[0]?.signal.aborted).toBe(false);
  });

  test('S5.1 fired before the body’s first line, the body does not start', async () => {
    const held = heldTool({ ...searching, maxConcurrency: { limit: 1 } });
    const asking = heldTool({ name: 'buy', needsApproval: true });
    const t = await startTestSession(
      [{ calls: [...booking('Rome', 'Oslo').calls, { name: 'buy', args: { to: 'x' } }] }, 'One waits.'],
      {
        tools: [held.tool, asking.tool],
      },
    );
    await say(t, 'Go');
    expect(await t.session.tasks.cancel('call_2')).toBe(true);
    expect(await t.session.tasks.cancel('call_3')).toBe(true);
    held.bodies[0]?.end('Booked');
    await t.clock.settle();
    expect([held.began, asking.began]).toEqual([['call_1'], []]);
    expect(states(t)).toEqual(['call_2 cancelled', 'call_3 cancelled', 'call_1 completed']);
    expect(t.session.tasks.list()).toEqual([]);
  });
});

test('S5.1 that holds for one that waits for what it replaces to stop', async () => {
  const held = heldTool({ ...searching, onDuplicate: 'replace', allowCancellation: true, deaf: true });
  const t = await startTestSession([booking('Rome'), 'Searching.', booking('Rome')], { tools: [held.tool] });
  await say(t, 'Go');
  void t.session.sendMessage('Again');
  await t.clock.settle();
  expect(await t.session.tasks.cancel('call_2')).toBe(true);
  held.bodies[0]?.end();
  await rest(t);
  expect(held.began).toEqual(['call_1']);
  expect(t.session.tasks.list()).toEqual([]);
});

describe('S5.2 who may cancel', () => {
  test('S5.2 the model may where the tool allows it', async () => {
    const held = heldTool({ ...searching, allowCancellation: true });
    const t = await startTestSession([booking('Rome'), 'Searching.', cancelling('call_1'), 'I have stopped it.'], {
      tools: [held.tool],
    });
    await say(t, 'Go');
    await say(t, 'Stop that');
    expect(states(t)).toEqual(['call_1 cancelled']);
    expect(outputOf(t.session, 'call_2')).toBe('Task "call_1" was cancelled.');
    expect(t.spoken).toEqual(['Searching.', 'I have stopped it.']);
  });

  test('S5.2 four refusals, each its own error: not found, already finished, not cancellable, not to be interrupted', async () => {
    const open = heldTool({ ...searching, allowCancellation: true });
    const closed = heldTool({ ...searching, name: 'pay' });
    const own = heldTool({
      name: 'sign',
      allowCancellation: true,
      first: ({ ctx }) => (ctx.disallowInterruptions(), ctx.update('x')),
    });
    const calls = ['book', 'pay', 'sign'].map((name) => ({ name, args: { to: 'Rome' } }));
    const t = await startTestSession(
      [{ calls }, 'Begun.', 'Booked.', cancelling('call_9', 'call_1', 'call_2', 'call_3'), 'No.'],
      {
        tools: [open.tool, closed.tool, own.tool],
        prompts: {
          taskNotFound: 'not found: {callId}',
          taskFinished: 'finished: {callId}',
          taskNotCancellable: 'not cancellable: {callId}',
          taskProtected: 'not now: {callId}',
        },
      },
    );
    await say(t, 'Go');
    open.bodies[0]?.end('Booked');
    await rest(t);
    await say(t, 'Stop everything');
    const errors = historyOf(t.session).filter((line) => line.includes(' ! '));
    expect(errors).toEqual([
      'call_4 ! not found: call_9',
      'call_5 ! finished: call_1',
      'call_6 ! not cancellable: call_2',
      'call_7 ! not now: call_3',
    ]);
    expect(states(t)).toEqual(['call_1 completed']);
    expect(t.events.filter((event) => event.type === 'error')).toEqual([]);
  });

  test('S5.2 S4.4 by the id of a call that joined it, one that has ended is already finished', async () => {
    const held = heldTool({ ...searching, allowCancellation: true });
    const t = await startTestSession(
      [booking('Rome'), 'Searching.', booking('Rome'), 'Still.', 'Booked.', cancelling('call_2'), 'It has finished.'],
      { tools: [held.tool] },
    );
    for (const text of ['Go', 'Go']) await say(t, text);
    held.bodies[0]?.end('Booked');
    await rest(t);
    await say(t, 'Stop');
    expect(outputOf(t.session, 'call_3')).toBe('Task "call_2" has already finished.');
  });

  test('S5.2 while it blocks, its speech must allow interruptions', async () => {
    const held = heldTool({ allowCancellation: true });
    for (const allowInterruptions of [true, false]) {
      const t = await startTestSession([{ calls: [...booking('Rome').calls, ...cancelling('call_1').calls] }, 'So.'], {
        tools: [held.tool],
      });
      t.session.generateReply({ allowInterruptions });
      await t.clock.settle();
      expect(states(t)).toEqual(allowInterruptions ? ['call_1 cancelled'] : []);
      held.bodies.at(-1)?.end('Booked');
      await rest(t);
      expect(outputOf(t.session, 'call_2')).toMatch(allowInterruptions ? /was cancelled/ : /may not be interrupted/);
    }
  });

  test('S5.2 in the background the speech that started it does not matter any more', async () => {
    const held = heldTool({ ...searching, allowCancellation: true });
    const t = await startTestSession([booking('Rome'), 'Searching.', cancelling('call_1'), 'Stopped.'], {
      tools: [held.tool],
    });
    t.session.generateReply({ allowInterruptions: false });
    await rest(t);
    await say(t, 'Stop');
    expect(states(t)).toEqual(['call_1 cancelled']);
  });

  test('S5.2 the application always may', async () => {
    const first = ({ ctx }: { ctx: RunContext<unknown> }) => ctx.disallowInterruptions();
    const held = heldTool({ first });
    const t = await startTestSession([booking('Rome')], { tools: [held.tool] });
    t.session.generateReply({ allowInterruptions: false });
    await t.clock.settle();
    expect(t.session.tasks.get('call_1')).toMatchObject({ phase: 'blocking', cancellable: false });
    expect(await t.session.tasks.cancel('call_1')).toBe(true);
    expect(states(t)).toEqual(['call_1 cancelled']);
    expect(await t.session.tasks.cancel('call_1')).toBe(false);
    expect(await t.session.tasks.cancel('call_77')).toBe(false);
  });
});

describe('S5.3 a cancelled task', () => {
  test('S5.3 is cancelled at once, with its record, which is silent', async () => {
    const held = heldTool({ ...searching, deaf: true });
    const t = await startTestSession([booking('Rome'), 'Searching.', 'Hello.'], { tools: [held.tool] });
    await say(t, 'Go');
    void t.session.tasks.cancel('call_1');
    expect(states(t)).toEqual(['call_1 cancelled']);
    expect(outputOf(t.session, 'call_1_final')).toMatch(/was cancelled before it finished/);
    await rest(t);
    await say(t, 'Hello?');
    expect(t.spoken).toEqual(['Searching.', 'Hello.']);
    expect(JSON.stringify(t.model.prompts.at(-1))).toContain('was cancelled before it finished');
  });

  test('S5.3 while it blocks the call is answered, and no reply is wanted', async () => {
    const held = heldTool({ deaf: true });
    const t = await startTestSession([booking('Rome')], { tools: [held.tool] });
    const run = t.session.run({ userInput: 'Go' });
    await t.clock.settle();
    void t.session.tasks.cancel('call_1');
    await drive(t.clock, run);
    expect(historyOf(t.session)).toEqual([
      'user: Go',
      expect.stringMatching(/^call_1: .*was cancelled before it finished/),
    ]);
    t.model.assertComplete();
  });

  test('S5.3 what was untold of it is dropped', async () => {
    const held = heldTool(searching);
    const t = await startTestSession([booking('Rome'), 'Searching.'], { tools: [held.tool] });
    await say(t, 'Go');
    await held.bodies[0]?.ctx.update('Found three');
    await t.session.tasks.cancel('call_1');
    await t.clock.advance(1000);
    const ended = t.events.filter((event) => event.type === 'delivery_ended');
    expect(ended.toSorted((a, b) => b.id.localeCompare(a.id))).toMatchObject([
      { id: 'call_1_update_1', receipt: 'dropped', reason: 'its task was cancelled' },
      { id: 'call_1_final', receipt: 'silent' },
    ]);
    expect(t.spoken).toEqual(['Searching.']);
  });

  test('S5.3 nothing its body still does reaches the conversation', async () => {
    const held = heldTool({ ...searching, deaf: true });
    const t = await startTestSession([booking('Rome'), 'Searching.'], { tools: [held.tool] });
    await say(t, 'Go');
    void t.session.tasks.cancel('call_1');
    const before = t.records.length;
    const { ctx } = held.bodies[0]!;
    await expect(ctx.update('Booked after all')).rejects.toThrow(TaskEndedError);
    await expect(ctx.update({ message: 'x', progress: 1 })).rejects.toThrow(TaskEndedError);
    await expect(ctx.ask({ message: 'Which?' })).rejects.toThrow(TaskEndedError);
    await expect(ctx.foreground(() => 'x')).rejects.toThrow(TaskEndedError);
    void ctx.filler('Still there?', {}, () => byHand().promise);
    held.bodies[0]?.end('Booked: ABC');
    await t.clock.advance(10_000);
    expect(t.records.slice(before)).toEqual([]);
    expect(t.spoken).toEqual(['Searching.']);
  });

  test('S5.3 nor what it does through the session', async () => {
    const go = byHand();
    const thrown: unknown[] = [];
    const inner = new AgentTask({ name: 'ask', instructions: 'Ask.' });
    const attempt = async (act: () => unknown): Promise<void> => {
      try {
        await act();
      } catch (error) {
        thrown.push(error);
      }
    };
    const held = heldTool({
      deaf: true,
      first: async ({ ctx }) => {
        await ctx.update('Searching');
        await go.promise;
        await attempt(() => ctx.session.say('Booked!'));
        await attempt(() => ctx.session.generateReply({ instructions: 'Say that it is booked.' }));
        await attempt(() => ctx.session.updateAgent(new Agent({ name: 'other', instructions: 'x' })));
        await attempt(() => inner.run());
        await attempt(() => ctx.speechHandle.interrupt());
      },
    });
    const t = await startTestSession([booking('Rome'), 'Searching.'], { tools: [held.tool] });
    await say(t, 'Go');
    void t.session.tasks.cancel('call_1');
    const before = t.records.length;
    go.resolve();
    await t.clock.settle();
    held.bodies[0]?.end();
    await rest(t);
    expect(t.records.slice(before)).toEqual([]);
    expect(t.spoken).toEqual(['Searching.']);
    expect(t.session.currentAgent?.name).toBe('travel');
    expect(thrown.filter((error) => error instanceof TaskAbortedError)).toHaveLength(5);
  });

  test('S5.3 it cuts nobody off either', async () => {
    const go = byHand();
    const held = heldTool({
      deaf: true,
      first: async ({ ctx }) => {
        await ctx.update('Searching');
        await go.promise;
        await ctx.session.interrupt();
      },
    });
    const clock = createVirtualClock();
    const output = createPlayback(clock);
    const t = await startTestSession([booking('Rome'), 'Searching.', 'All is well here.'], {
      tools: [held.tool],
      clock,
      output,
    });
    await say(t, 'Go');
    void t.session.tasks.cancel('call_1');
    await t.session.sendMessage('How are you?');
    await clock.advance(150);
    go.resolve();
    await rest(t);
    expect(output.heard).toEqual(['Searching.', 'All is well here.']);
  });

  test('S5.3 an AgentTask that a cancelled tool runs ends with it', async () => {
    const inner = new AgentTask<string>({ name: 'ask', instructions: 'Ask for the address.' });
    const held = heldTool({
      allowCancellation: true,
      first: async ({ ctx }) => (await ctx.update('Asking'), await inner.run()),
    });
    const t = await startTestSession([booking('Rome'), 'One moment.', cancelling('call_1'), 'It is stopped.'], {
      tools: [held.tool],
    });
    await say(t, 'Go');
    expect(t.session.currentAgent?.name).toBe('ask');
    await say(t, 'Stop, I do not want it any more');
    expect(t.session.currentAgent?.name).toBe('travel');
    expect(t.spoken).toEqual(['One moment.', 'It is stopped.']);
    expect(states(t)).toEqual(['call_1 cancelled']);
  });

  test('S5.3 an AgentTask whose tool is cancelled before its turn comes never enters', async () => {
    const [one, two] = ['one', 'two'].map((name) => new AgentTask<string>({ name, instructions: 'x' })) as [
      AgentTask<string>,
      AgentTask<string>,
    ];
    const ask = (task: AgentTask<string>, name: string) =>
      heldTool({ name, first: async ({ ctx, end }) => (await ctx.update('Asking'), end(await task.run())) });
    const [first, second] = [ask(one, 'first'), ask(two, 'second')];
    const calls = ['first', 'second'].map((name) => ({ name, args: { to: 'x' } }));
    const t = await startTestSession([{ calls }, 'Begun.', 'Done.'], { tools: [first.tool, second.tool] });
    await say(t, 'Go');
    expect(t.session.currentAgent?.name).toBe('one');
    await t.session.tasks.cancel('call_2');
    one.complete('x');
    await rest(t);
    expect(t.events.flatMap((event) => (event.type === 'agent_changed' ? [event.agent] : []))).not.toContain('two');
    expect(t.session.currentAgent?.name).toBe('travel');
  });

  test('S5.3 a body that has not stopped is reported, and listed as stopping until it ends', async () => {
    const held = heldTool({ ...searching, deaf: true });
    const t = await startTestSession([booking('Rome'), 'Searching.'], { tools: [held.tool], stopTimeoutMs: 700 });
    await say(t, 'Go');
    const stopping = t.session.tasks.cancel('call_1');
    await t.clock.advance(699);
    expect(t.log).toEqual([]);
    await t.clock.advance(1);
    expect(await stopping).toBe(true);
    expect(t.log).toEqual([expect.stringMatching(/book \(call_1\) did not stop within 700 ms/)]);
    expect(t.session.tasks.list()).toMatchObject([
      { callId: 'call_1', state: 'cancelled', phase: 'stopping', cancellable: false },
    ]);
    await t.clock.advance(100_000);
    expect(t.session.tasks.list()).toHaveLength(1);
    held.bodies[0]?.end();
    await t.clock.settle();
    expect(t.session.tasks.list()).toEqual([]);
    expect(t.clock.pending()).toEqual([]);
  });

  test('S5.3 cancel resolves when the body has stopped; one that cancels itself does not wait for itself', async () => {
    const held = heldTool({
      ...searching,
      first: async ({ ctx, end }) => (await ctx.update('x'), await ctx.session.tasks.cancel(ctx.toolCallId), end()),
    });
    const t = await startTestSession([booking('Rome'), 'Searching.'], { tools: [held.tool] });
    await say(t, 'Go');
    await t.clock.settle();
    expect([t.session.tasks.list(), t.log, t.clock.pending()]).toEqual([[], [], []]);
    expect(states(t)).toEqual(['call_1 cancelled']);
  });
});
