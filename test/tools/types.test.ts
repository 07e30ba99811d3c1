import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { dynamicTool, jsonSchema, tool as aiTool } from 'ai';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { z as z3 } from 'zod3';
import type { RunContext } from '../../src/tools/faces.ts';
import type { StandardSchemaLike } from '../../src/tools/schema.ts';
import { tool, type Tool, type ToolOptions } from '../../src/tools/tool.ts';
import { AsyncToolset, type ToolSource } from '../../src/tools/toolset.ts';

/** What a flight is, however it is written down. */
interface Flight {
  from: string;
  seats?: number | undefined;
}

describe('the arguments of a body are inferred', () => {
  test('from Zod 4', () => {
    tool({
      parameters: z.object({ from: z.string(), seats: z.number().optional(), day: z.string().transform(Number) }),
      execute: (args) => expectTypeOf(args).toEqualTypeOf<{ from: string; seats?: number | undefined; day: number }>(),
    });
  });

  test('from Zod 3', () => {
    tool({
      parameters: z3.object({ from: z3.string(), seats: z3.number().optional(), class: z3.string().default('eco') }),
      execute: (args) => {
        expectTypeOf(args.from).toEqualTypeOf<string>();
        expectTypeOf(args.seats).toEqualTypeOf<number | undefined>();
        expectTypeOf(args.class).toEqualTypeOf<string>();
      },
    });
  });

  test('from Valibot', () => {
    tool({
      parameters: toStandardJsonSchema(v.object({ from: v.string(), seats: v.optional(v.number()) })),
      execute: (args) => expectTypeOf(args).branded.toEqualTypeOf<Flight>(),
    });
  });

  test('from ArkType', () => {
    tool({
      parameters: type({ from: 'string', 'seats?': 'number' }),
      execute: (args) => {
        expectTypeOf(args.from).toEqualTypeOf<string>();
        expectTypeOf(args.seats).toEqualTypeOf<number | undefined>();
      },
    });
  });

  test('from a JSON Schema that is written out in place', () => {
    tool({
      parameters: {
        type: 'object',
        properties: {
          from: { type: 'string', description: 'Airport' },
          seats: { type: 'integer' },
          class: { enum: ['eco', 'business'] },
          via: { type: 'array', items: { type: 'string' } },
          payer: { type: 'object', properties: { id: { type: ['string', 'null'] } }, required: ['id'] },
          either: { anyOf: [{ type: 'boolean' }, { const: 7 }] },
          anything: {},
        },
        required: ['from', 'payer'],
      },
      execute: (args) =>
        expectTypeOf(args).toEqualTypeOf<{
          from: string;
          payer: { id: string | null };
          seats?: number;
          class?: 'eco' | 'business';
          via?: string[];
          either?: boolean | 7;
          anything?: unknown;
        }>(),
    });
  });

  test('from an AI SDK schema, also by the name of inputSchema', () => {
    tool({
      inputSchema: jsonSchema<{ from: string }>({ type: 'object', properties: { from: { type: 'string' } } }),
      execute: (args) => expectTypeOf(args).toEqualTypeOf<{ from: string }>(),
    });
  });

  test('as a JSON object where a JSON Schema says nothing at compile time', () => {
    interface SomeLibrarysSchema {
      type?: 'object' | 'string';
      properties?: Record<string, object>;
      required?: string[];
      title?: string;
    }
    const held: SomeLibrarysSchema = { type: 'object', properties: {} };
    tool({ parameters: held, execute: (args) => expectTypeOf(args['from']).not.toBeAny() });
  });

  test('as none without parameters', () => {
    tool({ execute: (args) => expectTypeOf(args).toEqualTypeOf<Record<string, never>>() });
  });

  test('for the functions among the options', () => {
    tool({
      parameters: z.object({ from: z.string() }),
      duplicateKey: ({ from }) => from.toLowerCase(),
      supersedeKey: ({ from }) => `flights ${from}`,
      needsApproval: async ({ from }) => from === 'XXX',
      execute: () => undefined,
    });
    tool({
      parameters: z.object({ from: z.string() }),
      // @ts-expect-error -- a key is a string
      duplicateKey: ({ from }) => from.length,
      execute: () => undefined,
    });
  });
});

test('a schema of single properties is a type error', () => {
  const shape = { from: z.string() };
  // @ts-expect-error -- wants z.object(shape)
  const wrong = () => tool({ parameters: shape, execute: () => undefined });
  expectTypeOf(wrong).toBeFunction();
});

test('an unknown option is a type error', () => {
  // @ts-expect-error -- timeoutMs
  const wrong = () => tool({ execute: () => undefined, timeout: 5 });
  expectTypeOf(wrong).toBeFunction();
});

test('ctx is typed, and userData by an annotation', () => {
  tool({ execute: (_, { ctx }) => expectTypeOf(ctx).toEqualTypeOf<RunContext>() });
  tool({
    parameters: z.object({ from: z.string() }),
    execute: async ({ from }, { ctx, toolCallId, abortSignal }: ToolOptions<{ user: string }>) => {
      expectTypeOf(from).toEqualTypeOf<string>();
      expectTypeOf(ctx.userData.user).toEqualTypeOf<string>();
      expectTypeOf(ctx.session.userData.user).toEqualTypeOf<string>();
      expectTypeOf(toolCallId).toEqualTypeOf<string>();
      expectTypeOf(abortSignal).toEqualTypeOf<AbortSignal>();
    },
  });
});

test('a tool of any arguments is a Tool, and all kinds of tools may stand in one list', () => {
  const ours = tool({
    parameters: z.object({ from: z.string() }),
    duplicateKey: ({ from }) => from,
    execute: async (_args, _options: ToolOptions<{ user: string }>) => undefined,
  });
  expectTypeOf(ours).toExtend<Tool>();
  const theirs = aiTool({ inputSchema: z.object({ a: z.string() }), execute: async ({ a }) => a });
  const dynamic = dynamicTool({ inputSchema: jsonSchema({ type: 'object' }), execute: async () => 1 });
  expectTypeOf([ours, theirs, dynamic, new AsyncToolset({ tools: { ours, theirs } })]).toExtend<ToolSource>();
});

test('generators are bodies', () => {
  tool({
    parameters: z.object({ n: z.number() }),
    async *execute({ n }) {
      yield `at ${n}`;
      return n;
    },
  });
  tool({
    *execute() {
      yield 'at 1';
      return 2;
    },
  });
});

test('the content of a question is inferred from its schema', () => {
  const infer = <Content>(_schema: StandardSchemaLike<Content>): Content[] => [];
  expectTypeOf(infer(z.object({ a: z.string() }))).toEqualTypeOf<{ a: string }[]>();
  expectTypeOf(infer(z3.object({ a: z3.string() }))).toEqualTypeOf<{ a: string }[]>();
  expectTypeOf(infer(v.object({ a: v.string() }))).toEqualTypeOf<{ a: string }[]>();
  expectTypeOf(infer(type({ a: 'string' }))).toEqualTypeOf<{ a: string }[]>();
  const ask = (ctx: RunContext) => ctx.ask({ message: '?', schema: z.object({ a: z.string() }) });
  expectTypeOf(ask).returns.resolves.toHaveProperty('content').toEqualTypeOf<{ a: string } | undefined>();
});
