/**
 * From a tool of ours to one of LiveKit's and back: LiveKit runs the call, the engine answers it. LiveKit sees a call
 * that has ended as soon as it has an answer, so that what its session does to running tools (a pause, a handoff, an
 * interruption) does not reach a body that goes on in the background.
 */
import {
  MeanwhileError,
  tool,
  type EngineTool,
  type FirstOutput,
  type JsonObject,
  type OfferedTools,
  type StartedCall,
  type ToolDeclaration,
  type ToolSource,
} from '../../index.ts';
import { hasSymbol } from './agents.ts';
import type { LiveKitLlm, LiveKitToolOptions, ToolsExecuted } from './surface.ts';

/** Tools made by `tool()`, by LiveKit's `llm.tool()`, AI SDK tools, toolsets: a list or a record of names. */
export type AttachedTools = readonly unknown[] | Readonly<Record<string, unknown>>;

/** `ToolFlag.CANCELLABLE`. */
const cancellable = 2;

interface GivenTool {
  readonly name?: string;
  readonly description: string;
  readonly parameters: unknown;
  readonly execute: unknown;
  readonly flags: number;
  readonly onDuplicate: 'allow' | 'reject' | 'replace' | 'confirm';
}

/** Has the engine run a call, in the turn that LiveKit makes it in; resolves with its answer. */
export type AnswerCall = (toolName: string, options: LiveKitToolOptions) => Promise<FirstOutput>;

export function toLiveKitTools(llm: LiveKitLlm, declared: OfferedTools['declared'], answer: AnswerCall): unknown[] {
  return declared.map((tool) => toLiveKitTool(llm, tool, answer));
}

function toLiveKitTool(
  llm: LiveKitLlm,
  { name, description = '', inputSchema }: ToolDeclaration,
  answer: AnswerCall,
): unknown {
  return llm.tool({
    name,
    description,
    parameters: inputSchema,
    execute: async (_args, options) => toAnswer(llm, await answer(name, options)),
  });
}

/** In the terms in which LiveKit knows whether a reply is wanted: a value or an error wants one, `undefined` does not. */
function toAnswer(llm: LiveKitLlm, { output, wantsReply }: FirstOutput): string | undefined {
  if (!wantsReply) return undefined;
  if (output.type === 'error') throw new llm.ToolError(output.text);
  return output.text;
}

/** Puts in our words where LiveKit has put JSON, or nothing: before they enter a context. */
export function writeOutputs({ functionCallOutputs }: ToolsExecuted, calls: readonly StartedCall[]): void {
  for (const output of functionCallOutputs) {
    const first = calls.find(({ wireId }) => wireId === output.callId)?.settled;
    // An error has our words already, and those of a refused handoff beside.
    if (first && !output.isError) output.output = first.output.text;
  }
}

/** Outputs that wanted a reply and got none: of these steps nothing later was heard. */
export function untoldOf(
  calls: readonly { readonly started: StartedCall; readonly step: number }[],
  heardStep: number,
) {
  return calls
    .filter(({ started, step }) => step >= heardStep && started.settled?.wantsReply === true)
    .map(({ started }) => started.callId);
}

/** LiveKit's own tools among those given, made ours: the body moves over as it is. */
export function fromLiveKitTools(source: AttachedTools): ToolSource {
  if (Array.isArray(source)) return source.map((each) => fromLiveKitTool(each)) as ToolSource;
  return Object.fromEntries(Object.entries(source).map(([name, each]) => [name, fromLiveKitTool(each)])) as ToolSource;
}

function fromLiveKitTool(given: unknown): unknown {
  if (!hasSymbol(given, 'function_tool')) return given;
  const { name, description, parameters, execute, flags, onDuplicate } = given as GivenTool;
  if (onDuplicate === 'confirm') {
    throw new MeanwhileError(
      'invalid_definition',
      `Tool ${JSON.stringify(name)}: onDuplicate 'confirm' of llm.tool() adds a parameter of LiveKit's. Make it with tool() of this library.`,
    );
  }
  const isCancellable = (flags & cancellable) !== 0;
  return tool({
    ...(name === undefined ? {} : { name }),
    description,
    parameters: parameters as JsonObject,
    // LiveKit's default is to allow duplicates.
    onDuplicate,
    allowCancellation: isCancellable,
    execute: execute as (args: unknown, options: unknown) => unknown,
  });
}

export function mapTools(
  tools: ReadonlyMap<string, EngineTool>,
  change: (tool: EngineTool) => EngineTool,
): ReadonlyMap<string, EngineTool> {
  return new Map([...tools].map(([name, tool]) => [name, change(tool)]));
}
