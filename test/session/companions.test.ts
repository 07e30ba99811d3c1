/** The companion tools (S5.4). */
import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { Agent, AgentTask, AsyncToolset, tool, type Tool } from 'meanwhile';
import { describe, expect, test } from 'vitest';
import { booking, heldTool, type HeldOptions } from '../support/held-tool.ts';
import { historyOf, outputOf } from '../support/history.ts';
import { byHand, createTestSession, drive, startTestSession, type TestSession } from '../support/session.ts';

const plain = (name: string) => tool({ name, execute: () => name });
const cancellable = (name: string) => tool({ name, allowCancellation: true, execute: () => name });
const searching: HeldOptions = { first: ({ ctx }) => ctx.update('Searching') };
const listing = { calls: [{ name: 'get_running_tasks' }] };

const say = (t: TestSession, text: string) => drive(t.clock, t.session.run({ userInput: text }));
const names = (call: LanguageModelV4CallOptions | undefined) => call?.tools?.map((each) => each.name) ?? [];
const companionsOf = (call: LanguageModelV4CallOptions | undefined) =>
  (call?.tools ?? []).filter((each) => ['get_running_tasks', 'cancel_task', 'answer_task'].includes(each.name));
const listed = (t: TestSession, id: string) => JSON.parse(outputOf(t.session, id) ?? '') as Record<string, unknown>[];

describe('S5.4 when they are offered', () => {
  test('S5.4 whenever a registered tool allows cancellation, at the end of the list', async () => {
    const t = await startTestSession(['Hello.'], { tools: [plain('a'), cancellable('b'), plain('c')] });
    await say(t, 'Hi');
    expect(names(t.model.calls[0])).toEqual(['a', 'b', 'c', 'get_running_tasks', 'cancel_task']);
  });

  test('S5.4 not where none does', async () => {
    const t = await startTestSession(['Hello.'], { tools: [plain('a')] });
    await say(t, 'Hi');
    expect(names(t.model.calls[0])).toEqual(['a']);
  });

  test('S5.4 a toolset’s default and a nested toolset count, and one given at run time', async () => {
    const nested = new AsyncToolset({
      id: 'outer',
      tools: [new AsyncToolset({ id: 'inner', tools: [plain('a')], defaults: { allowCancellation: true } })],
    });
    const t = await startTestSession(['Hello.', 'Again.'], { tools: [nested] });
    await say(t, 'Hi');
    expect(names(t.model.calls[0])).toEqual(['a', 'get_running_tasks', 'cancel_task']);
    const late = await startTestSession(['Hello.', 'Again.'], { tools: [plain('a')] });
    await say(late, 'Hi');
    await late.session.updateTools([plain('a'), cancellable('b')]);
    await say(late, 'Hi');
    expect(names(late.model.calls[1])).toEqual(['a', 'b', 'get_running_tasks', 'cancel_task']);
  });

  test('S5.4 in the same form for every agent: an AgentTask, an agent without cancellable tools that follows, and back', async () => {
    const inner = new AgentTask<string>({ name: 'ask', instructions: 'Ask.' });
    const ask = tool({ name: 'ask', execute: () => inner.run() });
    const agent = new Agent({ name: 'travel', instructions: 'Travel.', tools: [cancellable('book'), ask] });
    const t = await startTestSession([{ calls: [{ name: 'ask' }] }, 'Which?', 'Thanks.', 'I am next.'], { agent });
    void t.session.sendMessage('Go');
    await t.clock.settle();
    await say(t, 'Hm?');
    inner.complete('x');
    await t.clock.settle();
    await drive(t.clock, t.session.waitForIdle());
    await drive(
      t.clock,
      t.session.updateAgent(new Agent({ name: 'next', instructions: 'Next.', tools: [plain('c')] })),
    );
    await say(t, 'Hello?');
    const [first, ...others] = t.model.calls.map(companionsOf);
    expect(first).toHaveLength(2);
    for (const other of others) expect(other).toEqual(first);
    expect(t.model.calls.map(names)).toEqual([
      ['book', 'ask', 'get_running_tasks', 'cancel_task'],
      ['get_running_tasks', 'cancel_task'],
      ['book', 'ask', 'get_running_tasks', 'cancel_task'],
      // The last stands for a call of a tool that is gone.
      ['c', 'get_running_tasks', 'cancel_task', 'ask'],
    ]);
  });

  test('S5.4 what is offered first keeps its place', async () => {
    const t = await startTestSession(['One.', 'Two.'], {
      tools: [tool({ name: 'a', asks: true, execute: () => 'a' })],
    });
    await say(t, 'Hi');
    await t.session.updateTools([tool({ name: 'a', asks: true, execute: () => 'a' }), cancellable('b')]);
    await say(t, 'Hi');
    expect(t.model.calls.map((call) => companionsOf(call).map((each) => each.name))).toEqual([
      ['answer_task'],
      ['answer_task', 'get_running_tasks', 'cancel_task'],
    ]);
  });

  test.each(['get_running_tasks', 'cancel_task', 'answer_task'])(
    'S5.4 an application’s tool of that name is refused: %s',
    (name) => {
      const message = `the name "${name}" is taken by a companion tool of the library. Choose another.`;
      expect(() => tool({ name, execute: () => 1 })).toThrow(message);
      const unnamed = { ...plain('x'), name: undefined } as unknown as Tool;
      expect(() => createTestSession([], { tools: { [name]: unnamed } })).toThrow(message);
    },
  );

  test('S5.4 their descriptions can be overridden', async () => {
    const prompts = { cancelTask: 'Beendet eine Aufgabe.' };
    const t = await startTestSession(['Hello.'], { tools: [cancellable('a')], prompts });
    await say(t, 'Hi');
    expect(companionsOf(t.model.calls[0])[1]).toMatchObject({ description: 'Beendet eine Aufgabe.' });
  });
});

describe('S5.4 what they list', () => {
  test('S5.4 the running tasks with state, newest message, age, and whether they may be cancelled', async () => {
    const book = heldTool({ ...searching, allowCancellation: true });
    const pay = heldTool({ name: 'pay', asks: true, first: ({ ctx }) => ctx.ask({ message: 'Which card?' }) });
    const calls = ['book', 'pay'].map((name) => ({ name, args: { to: 'Rome' } }));
    const t = await startTestSession([{ calls }, 'Begun.', 'Three.', listing, 'Two things.'], {
      tools: [book.tool, pay.tool],
    });
    await say(t, 'Go');
    await t.clock.advance(4000);
    await book.bodies[0]?.ctx.update({ message: 'Found three', progress: 1, total: 3 });
    await book.bodies[0]?.ctx.update({ progress: 2 });
    await t.clock.advance(1000);
    await say(t, 'What are you doing?');
    expect(listed(t, 'call_3')).toEqual([
      {
        call_id: 'call_1',
        tool: 'book',
        state: 'working',
        arguments: { to: 'Rome' },
        message: 'Found three',
        progress: 2,
        total: 3,
        age_seconds: 5,
        may_be_cancelled: true,
      },
      {
        call_id: 'call_2',
        tool: 'pay',
        state: 'input_required',
        arguments: { to: 'Rome' },
        age_seconds: 5,
        question: 'Which card?',
        may_be_cancelled: false,
      },
    ]);
  });

  test('S5.4 the newest message is the last words, whatever was only for observers since', async () => {
    const held = heldTool({ allowCancellation: true });
    const t = await startTestSession([booking('Rome'), 'a', 'b', 'c'], { tools: [held.tool] });
    const run = t.session.run({ userInput: 'Go' });
    await t.clock.settle();
    const message = () => t.session.tasks.get('call_1')?.message;
    const ctx = held.bodies[0]!.ctx;
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    await ctx.update({ data: circular });
    expect(message()).toBeUndefined();
    await ctx.update({ message: 'one', progress: 1 });
    expect(message()).toBe('one');
    await ctx.update('two');
    await ctx.update({ progress: 2 });
    expect(message()).toBe('two');
    await ctx.update({ found: 3 });
    expect(message()).toBe('{"found":3}');
    const rows: unknown[] = [1];
    await ctx.update({ rows });
    rows.push(rows);
    expect(message()).toBeDefined();
    await drive(t.clock, run);
  });

  test('S5.4 the session’s own: not another session’s, not those that are stopping, no companions', async () => {
    const held = heldTool({ ...searching, allowCancellation: true, deaf: true });
    const other = await startTestSession([booking('Oslo'), 'Searching.'], { tools: [held.tool] });
    await say(other, 'Go');
    const t = await startTestSession([booking('Rome', 'Paris'), 'Searching.', listing, 'One.'], { tools: [held.tool] });
    await say(t, 'Go');
    void t.session.tasks.cancel('call_1');
    await say(t, 'What runs?');
    expect(listed(t, 'call_3').map((task) => task['call_id'])).toEqual(['call_2']);
    expect(t.events.filter((event) => event.type === 'task_started')).toHaveLength(2);
    expect(t.events.filter((event) => event.type === 'call_answered')).toMatchObject([
      { callId: 'call_3', reason: 'companion' },
    ]);
  });
});

describe('S5.4 they are ordinary calls', () => {
  test('S5.4 their arguments are checked, and repaired where that is safe', async () => {
    const held = heldTool({ ...searching, allowCancellation: true });
    const call = (argsText: string) => ({ calls: [{ name: 'cancel_task', argsText }] });
    const t = await startTestSession(
      [booking('Rome'), 'Searching.', call('{}'), 'Which?', call(`{call_id: 'call_1'}`), 'Stopped.'],
      { tools: [held.tool] },
    );
    await say(t, 'Go');
    await say(t, 'Stop');
    expect(historyOf(t.session)).toContainEqual(
      'call_2 ! The arguments of cancel_task do not fit: call_id: expected a string',
    );
    await say(t, 'Stop that');
    expect(outputOf(t.session, 'call_3')).toBe('Task "call_1" was cancelled.');
  });

  test('S5.4 cancelling answers at once, however long the body takes to stop', async () => {
    const held = heldTool({ ...searching, allowCancellation: true, deaf: true });
    const cancel = { calls: [{ name: 'cancel_task', args: { call_id: 'call_1' } }] };
    const t = await startTestSession([booking('Rome'), 'Searching.', cancel, 'Stopped.'], { tools: [held.tool] });
    await say(t, 'Go');
    void t.session.sendMessage('Stop');
    await t.clock.settle();
    expect(t.spoken).toEqual(['Searching.', 'Stopped.']);
  });

  test('S5.4 one that is interrupted has done nothing', async () => {
    const check = byHand();
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: async (value: unknown) => (await check.promise, { value }),
        jsonSchema: { input: () => ({ type: 'object' }), output: () => ({ type: 'object' }) },
      },
    };
    const held = heldTool({ asks: true, first: ({ ctx }) => ctx.ask({ message: 'Which?', schema: schema as never }) });
    const answer = { calls: [{ name: 'answer_task', args: { call_id: 'call_1', action: 'accept', content: {} } }] };
    const t = await startTestSession([booking('Rome'), 'Which?', answer, 'Hello.'], { tools: [held.tool] });
    await say(t, 'Go');
    void t.session.sendMessage('The first');
    await t.clock.settle();
    await say(t, 'Hello?');
    check.resolve();
    await t.clock.settle();
    expect(outputOf(t.session, 'call_2')).toContain('was cancelled');
    expect(t.session.tasks.get('call_1')).toMatchObject({ state: 'input_required' });
  });
});
