/** The rule-based model of the examples: what it is, how it streams, and what it makes of words it has not seen before. */
import type {
  JSONSchema7,
  LanguageModelV4CallOptions,
  LanguageModelV4FunctionTool,
  LanguageModelV4StreamPart,
} from '@ai-sdk/provider';
import { describe, expect, test } from 'vitest';
import { offlineModel } from '../../examples/shared/offline-model.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';

type Properties = Record<string, JSONSchema7>;

const declare = (name: string, description: string, properties: Properties, required = Object.keys(properties)) =>
  ({
    type: 'function',
    name,
    description,
    inputSchema: { type: 'object', properties, required, additionalProperties: false },
  }) satisfies LanguageModelV4FunctionTool;

const text = { type: 'string' } as const;

const travel = [
  declare('book_flight', 'Searches for a flight and books it.', { origin: text, destination: text, date: text }, [
    'origin',
    'destination',
  ]),
  declare('weather', 'Tells the weather in a city.', { city: text }),
  declare(
    'search_hotels',
    'Finds hotels.',
    { city: text, nights: { type: 'integer' }, max_price: { type: 'number' } },
    ['city'],
  ),
];

const noon = Date.UTC(2026, 0, 1, 12);

function request(said: string, options: Partial<LanguageModelV4CallOptions> = {}): LanguageModelV4CallOptions {
  return {
    tools: travel,
    prompt: [
      { role: 'system', content: 'You are a travel agent.' },
      { role: 'user', content: [{ type: 'text', text: said }] },
    ],
    ...options,
  };
}

async function partsOf(
  call: LanguageModelV4CallOptions,
  model = offlineModel({ clock: createVirtualClock({ startAt: noon }) }),
) {
  const { stream } = await model.doStream(call);
  return Array.fromAsync(stream as AsyncIterable<LanguageModelV4StreamPart>);
}

function textIn(parts: readonly LanguageModelV4StreamPart[]): string {
  return parts.map((part) => (part.type === 'text-delta' ? part.delta : '')).join('');
}

function callsIn(parts: readonly LanguageModelV4StreamPart[]): [name: string, args: unknown][] {
  return parts.flatMap((part) =>
    part.type === 'tool-call' ? [[part.toolName, JSON.parse(part.input) as unknown]] : [],
  );
}

const callsFor = async (said: string, tools = travel) => callsIn(await partsOf(request(said, { tools })));
const textFor = async (said: string, tools = travel) => textIn(await partsOf(request(said, { tools })));

describe('what it is', () => {
  test('its name says it', () => {
    const { specificationVersion, provider, modelId } = offlineModel();
    expect([specificationVersion, provider, modelId]).toEqual(['v4', 'offline', 'rules']);
  });

  test.each(['What are you?', 'who are you', 'Are you a real person?', 'which model is this?'])(
    'it says so when asked: %s',
    async (said) => {
      expect(await textFor(said)).toContain('I am a small rule-based model, not a language model');
    },
  );

  test.each(['help', 'what can you do?', 'How can you help me?'])(
    'it tells what it can do from the declared tools: %s',
    async (said) => {
      const answer = await textFor(said);
      expect(answer).toContain('search for a flight and book it, tell the weather in a city or find hotels');
    },
  );

  test('what it has not understood it does not pretend to', async () => {
    const parts = await partsOf(request('colourless green ideas sleep furiously in theory'.replace('sleep', 'think')));
    expect(callsIn(parts)).toEqual([]);
    expect(textIn(parts)).toContain("I didn't get that");
  });

  test('without tools it still talks', async () => {
    expect(textIn(await partsOf(request('hello', { tools: [] })))).toMatch(/^Hello!/);
  });
});

describe('ten utterances in other words than the example’s', () => {
  test.each<[string, [string, object][]]>([
    [
      'I need to get from Lisbon to Oslo on Friday',
      [['book_flight', { origin: 'Lisbon', destination: 'Oslo', date: 'Friday' }]],
    ],
    [
      'could you reserve me a plane to Berlin out of Madrid?',
      [['book_flight', { origin: 'Madrid', destination: 'Berlin' }]],
    ],
    ['Is it going to rain in hamburg tomorrow?', [['weather', { city: 'Hamburg' }]]],
    ['somewhere to sleep in Kyoto for three nights, please', [['search_hotels', { city: 'Kyoto', nights: 3 }]]],
    ['fly me paris → rio de janeiro', [['book_flight', { origin: 'Paris', destination: 'Rio de Janeiro' }]]],
    ['Do I need an umbrella in Bergen?', [['weather', { city: 'Bergen' }]]],
    ['Look up accommodation in Nice under 150 euros', [['search_hotels', { city: 'Nice', max_price: 150 }]]],
    [
      'Munich to Rome, the day after tomorrow',
      [['book_flight', { origin: 'Munich', destination: 'Rome', date: 'the day after tomorrow' }]],
    ],
    ["what's the temperature like in new york right now", [['weather', { city: 'New York' }]]],
    [
      "I'd like a ticket between Paris and Tokyo for May 3, 2027",
      [['book_flight', { origin: 'Paris', destination: 'Tokyo', date: 'May 3, 2027' }]],
    ],
  ])('%s', async (said, calls) => {
    expect(await callsFor(said)).toEqual(calls);
  });
});

describe('several things at one go', () => {
  test.each<[string, [string, object][]]>([
    [
      'Book a flight from Paris to Tokyo and tell me the weather in Rome',
      [
        ['book_flight', { origin: 'Paris', destination: 'Tokyo' }],
        ['weather', { city: 'Rome' }],
      ],
    ],
    [
      "What's the weather in Paris and Rome?",
      [
        ['weather', { city: 'Paris' }],
        ['weather', { city: 'Rome' }],
      ],
    ],
    [
      'Hotels in Vienna and the forecast there',
      [
        ['search_hotels', { city: 'Vienna' }],
        ['weather', { city: 'Vienna' }],
      ],
    ],
    [
      'a flight from Paris to Tokyo, and another one from Rome to Oslo',
      [
        ['book_flight', { origin: 'Paris', destination: 'Tokyo' }],
        ['book_flight', { origin: 'Rome', destination: 'Oslo' }],
      ],
    ],
    ["I'm off to Lisbon. Will it be sunny?", [['weather', { city: 'Lisbon' }]]],
    ['Fly from Paris to Tokyo, no wait, to Osaka', [['book_flight', { origin: 'Paris', destination: 'Osaka' }]]],
    ['Book Paris to Tokyo. Oh, never mind. How is the weather in Rome?', [['weather', { city: 'Rome' }]]],
  ])('%s', async (said, calls) => {
    expect(await callsFor(said)).toEqual(calls);
  });

  test('the calls of one answer have ids of their own, that count on from those in the prompt', async () => {
    const ids = (parts: readonly LanguageModelV4StreamPart[]) =>
      parts.flatMap((part) => (part.type === 'tool-call' ? [part.toolCallId] : []));
    const first = request('the weather in Paris and Rome');
    expect(ids(await partsOf(first))).toEqual(['weather_1', 'weather_2']);
    const prompt = [...first.prompt];
    prompt.push({
      role: 'assistant',
      content: [{ type: 'tool-call', toolCallId: 'x', toolName: 'weather', input: { city: 'Paris' } }],
    });
    prompt.push({
      role: 'tool',
      content: [{ type: 'tool-result', toolCallId: 'x', toolName: 'weather', output: { type: 'text', value: 'fine' } }],
    });
    prompt.push({ role: 'user', content: [{ type: 'text', text: 'and in Rome?' }] });
    expect(ids(await partsOf({ ...first, prompt }))).toEqual(['weather_2']);
  });
});

describe('tools it has never heard of', () => {
  const hotel = declare(
    'reserve_room',
    'Reserves a room.',
    {
      city: text,
      guests: { type: 'integer' },
      breakfast: { type: 'boolean' },
      room_type: { type: 'string', enum: ['single', 'double', 'junior_suite'] },
      check_in: { type: 'string', format: 'date' },
      check_out: { type: 'string', format: 'date' },
    },
    ['city', 'check_in'],
  );
  const command = declare('run_command', 'Runs a shell command and streams its output.', { command: text });
  const build = declare('build', 'Runs the build of the project.', {});
  const email = declare('record_email', "Records the user's e-mail address.", { email: text });
  const reminder = declare('set_reminder', 'Sets a reminder.', { text, date: { type: 'string', format: 'date' } });
  const billing = declare('transfer_to_billing', 'Hands over to the billing agent, for invoices and payments.', {});
  const web = declare('search_web', 'Searches the web.', { query: text });
  const strict = declare('weather', 'The weather.', {
    city: text,
    unit: { type: ['string', 'null'], enum: ['celsius', 'fahrenheit', null] },
    confirm_duplicate: { type: ['boolean', 'null'] },
  });

  test.each<[string, LanguageModelV4FunctionTool, object]>([
    [
      'a double room in Rome for two people from May 3 to May 7 with breakfast',
      hotel,
      {
        city: 'Rome',
        guests: 2,
        breakfast: true,
        room_type: 'double',
        check_in: '2026-05-03',
        check_out: '2026-05-07',
      },
    ],
    [
      'book a junior suite in Lyon tomorrow without breakfast',
      hotel,
      { city: 'Lyon', room_type: 'junior_suite', breakfast: false, check_in: '2026-01-02' },
    ],
    ['run npm test', command, { command: 'npm test' }],
    ['please execute `ls -la | wc -l`', command, { command: 'ls -la | wc -l' }],
    ['compile the project', build, {}],
    ['sure, it is ann.lee+x@mail.example.org.', email, { email: 'ann.lee+x@mail.example.org' }],
    ['remind me to call my mother next Friday', reminder, { text: 'call my mother', date: '2026-01-02' }],
    ['I have a question about my invoice', billing, {}],
    ['look for vegan restaurants near the station', web, { query: 'vegan restaurants near the station' }],
    ['how hot is it in Cairo, in celsius?', strict, { city: 'Cairo', unit: 'celsius', confirm_duplicate: null }],
    ['weather in Cairo', strict, { city: 'Cairo', unit: null, confirm_duplicate: null }],
  ])('%s', async (said, tool, args) => {
    expect(await callsFor(said, [tool as (typeof travel)[number]])).toEqual([[tool.name, args]]);
  });
});

describe('toolChoice', () => {
  const said = 'book a flight from Paris to Tokyo';

  test('none: it never calls', async () => {
    const parts = await partsOf(request(said, { toolChoice: { type: 'none' } }));
    expect(callsIn(parts)).toEqual([]);
    expect(textIn(parts)).toBe(
      "I can't start the flight from Paris to Tokyo right now. Please ask me again in a moment.",
    );
  });

  test('a tool: it calls that and no other', async () => {
    const parts = await partsOf(request(said, { toolChoice: { type: 'tool', toolName: 'weather' } }));
    expect(callsIn(parts).map(([name]) => name)).toEqual(['weather']);
  });

  test('required: it calls', async () => {
    const parts = await partsOf(request('to Tokyo', { toolChoice: { type: 'required' } }));
    expect(callsIn(parts)).toHaveLength(1);
  });
});

describe('the stream', () => {
  test('is in words that add up to the text, inside a whole answer', async () => {
    const parts = await partsOf(request('hello'));
    const types = parts.map((part) => part.type);
    expect([types[0], types[1], types[2], types.at(-2), types.at(-1)]).toEqual([
      'stream-start',
      'response-metadata',
      'text-start',
      'text-end',
      'finish',
    ]);
    const words = parts.flatMap((part) => (part.type === 'text-delta' ? [part.delta] : []));
    expect(words.slice(0, 3)).toEqual(['Hello!', ' I', ' can']);
    expect(words.every((word) => /^\s?\S+$/.test(word))).toBe(true);
  });

  test('has the arguments as text, and the reason to go on', async () => {
    const parts = await partsOf(request('weather in Rome'));
    expect(parts.slice(2)).toMatchObject([
      { type: 'tool-input-start', id: 'weather_1', toolName: 'weather' },
      { type: 'tool-input-delta', id: 'weather_1', delta: '{"city":"Rome"}' },
      { type: 'tool-input-end', id: 'weather_1' },
      { type: 'tool-call', toolCallId: 'weather_1', toolName: 'weather', input: '{"city":"Rome"}' },
      { type: 'finish', finishReason: { unified: 'tool-calls' } },
    ]);
  });

  test('takes its time on the given clock: so much between two words', async () => {
    const clock = createVirtualClock();
    const { stream } = await offlineModel({ clock, wordDelayMs: 40 }).doStream(request('hello'));
    const heard: string[] = [];
    const reading = (async () => {
      for await (const part of stream as AsyncIterable<LanguageModelV4StreamPart>)
        if (part.type === 'text-delta') heard.push(part.delta);
    })();
    await clock.advance(0);
    expect(heard).toEqual(['Hello!']);
    await clock.advance(80);
    expect(heard).toEqual(['Hello!', ' I', ' can']);
    await clock.runUntilIdle();
    await reading;
    expect(heard.length).toBeGreaterThan(10);
    expect(clock.pending()).toEqual([]);
  });

  test('breaks off with the reason when it is aborted, and leaves no timer', async () => {
    const clock = createVirtualClock();
    const abort = new AbortController();
    const { stream } = await offlineModel({ clock, wordDelayMs: 40 }).doStream(
      request('hello', { abortSignal: abort.signal }),
    );
    const reading = Array.fromAsync(stream as AsyncIterable<LanguageModelV4StreamPart>).then(
      () => 'read to its end',
      (error: unknown) => error,
    );
    await clock.advance(50);
    const reason = new Error('enough');
    abort.abort(reason);
    expect(await reading).toBe(reason);
    expect(clock.pending()).toEqual([]);
  });

  test('an aborted request is refused; one that is aborted after its end harms nobody', async () => {
    const reason = new Error('too late');
    await expect(offlineModel().doStream(request('hello', { abortSignal: AbortSignal.abort(reason) }))).rejects.toBe(
      reason,
    );
    const abort = new AbortController();
    await partsOf(request('hello', { abortSignal: abort.signal }));
    abort.abort(reason);
  });

  test('cancelled by its reader it leaves no timer', async () => {
    const clock = createVirtualClock();
    const { stream } = await offlineModel({ clock, wordDelayMs: 40 }).doStream(request('hello'));
    const reader = stream.getReader();
    for (let part = 0; part < 4; part += 1) await reader.read();
    const next = reader.read();
    await clock.settle();
    expect(clock.pending()).toHaveLength(1);
    await reader.cancel();
    expect(clock.pending()).toEqual([]);
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test('doGenerate gives the same in one piece', async () => {
    const call = request('weather in Rome');
    expect(await offlineModel().doGenerate(call)).toMatchObject({
      content: [{ type: 'tool-call', toolName: 'weather', input: '{"city":"Rome"}' }],
      finishReason: { unified: 'tool-calls' },
    });
    const { content } = await offlineModel().doGenerate(request('hello'));
    expect(content).toEqual([{ type: 'text', text: textIn(await partsOf(request('hello'))) }]);
  });

  test('a delay that is none is refused', () => {
    expect(() => offlineModel({ wordDelayMs: -1 })).toThrow('wordDelayMs');
  });
});

describe('odd input', () => {
  test.each([
    ['nothing', ''],
    ['white space', ' \n '],
    ['control characters', '\u0000\u0007'],
    ['emoji', '🛫🗼'],
    ['100 kB', 'word '.repeat(20_000)],
    ['brackets', '(((([[[[{{{{'],
    ['patterns', '$& $1 \\d+ (?<x>'],
  ])('%s', async (_, said) => {
    const parts = await partsOf(request(said));
    expect(parts.at(-1)?.type).toBe('finish');
    expect(textIn(parts)).not.toBe('');
  });

  test('schemas that say little', async () => {
    const bare = [
      { type: 'function', name: 'ping', inputSchema: {} },
      { type: 'provider', id: 'x.y', name: 'y', args: {} },
    ] as const;
    const parts = await partsOf(request('ping', { tools: [...bare] }));
    expect(callsIn(parts)).toEqual([['ping', {}]]);
  });
});
