/**
 * The seam between the engine and whoever hosts the talk: `Conversation` is the host's half, `Tasks` the engine's.
 *
 * What crosses is the engine's own record (which call, which update, what output); each host encodes it its own way.
 * The floor is handed over by a synchronous callback, so "taking the records, choosing the prompt and starting the
 * reply happen without yielding" (S3.3) is a property of the seam and not a discipline.
 */
import type { ModelRef, Output, ProviderMetadata, JsonObject, TaskRecord } from '../chat/items.ts';
import type { AnswerAction, DeliveryMode, DeliveryTerms, Owner, RecordBody, SessionRecord } from '../chat/records.ts';
import type { SessionState } from '../chat/state.ts';
import type { Clock } from '../clock.ts';
import type { AgentRef, Answer, AskOptions, Progress, RunContext, SpeechRef } from '../tools/faces.ts';
import type { Prompts } from '../tools/prompts.ts';
import type { Outbox } from './outbox.ts';
import type { Task } from './task.ts';

/** What a host can do, as data. Shared code never asks a host's name. */
export interface Capabilities {
  /** Who decides when to speak. A model that decides itself is handed records and answers `accepted`. */
  readonly turns: 'runtime' | 'model';
  /** Can the agent's own speech be cut? */
  readonly interrupt: boolean;
  /** Can a record enter without a reply? */
  readonly silentAppend: boolean;
  readonly toolChoice: boolean;
  /** How well the host knows what was heard. */
  readonly heard: 'exact' | 'estimate' | 'unknown';
}

/** How free the floor must be. */
export type ClaimLevel =
  /** Everybody has been silent for `quietMs` and no call is blocking. */
  | 'quiet'
  /** Nobody speaks, though a call may block; also between two speeches of the agent. */
  | 'gap'
  /** At once; the host may cut the agent's own speech. */
  | 'now';

/** The engine wants the floor, to tell what is due. */
export interface ClaimRequest {
  readonly owner: Owner;
  readonly level: ClaimLevel;
  /** The `seq` of the oldest thing that waits: claims are served in this order (S6.9). */
  readonly order: number;
  /** Clock time in ms before which it is not served, though it keeps its place: the window in which others may join. */
  readonly notBefore: number;
  /** The task whose open question it is for: a lease of its own does not stop it (S6.4). */
  readonly asker: string | undefined;
  /** The records it is for: a speech whose request held all of them is not cut for it. */
  readonly about: () => readonly string[];
}

/** A request for the floor that waits. */
export interface Claim {
  cancel(): void;
}

/** The floor, while `take` runs: tell something, or release it. */
export interface Floor {
  /** The speech that `speak` will start. */
  readonly speechId: string;
  /** The activity that will speak, where the host has such. */
  readonly activityId?: string;
  /** May what belongs to `owner` be told here, now, at this level? True for the claim's own. `asker`: as in the claim. */
  serves(owner: Owner, level: ClaimLevel, asker: string | undefined): boolean;
  speak(reply: DeliveryReply): Promise<Outcome>;
  release(): void;
}

/** The reply that tells what is due. */
export interface DeliveryReply {
  readonly instructions: string;
  readonly toolChoice: 'auto' | 'none';
  /** Ids of the records it tells. */
  readonly about: readonly string[];
}

/** How a telling ended: of what was `heard`, and whether it called tools (a repeat of it then must not, S3.7). */
export type Outcome =
  /** Everything that was said has been heard. */
  | { readonly type: 'completed'; readonly heard: string; readonly toolsCalled?: boolean }
  | { readonly type: 'nothing_said'; readonly toolsCalled?: boolean }
  | { readonly type: 'interrupted'; readonly heard: string; readonly toolsCalled?: boolean }
  /** Handed to a model that decides itself when to speak. */
  | { readonly type: 'accepted' }
  | { readonly type: 'failed'; readonly error: unknown; readonly toolsCalled?: boolean };

/** A switch of agents that a tool asked for. */
export interface HandoffIntent {
  readonly agent: AgentRef;
  readonly callId: string;
  readonly toolName: string;
  /** Where the call was made. */
  readonly activityId: string;
}

/** The host's half. */
export interface Conversation {
  readonly capabilities: Capabilities;
  /** Shows records to the host's model. After a rejection they come again with the next ones, or before the next reply (S2.5). */
  append(owner: Owner, records: readonly TaskRecord[]): void | Promise<void>;
  /** Has a request that contained the record led to speech of which something was heard? (S3.5) */
  covered(id: string): boolean;
  /**
   * Asks for the floor. `take` is called once, when it is free for the claim's owner and level, also before `claim` has
   * returned; it speaks or releases before it returns.
   */
  claim(request: ClaimRequest, take: (floor: Floor) => void): Claim;
  /** A background task asks for another agent; stands right behind the delivery of what it returned. */
  handoff(intent: HandoffIntent): void;
  /** Why a call made there may not switch agents any more; undefined if it may. */
  handoffRefusal(intent: Pick<HandoffIntent, 'activityId' | 'agent'>): string | undefined;
}

/** One call of the model, as it arrives. */
export interface IncomingCall {
  /** The provider's id. */
  readonly wireId: string;
  readonly toolName: string;
  readonly argumentsText: string;
  readonly providerMetadata?: ProviderMetadata;
}

/** The step of a turn that a call belongs to. */
export interface TurnRef {
  readonly speechId: string;
  readonly step: number;
  readonly activityId: string;
  readonly tools: ReadonlyMap<string, EngineTool>;
  /** False: the request said `none`; a call made in spite of it is not run (S1.2). */
  readonly toolsAllowed: boolean;
  readonly speech: SpeechRef;
  readonly model?: ModelRef;
  /** The model was cut by its length limit: broken arguments are not repaired (S1.3). */
  readonly cutOff?: () => boolean;
}

/** A call's output for the model, when it has settled or gone to the background. */
export interface FirstOutput {
  readonly output: Output;
  readonly wantsReply: boolean;
  /** Set while it runs on in the background. */
  readonly background: boolean;
  /** How it is told if its turn does not tell it (S5.6). A call that never became a task has none. */
  readonly terms?: DeliveryTerms;
  readonly handoff?: HandoffIntent;
}

/** A call that was taken on. */
export interface StartedCall {
  readonly callId: string;
  readonly wireId: string;
  readonly toolName: string;
  readonly input: JsonObject;
  readonly providerMetadata?: ProviderMetadata;
  /** Undefined while the call blocks. */
  readonly settled: FirstOutput | undefined;
  /** Never rejects. */
  readonly first: Promise<FirstOutput>;
}

/** The arguments of a call: as the model gave them, without the confirm flag, and after validation. */
export interface CallArguments {
  readonly given: JsonObject;
  readonly input: JsonObject;
  readonly value: unknown;
  readonly confirmed: boolean;
}

export type Parsed =
  | ({ readonly ok: true } & CallArguments)
  | { readonly ok: false; readonly reasons: string; readonly error?: unknown };

/** What a body is run with. */
export interface RunOptions {
  readonly ctx: RunContext<unknown>;
  readonly toolCallId: string;
  readonly abortSignal: AbortSignal;
}

/** How a tool behaves, with all defaults filled in. Durations in ms. */
export interface ToolPolicy {
  readonly onDuplicate: 'join' | 'allow' | 'reject' | 'replace' | 'confirm' | undefined;
  readonly duplicateWindowMs: number | undefined;
  readonly allowCancellation: boolean;
  readonly autoBackgroundMs: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly noProgressTimeoutMs: number | undefined;
  readonly maxConcurrency: { readonly limit: number; readonly whenFull: 'queue' | 'reject' } | undefined;
  readonly deliver: DeliveryMode;
  readonly maxHoldMs: number | undefined;
  readonly expiresMs: number | undefined;
  readonly onInterrupt: 'background' | 'abort';
  readonly onHandoff: 'move' | 'cancel' | 'wait';
  readonly idempotent: boolean;
  /** Undefined: as the session says. */
  readonly whenSessionEnds: 'cancel' | 'finish' | undefined;
  readonly deliveryToolChoice: 'auto' | 'none' | undefined;
}

/** A tool as the engine runs it: `tools/` definitions resolved for one place. */
export interface EngineTool {
  readonly name: string;
  /** Where it was given: its tasks belong there (S8.1). */
  readonly owner: Owner;
  readonly policy: ToolPolicy;
  /** A list of its AsyncToolsets' prompts, innermost first. */
  readonly prompts: readonly Partial<Prompts>[];
  /** The AsyncToolset whose reply prompts hold when all records of a reply are its own. */
  readonly toolset?: object;
  /** All toolsets it came through, innermost first. */
  readonly toolsets?: readonly object[];
  /** Its body may run again in a session that was restored. */
  readonly runsAgain?: true;
  /** An ordinary call that is no task (S5.4). */
  readonly companion?: true;
  parse(text: string, cutOff: boolean): Parsed | Promise<Parsed>;
  keyOf(args: CallArguments): string;
  supersedeKeyOf(args: CallArguments): string | undefined;
  needsApproval(value: unknown): boolean | PromiseLike<boolean>;
  /** Runs the body with the validated arguments. */
  run(value: unknown, options: RunOptions): unknown;
}

export type CancelRequester = 'model' | 'application';

export type Cancellation =
  | { readonly type: 'not_found' | 'finished' }
  /** `whenStopped`: its body has stopped, at most `stopTimeoutMs` later. */
  | { readonly type: 'cancelled'; readonly whenStopped: Promise<void> };

/** The engine's half. */
export interface Tasks {
  start(call: IncomingCall, turn: TurnRef): StartedCall;
  /** The user cut the turn (S5.6): its tool phase ends at once; what has not settled goes to the background or is cancelled. */
  turnInterrupted(speechId: string): void;
  /** Its tool phase ends for another reason (S1.8, S8.2): what has not settled goes to the background. */
  turnToBackground(speechId: string): void;
  /** The turn is over and nobody told these outputs: they are deliveries from now on (S5.6). */
  turnEnded(speechId: string, untold: readonly string[]): void;
  /** Calls of the speech that block and do not themselves wait (S6.8). */
  blocking(speechId: string): number;
  /** At once (S5.3). Throws a ToolError where the model may not (S5.2). */
  cancel(callId: string, by: CancelRequester): Cancellation;
  /** Rejects with a ToolError where nothing is asked or the content does not fit; with the signal's reason, unanswered. */
  answer(callId: string, action: AnswerAction, content: unknown, signal?: AbortSignal): Promise<void>;
  /** What becomes of an activity's tasks at its end (S8.3). Resolves when they have moved or ended. */
  ownerEnded(owner: Owner, boundMs: number): Promise<void>;
  /** Resolves when the bodies have stopped that do not themselves wait for the end. */
  close(reason: string): Promise<void>;
  /** The end: nobody waits any more for bodies that have not stopped. */
  giveUp(): void;
}

/** A running body, for those who must know whose code runs. */
export interface BodyRef {
  readonly callId: string;
  readonly toolName: string;
  readonly activityId: string;
  readonly speechId: string;
  /** The step of its turn in which it was called. */
  readonly step: number;
  readonly input: JsonObject;
  readonly abortSignal: AbortSignal;
  /** Its task has ended, whichever way. */
  readonly whenEnded: Promise<void>;
  /** It waits and so does not count as blocking; call the result when it no longer does (S6.8). */
  waits(): () => void;
  /** It waits for the session's end, which does not wait for it (S6.8). */
  letGo(): void;
  /** Is it still in the blocking part of its call? */
  isBlocking(): boolean;
  owner(): Owner;
}

/** What a body may do with the talk, beyond telling. */
export interface BodyHost {
  readonly session: unknown;
  readonly userData: unknown;
  /** Runs the body; tracing and identity wrap it here. */
  around<T>(body: BodyRef, fn: () => T): T;
  /** Something is waited for with the body's `ctx`, by itself or by whom it runs (S6.8); call the result when it goes on. */
  waits(body: BodyRef): () => void;
  /** Waits for quiet, holds the floor while `fn` runs (S6.4). */
  foreground<T>(body: BodyRef, fn: () => T | Promise<T>): Promise<T>;
  /** Silence as events: since when, or undefined while somebody speaks. `body`'s own call does not count. */
  watchSilence(body: BodyRef, listener: (since: number | undefined) => void): () => void;
  /** Its speech may not be cut from now on, nor the task be cancelled (S5.2). */
  disallowInterruptions(body: BodyRef): void;
  /** Resolves when what this step says has been heard or cut. */
  waitForPlayout(body: BodyRef): Promise<void>;
  /** Says a filler if nobody holds the floor; resolves when it was said, false if it was not. */
  sayFiller(body: BodyRef, text: string): Promise<boolean>;
}

/** What the engine reports beside its records. */
export type EngineReport =
  | { readonly type: 'tool_failed'; readonly callId: string; readonly toolName: string; readonly error: unknown }
  /** A call that could not be taken as it came: an unknown tool, in spite of `none`, an id used before. */
  | { readonly type: 'call_odd'; readonly callId: string; readonly toolName: string; readonly fact: string }
  | { readonly type: 'tool_stuck'; readonly callId: string; readonly toolName: string; readonly stopTimeoutMs: number }
  | { readonly type: 'progress'; readonly callId: string; readonly toolName: string; readonly progress: Progress }
  | { readonly type: 'filler_failed'; readonly callId: string; readonly error: unknown }
  /** Its tools are not offered, or it was not closed as it should have been. */
  | { readonly type: 'toolset_failed'; readonly fact: string; readonly error: unknown }
  /** A listener to records threw. */
  | { readonly type: 'observer_failed'; readonly error: unknown }
  | { readonly type: 'append_failed'; readonly error: unknown }
  | { readonly type: 'prompt_failed'; readonly name: string; readonly error: unknown }
  | { readonly type: 'delivery_failed'; readonly ids: readonly string[]; readonly error: unknown };

/** When what is due is told, and how often it is tried. Durations in ms. */
export interface EngineOptions {
  readonly coalesceMs: number;
  readonly maxAttempts: number;
  readonly retryDelayMs: number;
  readonly stopTimeoutMs: number;
}

/** Who keeps the questions of running tasks. */
export interface Asking {
  ask(task: Task, options: AskOptions<unknown>, approval?: boolean): Promise<Answer<unknown>>;
}

/** Everything the engine is given from outside. */
export interface EngineDeps {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly conversation: Conversation;
  readonly body: BodyHost;
  readonly questions: Asking;
  readonly outbox: Outbox;
  readonly options: EngineOptions;
  /** Prompts of an activity's agent and of the session, most specific first. */
  readonly prompts: (activityId: string) => readonly (Partial<Prompts> | undefined)[];
  readonly report: (report: EngineReport) => void;
  /** Something changed that quiet depends on. */
  readonly changed: () => void;
}

/** Where the engine's records go and what they add up to. */
export interface Journal {
  readonly state: SessionState;
  commit(body: RecordBody): SessionRecord | undefined;
  /** Resolves when what was recorded so far is kept by a store; undefined where nothing is waited for. */
  whenKept?(): Promise<void> | undefined;
}
