/** Sessions in this process's memory: for tests, and to try out what a store is for. What it keeps ends with it. */
import {
  recordsFromTexts,
  recordToText,
  systemClock,
  type AcquireOptions,
  type Clock,
  type CollectedResult,
  type SessionLease,
  type SessionRecord,
  type SessionStore,
  type Snapshot,
  type StoredSession,
  type UndeliveredResult,
} from '../index.ts';
import { MemoryOutboxes } from './memory-outboxes.ts';
import { checkRow, closed, fenced, gap, leased } from './refusals.ts';

export interface MemoryOptions {
  /** What leases and idle sessions are counted by. Default: the system's. */
  readonly clock?: Clock;
}

export interface MemoryStore extends SessionStore {
  /** Another store over the same data, as another process would open it. */
  reopen(): MemoryStore;
}

/** Each call makes a store with data of its own. */
export function memory(options: MemoryOptions = {}): MemoryStore {
  return new Memory(options.clock ?? systemClock, {
    sessions: new Map(),
    outboxes: new MemoryOutboxes(),
    lastToken: 0,
  });
}

interface Kept {
  userKey: string | undefined;
  token: number;
  /** Epoch ms. */
  leasedUntil: number;
  touchedAt: number;
  readonly texts: string[];
  snapshot: Snapshot | undefined;
}

interface Data {
  readonly sessions: Map<string, Kept>;
  readonly outboxes: MemoryOutboxes;
  lastToken: number;
}

const batchSize = 1000;

class Memory implements MemoryStore {
  readonly #clock: Clock;
  readonly #data: Data;
  readonly scope = 'machine';
  #isClosed = false;

  constructor(clock: Clock, data: Data) {
    this.#clock = clock;
    this.#data = data;
  }

  reopen(): MemoryStore {
    return new Memory(this.#clock, this.#data);
  }

  async acquire(sessionId: string, { leaseMs, userKey, takeOver }: AcquireOptions): Promise<SessionLease> {
    const now = this.#now();
    const kept = this.#data.sessions.get(sessionId) ?? create();
    if (!takeOver && kept.leasedUntil > now) throw leased(sessionId, kept.leasedUntil - now);
    this.#data.sessions.set(sessionId, kept);
    kept.token = this.#data.lastToken += 1;
    kept.leasedUntil = now + leaseMs;
    kept.touchedAt = now;
    if (userKey !== undefined) kept.userKey = userKey;
    return { sessionId, token: kept.token, seq: kept.texts.length };
  }

  async renew(lease: SessionLease, leaseMs: number): Promise<void> {
    this.#held(lease).leasedUntil = this.#now() + leaseMs;
  }

  async release(lease: SessionLease): Promise<void> {
    const kept = this.#data.sessions.get(lease.sessionId);
    if (kept?.token === lease.token) kept.leasedUntil = 0;
  }

  async append(lease: SessionLease, records: readonly SessionRecord[]): Promise<void> {
    const kept = this.#held(lease);
    const [first] = records;
    if (first === undefined) return;
    checkRow(lease.sessionId, records);
    if (first.seq !== kept.texts.length + 1) throw gap(lease.sessionId, kept.texts.length, first.seq);
    kept.texts.push(...records.map(recordToText));
    kept.touchedAt = this.#now();
  }

  async read(sessionId: string, after: number, limit = batchSize): Promise<readonly SessionRecord[]> {
    this.#now();
    const texts = this.#data.sessions.get(sessionId)?.texts.slice(after, after + limit) ?? [];
    return recordsFromTexts(sessionId, after, texts);
  }

  async saveSnapshot(lease: SessionLease, { seq, data }: Snapshot): Promise<void> {
    this.#held(lease).snapshot = { seq, data };
  }

  async snapshot(sessionId: string): Promise<Snapshot | undefined> {
    this.#now();
    return this.#data.sessions.get(sessionId)?.snapshot;
  }

  async find(userKey: string): Promise<readonly StoredSession[]> {
    this.#now();
    return [...this.#data.sessions]
      .filter(([, kept]) => kept.userKey === userKey)
      .map(([sessionId, { texts, touchedAt }]) => ({ sessionId, userKey, seq: texts.length, touchedAt }))
      .sort((a, b) => b.touchedAt - a.touchedAt);
  }

  async post(lease: SessionLease, userKey: string, result: UndeliveredResult): Promise<void> {
    this.#held(lease);
    this.#data.outboxes.post(lease.sessionId, userKey, result, this.#now());
  }

  async collect(lease: SessionLease, userKey: string): Promise<readonly CollectedResult[]> {
    this.#held(lease);
    return this.#data.outboxes.collect(lease.sessionId, userKey, this.#isHeld);
  }

  async settle(lease: SessionLease, deliveryId: string): Promise<void> {
    this.#held(lease);
    const { sessions, outboxes } = this.#data;
    outboxes.settle(lease.sessionId, deliveryId, (sessionId) => sessions.has(sessionId));
  }

  async delete(sessionId: string): Promise<void> {
    this.#now();
    this.#forget(sessionId);
  }

  async expire(idleMs: number): Promise<number> {
    const now = this.#now();
    const idle = [...this.#data.sessions].filter(
      ([, kept]) => kept.leasedUntil <= now && kept.touchedAt + idleMs <= now,
    );
    this.#data.outboxes.forgetPostedBefore(now - idleMs, this.#isHeld);
    for (const [sessionId] of idle) this.#forget(sessionId);
    return idle.length;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #forget(sessionId: string): void {
    this.#data.sessions.delete(sessionId);
    this.#data.outboxes.forgetSettledOf(sessionId);
  }

  readonly #isHeld = (sessionId: string): boolean =>
    (this.#data.sessions.get(sessionId)?.leasedUntil ?? 0) > this.#clock.now();

  /** Throws where the store is closed: each method asks. */
  #now(): number {
    if (this.#isClosed) throw closed();
    return this.#clock.now();
  }

  #held(lease: SessionLease): Kept {
    this.#now();
    const kept = this.#data.sessions.get(lease.sessionId);
    if (kept?.token !== lease.token) throw fenced(lease);
    return kept;
  }
}

function create(): Kept {
  return { userKey: undefined, token: 0, leasedUntil: 0, touchedAt: 0, texts: [], snapshot: undefined };
}
