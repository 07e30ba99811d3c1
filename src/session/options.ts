/** The options of a session: checked when it is made, with all defaults filled in. */
import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { ChatContext } from '../chat/chat-context.ts';
import type { LogObserver } from '../chat/log.ts';
import type { SessionStore } from '../chat/store.ts';
import type { WireProfile } from '../chat/wire-profile.ts';
import { systemClock, type Clock } from '../clock.ts';
import type { EngineOptions } from '../engine/seam.ts';
import { MeanwhileError } from '../errors.ts';
import { flattenTools } from '../tools/flatten.ts';
import { checkEach, checkNames, flag, invalid, oneOf, record, show, typed, type Check } from '../tools/options.ts';
import type { Prompts } from '../tools/prompts.ts';
import { checkPrompts, type ToolSource } from '../tools/toolset.ts';
import type { Undelivered } from './afterlife.ts';
import type { CoreOptions } from './core.ts';
import { createTextOutput, type SpeechOutput } from './output.ts';
import type { Tracing } from './tracing.ts';
import type { SessionUsage } from './usage.ts';

export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** The newest so many items, or a function that gives the index of the first item to send. Calls keep their outputs. */
export type ContextLimit = number | ((context: { chatCtx: ChatContext; usage: SessionUsage }) => number);

export interface AgentSessionOptions<UserData = unknown> {
  /** Any AI SDK model of specification v4. */
  readonly llm: LanguageModelV4;
  /** Tools of the session: their tasks outlive a handoff (S8.1). */
  readonly tools?: ToolSource;
  readonly userData?: UserData;
  /**
   * Where its records are kept, so that it outlives this process: `memory()` of `meanwhile/store`, `sqlite(path)` of
   * `meanwhile/store/sqlite`, or your own. Default: nowhere.
   */
  readonly store?: SessionStore;
  /**
   * Names it, in the store, in `ctx.idempotencyKey` and in `deliveryId`. Default: a random UUID where there is a store or an
   * `onUndelivered`.
   */
  readonly sessionId?: string;
  /** Whose session it is: for `store.find`, and for the outbox in which results wait for the user's next session. */
  readonly userKey?: string;
  /**
   * What becomes of tasks when the session ends, as when the caller hangs up: they are cancelled, or they `finish` and their
   * results are handed over, as is what was not told yet. A tool's own `whenSessionEnds` wins. Default `'cancel'`.
   */
  readonly whenSessionEnds?: 'cancel' | 'finish';
  /**
   * Takes each result of a task that finished when the conversation was over: by e-mail, say. Called at least once for each
   * `deliveryId`; what it throws is logged, and it is called again, `maxAttempts` times at most. Without it, and where it has
   * failed, results wait in the outbox of the user, which takes a `store` and a `userKey`.
   */
  onUndelivered?(undelivered: Undelivered<UserData>): void | Promise<void>;
  /** So long nobody else gets the session when this process has died. Default 15,000. */
  readonly leaseMs?: number;
  /** Where the agent's words go. Default: text that counts as heard when it is written. */
  readonly output?: SpeechOutput;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Default: warnings and errors to the console. */
  readonly logger?: Logger;
  readonly prompts?: Partial<Prompts>;
  /** Steps with calls before one without. Default 3. */
  readonly maxToolSteps?: number;
  /** Repeats of a failed model call. Default 2. */
  readonly maxRetries?: number;
  /** From the first record, so long others are waited for. Default 50. */
  readonly coalesceMs?: number;
  /** Silence before something is told. Default 0, for an output of medium `'voice'` 400. */
  readonly quietMs?: number;
  /** How often a record is told at most. Default 3. */
  readonly maxAttempts?: number;
  /** Before a failed telling is repeated, doubling. Default 1,000. */
  readonly retryDelayMs?: number;
  /** What a cancelled body has to stop, and an output that was cut to say what was heard. Default 2,000. */
  readonly stopTimeoutMs?: number;
  /** What a close has in all. Default 5,000. */
  readonly closeTimeoutMs?: number;
  /** Silence after which the user counts as away; `Infinity`: never. Default 15,000. */
  readonly userAwayMs?: number;
  readonly contextLimit?: ContextLimit;
  /** Replaces single fields of what is known of the model's wire (docs/design/wire.md). */
  readonly wire?: Partial<WireProfile>;
  /** Called with each record right after it was applied, in order. */
  readonly onRecord?: LogObserver;
  /** Follows the session for tracing: `openTelemetry()` of `meanwhile/telemetry`, or your own. */
  readonly tracer?: Tracing;
}

const names = [
  'llm',
  'tools',
  'userData',
  'store',
  'sessionId',
  'userKey',
  'whenSessionEnds',
  'onUndelivered',
  'leaseMs',
  'output',
  'clock',
  'logger',
  'prompts',
  'maxToolSteps',
  'maxRetries',
  'coalesceMs',
  'quietMs',
  'maxAttempts',
  'retryDelayMs',
  'stopTimeoutMs',
  'closeTimeoutMs',
  'userAwayMs',
  'contextLimit',
  'wire',
  'onRecord',
  'tracer',
];

const remedies = {
  model: 'Use llm.',
  instructions: 'Give them to an Agent: session.start({ agent }).',
  agent: 'Give it to session.start({ agent }).',
};

export interface ResolvedOptions {
  readonly core: CoreOptions;
  readonly engine: EngineOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly output: SpeechOutput;
}

/** Throws MeanwhileError `invalid_option`, `unsupported_model` or `invalid_definition`. */
export function resolveOptions(options: AgentSessionOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null) {
    throw new MeanwhileError(
      'invalid_option',
      `AgentSession: expected options, got ${show(options)}. Write new AgentSession({ llm }).`,
    );
  }
  checkNames('AgentSession', options, names, remedies, 'invalid_option');
  checkModel(options.llm);
  checkEach('AgentSession', { ...options }, checks, 'invalid_option');
  if (options.prompts) checkPrompts('AgentSession', options.prompts, 'invalid_option');
  if (options.wire) checkWire('AgentSession, wire', options.wire);
  flattenTools(options.tools);
  const { stopTimeoutMs = 2000, userAwayMs = 15_000, maxAttempts = 3, retryDelayMs = 1000 } = options;
  const needsId = options.store !== undefined || options.onUndelivered !== undefined;
  return {
    clock: options.clock ?? systemClock,
    logger: new SafeLogger(options.logger ?? consoleLogger),
    output: options.output ?? textOutput,
    core: {
      llm: options.llm,
      sessionId: options.sessionId ?? (needsId ? globalThis.crypto.randomUUID() : undefined),
      maxToolSteps: options.maxToolSteps ?? 3,
      maxRetries: options.maxRetries ?? 2,
      quietMs: options.quietMs ?? (options.output?.medium === 'voice' ? 400 : 0),
      closeTimeoutMs: options.closeTimeoutMs ?? 5000,
      stopTimeoutMs,
      maxAttempts,
      retryDelayMs,
      whenSessionEnds: options.whenSessionEnds ?? 'cancel',
      onUndelivered: options.onUndelivered?.bind(options),
      userAwayMs: userAwayMs === Infinity ? undefined : userAwayMs,
      prompts: options.prompts ?? {},
      contextLimit: options.contextLimit,
      wire: options.wire ?? {},
    },
    engine: {
      coalesceMs: options.coalesceMs ?? 50,
      maxAttempts,
      retryDelayMs,
      stopTimeoutMs,
    },
  };
}

/** Refuses a model of another specification, naming the package to upgrade. */
export function checkModel(model: unknown): void {
  const version = (model as { specificationVersion?: unknown } | null | undefined)?.specificationVersion;
  if (version === 'v4') return;
  const { provider } = (model ?? {}) as { provider?: unknown };
  if (version === undefined) {
    throw new MeanwhileError(
      'unsupported_model',
      `llm: expected an AI SDK language model, got ${show(model)}. Write llm: openai('gpt-5-mini').`,
    );
  }
  const family = typeof provider === 'string' ? provider.split('.')[0] : undefined;
  throw new MeanwhileError(
    'unsupported_model',
    `llm: expected a model of specification v4, got ${show(version)} from ${show(provider)}. Upgrade ${family ? `@ai-sdk/${family}` : 'its provider package'} to version 4.`,
  );
}

const duration: Check = typed('a number of ms, 0 or more', (value) => typeof value === 'number' && value >= 0);

function count(least: number): Check {
  return typed(`a whole number of ${String(least)} or more, or Infinity`, (value) => isCount(value) && value >= least);
}

function isCount(value: unknown): value is number {
  return value === Infinity || Number.isInteger(value);
}

/** An object that has these functions. */
function face(...methods: readonly string[]): Check {
  return (what, name, value, code = 'invalid_definition') => {
    const given = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
    const missing = methods.find((method) => typeof given[method] !== 'function');
    if (missing === undefined) return;
    throw invalid(
      what,
      `expected ${name} to have ${methods.join(', ')}, got ${show(value)} without ${missing}. Give it, or leave ${name} out.`,
      { code },
    );
  };
}

const output: Check = (what, name, value, code = 'invalid_definition') => {
  face('open')(what, name, value, code);
  const { medium } = value as { medium?: unknown };
  if (medium === undefined || medium === 'text' || medium === 'voice') return;
  throw invalid(what, `expected the medium of ${name} to be "text" or "voice", got ${show(medium)}.`, { code });
};

const name: Check = typed('a text that is not empty', (value) => typeof value === 'string' && value !== '');

const checks: Readonly<Partial<Record<keyof AgentSessionOptions, Check>>> = {
  output,
  clock: face('now', 'setTimeout', 'clearTimeout'),
  logger: face('debug', 'info', 'warn', 'error'),
  prompts: record,
  maxToolSteps: count(0),
  maxRetries: count(0),
  maxAttempts: count(1),
  coalesceMs: duration,
  quietMs: duration,
  retryDelayMs: duration,
  stopTimeoutMs: duration,
  closeTimeoutMs: duration,
  userAwayMs: duration,
  contextLimit: typed(
    'a whole number of 1 or more, or a function',
    (value) => typeof value === 'function' || (isCount(value) && value >= 1),
  ),
  wire: record,
  store: face(
    'acquire',
    'renew',
    'release',
    'append',
    'read',
    'saveSnapshot',
    'snapshot',
    'find',
    'post',
    'collect',
    'settle',
    'delete',
    'expire',
  ),
  sessionId: name,
  userKey: name,
  whenSessionEnds: oneOf('cancel', 'finish'),
  onUndelivered: typed('a function', (value) => typeof value === 'function'),
  leaseMs: typed('a number of ms above 0', (value) => typeof value === 'number' && value > 0 && value < Infinity),
  onRecord: typed('a function', (value) => typeof value === 'function'),
  tracer: typed('a function of the session (openTelemetry() makes one)', (value) => typeof value === 'function'),
};

const wireChecks: Readonly<Record<keyof WireProfile, Check>> = {
  late: oneOf('system', 'fold', 'user'),
  systemItems: oneOf('system', 'user'),
  background: oneOf('calls', 'notes'),
  unreasonedCalls: oneOf('calls', 'notes'),
  reasoning: oneOf('first', 'inline', 'none'),
  metadataOf: oneOf('provider', 'model'),
  signedEmptyText: flag,
  merge: oneOf('turn', 'step'),
  texts: oneOf('parts', 'joined'),
  assistantFirst: flag,
  alternate: flag,
  idPattern: typed('a regular expression', (value) => value instanceof RegExp),
  idMax: count(9),
  errors: oneOf('field', 'prefix'),
};

function checkWire(what: string, wire: Partial<WireProfile>): void {
  checkNames(what, wire, Object.keys(wireChecks), {}, 'invalid_option');
  checkEach(what, { ...wire }, wireChecks, 'invalid_option');
}

/** A logger that throws harms nobody: what was to be logged is lost. */
class SafeLogger implements Logger {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  debug(message: string): void {
    this.#log('debug', message);
  }

  info(message: string): void {
    this.#log('info', message);
  }

  warn(message: string): void {
    this.#log('warn', message);
  }

  error(message: string): void {
    this.#log('error', message);
  }

  #log(level: keyof Logger, message: string): void {
    try {
      this.#logger[level](message);
    } catch {
      // There is nowhere left to say so.
    }
  }
}

const textOutput = createTextOutput();

const consoleLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message) => console.warn(`meanwhile: ${message}`),
  error: (message) => console.error(`meanwhile: ${message}`),
};
