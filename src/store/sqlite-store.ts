/** The contract in SQL. What several processes may want at once is one statement, or one transaction that begins by writing. */
import type { StatementSync } from 'node:sqlite';
import {
  recordsFromTexts,
  recordToText,
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
import { checkRow, closed, fenced, gap, leased } from './refusals.ts';
import { inTransaction, toStoreError, type SqliteFile } from './sqlite-file.ts';
import { SqliteOutboxes } from './sqlite-outboxes.ts';

const statements = {
  session: 'SELECT number, seq, token, leased_until FROM sessions WHERE id = ?',
  create: 'INSERT INTO sessions (id) VALUES (?) ON CONFLICT DO NOTHING',
  nextToken: 'UPDATE tokens SET last = last + 1 RETURNING last',
  take: `UPDATE sessions SET token = ?, leased_until = ?, touched_at = ?, user_key = coalesce(?, user_key)
         WHERE number = ?`,
  renew: 'UPDATE sessions SET leased_until = ? WHERE id = ? AND token = ?',
  grow: 'UPDATE sessions SET seq = ?, touched_at = ? WHERE id = ? AND token = ? AND seq = ? RETURNING number',
  insert: 'INSERT INTO records (session, seq, data) VALUES (?, ?, ?)',
  read: `SELECT data FROM records WHERE session = (SELECT number FROM sessions WHERE id = ?) AND seq > ?
         ORDER BY seq LIMIT ?`,
  saveSnapshot: `INSERT INTO snapshots (session, seq, data) SELECT number, ?, ? FROM sessions WHERE id = ? AND token = ?
                 ON CONFLICT (session) DO UPDATE SET seq = excluded.seq, data = excluded.data`,
  snapshot: 'SELECT s.seq, s.data FROM snapshots s JOIN sessions ON session = number WHERE id = ?',
  find: 'SELECT id, seq, touched_at FROM sessions WHERE user_key = ? ORDER BY touched_at DESC, number DESC',
  delete: 'DELETE FROM sessions WHERE id = ?',
  expire: 'DELETE FROM sessions WHERE leased_until <= ? AND touched_at <= ?',
} as const;

type Statements = Readonly<Record<keyof typeof statements, StatementSync>>;

interface SessionRow {
  readonly number: number;
  readonly seq: number;
  readonly token: number;
  readonly leased_until: number;
}

const batchSize = 1000;

export class SqliteStore implements SessionStore {
  readonly #file: SqliteFile;
  readonly #clock: Clock;
  readonly #sql: Statements;
  readonly #outboxes: SqliteOutboxes;
  readonly scope = 'machine';
  #isClosed = false;

  constructor(file: SqliteFile, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
    const prepared = Object.entries(statements).map(([name, text]) => [name, file.database.prepare(text)]);
    this.#sql = Object.fromEntries(prepared) as Statements;
    this.#outboxes = new SqliteOutboxes(file.database);
  }

  async acquire(sessionId: string, { leaseMs, userKey, takeOver }: AcquireOptions): Promise<SessionLease> {
    return this.#write(() => {
      const now = this.#clock.now();
      this.#sql.create.run(sessionId);
      const { number, seq, leased_until } = this.#sql.session.get(sessionId) as unknown as SessionRow;
      if (!takeOver && leased_until > now) throw leased(sessionId, leased_until - now);
      const { last: token } = this.#sql.nextToken.get() as { last: number };
      this.#sql.take.run(token, now + leaseMs, now, userKey ?? null, number);
      return { sessionId, token, seq };
    });
  }

  async renew(lease: SessionLease, leaseMs: number): Promise<void> {
    const until = this.#clock.now() + leaseMs;
    const { changes } = this.#do(() => this.#sql.renew.run(until, lease.sessionId, lease.token));
    if (changes === 0) throw fenced(lease);
  }

  async release(lease: SessionLease): Promise<void> {
    this.#do(() => this.#sql.renew.run(0, lease.sessionId, lease.token));
  }

  async append(lease: SessionLease, records: readonly SessionRecord[]): Promise<void> {
    const [first] = records;
    const last = records.at(-1);
    if (first === undefined || last === undefined) return this.#requireHeld(lease);
    const { sessionId, token } = lease;
    checkRow(sessionId, records);
    this.#write(() => {
      const grown = this.#sql.grow.get(last.seq, this.#clock.now(), sessionId, token, first.seq - 1);
      if (grown === undefined) {
        const { seq } = this.#held(lease);
        throw gap(sessionId, seq, first.seq);
      }
      const { number } = grown as unknown as SessionRow;
      for (const record of records) this.#sql.insert.run(number, record.seq, recordToText(record));
    });
  }

  async read(sessionId: string, after: number, limit = batchSize): Promise<readonly SessionRecord[]> {
    const rows = this.#do(() => this.#sql.read.all(sessionId, after, limit)) as { data: string }[];
    return recordsFromTexts(
      sessionId,
      after,
      rows.map((row) => row.data),
    );
  }

  async saveSnapshot(lease: SessionLease, { seq, data }: Snapshot): Promise<void> {
    const { changes } = this.#do(() => this.#sql.saveSnapshot.run(seq, data, lease.sessionId, lease.token));
    if (changes === 0) throw fenced(lease);
  }

  async snapshot(sessionId: string): Promise<Snapshot | undefined> {
    const row = this.#do(() => this.#sql.snapshot.get(sessionId)) as Snapshot | undefined;
    return row && { seq: row.seq, data: row.data };
  }

  async find(userKey: string): Promise<readonly StoredSession[]> {
    const rows = this.#do(() => this.#sql.find.all(userKey)) as { id: string; seq: number; touched_at: number }[];
    return rows.map((row) => ({ sessionId: row.id, userKey, seq: row.seq, touchedAt: row.touched_at }));
  }

  async post(lease: SessionLease, userKey: string, result: UndeliveredResult): Promise<void> {
    this.#writeHeld(lease, (now) => this.#outboxes.post(lease.sessionId, userKey, result, now));
  }

  async collect(lease: SessionLease, userKey: string): Promise<readonly CollectedResult[]> {
    return this.#writeHeld(lease, (now) => this.#outboxes.collect(lease.sessionId, userKey, now));
  }

  async settle(lease: SessionLease, deliveryId: string): Promise<void> {
    this.#writeHeld(lease, () => this.#outboxes.settle(lease.sessionId, deliveryId));
  }

  async delete(sessionId: string): Promise<void> {
    this.#write(() => {
      this.#sql.delete.run(sessionId);
      this.#outboxes.forgetSettled();
    });
  }

  async expire(idleMs: number): Promise<number> {
    const now = this.#clock.now();
    return this.#write(() => {
      this.#outboxes.forgetPostedBefore(now - idleMs, now);
      const { changes } = this.#sql.expire.run(now, now - idleMs);
      this.#outboxes.forgetSettled();
      return Number(changes);
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#file.database.close();
  }

  #requireHeld(lease: SessionLease): void {
    this.#do(() => this.#held(lease));
  }

  #held(lease: SessionLease): SessionRow {
    const row = this.#sql.session.get(lease.sessionId) as SessionRow | undefined;
    if (row?.token !== lease.token) throw fenced(lease);
    return row;
  }

  #writeHeld<T>(lease: SessionLease, run: (now: number) => T): T {
    return this.#write(() => {
      this.#held(lease);
      return run(this.#clock.now());
    });
  }

  #write<T>(run: () => T): T {
    return this.#do(() => inTransaction(this.#file.database, run));
  }

  /** Each failure of SQLite as a StoreError. */
  #do<T>(run: () => T): T {
    if (this.#isClosed) throw closed();
    try {
      return run();
    } catch (error) {
      throw toStoreError(this.#file.path, error);
    }
  }
}
