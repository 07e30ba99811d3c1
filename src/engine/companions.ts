/** The companion tools (S5.4, S6.6): ordinary calls that are no tasks, always in the same place and form. */
import { ToolError } from '../errors.ts';
import type { JsonObject } from '../chat/items.ts';
import type { AnswerAction } from '../chat/records.ts';
import { parseArguments } from '../tools/arguments.ts';
import type { EffectivePolicy } from '../tools/policy.ts';
import type { Wording } from '../tools/prompts.ts';
import type { companionNames } from '../tools/tool.ts';
import type { EngineTool, Parsed, ToolPolicy } from './seam.ts';
import { listTasks, type Directory } from './directory.ts';

export type CompanionName = (typeof companionNames)[number];

export interface CompanionTool extends EngineTool {
  readonly description: string;
  readonly inputSchema: JsonObject;
}

const policy: ToolPolicy = {
  onDuplicate: 'allow',
  duplicateWindowMs: undefined,
  allowCancellation: false,
  autoBackgroundMs: undefined,
  timeoutMs: undefined,
  noProgressTimeoutMs: undefined,
  maxConcurrency: undefined,
  deliver: 'when_idle',
  maxHoldMs: undefined,
  expiresMs: undefined,
  onInterrupt: 'background',
  onHandoff: 'move',
  idempotent: false,
  whenSessionEnds: undefined,
  deliveryToolChoice: undefined,
};

/** `cancelling`: a tool may be cancelled; `asking`: one may ask. */
export type CompanionGroup = 'cancelling' | 'asking';

/** Those that a tool of this policy needs (S5.4, S6.6). */
export function companionsFor(
  policy: Pick<EffectivePolicy, 'allowCancellation' | 'asks' | 'needsApproval'>,
): CompanionGroup[] {
  return [
    ...(policy.allowCancellation ? (['cancelling'] as const) : []),
    ...(policy.asks || policy.needsApproval !== false ? (['asking'] as const) : []),
  ];
}

/** In the order in which the groups were first offered: what is there already keeps its place. */
export function createCompanions(
  directory: Directory,
  text: Wording,
  offered: Iterable<CompanionGroup>,
): CompanionTool[] {
  return [...offered].flatMap((group) =>
    group === 'cancelling' ? cancelling(directory, text) : asking(directory, text),
  );
}

function callIdOf(text: Wording): JsonObject {
  return { type: 'string', description: text('callIdParameter', {}) };
}

function cancelling(directory: Directory, text: Wording): CompanionTool[] {
  return [
    companion('get_running_tasks', text('getRunningTasks', {}), {}, [], () => describeTasks(directory)),
    companion('cancel_task', text('cancelTask', {}), { call_id: callIdOf(text) }, ['call_id'], (args) =>
      cancelTask(directory, text, args['call_id'] as string),
    ),
  ];
}

function asking(directory: Directory, text: Wording): CompanionTool[] {
  const properties = {
    call_id: callIdOf(text),
    action: { type: 'string', enum: actions },
    content: { type: 'object', description: text('contentParameter', {}) },
  };
  const answer = async (args: JsonObject, signal: AbortSignal): Promise<string> => {
    const id = args['call_id'] as string;
    await directory.answer(id, args['action'] as AnswerAction, args['content'], signal);
    return text('answerRecorded', { callId: id });
  };
  return [companion('answer_task', text('answerTask', {}), properties, ['call_id', 'action'], answer)];
}

function describeTasks(directory: Directory): unknown {
  return listTasks(directory)
    .filter((task) => task.phase !== 'stopping')
    .map((task) => ({
      call_id: task.callId,
      tool: task.toolName,
      state: task.state,
      arguments: task.input,
      ...(task.message === undefined ? {} : { message: task.message }),
      ...(task.progress === undefined ? {} : { progress: task.progress }),
      ...(task.total === undefined ? {} : { total: task.total }),
      age_seconds: Math.round(task.ageMs / 1000),
      ...(task.question ? { question: task.question.message } : {}),
      may_be_cancelled: task.cancellable,
    }));
}

/** Cancelled at once: the answer does not wait for the body to stop (S5.3). */
function cancelTask(directory: Directory, text: Wording, id: string): string {
  switch (directory.cancel(id, 'model').type) {
    case 'not_found':
      throw new ToolError(text('taskNotFound', { callId: id }));
    case 'finished':
      throw new ToolError(text('taskFinished', { callId: id }));
    case 'cancelled':
      return text('taskCancelled', { callId: id });
  }
}

function companion(
  name: CompanionName,
  description: string,
  properties: JsonObject,
  required: readonly string[],
  run: (args: JsonObject, signal: AbortSignal) => unknown,
): CompanionTool {
  const inputSchema = { type: 'object', properties, required, additionalProperties: false };
  return {
    name,
    description,
    inputSchema,
    owner: 'session',
    policy,
    prompts: [],
    companion: true,
    parse: (text, cutOff) => readCompanionArguments(text, cutOff, required),
    keyOf: () => name,
    supersedeKeyOf: () => undefined,
    needsApproval: () => false,
    run: (value, { abortSignal }) => run(value as JsonObject, abortSignal),
  };
}

const actions = ['accept', 'decline', 'cancel'];

function readCompanionArguments(text: string, cutOff: boolean, required: readonly string[]): Parsed {
  const parsed = parseArguments(text, cutOff);
  if (!parsed.ok) return parsed;
  const args = parsed.value;
  const misfits = required.filter((key) => typeof args[key] !== 'string').map((key) => `${key}: expected a string`);
  if (misfits.length === 0 && required.includes('action') && !actions.includes(args['action'] as string)) {
    misfits.push(`action: expected ${actions.join(', ')}`);
  }
  if (misfits.length > 0) return { ok: false, reasons: misfits.join('; ') };
  return { ok: true, given: args, input: args, value: args, confirmed: false };
}
