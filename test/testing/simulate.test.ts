/** `simulate`: what a script can say, and what comes of it. */
import { Agent, AgentSession, handoff, tool, ToolError, type AgentSessionOptions, type Progress } from 'meanwhile';
import {
  createVirtualClock,
  createSimulatedVoice,
  scriptedModel,
  simulate,
  type Script,
  type ScriptedStep,
  type ToolScript,
} from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';

const bookFlight = tool({
  name: 'book_flight',
  description: 'Books a flight.',
  parameters: z.object({ destination: z.string() }),
  execute: (): string => {
    throw new Error('the real tool was called');
  },
});

const toTokyo = { calls: [{ name: 'book_flight', args: { destination: 'Tokyo' } }] };

interface Play extends Partial<Script> {
  readonly llm: readonly ScriptedStep[];
  readonly book?: ToolScript;
  readonly options?: Partial<AgentSessionOptions>;
}

const play = ({ llm, book, options, ...script }: Play) =>
  simulate({
    app: {
      agent: new Agent({ name: 'travel', instructions: 'You book flights.', tools: [bookFlight] }),
      llm,
      ...options,
    },
    ...(book === undefined ? {} : { tools: { book_flight: book } }),
    steps: [],
    ...script,
  });

test('a barge-in while a result is told: it is told again, from what was heard', async () => {
  const call = await play({
    llm: [toTokyo, 'I am searching.', 'Your flight is booked, code ABC123.', 'It is sunny.', 'The code was ABC123.'],
    book: [{ updates: 'Searching' }, { afterMs: 6000, returns: 'ABC123' }],
    model: { firstTokenMs: 300, tokenMs: 20 },
    steps: [
      { userSays: 'Book me a flight to Tokyo' },
      { on: { agentSays: 'Your flight' }, afterMs: 300, userSays: 'Wait, how is the weather?' },
    ],
  });
  expect(`\n${call.timeline()}\n`).toMatchInlineSnapshot(`
    "
     0:00.0          enter  travel
     0:00.4–0:02.8   user   Book me a flight to Tokyo
     0:03.1          task   book_flight#1 started: destination=Tokyo
     0:03.1          task   book_flight#1: Searching
     0:03.4–0:04.4   agent  I am searching.
     0:09.1          task   book_flight#1 completed: ABC123
     0:09.5–0:10.4   agent  Your flight— [cut]
     0:10.4–0:12.4   user   Wait, how is the weather?
     0:12.8–0:13.8   agent  It is sunny.
     0:14.5–0:15.8   agent  The code was ABC123.
     0:15.8          told   book_flight#1 result (held 0:06.7)
    "
  `);
  expect(call.agentSpeech.map(({ text, cut }) => (cut ? `${text}—` : text))).toContain('Your flight—');
  expect(JSON.stringify(call.model?.prompts.at(-1)?.at(-1))).toContain('after the user had heard: \\"Your flight\\"');
});

test('a tool fails after an update', async () => {
  const call = await play({
    llm: [toTokyo, 'I am searching.', 'Sorry, the airline is on strike.'],
    book: [{ updates: 'Searching' }, { afterMs: 4000, throws: new ToolError('The airline is on strike.') }],
    steps: [{ userSays: 'Book me a flight to Tokyo' }],
  });
  expect(call.tools).toMatchObject([{ name: 'book_flight#1', state: 'failed', from: 2800, to: 6800 }]);
  call
    .expectReceipt('book_flight', 'completed')
    .expectSpoken(/strike/)
    .expectNoErrors();
});

test('the user goes on speaking while a result arrives: nobody speaks over him', async () => {
  const call = await play({
    llm: [toTokyo, 'I am searching.', 'Twenty degrees.', 'It is booked.'],
    book: [{ updates: 'Searching' }, { afterMs: 4000, returns: 'ABC123' }],
    user: { transcriptMs: 100 },
    steps: [
      { userSays: 'Book me a flight to Tokyo' },
      { at: 6000, userSays: 'And how warm is it over there?', forMs: 5000 },
    ],
  });
  expect(call.userSpeech).toMatchObject([
    { from: 400, to: 2800 },
    { from: 6000, to: 11_000 },
  ]);
  call.expectNoOverlap().expectNotSpokenWhile('user speaking');
  call.expectSpoken('booked', { after: { agentSays: 'degrees' } });
});

test('S10.3 ten minutes take no real time, and the same script gives the same timeline', async () => {
  const once = () =>
    play({
      llm: [
        toTokyo,
        'I am searching.',
        ...Array.from({ length: 20 }, (_, index) => `Answer ${String(index)}, and a few words more.`),
        'Booked.',
      ],
      book: [{ updates: 'Searching' }, { afterMs: 600_000, returns: 'ABC123' }],
      model: { firstTokenMs: 400, tokenMs: 15 },
      steps: [
        { userSays: 'Book me a flight' },
        ...Array.from({ length: 20 }, (_, index) => ({ afterMs: 20_000, userSays: `Question ${String(index)}` })),
      ],
    });
  const first = await once();
  expect(first.durationMs).toBeGreaterThan(600_000);
  expect((await once()).timeline()).toBe(first.timeline());
  expect(first.clock.pending()).toEqual([]);
});

test('speech takes its time by words, characters, or not at all', async () => {
  const spans = async (voice: NonNullable<Script['voice']>) => {
    const call = await play({ llm: ['One two three.'], voice, steps: [{ at: 1000, userTypes: 'Hi' }] });
    return call.agentSpeech.map(({ from, to }) => [from, to]);
  };
  expect(await spans({ wordsPerMinute: 60 })).toEqual([[1000, 4000]]);
  expect(await spans({ msPerCharacter: 10 })).toEqual([[1000, 1120]]);
  expect(await spans({ wordsPerMinute: 60, startMs: 250 })).toEqual([[1250, 4250]]);
  expect(await spans('text')).toEqual([[1000, 1000]]);
});

test('a cut voice has been heard up to the last whole word', async () => {
  const call = await play({
    llm: ['One two three four.', 'Yes?'],
    voice: { wordsPerMinute: 60 },
    steps: [{ userTypes: 'Count' }, { on: 'agent starts speaking', afterMs: 2500, userSays: 'Stop', forMs: 400 }],
  });
  expect(call.agentSpeech[0]).toMatchObject({ text: 'One two', written: 'One two three four.', cut: true });
  const [, said] = call.session.history;
  expect(said).toMatchObject({ parts: [{ type: 'text', text: 'One two' }], cut: true });
});

test('the agent goes on until it has noticed, and a noise shorter than that goes unnoticed', async () => {
  const user = { interruptsAfterMs: 500 };
  const llm = ['One two three four five six.', 'Yes?'];
  const long = await play({
    llm,
    user,
    steps: [{ userTypes: 'Count' }, { on: { agentSays: 'two' }, userSays: 'Stop it now' }],
  });
  expect(long.agentSpeech[0]).toMatchObject({ from: 400, to: 1566, text: 'One two three', cut: true });
  long.expectNoOverlap();
  expect(() => long.expectNoOverlap({ graceMs: 499 })).toThrow('over the user for 500 ms');

  const cough = await play({
    llm: llm.slice(0, 1),
    user,
    steps: [{ userTypes: 'Count' }, { on: { agentSays: 'two' }, userNoiseMs: 300 }],
  });
  expect(cough.agentSpeech[0]).toMatchObject({ cut: false });
  expect(cough.timeline()).toContain('[noise]');
});

test('who interrupts while the model thinks has had that answer', async () => {
  const call = await play({
    llm: ['Never heard.', 'Yes?'],
    model: { firstTokenMs: 2000, tokenMs: 500 },
    steps: [{ userSays: 'Count' }, { on: 'at once', afterMs: 500, userSays: 'Stop' }],
  });
  expect(call.agentSpeech.map(({ text }) => text)).toEqual(['Yes?']);
});

test('who interrupts while the model still writes, hears no more of it', async () => {
  const call = await play({
    llm: ['One two three four five six.', 'Yes?'],
    model: { tokenMs: 700 },
    steps: [{ userSays: 'Count' }, { on: { agentSays: 'two' }, userSays: 'Stop' }],
  });
  expect(call.agentSpeech).toMatchObject([{ text: 'One two', cut: true }, { text: 'Yes?' }]);
  expect(call.clock.pending()).toEqual([]);
});

test('a tool that waits for nothing on the clock is named where the script stands still', async () => {
  const wait = tool({ name: 'wait', description: 'Waits.', execute: () => new Promise(() => undefined) });
  const app = { agent: new Agent({ instructions: '', tools: [wait] }), llm: [{ calls: [{ name: 'wait' }] }] };
  await expect(simulate({ app, steps: [{ userTypes: 'Wait' }, { userHangsUp: true }] })).rejects.toThrow(
    'wait#1 is running, and waits for nothing on the virtual clock: mock it in tools, or give it the clock.',
  );
  const call = await simulate({ app, steps: [{ userTypes: 'Wait' }] });
  expect(call.timeline()).toContain('wait#1 is still running');
});

test('who only murmurs does not silence the agent; his words then do', async () => {
  const call = await play({
    llm: ['One two three four five six.', 'Yes?'],
    user: { transcriptMs: 250 },
    steps: [{ userTypes: 'Count' }, { on: { agentSays: 'two' }, userSays: 'mhm', forMs: 500, interrupts: false }],
  });
  const [, murmur] = call.userSpeech;
  expect(murmur).toMatchObject({ from: 1066, to: 1566 });
  expect(call.agentSpeech[0]).toMatchObject({ cut: true, to: 1816 });
});

test('a noise has no words, also when something is typed later', async () => {
  const call = await play({
    llm: ['Hello.'],
    steps: [{ userNoiseMs: 300 }, { userTypes: 'Hi' }],
  });
  expect(call.userSpeech.map(({ text, typed }) => [text, typed])).toEqual([
    ['', false],
    ['Hi', true],
  ]);
});

test('steps wait for words, tools and rest', async () => {
  const call = await play({
    llm: [toTokyo, 'I am searching.', 'One.', 'Two.', 'Paying.', 'Booked.', 'Three.'],
    book: [
      { updates: 'Searching' },
      { afterMs: 2000, updates: { message: 'Paying' } as Progress },
      { afterMs: 2000, returns: 'ABC123' },
    ],
    voice: 'text',
    steps: [
      { userTypes: 'Book me a flight' },
      { on: { tool: 'book_flight', is: 'started' }, afterMs: 100, userTypes: 'First' },
      { on: { userSays: 'First' }, afterMs: 50, does: (session) => expect(session.tasks.list()).toHaveLength(1) },
      { on: { tool: 'book_flight#1', is: 'updated' }, afterMs: 10, userTypes: 'Second' },
      { at: 9000, userTypes: 'Third' },
    ],
  });
  expect(call.userSpeech.map(({ from, text }) => [from, text])).toMatchInlineSnapshot(`
    [
      [
        0,
        "Book me a flight",
      ],
      [
        100,
        "First",
      ],
      [
        2010,
        "Second",
      ],
      [
        9000,
        "Third",
      ],
    ]
  `);
});

test('the user stops the agent, and hangs up', async () => {
  const call = await play({
    llm: ['One two three four five six.'],
    steps: [
      { userTypes: 'Count' },
      { on: { agentSays: 'two' }, userStops: true },
      { on: 'agent stops speaking', userHangsUp: true },
    ],
  });
  expect(`\n${call.timeline()}\n`).toMatchInlineSnapshot(`
    "
     0:00.0          enter  travel
     0:00.4          user   Count
     0:00.4–0:01.1   agent  One two— [cut]
     0:01.1          end    the user hung up
    "
  `);
});

test('a model that is down for a while is asked again', async () => {
  const call = await play({
    llm: ['Hello.'],
    steps: [
      { at: 0, modelFailsForMs: 1000 },
      { at: 900, userTypes: 'Hi' },
    ],
  });
  call.expectNoErrors().expectSpoken('Hello');
  expect(call.agentSpeech).toMatchObject([{ from: 1400 }]);
});

test.each([
  ['at once', { request: 1 }, 'request 1, as the script says', 0],
  ['behind its first word', { request: 1, afterTokens: 1 }, 'request 1, as the script says', 1],
  ['behind its last word', { request: 1, afterTokens: 50 }, 'request 1, as the script says', 1],
  ['with its own error', { request: 1, error: new Error('overloaded') }, 'overloaded', 0],
])('a model that fails %s', async (_how, failure, message, stretches) => {
  const llm = scriptedModel([], { fallback: () => 'Hello there.' });
  const call = await simulate({
    app: { agent: new Agent({ instructions: '' }), llm },
    model: { failures: [failure] },
    steps: [{ userTypes: 'Hi' }],
  });
  expect(call.agentSpeech).toHaveLength(stretches);
  expect(() => call.expectNoErrors()).toThrow(message);
});

test('the n-th call of a tool takes the n-th list, and the last for all further ones', async () => {
  const call = await play({
    llm: [toTokyo, 'Full.', toTokyo, 'Got it.', toTokyo, 'Again.'],
    book: [[{ afterMs: 1000, throws: new ToolError('Full') }], [{ returns: 'Seat 1' }]],
    steps: [{ userTypes: 'a' }, { userTypes: 'b' }, { userTypes: 'c' }],
  });
  expect(call.tools.map(({ state }) => state)).toEqual(['failed', 'completed', 'completed']);
});

test('a tool that waits is cancelled like any other, and leaves nothing', async () => {
  const call = await play({
    llm: [toTokyo, 'I am searching.'],
    book: [{ updates: 'Searching' }, { afterMs: 60_000, updates: 'Still searching' }],
    steps: [
      { userTypes: 'Book' },
      { on: { tool: 'book_flight', is: 'started' }, afterMs: 100, does: (session) => session.tasks.cancel('call_1') },
    ],
  });
  expect(call.tools).toMatchObject([{ state: 'cancelled', from: 400, to: 500 }]);
  expect(call.durationMs).toBeLessThan(5000);
  expect(call.clock.pending()).toEqual([]);
});

test('a tool that never ends does not hold the end', async () => {
  const call = await play({
    llm: [toTokyo, 'I am searching.'],
    book: [{ updates: 'Searching' }, { hangs: true }],
    steps: [{ userTypes: 'Book' }],
  });
  expect(call.tools).toMatchObject([{ state: 'running', to: undefined }]);
});

test('a mock holds for the tool of an agent that comes later', async () => {
  const billing = new Agent({
    name: 'billing',
    instructions: '',
    tools: [tool({ name: 'get_balance', description: 'Balance.', execute: () => 'real' })],
    chatCtx: 'empty',
  });
  const transfer = tool({ name: 'transfer', description: 'Transfers.', execute: () => handoff(billing) });
  const call = await simulate({
    app: {
      agent: new Agent({ name: 'support', instructions: '', tools: [transfer] }),
      llm: [{ calls: [{ name: 'transfer' }] }, { calls: [{ name: 'get_balance' }] }, 'Seven euros.'],
    },
    tools: { get_balance: { returns: '7 EUR' } },
    steps: [{ userTypes: 'Billing please' }, { userTypes: 'My balance?' }],
  });
  expect(call.timeline()).toContain('get_balance#2 completed: 7 EUR');
});

test('an application made with the clock, whose agent has a model of its own', async () => {
  const call = await simulate({
    app: async ({ clock, paced }) => {
      await Promise.resolve();
      const llm = scriptedModel(['Hello.'], { clock });
      return { agent: new Agent({ instructions: '', llm: paced(llm) }), llm: paced(paced(llm)) };
    },
    model: { firstTokenMs: 700 },
    steps: [{ at: 1000, userTypes: 'Hi' }],
  });
  expect(call.agentSpeech).toMatchObject([{ from: 1700 }]);

  const twice = await simulate({
    app: ({ clock, paced }) => ({
      agent: new Agent({ instructions: '' }),
      llm: paced(scriptedModel(['One two three.'], { clock })),
    }),
    model: { tokenMs: 1000 },
    steps: [{ at: 0, userTypes: 'Hi' }],
  });
  expect(twice.agentSpeech).toMatchObject([{ from: 1000, to: 2666 }]);
});

test('createSimulatedVoice is an output for any session', async () => {
  const clock = createVirtualClock();
  const llm = scriptedModel(['One two three.']);
  const session = new AgentSession({ llm, clock, output: createSimulatedVoice(clock, { wordsPerMinute: 60 }) });
  await session.start({ agent: new Agent({ instructions: '' }) });
  const before = clock.now();
  await clock.runUntil(session.run({ userInput: 'Count' }));
  expect(clock.now() - before).toBe(3400);
  await clock.runUntil(session.close());
});

test.each([
  [100, ''],
  [400, 'One'], // The second word is not whole, so nothing plays.
])('a voice that was cut after %i ms plays nothing more', async (ms, text) => {
  const clock = createVirtualClock();
  const speech = { speechId: 'speech_1', kind: 'say', agent: 'a', allowInterruptions: true } as const;
  const cut = createSimulatedVoice(clock).open(speech);
  void cut.write('One two');
  await clock.advance(ms);
  cut.clear();
  expect(await cut.end()).toEqual({ text });
  void cut.write(' three');
  expect(clock.pending()).toEqual([]);
});

test('a voice that was cut before its first word arms nothing', async () => {
  const clock = createVirtualClock();
  const speech = { speechId: 'speech_1', kind: 'say', agent: 'a', allowInterruptions: true } as const;
  const cut = createSimulatedVoice(clock).open(speech);
  cut.clear();
  void cut.write('One two');
  expect(clock.pending()).toEqual([]);
  expect(await cut.end()).toEqual({ text: '' });
});

test.each<[string, Play, RegExp]>([
  [
    'a step waits for what never comes',
    { llm: ['Hello.'], steps: [{ userTypes: 'Hi' }, { on: { agentSays: 'Good bye' }, userHangsUp: true }] },
    /^Nothing happens any more\. Step 2 \(userHangsUp\) waits until the agent says "Good bye"\.[\s\S]*▶ .*nothing more happens/,
  ],
  [
    'it is longer than limitMs',
    { llm: ['Hello.'], limitMs: 5000, steps: [{ userTypes: 'Hi' }, { at: 9000, userTypes: 'Still there?' }] },
    /^The conversation is longer than limitMs, 5000 ms\. Step 2 \(userTypes "Still there\?"\) waits for its time, 9000 ms\./,
  ],
  [
    'steps of the model are left',
    { llm: ['Hello.', 'More.'], steps: [{ userTypes: 'Hi' }] },
    /no call has taken:\n {2}2\. "More\."[\s\S]*Hello\./,
  ],
  [
    'the model is asked in vain',
    { llm: [], steps: [{ userTypes: 'Hi' }] },
    /^Unexpected model call 1[\s\S]*▶ .* error .*\n.*asked in vain/,
  ],
  [
    'a step is late',
    {
      llm: ['Hello.'],
      steps: [
        { at: 1000, userSays: 'Hi' },
        { at: 1100, userTypes: 'Hi' },
      ],
    },
    /^simulate: Step 2 \(userTypes "Hi"\) is to happen at 1100 ms, but the step before was over at 1400 ms/,
  ],
  ['a step does nothing', { llm: [], steps: [{ at: 1 } as never] }, /step 1: expected one of userSays, .* got none/],
  [
    'a step does two things',
    { llm: [], steps: [{ userSays: 'a', userTypes: 'b' } as never] },
    /got userSays and userTypes/,
  ],
  [
    'a step has two times',
    { llm: [], steps: [{ at: 1, on: 'idle', userTypes: 'b' } as never] },
    /at is a time of its own/,
  ],
  [
    'a time is none',
    { llm: [], steps: [{ at: -1, userTypes: 'b' }] },
    /expected at to be a number of ms, 0 or more, got -1/,
  ],
  ['a member is unknown', { llm: [], stepz: [] } as never, /unknown member stepz/],
  ['what a step does throws', { llm: [], steps: [{ does: () => Promise.reject(new Error('mine')) }] }, /^mine$/],
])('it rejects when %s', async (_when, script, message) => {
  await expect(play(script)).rejects.toThrow(message);
});

test.each<[string, Partial<Script>, RegExp]>([
  [
    'model',
    { model: { firstTokenMS: 1 } as never },
    /^simulate, model: unknown member firstTokenMS\. Known: firstTokenMs/,
  ],
  [
    'model',
    { model: { tokenMs: -1 } },
    /^simulate, model: expected tokenMs to be a number of ms, 0 or more, got -1\.$/,
  ],
  ['failure', { model: { failures: [{ request: 0 }] } }, /^simulate, model, failure 1: expected request to be a whole/],
  ['failure', { model: { failures: [{} as never] } }, /^simulate, model, failure 1: expected request, got nothing/],
  ['failure', { model: { failures: [{ request: 9 }] } }, /^simulate: model\.failures has request 9, but 1 were made\./],
  [
    'voice',
    { voice: { wordsPerMinute: 0 } },
    /^simulate, voice: expected wordsPerMinute to be a number above 0, got 0\.$/,
  ],
  ['voice', { voice: 'txt' as never }, /^simulate, voice: expected an object of wordsPerMinute, .*, got "txt"\.$/],
  ['user', { user: { transcriptMs: Number.NaN } }, /^simulate, user: expected transcriptMs/],
  [
    'moment',
    { steps: [{ on: 'agent speaks' as never, userStops: true }] },
    /^simulate, step 1, on: expected a moment, got/,
  ],
  [
    'moment',
    { steps: [{ on: { tool: 'x', is: 'done' as never }, userStops: true }] },
    /got \{"tool":"x","is":"done"\}/,
  ],
  ['moment', { steps: [{ on: { agentSays: '' }, userStops: true }] }, /step 1, on: expected a moment/],
  ['step', { steps: [{ userTypes: 'Hi', forMs: 1 } as never] }, /step 1: forMs belongs to userSays\. Leave it out\.$/],
  [
    'step',
    { steps: [{ userStops: true, interrupts: false } as never] },
    /interrupts belongs to userSays and userNoiseMs/,
  ],
  [
    'tool',
    { tools: { book_flight: 'x' as never } },
    /^simulate, tools, book_flight: expected an object of afterMs, .*"x"\.$/,
  ],
  [
    'tool',
    { tools: { book_flight: [{ update: 'x' } as never] } },
    /book_flight, step 1: unknown member update\. Known:/,
  ],
  ['tool', { tools: { book_flight: [{ afterMs: 5 } as never] } }, /step 1: expected one of updates, .*, got none\.$/],
  [
    'tool',
    { tools: { book_flight: { afterMs: -5, returns: 1 } } },
    /book_flight: expected afterMs to be a number of ms/,
  ],
  ['tool', { tools: { book_flight: [{ returns: 1 }, { updates: 'x' }] } }, /step 2: the tool has ended before/],
  ['tool', { tools: { book_flight: [[{ returns: 1 }], { returns: 2 }] as never } }, /call 2: expected a list of steps/],
  [
    'tool',
    { tools: { book_flight: [[{ returns: 1, throws: 2 } as never]] } },
    /call 1, step 1: .*got returns and throws/,
  ],
])('a script in which the %s can mean nothing is refused', async (_what, script, message) => {
  await expect(play({ llm: ['Hello.'], steps: [{ userTypes: 'Hi' }], ...script })).rejects.toThrow(message);
});

test('it rejects when a mock is no tool of anybody', async () => {
  const app = { agent: new Agent({ instructions: '' }), llm: ['Hello.'] };
  const script = { app, tools: { book_fligt: { returns: 1 } }, steps: [{ userTypes: 'Hi' } as const] };
  await expect(simulate(script)).rejects.toThrow(/^simulate: tools has "book_fligt", which was no tool/);
});

test('a step that contradicts itself is a type error', () => {
  const script = (_step: Script['steps'][number]): void => undefined;
  script({ userSays: 'Hi', forMs: 100, interrupts: false });
  script({ on: { tool: 'x', is: 'told' }, afterMs: 10, userTypes: 'Hi' });
  // @ts-expect-error -- two things at once
  script({ userSays: 'Hi', userTypes: 'Hi' });
  // @ts-expect-error -- typing takes no time
  script({ userTypes: 'Hi', forMs: 100 });
  // @ts-expect-error -- two times
  script({ at: 100, on: 'idle', userTypes: 'Hi' });
  // @ts-expect-error -- nothing at all
  script({ at: 100 });
  const tool = (_step: ToolScript): void => undefined;
  tool([{ updates: 'x' }, { afterMs: 10, returns: undefined }]);
  // @ts-expect-error -- it cannot both return and throw
  tool([{ returns: 1, throws: new Error('x') }]);
});
