/**
 * A tool without a session (S1.9): the same task with a host that tells nobody. Arguments, texts and endings are those
 * of a session because the code is.
 */
import { Log } from '../chat/log.ts';
import type { Output } from '../chat/items.ts';
import type { TaskEndState } from '../chat/records.ts';
import { systemClock, type Clock } from '../clock.ts';
import { MeanwhileError } from '../errors.ts';
import type { AgentRef, SpeechRef } from '../tools/faces.ts';
import { flattenTools, loadSchemas, type ResolvedTool } from '../tools/flatten.ts';
import { checkEach, checkNames, flag, record, text } from '../tools/options.ts';
import { promptText, type Prompts } from '../tools/prompts.ts';
import { toText } from '../tools/text.ts';
import { checkPrompts, type ToolEntry, type Toolset } from '../tools/toolset.ts';
import { cancelled, endingOfThrow } from './ending.ts';
import { toEngineTool } from './engine-tool.ts';
import { Outbox } from './outbox.ts';
import type { BodyHost, Conversation, EngineDeps, EngineTool, FirstOutput, Parsed, TurnRef } from './seam.ts';
import { Task, type TaskHooks } from './task.ts';

export interface ExecuteToolOptions {
  /** Ends the run as cancelled. */
  readonly abortSignal?: AbortSignal;
  /** The body's `ctx.userData`. */
  readonly userData?: unknown;
  /** The body's `toolCallId`. Default `'call_1'`. */
  readonly toolCallId?: string;
  /** The name of a tool that has none of its own. Default `'tool'`. */
  readonly name?: string;
  /** Default: the system's. */
  readonly clock?: Clock;
  readonly prompts?: Partial<Prompts>;
  /** Stands for the user's approval where the tool has `needsApproval`. Default false. */
  readonly approved?: boolean;
}

export interface ToolRunUpdate {
  /** As the tool gave it. */
  readonly message: unknown;
  /** As a model would be told it; absent where it is for observers only. */
  readonly text?: string;
}

export interface ToolRun {
  readonly state: TaskEndState;
  /** What a model would be told at the end: the call's output or, behind an update, the final record. */
  readonly output: Output;
  readonly updates: readonly ToolRunUpdate[];
  /** The agent that the tool hands over to. */
  readonly handoff?: AgentRef;
  /** The unexpected error that the output masks. */
  readonly error?: unknown;
}

/**
 * Runs one tool without a session. `args`: an object, or JSON as a model wrote it. Arguments that do not fit, errors,
 * timeouts and cancellation are results, as they are for a model.
 *
 * ```ts
 * const { state, output, updates } = await executeTool(bookFlight, { origin: 'Paris', destination: 'Tokyo' });
 * ```
 *
 * Rejects with MeanwhileError: `invalid_definition` for what is no tool, `invalid_value` for arguments that are no JSON,
 * `unsupported_outside_session` for a tool that needs approval and is not `approved`. In the body `ctx.ask`,
 * `ctx.foreground` and `ctx.session` are refused with the same code.
 */
export async function executeTool(
  tool: Exclude<ToolEntry, Toolset>,
  args: object | string = {},
  options: ExecuteToolOptions = {},
): Promise<ToolRun> {
  checkOptions(options);
  const given = argumentsText(args);
  const [resolved, ...others] = flattenTools({ [options.name ?? 'tool']: tool });
  if (!resolved || others.length > 0 || resolved.toolsets.length > 0)
    throw new MeanwhileError('invalid_definition', 'executeTool: expected a tool. Make it with tool().');
  const engineTool = await load(resolved);
  const parsed: Parsed = await engineTool.parse(given, false);
  if (parsed.ok) return new StandaloneRun(engineTool, parsed, options).result();
  const { reasons, error } = parsed;
  const layers = [...engineTool.prompts, options.prompts];
  const told = promptText(layers, 'badArguments', { functionName: engineTool.name, reasons });
  return {
    state: 'failed',
    output: { type: 'error', text: told },
    updates: [],
    ...(error === undefined ? {} : { error }),
  };
}

function checkOptions(options: ExecuteToolOptions): void {
  const what = 'executeTool';
  const code = 'invalid_option';
  record(what, 'options', options, code);
  const checks = { toolCallId: text, name: text, prompts: record, approved: flag };
  checkNames(what, options, [...Object.keys(checks), 'abortSignal', 'userData', 'clock'], {}, code);
  checkEach(what, { ...options }, checks, code);
  if (options.prompts) checkPrompts(what, options.prompts, code);
}

function argumentsText(args: object | string): string {
  if (typeof args === 'string') return args;
  const text = toText(args);
  if (text.ok) return text.text;
  throw new MeanwhileError('invalid_value', `executeTool: the arguments are no JSON: ${text.reason}.`);
}

async function load(resolved: ResolvedTool): Promise<EngineTool> {
  await loadSchemas([resolved]);
  return toEngineTool(resolved, 'session');
}

class StandaloneRun {
  readonly #options: ExecuteToolOptions;
  readonly #log: Log;
  readonly #task: Task;
  /** By the update's place among all of them. */
  readonly #texts = new Map<number, string>();
  #state: TaskEndState = 'completed';
  #output: Output = { type: 'text', text: '' };
  #handoff: AgentRef | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(tool: EngineTool, args: Parsed & { ok: true }, options: ExecuteToolOptions) {
    const { clock = systemClock, toolCallId: callId = 'call_1' } = options;
    const { input, value } = args;
    this.#options = options;
    this.#log = new Log({ now: () => clock.now() });
    this.#task = new Task(this.#deps(clock), this.#hooks, { callId, input, value, settle: this.#settle }, tool, turn);
    const { owner, name: toolName } = tool;
    this.#log.commit({ type: 'task_started', callId, toolName, input, owner, activityId: '', speechId: '', step: 0 });
    this.#collect();
  }

  async result(): Promise<ToolRun> {
    const task = this.#task;
    const { abortSignal } = this.#options;
    const cancel = (): void => task.cancel();
    abortSignal?.addEventListener('abort', cancel, { once: true });
    try {
      if (abortSignal?.aborted) cancel();
      else if (await this.#isApproved()) task.run();
      await task.whenEnded;
    } finally {
      abortSignal?.removeEventListener('abort', cancel);
    }
    return {
      state: this.#state,
      output: this.#output,
      updates: task.updates.map((message, index) => ({ message, ...this.#textOf(index) })),
      ...(this.#handoff ? { handoff: this.#handoff } : {}),
      ...this.#failure,
    };
  }

  /** False when asking for it has ended the task. */
  async #isApproved(): Promise<boolean> {
    const { tool, value } = this.#task;
    let needed: boolean;
    try {
      needed = await tool.needsApproval(value);
    } catch (thrown) {
      this.#task.end(endingOfThrow(thrown));
      return false;
    }
    if (!needed || this.#options.approved) return true;
    this.#task.end(cancelled);
    throw unsupported(`The approval of ${tool.name}`, 'Pass approved: true once it was given.');
  }

  readonly #settle = (first: FirstOutput): void => {
    this.#output = first.output;
    this.#handoff = first.handoff?.agent;
  };

  readonly #hooks: TaskHooks = {
    onStopped: () => undefined,
    onRecorded: () => undefined,
  };

  #collect(): void {
    this.#log.observe((record) => {
      if (record.type === 'task_backgrounded') this.#texts.set(this.#task.updates.length - 1, record.output.text);
      if (record.type === 'task_updated') this.#texts.set(this.#task.updates.length - 1, record.record.output.text);
      if (record.type !== 'task_ended') return;
      this.#state = record.state;
      if (record.record) this.#output = record.output;
    });
  }

  #textOf(index: number): { text?: string } {
    const text = this.#texts.get(index);
    return text === undefined ? {} : { text };
  }

  #deps(clock: Clock): EngineDeps {
    const { prompts, userData } = this.#options;
    const conversation = createConversation((agent) => (this.#handoff = agent));
    return {
      journal: this.#log,
      clock,
      conversation,
      body: createBodyHost(userData),
      questions: { ask: () => Promise.reject(unsupported('ctx.ask')) },
      outbox: new Outbox(
        () => undefined,
        () => undefined,
      ),
      options: { coalesceMs: 0, maxAttempts: 0, retryDelayMs: 0, stopTimeoutMs: 0 },
      prompts: () => [prompts],
      report: (report) => {
        if (report.type === 'tool_failed') this.#failure = { error: report.error };
      },
      changed: () => undefined,
    };
  }
}

function unsupported(what: string, remedy = 'Run the tool in an AgentSession.'): MeanwhileError {
  return new MeanwhileError(
    'unsupported_outside_session',
    `${what} needs a session, and executeTool has none. ${remedy}`,
  );
}

const nobody: SpeechRef = {
  id: '',
  interrupted: false,
  allowInterruptions: true,
  waitForPlayout: () => Promise.resolve(),
  interrupt: () => undefined,
};

const turn: TurnRef = { speechId: '', step: 0, activityId: '', tools: new Map(), toolsAllowed: true, speech: nobody };

function createConversation(onHandoff: (agent: AgentRef) => void): Conversation {
  return {
    capabilities: { turns: 'runtime', interrupt: false, silentAppend: true, toolChoice: false, heard: 'unknown' },
    append: () => undefined,
    covered: () => false,
    claim: () => ({ cancel: () => undefined }),
    handoff: ({ agent }) => onHandoff(agent),
    handoffRefusal: () => undefined,
  };
}

/** Nothing is said, so nothing is silent: fillers never speak. */
function createBodyHost(userData: unknown): BodyHost {
  return {
    get session() {
      throw unsupported('ctx.session');
    },
    userData,
    around: (_body, fn) => fn(),
    waits: (body) => body.waits(),
    foreground: () => Promise.reject(unsupported('ctx.foreground')),
    watchSilence: () => () => undefined,
    disallowInterruptions: () => undefined,
    waitForPlayout: () => Promise.resolve(),
    sayFiller: () => Promise.resolve(false),
  };
}
