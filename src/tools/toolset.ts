/**
 * Toolsets (S8.1, S8.6): tools that share a life. An AsyncToolset adds prompts and defaults for its tools (S9.1,
 * S4.1); nested, the innermost wins.
 */
import { type AiSdkTool, isAiSdkTool } from './ai-sdk.ts';
import type { ToolSession } from './faces.ts';
import { checkEach, checkNames, record, show, text, typed } from './options.ts';
import { checkPolicy, defaultableNames, type ToolDefaults } from './policy.ts';
import { defaultPrompts, type Prompts } from './prompts.ts';
import { isTool, type Tool } from './tool.ts';

/** What may stand among tools. */
export type ToolEntry = Tool | AiSdkTool | Toolset;

/** Tools as a list, or as a record whose keys name those that have no name of their own. */
export type ToolSource = readonly ToolEntry[] | { readonly [name: string]: ToolEntry };

/** What `setup` is given. */
export interface ToolsetContext {
  readonly session: ToolSession;
  /** Puts these in the place of the toolset's list, for tools that are only known later, or change. */
  updateTools(tools: ToolSource): void;
}

export interface ToolsetOptions {
  /** Names it in messages. Default: its class's name. */
  readonly id?: string;
  readonly tools?: ToolSource;
  /** Runs once, before its tools are offered. When it fails, only its own tools are missing. */
  readonly setup?: (ctx: ToolsetContext) => void | Promise<void>;
  /** Runs once, after the last task of its tools. */
  readonly close?: () => void | Promise<void>;
  /** LiveKit's name for `close`. */
  readonly aclose?: () => void | Promise<void>;
}

export interface AsyncToolsetOptions extends ToolsetOptions {
  /** Replace the system's prompts for its tools, one by one. */
  readonly prompts?: Partial<Prompts>;
  /** Policy for those of its tools that do not say otherwise. */
  readonly defaults?: ToolDefaults;
}

const toolsetNames = ['id', 'tools', 'setup', 'close', 'aclose'];

/**
 * Tools that are set up and closed together: `new Toolset({ id: 'orders', tools: [find, cancel], setup, close })`, or
 * a class with tools as fields, `class Orders extends Toolset { find = tool(…) }`, where a field names a tool that has
 * no name. `setup` and `close` may be options or methods. After LiveKit Agents.
 *
 * Throws `invalid_definition` for wrong options.
 */
export class Toolset {
  readonly kind = 'toolset';
  readonly id: string;
  /** The list or record it was given; a subclass may set it as a field. */
  readonly tools: ToolSource;
  readonly #setup: ToolsetOptions['setup'];
  readonly #close: ToolsetOptions['close'];

  constructor(options: ToolsetOptions = {}) {
    const what = describeToolset((options as ToolsetOptions | null)?.id, new.target.name);
    record(what, 'options', options);
    checkNames(what, options, namesFor(new.target), remedies);
    checkEach(what, { ...options }, { id: text, tools: source, setup: fn, close: fn, aclose: fn });
    this.id = options.id ?? new.target.name;
    this.tools = options.tools ?? [];
    this.#setup = options.setup;
    this.#close = options.close ?? options.aclose;
  }

  /** The same as `new Toolset(options)`, as LiveKit spells it. */
  static create(options: ToolsetOptions): Toolset {
    return new Toolset(options);
  }

  /** Runs the `setup` it was given. */
  setup(ctx: ToolsetContext): void | Promise<void> {
    return this.#setup?.(ctx);
  }

  /** Runs the `close` it was given. */
  close(): void | Promise<void> {
    return this.#close?.();
  }

  /** Puts other tools in the place of its list. For who runs it: behind `ToolsetContext.updateTools`. */
  replaceTools(tools: ToolSource): void {
    checkEach(describeToolset(this.id, 'Toolset'), { tools }, { tools: source });
    (this as { tools: ToolSource }).tools = tools;
  }
}

/**
 * A Toolset that also says how its tools behave and speak: prompts and defaults. Given to the session, its tasks
 * outlive a handoff; given to an agent, they belong to the agent (S8.1). The name is LiveKit's.
 */
export class AsyncToolset extends Toolset {
  readonly prompts: Partial<Prompts>;
  readonly defaults: ToolDefaults;

  constructor(options: AsyncToolsetOptions = {}) {
    super(options);
    const { prompts = {}, defaults = {} } = options;
    this.prompts = prompts;
    this.defaults = defaults;
    checkAsyncToolset(this);
  }

  /** The same as `new AsyncToolset(options)`, as LiveKit spells it. */
  static override create(options: AsyncToolsetOptions): AsyncToolset {
    return new AsyncToolset(options);
  }
}

/** What stands in a toolset: its list or record, then its fields. A field is only there once it is constructed. */
export function entriesOf(toolset: Toolset): [name: string | undefined, entry: unknown][] {
  const fields = Object.entries(toolset).filter(([name, value]) => name !== 'tools' && isEntry(value));
  return [...sourceEntries(toolset.tools), ...fields];
}

/** A list has no names to give. */
export function sourceEntries(given: ToolSource): [name: string | undefined, entry: unknown][] {
  return Array.isArray(given) ? given.map((it: unknown) => [undefined, it]) : Object.entries(given);
}

/** Refuses prompts and defaults that are none; fields of a subclass are only there after construction. */
export function checkAsyncToolset(toolset: AsyncToolset): void {
  const what = describeToolset(toolset.id, 'AsyncToolset');
  const { prompts, defaults } = toolset;
  checkEach(what, { prompts, defaults }, { prompts: record, defaults: record });
  checkPrompts(what, prompts);
  checkNames(`${what}, defaults`, defaults, defaultableNames, {
    supersedeKey: 'Give it to the tool: it would make all tools supersede each other.',
    asks: 'Give it to the tool that asks.',
  });
  checkPolicy(`${what}, defaults`, defaults);
}

/** Refuses names that are no prompt (S9.1), and what is neither text nor function. */
export function checkPrompts(
  what: string,
  prompts: Partial<Prompts>,
  code?: 'invalid_definition' | 'invalid_option',
): void {
  const names = Object.keys(defaultPrompts);
  checkNames(`${what}, prompts`, prompts, names, {}, code);
  checkEach(`${what}, prompts`, prompts, Object.fromEntries(names.map((name) => [name, template])), code);
}

export function describeToolset(id: unknown, className: string): string {
  return typeof id === 'string' ? `${className} ${show(id)}` : className;
}

function isEntry(value: unknown): value is ToolEntry {
  return value instanceof Toolset || isTool(value) || isAiSdkTool(value);
}

function namesFor(target: unknown): string[] {
  const isAsync = target === AsyncToolset || (typeof target === 'function' && target.prototype instanceof AsyncToolset);
  return isAsync ? [...toolsetNames, 'prompts', 'defaults'] : toolsetNames;
}

const remedies: Readonly<Record<string, string>> = {
  prompts: 'Only an AsyncToolset has prompts.',
  defaults: 'Only an AsyncToolset has defaults.',
  toolHandling: 'Use prompts.',
  ...Object.fromEntries(defaultableNames.map((name) => [name, `Put it into defaults: { ${name} }.`])),
};

const fn = typed('a function', (value) => typeof value === 'function');
/** A prompt, as it may be given. */
export const template = typed(
  'a string or a function',
  (value) => typeof value === 'string' || typeof value === 'function',
);
const source = typed('a list or a record of tools', (value) => {
  return typeof value === 'object' && value !== null && !isEntry(value);
});
