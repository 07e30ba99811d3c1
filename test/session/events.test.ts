import {
  Agent,
  AgentTask,
  AsyncToolset,
  tool,
  ToolError,
  Toolset,
  type SessionEvent,
  type SessionEventName,
} from 'meanwhile';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';

const none = z.object({});
const call = (...names: string[]) => ({ calls: names.map((name) => ({ name, args: {} })) });
const say = (t: TestSession, text: string) => drive(t.clock, t.session.run({ userInput: text }));
const of = <Name extends SessionEventName>(t: TestSession, ...names: Name[]) =>
  t.events.filter((event) => (names as string[]).includes(event.type)) as unknown as SessionEvent<Name>[];

/** Updates once, and ends by the test's hand. */
function background(name: string, options: Partial<Parameters<typeof tool>[0]> = {}) {
  const end = byHand<unknown>();
  const made = tool({
    ...options,
    name,
    parameters: none,
    execute: async (_args, { ctx }) => {
      await ctx.update('Looking');
      return await end.promise;
    },
  });
  return { tool: made, end };
}

describe('states', () => {
  test('S7.1 a task is working, waits for input, and ends as completed, failed or cancelled', async () => {
    const seen: string[] = [];
    const made = (name: string, end: () => unknown) =>
      tool({
        name,
        parameters: none,
        execute: async (_args, { ctx }) => {
          await ctx.update('Looking');
          await ctx.ask({ message: 'Which?' });
          return await end();
        },
      });
    const tools = [
      made('good', () => 'found'),
      made('bad', () => {
        throw new ToolError('no');
      }),
      made('gone', () => byHand().promise),
    ];
    const t = await startTestSession(
      [call('good', 'bad', 'gone'), 'Looking.', 'Which?', 'Which?', 'Which?', 'All told.', ''],
      { tools },
    );
    t.session.on('*', (event) => {
      if (event.type !== 'task_started' && event.type !== 'task_updated' && event.type !== 'task_ended') return;
      seen.push(`${event.toolName} ${String(t.session.tasks.get(event.callId)?.state)}`);
    });
    await say(t, 'Go');
    for (const callId of ['call_1', 'call_2', 'call_3']) await t.session.tasks.answer(callId, 'accept');
    void t.session.tasks.cancel('call_3');
    await t.clock.settle();
    const statesOf = (name: string) =>
      seen.flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1)] : []));
    expect(statesOf('good')).toEqual(['working', 'working', 'input_required', 'working', 'completed']);
    expect(statesOf('bad')).toEqual(['working', 'working', 'input_required', 'working', 'failed']);
    expect(statesOf('gone')).toEqual(['working', 'working', 'input_required', 'working', 'cancelled']);
  });
});

describe('what is told', () => {
  test('S7.2 the life of a task and of its deliveries, with ids and the session’s time', async () => {
    const { tool: look, end } = background('look');
    const t = await startTestSession([call('look'), 'I look.', 'It is found.'], { tools: [look] });
    await say(t, 'Go');
    const startAt = t.clock.now();
    await t.clock.advance(1000);
    end.resolve('found');
    await t.clock.advance(100);
    const told = of(t, 'task_started', 'task_updated', 'task_ended', 'delivery_scheduled', 'delivery_ended');
    const speech = of(t, 'speech_created').map(({ speechId }) => speechId);
    expect(told).toEqual([
      {
        type: 'task_started',
        at: startAt,
        callId: 'call_1',
        toolName: 'look',
        input: {},
        owner: 'session',
        speechId: speech[0],
      },
      {
        type: 'task_updated',
        at: startAt,
        callId: 'call_1',
        toolName: 'look',
        recordId: 'call_1',
        text: expect.stringContaining('Looking') as string,
        message: 'Looking',
      },
      { type: 'task_ended', at: startAt + 1000, callId: 'call_1', toolName: 'look', state: 'completed', text: 'found' },
      { type: 'delivery_scheduled', at: startAt + 1000, id: 'call_1_final', callId: 'call_1' },
      { type: 'delivery_ended', at: startAt + 1050, id: 'call_1_final', callId: 'call_1', receipt: 'completed' },
    ]);
  });

  test('S7.2 a question, its answer, and progress that is for observers only', async () => {
    const look = tool({
      name: 'look',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.ask({ message: 'Which one?' });
        await ctx.update({ progress: 1, total: 2, data: { step: 'a' } });
        await ctx.update({ progress: 2, total: 2, message: 'Nearly done' });
        await byHand().promise;
      },
    });
    const t = await startTestSession([call('look'), 'Which one?', 'Nearly.'], { tools: [look] });
    await say(t, 'Go');
    await t.session.tasks.answer('call_1', 'accept');
    await t.clock.advance(100);
    const told = of(t, 'task_updated').map(({ recordId, message, question, answer, progress, total, data }) => ({
      recordId,
      message,
      question,
      answer,
      progress,
      total,
      data,
    }));
    expect(told).toEqual([
      { recordId: 'call_1', question: 'Which one?' },
      { answer: 'accept' },
      { progress: 1, total: 2, data: { step: 'a' } },
      { recordId: 'call_1_update_1', message: 'Nearly done', progress: 2, total: 2 },
    ]);
  });

  test('S7.2 why a call never became a task', async () => {
    const { tool: look } = background('look', { onDuplicate: 'reject', allowCancellation: true });
    const { tool: join } = background('join', { onDuplicate: 'join' });
    const quick = tool({ name: 'quick', parameters: none, duplicateWindowMs: 60_000, execute: () => 'done' });
    const strict = tool({ name: 'strict', parameters: z.object({ to: z.string() }), execute: () => 'done' });
    const full = background('full', { maxConcurrency: { limit: 1, whenFull: 'reject' }, onDuplicate: 'allow' });
    const first = call('look', 'join', 'quick', 'full');
    const second = {
      calls: [...call('look', 'join', 'quick', 'full', 'nothing', 'strict', 'get_running_tasks').calls],
    };
    const t = await startTestSession([first, 'They run.', second, 'None of it.'], {
      tools: [look, join, quick, strict, full.tool],
    });
    await say(t, 'Go');
    await say(t, 'Again');
    expect(
      of(t, 'call_answered').map(({ callId, toolName, reason, taskId }) => [callId, toolName, reason, taskId]),
    ).toEqual([
      ['call_5', 'look', 'duplicate', undefined],
      ['call_6', 'join', 'joined', 'call_2'],
      ['call_7', 'quick', 'replayed', 'call_3'],
      ['call_8', 'full', 'refused', undefined],
      ['call_9', 'nothing', 'unknown', undefined],
      ['call_10', 'strict', 'invalid', undefined],
      ['call_11', 'get_running_tasks', 'companion', undefined],
    ]);
    expect(of(t, 'task_started').map(({ callId }) => callId)).toEqual(['call_1', 'call_2', 'call_3', 'call_4']);
  });

  test('S7.2 every call gets one of the two, and every delivery that is scheduled ends', async () => {
    const [one, two] = [background('one'), background('two')];
    const t = await startTestSession([call('one', 'two'), 'They run.', 'Found.'], { tools: [one.tool, two.tool] });
    await say(t, 'Go');
    one.end.resolve('found');
    await t.clock.advance(100);
    two.end.resolve('found');
    await t.clock.settle();
    await drive(t.clock, t.session.close());
    const scheduled = of(t, 'delivery_scheduled').map(({ id }) => id);
    expect(scheduled).toEqual(['call_1_final', 'call_2_final']);
    expect(of(t, 'delivery_ended').map(({ id, receipt }) => [id, receipt])).toEqual([
      ['call_1_final', 'completed'],
      ['call_2_final', 'dropped'],
    ]);
  });

  test('S7.2 the conversation: items, speeches, states, agents, the end', async () => {
    const look = tool({ name: 'look', parameters: none, execute: () => 'found' });
    const task = new AgentTask<string>({ name: 'ask', instructions: 'Ask.' });
    const t = await startTestSession([call('look'), 'Found.'], {
      tools: [look],
      agent: new Agent({ name: 'desk', instructions: 'Talk.' }),
    });
    await say(t, 'Go');
    t.session.userStartedSpeaking();
    t.session.userStoppedSpeaking();
    const ran = task.run(t.session);
    await t.clock.settle();
    task.complete('yes');
    await drive(t.clock, ran);
    await drive(t.clock, t.session.updateAgent(new Agent({ name: 'next', instructions: 'Go on.' })));
    t.session.say('Bye.');
    await t.clock.settle();
    await drive(t.clock, t.session.close({ reason: 'over' }));
    expect(of(t, 'agent_changed').map(({ agent, parent }) => [agent, parent !== undefined])).toEqual([
      ['desk', false],
      ['ask', true],
      ['desk', false],
      ['next', false],
    ]);
    expect(of(t, 'item_added').map(({ item }) => item.kind)).toEqual(['message', 'batch', 'message', 'message']);
    expect(of(t, 'speech_created').map(({ kind }) => kind)).toEqual(['reply', 'say']);
    expect(of(t, 'speech_ended').map(({ outcome }) => outcome)).toEqual(['completed', 'completed']);
    expect(of(t, 'user_state_changed').map(({ was, state }) => [was, state])).toEqual([
      ['listening', 'speaking'],
      ['speaking', 'listening'],
    ]);
    expect(of(t, 'agent_state_changed').map(({ state }) => state)).toEqual([
      'listening',
      'thinking',
      'speaking',
      'listening',
      'speaking',
      'listening',
    ]);
    expect(t.events.at(-1)).toMatchObject({ type: 'closed', reason: 'over' });
  });

  test('S7.2 S8.2 in a handoff over an AgentTask the agent under it is not current on the way out', async () => {
    const settled = byHand();
    const task = new AgentTask<string>({ name: 'ask', instructions: 'Ask.', onExit: () => settled.promise });
    const { tool: look, end } = background('look');
    const desk = new Agent({ name: 'desk', instructions: 'Talk.', tools: [look] });
    const t = await startTestSession([call('look'), 'I look.', 'Found.'], { agent: desk, coalesceMs: 0 });
    await say(t, 'Go');
    task.run(t.session).catch(() => undefined);
    await t.clock.settle();
    const switched = t.session.updateAgent(new Agent({ name: 'next', instructions: 'Go on.' }));
    await t.clock.settle();
    end.resolve('found');
    await t.clock.settle();
    settled.resolve();
    await drive(t.clock, switched);
    await t.clock.advance(100);
    expect(of(t, 'agent_changed').map(({ agent }) => agent)).toEqual(['desk', 'ask', 'next']);
    const last = of(t, 'speech_created').at(-1);
    expect(last).toMatchObject({ about: ['call_1_final'], activityId: t.session.currentActivity?.id });
  });

  test('S7.2 what went wrong, and where', async () => {
    class Broken extends Toolset {
      override setup(): Promise<void> {
        return Promise.reject(new Error('setup'));
      }
    }
    const fails = tool({
      name: 'fails',
      parameters: none,
      execute: () => {
        throw new Error('body');
      },
    });
    const words = tool({ name: 'words', parameters: none, execute: (_args, { ctx }) => ctx.update('x') });
    const prompted = new AsyncToolset({
      id: 'kit',
      tools: [words],
      prompts: {
        update: () => {
          throw new Error('template');
        },
      },
    });
    const agent = new Agent({
      instructions: 'Talk.',
      onEnter: () => {
        throw new Error('hook');
      },
    });
    const steps = [call('fails', 'words'), 'It failed.', { error: new Error('model') }];
    const t = await startTestSession(steps, {
      agent,
      tools: [fails, prompted, new Broken({ id: 'broken', tools: [] })],
      maxRetries: 0,
    });
    await say(t, 'Go');
    await say(t, 'Again');
    expect(of(t, 'error').map(({ source, error, callId }) => [source, (error as Error).message, callId])).toEqual([
      ['toolset', 'setup', undefined],
      ['hook', 'hook', undefined],
      ['tool', 'body', 'call_1'],
      ['prompt', 'template', undefined],
      ['model', 'model', undefined],
    ]);
  });
});

describe('when it is told', () => {
  test('S7.2 after the state that it reports can be read', async () => {
    const { tool: look, end } = background('look');
    const t = await startTestSession([call('look'), 'I look.', 'It is found.'], { tools: [look] });
    const wrong: string[] = [];
    const check = (holds: boolean, what: string) => void (holds || wrong.push(what));
    const { session } = t;
    session.on('task_started', ({ callId }) => check(session.tasks.get(callId)?.state === 'working', 'started'));
    session.on('task_updated', ({ callId, message }) =>
      check(session.tasks.get(callId)?.message === message, 'updated'),
    );
    session.on('task_ended', ({ callId, state }) => check(session.tasks.get(callId)?.state === state, 'ended'));
    session.on('item_added', ({ item }) => check(session.history.at(-1) === item, 'item'));
    session.on('agent_state_changed', ({ state }) => check(session.agentState === state, 'agent state'));
    session.on('user_state_changed', ({ state }) => check(session.userState === state, 'user state'));
    session.on('agent_changed', ({ agent }) => check(session.currentAgent?.name === agent, 'agent'));
    await say(t, 'Go');
    session.userStartedSpeaking();
    session.userStoppedSpeaking();
    end.resolve('found');
    await t.clock.advance(100);
    const task = new AgentTask<string>({ name: 'ask', instructions: 'Ask.' });
    const ran = task.run(session);
    await t.clock.settle();
    task.complete('yes');
    await drive(t.clock, ran);
    await drive(t.clock, session.updateAgent(new Agent({ name: 'next', instructions: 'Go on.' })));
    expect(wrong).toEqual([]);
    expect(of(t, 'agent_changed').map(({ agent }) => agent)).toEqual(['travel', 'ask', 'travel', 'next']);
  });

  test('S7.2 to all listeners in one order, also where one sets off another event', async () => {
    const t = await startTestSession([]);
    const orders: [string[], string[]] = [[], []];
    const listen = (order: string[]) =>
      t.session.on('*', (event) => event.type.endsWith('state_changed') && order.push(event.type));
    listen(orders[0]);
    t.session.on('agent_state_changed', () => t.session.userStartedSpeaking());
    listen(orders[1]);
    t.session.say('Hello.');
    await t.clock.settle();
    expect(orders[0][0]).toBe('agent_state_changed');
    expect(orders[0]).toContain('user_state_changed');
    expect(orders[1]).toEqual(orders[0]);
  });

  test('S7.2 S8.7 and nothing after the end', async () => {
    const t = await startTestSession([]);
    t.session.say('Hello.');
    await drive(t.clock, t.session.close());
    await t.clock.settle();
    t.session.userStartedSpeaking();
    t.session.userStoppedSpeaking();
    await t.clock.settle();
    expect(t.events.at(-1)?.type).toBe('closed');
  });
});

describe('listeners', () => {
  test('S7.2 one that throws, or rejects, harms nobody and is logged', async () => {
    const look = tool({ name: 'look', parameters: none, execute: () => 'found' });
    const t = await startTestSession([call('look'), 'Found.'], { tools: [look] });
    const seen: string[] = [];
    t.session.on('*', () => {
      throw new Error('at once');
    });
    // oxlint-disable-next-line no-misused-promises -- what a careless application does
    t.session.on('task_ended', async () => await Promise.reject(new Error('later')));
    t.session.on('*', (event) => seen.push(event.type));
    await say(t, 'Go');
    expect(t.spoken).toEqual(['Found.']);
    expect(seen).toContain('task_ended');
    expect(t.log.some((line) => line.includes('at once'))).toBe(true);
    expect(t.log.filter((line) => line.includes('later'))).toHaveLength(1);
  });

  test('S7.2 nobody can change the outcome: what they are given is frozen', async () => {
    const look = tool({ name: 'look', parameters: z.object({ to: z.string() }), execute: ({ to }) => `found ${to}` });
    const t = await startTestSession([{ calls: [{ name: 'look', args: { to: 'Rome' } }] }, 'Found.'], {
      tools: [look],
    });
    t.session.on('*', (event) => {
      Object.assign(event, { state: 'failed' });
    });
    t.session.on('task_started', (event) => Object.assign(event.input, { to: 'Oslo' }));
    t.session.on('item_added', ({ item }) => Object.assign(item, { at: 0 }));
    t.session.on(
      'item_added',
      ({ item }) => item.kind === 'batch' && Object.assign(item.calls[0]?.output ?? {}, { text: 'changed' }),
    );
    await say(t, 'Go');
    expect(of(t, 'task_ended')[0]?.state).toBe('completed');
    expect(of(t, 'task_started')[0]?.input).toEqual({ to: 'Rome' });
    expect(t.session.history.at(1)).toMatchObject({
      calls: [{ input: { to: 'Rome' }, output: { text: 'found Rome' } }],
    });
    expect(t.session.history.at(-1)?.at).toBe(t.clock.now());
  });

  test('S7.2 what one does is not taken for the doing of the tool it heard of', async () => {
    const works = byHand<string>();
    const look = tool({
      name: 'look',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update({ progress: 1 });
        return await works.promise;
      },
    });
    const t = await startTestSession([call('look'), 'Found.'], { tools: [look] });
    let idle = false;
    t.session.on('task_updated', () => void t.session.waitForIdle().then(() => (idle = true)));
    await t.session.sendMessage('Go');
    await t.clock.advance(1000);
    expect(idle).toBe(false);
    works.resolve('found');
    await t.clock.settle();
    expect(idle).toBe(true);
  });

  test('S7.2 one function may listen twice, and stops where it says so', async () => {
    const t = await startTestSession([]);
    const seen: string[] = [];
    const listener = (event: SessionEvent) => void seen.push(event.type);
    const stop = [t.session.on('user_state_changed', listener), t.session.on('user_state_changed', listener)];
    t.session.userStartedSpeaking();
    stop[0]?.();
    t.session.userStoppedSpeaking();
    stop[1]?.();
    t.session.userStartedSpeaking();
    expect(seen).toHaveLength(3);
  });

  test('S2.3 S7.2 what a body does to its arguments, or the application to what it sent, changes no record', async () => {
    const parameters = { type: 'object', properties: { to: { type: 'object' } } } as const;
    const look = tool({
      name: 'look',
      parameters,
      execute: async (args, { ctx }) => {
        Object.assign(args, { from: 'Oslo' });
        Object.assign((args as { to: object }).to, { city: 'Oslo' });
        await ctx.update('Looking');
      },
    });
    const t = await startTestSession([{ calls: [{ name: 'look', args: { to: { city: 'Rome' } } }] }, 'I look.'], {
      tools: [look],
    });
    const parts = [{ type: 'text' as const, text: 'Go' }];
    await t.session.sendMessage(parts);
    Object.assign(parts[0] ?? {}, { text: 'Stop' });
    await t.clock.settle();
    expect(of(t, 'task_started')[0]?.input).toEqual({ to: { city: 'Rome' } });
    expect(t.session.history.at(0)).toMatchObject({ parts: [{ text: 'Go' }] });
    const batch = [...t.session.history].find((item) => item.kind === 'batch');
    expect(batch).toMatchObject({ calls: [{ input: { to: { city: 'Rome' } } }] });
    expect(of(t, 'task_ended')[0]?.state).toBe('completed');
  });
});
