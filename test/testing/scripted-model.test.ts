import {
  APICallError,
  type LanguageModelV4,
  type LanguageModelV4CallOptions,
  type LanguageModelV4Prompt,
  type LanguageModelV4StreamPart,
} from '@ai-sdk/provider';
import { generateText, stepCountIs, streamText, tool } from 'ai';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type ScriptedStep, scriptedModel } from '../../src/testing/scripted-model.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';

const startAt = Date.UTC(2026, 0, 1);

const user = (text: string): LanguageModelV4Prompt[number] => ({ role: 'user', content: [{ type: 'text', text }] });

const request = (text = 'hello', options: Partial<LanguageModelV4CallOptions> = {}): LanguageModelV4CallOptions => ({
  prompt: [user(text)],
  ...options,
});

/** Calls the model and pushes what the stream gives on `parts`, which can be looked at meanwhile. */
async function readInto(parts: LanguageModelV4StreamPart[], model: LanguageModelV4, call = request()): Promise<void> {
  const { stream } = await model.doStream(call);
  for await (const part of stream) parts.push(part);
}

async function partsOf(model: LanguageModelV4, call = request()): Promise<LanguageModelV4StreamPart[]> {
  const parts: LanguageModelV4StreamPart[] = [];
  await readInto(parts, model, call);
  return parts;
}

const deltasOf = (parts: readonly LanguageModelV4StreamPart[]) =>
  parts.flatMap((part) => (part.type === 'text-delta' ? [part.delta] : []));

const typesOf = (parts: readonly LanguageModelV4StreamPart[]) => parts.map(({ type }) => type);

const idsOf = (parts: readonly LanguageModelV4StreamPart[]) =>
  parts.flatMap((part) => (part.type === 'tool-call' ? [part.toolCallId] : []));

// The stream.

test('a string is streamed word by word, in the protocol of V4', async () => {
  const model = scriptedModel(['Hello there, you.']);
  expect(await partsOf(model)).toEqual([
    { type: 'stream-start', warnings: [] },
    { type: 'response-metadata', id: 'response_1', modelId: 'scripted' },
    { type: 'text-start', id: 'text_1' },
    { type: 'text-delta', id: 'text_1', delta: 'Hello' },
    { type: 'text-delta', id: 'text_1', delta: ' there,' },
    { type: 'text-delta', id: 'text_1', delta: ' you.' },
    { type: 'text-end', id: 'text_1' },
    {
      type: 'finish',
      finishReason: { unified: 'stop', raw: 'stop' },
      usage: {
        inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
        outputTokens: { total: 3, text: 3, reasoning: 0 },
      },
    },
  ]);
});

test('reasoning, text and calls come in this order', async () => {
  const model = scriptedModel([
    {
      calls: [{ name: 'book', args: { to: 'Tokyo' } }, { name: 'list' }],
      text: 'One moment.',
      reasoning: 'He wants two.',
    },
  ]);
  const parts = await partsOf(model);
  expect(parts.slice(2)).toEqual([
    { type: 'reasoning-start', id: 'reasoning_1' },
    { type: 'reasoning-delta', id: 'reasoning_1', delta: 'He' },
    { type: 'reasoning-delta', id: 'reasoning_1', delta: ' wants' },
    { type: 'reasoning-delta', id: 'reasoning_1', delta: ' two.' },
    { type: 'reasoning-end', id: 'reasoning_1' },
    { type: 'text-start', id: 'text_1' },
    { type: 'text-delta', id: 'text_1', delta: 'One' },
    { type: 'text-delta', id: 'text_1', delta: ' moment.' },
    { type: 'text-end', id: 'text_1' },
    { type: 'tool-input-start', id: 'call_1', toolName: 'book' },
    { type: 'tool-input-delta', id: 'call_1', delta: '{"to":"Tokyo"}' },
    { type: 'tool-input-end', id: 'call_1' },
    { type: 'tool-call', toolCallId: 'call_1', toolName: 'book', input: '{"to":"Tokyo"}' },
    { type: 'tool-input-start', id: 'call_2', toolName: 'list' },
    { type: 'tool-input-delta', id: 'call_2', delta: '{}' },
    { type: 'tool-input-end', id: 'call_2' },
    { type: 'tool-call', toolCallId: 'call_2', toolName: 'list', input: '{}' },
    expect.objectContaining({ type: 'finish', finishReason: { unified: 'tool-calls', raw: 'tool-calls' } }),
  ]);
});

test.each([
  ['  leading and\n\nlines  ', ['  leading', ' and', '\n\nlines  ']],
  ['one', ['one']],
  ['   ', ['   ']],
  ['', []],
])('the words of %j add up to the text', async (text, deltas) => {
  const parts = await partsOf(scriptedModel([text]));
  expect(deltasOf(parts)).toEqual(deltas);
  expect(deltas.join('')).toBe(text);
  expect(typesOf(parts).includes('text-start')).toBe(text !== '');
});

test('finish reason, usage, metadata and malformed arguments are what the script says', async () => {
  const model = scriptedModel(
    [
      {
        text: 'Yes',
        calls: [
          { name: 'book', argsText: '{"to": "Tok' },
          { name: 'list', providerMetadata: { acme: { signature: 'own' } } },
        ],
        finishReason: 'length',
        providerMetadata: { acme: { signature: 'step' } },
        usage: { inputTokens: 12, outputTokens: { total: 5, text: 2, reasoning: 3 }, raw: { cost: 1 } },
      },
    ],
    { modelId: 'tiny', provider: 'acme' },
  );
  expect([model.provider, model.modelId, model.specificationVersion, model.supportedUrls]).toEqual([
    'acme',
    'tiny',
    'v4',
    {},
  ]);
  const parts = await partsOf(model);
  const step = { acme: { signature: 'step' } };
  expect(parts).toContainEqual({ type: 'response-metadata', id: 'response_1', modelId: 'tiny' });
  expect(parts).toContainEqual({ type: 'text-end', id: 'text_1', providerMetadata: step });
  expect(parts.filter(({ type }) => type === 'tool-call')).toEqual([
    { type: 'tool-call', toolCallId: 'call_1', toolName: 'book', input: '{"to": "Tok', providerMetadata: step },
    {
      type: 'tool-call',
      toolCallId: 'call_2',
      toolName: 'list',
      input: '{}',
      providerMetadata: { acme: { signature: 'own' } },
    },
  ]);
  expect(parts.at(-1)).toEqual({
    type: 'finish',
    finishReason: { unified: 'length', raw: 'length' },
    usage: {
      inputTokens: { total: 12, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: 5, text: 2, reasoning: 3 },
      raw: { cost: 1 },
    },
    providerMetadata: step,
  });
});

test('doGenerate gives the same in one piece', async () => {
  const model = scriptedModel([
    {
      reasoning: 'Let me see.',
      text: 'Here you are.',
      calls: [{ name: 'book', args: [1] }],
      providerMetadata: { acme: { a: 1 } },
    },
    { error: new Error('refused') },
    { text: 'one two', failAfter: 1 },
  ]);
  const providerMetadata = { acme: { a: 1 } };
  expect(await model.doGenerate(request())).toEqual({
    content: [
      { type: 'reasoning', text: 'Let me see.', providerMetadata },
      { type: 'text', text: 'Here you are.', providerMetadata },
      { type: 'tool-call', toolCallId: 'call_1', toolName: 'book', input: '[1]', providerMetadata },
    ],
    finishReason: { unified: 'tool-calls', raw: 'tool-calls' },
    usage: {
      inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: 6, text: 3, reasoning: 3 },
    },
    providerMetadata,
    response: { id: 'response_1', modelId: 'scripted' },
    warnings: [],
  });
  await expect(model.doGenerate(request())).rejects.toThrow('refused');
  await expect(model.doGenerate(request())).rejects.toThrow('The scripted model failed, as its script says.');
  model.assertComplete();
});

// The script.

test('the n-th call gets the n-th step, whatever is read when', async () => {
  const model = scriptedModel(['first', 'second', 'third']);
  expect(model.remaining).toBe(3);
  const first = model.doStream(request());
  const second = model.doStream(request());
  expect(model.remaining).toBe(1);
  expect(deltasOf(await Array.fromAsync((await second).stream))).toEqual(['second']);
  expect(deltasOf(await Array.fromAsync((await first).stream))).toEqual(['first']);
  expect(deltasOf(await partsOf(model))).toEqual(['third']);
  expect(model.remaining).toBe(0);
  model.assertComplete();
});

test('a function makes its answer from the request; the list of steps is the one that was given', async () => {
  const steps: ScriptedStep[] = [({ prompt }) => `${prompt.length} messages`, () => ({ calls: [{ name: 'book' }] })];
  const model = scriptedModel(steps);
  steps.length = 0;
  expect(deltasOf(await partsOf(model))).toEqual(['1', ' messages']);
  expect(idsOf(await partsOf(model))).toEqual(['call_1']);
});

test('a call beyond the script rejects with the tail of its prompt, and assertComplete tells it again', async () => {
  const model = scriptedModel(['one', 'two']);
  await partsOf(model);
  await partsOf(model);
  const prompt: LanguageModelV4Prompt = [
    { role: 'system', content: 'Be kind.' },
    user('x'.repeat(300)),
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'One moment.' },
        { type: 'tool-call', toolCallId: 'call_1', toolName: 'book', input: { to: 'Tokyo' } },
      ],
    },
    {
      role: 'tool',
      content: [
        { type: 'tool-result', toolCallId: 'call_1', toolName: 'book', output: { type: 'text', value: 'done' } },
      ],
    },
  ];
  const message = [
    'Unexpected model call 3: the script has 2 steps. Add a step or a fallback, or find out why the model was called again. The prompt ends with:',
    '  … 1 before',
    `  user: ${'x'.repeat(200)}…`,
    '  assistant: One moment. | book({"to":"Tokyo"}) as call_1',
    '  tool: call_1 gave {"type":"text","value":"done"}',
  ].join('\n');
  await expect(model.doStream({ prompt })).rejects.toThrow(new Error(message));
  expect(() => model.assertComplete()).toThrow(new Error(message));
  expect(model.calls).toHaveLength(3);
  expect(model.remaining).toBe(0);
});

test('assertComplete lists the steps that are left', async () => {
  const model = scriptedModel([
    'one',
    { text: 'two', calls: [{ name: 'book', args: { to: 'Tokyo' } }] },
    { error: new Error('overloaded') },
    function answer() {
      return '';
    },
    { reasoning: 'hm', calls: [{ name: 'list' }] },
    '',
  ]);
  await partsOf(model);
  expect(() => model.assertComplete()).toThrow(
    new Error(
      [
        "Of the scripted model's 6 steps no call has taken:",
        '  2. "two", call of book({"to":"Tokyo"})',
        '  3. error overloaded',
        '  4. a function answer',
        '  5. reasoning, call of list()',
        '  6. an empty answer',
      ].join('\n'),
    ),
  );
});

test('a fallback answers whatever the steps do not', async () => {
  const model = scriptedModel(['scripted'], {
    fallback: ({ prompt }) => ({ text: `call with ${prompt.length}`, calls: [{ name: 'book' }] }),
  });
  expect(deltasOf(await partsOf(model))).toEqual(['scripted']);
  expect(idsOf(await partsOf(model))).toEqual(['call_1']);
  expect(idsOf(await partsOf(model))).toEqual(['call_2']);
  expect(model.remaining).toBe(0);
  model.assertComplete();
});

test('ids of calls never repeat, unless the script repeats them', async () => {
  const book = { name: 'book' };
  const model = scriptedModel([
    { calls: [book, { ...book, id: 'call_3' }] },
    { calls: [book, book, { ...book, id: 'call_3' }] },
    { calls: [book, { ...book, id: 'not fit!' }], failAfter: 'start' },
    { calls: [book] },
  ]);
  const ids: string[] = [];
  for (let i = 0; i < 4; i++) ids.push(...idsOf(await partsOf(model)));
  expect(ids).toEqual(['call_1', 'call_3', 'call_2', 'call_4', 'call_3', 'call_5']);
  const other = scriptedModel([{ calls: [book] }], { idPrefix: 'other_' });
  expect(idsOf(await partsOf(other))).toEqual(['other_1']);
});

test('a failed expectation rejects the call, and assertComplete throws the same error', async () => {
  const error = new Error('expected a tool');
  const seen: LanguageModelV4CallOptions[] = [];
  const model = scriptedModel([
    { text: 'fine', expect: (call) => void seen.push(call) },
    {
      expect() {
        throw error;
      },
    },
  ]);
  const call = request('hello', { abortSignal: new AbortController().signal });
  await partsOf(model, call);
  expect(seen).toEqual([call]);
  await expect(model.doStream(request())).rejects.toBe(error);
  expect(() => model.assertComplete()).toThrow(error);
});

test('several failures are thrown together', async () => {
  const model = scriptedModel([
    () => {
      throw new Error('first');
    },
  ]);
  await expect(model.doStream(request())).rejects.toThrow('first');
  await expect(model.doGenerate(request())).rejects.toThrow('Unexpected model call 2: the script has 1 step.');
  expect(() => model.assertComplete()).toThrow(/^Error: first\nError: Unexpected model call 2/);
  expect(() => model.assertComplete()).toThrow(AggregateError);
});

test.each<[string, ScriptedStep, string]>([
  [
    'a delay without a clock',
    { delayMs: 5 },
    'has delayMs 5 but there is no clock to count it on; give the option clock.',
  ],
  ['a word delay without a clock', { wordDelayMs: 5 }, 'has wordDelayMs 5 but there is no clock'],
  ['a delay that is none', { delayMs: Number.NaN }, 'has delayMs NaN; expected a finite number of 0 or more.'],
  [
    'a failure after more words than there are',
    { text: 'one two', failAfter: 3 },
    'has failAfter 3; its text has 2 words.',
  ],
  [
    'a wait after half a word',
    { text: 'one', hang: Promise.resolve(), hangAfter: 0.5 },
    'has hangAfter 0.5; its text has 1 word.',
  ],
  ['hangAfter without hang', { text: 'one', hangAfter: 1 }, 'has hangAfter but no hang'],
  [
    'two kinds of arguments',
    { calls: [{ name: 'book', args: {}, argsText: '{}' }] },
    'gives book both args and argsText',
  ],
  ['arguments that are not JSON', { calls: [{ name: 'book', args: () => 1 }] }, 'gives book args that are not JSON.'],
  [
    'content that an error hides',
    { text: 'one', error: new Error('no') },
    'has an error, so its content is never sent',
  ],
])('refuses %s', async (_, step, message) => {
  expect(() => scriptedModel(['fine', step])).toThrow(TypeError);
  expect(() => scriptedModel(['fine', step])).toThrow(`Step 2 of the scripted model ${message}`);
  const made = scriptedModel([() => step as Exclude<ScriptedStep, (...args: never[]) => unknown>]);
  await expect(made.doStream(request())).rejects.toThrow(`The answer to call 1 of the scripted model ${message}`);
  expect(() => made.assertComplete()).toThrow(TypeError);
});

test('a delay of 0 needs no clock', async () => {
  expect(deltasOf(await partsOf(scriptedModel([{ text: 'now', delayMs: 0, wordDelayMs: 0 }])))).toEqual(['now']);
});

// What is recorded.

test('calls are deep snapshots: nothing that happens later changes them', async () => {
  const model = scriptedModel(['one', 'two']);
  const prompt = [user('first')];
  const call = request('', {
    prompt,
    temperature: 0.5,
    headers: { a: '1', b: undefined },
    abortSignal: new AbortController().signal,
  });
  await partsOf(model, call);
  const [message] = prompt;
  if (message?.role === 'user' && message.content[0]?.type === 'text') message.content[0].text = 'changed';
  prompt.push(user('second'));
  call.temperature = 1;
  await partsOf(model, call);

  expect(model.calls[0]).toStrictEqual({ prompt: [user('first')], temperature: 0.5, headers: { a: '1' } });
  expect(model.prompts).toStrictEqual([[user('first')], [user('changed'), user('second')]]);
  expect(JSON.parse(JSON.stringify(model.calls))).toStrictEqual(model.calls);
});

test('snapshots hold binary data as base64 and addresses as text, and are frozen', async () => {
  const model = scriptedModel(['one']);
  const data = (bytes: Uint8Array) => ({
    type: 'file' as const,
    mediaType: 'audio/wav',
    data: { type: 'data' as const, data: bytes },
  });
  const file = {
    type: 'file' as const,
    mediaType: 'image/png',
    data: { type: 'url' as const, url: new URL('https://example.com/a.png') },
  };
  const bytes = Uint8Array.of(104, 105);
  const prompt: LanguageModelV4Prompt = [{ role: 'user', content: [data(bytes), data(Buffer.from(bytes)), file] }];
  await partsOf(model, { prompt });
  bytes.fill(0);
  expect(model.prompts[0]).toStrictEqual([
    {
      role: 'user',
      content: [
        { type: 'file', mediaType: 'audio/wav', data: { type: 'data', data: 'aGk=' } },
        { type: 'file', mediaType: 'audio/wav', data: { type: 'data', data: 'aGk=' } },
        { type: 'file', mediaType: 'image/png', data: { type: 'url', url: 'https://example.com/a.png' } },
      ],
    },
  ]);
  expect(() => model.prompts[0]!.push(user('more'))).toThrow(TypeError);
});

test('equal messages and tools of two requests are kept once', async () => {
  const model = scriptedModel(['one', 'two']);
  const tools = () => [{ type: 'function' as const, name: 'book', inputSchema: { type: 'object' as const } }];
  await partsOf(model, { prompt: [user('a')], tools: tools() });
  await partsOf(model, { prompt: [user('a'), user('b')], tools: tools() });
  expect(model.prompts[1]?.[0]).toBe(model.prompts[0]?.[0]);
  expect(model.calls[1]?.tools?.[0]).toBe(model.calls[0]?.tools?.[0]);
  expect(model.calls[0]?.tools).toEqual(tools());
});

// Time.

test('delays are counted on the clock, from the call on, before the first part and between words', async () => {
  const clock = createVirtualClock();
  const model = scriptedModel([{ reasoning: 'hm', text: 'one two', delayMs: 1_000, wordDelayMs: 200 }], { clock });
  const parts: LanguageModelV4StreamPart[] = [];
  const reading = readInto(parts, model);
  const words = () => parts.flatMap((part) => ('delta' in part ? [part.delta] : []));

  await clock.advance(999);
  expect(parts).toEqual([]);
  expect(clock.pending()).toEqual([{ at: startAt + 1_000, inMs: 1, label: 'scriptedModel' }]);
  await clock.advance(1);
  expect(parts[1]).toEqual({
    type: 'response-metadata',
    id: 'response_1',
    modelId: 'scripted',
    timestamp: new Date(startAt),
  });
  expect(words()).toEqual(['hm']);
  await clock.advance(199);
  expect(words()).toEqual(['hm']);
  await clock.advance(1);
  expect(words()).toEqual(['hm', 'one']);
  await clock.advance(200);
  await reading;
  expect(words()).toEqual(['hm', 'one', ' two']);
  expect(parts.at(-1)?.type).toBe('finish');
  expect(clock.pending()).toEqual([]);
});

test('a stream that nobody reads arms no timer', async () => {
  const clock = createVirtualClock();
  await scriptedModel([{ text: 'one', delayMs: 100 }], { clock }).doStream(request());
  await clock.settle();
  expect(clock.pending()).toEqual([]);
});

test('a late reader finds the words that are due', async () => {
  const clock = createVirtualClock();
  const model = scriptedModel([{ text: 'one two three four', wordDelayMs: 100 }], { clock });
  const { stream } = await model.doStream(request());
  await clock.advance(250);
  expect(clock.pending()).toEqual([]);
  const parts: LanguageModelV4StreamPart[] = [];
  void (async () => {
    for await (const part of stream) parts.push(part);
  })();
  await clock.settle();
  expect(deltasOf(parts)).toEqual(['one', ' two', ' three']);
  await clock.advance(50);
  expect(deltasOf(parts)).toEqual(['one', ' two', ' three', ' four']);
});

test('ten minutes of speech, in thousands of timers, give the same timeline each time', async () => {
  const run = async () => {
    const clock = createVirtualClock();
    const model = scriptedModel([], {
      clock,
      fallback: () => ({ text: 'word '.repeat(30), delayMs: 400, wordDelayMs: 150 }),
    });
    const log: string[] = [];
    const talking = (async () => {
      while (clock.now() < startAt + 600_000) {
        for await (const part of (await model.doStream(request())).stream)
          log.push(`${clock.now() - startAt} ${part.type}`);
      }
    })();
    await clock.runUntilIdle();
    await talking;
    return { log, calls: model.calls.length };
  };
  const first = await run();
  expect(first.calls).toBe(127); // 400 ms and 29 gaps of 150 ms each: 4,750 ms a call
  expect(first.log.filter((line) => line.endsWith('text-delta'))).toHaveLength(127 * 30);
  expect(await run()).toEqual(first);
});

// Failures.

test('a request fails with its error, after its delay', async () => {
  const clock = createVirtualClock();
  const error = new APICallError({ message: 'overloaded', url: '', requestBodyValues: {}, isRetryable: true });
  const model = scriptedModel([{ error }, { error: 'not an Error', delayMs: 500 }], { clock });
  await expect(model.doStream(request())).rejects.toBe(error);
  const settled = vi.fn<(reason: unknown) => void>();
  void model.doStream(request()).then(undefined, settled);
  await clock.advance(499);
  expect(settled).not.toHaveBeenCalled();
  await clock.advance(1);
  expect(settled).toHaveBeenCalledWith('not an Error');
  model.assertComplete();
});

test.each<[number | 'start' | 'end', string[]]>([
  ['start', ['stream-start', 'response-metadata']],
  [0, ['stream-start', 'response-metadata', 'text-start']],
  [1, ['stream-start', 'response-metadata', 'text-start', 'text-delta']],
  [2, ['stream-start', 'response-metadata', 'text-start', 'text-delta', 'text-delta']],
  [
    'end',
    [
      'stream-start',
      'response-metadata',
      'text-start',
      'text-delta',
      'text-delta',
      'text-end',
      'tool-input-start',
      'tool-input-delta',
      'tool-input-end',
      'tool-call',
    ],
  ],
])('a stream can fail after %s', async (failAfter, before) => {
  const error = new Error('connection lost');
  const parts = await partsOf(scriptedModel([{ text: 'one two', calls: [{ name: 'book' }], failAfter, error }]));
  expect(typesOf(parts)).toEqual([...before, 'error', 'finish']);
  expect(parts.at(-2)).toEqual({ type: 'error', error });
  expect(parts.at(-1)).toMatchObject({ finishReason: { unified: 'error' } });
});

test.each<[number | 'start' | 'end', number]>([
  ['start', 2],
  [1, 4],
  ['end', 10],
])('a stream can wait for the test after %s', async (hangAfter, before) => {
  const clock = createVirtualClock();
  const hang = Promise.withResolvers<void>();
  const model = scriptedModel([{ text: 'one two', calls: [{ name: 'book' }], hang: hang.promise, hangAfter }]);
  const parts: LanguageModelV4StreamPart[] = [];
  const reading = readInto(parts, model);
  await clock.advance(600_000);
  expect(parts).toHaveLength(before);
  hang.resolve();
  await reading;
  expect(parts).toHaveLength(11);
});

test('words after a wait are due from its end', async () => {
  const clock = createVirtualClock();
  const hang = Promise.withResolvers<void>();
  const model = scriptedModel([{ text: 'one two', wordDelayMs: 100, hang: hang.promise, hangAfter: 1 }], { clock });
  const parts: LanguageModelV4StreamPart[] = [];
  void readInto(parts, model);
  await clock.advance(5_000);
  hang.resolve();
  await clock.advance(99);
  expect(deltasOf(parts)).toEqual(['one']);
  await clock.advance(1);
  expect(deltasOf(parts)).toEqual(['one', ' two']);
});

test('a wait that rejects breaks the stream off', async () => {
  const hang = Promise.withResolvers<void>();
  const controller = new AbortController();
  const removed = vi.spyOn(controller.signal, 'removeEventListener');
  const model = scriptedModel([{ text: 'one two', hang: hang.promise, hangAfter: 1 }]);
  const parts: LanguageModelV4StreamPart[] = [];
  const reading = readInto(parts, model, request('hello', { abortSignal: controller.signal }));
  const error = new Error('socket hang up');
  hang.reject(error);
  await expect(reading).rejects.toBe(error);
  expect(deltasOf(parts)).toEqual(['one']);
  expect(removed).toHaveBeenCalledTimes(1);
});

// Aborts.

/** A signal that tells how many listeners it has. */
function countedAbort() {
  const controller = new AbortController();
  const { signal } = controller;
  const added = vi.spyOn(signal, 'addEventListener');
  const removed = vi.spyOn(signal, 'removeEventListener');
  return { controller, signal, listeners: () => added.mock.calls.length - removed.mock.calls.length };
}

const reason = new Error('interrupted');

test('a request that is aborted before it is made rejects; its step is taken', async () => {
  const model = scriptedModel(['one', 'two']);
  await expect(model.doStream(request('hello', { abortSignal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
  expect([model.calls.length, model.remaining]).toEqual([1, 1]);
  expect(deltasOf(await partsOf(model))).toEqual(['two']);
});

test.each<[string, ScriptedStep, string[]]>([
  ['delayed', { text: 'one two', delayMs: 1_000 }, []],
  ['between two words', { text: 'one two', wordDelayMs: 1_000 }, ['one']],
  ['hanging at the start', { text: 'one two', hang: new Promise(() => {}) }, []],
  ['hanging after a word', { text: 'one two', hang: new Promise(() => {}), hangAfter: 1 }, ['one']],
])('an abort breaks a stream off at once while it is %s', async (_, step, words) => {
  const clock = createVirtualClock();
  const { controller, signal, listeners } = countedAbort();
  const parts: LanguageModelV4StreamPart[] = [];
  const failed = vi.fn<(reason: unknown) => void>();
  void readInto(parts, scriptedModel([step], { clock }), request('hello', { abortSignal: signal })).catch(failed);
  await clock.advance(500);
  expect(listeners()).toBe(1);
  expect(failed).not.toHaveBeenCalled();
  controller.abort(reason);
  expect(clock.pending()).toEqual([]);
  await clock.settle();
  expect(failed).toHaveBeenCalledExactlyOnceWith(reason);
  expect(deltasOf(parts)).toEqual(words);
  expect(listeners()).toBe(0);
  await clock.advance(10_000);
  expect(deltasOf(parts)).toEqual(words);
});

test('an abort during the delay of a request that fails rejects it with the reason', async () => {
  const clock = createVirtualClock();
  const { controller, signal, listeners } = countedAbort();
  const model = scriptedModel([{ error: new Error('never told'), delayMs: 1_000 }], { clock });
  const failed = vi.fn<(reason: unknown) => void>();
  void Promise.resolve(model.doStream(request('hello', { abortSignal: signal }))).catch(failed);
  await clock.advance(500);
  controller.abort(reason);
  await clock.settle();
  expect(failed).toHaveBeenCalledExactlyOnceWith(reason);
  expect([clock.pending(), listeners()]).toEqual([[], 0]);
});

test('an abort lets nothing through that was not read before, also without any delay', async () => {
  const controller = new AbortController();
  const { stream } = await scriptedModel(['one two three']).doStream(
    request('hello', { abortSignal: controller.signal }),
  );
  const reader = stream.getReader();
  for (const type of ['stream-start', 'response-metadata', 'text-start', 'text-delta']) {
    expect((await reader.read()).value).toMatchObject({ type });
  }
  controller.abort(reason);
  await expect(reader.read()).rejects.toBe(reason);
});

test('a hang that settles after the abort, and an abort after the end, change nothing', async () => {
  const hang = Promise.withResolvers<void>();
  const { controller, signal, listeners } = countedAbort();
  const model = scriptedModel(['one', { text: 'two', hang: hang.promise }]);
  const call = request('hello', { abortSignal: signal });
  const first = await partsOf(model, call);
  expect(listeners()).toBe(0);
  const second = partsOf(model, call);
  await Promise.resolve();
  controller.abort(reason);
  hang.resolve();
  await expect(second).rejects.toBe(reason);
  expect(deltasOf(first)).toEqual(['one']);
});

test('a stream that is cancelled leaves no timer and no listener', async () => {
  const clock = createVirtualClock();
  const { signal, listeners } = countedAbort();
  const model = scriptedModel([{ text: 'one two', wordDelayMs: 100 }], { clock });
  const { stream } = await model.doStream(request('hello', { abortSignal: signal }));
  const reader = stream.getReader();
  for (let i = 0; i < 4; i++) await reader.read();
  const pending = reader.read();
  await clock.settle();
  expect([clock.pending().length, listeners()]).toEqual([1, 1]);
  await reader.cancel();
  expect(await pending).toEqual({ done: true, value: undefined });
  expect([clock.pending().length, listeners()]).toEqual([0, 0]);
});

// The AI SDK.

const bookFlight = tool({
  description: 'Books a flight.',
  inputSchema: z.object({ to: z.string() }),
  execute: ({ to }) => `booked ${to}`,
});

test('streamText of the AI SDK runs a tool loop on it', async () => {
  const model = scriptedModel([
    { reasoning: 'A flight.', text: 'One moment.', calls: [{ name: 'bookFlight', args: { to: 'Tokyo' } }] },
    { text: 'Your flight is booked.', usage: { inputTokens: 7, outputTokens: 4 } },
  ]);
  const result = streamText({ model, prompt: 'Book Tokyo', tools: { bookFlight }, stopWhen: stepCountIs(5) });
  const words: string[] = [];
  for await (const delta of result.textStream) words.push(delta);
  expect(words.join('')).toBe('One moment.Your flight is booked.');
  const [first, second] = await result.steps;
  expect(first?.toolResults).toMatchObject([{ toolCallId: 'call_1', output: 'booked Tokyo' }]);
  expect(first?.reasoningText).toBe('A flight.');
  expect(second?.usage).toMatchObject({ inputTokens: 7, outputTokens: 4 });
  expect(model.prompts[1]?.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
  expect(model.calls[0]?.tools).toMatchObject([{ type: 'function', name: 'bookFlight' }]);
  model.assertComplete();
});

test('streamText streams the words as the virtual clock goes', async () => {
  const clock = createVirtualClock();
  const model = scriptedModel([{ text: 'one two three', delayMs: 300, wordDelayMs: 100 }], { clock });
  const log: string[] = [];
  const reading = (async () => {
    for await (const delta of streamText({ model, prompt: 'Count' }).textStream)
      log.push(`${clock.now() - startAt}${delta}`);
  })();
  await clock.advance(400);
  expect(log).toEqual(['300one', '400 two']);
  await clock.runUntilIdle();
  await reading;
  expect(log).toEqual(['300one', '400 two', '500 three']);
});

test('generateText of the AI SDK takes it too', async () => {
  const model = scriptedModel([{ calls: [{ name: 'bookFlight', args: { to: 'Tokyo' } }] }, 'Done.']);
  const { text, steps } = await generateText({
    model,
    prompt: 'Hello',
    tools: { bookFlight },
    stopWhen: stepCountIs(5),
  });
  expect([text, steps.length]).toEqual(['Done.', 2]);
  model.assertComplete();
});
