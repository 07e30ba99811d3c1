/** Several real processes on one real file. Nobody sleeps: each step follows a message of a child. */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { messageText, type SessionRecord } from '../../src/index.ts';
import { sqlite } from '../../src/store/sqlite.ts';
import { follow, type Teller } from '../support/teller.ts';

const writer = fileURLToPath(new URL('writer.ts', import.meta.url));
const opener = new URL('opener.ts', import.meta.url);
const talker = fileURLToPath(new URL('talker.ts', import.meta.url));
const execArgv = ['--conditions=meanwhile-source', '--disable-warning=ExperimentalWarning'];

interface News {
  readonly holder?: number;
  readonly kept?: number;
  readonly refused?: string;
  readonly message?: string;
  readonly done?: true;
  readonly step?: number;
  readonly heard?: string;
  readonly id?: string;
  readonly receipt?: string;
  readonly told?: true;
}

let folder: string;
let path: string;
let children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meanwhile-processes-'));
  path = join(folder, 'calls.db');
});
afterEach(async () => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  children = [];
  rmSync(folder, { recursive: true });
});

test('of four processes that take a new session at once in a file that is not there yet, exactly one writes', async () => {
  const all = await Promise.all(['a', 'b', 'c', 'd'].map((name) => start(name, 50).ended));
  const won = all.filter((news) => news.at(-1)?.done);
  expect(all.flatMap((news) => news.at(-1)?.refused ?? [])).toEqual(['store_leased', 'store_leased', 'store_leased']);
  expect(won).toHaveLength(1);
  expect(await written()).toHaveLength(50);
});

test('of six threads that open a file that is not there yet in the same moment, none is refused, and nothing else is left', async () => {
  const others = 6;
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const threads = Array.from({ length: others }, () => new Worker(opener, { workerData: { gate, others }, execArgv }));
  const all = (what: string): Promise<unknown[]> =>
    Promise.all(threads.map(async (thread) => (await once(thread, what))[0] as unknown));
  await all('online');
  for (let round = 0; round < 40; round += 1) {
    gate[0] = 0;
    const opened = all('message');
    for (const thread of threads) thread.postMessage(join(folder, `${String(round)}.db`));
    expect(await opened).toEqual(threads.map(() => 'opened'));
  }
  await Promise.all(threads.map((thread) => thread.terminate()));
  expect(readdirSync(folder).filter((name) => !/^\d+\.db(-wal|-shm)?$/.test(name))).toEqual([]);
});

test('a process whose session is taken while it writes is refused from that moment on, and not a record is lost or doubled', async () => {
  const old = start('old', 100_000);
  await old.until((news) => news.some(({ kept }) => kept === 20));
  const young = start('new', 200, 'take-over');
  const [oldNews, newNews] = await Promise.all([old.ended, young.ended]);
  expect(oldNews.at(-1)).toMatchObject({ refused: 'store_fenced' });
  expect(newNews.at(-1)).toEqual({ done: true });
  const names = (await written()).map((record) => nameIn(record));
  const taken = names.indexOf('new');
  expect(taken).toBeGreaterThanOrEqual(20);
  expect(new Set(names.slice(0, taken))).toEqual(new Set(['old']));
  expect(new Set(names.slice(taken))).toEqual(new Set(['new']));
  expect(names).toHaveLength(taken + 200);
  expect(oldNews.filter((news) => news.kept !== undefined)).toHaveLength(taken);
});

test('what a process was told is kept survives its being killed at that moment', async () => {
  const victim = start('victim', 100_000);
  await victim.until((news) => news.some(({ kept }) => kept === 100));
  victim.child.kill('SIGKILL');
  await once(victim.child, 'exit');
  expect((await written()).length).toBeGreaterThanOrEqual(100);
});

test('a disk that is full for a process is an error that says so, and what it kept before is there', async () => {
  // The operating system lets a file of this process grow to so many blocks.
  const command = `ulimit -f 4000; exec "$0" "$@"`;
  const child = spawn('sh', ['-c', command, process.execPath, ...execArgv, writer, path, 'full', '100000'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const news = await told(child).ended;
  expect(news.at(-1)).toMatchObject({ refused: 'store_unavailable' });
  expect(news.at(-1)?.message).toMatch(/disk/);
  const kept = news.filter((each) => each.kept !== undefined).length;
  expect(kept).toBeGreaterThan(10);
  expect(await written()).toHaveLength(kept);
});

test.each([1, 2, 3, 4, 5])(
  'a session whose process is killed after step %i is restored by the next: each step is done once, the result told',
  async (step) => {
    const first = told(fork(talker, [path, 'begin'], { execArgv }));
    await first.until((news) => news.some((each) => each.step === step));
    first.child.kill('SIGKILL');
    const before = await first.ended;
    const after = await told(fork(talker, [path, 'restore'], { execArgv })).ended;
    expect(after.at(-1)).toEqual({ told: true });
    const lines = readFileSync(`${path}.steps`, 'utf8').trimEnd().split('\n');
    expect(lines).toEqual([1, 2, 3, 4, 5].map((each) => `call/call_1 ${String(each)}`));
    const finals = [...before, ...after].filter(({ id }) => id === 'call_1_final');
    expect(finals.filter(({ receipt }) => receipt === 'completed' || receipt === 'skipped')).toHaveLength(1);
    const records = await written();
    expect(records.filter(({ type }) => type === 'task_ended')).toHaveLength(1);
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_record, index) => index + 1));
  },
);

function start(name: string, count: number, how = '') {
  return told(fork(writer, [path, name, String(count), how], { execArgv }));
}

function told(child: ChildProcess): Teller<News> {
  children.push(child);
  return follow<News>(child);
}

async function written(): Promise<SessionRecord[]> {
  const store = sqlite(path);
  const records: SessionRecord[] = [];
  for (;;) {
    const batch = await store.read('call', records.length);
    if (batch.length === 0) break;
    records.push(...batch);
  }
  await store.close();
  return records;
}

function nameIn(record: SessionRecord): string {
  if (record.type !== 'message_added') throw new Error(`Expected a message, got ${record.type}.`);
  return messageText(record.message).split(' ')[0] ?? '';
}
