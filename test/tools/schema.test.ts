import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { jsonSchema } from 'ai';
import { lazySchema, zodSchema } from '@ai-sdk/provider-utils';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import * as mini from 'zod/mini';
import { z as z3 } from 'zod3';
import { MeanwhileError } from '../../src/errors.ts';
import { resolveSchema, type ToolParameters } from '../../src/tools/schema.ts';

/** The same schema in each library's words. */
const libraries: [string, ToolParameters][] = [
  ['Zod 4', z.object({ from: z.string(), seats: z.number().optional() })],
  ['Valibot', toStandardJsonSchema(v.object({ from: v.string(), seats: v.optional(v.number()) }))],
  ['ArkType', type({ from: 'string', 'seats?': 'number' })],
  [
    'JSON Schema',
    { type: 'object', properties: { from: { type: 'string' }, seats: { type: 'number' } }, required: ['from'] },
  ],
  [
    'AI SDK jsonSchema()',
    jsonSchema({
      type: 'object',
      properties: { from: { type: 'string' }, seats: { type: 'number' } },
      required: ['from'],
    }),
  ],
];

const flight = {
  type: 'object',
  properties: { from: { type: 'string' }, seats: { type: 'number' } },
  required: ['from'],
};

describe('S1.3 every library gives a JSON Schema and validates, at once', () => {
  test.each(libraries)('S1.3 %s', (_, parameters) => {
    const schema = resolveSchema(parameters);
    expect(schema.load()).toBeUndefined();
    expect(schema.jsonSchema).toEqual(flight);
    expect(schema.validate({ from: 'Oslo', seats: 2 })).toEqual({ ok: true, value: { from: 'Oslo', seats: 2 } });
    expect(schema.validate({ seats: 2 })).toMatchObject({ ok: false, issues: [{}] });
    expect(schema.validate({ from: 'Oslo', seats: 'two' })).toMatchObject({
      ok: false,
      issues: [{ path: 'seats', message: expect.stringContaining('number') as string }],
    });
  });

  test('S1.3 Zod 3 validates at once; its JSON Schema is loaded', async () => {
    const schema = resolveSchema(z3.object({ from: z3.string(), seats: z3.number().optional() }));
    expect(schema.jsonSchema).toBeUndefined();
    expect(schema.validate({ from: 7 })).toEqual({
      ok: false,
      issues: [{ path: 'from', message: 'Expected string, received number' }],
    });
    const loading = schema.load();
    expect(schema.load()).toBe(loading);
    await loading;
    expect(schema.jsonSchema).toEqual({ ...flight, additionalProperties: false });
    expect(schema.load()).toBeUndefined();
  });

  test('S1.3 so is that of Zod Mini, and of an early Zod 4', async () => {
    const schema = resolveSchema(mini.object({ from: mini.string(), seats: mini.optional(mini.number()) }));
    expect(schema.validate({ from: 'Oslo' })).toEqual({ ok: true, value: { from: 'Oslo' } });
    await schema.load();
    expect(schema.jsonSchema).toEqual({ ...flight, additionalProperties: false });
  });

  test('S1.3 an AI SDK schema of a promise is loaded, and validates when it is there', async () => {
    const { promise, resolve } = Promise.withResolvers<object>();
    const schema = resolveSchema(jsonSchema(promise as never));
    const early = schema.validate({ from: 7 });
    resolve(flight);
    await schema.load();
    expect(schema.jsonSchema).toEqual(flight);
    expect(await early).toMatchObject({ ok: false, issues: [{ path: 'from' }] });
    expect(schema.validate({ from: 'Oslo' })).toEqual({ ok: true, value: { from: 'Oslo' } });
  });

  test('S1.3 an AI SDK schema keeps its own validation, and its reasons', async () => {
    const refuse = () => ({ success: false as const, error: new Error('not on Sundays') });
    const own = resolveSchema(jsonSchema({ type: 'object' }, { validate: refuse }));
    expect(own.validate({})).toEqual({ ok: false, issues: [{ path: '', message: 'not on Sundays' }] });
    const lazy = resolveSchema(
      lazySchema(() => zodSchema(z.object({ legs: z.array(z.object({ from: z.string() })) }))),
    );
    expect(await lazy.validate({ legs: [{ from: 1 }] })).toMatchObject({
      ok: false,
      issues: [{ path: 'legs[0].from' }],
    });
    expect(await lazy.validate({ legs: [] })).toEqual({ ok: true, value: { legs: [] } });
  });

  test('S1.3 defaults and transforms are applied, and the model sees what goes in', () => {
    const schema = resolveSchema(z.object({ day: z.string().transform(Number), class: z.string().default('eco') }));
    expect(schema.validate({ day: '5' })).toEqual({ ok: true, value: { day: 5, class: 'eco' } });
    expect(schema.jsonSchema).toMatchObject({ properties: { day: { type: 'string' } }, required: ['day'] });
  });

  test('S4.6 validation is asynchronous only where the schema is', async () => {
    const schema = resolveSchema(z.object({ from: z.string().refine(async (it) => it !== 'XXX', 'no such airport') }));
    const pending = schema.validate({ from: 'XXX' });
    expect(pending).toBeInstanceOf(Promise);
    expect(await pending).toEqual({ ok: false, issues: [{ path: 'from', message: 'no such airport' }] });
  });

  test('S1.3 without parameters a tool takes nothing, whatever the model says', () => {
    const schema = resolveSchema(undefined);
    expect(schema.jsonSchema).toEqual({ type: 'object', properties: {}, additionalProperties: false });
    expect(schema.validate({ dummy: '' })).toEqual({ ok: true, value: {} });
  });
});

describe('the JSON Schema is a copy', () => {
  test('of one that is given, with what providers want to see', () => {
    const given = { properties: { a: { type: 'string' } }, $schema: 'http://json-schema.org/draft-07/schema#' };
    const { jsonSchema: copied } = resolveSchema(given);
    given.properties.a.type = 'number';
    expect(copied).toEqual({ type: 'object', properties: { a: { type: 'string' } } });
    expect(resolveSchema({ type: 'object' }).jsonSchema).toEqual({ type: 'object', properties: {} });
  });

  test('that names its draft where that is another', () => {
    const $schema = 'https://json-schema.org/draft/2020-12/schema';
    expect(resolveSchema({ $schema, type: 'object' }).jsonSchema).toHaveProperty('$schema', $schema);
  });
});

describe('a wrong schema fails when it is declared', () => {
  const failure = (parameters: unknown) => {
    try {
      resolveSchema(parameters as ToolParameters, 'Tool "book"');
    } catch (error) {
      if (error instanceof MeanwhileError && error.code === 'invalid_definition') return error.message;
      throw error;
    }
    return 'no error';
  };

  test.each<[string, unknown, string]>([
    [
      'a string in Zod',
      z.string(),
      'expected the schema of an object, got "string". Put the value into a property of an object.',
    ],
    [
      'a union at the top',
      z.union([z.object({}), z.object({})]),
      'expected the schema of an object, got one without a type (anyOf).',
    ],
    ['an array in JSON Schema', { type: 'array' }, 'expected the schema of an object, got "array".'],
    ['no schema at all', {}, 'expected the schema of an object, got one without a type (empty).'],
    ['several types', { type: ['object', 'null'] }, 'expected the schema of an object, got an array of 2.'],
    [
      'text',
      '{"type":"object"}',
      'expected parameters to be a schema of Zod, Valibot or ArkType, or a JSON Schema, got "{',
    ],
    ['null', null, 'got null.'],
    ['a list', [z.string()], 'got an array of 1.'],
    ['a function', () => 7, 'got a function.'],
    [
      'a function that throws',
      () => {
        throw new Error('late');
      },
      'its lazy schema failed: late.',
    ],
    [
      'the shape of a Zod object',
      { from: z.string() },
      'expected a schema, got an object whose property "from" is one. Wrap it in z.object().',
    ],
    [
      'a type that JSON has not',
      z.object({ day: z.date() }),
      'its schema has no JSON Schema: Date cannot be represented in JSON Schema.',
    ],
    [
      'Valibot without its JSON Schema',
      v.object({}),
      'its schema (valibot) cannot give a JSON Schema. Wrap it in toStandardJsonSchema() of @valibot/to-json-schema.',
    ],
    [
      'a library without JSON Schema',
      { '~standard': { version: 1, vendor: 'x', validate: () => ({ value: 1 }) } },
      'its schema (x) cannot give a JSON Schema. Use a schema that has ~standard.jsonSchema, or give a JSON Schema.',
    ],
    [
      'a pattern that is none',
      { type: 'object', properties: { a: { type: 'string', pattern: '(' } } },
      'its JSON Schema has the pattern "(": Invalid regular expression',
    ],
    [
      'a reference to nothing',
      { type: 'object', properties: { a: { $ref: '#/$defs/A' } } },
      'its JSON Schema refers to "#/$defs/A", which it does not hold. Put it under "$defs".',
    ],
    [
      'a reference elsewhere',
      { type: 'object', properties: { a: { $ref: 'https://a.b/c' } } },
      'its JSON Schema refers to "https://a.b/c", which it does not hold.',
    ],
  ])('%s', (_, parameters, message) => {
    expect(failure(parameters)).toContain(`Tool "book": `);
    expect(failure(parameters)).toContain(message);
  });

  test('a JSON Schema that is no JSON', () => {
    const cycle: Record<string, unknown> = { type: 'object' };
    cycle['properties'] = cycle;
    expect(failure(cycle)).toContain('Tool "book": its JSON Schema is not JSON');
  });

  test('one that is loaded fails there', async () => {
    await expect(resolveSchema(z3.string(), 'Tool "book"').load()).rejects.toThrow(
      'Tool "book": expected the schema of an object, got "string".',
    );
    const failing = jsonSchema(Promise.reject(new Error('offline')));
    await expect(resolveSchema(failing, 'Tool "book"').load()).rejects.toThrow(
      'Tool "book": its schema has no JSON Schema: offline.',
    );
  });
});

test('a schema that speaks only a newer draft is asked for that', () => {
  const standard = {
    version: 1 as const,
    vendor: 'x',
    validate: (value: unknown) => ({ value }),
    jsonSchema: {
      input: ({ target }: { target: string }) => {
        if (target !== 'draft-2020-12') throw new Error(`no ${target}`);
        return { type: 'object', properties: { a: { type: 'string' } } };
      },
      output: () => ({}),
    },
  };
  expect(resolveSchema({ '~standard': standard }).jsonSchema).toEqual({
    type: 'object',
    properties: { a: { type: 'string' } },
  });
});

test('an older ArkType, whose ~standard has no JSON Schema, is asked by its method', () => {
  const { jsonSchema: _, ...standard } = type({ a: 'string' })['~standard'];
  const toJsonSchema = () => ({ type: 'object', properties: { a: { type: 'string' } } });
  expect(resolveSchema({ '~standard': standard, toJsonSchema } as never).jsonSchema).toEqual(toJsonSchema());
});
