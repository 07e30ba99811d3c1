/**
 * Tools of the AI SDK, taken as they are (S1.6): `tool()` and `dynamicTool()` of `ai`, MCP tools, and tools that a
 * provider defined and the application runs. What an async iterable yields is for observers, the last yield is the
 * result.
 */
import type { SharedV4ProviderOptions } from '@ai-sdk/provider';
import { ToolError } from '../errors.ts';
import { invalid, isRecord, show } from './options.ts';
import { resolveSchema, type ToolParameters } from './schema.ts';
import { checkName, defined, describeTool, isTool, type InputExample, type Tool, type ToolOptions } from './tool.ts';

/** A tool made by the AI SDK, as far as its type matters here. */
export interface AiSdkTool {
  readonly inputSchema: unknown;
  readonly execute?: unknown;
  readonly type?: 'function' | 'dynamic' | 'provider' | undefined;
}

/** What its body is called with. `context` is the session's `userData`; `messages` is empty. */
interface AiSdkOptions {
  readonly toolCallId: string;
  readonly messages: readonly never[];
  readonly abortSignal?: AbortSignal;
  readonly context: unknown;
  readonly experimental_context: unknown;
  readonly ctx?: ToolOptions<unknown>['ctx'];
}

/** The same with its parts typed, once it has been checked. */
interface Runnable {
  execute(input: unknown, options: AiSdkOptions): unknown;
  onInputStart?(options: AiSdkOptions): unknown;
  onInputAvailable?(options: AiSdkOptions & { input: unknown }): unknown;
  toModelOutput?(options: { toolCallId: string; input: unknown; output: unknown }): unknown;
}

export function isAiSdkTool(value: unknown): value is AiSdkTool {
  return isRecord(value) && !isTool(value) && 'inputSchema' in value;
}

/**
 * The AI SDK's tool as one of ours. `strict`, `inputExamples`, `providerOptions`, `needsApproval`, `toModelOutput` and
 * `onInputAvailable` hold; `needsApproval` is given the input only.
 *
 * Throws `invalid_definition` for a tool without `execute`, one that runs at the provider, and one whose description
 * changes with its context.
 */
export function fromAiSdkTool(declared: AiSdkTool, name?: string): Tool {
  if (name !== undefined) checkName(describeTool(declared, name), name);
  const earlier = taken.get(declared);
  if (earlier) return earlier;
  const tool = take(declared, describeTool(declared, name));
  taken.set(declared, tool);
  return tool;
}

/** One object stays one tool however often it is taken: what its schema had to load is not loaded again. */
const taken = new WeakMap<AiSdkTool, Tool>();

function take(declared: AiSdkTool, what: string): Tool {
  const options = declared as unknown as Readonly<Record<string, unknown>>;
  refuseUnrunnable(what, options);
  const { description, needsApproval } = options;
  if (description !== undefined && typeof description !== 'string') {
    throw invalid(what, `expected description to be a string, got ${show(description)}. Give it a fixed one.`);
  }
  const run = declared as unknown as Runnable;
  const parts = {
    description,
    strict: options['strict'] as boolean | undefined,
    inputExamples: options['inputExamples'] as readonly InputExample[] | undefined,
    providerOptions: options['providerOptions'] as SharedV4ProviderOptions | undefined,
    needsApproval: approval(declared, needsApproval),
    provider: providerOf(options),
  };
  return Object.freeze({
    kind: 'tool',
    source: options['type'] === 'provider' ? 'provider-defined' : 'ai-sdk',
    ...defined(parts),
    schema: resolveSchema(declared.inputSchema as ToolParameters, what),
    execute: (input: unknown, given: ToolOptions<unknown>) => runAiSdk(run, input, given),
  } satisfies Tool);
}

function refuseUnrunnable(what: string, options: Readonly<Record<string, unknown>>): void {
  if (options['isProviderExecuted'] === true) {
    throw invalid(what, `runs at the provider (${show(options['id'])}). Give it an own function, or leave it out.`);
  }
  if (typeof options['execute'] !== 'function') {
    throw invalid(what, `the AI SDK tool has no execute, so nobody here could run it. Give it one.`);
  }
}

function providerOf(options: Readonly<Record<string, unknown>>): Tool['provider'] {
  if (options['type'] !== 'provider') return undefined;
  const { id, args = {} } = options;
  return { id: id as `${string}.${string}`, args: args as Record<string, unknown> };
}

function approval(declared: AiSdkTool, needsApproval: unknown): Tool['needsApproval'] {
  if (typeof needsApproval !== 'function') return needsApproval === true ? true : undefined;
  return async (input) => {
    const options: AiSdkOptions = { toolCallId: '', messages: [], context: undefined, experimental_context: undefined };
    return Boolean(await needsApproval.call(declared, input, options));
  };
}

async function runAiSdk(declared: Runnable, input: unknown, options: ToolOptions<unknown>): Promise<unknown> {
  const { ctx, toolCallId, abortSignal } = options;
  const { userData: context } = ctx;
  const given: AiSdkOptions = { toolCallId, messages: [], abortSignal, context, experimental_context: context, ctx };
  await declared.onInputStart?.(given);
  await declared.onInputAvailable?.({ ...given, input });
  const result = declared.execute(input, given);
  const output: unknown = isAsyncIterable(result) ? await lastOf(result, ctx) : await result;
  if (!declared.toModelOutput) return output;
  return fromModelOutput(await declared.toModelOutput({ toolCallId, input, output }));
}

/** Each yield is progress for observers. An ended task ends the iteration, and so the generator's cleanup runs. */
async function lastOf(outputs: AsyncIterable<unknown>, ctx: ToolOptions<unknown>['ctx']): Promise<unknown> {
  let last: unknown;
  for await (const output of outputs) {
    last = output;
    await ctx.update({ data: output });
  }
  return last;
}

/** The AI SDK's tagged outputs as a result of ours: text, JSON, or an error for the model. */
function fromModelOutput(output: unknown): unknown {
  const { type, value, reason } = Object(output) as { type?: unknown; value?: unknown; reason?: unknown };
  switch (type) {
    case 'text':
    case 'json':
      return value;
    case 'error-text':
      throw new ToolError(String(value));
    case 'error-json':
      throw new ToolError(JSON.stringify(value));
    case 'execution-denied':
      throw new ToolError(typeof reason === 'string' ? reason : 'The call was denied.');
    case 'content':
      return textOf(value);
    default:
      throw new TypeError(`toModelOutput gave ${show(type)}; expected text, json, error-text, error-json or content.`);
  }
}

function textOf(parts: unknown): string {
  const texts = (Array.isArray(parts) ? parts : []).map((part: unknown) => {
    const { type, text } = Object(part) as { type?: unknown; text?: unknown };
    if (type === 'text') return String(text);
    throw new TypeError(`toModelOutput gave content of type ${show(type)}; only text can be told.`);
  });
  return texts.join('\n');
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
