/**
 * The engine on its own, for a host that is not the built-in session: the same parts, put together behind one function.
 * The host's half is `Conversation` (`seam.ts`); what is made here is the other half.
 */
import { Log, type LogObserver } from '../chat/log.ts';
import type { Owner } from '../chat/records.ts';
import type { SessionState } from '../chat/state.ts';
import { systemClock, type Clock } from '../clock.ts';
import { MeanwhileError, SessionClosedError } from '../errors.ts';
import type { TaskDirectory, ToolSession } from '../tools/faces.ts';
import { checkEach, checkNames, duration, isRecord, record, typed, type Check } from '../tools/options.ts';
import { promptText, type Prompts, type RunningCall, type Wording } from '../tools/prompts.ts';
import { checkPrompts, type ToolSource } from '../tools/toolset.ts';
import { bounded } from './bounded.ts';
import type { CompanionGroup } from './companions.ts';
import { withDefaults } from './default-body.ts';
import { createDirectory, createTaskDirectory } from './directory.ts';
import { Executor } from './executor.ts';
import type { BodyHost, Conversation, EngineOptions, EngineReport, Tasks } from './seam.ts';
import { ToolsInPlace, type OfferedTools } from './tools-in-place.ts';
import type { ToolsetHost } from './toolset-life.ts';

/** Durations in ms. */
export interface CreateEngineOptions extends Partial<EngineOptions> {
  /** The host's half: who may speak when, and what the model is shown. */
  readonly conversation: Conversation;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** What a tool's body may do with the talk. What is left out is refused with MeanwhileError `unsupported_by_host`. */
  readonly body?: Partial<BodyHost>;
  /** Replace the system's texts, one by one. With activities, a function from an activity's id to its layers, most specific first. */
  readonly prompts?: Partial<Prompts> | ((activityId: string) => readonly (Partial<Prompts> | undefined)[]);
  /** Called with each record right after it was applied: the place to store or show it. */
  readonly onRecord?: LogObserver;
  /** What is no record: failures, odd calls, progress for observers. */
  readonly onReport?: (report: EngineReport) => void;
  /** Something changed on the engine's side that quiet depends on: the host looks whether somebody who waits may be served. */
  readonly onChange?: () => void;
  /** Bounds `close`. Default 5,000. */
  readonly closeTimeoutMs?: number;
}

/** The engine's half of the seam, and what an application asks of it. */
export interface Engine
  extends Pick<Tasks, 'start' | 'turnInterrupted' | 'turnToBackground' | 'turnEnded' | 'blocking'> {
  /** What the records add up to. */
  readonly state: SessionState;
  /** The running tasks, for the application (S5.2, S6.6). */
  readonly tasks: TaskDirectory;
  /** The system's words as they hold here: `text('deliveryPolicy', {})` belongs at the end of the agent's instructions. */
  readonly text: Wording;
  /**
   * Makes tools ready: what a model is told of them, companions included, and what `start` needs in `TurnRef.tools`.
   * Takes what an AgentSession takes, and sets toolsets up. `owner`: an activity they belong to (S8.1); default the
   * session. Throws MeanwhileError `invalid_definition`.
   */
  tools(source: ToolSource, options?: { readonly owner?: Owner }): Promise<OfferedTools>;
  /** Running calls of these speeches that no context holds yet, for a note to a model that must not repeat them. */
  runningCalls(speechIds: Iterable<string>): RunningCall[];
  /** Calls `listener` after each record; returns the way to stop. */
  observe(listener: LogObserver): () => void;
  /** Claims the floor for what was recorded before something else waits for it (S6.9): a handoff, a body's `foreground`. */
  claimDue(): void;
  /** Something waits to be told, or is being told. */
  readonly hasUntold: boolean;
  /** Resolves when each record of the replies under way knows what became of it: to be awaited before `close`, once speech was cut. */
  whenTold(): Promise<void>;
  /** An activity ends: its tasks move, are cancelled or waited for, at most `boundMs` (S8.3); its toolsets are closed. */
  ownerEnded(owner: Owner, boundMs?: number): Promise<void>;
  /** Ends all tasks as cancelled; what is untold ends as `dropped`; nothing is written afterwards (S8.7). */
  close(reason?: string): Promise<void>;
}

/**
 * Puts the engine on a host of your own: tools run, go on in the background, and what they tell is told when your
 * `conversation` hands over the floor.
 *
 * ```ts
 * const engine = createEngine({ conversation });
 * const tools = await engine.tools([bookFlight]);
 * const call = engine.start(incoming, { speechId, step: 0, activityId: 'agent', tools: tools.engineTools, toolsAllowed: true, speech });
 * const { output, wantsReply } = await call.first;
 * ```
 *
 * Throws MeanwhileError `invalid_option`. Defaults as in an AgentSession: `coalesceMs` 50, `maxAttempts` 3,
 * `retryDelayMs` 1,000, `stopTimeoutMs` 2,000.
 */
export function createEngine(options: CreateEngineOptions): Engine {
  checkOptions(options);
  return new StandingEngine(options);
}

class StandingEngine implements Engine {
  readonly tasks: TaskDirectory;
  readonly text: Wording;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #executor: Executor;
  readonly #report: (report: EngineReport) => void;
  readonly #toolsetHost: ToolsetHost;
  readonly #companions = new Set<CompanionGroup>();
  readonly #places = new Set<ToolsInPlace>();
  readonly #layers: (activityId: string) => readonly (Partial<Prompts> | undefined)[];
  readonly #closeTimeoutMs: number;
  #closing: Promise<void> | undefined;

  constructor(options: CreateEngineOptions) {
    const { conversation, clock = systemClock, prompts = {}, onRecord, onReport, onChange } = options;
    const { coalesceMs = 50, maxAttempts = 3, retryDelayMs = 1000, stopTimeoutMs = 2000 } = options;
    this.#layers = typeof prompts === 'function' ? prompts : () => [prompts];
    const body = withDefaults(options.body ?? {}, clock);
    this.#clock = clock;
    this.#closeTimeoutMs = options.closeTimeoutMs ?? 5000;
    this.#report = (report) => {
      try {
        onReport?.(report);
      } catch {
        // There is nowhere left to say so.
      }
    };
    this.#log = new Log({
      now: () => clock.now(),
      ...(onRecord ? { sink: onRecord } : {}),
      onObserverError: (error) => this.#report({ type: 'observer_failed', error }),
    });
    this.#log.commit({ type: 'session_opened', sessionId: 'session_1' });
    this.#executor = new Executor({
      journal: this.#log,
      clock,
      conversation,
      body,
      options: { coalesceMs, maxAttempts, retryDelayMs, stopTimeoutMs },
      prompts: this.#layers,
      report: this.#report,
      changed: () => onChange?.(),
    });
    this.text = this.#wording(this.#layers(''));
    this.tasks = createTaskDirectory(this.#executor, clock);
    this.#toolsetHost = {
      get session() {
        return body.session as ToolSession;
      },
      live: () => this.#executor.live,
      run: (fn) => fn(),
      failed: (fact, error) => this.#report({ type: 'toolset_failed', fact, error }),
    };
    this.#log.observe((record) => {
      if (record.type === 'task_asked') this.#companions.add('asking');
    });
  }

  get state(): SessionState {
    return this.#log.state;
  }

  get hasUntold(): boolean {
    return this.state.tasks.deliveries.size > 0;
  }

  readonly start: Tasks['start'] = (call, turn) => this.#executor.start(call, turn);
  readonly turnInterrupted: Tasks['turnInterrupted'] = (speechId) => this.#executor.turnInterrupted(speechId);
  readonly turnToBackground: Tasks['turnToBackground'] = (speechId) => this.#executor.turnToBackground(speechId);
  readonly turnEnded: Tasks['turnEnded'] = (speechId, untold) => this.#executor.turnEnded(speechId, untold);
  readonly blocking: Tasks['blocking'] = (speechId) => this.#executor.blocking(speechId);

  async tools(source: ToolSource, { owner = 'session' }: { readonly owner?: Owner } = {}): Promise<OfferedTools> {
    if (this.#closing) throw new SessionClosedError('engine.tools');
    const layers = this.#layers(owner === 'session' ? '' : owner);
    const tools = new ToolsInPlace(owner, {
      directory: createDirectory(this.#executor, this.#clock),
      companions: this.#companions,
      wording: (inner) => this.#wording([...inner, ...layers]),
      host: this.#toolsetHost,
    });
    this.#places.add(tools);
    try {
      await tools.update(source);
    } catch (error) {
      this.#places.delete(tools);
      throw error;
    }
    return tools;
  }

  runningCalls(speechIds: Iterable<string>): RunningCall[] {
    return this.#executor.runningCalls(speechIds);
  }

  claimDue(): void {
    this.#executor.announcer.look();
  }

  observe(listener: LogObserver): () => void {
    return this.#log.observe(listener);
  }

  async whenTold(): Promise<void> {
    await this.#executor.announcer.whenTold();
  }

  async ownerEnded(owner: Owner, boundMs = this.#closeTimeoutMs): Promise<void> {
    await this.#executor.ownerEnded(owner, boundMs);
    for (const place of [...this.#places]) {
      if (place.owner !== owner) continue;
      this.#places.delete(place);
      void place.close();
    }
  }

  close(reason = 'closed'): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  async #close(reason: string): Promise<void> {
    const stopped = this.#executor.close(reason);
    const closed = [...this.#places].map((place) => place.close());
    await bounded(Promise.all([stopped, ...closed]), this.#closeTimeoutMs, this.#clock);
    this.#executor.giveUp();
    this.#log.commit({ type: 'session_closed', reason });
  }

  #wording(inner: readonly (Partial<Prompts> | undefined)[]): Wording {
    return (name, args) =>
      promptText(inner, name, args, (error) => this.#report({ type: 'prompt_failed', name, error }));
  }
}

const fn = typed('a function', (value) => typeof value === 'function');
const count: Check = typed(
  'a whole number of 1 or more, or Infinity',
  (value) => value === Infinity || (Number.isInteger(value) && (value as number) >= 1),
);

const checks: Readonly<Record<keyof CreateEngineOptions, Check>> = {
  conversation: record,
  clock: record,
  body: record,
  prompts: typed('an object or a function', (value) => typeof value === 'function' || isRecord(value)),
  onRecord: fn,
  onReport: fn,
  onChange: fn,
  closeTimeoutMs: duration,
  coalesceMs: duration,
  maxAttempts: count,
  retryDelayMs: duration,
  stopTimeoutMs: duration,
};

const half = ['append', 'covered', 'claim', 'handoff', 'handoffRefusal'] as const;

function checkOptions(options: CreateEngineOptions): void {
  const what = 'createEngine';
  const code = 'invalid_option';
  record(what, 'options', options, code);
  checkNames(what, options, Object.keys(checks), {}, code);
  checkEach(what, { ...options }, checks, code);
  const { conversation, prompts } = options;
  const missing = half.find((name) => typeof conversation?.[name] !== 'function');
  if (missing !== undefined || !isRecord(conversation.capabilities)) {
    throw new MeanwhileError(
      code,
      `${what}: expected conversation to have capabilities and ${half.join(', ')}; ${missing ?? 'capabilities'} is missing. Implement Conversation.`,
    );
  }
  if (isRecord(prompts)) checkPrompts(what, prompts, code);
}
