/**
 * The state of a session: what folding its records gives, and nothing else.
 *
 * It is plain data (Maps included), so two states can be compared deeply: after every record of every test the fold of
 * the serialised log equals the live state. Only `fold.ts` writes to it.
 */
import type { Item, Json, JsonObject, Output, TaskRecord } from './items.ts';
import type { AnswerAction, DeliveryMode, Owner, Question, TaskEndState } from './records.ts';
import { emptyMap, emptySet } from './tables.ts';
import type { UndeliveredResult } from './undelivered.ts';

/** One agent's selection of the history, in its own order. It only grows at its end (S2.3). */
export interface ContextState {
  readonly items: Item[];
  /** Record id → position in `items`. */
  positions: ReadonlyMap<string, number>;
  /** Requests that led to something heard held the items from `coveredFrom` up to `coveredTo` (S3.5). */
  coveredFrom: number;
  coveredTo: number;
  /** Records of calls whose batch is not in yet, by speech and step: they follow right behind it. */
  held: ReadonlyMap<string, Item[]>;
}

export interface ActivityState {
  readonly id: string;
  readonly agent: string;
  readonly parent?: string;
  readonly context: ContextState;
  /** Where what was said in it begins: items before came from elsewhere. */
  readonly startedAtItem: number;
  exiting: boolean;
}

export interface SpeechState {
  readonly id: string;
  readonly activityId: string;
  readonly kind: 'reply' | 'say' | 'filler';
  readonly about: readonly string[];
  readonly requests: Map<number, { readonly from: number; readonly to: number }>;
}

export interface TaskState {
  readonly callId: string;
  readonly toolName: string;
  input: JsonObject;
  /** Undefined while its arguments are being validated. */
  key?: string;
  supersedeKey?: string;
  readonly speechId: string;
  readonly step: number;
  /** Where it was called; `owner` is where it belongs. */
  readonly activityId: string;
  readonly startedAt: number;
  /** The order of the calls: the `seq` of its start. */
  readonly order: number;
  owner: Owner;
  phase: 'blocking' | 'background';
  /** Steps that were done, with what they gave. */
  steps?: ReadonlyMap<string, Json>;
  /** Of updates that have one. */
  updateKeys?: ReadonlySet<string>;
  /** To questions that have a key. */
  answers?: ReadonlyMap<string, { readonly action: AnswerAction; readonly content?: Json }>;
  /** Records after the first: the next is `_update_<updates + 1>`. */
  updates: number;
  newest?: TaskRecord;
  newestOrder: number;
  question?: Question;
  /** The call and its output are in the contexts. */
  batched: boolean;
  /** Its call's output, until its batch is in the contexts. */
  output?: Output | undefined;
  /** Its call wants no reply. */
  quiet?: true;
  /** Its call's output is a text of the system's: that it goes on. */
  goesOn?: true;
  /** It recorded something later that is told, or that made telling moot: its call's own output is not told any more. */
  outputIsStale: boolean;
  /** Something was heard over a request that held its call's output, in whatever context (S3.5). */
  outputIsCovered?: true;
}

export interface EndedTask {
  readonly callId: string;
  readonly toolName: string;
  readonly activityId: string;
  readonly speechId: string;
  readonly step: number;
  batched: boolean;
  readonly order: number;
  readonly state: TaskEndState;
  readonly endedAt: number;
  readonly supersedeKey?: string;
  readonly outputIsStale: boolean;
  outputIsCovered?: true;
  /** What its batch will hold, until that is in the contexts. */
  open?: { readonly input: JsonObject; readonly output: Output } | undefined;
  readonly quiet?: true;
  /** For `duplicateWindowMs`. */
  readonly replay?: Output;
}

/** A record on its way to being told. It is gone from the ledger with its receipt. */
export interface DeliveryState {
  readonly id: string;
  readonly callId: string;
  readonly record: TaskRecord;
  /** The order of recording. */
  readonly order: number;
  readonly at: number;
  readonly mode: Exclude<DeliveryMode, 'silent'>;
  readonly holdUntil?: number;
  readonly expiresAt?: number;
  owner: Owner;
  attempts: number;
  notBefore?: number;
  /** What was heard of it before it was cut. */
  heard?: string;
  toolsCalled: boolean;
  covered: boolean;
  /** The speech that is telling it now. */
  taken?: string;
  /** Why it is not told any more (S3.6). */
  stale?: Stale;
}

/** A later record, a later call or the answer took its place; or its task ended and left nothing to tell. */
export type Stale = { readonly receipt: 'superseded' } | { readonly receipt: 'dropped'; readonly reason: string };

export interface TasksState {
  running: ReadonlyMap<string, TaskState>;
  ended: ReadonlyMap<string, EndedTask>;
  deliveries: ReadonlyMap<string, DeliveryState>;
  /** Call → its deliveries in the ledger. */
  untold: ReadonlyMap<string, ReadonlySet<string>>;
  /** Deliveries that are not told any more and have no receipt yet. */
  stale: ReadonlySet<string>;
  /** Key → running calls that have it (S4.1). */
  byKey: ReadonlyMap<string, ReadonlySet<string>>;
  /** Key → the last successful call that may be replayed (S4.5). */
  replays: ReadonlyMap<string, string>;
  /** A call that joined another → that one (S4.4). */
  joined: ReadonlyMap<string, string>;
  /** Ids of calls that are no tasks: answered without one, or made in a context from elsewhere. */
  otherIds: ReadonlySet<string>;
  /** supersedeKey → the latest call that has it. */
  latest: ReadonlyMap<string, string>;
  /** Record → the result of an earlier session that it tells. */
  received: ReadonlyMap<string, UndeliveredResult>;
}

export interface SessionState {
  seq: number;
  sessionId: string;
  /** `finishing`: the conversation is over, and tasks go on. */
  status: 'new' | 'open' | 'finishing' | 'closed';
  readonly history: Item[];
  readonly activities: Map<string, ActivityState>;
  /** Activities from the outermost to the innermost. */
  stack: readonly string[];
  /** The agent that entered last, AgentTasks aside. */
  lastAgent?: string;
  speeches: ReadonlyMap<string, SpeechState>;
  /** The session's records that came while nobody was current: the next agent's (S8.8). */
  readonly between: { readonly order: number; readonly record: TaskRecord }[];
  readonly tasks: TasksState;
}

export function createContextState(): ContextState {
  return { items: [], positions: emptyMap(), coveredFrom: 0, coveredTo: 0, held: emptyMap() };
}

export function createSessionState(): SessionState {
  return {
    seq: 0,
    sessionId: '',
    status: 'new',
    history: [],
    activities: new Map(),
    stack: [],
    speeches: emptyMap(),
    between: [],
    tasks: createTasksState(),
  };
}

function createTasksState(): TasksState {
  return {
    running: emptyMap(),
    ended: emptyMap(),
    deliveries: emptyMap(),
    untold: emptyMap(),
    stale: emptySet(),
    byKey: emptyMap(),
    replays: emptyMap(),
    joined: emptyMap(),
    otherIds: emptySet(),
    latest: emptyMap(),
    received: emptyMap(),
  };
}

/** Has a call that was ever made this id? */
export function isUsedId({ running, ended, otherIds }: TasksState, callId: string): boolean {
  return running.has(callId) || ended.has(callId) || otherIds.has(callId);
}

/** The activity that may speak: the innermost, unless it is on its way out (S8.2). */
export function currentActivity(state: SessionState): ActivityState | undefined {
  const id = state.stack.at(-1);
  const activity = id === undefined ? undefined : state.activities.get(id);
  return activity === undefined || activity.exiting ? undefined : activity;
}
