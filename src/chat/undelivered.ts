/**
 * A result that its session could not tell any more, because the user had hung up: what an `onUndelivered` handler is given,
 * and what waits in the user's outbox for his next session.
 */
import type { JsonObject, Output } from './items.ts';
import type { TaskEndState } from './records.ts';

export interface UndeliveredResult {
  /** The same over crashes and attempts: what to tell duplicates by. */
  readonly deliveryId: string;
  /** The session in which it was asked for. */
  readonly sessionId: string;
  readonly toolCallId: string;
  readonly toolName: string;
  readonly args: JsonObject;
  readonly output: Output;
  readonly state: TaskEndState;
  /** Epoch ms, of the session's clock. */
  readonly endedAt: number;
  /** From then on it is not told any more. */
  readonly expiresAt?: number;
  /** How often a session has tried to tell it. */
  readonly attempts: number;
  /** It was cut while it was told: what was heard, as far as that is known. */
  readonly heard?: string;
}

/** One that a session has collected. */
export interface CollectedResult {
  readonly result: UndeliveredResult;
  /** A session that died had it before: it may have told it. */
  readonly again: boolean;
}
