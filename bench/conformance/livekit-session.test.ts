/** What the adapter reads off a LiveKit session, and what a tool's body may do in one. */
import { initializeLogger, llm, voice } from '@livekit/agents';
import { systemClock, type Clock } from 'meanwhile';
import { attachMeanwhile } from 'meanwhile/adapters/livekit';
import { expect, test, vi } from 'vitest';
import { begin, inHand, open, rest, textsOf, type Body } from './open-session.ts';
import { ScriptedLLM } from './scripted-llm.ts';

initializeLogger({ pretty: false, level: 'silent' });

test('S6.1 the turn of a user who has stopped speaking is open until LiveKit takes it, at most userTurnMs', async () => {
  const { body, end } = inHand();
  const talk = await open({ search: body }, [...begin, ['Three hotels.']]);
  await talk.userSays('Hotels, please.');
  talk.session._updateUserState('speaking');
  end.resolve('3 hotels');
  await rest(5000);
  talk.session._updateUserState('listening');
  await rest(2900);
  expect(talk.model.requests).toHaveLength(2);
  await rest(200);
  expect(talk.model.requests).toHaveLength(3);
});

test('S3.8 the user is answered first; what he was answered over is told only as far as it was not said', async () => {
  const { body, end } = inHand();
  const talk = await open({ search: body }, [...begin, ['Hello.'], []]);
  const receipts: string[] = [];
  talk.meanwhile.on('delivery_ended', ({ id, receipt }) => receipts.push(`${id} ${receipt}`));
  await talk.userSays('Hotels, please.');
  talk.session._updateUserState('speaking');
  end.resolve('3 hotels');
  await rest(1000);
  talk.session._updateUserState('listening');
  await rest(500);
  await talk.userSays('Hello?');
  await rest(1000);
  const [, , answer, telling] = talk.model.requests;
  expect(answer?.lines.at(-1)).toBe('user: Hello?');
  expect(telling?.lines.at(-1)).toContain('you may have told the user already');
  expect(receipts).toEqual(['c1_final skipped']);
});

test('S6.5 a filler does not talk into what the agent is saying beside its call', async () => {
  const end = Promise.withResolvers<string>();
  const words = Promise.withResolvers<void>();
  const search: Body = (_args, { ctx }) => ctx.filler('One moment.', { delayMs: 1000 }, () => end.promise);
  const talk = await open({ search }, [['Let me see', { call: 'c1', name: 'search' }, words.promise, ' now.']]);
  await talk.userSays('Hotels, please.');
  await rest(5000);
  words.resolve();
  await rest(900);
  expect(textsOf(talk.session)).toEqual(['Hotels, please.', 'Let me see now.']);
  await rest(200);
  expect(textsOf(talk.session)).toEqual(['Hotels, please.', 'Let me see now.', 'One moment.']);
  end.resolve('3 hotels');
});

test('S3.1 what may not be held any longer goes between two speeches, however many are queued', async () => {
  const { body, end } = inHand();
  const [one, two] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const search: Body = async (args, options) => {
    await body(args, options);
    await options.ctx.update('Half of it.', { maxHoldMs: 1000 });
    return await new Promise(() => undefined);
  };
  const talk = await open({ search }, [
    ...begin,
    ['One', one.promise],
    ['Two', two.promise],
    ['Half of it.'],
    ['Three.'],
  ]);
  await talk.userSays('Hotels, please.');
  void talk.userSays('One.');
  void talk.userSays('Two.');
  end.resolve(undefined);
  await rest(2000);
  one.resolve();
  await rest();
  void talk.userSays('Three?');
  two.resolve();
  await rest(100);
  const [, , , , telling, answer] = talk.model.requests;
  expect(telling?.lines.at(-1)).toContain('c1_update_1');
  expect(answer?.lines.at(-1)).toBe('user: Three?');
});

test('S8.4 what comes while an AgentTask runs is told when it has ended', async () => {
  const { body, end } = inHand();
  const talk = await open({ search: body }, [...begin, ['Three hotels.']]);
  const task = new voice.AgentTask<string>({ instructions: 'You ask for the name.' });
  class Greeter extends voice.Agent {
    override async onEnter(): Promise<void> {
      await task.run();
    }
  }
  await talk.userSays('Hotels, please.');
  talk.session.updateAgent(new Greeter({ instructions: 'You greet.' }));
  await rest();
  expect(talk.session.currentAgent).toBe(task);
  end.resolve('3 hotels');
  await rest(10_000);
  expect(talk.model.requests).toHaveLength(2);
  task.complete('Ada');
  await rest(100);
  expect(talk.model.requests.at(-1)?.lines[0]).toBe('system: You greet.');
  expect(textsOf(talk.session).at(-1)).toBe('Three hotels.');
});

test('S8.2 while a handoff is under way nothing is tried, and no timer is set', async () => {
  const { body, end } = inHand();
  let timers = 0;
  const setTimeout: Clock['setTimeout'] = (fn, delayMs) => {
    timers += 1;
    return systemClock.setTimeout(fn, delayMs);
  };
  const talk = await open({ search: body }, [...begin, ['Three hotels.']], { clock: { ...systemClock, setTimeout } });
  const left = Promise.withResolvers<void>();
  talk.agent.onExit = () => left.promise;
  let returned = 0;
  talk.meanwhile.on('delivery_returned', () => (returned += 1));
  await talk.userSays('Hotels, please.');
  talk.session.updateAgent(new voice.Agent({ instructions: 'You bill.' }));
  await rest();
  end.resolve('3 hotels');
  await rest(100);
  const before = timers;
  await rest(10_000);
  expect(timers).toBe(before);
  left.resolve();
  await rest(100);
  expect(textsOf(talk.session).at(-1)).toBe('Three hotels.');
  expect(returned).toBe(0);
});

test('S2.3 a record is in the session’s history', async () => {
  const { body, end } = inHand();
  const talk = await open({ search: body }, [...begin, ['Three hotels.']]);
  await talk.userSays('Hotels, please.');
  end.resolve('3 hotels');
  await rest(10);
  const outputs = talk.session.history.items.flatMap((item) =>
    item.type === 'function_call_output' ? [`${item.callId}: ${item.output}`] : [],
  );
  expect(outputs.at(-1)).toBe('c1_final: 3 hotels');
});

test.each([
  ['while it speaks', ['Let me see']],
  ['before it speaks', []],
])('S1.4 a call whose turn is cut %s has one output', async (_when, words) => {
  const end = Promise.withResolvers<string>();
  const stalled = Promise.withResolvers<void>();
  const talk = await open({ search: () => end.promise }, [
    [...words, { call: 'c1', name: 'search' }, stalled.promise, ' now.'],
    ['Hello.'],
  ]);
  await talk.userSays('Hotels, please.');
  talk.session.interrupt();
  // As long as LiveKit waits for a model that has stalled.
  await rest(10_000);
  await talk.userSays('Hello?');
  const outputs = talk.model.requests.at(-1)?.lines.filter((line) => line.startsWith('output c1: '));
  expect(outputs).toHaveLength(1);
});

test('S6.5 a filler is said in silence, and its words are the agent’s', async () => {
  const end = Promise.withResolvers<string>();
  const search: Body = (_args, { ctx }) => ctx.filler('One moment.', { delayMs: 3000 }, () => end.promise);
  const talk = await open({ search }, [[{ call: 'c1', name: 'search' }], ['Three hotels.']]);
  await talk.userSays('Hotels, please.');
  await rest(2900);
  expect(textsOf(talk.session)).toEqual(['Hotels, please.']);
  await rest(200);
  expect(textsOf(talk.session)).toEqual(['Hotels, please.', 'One moment.']);
  end.resolve('3 hotels');
  await rest(100);
  expect(textsOf(talk.session).at(-1)).toBe('Three hotels.');
});

test('S6.4 while a body holds the floor, nothing else is told', async () => {
  const { body, end } = inHand();
  const held = Promise.withResolvers<void>();
  let holds = false;
  const ask: Body = async (_args, { ctx }) => {
    await ctx.update('Began.');
    await ctx.foreground(async () => {
      holds = true;
      await held.promise;
    });
    return undefined;
  };
  const talk = await open({ search: body, ask }, [
    ...begin,
    [{ call: 'c2', name: 'ask' }],
    ['Asking.'],
    ['Three hotels.'],
  ]);
  await talk.userSays('Hotels, please.');
  await talk.userSays('And ask.');
  await rest(100);
  expect(holds).toBe(true);
  end.resolve('3 hotels');
  await rest(10_000);
  expect(talk.model.requests).toHaveLength(4);
  held.resolve();
  await rest(100);
  expect(talk.model.requests).toHaveLength(5);
});

test('S5.2 S7.2 tasks are listed and cancelled, by the application and by the model; their events are told', async () => {
  const bodies = { search: inHand().body };
  const talk = await open(bodies, [
    ...begin,
    [{ call: 'c2', name: 'cancel_task', args: { call_id: 'c1' } }],
    ['I have stopped it.'],
  ]);
  const ended: string[] = [];
  talk.meanwhile.on('task_ended', ({ callId, state }) => ended.push(`${callId} ${state}`));
  await talk.userSays('Hotels, please.');
  expect(talk.meanwhile.tasks.list().map(({ callId, phase }) => [callId, phase])).toEqual([['c1', 'background']]);
  expect(talk.model.requests[0]?.toolNames).toEqual(['cancel_task', 'get_running_tasks', 'search']);
  await talk.userSays('Stop it.');
  expect(ended).toEqual(['c1 cancelled']);
  expect(talk.model.requests.at(-1)?.lines.at(-1)).toBe('output c2: Task "c1" was cancelled.');
  expect(await talk.meanwhile.tasks.cancel('c1')).toBe(false);
});

test('S1.4 LiveKit’s own ways to end mean what they mean there', async () => {
  const talk = await open(
    {
      refuses: () => Promise.reject(new llm.ToolError('No such city.')),
      stops: () => Promise.reject(new voice.StopResponse()),
    },
    [[{ call: 'c1', name: 'refuses' }], ['There is no such city.'], [{ call: 'c2', name: 'stops' }]],
  );
  await talk.userSays('Atlantis, please.');
  expect(talk.model.requests.at(-1)?.lines.at(-1)).toBe('error c1: No such city.');
  await talk.userSays('Stop.');
  expect(talk.model.requests).toHaveLength(3);
  expect(talk.agent.chatCtx.items.some((item) => item.type === 'function_call_output' && item.callId === 'c2')).toBe(
    true,
  );
});

test('S1.4 S8.5 an agent returned inline is handed over to when what it returns was told', async () => {
  const billing = new voice.Agent({ id: 'billing', instructions: 'You bill.' });
  const talk = await open({ transfer: () => Promise.resolve(billing) }, [[{ call: 'c1', name: 'transfer' }]]);
  await talk.userSays('Billing, please.');
  expect(talk.session.currentAgent).toBe(billing);
  expect(talk.model.requests).toHaveLength(1);
});

test('S2.1 a tool that LiveKit asks the user to confirm is refused: its schema is not its own', async () => {
  const book = llm.tool({
    name: 'book',
    description: 'Books.',
    onDuplicate: 'confirm',
    execute: () => Promise.resolve(''),
  });
  const session = new voice.AgentSession({ llm: new ScriptedLLM([]) });
  await expect(attachMeanwhile(session, { llm, tools: [book] })).rejects.toMatchObject({ code: 'invalid_definition' });
});

test('S7.2 a listener that throws harms nobody, and is reported', async () => {
  const { body, end } = inHand();
  const talk = await open({ search: body }, [...begin, ['Three hotels.']]);
  const reports: string[] = [];
  talk.meanwhile.on('report', ({ type }) => reports.push(type));
  const stop = talk.meanwhile.on('task_ended', () => {
    throw new Error('A bad listener.');
  });
  await talk.userSays('Hotels, please.');
  end.resolve('3 hotels');
  await rest(100);
  stop();
  expect(textsOf(talk.session).at(-1)).toBe('Three hotels.');
  expect(reports).toEqual(['observer_failed']);
});

test('S3.9 with a realtime model the instructions of a telling are given as such', async () => {
  const { body, end } = inHand();
  const talk = await open({ search: body }, begin);
  await talk.userSays('Hotels, please.');
  const asked = vi.spyOn(talk.session, 'generateReply');
  // What LiveKit's realtime models have in common here: they do not chat.
  Object.assign(talk.model, { chat: undefined });
  end.resolve('3 hotels');
  await rest(100);
  expect(asked.mock.calls[0]?.[0]).toEqual({
    instructions: expect.stringContaining('c1_final') as string,
    toolChoice: 'auto',
  });
});
