/** Orders of events in a LiveKit session that are easy to get wrong: what is due, who holds the floor, who knows what. */
import { initializeLogger, llm, voice } from '@livekit/agents';
import { expect, test } from 'vitest';
import { begin, inHand, open, rest, textsOf, type Body } from './open-session.ts';

initializeLogger({ pretty: false, level: 'silent' });

const newest = ({ model }: Awaited<ReturnType<typeof open>>): string => model.requests.at(-1)?.lines.join('\n') ?? '';

test('S6.9 what was recorded before a body asks for the floor is told before it gets it', async () => {
  const { body, end } = inHand();
  const now = Promise.withResolvers<void>();
  const order: string[] = [];
  const ask: Body = async (_args, { ctx }) => {
    await ctx.update('Began.');
    await now.promise;
    await ctx.foreground(() => void order.push('floor'));
    return undefined;
  };
  const talk = await open({ search: body, ask }, [
    ...begin,
    [{ call: 'c2', name: 'ask' }],
    ['Asking.'],
    ['Three hotels.'],
  ]);
  talk.meanwhile.on('delivery_ended', ({ id }) => order.push(id));
  await talk.userSays('Hotels, please.');
  await talk.userSays('And ask.');
  end.resolve('3 hotels');
  await rest(1);
  now.resolve();
  await rest(100);
  expect(order).toEqual(['c1_final', 'floor', 'c2_final']);
});

test('S6.1 quietMs of silence pass before something is told', async () => {
  const { body, end } = inHand();
  const talk = await open({ search: body }, [...begin, ['Three hotels.']], { quietMs: 500 });
  await talk.userSays('Hotels, please.');
  end.resolve('3 hotels');
  await rest(400);
  expect(talk.model.requests).toHaveLength(2);
  await rest(200);
  expect(talk.model.requests).toHaveLength(3);
});

test('S6.1 LiveKit gives up waiting for words: the user’s turn is over', async () => {
  const { body, end } = inHand();
  const talk = await open({ search: body }, [...begin, ['Three hotels.']]);
  await talk.userSays('Hotels, please.');
  talk.session._updateUserState('speaking');
  end.resolve('3 hotels');
  await rest(100);
  talk.session._updateUserState('listening');
  await rest(100);
  expect(talk.model.requests).toHaveLength(2);
  talk.session.emit(voice.AgentSessionEventTypes.UserTranscriptionTimeout, {} as never);
  await rest(100);
  expect(talk.model.requests).toHaveLength(3);
});

test('S8.8 the next agent knows what runs, and what was said of it', async () => {
  const { body } = inHand();
  const talk = await open({ search: body }, [...begin, ['Still looking.']]);
  await talk.userSays('Hotels, please.');
  talk.session.updateAgent(new voice.Agent({ instructions: 'You bill.', tools: talk.meanwhile.tools }));
  await rest(100);
  await talk.userSays('And?');
  expect(newest(talk)).toMatch(/system: You bill\.\ncall c1: .*\noutput c1: .*Began\./);
});

test('S3.5 words that the application gave cover nothing', async () => {
  const { body, end } = inHand();
  const talk = await open({ search: body }, [...begin, ['Three hotels.']]);
  await talk.userSays('Hotels, please.');
  end.resolve('3 hotels');
  await rest(1);
  talk.session.say('Hold the line.');
  await rest(200);
  expect(textsOf(talk.session).slice(-2)).toEqual(['Hold the line.', 'Three hotels.']);
  expect(newest(talk)).toContain('Tell the user about it now');
});

test('S3.4 an error that LiveKit recovers from is no failure of the telling', async () => {
  const { body, end } = inHand();
  const words = Promise.withResolvers<void>();
  const talk = await open({ search: body }, [...begin, ['Three', words.promise, ' hotels.'], ['Again.']]);
  await talk.userSays('Hotels, please.');
  end.resolve('3 hotels');
  await rest(100);
  talk.session.emit(voice.AgentSessionEventTypes.Error, {
    error: { recoverable: true, error: new Error('busy') },
  } as never);
  words.resolve();
  await rest(10_000);
  expect(textsOf(talk.session).at(-1)).toBe('Three hotels.');
});

test('S3.4 a telling is not told again because a reply that waits behind it fails', async () => {
  const { body, end } = inHand();
  const words = Promise.withResolvers<void>();
  const answers = [['Three', words.promise, ' hotels.'], [new Error('overloaded')], ['Again.']];
  const talk = await open({ search: body }, [...begin, ...answers]);
  const receipts: string[] = [];
  talk.meanwhile.on('delivery_returned', () => receipts.push('returned'));
  talk.meanwhile.on('delivery_ended', ({ receipt }) => receipts.push(receipt));
  await talk.userSays('Hotels, please.');
  end.resolve('3 hotels');
  await rest(100);
  talk.session.generateReply({ instructions: 'Say hello.' });
  await rest(100);
  words.resolve();
  await rest(10_000);
  expect(textsOf(talk.session).at(-1)).toBe('Three hotels.');
  expect(receipts).toEqual(['completed']);
});

test('S3.4 a telling that fails is told again, though a reply that waits behind it does not fail', async () => {
  const { body, end } = inHand();
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const answers = [[first.promise, new Error('overloaded')], [second.promise, 'Hello.'], ['Three hotels.']];
  const talk = await open({ search: body }, [...begin, ...answers]);
  await talk.userSays('Hotels, please.');
  end.resolve('3 hotels');
  await rest(100);
  talk.session.generateReply({ instructions: 'Say hello.' });
  await rest(100);
  first.resolve();
  await rest(100);
  second.resolve();
  await rest(10_000);
  expect(textsOf(talk.session).slice(-2)).toEqual(['Hello.', 'Three hotels.']);
});

test('S3.4 an error while a telling waits for its calls is not its own', async () => {
  const { body, end } = inHand();
  const wait = Promise.withResolvers<string>();
  const answers = [[{ call: 'c2', name: 'wait' }], ['Three hotels.'], ['Again.']];
  const talk = await open({ search: body, wait: () => wait.promise }, [...begin, ...answers]);
  await talk.userSays('Hotels, please.');
  end.resolve('3 hotels');
  await rest(100);
  talk.session.emit(voice.AgentSessionEventTypes.Error, {
    error: { recoverable: false, error: new Error('tts') },
  } as never);
  wait.resolve('done');
  await rest(10_000);
  expect(textsOf(talk.session).slice(-2)).toEqual(['I am on it.', 'Three hotels.']);
});

test('S6.4 the floor is free again when the task that holds it is cancelled', async () => {
  const { body, end } = inHand();
  const ask: Body = async (_args, { ctx }) => {
    await ctx.update('Began.');
    await ctx.foreground(() => new Promise(() => undefined));
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
  end.resolve('3 hotels');
  await rest(1000);
  expect(talk.model.requests).toHaveLength(4);
  void talk.meanwhile.tasks.cancel('c2');
  await rest(100);
  expect(talk.model.requests).toHaveLength(5);
});

test('S6.8 a call that had the floor blocks again when it goes on', async () => {
  const { body, end } = inHand();
  const rests = Promise.withResolvers<string>();
  const ask: Body = async (_args, { ctx }) => {
    await ctx.foreground(() => undefined);
    return await rests.promise;
  };
  const talk = await open({ search: body, ask }, [
    ...begin,
    [{ call: 'c2', name: 'ask' }],
    ['Both.'],
    ['Three hotels.'],
  ]);
  await talk.userSays('Hotels, please.');
  await talk.userSays('And ask.');
  end.resolve('3 hotels');
  await rest(1000);
  expect(talk.model.requests).toHaveLength(3);
  rests.resolve('asked');
  await rest(100);
  expect(textsOf(talk.session)).toContain('Both.');
});

test('S5.2 a call that must not be interrupted makes its speech such', async () => {
  const wait = Promise.withResolvers<string>();
  const charge: Body = async (_args, { ctx }) => {
    ctx.disallowInterruptions();
    return await wait.promise;
  };
  const talk = await open({ charge }, [[{ call: 'c1', name: 'charge' }], ['Charged.']]);
  await talk.userSays('Charge it.');
  talk.session.interrupt();
  await rest(100);
  wait.resolve('charged');
  await rest(100);
  expect(textsOf(talk.session)).toEqual(['Charge it.', 'Charged.']);
  expect(newest(talk)).toContain('output c1: charged');
});

test('S6.8 a body that waits in its first line for what its step says, waits', async () => {
  const words = Promise.withResolvers<void>();
  let waited = false;
  const charge: Body = async (_args, { ctx }) => {
    await ctx.waitForPlayout();
    waited = true;
    return 'charged';
  };
  const talk = await open({ charge }, [
    ['One', { call: 'c1', name: 'charge' }, words.promise, ' moment.'],
    ['Charged.'],
  ]);
  await talk.userSays('Charge it.');
  expect(waited).toBe(false);
  words.resolve();
  await rest(100);
  expect(textsOf(talk.session)).toEqual(['Charge it.', 'One moment.', 'Charged.']);
  expect(waited).toBe(true);
});

test('S8.5 the same agent twice in a step is no conflict', async () => {
  const billing = new voice.Agent({ id: 'billing', instructions: 'You bill.' });
  const bill: Body = () => llm.handoff({ agent: billing, returns: 'Billing is free.' });
  const talk = await open({ bill, pay: bill }, [
    [
      { call: 'c1', name: 'bill' },
      { call: 'c2', name: 'pay' },
    ],
    ['Bye.'],
  ]);
  await talk.userSays('Billing, please.');
  expect(newest(talk).match(/output c\d: .*/g)).toEqual(['output c1: Billing is free.', 'output c2: Billing is free.']);
  expect(talk.session.currentAgent).toBe(billing);
});

test('S5.6 of a turn that is cut in its second step, what the first returned is told and is not told again', async () => {
  const wait = Promise.withResolvers<string>();
  const talk = await open({ time: () => Promise.resolve('noon'), wait: () => wait.promise }, [
    [{ call: 'c1', name: 'time' }],
    ['It is noon. ', { call: 'c2', name: 'wait' }],
    ['It is done.'],
    ['Again.'],
  ]);
  await talk.userSays('The time, and wait.');
  talk.session.interrupt();
  await rest(100);
  wait.resolve('done');
  await rest(1000);
  expect(textsOf(talk.session)).toEqual(['The time, and wait.', 'It is noon.', 'It is done.']);
  expect(newest(talk)).toContain('(calls: c2_final)');
});

test('S7.2 a listener to reports that throws is not reported to itself', async () => {
  const { body, end } = inHand();
  const talk = await open({ search: body }, [...begin, ['Three hotels.']]);
  let told = 0;
  talk.meanwhile.on('report', () => {
    told += 1;
    throw new Error('A bad listener.');
  });
  talk.meanwhile.on('task_ended', () => {
    throw new Error('Another.');
  });
  await talk.userSays('Hotels, please.');
  end.resolve('3 hotels');
  await rest(100);
  expect(textsOf(talk.session).at(-1)).toBe('Three hotels.');
  expect(told).toBe(1);
});
