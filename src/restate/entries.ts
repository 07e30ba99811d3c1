/** What a durable tool's two halves say to each other, as JSON. A worker and a session of different versions may meet. */
import type { Answer, Json, JsonObject, TaskAbortedError, UpdateOptions } from '../index.ts';

/** Begins the body. Args are as the model gave them: the worker checks them as the session did. */
export interface RunRequest {
  readonly args: JsonObject;
  readonly toolCallId: string;
  readonly userData?: Json;
}

/** What a body tells, numbered from 1 in the order in which it was told. The last one is `ended`. */
export type Entry =
  | { readonly type: 'update'; readonly message: Json; readonly options?: EntryOptions }
  | { readonly type: 'ask'; readonly message: string; readonly schema?: JsonObject; readonly timeoutMs?: number }
  | { readonly type: 'protect' }
  | { readonly type: 'ended'; readonly outcome: Outcome };

/** `said`: what a template made of the message; it may have been a function. */
export type EntryOptions = Omit<UpdateOptions, 'template' | 'key'> & { readonly said?: string };

/** How a body came to its end, told apart as S1.4 does. */
export type Outcome =
  | { readonly type: 'value'; readonly text: string }
  | { readonly type: 'nothing' }
  | { readonly type: 'refused'; readonly message: string }
  | { readonly type: 'failed'; readonly error: PlainError };

export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** Of a TaskAbortedError. */
  readonly why?: TaskAbortedError['why'];
}

/** Undefined (JSON's null) where there is none yet: ask again. */
export type NextReply = { readonly entry: Entry; readonly answered?: true } | null;

export interface AnswerRequest extends Answer<Json> {
  /** The number of the entry that asks. */
  readonly n: number;
}

export interface AbortRequest {
  readonly why: TaskAbortedError['why'];
}

/** The name of a tool's workflow where it was given none. */
export function serviceName(toolName: string): string {
  return `meanwhile_${toolName}`;
}

/** The durable promises of a workflow. */
export const names = {
  abort: 'abort',
  entry: (n: number): string => `entry-${String(n)}`,
  answer: (n: number): string => `answer-${String(n)}`,
} as const;
