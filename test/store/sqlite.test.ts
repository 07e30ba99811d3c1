import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoreError, type SessionStore, type StoreErrorCode } from '../../src/index.ts';
import { someRecords } from '../../src/testing/conformance/store-case.ts';
import { planStoreConformance } from '../../src/testing/conformance/store-run.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import { sqlite, type SqliteOptions } from '../../src/store/sqlite.ts';

const leaseMs = 10_000;

describe('the SQLite store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'meanwhile-sqlite-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'cases.db');
  const clock = createVirtualClock();
  const subject = {
    open: async () => sqlite(path, { clock }),
    pass: (ms: number) => clock.advance(ms),
    damage: async (sessionId: string, seq: number, text: string) => {
      const sql = 'UPDATE records SET data = ? WHERE seq = ? AND session = (SELECT number FROM sessions WHERE id = ?)';
      using database = new DatabaseSync(path);
      database.prepare(sql).run(text, seq, sessionId);
    },
  };
  for (const each of planStoreConformance(subject)) test(each.title, { skip: each.skip !== undefined }, each.run);
});

describe('a file that', () => {
  let folder: string;
  let path: string;
  const open: SessionStore[] = [];
  const store = (options: SqliteOptions = {}): SessionStore => {
    const opened = sqlite(path, { clock: createVirtualClock(), ...options });
    open.push(opened);
    return opened;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'meanwhile-sqlite-'));
    path = join(folder, 'calls.db');
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
    rmSync(folder, { recursive: true });
  });

  test('is closed and opened again has everything, and tokens go on', async () => {
    const first = store();
    const old = await first.acquire('call', { leaseMs, userKey: 'ada' });
    await first.append(old, someRecords('call', 1, 3));
    await first.close();
    const again = store();
    expect(await again.read('call', 0)).toEqual(someRecords('call', 1, 3));
    expect(await again.find('ada')).toHaveLength(1);
    const lease = await again.acquire('call', { leaseMs, takeOver: true });
    expect(lease).toMatchObject({ seq: 3, token: old.token + 1 });
  });

  test('is in WAL mode and synchronises fully unless told otherwise', () => {
    store();
    using database = new DatabaseSync(path);
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
  });

  test('is of a newer schema is refused, and left as it is', async () => {
    const lease = await store().acquire('call', { leaseMs });
    expect(lease.token).toBe(1);
    using database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    expectError(
      refusal(() => store()),
      'store_newer_version',
      '99',
    );
    expect(database.prepare('SELECT count(*) AS sessions FROM sessions').get()).toEqual({ sessions: 1 });
  });

  test('is of the first schema gets the outboxes, and keeps what it has', async () => {
    const lease = await store().acquire('call', { leaseMs, userKey: 'ada' });
    await open[0]?.append(lease, someRecords('call', 1, 2));
    for (const each of open.splice(0)) await each.close();
    {
      using database = new DatabaseSync(path);
      database.exec('DROP TABLE outbox; PRAGMA user_version = 1');
    }
    const newer = store();
    expect(await newer.read('call', 0)).toHaveLength(2);
    expect(await newer.collect(lease, 'ada')).toEqual([]);
  });

  test('is no database is refused', () => {
    writeFileSync(path, 'Dear diary, today I was not a database. '.repeat(100));
    expectError(
      refusal(() => store()),
      'store_corrupt',
      path,
    );
    expect(readFileSync(path, 'utf8')).toMatch(/^Dear diary/);
  });

  test('stands in a folder that does not exist is refused', () => {
    path = join(folder, 'nowhere', 'calls.db');
    expect(refusal(() => store())).toMatchObject({ code: 'store_unavailable' });
  });

  test('another process has locked: writes are refused, reads go on, and nothing is lost', async () => {
    const here = store({ busyTimeoutMs: 0 });
    const lease = await here.acquire('call', { leaseMs });
    await here.append(lease, someRecords('call', 1, 2));
    using other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const error = await settled(() => here.append(lease, someRecords('call', 3, 3)));
    expectError(error, 'store_unavailable', 'busyTimeoutMs');
    expect(await here.read('call', 0)).toHaveLength(2);
    other.exec('COMMIT');
    await here.append(lease, someRecords('call', 3, 3));
    expect(await here.read('call', 0)).toHaveLength(3);
  });

  test('has no room left: the append is refused whole, what was kept stays, and it goes on when there is room', async () => {
    const lease = await fill(store({ maxBytes: 200_000 }));
    const kept = await store().read('call', 0, 100_000);
    expect(kept.length).toBeGreaterThan(100);
    expect(kept).toEqual(someRecords('call', 1, kept.length));
    const roomy = store();
    await roomy.append(lease, someRecords('call', kept.length + 1, kept.length + 100));
    expect(await roomy.read('call', kept.length)).toHaveLength(100);
  });

  test('was damaged in the middle says so, and does not give what is wrong', async () => {
    await fill(store({ maxBytes: 200_000 }));
    for (const each of open.splice(0)) await each.close();
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(statSync(path).size - 8192, 0xa5), 0, undefined, 4096);
    closeSync(file);
    const error = await settled(async () => await store().read('call', 0));
    expect(error).toMatchObject({ code: 'store_corrupt' });
  });

  test('lost the end of its log in a power cut has all records but the last', async () => {
    const here = store();
    const lease = await here.acquire('call', { leaseMs });
    for (const record of someRecords('call', 1, 5)) await here.append(lease, [record]);
    // As the disk has it: nobody has closed the file.
    copyFileSync(path, `${path}-copy`);
    copyFileSync(`${path}-wal`, `${path}-copy-wal`);
    truncateSync(`${path}-copy-wal`, statSync(`${path}-copy-wal`).size - 100);
    path = `${path}-copy`;
    const copy = store();
    expect(await copy.read('call', 0)).toEqual(someRecords('call', 1, 4));
    await copy.append(lease, someRecords('call', 5, 6));
    expect(await copy.read('call', 0)).toHaveLength(6);
  });
});

/** Until it refuses for want of room. */
async function fill(store: SessionStore) {
  const lease = await store.acquire('call', { leaseMs });
  for (let from = 1; ; from += 50) {
    const error = await settled(() => store.append(lease, someRecords('call', from, from + 49)));
    if (error === undefined) continue;
    expectError(error, 'store_unavailable', 'no room');
    return lease;
  }
}

async function settled(run: () => Promise<unknown>): Promise<unknown> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error;
  }
}

function expectError(error: unknown, code: StoreErrorCode, part: string): void {
  expect(error).toBeInstanceOf(StoreError);
  expect(error).toMatchObject({ code });
  expect((error as StoreError).message).toContain(part);
}

function refusal(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(StoreError);
    return error;
  }
  throw new Error('Expected a refusal.');
}
