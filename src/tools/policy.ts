/**
 * How a tool behaves, as data: the options that `tool()` takes beside its schema and body, the defaults that an
 * AsyncToolset gives, and what is in force (S3.1, S4.1, S5.2, S5.5, S8.3).
 */
import type { DeliveryMode } from '../chat/records.ts';
import {
  type Check,
  checkEach,
  type DeclarationCode,
  duration,
  flag,
  invalid,
  limit,
  oneOf,
  show,
  typed,
} from './options.ts';

/** What becomes of a call while the same one is running. */
export type DuplicateMode = 'join' | 'allow' | 'reject' | 'replace' | 'confirm';

/** A function of the validated arguments. Declared as a method so that a `Tool` of any arguments is a `Tool`. */
export type OfArguments<Args, Result> = { of(args: Args): Result }['of'];

/** All durations are in ms; `Infinity` is the same as none. */
export interface ToolPolicy<Args = unknown> {
  /**
   * What becomes of a call while an equal one is running (S4): `join` it, `allow` both, `reject` the new one, `replace`
   * the running one, or let the user `confirm` that a second one is wanted. Default: joins an equal call that is
   * already in the background, and otherwise allows. After LiveKit Agents.
   */
  readonly onDuplicate?: DuplicateMode;
  /** What makes two calls of this tool equal. Default `'arguments'`; `'name'`: any call; a function: equal strings. */
  readonly duplicateKey?: 'arguments' | 'name' | OfArguments<Args, string>;
  /** For so long after a successful end an equal call gets the earlier result. Default: none. */
  readonly duplicateWindowMs?: number;
  /** May the model, or `replace`, cancel it? Default false. The application always may. */
  readonly allowCancellation?: boolean;
  /** Goes to the background when it has neither settled nor updated by then. Default: never. */
  readonly autoBackgroundMs?: number;
  /** Most time for the body, from its start. Default: none. */
  readonly timeoutMs?: number;
  /** Most time for the body without an update. Default: none. */
  readonly noProgressTimeoutMs?: number;
  /** How many calls run at once; one more waits (`queue`, the default) or is refused (`reject`). Default: no limit. */
  readonly maxConcurrency?: { readonly limit: number; readonly whenFull?: 'queue' | 'reject' };
  /** Asks the user before the body starts (S6.6). Default false. */
  readonly needsApproval?: boolean | OfArguments<Args, boolean | PromiseLike<boolean>>;
  /** It calls `ctx.ask`: the model is offered `answer_task` from the start. Default false. */
  readonly asks?: boolean;
  /** When what it tells from the background is told (S3.1). Default `'when_idle'`. The words are Gemini Live's. */
  readonly deliver?: DeliveryMode;
  /** After so long what it tells goes between two speeches of the agent. Default: it waits for quiet. */
  readonly maxHoldMs?: number;
  /** After so long what it tells stays in the context and is not told. Default: never. */
  readonly expiresMs?: number;
  /** Only the latest call with this key is told (S3.6); tools may share one. Default: none. */
  readonly supersedeKey?: string | OfArguments<Args, string>;
  /** What becomes of it when the user cuts its turn while it blocks (S5.6). Default `'background'`. */
  readonly onInterrupt?: 'background' | 'abort';
  /** What becomes of it when its agent hands over (S8.3). Default `'move'`: it goes on for the session. */
  readonly onHandoff?: 'move' | 'cancel' | 'wait';
  /**
   * Does no harm when it runs twice with the same arguments (by `ctx.idempotencyKey`, say): a session that is restored
   * after a crash runs its body again. Default false: it ends as failed, and the user is told. As MCP's `idempotentHint`.
   */
  readonly idempotent?: boolean;
  /**
   * What becomes of it when the session ends, as when the caller hangs up: `cancel` it, or let it `finish` and hand its result
   * to `onUndelivered`, or to the user's next session. Default: the session's, which is `'cancel'`.
   */
  readonly whenSessionEnds?: 'cancel' | 'finish';
  /** May the reply that tells it call tools? Default: one with the result may, one with progress only may not (S3.7). */
  readonly deliveryToolChoice?: 'auto' | 'none';
}

/** What an AsyncToolset may set for its tools. A tool's own option wins. */
export type ToolDefaults = Omit<ToolPolicy, 'supersedeKey' | 'asks'>;

/** What is in force, all defaults filled in. `onDuplicate` and `whenSessionEnds` stay undefined where nobody set them. */
export interface EffectivePolicy<Args = unknown> {
  readonly onDuplicate: DuplicateMode | undefined;
  readonly duplicateKey: 'arguments' | 'name' | OfArguments<Args, string>;
  readonly duplicateWindowMs: number | undefined;
  readonly allowCancellation: boolean;
  readonly autoBackgroundMs: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly noProgressTimeoutMs: number | undefined;
  readonly maxConcurrency: { readonly limit: number; readonly whenFull: 'queue' | 'reject' } | undefined;
  readonly needsApproval: boolean | OfArguments<Args, boolean | PromiseLike<boolean>>;
  readonly asks: boolean;
  readonly deliver: DeliveryMode;
  readonly maxHoldMs: number | undefined;
  readonly expiresMs: number | undefined;
  readonly supersedeKey: string | OfArguments<Args, string> | undefined;
  readonly onInterrupt: 'background' | 'abort';
  readonly onHandoff: 'move' | 'cancel' | 'wait';
  readonly idempotent: boolean;
  readonly whenSessionEnds: 'cancel' | 'finish' | undefined;
  readonly deliveryToolChoice: 'auto' | 'none' | undefined;
}

const maxConcurrency: Check = (what, name, value, code = 'invalid_definition') => {
  const { limit: most, whenFull = 'queue', ...rest } = Object(value) as Record<string, unknown>;
  const isCount = typeof most === 'number' && (Number.isInteger(most) || most === Infinity) && most >= 1;
  const fits = isCount && (whenFull === 'queue' || whenFull === 'reject') && Object.keys(rest).length === 0;
  if (fits) return;
  const got = typeof value === 'object' ? JSON.stringify(value) : show(value);
  throw invalid(
    what,
    `expected ${name} to be { limit, whenFull?: 'queue' | 'reject' } with a whole limit of 1 or more, got ${got}.`,
    { code },
  );
};

const checks: Readonly<Record<keyof ToolPolicy, Check>> = {
  onDuplicate: oneOf('join', 'allow', 'reject', 'replace', 'confirm'),
  duplicateKey: typed(
    `'arguments', 'name' or a function`,
    (value) => value === 'arguments' || value === 'name' || typeof value === 'function',
  ),
  duplicateWindowMs: duration,
  allowCancellation: flag,
  autoBackgroundMs: duration,
  timeoutMs: limit,
  noProgressTimeoutMs: limit,
  maxConcurrency,
  needsApproval: typed('true, false or a function', (it) => typeof it === 'boolean' || typeof it === 'function'),
  asks: flag,
  deliver: oneOf('when_idle', 'interrupt', 'silent'),
  maxHoldMs: duration,
  expiresMs: duration,
  supersedeKey: typed('a string or a function', (it) => typeof it === 'string' || typeof it === 'function'),
  onInterrupt: oneOf('background', 'abort'),
  onHandoff: oneOf('move', 'cancel', 'wait'),
  idempotent: flag,
  whenSessionEnds: oneOf('cancel', 'finish'),
  deliveryToolChoice: oneOf('auto', 'none'),
};

export const policyNames: readonly string[] = Object.keys(checks);
export const defaultableNames: readonly string[] = policyNames.filter((it) => it !== 'supersedeKey' && it !== 'asks');

/** Refuses values that a policy cannot have. Names are the caller's to check. */
export function checkPolicy(what: string, policy: object, code?: DeclarationCode): void {
  checkEach(what, policy as Readonly<Record<string, unknown>>, checks, code);
}

/** The policy options among others, without those that are undefined. */
export function pickPolicy<Args>(options: ToolPolicy<Args>): ToolPolicy<Args> {
  const given = options as Readonly<Record<string, unknown>>;
  const set = policyNames.filter((name) => given[name] !== undefined);
  return Object.fromEntries(set.map((name) => [name, given[name]]));
}

/** Resolved option by option from the first layer that has it: the tool's own, then its toolsets', innermost first. */
export function effectivePolicy<Args>(layers: readonly ToolPolicy<Args>[]): EffectivePolicy<Args> {
  const set = layers.reduceRight<ToolPolicy<Args>>((outer, layer) => ({ ...outer, ...pickPolicy(layer) }), {});
  return {
    onDuplicate: set.onDuplicate,
    duplicateKey: set.duplicateKey ?? 'arguments',
    duplicateWindowMs: finite(set.duplicateWindowMs),
    allowCancellation: set.allowCancellation ?? false,
    autoBackgroundMs: finite(set.autoBackgroundMs),
    timeoutMs: finite(set.timeoutMs),
    noProgressTimeoutMs: finite(set.noProgressTimeoutMs),
    maxConcurrency: concurrency(set.maxConcurrency),
    needsApproval: set.needsApproval ?? false,
    asks: set.asks ?? false,
    deliver: set.deliver ?? 'when_idle',
    maxHoldMs: finite(set.maxHoldMs),
    expiresMs: finite(set.expiresMs),
    supersedeKey: set.supersedeKey,
    onInterrupt: set.onInterrupt ?? 'background',
    onHandoff: set.onHandoff ?? 'move',
    idempotent: set.idempotent ?? false,
    whenSessionEnds: set.whenSessionEnds,
    deliveryToolChoice: set.deliveryToolChoice,
  };
}

/** `Infinity` is how a tool says "none" against its toolset's default; a record could not hold it. */
function finite(durationMs: number | undefined): number | undefined {
  return durationMs === Infinity ? undefined : durationMs;
}

function concurrency(given: ToolPolicy['maxConcurrency']): EffectivePolicy['maxConcurrency'] {
  if (given === undefined || given.limit === Infinity) return undefined;
  return { limit: given.limit, whenFull: given.whenFull ?? 'queue' };
}
