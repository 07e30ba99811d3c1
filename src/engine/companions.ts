/** The companion tools (S5.4, S6.6): ordinary calls that are no tasks, always in the same place and form. */
import { ToolError } from '../errors.ts';
import type { JsonObject } from '../chat/items.ts';
import type { AnswerAction } from '../chat/records.ts';
import { promptText, type Prompts } from '../tools/prompts.ts';
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
  deliveryToolChoice: undefined,
};

const callId = { type: 'string', description: 'The call_id of the task.' };

/** Only `get_running_tasks` and `cancel_task` where a tool may be cancelled, `answer_task` where one may ask. */
export function createCompanions(
  directory: Directory,
  prompts: readonly (Partial<Prompts> | undefined)[],
  offered: { readonly cancelling: boolean; readonly asking: boolean },
): CompanionTool[] {
  const text = (name: 'getRunningTasks' | 'cancelTask' | 'answerTask'): string => promptText(prompts, name, {});
  const tools: CompanionTool[] = [];
  if (offered.cancelling) {
    tools.push(
      companion('get_running_tasks', text('getRunningTasks'), {}, [], () => describeTasks(directory)),
      companion('cancel_task', text('cancelTask'), { call_id: callId }, ['call_id'], (args) =>
        cancelTask(directory, prompts, String(args['call_id'])),
      ),
    );
  }
  if (offered.asking) {
    const properties = {
      call_id: callId,
      action: { type: 'string', enum: ['accept', 'decline', 'cancel'] },
      content: { type: 'object', description: 'What the user answered; only with accept.' },
    };
    tools.push(
      companion('answer_task', text('answerTask'), properties, ['call_id', 'action'], async (args) => {
        const id = String(args['call_id']);
        await directory.answer(id, args['action'] as AnswerAction, args['content']);
        return promptText(prompts, 'answerRecorded', { callId: id });
      }),
    );
  }
  return tools;
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
      age_seconds: Math.round(task.ageMs / 1000),
      may_be_cancelled: task.cancellable,
    }));
}

async function cancelTask(
  directory: Directory,
  prompts: readonly (Partial<Prompts> | undefined)[],
  id: string,
): Promise<string> {
  const result = await directory.cancel(id, 'model');
  if (result === 'not_found') throw new ToolError(promptText(prompts, 'taskNotFound', { callId: id }));
  if (result === 'finished') throw new ToolError(promptText(prompts, 'taskFinished', { callId: id }));
  return promptText(prompts, 'taskCancelled', { callId: id });
}

function companion(
  name: CompanionName,
  description: string,
  properties: JsonObject,
  required: readonly string[],
  run: (args: JsonObject) => unknown,
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
    parse: (text) => parseArguments(text, name, properties, required),
    keyOf: () => name,
    supersedeKeyOf: () => undefined,
    needsApproval: () => false,
    run: (value) => run(value as JsonObject),
  };
}

function parseArguments(text: string, name: string, properties: JsonObject, required: readonly string[]): Parsed {
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    return { ok: false, reasons: `the arguments of ${name} are no JSON` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { ok: false, reasons: 'expected an object' };
  const args = value as JsonObject;
  const missing = required.filter((key) => typeof args[key] !== 'string');
  if (missing.length > 0) return { ok: false, reasons: missing.map((key) => `${key}: expected a string`).join('; ') };
  const action = properties['action'] === undefined ? undefined : args['action'];
  if (action !== undefined && !['accept', 'decline', 'cancel'].includes(String(action))) {
    return { ok: false, reasons: 'action: expected accept, decline or cancel' };
  }
  return { ok: true, given: args, input: args, value: args, confirmed: false };
}
