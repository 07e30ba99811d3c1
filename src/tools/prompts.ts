/**
 * All texts a model sees from the system (S9.1), and how they are filled in (S9.2, S9.3). A template is a string with `{name}` places or a function of typed
 * arguments; substitution is literal and one pass. Why they are worded so: docs/decisions.
 */
import type { NoteArgs, ViewTexts } from '../chat/view-texts.ts';
import type { Template, UpdateTemplateArgs } from './faces.ts';

export interface RunningCall {
  readonly callId: string;
  readonly toolName: string;
  readonly arguments: string;
  /** Its newest message. */
  readonly message: string;
}

export interface DuplicateTemplateArgs {
  readonly functionName: string;
  /** One line a call. */
  readonly runningCalls: string;
}

export interface ReplyTemplateArgs {
  /** The call ids it is about, comma separated. */
  readonly callIds: string;
  /** Those of them nothing was said of yet. */
  readonly newCallIds: string;
  /** What the user heard of an earlier attempt that was cut; empty if nothing. */
  readonly heard: string;
}

export interface Prompts {
  /** Wraps a progress message. */
  update: Template<UpdateTemplateArgs>;
  /** The output of a call that went to the background without a message of its own. */
  backgrounded: Template<{ functionName: string; callId: string }>;
  /** The output of a call that has to wait for others of its tool. */
  queued: Template<{ functionName: string; callId: string }>;
  duplicateReject: Template<DuplicateTemplateArgs>;
  duplicateConfirm: Template<DuplicateTemplateArgs>;
  duplicateReplay: Template<{ functionName: string; age: string; output: string }>;
  /** The answer to a call that joined one already in the background. */
  duplicateJoin: Template<{ functionName: string; callId: string; output: string }>;
  replyAtTail: Template<ReplyTemplateArgs>;
  replyMaybeCovered: Template<ReplyTemplateArgs>;
  confirmParameter: Template<{ functionName: string }>;
  /** `schema`: the text of `answerSchema`; empty where the question has no schema. */
  ask: Template<{ functionName: string; callId: string; message: string; schema: string }>;
  /** What the answer's content must fit, as JSON Schema. */
  answerSchema: Template<{ schema: string }>;
  /** The question asked before a body that needs approval starts. */
  approval: Template<{ functionName: string; arguments: string }>;
  runningCalls: Template<{ runningCalls: string }>;
  finished: Template<{ functionName: string; callId: string }>;
  cancelled: Template<{ functionName: string; callId: string }>;
  declined: Template<{ functionName: string; callId: string }>;
  timedOut: Template<{ functionName: string; limitMs: string }>;
  noProgress: Template<{ functionName: string; limitMs: string }>;
  genericError: Template<{ functionName: string }>;
  /** Its process died while it ran, and it may not be run again. */
  lost: Template<{ functionName: string; callId: string }>;
  /** The result of a task of an earlier conversation, over before it could be told. `arguments`: JSON; `age`: of its end. */
  earlierResult: Template<{ functionName: string; arguments: string; age: string; output: string }>;
  unknownTool: Template<{ functionName: string; available: string }>;
  badArguments: Template<{ functionName: string; reasons: string }>;
  badValue: Template<{ functionName: string; reason: string }>;
  notAllowed: Template<{ functionName: string }>;
  queueFull: Template<{ functionName: string; limit: string }>;
  handoffRefused: Template<{ agent: string; reason: string }>;
  /** An AgentTask that is asked for while the conversation is handed over or closed. */
  agentTaskRefused: Template<{ agent: string }>;
  taskNotFound: Template<{ callId: string }>;
  taskFinished: Template<{ callId: string }>;
  taskNotCancellable: Template<{ callId: string }>;
  taskProtected: Template<{ callId: string }>;
  taskCancelled: Template<{ callId: string }>;
  noQuestion: Template<{ callId: string }>;
  answerRecorded: Template<{ callId: string }>;
  answerMisfit: Template<{ callId: string; reasons: string }>;
  getRunningTasks: Template<Record<never, string>>;
  cancelTask: Template<Record<never, string>>;
  answerTask: Template<Record<never, string>>;
  /** Describe the parameters of the companions. */
  callIdParameter: Template<Record<never, string>>;
  contentParameter: Template<Record<never, string>>;
  /** Describes a tool that is gone while a call of it is still in view. */
  goneTool: Template<Record<never, string>>;
  /** Appended to every agent's instructions from its start. */
  deliveryPolicy: Template<Record<never, string>>;
  /** What the view says where an API wants words that nobody said (`ViewTexts`). */
  nothingSaid: Template<Record<never, string>>;
  noReply: Template<Record<never, string>>;
  noOutput: Template<Record<never, string>>;
  /** In front of an error, where errors have no field of their own. */
  errorPrefix: Template<Record<never, string>>;
  /** Marks what is the system's in a message that is the user's by its role. */
  systemMark: Template<{ text: string }>;
  /** A task's record, for a model that may not be shown a call it did not make. */
  note: Template<NoteArgs>;
}

export const defaultPrompts: Prompts = {
  update:
    'Progress of {functionName} (call {callId}): {message}\nIt is still running. Say only what this tells you; the result is not known yet.',
  backgrounded: '{functionName} (call {callId}) is still running. Its result is not known yet.',
  queued: '{functionName} (call {callId}) waits for earlier calls to finish and will then start by itself.',
  duplicateReject:
    'Not started: the same call of {functionName} is already running.\n{runningCalls}\nTell the user that it is in progress.',
  duplicateConfirm:
    'Not started: {functionName} is already running.\n{runningCalls}\nAsk the user whether a second one is really wanted. If so, call it again with confirm_duplicate set to true.',
  duplicateReplay: 'This was already done {age} ago and was not done again. Its result was: {output}',
  duplicateJoin: 'The same call is already running as {callId}; nothing new was started. Its newest state: {output}',
  replyAtTail:
    'Something new has come in from work in the background (calls: {callIds}). Tell the user about it now, briefly and in your own words.',
  replyMaybeCovered: ({ callIds, newCallIds, heard }) =>
    [
      `Something has come in from work in the background (calls: ${callIds}), and you may have told the user already.`,
      newCallIds === '' ? '' : `Not told yet: ${newCallIds}.`,
      heard === '' ? '' : `You were cut off after the user had heard: "${heard}".`,
      'Say only what the user has not heard yet. If everything has been said, answer with nothing at all.',
    ]
      .filter((line) => line !== '')
      .join('\n'),
  confirmParameter:
    'Set to true only after the user was told that the same call is running and confirmed that a second one is wanted.',
  ask: '{functionName} (call {callId}) needs an answer from the user before it can go on: {message}\nAsk the user. When you have the answer, give it with answer_task and call_id "{callId}".{schema}',
  answerSchema: ' Its content must fit {schema}.',
  approval: 'May {functionName} be run with {arguments}?',
  runningCalls: 'Still running, with no result yet:\n{runningCalls}\nDo not call these again.',
  finished: '{functionName} (call {callId}) has finished.',
  cancelled:
    'The tool call {functionName} ({callId}) was cancelled before it finished. This says nothing about anything the user had arranged earlier.',
  declined: 'The user did not approve {functionName} (call {callId}); it was not run.',
  timedOut: '{functionName} did not finish within {limitMs} ms and was stopped.',
  noProgress: '{functionName} made no progress for {limitMs} ms and was stopped.',
  genericError: '{functionName} failed because of an internal error.',
  lost: '{functionName} (call {callId}) was stopped by a failure of the system before it finished. Whether it had any effect is not known; it was not tried again.',
  earlierResult:
    'From an earlier conversation with the user: {functionName} {arguments} ended {age} ago, when nobody was there any more to be told. Its result: {output}',
  unknownTool: 'There is no tool named "{functionName}". Available tools: {available}.',
  badArguments: 'The arguments of {functionName} do not fit: {reasons}',
  badValue: '{functionName} gave a result that cannot be told: {reason}',
  notAllowed: 'No tool may be called now; {functionName} was not run. Answer the user in words.',
  queueFull: '{functionName} was not started: {limit} calls of it are running already.',
  handoffRefused: 'The conversation was not handed over to {agent}: {reason}',
  agentTaskRefused: '"{agent}" cannot run now: the conversation is being handed over or closed.',
  taskNotFound: 'There is no task with call_id "{callId}".',
  taskFinished: 'Task "{callId}" has already finished.',
  taskNotCancellable: 'Task "{callId}" cannot be cancelled: its tool does not allow it.',
  taskProtected: 'Task "{callId}" cannot be cancelled now: it may not be interrupted.',
  taskCancelled: 'Task "{callId}" was cancelled.',
  noQuestion: 'Task "{callId}" has no open question.',
  answerRecorded: 'The answer was given to task "{callId}".',
  answerMisfit: 'The answer does not fit: {reasons}',
  getRunningTasks: 'Lists the tasks that run in the background, with their state, newest message and age.',
  cancelTask: 'Cancels one running task. Call it only when the user asked to stop that task.',
  answerTask: "Gives the user's answer to a task that has asked a question. Call it only when the user has answered.",
  callIdParameter: 'The call_id of the task.',
  contentParameter: 'What the user answered; only with accept.',
  goneTool: 'No longer available. Do not call it.',
  deliveryPolicy: [
    'Some tools go on in the background after their first answer. While one runs, go on talking with the user; do not wait for it, and do not call it again for the same thing.',
    'A first answer or a progress message is not the result: never present it as one, and never invent a result.',
    'You will be told when there is something new. Mention intermediate progress only where it helps the user; always tell the final result.',
    'Cancel a task only when the user asks for it.',
  ].join('\n'),
  nothingSaid: '[The user has said nothing new.]',
  noReply: '[No reply was given.]',
  noOutput: '(no output)',
  errorPrefix: 'Error: ',
  systemMark: '[From the system, not said by the user:]\n{text}',
  note: ({ toolName, callId, phase, input = '', text }) => {
    const what = phase === 'final' ? 'result' : phase === 'call' ? `called with ${input}` : phase;
    return `${toolName} (call ${callId}), ${what}: ${text}`;
  },
};

/** Fills `{name}` places literally, in one pass: what is filled in is never read again (S9.2). */
export function render<Args extends object>(template: Template<Args>, args: Args): string {
  return typeof template === 'function' ? template(args) : fill(toParts(template), args);
}

/** Texts and names in turn. */
function toParts(template: string): readonly string[] {
  return template.split(/\{([A-Za-z]+)\}/);
}

function fill(parts: readonly string[], args: object): string {
  const values = args as Readonly<Record<string, unknown>>;
  let text = parts[0] ?? '';
  for (let index = 1; index < parts.length; index += 2) {
    const name = parts[index] ?? '';
    text += Object.hasOwn(values, name) ? String(values[name]) : `{${name}}`;
    text += parts[index + 1] ?? '';
  }
  return text;
}

/** The default templates, taken apart once: every update goes through one. */
const defaultParts: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(defaultPrompts).flatMap(([name, template]) =>
    typeof template === 'string' ? [[name, toParts(template)]] : [],
  ),
);

function renderDefault<Name extends keyof Prompts>(name: Name, args: PromptArgs<Name>): string {
  const parts = defaultParts.get(name);
  return parts ? fill(parts, args as object) : render(defaultPrompts[name] as Template<object>, args as object);
}

/** A prompt's name and arguments, for `promptText`. */
export type PromptArgs<Name extends keyof Prompts> = Prompts[Name] extends Template<infer Args> ? Args : never;

/**
 * The text of a prompt from the most specific layer that has it (S9.1): toolset, agent, session, default. A template
 * that throws or gives no string is replaced by the default; `onError` is told.
 */
export function promptText<Name extends keyof Prompts>(
  layers: readonly (Partial<Prompts> | undefined)[],
  name: Name,
  args: PromptArgs<Name>,
  onError?: (error: unknown, name: Name) => void,
): string {
  type Layer = Readonly<Partial<Record<string, Template<object>>>> | undefined;
  const template = (layers as readonly Layer[]).find((layer) => layer?.[name] !== undefined)?.[name];
  if (template === undefined) return renderDefault(name, args);
  try {
    const text: unknown = render(template, args as object);
    if (typeof text === 'string') return text;
    throw new TypeError(`The template "${name}" gave ${typeof text}, not a string.`);
  } catch (error) {
    onError?.(error, name);
    return renderDefault(name, args);
  }
}

/** Prompts in the words that hold in one place. */
export type Wording = <Name extends keyof Prompts>(name: Name, args: PromptArgs<Name>) => string;

const defaultWording: Wording = (name, args) => promptText([], name, args);

/** The texts of a prompt view. */
export function viewTexts(wording: Wording = defaultWording): ViewTexts {
  return {
    nothing: wording('nothingSaid', {}),
    noReply: wording('noReply', {}),
    noOutput: wording('noOutput', {}),
    error: wording('errorPrefix', {}),
    mark: (text) => wording('systemMark', { text }),
    note: (args) => wording('note', args),
  };
}
