/**
 * The log: gives a record its number and time, applies it at once, then tells its observers in order.
 *
 * Decisions read the state right after `commit`; nothing waits for a store here. An observer that commits (it may)
 * is served after all observers have seen the record before it, so everybody sees one order.
 */
import { apply } from './fold.ts';
import { isRecordedIn, RECORD_VERSION, type RecordBody, type SessionRecord } from './records.ts';
import { createSessionState, type SessionState } from './state.ts';

export type LogObserver = (record: SessionRecord, state: SessionState) => void;

export interface LogOptions {
  /** Epoch ms, of the session's clock. */
  readonly now: () => number;
  /** Where records are kept, called right after each was applied and before anybody is told. */
  readonly sink?: LogObserver;
  /** A sink or an observer that throws is reported here and harms nobody. */
  readonly onObserverError?: (error: unknown, record: SessionRecord) => void;
}

export class Log {
  /** Put in its place once, before the first record: what earlier records of a restored session added up to. */
  state: SessionState = createSessionState();
  readonly #now: () => number;
  readonly #sink: LogOptions['sink'];
  readonly #onObserverError: LogOptions['onObserverError'];
  /** The list is never changed but replaced: whoever goes through it is not disturbed. */
  #observers: readonly { readonly tell: LogObserver }[] = [];
  readonly #untold: SessionRecord[] = [];
  #telling = false;

  constructor(options: LogOptions) {
    this.#now = options.now;
    this.#sink = options.sink;
    this.#onObserverError = options.onObserverError;
  }

  /**
   * After `session_closed` nothing is written any more, after `session_ended` only what becomes of tasks (S8.7): what else
   * comes then is undefined.
   */
  commit(body: RecordBody): SessionRecord | undefined {
    if (!isRecordedIn(this.state.status, body.type)) return undefined;
    const record: SessionRecord = { ...body, v: RECORD_VERSION, seq: this.state.seq + 1, at: this.#now() };
    apply(this.state, record);
    if (this.#sink) this.#tellOne(this.#sink, record);
    if (this.#observers.length === 0) return record;
    this.#untold.push(record);
    if (!this.#telling) this.#tell();
    return record;
  }

  /** Calls `observer` after each record from now on; returns the way to stop. */
  observe(observer: LogObserver): () => void {
    const observing = { tell: observer };
    this.#observers = this.#observers.concat(observing);
    return () => {
      this.#observers = this.#observers.filter((other) => other !== observing);
    };
  }

  #tell(): void {
    this.#telling = true;
    try {
      for (let record = this.#untold.shift(); record; record = this.#untold.shift()) {
        for (const { tell } of this.#observers) this.#tellOne(tell, record);
      }
    } finally {
      this.#telling = false;
    }
  }

  #tellOne(observer: LogObserver, record: SessionRecord): void {
    try {
      observer(record, this.state);
    } catch (error) {
      this.#onObserverError?.(error, record);
    }
  }
}
