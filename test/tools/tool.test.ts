import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isTool, tool, type ToolDefinition } from '../../src/tools/tool.ts';

const execute = () => 'done';

const failure = (definition: unknown) => {
  try {
    tool(definition as ToolDefinition<undefined>);
  } catch (error) {
    expect(error).toMatchObject({ name: 'MeanwhileError', code: 'invalid_definition' });
    return (error as Error).message;
  }
  return 'no error';
};

describe('a tool as declared', () => {
  test('is frozen data and its body', () => {
    const body = async ({ from }: { from: string }) => from;
    const made = tool({
      name: 'book_flight',
      description: 'Books.',
      parameters: z.object({ from: z.string() }),
      onDuplicate: 'confirm',
      timeoutMs: 5,
      strict: true,
      inputExamples: [{ input: { from: 'Oslo' } }],
      providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } },
      execute: body,
    });
    const { schema, ...data } = made;
    expect(data).toEqual({
      kind: 'tool',
      source: 'meanwhile',
      name: 'book_flight',
      description: 'Books.',
      onDuplicate: 'confirm',
      timeoutMs: 5,
      strict: true,
      inputExamples: [{ input: { from: 'Oslo' } }],
      providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } },
      execute: body,
    });
    expect(schema.jsonSchema).toMatchObject({ properties: { from: { type: 'string' } } });
    expect(Object.isFrozen(made)).toBe(true);
    expect(isTool(made)).toBe(true);
    expect(isTool({ kind: 'tool' })).toBe(false);
  });

  test('needs no more than a body', () => {
    expect(Object.keys(tool({ execute })).sort()).toEqual(['execute', 'kind', 'schema', 'source']);
    expect(tool({ execute, name: undefined as never, timeoutMs: undefined as never })).not.toHaveProperty('timeoutMs');
  });

  test(`takes the AI SDK's inputSchema for parameters`, () => {
    const made = tool({ inputSchema: z.object({ from: z.string() }), execute });
    expect(made.schema.jsonSchema).toHaveProperty('required', ['from']);
  });
});

describe('a wrong definition fails at once, with the fact, the value and the remedy', () => {
  test.each<[unknown, string]>([
    [undefined, 'tool: expected an object of options, got undefined.'],
    [execute, 'tool: expected an object of options, got a function.'],
    [{}, 'tool: expected execute to be a function, got undefined.'],
    [{ name: 'a', execute: 'x' }, 'Tool "a": expected execute to be a function, got "x".'],
    [{ name: '', execute }, 'Tool "": expected a name of 1 to 64 letters, digits, "_" or "-", got "".'],
    [{ name: 'a b', execute }, 'Tool "a b": expected a name of 1 to 64 letters, digits, "_" or "-", got "a b".'],
    [{ name: 'ä', execute }, 'Tool "ä": expected a name of 1 to 64 letters, digits, "_" or "-", got "ä".'],
    [{ name: 'a\n', execute }, 'Tool "a\\n": expected a name of 1 to 64 letters, digits, "_" or "-", got "a\\n".'],
    [{ name: 7, execute }, 'tool: expected a name of 1 to 64 letters, digits, "_" or "-", got 7.'],
    [{ description: 7, execute }, 'tool: expected description to be a string, got 7.'],
    [{ strict: 'yes', execute }, 'tool: expected strict to be true or false, got "yes".'],
    [{ providerOptions: [], execute }, 'tool: expected providerOptions to be an object, got an array of 0.'],
    [
      { inputExamples: [{ from: 1 }], execute },
      'tool: expected inputExamples to be a list of { input }, got an array of 1.',
    ],
    [
      { name: 'a', parameters: z.string(), execute },
      'Tool "a": expected the schema of an object, got "string". Put the value into a property of an object.',
    ],
    [
      { parameters: z.object({}), inputSchema: z.object({}), execute },
      'tool: has both parameters and inputSchema, which are two names of one thing. Leave one out.',
    ],
    [{ name: 'a', execute, timeout: 5 }, 'Tool "a": unknown option "timeout". Did you mean timeoutMs?'],
    [
      { name: 'a', execute, flags: 2 },
      'Tool "a": unknown option "flags". Use allowCancellation: true instead of ToolFlag.CANCELLABLE.',
    ],
    [
      { name: 'a', execute, timeoutMs: -5 },
      'Tool "a": expected timeoutMs in milliseconds, more than 0, got -5. Leave it out for no limit.',
    ],
    [
      { name: 'a', execute, onDuplicate: 'confirm', parameters: z.object({ confirm_duplicate: z.boolean() }) },
      `Tool "a": its parameters have a "confirm_duplicate", which onDuplicate: 'confirm' adds itself. Rename it.`,
    ],
  ])('%o', (definition, message) => {
    expect(failure(definition)).toBe(message);
  });

  test('a name of 64 characters is the longest', () => {
    expect(failure({ name: 'a'.repeat(64), execute })).toBe('no error');
    expect(failure({ name: 'a'.repeat(65), execute })).toContain('expected a name of 1 to 64');
  });

  test.each(['get_running_tasks', 'cancel_task', 'answer_task'])('S5.4 the name of a companion: %s', (name) => {
    expect(failure({ name, execute })).toBe(
      `Tool "${name}": the name "${name}" is taken by a companion tool of the library. Choose another.`,
    );
  });
});
