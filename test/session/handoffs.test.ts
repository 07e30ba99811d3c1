/** Handoffs, what moves with them, and the contexts on both sides (S8.3, S8.5, S8.8): what `agents.test.ts` leaves out. */
import { Agent, AgentTask, ChatContext, handoff, messageText, tool, Toolset, type ToolPolicy } from 'meanwhile';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';

const none = z.object({});
const call = (...names: string[]) => ({ calls: names.map((name) => ({ name, args: {} })) });

function background(name: string, options: Partial<ToolPolicy> & { shielded?: boolean } = {}) {
  const end = byHand<unknown>();
  const { shielded, ...policy } = options;
  const made = tool({
    ...policy,
    name,
    parameters: none,
    execute: async (_args, { ctx }) => {
      if (shielded) ctx.disallowInterruptions();
      await ctx.update(`${name} began`);
      return await end.promise;
    },
  });
  return { tool: made, end };
}

const say = (t: TestSession, text: string) => drive(t.clock, t.session.run({ userInput: text }));

function receipts(t: TestSession): string[] {
  return t.events.flatMap((event) => (event.type === 'delivery_ended' ? [`${event.id} ${event.receipt}`] : []));
}

function states(t: TestSession): string[] {
  return t.events.flatMap((event) => (event.type === 'task_ended' ? [`${event.callId} ${event.state}`] : []));
}

test('S8.3 past ctx.disallowInterruptions() onHandoff cancel does not cancel: it moves', async () => {
  const { tool: book, end } = background('book', { onHandoff: 'cancel', shielded: true });
  const next = new Agent({ name: 'next', instructions: 'n' });
  const t = await startTestSession([call('book'), 'Booking.', 'Booked.'], {
    agent: new Agent({ instructions: 'f', tools: [book] }),
  });
  await say(t, 'Book');
  await drive(t.clock, t.session.updateAgent(next));
  expect(states(t)).toEqual([]);
  end.resolve('ABC');
  await t.clock.advance(100);
  expect(t.spoken).toEqual(['Booking.', 'Booked.']);
  expect(states(t)).toEqual(['call_1 completed']);
});

test.each([
  ['move', 'completed', ['Name?', 'Searching.', 'Found.']],
  ['cancel', 'cancelled', ['Name?', 'Searching.', 'Stopped.']],
] as const)('S8.3 the tasks of an AgentTask that ends: %s', async (onHandoff, state, spoken) => {
  const { tool: search, end } = background('search', { onHandoff });
  const task: AgentTask<string> = new AgentTask<string>({
    name: 'ask_name',
    instructions: 't',
    tools: [search],
    onEnter: () => void task.session.generateReply(),
  });
  const parent = new Agent({ name: 'parent', instructions: 'p' });
  const t = await startTestSession(['Name?', call('search'), 'Searching.', spoken[2]], { agent: parent });
  const ran = task.run(t.session);
  await drive(t.clock, t.session.waitForIdle());
  await say(t, 'Search');
  task.complete('Ann');
  expect(await drive(t.clock, ran)).toBe('Ann');
  if (onHandoff === 'move') expect(t.session.tasks.list()).toMatchObject([{ callId: 'call_1', state: 'working' }]);
  end.resolve('found');
  await t.clock.advance(100);
  expect(states(t)).toEqual([`call_1 ${state}`]);
  expect(t.spoken).toEqual(spoken);
  expect(receipts(t)).toEqual(['call_1_final completed']);
});

test('S8.5 of two tasks in the background the first recorded wins; the other’s returns is told with the reason', async () => {
  const [one, two] = [new Agent({ name: 'one', instructions: '1' }), new Agent({ name: 'two', instructions: '2' })];
  const [first, second] = [background('first'), background('second')];
  const t = await startTestSession([call('first', 'second'), 'Looking.', 'Both are here.'], {
    tools: [first.tool, second.tool],
  });
  await say(t, 'Go');
  t.session.userStartedSpeaking();
  second.end.resolve(handoff(two, { returns: 'Two is free' }));
  await t.clock.settle();
  first.end.resolve(handoff(one, { returns: 'One is free' }));
  await t.clock.advance(100);
  t.session.userStoppedSpeaking();
  await t.clock.advance(100);
  expect(t.session.currentAgent).toBe(two);
  const records = [...t.session.history].flatMap((item) => (item.kind === 'record' ? [item] : []));
  expect(records.map((record) => record.id)).toEqual(['call_2_final', 'call_1_final']);
  expect(records[1]?.output.text).toMatch(/^One is free\n.*handed over to one.*two/s);
  expect(receipts(t)).toEqual(['call_2_final completed', 'call_1_final completed']);
  expect(t.spoken).toEqual(['Looking.', 'Both are here.']);
});

test('S8.5 what else of the batch wants a reply is told by the old agent, then the switch follows', async () => {
  const next = new Agent({ name: 'next', instructions: 'n', onEnter: () => void next.session.say('Next here.') });
  const tools = [
    tool({ name: 'move', parameters: none, execute: () => handoff(next) }),
    tool({ name: 'look', parameters: none, execute: () => 'It is open' }),
  ];
  const t = await startTestSession([call('move', 'look'), 'It is open.'], {
    agent: new Agent({ name: 'old', instructions: 'o' }),
    tools,
  });
  await say(t, 'Go');
  expect(t.spoken).toEqual(['It is open.', 'Next here.']);
  expect(t.events.flatMap((event) => (event.type === 'agent_changed' ? [event.agent] : []))).toEqual(['old', 'next']);
});

test('S8.5 the switch follows even if the telling was cut', async () => {
  const next = new Agent({ name: 'next', instructions: 'n' });
  const tools = [
    tool({ name: 'move', parameters: none, execute: () => handoff(next, { returns: 'Putting you through' }) }),
  ];
  const t = await startTestSession(
    [call('move'), { text: 'I am putting you through to them now.', wordDelayMs: 100 }, 'Yes?'],
    { tools },
  );
  void t.session.sendMessage('Go');
  await t.clock.advance(250);
  void t.session.sendMessage('Hello?');
  await t.clock.advance(500);
  expect(t.session.currentAgent).toBe(next);
  expect(t.spoken.at(-1)).toBe('Yes?');
  expect(t.spoken[0]).toMatch(/^I am .*—$/);
});

test('S8.2 what is being said ends, or is cut on request', async () => {
  const steps = [{ text: 'One two three four five.', wordDelayMs: 100 }];
  for (const cut of [false, true]) {
    const next = new Agent({ name: 'next', instructions: 'n' });
    const t = await startTestSession(steps);
    void t.session.sendMessage('Go');
    await t.clock.advance(250);
    await drive(t.clock, t.session.updateAgent(next, { cut }));
    expect(t.spoken).toEqual([cut ? 'One two three—' : 'One two three four five.']);
    expect(t.session.currentAgent).toBe(next);
  }
});

test('S8.6 a toolset that is added at run time is set up once and closed once, with the session', async () => {
  const log: string[] = [];
  const made = (id: string) =>
    new Toolset({
      id,
      tools: [tool({ name: `use_${id}`, parameters: none, execute: () => id })],
      setup: () => void log.push(`up ${id}`),
      close: () => void log.push(`down ${id}`),
    });
  const [a, b] = [made('a'), made('b')];
  const t = await startTestSession([call('use_b'), 'B it is.'], { tools: [a] });
  await t.session.updateTools([a, b]);
  await t.session.updateTools([b, a]);
  expect(log).toEqual(['up a', 'up b']);
  await say(t, 'Go');
  expect(t.spoken).toEqual(['B it is.']);
  await t.session.updateTools([b]);
  await t.clock.settle();
  expect(log).toEqual(['up a', 'up b', 'down a']);
  await t.session.close();
  expect(log).toEqual(['up a', 'up b', 'down a', 'down b']);
});

test('S8.8 an agent that starts empty has the untold records of the session’s tasks, whatever tools it declares, and tells them', async () => {
  const { tool: search, end } = background('search');
  const next = new Agent({ name: 'next', instructions: 'n', chatCtx: 'empty' });
  const t = await startTestSession([call('search'), 'Searching.', 'Found.'], {
    agent: new Agent({ instructions: 'f', tools: [search] }),
  });
  await say(t, 'Search');
  t.session.userStartedSpeaking();
  end.resolve('found it');
  await t.clock.settle();
  await drive(t.clock, t.session.updateAgent(next));
  t.session.userStoppedSpeaking();
  await t.clock.advance(100);
  expect(t.spoken).toEqual(['Searching.', 'Found.']);
  expect([...t.session.contextOf(next)].map((item) => item.kind)).toEqual(['record', 'message']);
  expect(JSON.stringify(t.model.prompts.at(-1))).toContain('found it');
  expect(receipts(t)).toEqual(['call_1_final completed']);
});

test('S8.8 an AgentTask starts empty, or inherits, or has what it is given; the history holds every item once', async () => {
  const given = new ChatContext().withMessage('user', 'I was told before');
  const made = (chatCtx?: 'inherit' | ChatContext) => {
    const task: AgentTask = new AgentTask({
      name: 'task',
      instructions: 't',
      ...(chatCtx ? { chatCtx } : {}),
      onEnter: async () => {
        await task.session.generateReply().waitForPlayout();
        task.complete('done');
      },
    });
    return task;
  };
  const t = await startTestSession(['Hello.', 'One.', 'Two.', 'Three.']);
  await say(t, 'Hi');
  for (const task of [made(), made('inherit'), made(given)]) await drive(t.clock, task.run(t.session));
  const prompts = t.model.prompts.slice(1).map((prompt) => JSON.stringify(prompt));
  expect(prompts.map((prompt) => prompt.includes('"Hi"'))).toEqual([false, true, false]);
  expect(prompts.map((prompt) => prompt.includes('I was told before'))).toEqual([false, false, true]);
  const ids = [...t.session.history].map((item) => item.id);
  expect(new Set(ids).size).toBe(ids.length);
  const parent = t.session.currentAgent;
  const words = parent
    ? [...t.session.contextOf(parent)].map((item) => (item.kind === 'message' ? messageText(item) : ''))
    : [];
  expect(words).toEqual(['Hi', 'Hello.', 'One.', 'Two.', 'Three.']);
});

test('S10.2 a run ends when leases are back', async () => {
  const held = byHand();
  const hold = tool({
    name: 'hold',
    parameters: none,
    execute: async (_args, { ctx }) => {
      await ctx.update('began');
      await ctx.foreground(() => held.promise);
      await new Promise(() => undefined);
    },
  });
  const t = await startTestSession([call('hold'), 'Began.'], { tools: [hold] });
  let isOver = false;
  const run = t.session.run({ userInput: 'Go' }).finally(() => (isOver = true));
  await t.clock.advance(5000);
  expect(t.session.floor).toEqual({ callId: 'call_1' });
  expect(isOver).toBe(false);
  held.resolve();
  await drive(t.clock, run);
  expect(t.session.floor).toBe('nobody');
});

test('S10.2 without input it resolves with what happens by itself', async () => {
  const agent: Agent = new Agent({ instructions: 'x', onEnter: () => void agent.session.say('Welcome.') });
  const t = await startTestSession([], { agent });
  const run = await drive(t.clock, t.session.run());
  expect(t.spoken).toEqual(['Welcome.']);
  expect(run.errors).toEqual([]);
});
