/**
 * The contract of a store: where sessions keep their records, so that they outlive a process.
 *
 * A store keeps texts in order and knows three things of a session: the number of its last record, who may write (the
 * newest token), and until when nobody else may become that (the lease). It understands no record. Beside the sessions it
 * has each user's outbox: results that wait for his next session. Everything is asynchronous and rejects with a StoreError
 * alone. docs/design/store.md has the order of events.
 */
import { StoreError } from '../errors.ts';
import { RECORD_VERSION, type SessionRecord } from './records.ts';
import type { CollectedResult, UndeliveredResult } from './undelivered.ts';

/** The right to write to a session. `token` grows over the whole store: who took it last is the only one who may write. */
export interface SessionLease {
  readonly sessionId: string;
  readonly token: number;
  /** The last record that was kept when it was taken; 0: none. */
  readonly seq: number;
}

export interface AcquireOptions {
  /** So long nobody else gets it, counted by the store's own clock from when it grants it. */
  readonly leaseMs: number;
  /** Whose session it is: what `find` looks for. Without one it stays as it was. */
  readonly userKey?: string;
  /** Takes it although another's lease may still run: only where that one is known to be dead. */
  readonly takeOver?: boolean;
}

/** The state after `seq`, as `data`. A cache: records are the truth, and restoring goes without one. */
export interface Snapshot {
  readonly seq: number;
  readonly data: string;
}

export interface StoredSession {
  readonly sessionId: string;
  readonly userKey?: string;
  /** Its last record. */
  readonly seq: number;
  /** Epoch ms of the store's clock: the last time something was kept or the lease was given. */
  readonly touchedAt: number;
}

export interface SessionStore {
  /**
   * Who shares it. Over a `'network'` a holder that cannot reach it may have lost its session to one that can, so it falls
   * silent before its lease can have run out. On one `'machine'` whoever would take the session cannot reach it either,
   * so the conversation goes on.
   */
  readonly scope: 'machine' | 'network';
  /**
   * Takes the session, which need not exist yet. Rejects with `store_leased`, which says after how many ms to ask again,
   * while another's lease runs.
   */
  acquire(sessionId: string, options: AcquireOptions): Promise<SessionLease>;
  /** From now on for `leaseMs` again. Rejects with `store_fenced` when somebody else took the session, or deleted it. */
  renew(lease: SessionLease, leaseMs: number): Promise<void>;
  /** Nobody has to wait for its end. Does nothing with an old token. */
  release(lease: SessionLease): Promise<void>;
  /**
   * Keeps the records, all or none; they are safe when it resolves. Rejects with `store_fenced` for an old token, also
   * while nobody else has appended yet, and with `store_gap`, which names the last record kept, when the first is not the
   * one after it. A lease that has run out and that nobody took still writes.
   */
  append(lease: SessionLease, records: readonly SessionRecord[]): Promise<void>;
  /**
   * The records behind `after` in order, at most `limit` (the store chooses without one); none at the end, and of an
   * unknown session. What stands before a record that cannot be read is given; then that is the rejection:
   * `store_corrupt` or `store_newer_version`.
   */
  read(sessionId: string, after: number, limit?: number): Promise<readonly SessionRecord[]>;
  /** Replaces the snapshot kept before. Rejects with `store_fenced` for an old token. */
  saveSnapshot(lease: SessionLease, snapshot: Snapshot): Promise<void>;
  snapshot(sessionId: string): Promise<Snapshot | undefined>;
  /** The user's sessions, that touched last first. */
  find(userKey: string): Promise<readonly StoredSession[]>;
  /**
   * Puts a result into the user's outbox, where it waits for his next session. The first `post` of a `deliveryId` counts:
   * one that waits, that another session has collected, or that was settled, stays as it is. One that this session has
   * collected waits again, as it is given now. Rejects with `store_fenced` for an old token.
   */
  post(lease: SessionLease, userKey: string, result: UndeliveredResult): Promise<void>;
  /**
   * Collects all that waits for the user, and all that a session has collected whose lease has run out, was given back, or
   * that was deleted: in one step, so that of two sessions one gets it. Gives all that this session has collected and that is
   * not settled, in the order of the first `post`, also what it had before. Rejects with `store_fenced` for an old token.
   */
  collect(lease: SessionLease, userKey: string): Promise<readonly CollectedResult[]>;
  /**
   * It was told. Nobody gets it any more, and a `post` that comes late changes nothing, as long as the session exists in which
   * it was asked for. Does nothing where this session has not collected it. Rejects with `store_fenced` for an old token.
   */
  settle(lease: SessionLease, deliveryId: string): Promise<void>;
  /** With all it kept, whoever holds it: his next write is refused. What waits in an outbox stays. */
  delete(sessionId: string): Promise<void>;
  /**
   * Deletes the sessions that nobody holds and that were not touched for `idleMs`; gives how many. Results that have waited as
   * long are forgotten.
   */
  expire(idleMs: number): Promise<number>;
  close(): Promise<void>;
}

/** How a store writes down a record. */
export function recordToText(record: SessionRecord): string {
  return JSON.stringify(record);
}

/** How a store reads what it wrote down, from the record after `after` on. Throws as `read` rejects. */
export function recordsFromTexts(sessionId: string, after: number, texts: readonly string[]): SessionRecord[] {
  const records: SessionRecord[] = [];
  for (const [index, text] of texts.entries()) {
    const seq = after + index + 1;
    const read = readText(sessionId, seq, text);
    if (read instanceof StoreError) {
      if (index > 0) return records;
      throw read;
    }
    records.push(read);
  }
  return records;
}

function readText(sessionId: string, seq: number, text: string): SessionRecord | StoreError {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return damaged(sessionId, seq, 'is not whole', cause);
  }
  const { v, seq: kept } = (value ?? {}) as { v?: unknown; seq?: unknown };
  if (typeof v === 'number' && v > RECORD_VERSION) {
    return new StoreError(
      'store_newer_version',
      `Record ${String(seq)} of session ${sessionId} has version ${String(v)}; this build reads up to ${String(RECORD_VERSION)}. Upgrade meanwhile.`,
      { seq },
    );
  }
  if (v !== RECORD_VERSION || kept !== seq) return damaged(sessionId, seq, `says that it is ${String(kept)}`);
  return value as SessionRecord;
}

function damaged(sessionId: string, seq: number, fact: string, cause?: unknown): StoreError {
  return new StoreError(
    'store_corrupt',
    `Record ${String(seq)} of session ${sessionId} ${fact}. The records before it can be read; restore the store from a copy, or delete the session.`,
    { seq, cause },
  );
}
