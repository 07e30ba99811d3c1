import {
  ActivityEndedError,
  Agent,
  AgentTask,
  AsyncToolset,
  handoff,
  messageText,
  SessionClosedError,
  tool,
  ToolError,
  Toolset,
} from 'meanwhile';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';

const none = z.object({});

function texts(t: TestSession, agent: Agent): string[] {
  return [...t.session.contextOf(agent)].map((item) =>
    item.kind === 'message'
      ? `${item.role}: ${messageText(item)}`
      : item.kind === 'batch'
        ? item.calls.map((call) => call.callId).join('+')
        : item.id,
  );
}

function receipts(t: TestSession): string[] {
  return t.events.flatMap((event) => (event.type === 'delivery_ended' ? [`${event.id} ${event.receipt}`] : []));
}

/** A tool that updates once and ends by the test's hand. */
function background(name: string, options: Partial<Parameters<typeof tool>[0]> = {}) {
  const end = byHand<unknown>();
  const made = tool({
    ...options,
    name,
    parameters: none,
    execute: async (_args, { ctx }) => {
      await ctx.update(`${name} began`);
      return await end.promise;
    },
  });
  return { tool: made, end };
}

async function say(t: TestSession, text: string): Promise<void> {
  await drive(t.clock, t.session.run({ userInput: text }));
}

const call = (name: string, args: object = {}) => ({ calls: [{ name, args }] });

describe('handoff', () => {
  test('S8.2 S8.5 returns is told by the old agent, then the switch follows, and onEnter of the new one begins', async () => {
    const order: string[] = [];
    const billing = new Agent({
      name: 'billing',
      instructions: 'You bill.',
      onEnter: () => void order.push('enter billing'),
    });
    const desk = new Agent({
      name: 'desk',
      instructions: 'You are the desk.',
      tools: [
        tool({
          name: 'to_billing',
          parameters: none,
          execute: () => handoff(billing, { returns: 'Putting you through.' }),
        }),
      ],
      onExit: () => void order.push('exit desk'),
    });
    const t = await startTestSession([call('to_billing'), 'I am putting you through.', 'Billing here.'], {
      agent: desk,
    });
    await say(t, 'Billing please');
    expect(t.session.currentAgent).toBe(billing);
    expect(order).toEqual(['exit desk', 'enter billing']);
    expect(texts(t, billing)).toEqual(['user: Billing please', 'call_1', 'assistant: I am putting you through.']);
    await say(t, 'Hello?');
    expect(t.spoken).toEqual(['I am putting you through.', 'Billing here.']);
  });

  test('S8.5 after an update, returns is a delivery and the switch stands right behind it', async () => {
    const book = byHand();
    const billing = new Agent({ name: 'billing', instructions: 'You bill.' });
    const move = tool({
      name: 'move',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('Looking for somebody');
        await book.promise;
        return handoff(billing, { returns: 'Found Anna' });
      },
    });
    const t = await startTestSession([call('move'), 'I am looking.', 'I found Anna.'], { tools: [move] });
    await say(t, 'A human please');
    book.resolve();
    await t.clock.advance(100);
    expect(t.spoken).toEqual(['I am looking.', 'I found Anna.']);
    expect(t.session.currentAgent).toBe(billing);
    expect(receipts(t)).toEqual(['call_1_final completed']);
  });

  test('S8.5 of two handoffs in one batch the first in the order of the model wins, the other gets an error', async () => {
    const [one, two] = [new Agent({ name: 'one', instructions: '1' }), new Agent({ name: 'two', instructions: '2' })];
    const slow = byHand();
    const tools = [
      tool({ name: 'to_one', parameters: none, execute: async () => (await slow.promise, handoff(one)) }),
      tool({ name: 'to_two', parameters: none, execute: () => handoff(two) }),
    ];
    const t = await startTestSession(
      [
        {
          calls: [
            { name: 'to_one', args: {} },
            { name: 'to_two', args: {} },
          ],
        },
        'One it is.',
      ],
      { tools },
    );
    const run = t.session.run({ userInput: 'Go' });
    await t.clock.settle();
    slow.resolve();
    await drive(t.clock, run);
    expect(t.session.currentAgent).toBe(one);
    const batch = [...t.session.history].find((item) => item.kind === 'batch');
    expect(batch?.calls.map((each) => each.output.type)).toEqual(['text', 'error']);
  });

  test('S8.5 the same agent twice is no conflict', async () => {
    const one = new Agent({ name: 'one', instructions: '1' });
    const tools = ['a', 'b'].map((name) => tool({ name, parameters: none, execute: () => handoff(one) }));
    const t = await startTestSession(
      [
        {
          calls: [
            { name: 'a', args: {} },
            { name: 'b', args: {} },
          ],
        },
      ],
      { tools },
    );
    await say(t, 'Go');
    expect(t.session.currentAgent).toBe(one);
    const batch = [...t.session.history].find((item) => item.kind === 'batch');
    expect(batch?.calls.map((each) => each.output)).toEqual([
      { type: 'text', text: '' },
      { type: 'text', text: '' },
    ]);
  });

  test('S8.5 a handoff by a task whose agent has left does not happen; returns is delivered with the reason', async () => {
    const end = byHand();
    const [late, other] = [
      new Agent({ name: 'late', instructions: 'l' }),
      new Agent({ name: 'other', instructions: 'o' }),
    ];
    const move = tool({
      name: 'move',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('Looking');
        await end.promise;
        return handoff(late, { returns: 'Here is Anna' });
      },
    });
    const t = await startTestSession([call('move'), 'Looking.', 'Anna is there but I stay.'], {
      agent: new Agent({ instructions: 'x', tools: [move] }),
    });
    await say(t, 'Go');
    await drive(t.clock, t.session.updateAgent(other));
    end.resolve();
    await t.clock.advance(100);
    expect(t.session.currentAgent).toBe(other);
    const final = [...t.session.contextOf(other)].at(-2);
    expect(final).toMatchObject({ kind: 'record', id: 'call_1_final' });
    expect(final?.kind === 'record' && final.output.text).toMatch(/^Here is Anna\n.*late/s);
  });

  test('S8.5 an agent inside another value is an error and is never serialised', async () => {
    const secret = new Agent({ name: 'secret', instructions: 'THE SECRET' });
    const bad = tool({ name: 'bad', parameters: none, execute: () => ({ next: secret }) });
    const t = await startTestSession([call('bad'), 'Sorry.'], { tools: [bad] });
    await say(t, 'Go');
    expect(JSON.stringify([...t.session.history])).not.toContain('THE SECRET');
    expect(t.session.currentAgent?.name).toBe('travel');
  });

  test('S8.3 tasks of the agent move to the session and are told by the next one', async () => {
    const { tool: search, end } = background('search');
    const next = new Agent({ name: 'next', instructions: 'n' });
    const t = await startTestSession([call('search'), 'Searching.', 'Found it.'], {
      agent: new Agent({ name: 'first', instructions: 'f', tools: [search] }),
    });
    await say(t, 'Search');
    await drive(t.clock, t.session.updateAgent(next));
    end.resolve('found');
    await t.clock.advance(100);
    expect(t.spoken).toEqual(['Searching.', 'Found it.']);
    expect(texts(t, next)).toEqual([
      'user: Search',
      'call_1',
      'assistant: Searching.',
      'call_1_final',
      'assistant: Found it.',
    ]);
    expect(receipts(t)).toEqual(['call_1_final completed']);
  });

  test('S8.3 S5.6 what a call of onExit gives after closeTimeoutMs is told by the next agent', async () => {
    const end = byHand<string>();
    class Desk extends Agent {
      override onExit(): void {
        this.session?.generateReply({ instructions: 'Note it down.' });
      }
    }
    const tools = [tool({ name: 'note', parameters: none, execute: () => end.promise })];
    const t = await startTestSession([call('note'), 'It is noted.'], {
      agent: new Desk({ instructions: 'Desk.', tools }),
      closeTimeoutMs: 1000,
    });
    void t.session.updateAgent(new Agent({ name: 'billing', instructions: 'Billing.' }));
    await t.clock.advance(1500);
    expect(t.session.currentAgent?.name).toBe('billing');
    end.resolve('noted');
    await t.clock.advance(100);
    expect(t.spoken).toEqual(['It is noted.']);
    expect(receipts(t)).toEqual(['call_1_final completed']);
  });

  test('S8.3 onHandoff cancel: cancelled, the record being delivered to the next agent', async () => {
    const { tool: search } = background('search', { onHandoff: 'cancel' });
    const next = new Agent({ name: 'next', instructions: 'n' });
    const t = await startTestSession([call('search'), 'Searching.', 'It was stopped.'], {
      agent: new Agent({ instructions: 'f', tools: [search] }),
    });
    await say(t, 'Search');
    await drive(t.clock, t.session.updateAgent(next));
    await t.clock.advance(100);
    expect(t.events).toContainEqual(expect.objectContaining({ type: 'task_ended', state: 'cancelled' }));
    expect(t.spoken).toEqual(['Searching.', 'It was stopped.']);
  });

  test('S8.3 onHandoff wait: waited for at most closeTimeoutMs, then it moves', async () => {
    const { tool: search, end } = background('search', { onHandoff: 'wait' });
    const next = new Agent({ name: 'next', instructions: 'n' });
    const t = await startTestSession([call('search'), 'Searching.', 'Found.'], {
      agent: new Agent({ instructions: 'f', tools: [search] }),
      closeTimeoutMs: 3000,
    });
    await say(t, 'Search');
    const switched = t.session.updateAgent(next);
    await t.clock.advance(2900);
    expect(t.session.currentAgent).toBeUndefined();
    await t.clock.advance(200);
    await switched;
    expect(t.session.currentAgent).toBe(next);
    end.resolve('found');
    await t.clock.advance(100);
    expect(receipts(t)).toEqual(['call_1_final completed']);
  });

  test('S8.2 input that comes between two agents is answered by the new one', async () => {
    const exit = byHand();
    const first = new Agent({ name: 'first', instructions: 'f', onExit: () => exit.promise });
    const next = new Agent({ name: 'next', instructions: 'n' });
    const t = await startTestSession(['Hello from next.'], { agent: first });
    const switched = t.session.updateAgent(next);
    await t.clock.settle();
    const run = t.session.run({ userInput: 'Anybody there?' });
    await t.clock.settle();
    expect(t.model.calls).toHaveLength(0);
    exit.resolve();
    await switched;
    await drive(t.clock, run);
    expect(t.spoken).toEqual(['Hello from next.']);
    expect(texts(t, next)).toEqual(['user: Anybody there?', 'assistant: Hello from next.']);
  });

  test('S8.2 onExit is bounded by closeTimeoutMs', async () => {
    const next = new Agent({ name: 'next', instructions: 'n' });
    const t = await startTestSession([], {
      agent: new Agent({ instructions: 'f', onExit: () => new Promise<void>(() => undefined) }),
    });
    const switched = t.session.updateAgent(next);
    await t.clock.advance(4999);
    expect(t.session.currentAgent).toBeUndefined();
    await t.clock.advance(1);
    await switched;
    expect(t.session.currentAgent).toBe(next);
  });

  test('S8.2 S8.3 a blocking call goes to the background when its agent is left, and its result is told by the next', async () => {
    const end = byHand<string>();
    const slow = tool({ name: 'slow', parameters: none, execute: () => end.promise });
    const next = new Agent({ name: 'next', instructions: 'n' });
    const t = await startTestSession([call('slow'), 'The result is in.'], {
      agent: new Agent({ instructions: 'f', tools: [slow] }),
    });
    void t.session.sendMessage('Go');
    await t.clock.settle();
    await drive(t.clock, t.session.updateAgent(next));
    end.resolve('42');
    await t.clock.advance(100);
    expect(t.spoken).toEqual(['The result is in.']);
  });
});

describe('AgentTask', () => {
  const askEmail = (options: object = {}) => {
    const task: AgentTask<string> = new AgentTask<string>({
      name: 'ask_email',
      instructions: 'Ask for the e-mail address.',
      tools: [
        tool({
          name: 'give',
          parameters: z.object({ email: z.string() }),
          execute: ({ email }) => task.complete(email),
        }),
      ],
      onEnter: () => void task.session.generateReply({ instructions: 'Ask for it.' }),
      ...options,
    });
    return task;
  };

  test('S8.4 it pauses its parent, talks, and its result comes back when the parent is current again', async () => {
    const task = askEmail();
    const signUp = tool({ name: 'sign_up', parameters: none, execute: async () => `Signed up ${await task.run()}` });
    const parent = new Agent({ name: 'parent', instructions: 'p', tools: [signUp] });
    const t = await startTestSession(
      [call('sign_up'), 'What is your e-mail?', call('give', { email: 'a@b.c' }), 'You are signed up.'],
      { agent: parent },
    );
    await say(t, 'Sign me up');
    expect(t.session.currentAgent).toBe(task);
    expect(t.spoken).toEqual(['What is your e-mail?']);
    await say(t, 'a@b.c');
    expect(t.session.currentAgent).toBe(parent);
    expect(t.spoken).toEqual(['What is your e-mail?', 'You are signed up.']);
    expect(texts(t, parent)).toEqual([
      'user: Sign me up',
      'assistant: What is your e-mail?',
      'user: a@b.c',
      'call_1',
      'assistant: You are signed up.',
    ]);
  });

  test('S8.4 what the user says to it does not interrupt the paused turn', async () => {
    const task = askEmail();
    let aborted = false;
    const signUp = tool({
      name: 'sign_up',
      parameters: none,
      onInterrupt: 'abort',
      execute: async (_args, { abortSignal }) => {
        abortSignal.addEventListener('abort', () => (aborted = true));
        return await task.run();
      },
    });
    const t = await startTestSession(
      [call('sign_up'), 'E-mail?', 'Sorry?', call('give', { email: 'a@b.c' }), 'Done.'],
      { tools: [signUp] },
    );
    await say(t, 'Sign me up');
    await say(t, 'Hm');
    await say(t, 'a@b.c');
    expect(aborted).toBe(false);
    expect(t.spoken).toEqual(['E-mail?', 'Sorry?', 'Done.']);
  });

  test('S8.4 results of the parent wait for its end, its own are told', async () => {
    const { tool: search, end } = background('search');
    const own = background('look_up');
    const task = askEmail({ tools: [own.tool] });
    const parent = new Agent({ name: 'parent', instructions: 'p', tools: [search] });
    const t = await startTestSession(
      [call('search'), 'Searching.', 'E-mail?', call('look_up'), 'Looking.', 'Looked up.', 'Found.'],
      { agent: parent },
    );
    await say(t, 'Search');
    const ran = task.run(t.session);
    await t.clock.advance(0);
    end.resolve('found');
    await t.clock.advance(200);
    expect(t.spoken).toEqual(['Searching.', 'E-mail?']);
    await say(t, 'Look it up');
    own.end.resolve('x');
    await t.clock.advance(200);
    expect(t.spoken.at(-1)).toBe('Looked up.');
    task.complete('a@b.c');
    await t.clock.advance(200);
    expect(await ran).toBe('a@b.c');
    expect(t.spoken.at(-1)).toBe('Found.');
  });

  test.each([
    ['deliver interrupt', { deliver: 'interrupt' as const }, 49],
    ['past maxHoldMs', { maxHoldMs: 5000 }, 4999],
  ])('S8.4 a result of the parent is told by it all the same: %s', async (_name, options, untoldForMs) => {
    const { tool: search, end } = background('search', options);
    const task = askEmail();
    const t = await startTestSession([call('search'), 'Searching.', 'E-mail?', 'Found it.'], {
      agent: new Agent({ name: 'parent', instructions: 'p', tools: [search] }),
    });
    await say(t, 'Search');
    void task.run(t.session).catch(() => undefined);
    await t.clock.advance(0);
    end.resolve('found');
    await t.clock.advance(untoldForMs);
    expect(t.spoken).toHaveLength(2);
    await t.clock.advance(1);
    expect(t.spoken.at(-1)).toBe('Found it.');
    expect(texts(t, task)).toContain('call_1_final');
  });

  test('S8.4 tellsDeliveries: it tells what is the session’s', async () => {
    const { tool: search, end } = background('search');
    const task = askEmail({ tellsDeliveries: true });
    const t = await startTestSession([call('search'), 'Searching.', 'E-mail?', 'Found it.'], { tools: [search] });
    await say(t, 'Search');
    void task.run(t.session).catch(() => undefined);
    await t.clock.advance(0);
    end.resolve('found');
    await t.clock.advance(100);
    expect(t.spoken.at(-1)).toBe('Found it.');
  });

  test('S8.4 AgentTasks of one activity run one after another', async () => {
    const [one, two] = [askEmail({ name: 'one' }), askEmail({ name: 'two' })];
    const t = await startTestSession(['One?', 'Two?']);
    const ran = Promise.all([one.run(t.session), two.run(t.session)]);
    await t.clock.advance(0);
    expect(t.session.currentAgent).toBe(one);
    one.complete('1');
    await t.clock.advance(0);
    expect(t.session.currentAgent).toBe(two);
    two.complete('2');
    await t.clock.advance(0);
    expect(await ran).toEqual(['1', '2']);
  });

  test('S8.4 a handoff while it runs ends the stack, innermost first, and rejects each awaiter', async () => {
    const order: string[] = [];
    const inner = askEmail({ name: 'inner', onExit: () => void order.push('inner') });
    const outer = askEmail({ name: 'outer', onExit: () => void order.push('outer') });
    const next = new Agent({ name: 'next', instructions: 'n' });
    const t = await startTestSession(['Outer?', 'Inner?'], {
      agent: new Agent({ instructions: 'p', onExit: () => void order.push('parent') }),
    });
    const outerRan = outer.run(t.session);
    await t.clock.advance(0);
    const innerRan = inner.run(t.session);
    await t.clock.advance(0);
    const switched = t.session.updateAgent(next);
    await expect(innerRan).rejects.toThrow(ActivityEndedError);
    await expect(outerRan).rejects.toThrow(ActivityEndedError);
    await switched;
    expect(order).toEqual(['inner', 'outer', 'parent']);
    expect(t.session.currentAgent).toBe(next);
  });

  test('S8.4 one asked for while its activity is handed over is refused with a ToolError', async () => {
    const end = byHand();
    const exit = byHand();
    const refused = byHand<unknown>();
    const ask = tool({
      name: 'ask',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('began');
        await end.promise;
        await askEmail().run().catch(refused.resolve);
      },
    });
    const t = await startTestSession([call('ask'), 'Began.'], {
      agent: new Agent({ instructions: 'p', tools: [ask], onExit: () => exit.promise }),
    });
    await say(t, 'Go');
    void t.session.updateAgent(new Agent({ instructions: 'n' }));
    await t.clock.settle();
    end.resolve();
    expect(await refused.promise).toBeInstanceOf(ToolError);
    exit.resolve();
    await t.clock.advance(0);
  });

  test('S8.9 what was said in it goes to its parent, its calls only with keepToolCalls', async () => {
    for (const keepToolCalls of [false, true]) {
      const task = askEmail({ keepToolCalls });
      const parent = new Agent({ name: 'parent', instructions: 'p' });
      const t = await startTestSession(['E-mail?', call('give', { email: 'a@b.c' })], { agent: parent });
      const ran = task.run(t.session);
      await t.clock.advance(0);
      await say(t, 'a@b.c');
      await ran;
      const said = ['assistant: E-mail?', 'user: a@b.c'];
      expect(texts(t, parent)).toEqual(keepToolCalls ? [...said, 'call_1'] : said);
    }
  });

  test('S8.9 a record of the session’s that it received is in its parent’s context once', async () => {
    const { tool: search, end } = background('search');
    const task = askEmail();
    const parent = new Agent({ name: 'parent', instructions: 'p' });
    const t = await startTestSession([call('search'), 'Searching.', 'E-mail?', 'Found.'], {
      agent: parent,
      tools: [search],
    });
    await say(t, 'Search');
    const ran = task.run(t.session);
    await t.clock.advance(0);
    expect(texts(t, task)[0]).toBe('call_1');
    end.resolve('found');
    await t.clock.advance(100);
    task.complete('x');
    await t.clock.advance(200);
    await ran;
    expect(texts(t, parent).filter((id) => id === 'call_1_final')).toHaveLength(1);
    expect(texts(t, parent).filter((id) => id === 'call_1')).toHaveLength(1);
    expect(t.spoken.at(-1)).toBe('Found.');
  });
});

describe('AgentTask and rest', () => {
  test('S8.4 a paused agent does not speak: its turn goes on when the AgentTask has ended', async () => {
    const ask = new AgentTask<string>({ name: 'ask', instructions: 'x' });
    const find = tool({ name: 'find', autoBackgroundMs: 1000, execute: async () => `Signed up ${await ask.run()}` });
    const t = await startTestSession([call('find'), 'It takes a while.', 'You are signed up.'], { tools: [find] });
    void t.session.sendMessage('Go');
    await t.clock.advance(5000);
    expect(t.session.currentAgent).toBe(ask);
    expect(t.session.tasks.list().map((task) => task.phase)).toEqual(['background']);
    expect(t.spoken).toEqual([]);
    ask.complete('a@b.c');
    await t.clock.advance(1000);
    expect(t.spoken).toEqual(['It takes a while.', 'You are signed up.']);
  });

  test('S10.2 a run does not end between the words of the parent and the AgentTask that its tool has asked for', async () => {
    const ask = new AgentTask<string>({
      name: 'ask',
      instructions: 'x',
      onEnter: () => void ask.session.generateReply({ instructions: 'Ask.' }),
    });
    const find = tool({
      name: 'find',
      execute: async (_args, { ctx }) => {
        await ctx.update('Searching');
        return await ask.run();
      },
    });
    const t = await startTestSession(
      [call('find'), { text: 'I am searching.', wordDelayMs: 40 }, { text: 'Your address?', wordDelayMs: 40 }],
      { tools: [find] },
    );
    await say(t, 'Go');
    expect(t.session.currentAgent).toBe(ask);
    expect(t.spoken).toEqual(['I am searching.', 'Your address?']);
  });
});

describe('contexts', () => {
  test('S8.8 a new agent starts with what was said, with nothing, or with what it is given', async () => {
    const t = await startTestSession(['Hello.']);
    await say(t, 'Hi');
    const inherits = new Agent({ instructions: 'i' });
    await drive(t.clock, t.session.updateAgent(inherits));
    expect(texts(t, inherits)).toEqual(['user: Hi', 'assistant: Hello.']);
    const empty = new Agent({ instructions: 'e', chatCtx: 'empty' });
    await drive(t.clock, t.session.updateAgent(empty));
    expect(texts(t, empty)).toEqual([]);
    const given = new Agent({ instructions: 'g', chatCtx: inherits.chatCtx.withMessage('user', 'Remember me') });
    await drive(t.clock, t.session.updateAgent(given));
    expect(texts(t, given)).toEqual(['user: Remember me']);
    expect([...t.session.history]).toHaveLength(2);
  });

  test('S8.8 what the session recorded while nobody was current is in the next one’s context: a parent’s, or one that starts empty', async () => {
    const between = async (leave: (t: TestSession, exit: Promise<void>) => unknown, agent: Agent) => {
      const [end, exit] = [byHand(), byHand()];
      const work = tool({
        name: 'work',
        parameters: none,
        execute: async (_args, { ctx }) => (await ctx.update('began'), await end.promise),
      });
      const t = await startTestSession([call('work'), 'Began.'], { tools: [work], agent });
      await say(t, 'Go');
      await leave(t, exit.promise);
      await t.clock.settle();
      expect(t.session.currentAgent).toBeUndefined();
      end.resolve();
      await t.clock.settle();
      exit.resolve();
      await t.clock.advance(0);
      return t;
    };
    const parent = new Agent({ name: 'parent', instructions: 'p' });
    const under = await between(async (t, exit) => {
      const task = new AgentTask<string>({ name: 'task', instructions: 't', onExit: () => exit });
      void task.run(t.session);
      await t.clock.advance(0);
      task.complete('a@b.c');
    }, parent);
    expect(under.session.currentAgent).toBe(parent);
    expect(texts(under, parent)).toContain('call_1_final');

    const left = Promise.withResolvers<void>();
    const next = new Agent({ name: 'next', instructions: 'n', chatCtx: 'empty' });
    const first = new Agent({ name: 'first', instructions: 'f', onExit: () => left.promise });
    const after = await between((t, exit) => {
      void exit.then(left.resolve);
      void t.session.updateAgent(next);
    }, first);
    expect(texts(after, next)).toEqual(['call_1_final']);
  });

  test('S8.8 an agent that starts empty has the newest record of each running task of the session', async () => {
    const { tool: search, end } = background('search');
    const t = await startTestSession([call('search'), 'Searching.', 'Found.'], { tools: [search] });
    await say(t, 'Search');
    const empty = new Agent({ instructions: 'e', chatCtx: 'empty' });
    await drive(t.clock, t.session.updateAgent(empty));
    expect(texts(t, empty)).toEqual(['call_1']);
    end.resolve('found');
    await t.clock.advance(100);
    expect(texts(t, empty)).toEqual(['call_1', 'call_1_final', 'assistant: Found.']);
  });
});

describe('toolsets', () => {
  test('S8.1 a task belongs to where its tool was given; of two AsyncToolsets the innermost wins', async () => {
    const made = (name: string) => background(name).tool;
    const inner = new AsyncToolset({
      id: 'inner',
      tools: [made('shared_tool')],
      prompts: { update: 'INNER {message}' },
    });
    const outer = new AsyncToolset({
      id: 'outer',
      tools: [inner, made('outer_tool')],
      prompts: { update: 'OUTER {message}' },
    });
    const calls = ['own_tool', 'shared_tool', 'outer_tool'].map((name) => ({ name, args: {} }));
    const t = await startTestSession([{ calls }, 'Began.'], {
      agent: new Agent({ instructions: 'p', tools: [made('own_tool')] }),
      tools: [outer],
    });
    await say(t, 'Go');
    const owners = t.events.flatMap((event) => (event.type === 'task_started' ? [event.owner] : []));
    expect(owners).toEqual([t.session.currentActivity?.id, 'session', 'session']);
    const batch = [...t.session.history].find((item) => item.kind === 'batch');
    expect(batch?.calls.map((each) => each.output.text).slice(1)).toEqual([
      'INNER shared_tool began',
      'OUTER outer_tool began',
    ]);
  });

  test('S8.6 set up once and closed once, after the last task of their tools; AgentTasks and handoffs do not matter', async () => {
    const log: string[] = [];
    const { tool: search, end } = background('search');
    const own = new Toolset({
      id: 'own',
      tools: [search],
      setup: () => void log.push('own up'),
      close: () => void log.push('own down'),
    });
    const shared = new AsyncToolset({
      id: 'shared',
      setup: () => void log.push('shared up'),
      close: () => void log.push('shared down'),
    });
    const t = await startTestSession([call('search'), 'Searching.', 'Found.'], {
      agent: new Agent({ instructions: 'p', tools: [own] }),
      tools: [shared],
    });
    expect(log).toEqual(['shared up', 'own up']);
    await say(t, 'Search');
    const task = new AgentTask<void>({ instructions: 't' });
    const ran = task.run(t.session);
    await t.clock.advance(0);
    task.complete(undefined);
    await t.clock.advance(0);
    await ran;
    await drive(t.clock, t.session.updateAgent(new Agent({ instructions: 'n' })));
    await t.clock.advance(0);
    expect(log).toEqual(['shared up', 'own up']);
    end.resolve('found');
    await t.clock.advance(100);
    expect(log).toEqual(['shared up', 'own up', 'own down']);
    await drive(t.clock, t.session.close());
    expect(log).toEqual(['shared up', 'own up', 'own down', 'shared down']);
  });

  test('S8.6 a failing setup costs only its own tools', async () => {
    const bad = new Toolset({
      id: 'bad',
      tools: [tool({ name: 'bad', parameters: none, execute: () => 1 })],
      setup: () => {
        throw new Error('no connection');
      },
    });
    const good = tool({ name: 'good', parameters: none, execute: () => 'fine' });
    const t = await startTestSession([call('good'), 'Fine.'], { tools: [bad, good] });
    await say(t, 'Go');
    expect(t.model.calls[0]?.tools?.map((each) => each.name)).toEqual(['good']);
    expect(t.events).toContainEqual(expect.objectContaining({ type: 'error', source: 'toolset' }));
  });

  test('S8.6 removing a running tool’s toolset does not hang and erases nothing', async () => {
    const log: string[] = [];
    const { tool: search, end } = background('search');
    const set = new AsyncToolset({ id: 'set', tools: [search], close: () => void log.push('down') });
    const t = await startTestSession([call('search'), 'Searching.', 'Found.'], { tools: [set] });
    await say(t, 'Search');
    await t.session.updateTools([]);
    expect(log).toEqual([]);
    end.resolve('found');
    await t.clock.advance(100);
    expect(t.spoken).toEqual(['Searching.', 'Found.']);
    expect(log).toEqual(['down']);
    expect(t.model.calls.at(-1)?.tools?.map((each) => each.name)).toEqual(['search']);
  });
});

describe('close', () => {
  test('S8.7 cuts what is said, ends tasks as cancelled whatever their bodies do, drops what is untold; then nothing is written', async () => {
    const { tool: search } = background('search');
    const stubborn = tool({
      name: 'stubborn',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('began');
        await new Promise(() => undefined);
      },
    });
    const t = await startTestSession(
      [
        {
          calls: [
            { name: 'search', args: {} },
            { name: 'stubborn', args: {} },
          ],
        },
        'Began.',
      ],
      { tools: [search, stubborn] },
    );
    await say(t, 'Go');
    const closed = t.session.close();
    await t.clock.advance(2000);
    await closed;
    const ended = t.events.flatMap((event) => (event.type === 'task_ended' ? [event.state] : []));
    expect(ended).toEqual(['cancelled', 'cancelled']);
    expect(t.events.at(-1)?.type).toBe('closed');
    expect(t.records.at(-1)?.type).toBe('session_closed');
    expect(t.clock.pending()).toEqual([]);
  });

  test('S8.7 closeTimeoutMs bounds all of it together', async () => {
    const t = await startTestSession([], {
      agent: new Agent({ instructions: 'p', onExit: () => new Promise<void>(() => undefined) }),
      tools: [new Toolset({ id: 'hangs', close: () => new Promise<void>(() => undefined) })],
    });
    const closed = t.session.close();
    await t.clock.advance(5000);
    await closed;
    expect(t.records.at(-1)?.type).toBe('session_closed');
  });

  test('S8.7 waiters are rejected, AgentTasks end innermost first and onExit runs', async () => {
    const order: string[] = [];
    const task = new AgentTask<void>({ name: 'task', instructions: 't', onExit: () => void order.push('task') });
    const t = await startTestSession([], {
      agent: new Agent({ instructions: 'p', onExit: () => void order.push('parent') }),
    });
    const ran = task.run(t.session);
    await t.clock.advance(0);
    t.session.userStartedSpeaking();
    const idle = t.session.waitForIdle();
    const closed = t.session.close();
    await expect(idle).rejects.toThrow(SessionClosedError);
    await expect(ran).rejects.toThrow(SessionClosedError);
    await closed;
    expect(order).toEqual(['task', 'parent']);
    await expect(t.session.run({ userInput: 'x' })).rejects.toThrow(SessionClosedError);
    expect(() => t.session.say('x')).toThrow(SessionClosedError);
  });

  test('S8.7 a tool that closes the session does not wait for itself', async () => {
    const done = byHand();
    const hangUp = tool({
      name: 'hang_up',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await (ctx.session as unknown as { close(): Promise<void> }).close();
        done.resolve();
      },
    });
    const t = await startTestSession([call('hang_up')], { tools: [hangUp] });
    void t.session.sendMessage('Bye');
    await t.clock.settle();
    await done.promise;
    expect(t.records.at(-1)?.type).toBe('session_closed');
  });

  test('S8.7 what is untold ends as dropped', async () => {
    const { tool: search, end } = background('search');
    const t = await startTestSession([call('search'), 'Searching.'], { tools: [search] });
    await say(t, 'Search');
    t.session.userStartedSpeaking();
    end.resolve('found');
    await t.clock.advance(100);
    await drive(t.clock, t.session.close());
    expect(receipts(t)).toEqual(['call_1_final dropped']);
  });
});
