import { tool as aiTool } from 'ai';
import { anthropic } from '@ai-sdk/anthropic';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { z as z3 } from 'zod3';
import { collectToolsets, flattenTools, loadSchemas } from '../../src/tools/flatten.ts';
import { tool } from '../../src/tools/tool.ts';
import { AsyncToolset, Toolset, type ToolSource } from '../../src/tools/toolset.ts';

const execute = () => 'done';
const named = (name: string) => tool({ name, execute });
const anonymous = () => tool({ execute });
const names = (source: unknown) => flattenTools(source as ToolSource).map((it) => it.name);

describe('the tools of a list or a record', () => {
  test('are there in the order of declaration, each with its name', () => {
    expect(names(undefined)).toEqual([]);
    expect(names([named('b'), named('a')])).toEqual(['b', 'a']);
    expect(names({ book: anonymous(), key: named('own') })).toEqual(['book', 'own']);
    const theirs = aiTool({ inputSchema: z.object({}), execute });
    expect(names({ theirs, again: theirs, set: new Toolset({ tools: { inner: theirs } }) })).toEqual([
      'theirs',
      'again',
      'inner',
    ]);
  });

  test('count once when they are the same', () => {
    const find = named('find');
    const theirs = aiTool({ inputSchema: z.object({}), execute });
    expect(names([find, find, new Toolset({ tools: [find] })])).toEqual(['find']);
    expect(names([new Toolset({ tools: { theirs } }), new Toolset({ tools: { theirs } })])).toEqual(['theirs']);
  });

  test('S8.1 know the toolsets they came through; nested, the innermost wins', () => {
    const inner = new AsyncToolset({
      id: 'inner',
      tools: [tool({ name: 'a', execute, timeoutMs: 1 }), named('b')],
      defaults: { timeoutMs: 2, deliver: 'silent' },
      prompts: { cancelled: 'inner' },
    });
    const plain = new Toolset({ id: 'plain', tools: [inner] });
    const outer = new AsyncToolset({
      id: 'outer',
      tools: [plain, named('c')],
      defaults: { timeoutMs: 3, onDuplicate: 'reject' },
      prompts: { finished: 'outer' },
    });
    const [a, b, c, d] = flattenTools([outer, named('d')]);
    expect(a).toMatchObject({
      toolsets: [inner, plain, outer],
      policy: { timeoutMs: 1, deliver: 'silent', onDuplicate: 'reject' },
    });
    expect(b).toMatchObject({ policy: { timeoutMs: 2 }, prompts: [{ cancelled: 'inner' }, { finished: 'outer' }] });
    expect(c).toMatchObject({
      toolsets: [outer],
      policy: { timeoutMs: 3, deliver: 'when_idle' },
      prompts: [{ finished: 'outer' }],
    });
    expect(d).toMatchObject({ toolsets: [], policy: { timeoutMs: undefined, onDuplicate: undefined }, prompts: [] });
  });

  test('S4.1 a toolset sets onDuplicate for its tools, a tool may say otherwise', () => {
    const tools = [named('a'), tool({ name: 'b', execute, onDuplicate: 'allow' })];
    const [a, b] = flattenTools([new AsyncToolset({ tools, defaults: { onDuplicate: 'confirm' } })]);
    expect([a?.policy.onDuplicate, b?.policy.onDuplicate]).toEqual(['confirm', 'allow']);
  });
});

describe('S8.6 the toolsets of a list or a record', () => {
  test('S8.6 are each there once, outermost first, also those without tools', () => {
    const empty = new Toolset({ id: 'empty' });
    const inner = new Toolset({ id: 'inner', tools: [empty] });
    const outer = new AsyncToolset({ id: 'outer', tools: { inner } });
    expect(collectToolsets([outer, inner, named('a')])).toEqual([outer, inner, empty]);
    expect(collectToolsets(undefined)).toEqual([]);
  });
});

describe('S1.3 schemas are loaded where they have to be', () => {
  test('S1.3 there is nothing to wait for without Zod 3', async () => {
    expect(loadSchemas(flattenTools([tool({ name: 'a', parameters: z.object({}), execute })]))).toBeUndefined();
    const old = flattenTools([tool({ name: 'a', parameters: z3.object({ a: z3.string() }), execute }), named('b')]);
    await loadSchemas(old);
    expect(old[0]?.schema.jsonSchema).toMatchObject({ properties: { a: { type: 'string' } } });
    expect(loadSchemas(old)).toBeUndefined();
  });

  test('S1.3 what an AI SDK tool had to load is there whenever its list is taken again', async () => {
    const tools = { a: aiTool({ inputSchema: z3.object({ a: z3.string() }) as never, execute }) };
    await loadSchemas(flattenTools(tools));
    expect(loadSchemas(flattenTools(tools))).toBeUndefined();
  });
});

describe('what is wrong is refused, with the fact, the value and the remedy', () => {
  const cycle = new Toolset({ id: 'cycle' });
  cycle.replaceTools([cycle]);
  const confirming = (tools: ToolSource) => [
    new AsyncToolset({ id: 'c', tools, defaults: { onDuplicate: 'confirm' } }),
  ];

  test.each<[string, unknown, string]>([
    ['no name', [anonymous()], 'tool: has no name. Give it one, or put it into a record.'],
    [
      'no name in a toolset',
      [new Toolset({ id: 'set', tools: [anonymous()] })],
      'tool in toolset "set": has no name. Give it one, or put it into a record.',
    ],
    [
      'two of one name',
      [named('a'), named('a')],
      'Tool "a": two different tools have this name: one in no toolset, another in no toolset. Rename one.',
    ],
    [
      'two of one name in toolsets',
      [new Toolset({ id: 'x', tools: [named('a')] }), new Toolset({ id: 'y', tools: { a: anonymous() } })],
      'Tool "a": two different tools have this name: one in toolset "x", another in toolset "y". Rename one.',
    ],
    [
      'S5.4 the name of a companion by its key',
      { cancel_task: anonymous() },
      'Tool "cancel_task": the name "cancel_task" is taken by a companion tool of the library. Choose another.',
    ],
    [
      'a key that is no name',
      { 'book a flight': anonymous() },
      'Tool "book a flight": expected a name of 1 to 64 letters, digits, "_" or "-", got "book a flight".',
    ],
    ['a toolset inside itself', [cycle], 'Toolset "cycle": contains itself.'],
    [
      'a tool without its list',
      named('a'),
      'tools: expected a list or a record of tools, got a tool. Put it into a list.',
    ],
    [
      'a toolset without its list',
      new Toolset(),
      'tools: expected a list or a record of tools, got a toolset. Put it into a list.',
    ],
    ['text', 'a', 'tools: expected a list or a record of tools, got "a". Put it into a list.'],
    [
      'what was not made by tool()',
      { a: { parameters: z.object({}), execute } },
      'Tool "a": is not a tool but an object. Make it with tool() of this library.',
    ],
    ['what is no tool', [7], 'tool: is not a tool but 7. Give tools made by tool(), AI SDK tools, or toolsets.'],
    [
      'an AI SDK tool without execute',
      { a: aiTool({ inputSchema: z.object({}), outputSchema: z.string() }) },
      'Tool "a": the AI SDK tool has no execute, so nobody here could run it. Give it one.',
    ],
    [
      'S4.2 confirm by default with a parameter of that name',
      confirming([tool({ name: 'a', parameters: z.object({ confirm_duplicate: z.string() }), execute })]),
      `Tool "a": its parameters have a "confirm_duplicate", which onDuplicate: 'confirm' adds itself. Rename it.`,
    ],
    [
      'S4.2 confirm for a schema of the provider',
      confirming({ bash: anthropic.tools.bash_20250124({ execute: async () => 'ok' }) }),
      `Tool "bash": the provider defines its schema, so onDuplicate cannot be 'confirm'.`,
    ],
  ])('%s', (_, source, message) => {
    expect(() => names(source)).toThrow(expect.objectContaining({ code: 'invalid_definition', message }));
  });
});
