import { anthropic } from '@ai-sdk/anthropic';
import { openai } from '@ai-sdk/openai';
import { dynamicTool, jsonSchema, tool as aiTool } from 'ai';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { fromAiSdkTool, isAiSdkTool } from '../../src/tools/ai-sdk.ts';
import { TaskEndedError, ToolError } from '../../src/errors.ts';
import { tool } from '../../src/tools/tool.ts';
import { fakeOptions } from './fake-context.ts';

const city = z.object({ city: z.string() });

describe('AI SDK tools are taken as they are', () => {
  test('with schema, description and what goes to the provider', () => {
    const made = fromAiSdkTool(
      aiTool({
        description: 'The weather.',
        inputSchema: city,
        strict: true,
        inputExamples: [{ input: { city: 'Oslo' } }],
        providerOptions: { openai: { a: 1 } },
        execute: async () => 'sunny',
      }),
    );
    expect(made).toMatchObject({
      kind: 'tool',
      source: 'ai-sdk',
      description: 'The weather.',
      strict: true,
      inputExamples: [{ input: { city: 'Oslo' } }],
      providerOptions: { openai: { a: 1 } },
    });
    expect(made.schema.jsonSchema).toHaveProperty('required', ['city']);
    expect(Object.isFrozen(made)).toBe(true);
    expect(made).not.toHaveProperty('name');
  });

  test('dynamic tools, and schemas by jsonSchema()', async () => {
    const inputSchema = jsonSchema({ type: 'object', properties: { city: { type: 'string' } } });
    const made = fromAiSdkTool(dynamicTool({ inputSchema, execute: async (input) => input }));
    expect(made.schema.validate({ city: 7 })).toMatchObject({ ok: false, issues: [{ path: 'city' }] });
    expect(await made.execute({ city: 'Oslo' }, fakeOptions())).toEqual({ city: 'Oslo' });
  });

  test('the body gets input, toolCallId, abortSignal, and userData as its context', async () => {
    const seen: unknown[] = [];
    const declared = aiTool({
      inputSchema: city,
      onInputStart: () => void seen.push('start'),
      onInputAvailable: ({ input }) => void seen.push(input),
      execute: (input, options) => {
        seen.push(input, options);
        return 'sunny';
      },
    });
    const options = fakeOptions({ user: 'Ada' });
    expect(await fromAiSdkTool(declared).execute({ city: 'Oslo' }, options)).toBe('sunny');
    expect(seen).toEqual([
      'start',
      { city: 'Oslo' },
      { city: 'Oslo' },
      {
        toolCallId: 'call_1',
        messages: [],
        abortSignal: options.abortSignal,
        context: { user: 'Ada' },
        experimental_context: { user: 'Ada' },
        ctx: options.ctx,
      },
    ]);
  });

  test('a body that throws at once rejects', async () => {
    const failing = aiTool({
      inputSchema: city,
      execute: (): string => {
        throw new RangeError('no');
      },
    });
    await expect(fromAiSdkTool(failing).execute({}, fakeOptions())).rejects.toThrow(RangeError);
  });
});

describe('S1.6 what an AI SDK tool yields is for observers, the last one is the result', () => {
  const counting = aiTool({
    inputSchema: city,
    async *execute({ city: name }) {
      yield { text: `looking at ${name}` };
      yield { text: 'almost' };
      yield { text: 'sunny' };
    },
  });

  test('S1.6 in order', async () => {
    const options = fakeOptions();
    expect(await fromAiSdkTool(counting).execute({ city: 'Oslo' }, options)).toEqual({ text: 'sunny' });
    expect(options.updates).toEqual([
      { data: { text: 'looking at Oslo' } },
      { data: { text: 'almost' } },
      { data: { text: 'sunny' } },
    ]);
  });

  test('S1.6 also from a stream, and nothing from none', async () => {
    const streaming = aiTool({
      inputSchema: city,
      execute: () => ReadableStream.from([1, 2]) as AsyncIterable<number>,
    });
    expect(await fromAiSdkTool(streaming).execute({}, fakeOptions())).toBe(2);
    const silent = aiTool({ inputSchema: city, execute: async function* (): AsyncGenerator<string> {} });
    expect(await fromAiSdkTool(silent).execute({}, fakeOptions())).toBeUndefined();
  });

  test('S1.6 a generator is closed when its task has ended', async () => {
    let closed = false;
    const endless = aiTool({
      inputSchema: city,
      async *execute() {
        try {
          for (let n = 0; ; n += 1) yield n;
        } finally {
          closed = true;
        }
      },
    });
    const options = fakeOptions();
    const ended = new TaskEndedError('call_1', 'cancelled');
    const update = (message: unknown) => {
      options.updates.push(message);
      return options.updates.length < 3 ? Promise.resolve() : Promise.reject(ended);
    };
    const running = fromAiSdkTool(endless).execute({}, { ...options, ctx: { ...options.ctx, update } });
    await expect(running).rejects.toBe(ended);
    expect(closed).toBe(true);
  });
});

describe('toModelOutput says what the model is told', () => {
  const run = (output: unknown) => {
    const declared = aiTool({ inputSchema: city, execute: async () => 7, toModelOutput: () => output as never });
    return fromAiSdkTool(declared).execute({ city: 'Oslo' }, fakeOptions());
  };

  test('text, JSON, and the texts of content', async () => {
    expect(await run({ type: 'text', value: 'sunny' })).toBe('sunny');
    expect(await run({ type: 'json', value: { a: 1 } })).toEqual({ a: 1 });
    expect(
      await run({
        type: 'content',
        value: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      }),
    ).toBe('a\nb');
  });

  test('errors', async () => {
    await expect(run({ type: 'error-text', value: 'no such city' })).rejects.toThrow(new ToolError('no such city'));
    await expect(run({ type: 'error-json', value: { code: 7 } })).rejects.toThrow(new ToolError('{"code":7}'));
    await expect(run({ type: 'execution-denied', reason: 'not you' })).rejects.toThrow(new ToolError('not you'));
    await expect(run({ type: 'execution-denied' })).rejects.toThrow(new ToolError('The call was denied.'));
  });

  test('what cannot be told is no quiet loss', async () => {
    await expect(run({ type: 'content', value: [{ type: 'file' }] })).rejects.toThrow(
      'content of type "file"; only text',
    );
    await expect(run(undefined)).rejects.toThrow('toModelOutput gave undefined');
  });

  test('with call id, input and output', async () => {
    const declared = aiTool({
      inputSchema: city,
      execute: async () => 7,
      toModelOutput: (it) => ({ type: 'json', value: { ...it } }),
    });
    expect(await fromAiSdkTool(declared).execute({ city: 'Oslo' }, fakeOptions())).toEqual({
      toolCallId: 'call_1',
      input: { city: 'Oslo' },
      output: 7,
    });
  });
});

describe('approval', () => {
  const withApproval = (needsApproval: unknown) =>
    fromAiSdkTool({ inputSchema: city, execute: () => 1, needsApproval } as never).needsApproval;

  test('as a flag or a function of the input', async () => {
    expect([withApproval(true), withApproval(false), withApproval(undefined)]).toEqual([true, undefined, undefined]);
    const ask = withApproval(
      async (input: { city: string }, options: { messages: unknown[] }) =>
        input.city === 'Oslo' && options.messages.length === 0,
    );
    if (typeof ask !== 'function') throw new Error('expected a function');
    expect([await ask({ city: 'Oslo' }), await ask({ city: 'Rome' })]).toEqual([true, false]);
  });
});

describe('provider-defined tools', () => {
  test('with an own function run here, and are known to the provider by their id', () => {
    const made = fromAiSdkTool(anthropic.tools.bash_20250124({ execute: async () => 'ok' }), 'bash');
    expect(made).toMatchObject({ source: 'provider-defined', provider: { id: 'anthropic.bash_20250124', args: {} } });
  });

  test('that run at the provider are refused', () => {
    expect(() => fromAiSdkTool(openai.tools.webSearch({}), 'search')).toThrow(
      'Tool "search": runs at the provider ("openai.web_search"). Give it an own function, or leave it out.',
    );
  });
});

describe('a wrong AI SDK tool fails when it is declared', () => {
  test.each<[object, string]>([
    [{ inputSchema: city }, 'Tool "t": the AI SDK tool has no execute, so nobody here could run it. Give it one.'],
    [
      { inputSchema: city, execute: () => 1, description: () => 'x' },
      'Tool "t": expected description to be a string, got a function. Give it a fixed one.',
    ],
    [{ inputSchema: z.string(), execute: () => 1 }, 'Tool "t": expected the schema of an object, got "string".'],
  ])('%o', (declared, message) => {
    expect(() => fromAiSdkTool(declared as never, 't')).toThrow(message);
  });

  test('also by the name of its key', () => {
    const declared = aiTool({ inputSchema: city, execute: () => 1 });
    expect(() => fromAiSdkTool(declared, 'cancel_task')).toThrow('is taken by a companion tool');
    expect(() => fromAiSdkTool(declared, 'a b')).toThrow('expected a name of 1 to 64');
  });
});

test('ours are not theirs', () => {
  expect(isAiSdkTool(tool({ inputSchema: city, execute: () => 1 }))).toBe(false);
  expect(isAiSdkTool(aiTool({ inputSchema: city, execute: () => 1 }))).toBe(true);
  expect([undefined, null, {}, () => 1].map(isAiSdkTool)).toEqual([false, false, false, false]);
});
