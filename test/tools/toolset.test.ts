import { describe, expect, test } from 'vitest';
import { flattenTools } from '../../src/tools/flatten.ts';
import { tool } from '../../src/tools/tool.ts';
import {
  AsyncToolset,
  checkPrompts,
  Toolset,
  type ToolsetContext,
  type ToolsetOptions,
} from '../../src/tools/toolset.ts';

const execute = () => 'done';
const find = tool({ name: 'find', execute });
const names = (toolset: Toolset) => flattenTools([toolset]).map((it) => it.name);
const context = {} as ToolsetContext;

describe('a toolset', () => {
  test('takes its tools as a list, a record, or by the LiveKit spelling', () => {
    expect(names(new Toolset({ id: 'orders', tools: [find] }))).toEqual(['find']);
    expect(names(new Toolset({ tools: { book: tool({ execute }), search: find } }))).toEqual(['book', 'find']);
    expect(Toolset.create({ id: 'orders', tools: [find] })).toBeInstanceOf(Toolset);
    const created = AsyncToolset.create({ id: 'orders', tools: [find], defaults: { timeoutMs: 5 } });
    expect(created).toBeInstanceOf(AsyncToolset);
    expect(created).toMatchObject({ id: 'orders', defaults: { timeoutMs: 5 } });
  });

  test('is a class with tools as fields, seen only after construction', () => {
    class Travel extends AsyncToolset {
      readonly #secret = 'sunny';
      readonly note = 'not a tool';
      book = tool({ execute });
      weather = tool({ name: 'get_weather', execute: () => this.#secret });
      nested = new Toolset({ id: 'inner', tools: [find] });
    }
    const travel = new Travel();
    expect(travel.id).toBe('Travel');
    expect(names(travel)).toEqual(['book', 'get_weather', 'find']);
    expect(new Travel({ id: 'mine', tools: [tool({ name: 'more', execute })] })).toMatchObject({ id: 'mine' });
    expect(names(new Travel({ tools: [tool({ name: 'more', execute })] }))[0]).toBe('more');
  });

  test('may have its list, prompts and defaults as fields too', () => {
    class Travel extends AsyncToolset {
      override readonly tools = [find];
      override readonly prompts = { cancelled: 'Stopped.' };
      override readonly defaults = { onDuplicate: 'reject' } as const;
    }
    const [only] = flattenTools([new Travel()]);
    expect(only).toMatchObject({
      name: 'find',
      policy: { onDuplicate: 'reject' },
      prompts: [{ cancelled: 'Stopped.' }],
    });
  });

  test('runs setup and close, given as options or as methods', async () => {
    const ran: unknown[] = [];
    const setup = (ctx: ToolsetContext) => void ran.push(['setup', ctx]);
    const close = async () => void ran.push('close');
    for (const options of [
      { setup, close },
      { setup, aclose: close },
    ] satisfies ToolsetOptions[]) {
      const toolset = new Toolset(options);
      await toolset.setup(context);
      await toolset.close();
    }
    expect(ran).toEqual([['setup', context], 'close', ['setup', context], 'close']);
    class Own extends Toolset {
      override setup() {
        ran.push('own setup');
      }
    }
    ran.length = 0;
    const own = new Own({ id: 'own', close });
    own.setup();
    await own.close();
    expect(ran).toEqual(['own setup', 'close']);
    expect([new Toolset().setup(context), new Toolset().close()]).toEqual([undefined, undefined]);
  });

  test('gets other tools at run time', () => {
    const toolset = new Toolset({ id: 'mcp' });
    expect(names(toolset)).toEqual([]);
    toolset.replaceTools({ late: tool({ execute }) });
    expect(names(toolset)).toEqual(['late']);
    expect(() => toolset.replaceTools(find as never)).toThrow(
      'Toolset "mcp": expected tools to be a list or a record of tools, got an object.',
    );
  });
});

describe('wrong options fail, with the fact, the value and the remedy', () => {
  test.each<[() => unknown, string]>([
    [() => new Toolset(null as never), 'Toolset: expected options to be an object, got null.'],
    [() => new Toolset([find] as never), 'Toolset: expected options to be an object, got an array of 1.'],
    [() => new Toolset({ id: 7 } as never), 'Toolset: expected id to be a string, got 7.'],
    [() => new Toolset({ id: 'a', tool: [] } as never), 'Toolset "a": unknown option "tool". Did you mean tools?'],
    [
      () => new Toolset({ id: 'a', tools: find } as never),
      'Toolset "a": expected tools to be a list or a record of tools, got an object.',
    ],
    [
      () => new Toolset({ id: 'a', tools: 'find' } as never),
      'Toolset "a": expected tools to be a list or a record of tools, got "find".',
    ],
    [() => new Toolset({ id: 'a', setup: 1 } as never), 'Toolset "a": expected setup to be a function, got 1.'],
    [() => new Toolset({ id: 'a', close: 1 } as never), 'Toolset "a": expected close to be a function, got 1.'],
    [
      () => new Toolset({ id: 'a', prompts: {} } as never),
      'Toolset "a": unknown option "prompts". Only an AsyncToolset has prompts.',
    ],
    [
      () => new Toolset({ id: 'a', defaults: {} } as never),
      'Toolset "a": unknown option "defaults". Only an AsyncToolset has defaults.',
    ],
    [
      () => new AsyncToolset({ id: 'a', onDuplicate: 'reject' } as never),
      'AsyncToolset "a": unknown option "onDuplicate". Put it into defaults: { onDuplicate }.',
    ],
    [
      () => new AsyncToolset({ id: 'a', toolHandling: {} } as never),
      'AsyncToolset "a": unknown option "toolHandling". Use prompts.',
    ],
    [
      () => new AsyncToolset({ id: 'a', prompts: 'x' } as never),
      'AsyncToolset "a": expected prompts to be an object, got "x".',
    ],
    [
      () => new AsyncToolset({ id: 'a', prompts: { updates: 'x' } } as never),
      'AsyncToolset "a", prompts: unknown option "updates". Did you mean update?',
    ],
    [
      () => new AsyncToolset({ id: 'a', prompts: { update: 7 } } as never),
      'AsyncToolset "a", prompts: expected update to be a string or a function, got 7.',
    ],
    [
      () => new AsyncToolset({ id: 'a', defaults: { timeout: 7 } } as never),
      'AsyncToolset "a", defaults: unknown option "timeout". Did you mean timeoutMs?',
    ],
    [
      () => new AsyncToolset({ id: 'a', defaults: { timeoutMs: -7 } }),
      'AsyncToolset "a", defaults: expected timeoutMs in milliseconds, more than 0, got -7. Leave it out for no limit.',
    ],
    [
      () => new AsyncToolset({ id: 'a', defaults: { supersedeKey: 'x' } } as never),
      'AsyncToolset "a", defaults: unknown option "supersedeKey". Give it to the tool: it would make all tools supersede each other.',
    ],
  ])('%s', (make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_definition', message }));
  });

  test('of fields, when the tools are taken', () => {
    class Wrong extends AsyncToolset {
      override readonly defaults = { timeoutMs: NaN };
    }
    expect(() => flattenTools([new Wrong()])).toThrow('AsyncToolset "Wrong", defaults: expected timeoutMs');
  });

  test('S9.1 prompts of an agent or a session are checked in the same way', () => {
    const check = () => checkPrompts('Agent "a"', { updat: 'x' } as never, 'invalid_option');
    expect(check).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        message: 'Agent "a", prompts: unknown option "updat". Did you mean update?',
      }),
    );
  });
});
