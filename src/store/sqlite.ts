/**
 * Sessions in one SQLite file, through `node:sqlite`: the store of one machine, which several processes may share.
 *
 * The file is in WAL mode, so reading never waits for a writer. An append is one transaction: whole or not there at all.
 */
import { systemClock, type Clock, type SessionStore } from '../index.ts';
import { openFile } from './sqlite-file.ts';
import { SqliteStore } from './sqlite-store.ts';

export interface SqliteOptions {
  /**
   * What survives when a promise of `append` has resolved. `'full'` (default): everything, also a power cut. `'normal'`:
   * everything but a crash of the machine, which may take the last moments; about ten times as fast.
   */
  readonly synchronous?: 'full' | 'normal';
  /** So long another process's write is waited for; nothing else runs in this one meanwhile. Default 1,000. */
  readonly busyTimeoutMs?: number;
  /** The file grows to this at most, give or take a page of 4,096. Default: as far as there is room. */
  readonly maxBytes?: number;
  /** What leases and idle sessions are counted by: the same for all processes. Default: the system's. */
  readonly clock?: Clock;
}

/**
 * Opens the file, or makes it. Throws StoreError: `store_corrupt` for a file that is none of ours,
 * `store_newer_version`, `store_unavailable`.
 */
export function sqlite(path: string, options: SqliteOptions = {}): SessionStore {
  const { synchronous = 'full', busyTimeoutMs = 1000, maxBytes, clock = systemClock } = options;
  const file = openFile(path, { synchronous, busyTimeoutMs, maxBytes });
  return new SqliteStore(file, clock);
}
