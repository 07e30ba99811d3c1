/**
 * The records of a session: versioned JSON, past tense, absolute times, agents and tools by name.
 *
 * A session's state is the fold of its records (`fold.ts`). Not recorded: the floor, timers, streams, deltas,
 * functions. A new kind of record may be added; the meaning of an old one never changes without a new version.
 */
import type { Batch, Item, Json, JsonObject, Message, Output, TaskRecord } from './items.ts';
import type { UndeliveredResult } from './undelivered.ts';

export const RECORD_VERSION = 1;

/** What a task belongs to: the session, or one agent's activity (S8.1). */
export type Owner = 'session' | (string & {});

export type DeliveryMode = 'when_idle' | 'interrupt' | 'silent';

/** How a delivery ended (S3.4). */
export type Receipt =
  | 'completed'
  | 'skipped'
  | 'accepted'
  | 'superseded'
  | 'expired'
  | 'silent'
  | 'interrupted'
  | 'failed'
  | 'dropped';

export type TaskEndState = 'completed' | 'failed' | 'cancelled';

/** A delivery as it is opened, with absolute times. */
export interface DeliveryTerms {
  readonly mode: DeliveryMode;
  /** From then on it goes between two speeches of the agent. */
  readonly holdUntil?: number;
  /** From then on it is not told any more. */
  readonly expiresAt?: number;
}

export interface Question {
  /** The record id by which it is asked. */
  readonly id: string;
  readonly message: string;
  /** JSON Schema of the content. */
  readonly schema?: JsonObject;
  readonly expiresAt?: number;
  /** Asked before the body starts (`needsApproval`). */
  readonly approval?: true;
}

export type AnswerAction = 'accept' | 'decline' | 'cancel';

export type BackgroundReason = 'update' | 'auto' | 'interrupted' | 'queued' | 'question';

export type AnsweredReason = 'unknown' | 'invalid' | 'duplicate' | 'joined' | 'replayed' | 'refused' | 'companion';

export type SpeechOutcome = 'completed' | 'nothing_said' | 'interrupted' | 'failed';

/** How far a task says it is, with one of its messages. */
export interface ProgressState {
  readonly progress?: number;
  readonly total?: number;
  readonly data?: Json;
}

export type RecordBody =
  | { type: 'session_opened'; sessionId: string }
  | {
      type: 'agent_entered';
      activityId: string;
      agent: string;
      /** The paused activity this AgentTask runs in. */
      parent?: string;
      context: 'inherit' | 'empty';
      /** An explicit context, in front of all else. */
      items?: readonly Item[];
    }
  | { type: 'agent_exiting'; activityId: string }
  | { type: 'agent_left'; activityId: string; merge: 'none' | 'messages' | 'all' }
  | { type: 'message_added'; activityId?: string; message: Message; step?: number }
  | { type: 'batch_added'; activityId: string; batch: Batch }
  | {
      type: 'speech_opened';
      speechId: string;
      activityId: string;
      kind: 'reply' | 'say' | 'filler';
      about?: readonly string[];
    }
  /** The request of a step held the context's items `from` (inclusive) to `to` (exclusive). */
  | { type: 'request_made'; speechId: string; activityId: string; step: number; from: number; to: number }
  | { type: 'speech_closed'; speechId: string; outcome: SpeechOutcome }
  | { type: 'call_answered'; callId: string; toolName: string; reason: AnsweredReason; taskId?: string }
  | {
      type: 'task_started';
      callId: string;
      toolName: string;
      input: JsonObject;
      owner: Owner;
      activityId: string;
      speechId: string;
      step: number;
      /** Equal keys are duplicates (S4.1). Without one its arguments are still being validated (S5.6). */
      key?: string;
      supersedeKey?: string;
    }
  /** The arguments of a task that had started before were found to fit. */
  | { type: 'task_validated'; callId: string; input: JsonObject; key: string; supersedeKey?: string }
  /** `message`: the tool's own words, where it gave some; `output` is what a model is told. */
  | {
      type: 'task_backgrounded';
      callId: string;
      reason: BackgroundReason;
      output: Output;
      message?: string;
      /** Its call wants no reply. */
      quiet?: true;
      progress?: ProgressState;
      /** Of an update that is told once, however often its body runs. */
      key?: string;
    }
  | {
      type: 'task_updated';
      callId: string;
      record: TaskRecord;
      delivery: DeliveryTerms;
      message: string;
      progress?: ProgressState;
      key?: string;
    }
  /** `ctx.step` was done; a body that runs again gets its value. */
  | { type: 'task_stepped'; callId: string; name: string; value: Json }
  | { type: 'task_asked'; callId: string; record?: TaskRecord; question: Question; delivery?: DeliveryTerms }
  | {
      type: 'task_answered';
      callId: string;
      questionId: string;
      action: AnswerAction;
      content?: Json;
      /** Of a question that is asked once, however often its body runs. */
      key?: string;
    }
  | {
      type: 'task_ended';
      callId: string;
      state: TaskEndState;
      output: Output;
      /** Its last record, when it was in the background. */
      record?: TaskRecord;
      delivery?: DeliveryTerms;
      /** Kept for `duplicateWindowMs`. */
      replayable?: true;
      /** Its call, which still blocked, has nothing to say and wants no reply. */
      quiet?: true;
    }
  /** Something to tell of a task that has ended. */
  | { type: 'record_added'; record: TaskRecord; delivery: DeliveryTerms }
  | { type: 'task_moved'; callId: string; owner: Owner }
  /** A step's output that still wants its reply when the turn ended (S5.6). */
  | { type: 'delivery_opened'; callId: string; record: TaskRecord; delivery: DeliveryTerms }
  | {
      type: 'delivery_taken';
      ids: readonly string[];
      covered: readonly string[];
      speechId: string;
      activityId?: string;
    }
  | { type: 'delivery_returned'; id: string; attempts: number; notBefore?: number; heard?: string; toolsCalled?: true }
  | { type: 'delivery_ended'; id: string; receipt: Receipt; reason?: string }
  /** Its process died or let it go; another has it from here on. The record before is the last of the one before. */
  | { type: 'session_restored' }
  /** Collected from the user's outbox: the result of an earlier session, as a record of this one. */
  | { type: 'result_received'; result: UndeliveredResult; record: TaskRecord; delivery: DeliveryTerms }
  /** The conversation is over, and some of its tasks go on: nothing but what they do is recorded from now on. */
  | { type: 'session_ended'; reason: string }
  | { type: 'session_closed'; reason: string };

/** A record as the log keeps it: `seq` counts from 1 without gaps, `at` is the session's clock in ms. */
export type SessionRecord = RecordBody & {
  readonly v: typeof RECORD_VERSION;
  readonly seq: number;
  readonly at: number;
};

/** What may be recorded when the conversation is over. */
const afterEnd: ReadonlySet<RecordBody['type']> = new Set([
  'session_restored',
  'task_backgrounded',
  'task_updated',
  'task_stepped',
  'task_answered',
  'task_ended',
  'delivery_ended',
  'session_closed',
] as const);

export function isRecordedIn(status: 'new' | 'open' | 'finishing' | 'closed', type: RecordBody['type']): boolean {
  return status === 'finishing' ? afterEnd.has(type) : status !== 'closed';
}
