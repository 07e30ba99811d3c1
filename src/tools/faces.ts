/**
 * The faces a tool body sees. `engine` and `session` implement them; `tools` knows nothing of either.
 */
import type { JsonObject } from '../chat/items.ts';
import type { AnswerAction, DeliveryMode } from '../chat/records.ts';
import type { StandardSchemaLike } from './schema.ts';

/** Augment to type `ctx.session` and `ctx.userData`: `declare module 'meanwhile' { interface Register { userData: MyData } }`. */
// oxlint-disable-next-line no-empty-object-type -- an empty interface is what an application augments
export interface Register {}

export type RegisteredUserData = Register extends { userData: infer U } ? U : unknown;
export type RegisteredSession<UserData> = Register extends { session: infer S } ? S : ToolSession<UserData>;

/** An agent as a tool may hand over to it. */
export interface AgentRef {
  readonly kind: 'agent';
  readonly name: string;
}

/** A speech as a tool may wait for it. */
export interface SpeechRef {
  readonly id: string;
  readonly interrupted: boolean;
  readonly allowInterruptions: boolean;
  /** Resolves when its playback has ended or was cut. */
  waitForPlayout(): Promise<void>;
  interrupt(): void;
}

export interface SayOptions {
  /** May the user cut it? Default true. */
  readonly allowInterruptions?: boolean;
  /** Does it enter the context? Default true. */
  readonly addToChatCtx?: boolean;
}

export interface ReplyOptions {
  readonly instructions?: string;
  readonly userInput?: string;
  readonly toolChoice?: 'auto' | 'none' | 'required';
  readonly allowInterruptions?: boolean;
}

/** The session as a tool sees it. */
export interface ToolSession<UserData = unknown> {
  readonly userData: UserData;
  say(text: string | AsyncIterable<string>, options?: SayOptions): SpeechRef;
  generateReply(options?: ReplyOptions): SpeechRef;
  interrupt(): Promise<void>;
  updateAgent(agent: AgentRef): Promise<void>;
  waitForIdle(): Promise<void>;
  readonly tasks: TaskDirectory;
}

/** One running task, as listed. Times in ms. */
export interface TaskInfo {
  readonly callId: string;
  readonly toolName: string;
  readonly state: 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';
  readonly phase: 'blocking' | 'background' | 'stopping';
  readonly input: JsonObject;
  readonly startedAt: number;
  readonly ageMs: number;
  /** The newest message, as the tool gave it. */
  readonly message?: string;
  readonly progress?: number;
  readonly total?: number;
  readonly data?: unknown;
  readonly cancellable: boolean;
  /** What it asks, while `input_required`. */
  readonly question?: { readonly id: string; readonly message: string; readonly schema?: JsonObject };
}

export interface TaskDirectory {
  list(): TaskInfo[];
  get(callId: string): TaskInfo | undefined;
  /** Cancels, whatever the tool allows; resolves when the body has stopped, at most after `stopTimeoutMs`. False: no such running task. */
  cancel(callId: string): Promise<boolean>;
  /** Answers an open question. Rejects with a ToolError whose message has the reasons when the content does not fit. */
  answer(callId: string, action: AnswerAction, content?: unknown): Promise<void>;
}

/** Progress: `message` is told; without it the update is for observers only. The words are MCP's. */
export interface Progress {
  readonly message?: string;
  readonly progress?: number;
  readonly total?: number;
  readonly data?: unknown;
}

export interface UpdateTemplateArgs {
  readonly functionName: string;
  readonly callId: string;
  readonly message: string;
}

export type Template<Args> = string | ((args: Args) => string);

export interface UpdateOptions {
  /** Replaces the `update` prompt for this message. */
  readonly template?: Template<UpdateTemplateArgs>;
  /** Default: the tool's `deliver`, else `when_idle`. */
  readonly deliver?: DeliveryMode;
  /** After so many ms it goes between two speeches of the agent instead of waiting for quiet. */
  readonly maxHoldMs?: number;
  /** After so many ms it stays in the context and is not told. */
  readonly expiresMs?: number;
  /** Told once per call: one with a key that was used before, also before a crash, is passed over. */
  readonly key?: string;
}

export interface StepOptions {
  readonly abortSignal: AbortSignal;
}

export interface AskOptions<Content> {
  readonly message: string;
  /** A Standard Schema or a JSON Schema of an object. */
  readonly schema?: StandardSchemaLike<Content> | JsonObject;
  /** `ask` resolves with `{ action: 'cancel' }` after so many ms. */
  readonly timeoutMs?: number;
  /** Asked once per call: with a key that was answered before, also before a crash, it resolves with that answer. */
  readonly key?: string;
}

export interface Answer<Content> {
  readonly action: AnswerAction;
  /** Only with `accept`. */
  readonly content?: Content;
}

export type FillerSource = string | ((step: number) => string | null | undefined | Promise<string | null | undefined>);

export interface FillerOptions {
  /** Silence before it speaks. Default 0. */
  readonly delayMs?: number;
  /** Silence before it speaks again; without it, once. */
  readonly intervalMs?: number;
  readonly maxSteps?: number;
}

/** What a tool body is given as `ctx`. */
export interface RunContext<UserData = RegisteredUserData> {
  readonly toolCallId: string;
  readonly functionCall: { readonly callId: string; readonly name: string; readonly args: JsonObject };
  readonly abortSignal: AbortSignal;
  readonly userData: UserData;
  readonly session: RegisteredSession<UserData>;
  readonly speechHandle: SpeechRef;
  /** The messages given to `update` so far, as they were given. */
  readonly updates: readonly unknown[];
  /**
   * Names this call wherever its body runs and however often: give it to what must do a thing once. Unique among all
   * sessions where they have a `sessionId` of their own.
   */
  readonly idempotencyKey: string;
  /** This body ran before, in a process that died: the session was restored. */
  readonly resumed: boolean;
  /**
   * Tells progress; the first one sends the call to the background (S1.1, S2.1). Resolves when it is recorded, not when
   * it is spoken. Rejects with TaskEndedError after the end, with MeanwhileError `invalid_value` for what JSON cannot say.
   */
  update(message: unknown, options?: UpdateOptions): Promise<void>;
  /**
   * Does something once. With a store, what `fn` gave is kept before this resolves, so that a body that runs again after
   * a crash gets it without `fn` being called; cut off in the middle, `fn` is called again. `name` is the step's own within
   * the call; one that failed may be tried again under it. What it gives must be JSON, and comes back as JSON has it. Rejects as `fn` does, with TaskEndedError when the
   * task has ended, with MeanwhileError `invalid_value` for what is no JSON. The idea is Restate's `ctx.run`.
   */
  step<T>(name: string, fn: (options: StepOptions) => T | Promise<T>): Promise<T>;
  /** Asks the user and waits for the answer (S6.6). */
  ask<Content = JsonObject>(options: AskOptions<Content>): Promise<Answer<Content>>;
  /** Waits for quiet, holds the floor while `fn` runs (S6.4). */
  foreground<T>(fn: () => T | Promise<T>): Promise<T>;
  /** Says something while `fn` runs in silence (S6.5). */
  filler<T>(source: FillerSource, options: FillerOptions, fn: () => T | Promise<T>): Promise<T>;
  filler<T>(source: FillerSource, fn: () => T | Promise<T>): Promise<T>;
  /** From now on neither the model nor `replace` may cancel this task, nor the user cut its speech. */
  disallowInterruptions(): void;
  /** Waits until what this step says has been heard or cut. */
  waitForPlayout(): Promise<void>;
}
