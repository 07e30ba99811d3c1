/** Several real processes and one session in the real server. Nobody sleeps: each step follows a message of a child. */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SessionRecord } from '../src/index.ts';
import { restateStore } from '../src/restate/store.ts';
import { type RestateServer, startRestate } from './server.ts';
import { serveStore, type StoreEndpoint } from './store-endpoint.ts';
import { startLine } from './store-line.ts';
import { follow } from '../test/support/teller.ts';

const talker = fileURLToPath(new URL('store-talker.ts', import.meta.url));
const execArgv = ['--conditions=meanwhile-source', '--disable-warning=ExperimentalWarning'];

interface News {
  readonly update?: true;
  readonly over?: true;
  readonly told?: 'new' | 'again';
  readonly heardAt?: number;
  readonly closed?: string;
}

let folder: string;
let server: RestateServer;
let endpoint: StoreEndpoint;
let children: ChildProcess[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'meanwhile-store-'));
  children = [];
  [server, endpoint] = await Promise.all([startRestate(), serveStore()]);
  await server.register(endpoint.uri);
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await server.close();
  await endpoint.close();
  rmSync(folder, { recursive: true });
});

test.each([2, 3, 5])(
  'a session that is killed after update %i goes on in another process: each step once, told once',
  async (updates) => {
    const first = start('begin', 'book', server.ingressUrl);
    await first.until((news) => news.filter((each) => each.update).length === updates);
    first.child.kill('SIGKILL');
    const before = await first.ended;
    const after = await start('restore', 'book', server.ingressUrl).ended;
    expect(after.at(-1)).toMatchObject({ over: true });
    const told = [...before, ...after].flatMap((news) => news.told ?? []);
    expect(told.filter((each) => each === 'new')).toHaveLength(1);
    const deeds = readFileSync(join(folder, 'deeds'), 'utf8').trimEnd().split('\n');
    // A step that was cut runs again.
    expect(new Set(deeds.map((deed) => deed.split(' ')[1]))).toEqual(new Set(['1', '2', '3', '4', '5']));
    expect(deeds.length).toBeLessThanOrEqual(6);
    const records = await written();
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_record, index) => index + 1));
    expect(records.filter(({ type }) => type === 'task_ended')).toHaveLength(1);
  },
);

test('S3.8 two processes and a line that is cut: the old one has fallen silent before the new one speaks, and is lost when it is back', async () => {
  const line = await startLine(server.ingressUrl);
  const old = start('begin', 'talk', line.url);
  await old.until((news) => news.length === 20);
  line.cut();
  const young = start('restore', 'talk', server.ingressUrl);
  await young.until((news) => news.length === 20);
  line.mend();
  const oldNews = await old.ended;
  expect(oldNews.at(-1)).toEqual({ closed: 'taken over' });
  const [oldHeard, newHeard] = [oldNews, await young.kill()].map((news) =>
    news.flatMap(({ heardAt }) => heardAt ?? []),
  );
  expect(oldHeard?.length).toBeGreaterThanOrEqual(20);
  expect(newHeard?.[0]).toBeGreaterThan(oldHeard?.at(-1) ?? Infinity);
  await line.close();
});

function start(how: string, what: string, ingress: string) {
  const child = fork(talker, [how, what, ingress, folder], { execArgv });
  children.push(child);
  return follow<News>(child);
}

async function written(): Promise<SessionRecord[]> {
  const store = restateStore({ ingress: server.ingressUrl });
  const records: SessionRecord[] = [];
  for (;;) {
    const some = await store.read('call', records.length);
    if (some.length === 0) return records;
    records.push(...some);
  }
}
