/** A SQLite file of sessions: opened, brought to the newest schema, and its errors in words that say what to do. */
import { randomUUID } from 'node:crypto';
import { existsSync, linkSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../index.ts';

/** Each entry brings a file from the version of its index to the next. What stands here never changes. */
const migrations: readonly string[] = [
  `CREATE TABLE sessions (
     number INTEGER PRIMARY KEY,
     id TEXT NOT NULL UNIQUE,
     user_key TEXT,
     seq INTEGER NOT NULL DEFAULT 0,
     token INTEGER NOT NULL DEFAULT 0,
     leased_until REAL NOT NULL DEFAULT 0,
     touched_at REAL NOT NULL DEFAULT 0
   );
   CREATE INDEX sessions_by_user ON sessions (user_key, touched_at);
   CREATE INDEX sessions_by_time ON sessions (touched_at);
   CREATE TABLE records (
     session INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
     seq INTEGER NOT NULL,
     data TEXT NOT NULL,
     PRIMARY KEY (session, seq)
   ) WITHOUT ROWID;
   CREATE TABLE snapshots (
     session INTEGER PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
     seq INTEGER NOT NULL,
     data TEXT NOT NULL
   );
   CREATE TABLE tokens (last INTEGER NOT NULL);
   INSERT INTO tokens VALUES (0);`,
  // The users' outboxes. Without data: settled, and remembered as long as its origin, a session, exists.
  `CREATE TABLE outbox (
     number INTEGER PRIMARY KEY,
     delivery_id TEXT NOT NULL UNIQUE,
     user_key TEXT NOT NULL,
     origin TEXT NOT NULL,
     holder TEXT,
     again INTEGER NOT NULL DEFAULT 0,
     posted_at REAL NOT NULL,
     data TEXT
   );
   CREATE INDEX outbox_by_user ON outbox (user_key) WHERE data IS NOT NULL;
   CREATE INDEX outbox_settled ON outbox (origin) WHERE data IS NULL;`,
];

export interface SqliteFile {
  readonly path: string;
  readonly database: DatabaseSync;
}

export interface FileOptions {
  readonly synchronous: 'full' | 'normal';
  readonly busyTimeoutMs: number;
  readonly maxBytes: number | undefined;
}

export function openFile(path: string, options: FileOptions): SqliteFile {
  try {
    if (isOnDisk(path) && !existsSync(path)) make(path, options);
    return { path, database: open(path, options) };
  } catch (error) {
    throw toStoreError(path, error);
  }
}

/**
 * A file appears with its tables and in WAL mode, or not at all: SQLite does not wait when two processes bring the same file
 * into that mode, it refuses one of them.
 */
function make(path: string, options: FileOptions): void {
  const draft = `${path}.${randomUUID()}`;
  try {
    open(draft, options).close();
    linkSync(draft, path);
  } catch (error) {
    // Another process was first, or this disk knows no links; then it is made where it stands.
    if (!(error instanceof Error && 'syscall' in error && error.syscall === 'link')) throw error;
  } finally {
    for (const end of ['', '-wal', '-shm']) rmSync(draft + end, { force: true });
  }
}

function isOnDisk(path: string): boolean {
  return path !== '' && path !== ':memory:' && !path.startsWith('file:');
}

function open(path: string, options: FileOptions): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: options.busyTimeoutMs });
  try {
    setUp(path, database, options);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function setUp(path: string, database: DatabaseSync, { synchronous, maxBytes }: FileOptions): void {
  if (pragma(database, 'journal_mode') !== 'wal') database.exec('PRAGMA journal_mode = WAL');
  database.exec(`PRAGMA synchronous = ${synchronous === 'full' ? 'FULL' : 'NORMAL'}`);
  if (maxBytes !== undefined) {
    const pages = Math.max(1, Math.floor(maxBytes / Number(pragma(database, 'page_size'))));
    database.exec(`PRAGMA max_page_count = ${String(pages)}`);
  }
  migrate(path, database);
}

function migrate(path: string, database: DatabaseSync): void {
  if (versionOf(path, database) === migrations.length) return;
  inTransaction(database, () => {
    // Another process may have been first.
    for (const migration of migrations.slice(versionOf(path, database))) database.exec(migration);
    database.exec(`PRAGMA user_version = ${String(migrations.length)}`);
  });
}

function versionOf(path: string, database: DatabaseSync): number {
  const version = Number(pragma(database, 'user_version'));
  if (version <= migrations.length) return version;
  throw new StoreError(
    'store_newer_version',
    `${path} has version ${String(version)}; this build reads up to ${String(migrations.length)}. Upgrade meanwhile.`,
  );
}

function pragma(database: DatabaseSync, name: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
}

/** All of it or nothing. The right to write is taken at its start, so that what is read in it stays true. */
export function inTransaction<T>(database: DatabaseSync, run: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = run();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // Some errors have ended it already.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

const facts: Readonly<Record<number, readonly [code: 'store_unavailable' | 'store_corrupt', fact: string]>> = {
  5: ['store_unavailable', 'is locked by another process. Try again, or raise busyTimeoutMs'],
  6: ['store_unavailable', 'is locked. Try again'],
  8: ['store_unavailable', 'may not be written to. Give this process the right to'],
  10: ['store_unavailable', 'could not be read or written. Look after its disk'],
  11: ['store_corrupt', 'is damaged. Restore it from a copy'],
  13: ['store_unavailable', 'has no room left on its disk, or has reached maxBytes. Make room'],
  14: ['store_unavailable', 'could not be opened. Look whether its folder exists and may be written to'],
  26: ['store_corrupt', 'is no SQLite file. Give another path'],
};

/** Nothing of the transaction it happened in was kept, and what was kept before is untouched. */
export function toStoreError(path: string, error: unknown): unknown {
  if (error instanceof StoreError) return error;
  const { errcode, errstr } = (error ?? {}) as { errcode?: unknown; errstr?: unknown };
  if (typeof errcode !== 'number') return error;
  // The lower byte is the error, the rest its kind.
  const [code, fact] = facts[errcode & 0xff] ?? ['store_unavailable', 'refused'];
  return new StoreError(code, `${path} ${fact}. SQLite says: ${String(errstr)} (${String(errcode)}).`, {
    cause: error,
  });
}
