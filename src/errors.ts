/** Every error of the library and its code. A message has the fact, the value and the remedy. */

export type ErrorCode =
  | 'invalid_definition'
  | 'invalid_option'
  | 'invalid_value'
  | 'unsupported_model'
  | 'unsupported_outside_session'
  | 'unsupported_by_host'
  | 'task_ended'
  | 'session_closed'
  | 'session_state'
  | 'activity_ended'
  | 'run_active'
  | 'circular_wait'
  | 'model_failed'
  | 'model_misbehaved'
  | 'output_failed'
  | 'speech_failed'
  | 'aborted'
  | StoreErrorCode;

export type StoreErrorCode =
  /** Somebody else has taken the session, or it was deleted: this holder may not write any more. */
  | 'store_fenced'
  /** Another's lease runs. */
  | 'store_leased'
  /** The first record to append is not the one after the last that is kept. */
  | 'store_gap'
  /** What was kept cannot be read. */
  | 'store_corrupt'
  /** It was written by a newer version of this library. */
  | 'store_newer_version'
  /** It cannot be reached, is locked, or has no room left. */
  | 'store_unavailable';

/** Base of all errors that this library throws at the application. `code` is stable, the message is not. */
export class MeanwhileError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'MeanwhileError';
    this.code = code;
  }
}

/** The session is closing or closed. */
export class SessionClosedError extends MeanwhileError {
  constructor(what: string) {
    super('session_closed', `${what}: the session is closed. Start a new AgentSession.`);
    this.name = 'SessionClosedError';
  }
}

/** The agent's activity that was waited for has ended: by a handoff, or with its AgentTask. */
export class ActivityEndedError extends MeanwhileError {
  constructor(agent: string) {
    super('activity_ended', `The activity of agent "${agent}" has ended. Wait on the session to follow a handoff.`);
    this.name = 'ActivityEndedError';
  }
}

/** The task has ended: what its body still does reaches nobody. */
export class TaskEndedError extends MeanwhileError {
  constructor(callId: string, state: string) {
    super(
      'task_ended',
      `Task ${callId} has ended (${state}); nothing was recorded. Await what the tool starts before it returns.`,
    );
    this.name = 'TaskEndedError';
  }
}

/**
 * An error that the model is told word for word; everything else a tool throws is masked. Expected, so no stack is
 * logged. The idea and the name are LiveKit Agents'.
 */
export class ToolError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ToolError';
  }
}

/** Thrown by a tool (or `onUserTurnCompleted`) to end without a reply. Not an error, and not logged as one. */
export class StopResponse extends Error {
  constructor() {
    super('No reply is wanted.');
    this.name = 'StopResponse';
  }
}

/** The output that the agent's words go to failed; `cause` is what it threw. */
export class OutputError extends MeanwhileError {
  constructor(cause: unknown) {
    super('output_failed', `The output failed: ${describeError(cause)}`, { cause });
    this.name = 'OutputError';
  }
}

/** Why an abort signal of a task fired: its `reason`. */
export class TaskAbortedError extends MeanwhileError {
  /** `suspended`: the session goes on in another process, and the task with it. */
  readonly why: 'cancelled' | 'timeout' | 'interrupted' | 'closed' | 'suspended';
  constructor(callId: string, why: TaskAbortedError['why']) {
    super('aborted', `Task ${callId} was aborted: ${why}.`);
    this.name = 'AbortError';
    this.why = why;
  }
}

/** A store could not do what it was asked to. */
export class StoreError extends MeanwhileError {
  declare readonly code: StoreErrorCode;
  /** `store_gap`: the last record that is kept. `store_corrupt`, `store_newer_version`: the record it is about. */
  readonly seq: number | undefined;
  /** `store_leased`: after so many ms it may be asked again. */
  readonly retryInMs: number | undefined;
  constructor(
    code: StoreErrorCode,
    message: string,
    more: { readonly seq?: number; readonly retryInMs?: number; readonly cause?: unknown } = {},
  ) {
    super(code, message, more.cause === undefined ? {} : { cause: more.cause });
    this.name = 'StoreError';
    this.seq = more.seq;
    this.retryInMs = more.retryInMs;
  }
}

/** What any thrown value says, on one line. */
export function describeError(error: unknown): string {
  try {
    if (error instanceof Error) return String(error.message === '' ? error.name : error.message);
    return typeof error === 'string' ? error : (JSON.stringify(error) ?? String(error));
  } catch {
    return 'an error that cannot be read';
  }
}
