/**
 * `tool()`: one function that a model may call. Sync or background is not declared here; what the body does decides
 * (S1.1). A generator is the same thing spelled differently (S1.6). What is wrong fails when it is declared.
 */
import type { SharedV4ProviderOptions } from '@ai-sdk/provider';
import type { JsonObject } from '../chat/items.ts';
import type { RegisteredUserData, RunContext } from './faces.ts';
import { checkEach, checkNames, flag, invalid, isRecord, record, show, text, typed } from './options.ts';
import { checkPolicy, pickPolicy, policyNames, type ToolPolicy } from './policy.ts';
import { resolveSchema, type ToolParameters, type ToolSchema } from './schema.ts';
import type { ToolArgs } from './tool-args.ts';

/** What a body is given beside its arguments. The same in LiveKit Agents JS, and all that an AI SDK body needs. */
export interface ToolOptions<UserData = RegisteredUserData> {
  readonly ctx: RunContext<UserData>;
  readonly toolCallId: string;
  /** Fires on cancel, timeout, close, a handoff that cancels, and `onInterrupt: 'abort'` (S5.1). */
  readonly abortSignal: AbortSignal;
}

export interface InputExample {
  readonly input: JsonObject;
}

/** How to define a tool: what the model is told, the body, and how it behaves. */
export interface ToolDefinition<Schema extends ToolParameters | undefined, UserData = RegisteredUserData>
  extends ToolPolicy<ToolArgs<Schema>> {
  /** `^[A-Za-z0-9_-]{1,64}$`. May come from the record's key or the toolset's field instead. */
  readonly name?: string;
  /** Tells the model what it does and when to use it. */
  readonly description?: string;
  /** Zod 3.25 or 4, Valibot (by `toStandardJsonSchema`), ArkType, JSON Schema, an AI SDK schema. Default: no arguments. */
  readonly parameters?: Schema;
  /** The AI SDK's name for `parameters`. */
  readonly inputSchema?: Schema;
  /**
   * The body: an async or plain function, whose value is the result; or a generator, where each `yield` is a
   * `ctx.update` and the returned value the result.
   */
  readonly execute: (args: ToolArgs<Schema>, options: ToolOptions<UserData>) => unknown;
  /**
   * Runs instead of `execute` where the session was restored after a crash: picks up what the body had begun, by
   * `ctx.idempotencyKey`. With it a tool need not be `idempotent`. Default: `execute` for a tool that is, else its task fails.
   */
  readonly resume?: (args: ToolArgs<Schema>, options: ToolOptions<UserData>) => unknown;
  /** Asks the provider to hold the model to the schema, where it can. Default: the provider's. */
  readonly strict?: boolean;
  /** Examples of arguments for the model. */
  readonly inputExamples?: readonly InputExample[];
  /** Goes to the provider with the tool: `{ anthropic: { cacheControl: { type: 'ephemeral' } } }`. */
  readonly providerOptions?: SharedV4ProviderOptions;
}

/** A tool as declared: frozen data and its body. */
export interface Tool<Args = unknown, UserData = unknown> extends ToolPolicy<Args> {
  readonly kind: 'tool';
  /** Who made it. For `ai-sdk` and `provider-defined` yields go to observers and the last one is the result (S1.6). */
  readonly source: 'meanwhile' | 'ai-sdk' | 'provider-defined';
  readonly name?: string;
  readonly description?: string;
  readonly schema: ToolSchema;
  readonly strict?: boolean;
  readonly inputExamples?: readonly InputExample[];
  readonly providerOptions?: SharedV4ProviderOptions;
  /** For `provider-defined`: what the provider knows it by. It is sent as such, without description and schema. */
  readonly provider?: { readonly id: `${string}.${string}`; readonly args: Readonly<Record<string, unknown>> };
  execute(args: Args, options: ToolOptions<UserData>): unknown;
  resume?(args: Args, options: ToolOptions<UserData>): unknown;
}

/** The names of the tools that the library itself offers to a model (S5.4, S6.6). */
export const companionNames = ['get_running_tasks', 'cancel_task', 'answer_task'] as const;

const ownNames = [
  'name',
  'description',
  'parameters',
  'inputSchema',
  'execute',
  'resume',
  'strict',
  'inputExamples',
  'providerOptions',
];

/** What other libraries call it, or where it went. */
const remedies: Readonly<Record<string, string>> = {
  flags: 'Use allowCancellation: true instead of ToolFlag.CANCELLABLE.',
  schema: 'Use parameters.',
  args: 'Use parameters.',
  handler: 'Use execute.',
  run: 'Use execute.',
  func: 'Use execute.',
  cancellable: 'Use allowCancellation.',
  onInputStart: 'Only tools made by the AI SDK have it; those are taken as they are.',
  onInputDelta: 'Only tools made by the AI SDK have it; those are taken as they are.',
  onInputAvailable: 'Only tools made by the AI SDK have it; those are taken as they are.',
  outputSchema: 'Only tools made by the AI SDK have it; those are taken as they are.',
  toModelOutput: 'Only tools made by the AI SDK have it; those are taken as they are.',
  prompts: 'Give prompts to an AsyncToolset, an Agent or the AgentSession.',
};

/**
 * Defines a tool. The body's arguments are inferred from `parameters`; `ctx` reports progress and asks the user.
 *
 * ```ts
 * const bookFlight = tool({
 *   name: 'book_flight',
 *   description: 'Search for a flight and book it.',
 *   parameters: z.object({ origin: z.string(), destination: z.string() }),
 *   onDuplicate: 'confirm',
 *   execute: async ({ origin, destination }, { ctx, abortSignal }) => {
 *     await ctx.update(`Searching flights from ${origin} to ${destination}`);
 *     return await book(origin, destination, abortSignal);
 *   },
 * });
 * ```
 *
 * Throws MeanwhileError `invalid_definition` for a name, an option or a schema that is none. After LiveKit Agents'
 * and the AI SDK's functions of the same name: bodies written for either move over unchanged.
 */
export function tool<const Schema extends ToolParameters | undefined = undefined, UserData = RegisteredUserData>(
  definition: ToolDefinition<Schema, UserData>,
): Tool<ToolArgs<Schema>, UserData> {
  const what = describeTool(definition);
  if (!isRecord(definition)) throw invalid(what, `expected an object of options, got ${show(definition)}.`);
  checkNames(what, definition, [...ownNames, ...policyNames], remedies);
  checkEach(what, definition, { description: text, strict: flag, inputExamples: examples, providerOptions: record });
  checkPolicy(what, definition);
  if (definition.name !== undefined) checkName(what, definition.name);
  if (typeof definition.execute !== 'function') {
    throw invalid(what, `expected execute to be a function, got ${show(definition.execute)}.`);
  }
  if (definition.resume !== undefined && typeof definition.resume !== 'function') {
    throw invalid(what, `expected resume to be a function, got ${show(definition.resume)}.`);
  }
  if (definition.parameters !== undefined && definition.inputSchema !== undefined) {
    throw invalid(what, 'has both parameters and inputSchema, which are two names of one thing. Leave one out.');
  }
  const schema = resolveSchema(definition.parameters ?? definition.inputSchema, what);
  if (definition.onDuplicate === 'confirm') checkNoConfirm(what, schema);
  const { name, description, execute, resume, strict, inputExamples, providerOptions } = definition;
  return Object.freeze({
    kind: 'tool',
    source: 'meanwhile',
    ...defined({ name, description, resume, strict, inputExamples, providerOptions }),
    ...pickPolicy(definition),
    schema,
    execute,
  });
}

export function isTool(value: unknown): value is Tool {
  return isRecord(value) && value['kind'] === 'tool' && 'schema' in value && typeof value['execute'] === 'function';
}

/** Refuses a name that no provider takes, or that is the library's own. */
export function checkName(what: string, name: unknown): void {
  if (typeof name !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
    throw invalid(what, `expected a name of 1 to 64 letters, digits, "_" or "-", got ${show(name)}.`);
  }
  if ((companionNames as readonly string[]).includes(name)) {
    throw invalid(what, `the name ${show(name)} is taken by a companion tool of the library. Choose another.`);
  }
}

/** The parameter that `onDuplicate: 'confirm'` adds. */
export const confirmName = 'confirm_duplicate';

/** Refuses a schema that has a property of its own where `confirm` adds one. What is not loaded yet passes. */
export function checkNoConfirm(what: string, schema: ToolSchema): void {
  const { properties } = schema.jsonSchema ?? {};
  if (!isRecord(properties) || !Object.hasOwn(properties, confirmName)) return;
  throw invalid(what, `its parameters have a "${confirmName}", which onDuplicate: 'confirm' adds itself. Rename it.`);
}

/** How errors name a tool. */
export function describeTool(definition: unknown, name?: string): string {
  const own: unknown = isRecord(definition) ? definition['name'] : undefined;
  const known = typeof own === 'string' ? own : name;
  return known === undefined ? 'tool' : `Tool ${show(known)}`;
}

const examples = typed(
  'a list of { input }',
  (value) => Array.isArray(value) && value.every((it: unknown) => isRecord(it) && isRecord(it['input'])),
);

/** Without the members that are undefined. */
export function defined<T extends object>(members: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}
