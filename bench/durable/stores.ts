/** What an append costs in each store, and a session that is brought back. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentSession, type SessionRecord, type SessionStore } from '../../src/index.ts';
import { restateStore } from '../../src/restate/store.ts';
import { memory } from '../../src/store/index.ts';
import { sqlite } from '../../src/store/sqlite.ts';
import { startRestate } from '../../restate/server.ts';
import { serveStore } from '../../restate/store-endpoint.ts';
import { spreadOf, type Spread } from '../statistics.ts';
import { recordsOf, restoreOptions } from './session.ts';

export interface StoreFigures {
  readonly store: string;
  /** µs for each append, by how many records it has. */
  readonly append: Readonly<Record<'1' | '10', Spread>>;
  /** ms for each restore, by the length of the session. */
  readonly restore: Readonly<Record<string, Spread>>;
}

interface Subject {
  readonly name: string;
  readonly store: SessionStore;
  /** Appends that are measured. */
  readonly appends: number;
}

const lengths = [100, 10_000, 100_000] as const;
const lease = { leaseMs: 3_600_000 } as const;

export async function measureStores(say: (text: string) => void): Promise<StoreFigures[]> {
  const folder = mkdtempSync(join(tmpdir(), 'meanwhile-bench-'));
  const [server, endpoint] = await Promise.all([startRestate(), serveStore()]);
  try {
    await server.register(endpoint.uri);
    say('a conversation of 100,000 records …');
    const sessions = new Map<number, readonly SessionRecord[]>();
    for (const length of lengths) sessions.set(length, await recordsOf(length));
    const subjects: Subject[] = [
      { name: 'memory', store: memory(), appends: 20_000 },
      { name: "SQLite, 'full'", store: sqlite(join(folder, 'full.db')), appends: 500 },
      { name: "SQLite, 'normal'", store: sqlite(join(folder, 'normal.db'), { synchronous: 'normal' }), appends: 5_000 },
      { name: 'Restate', store: restateStore({ ingress: server.ingressUrl, timeoutMs: 60_000 }), appends: 500 },
    ];
    const figures: StoreFigures[] = [];
    for (const subject of subjects) {
      say(`${subject.name} …`);
      figures.push(await measure(subject, sessions));
      await subject.store.close();
    }
    return figures;
  } finally {
    await server.close();
    await endpoint.close();
    rmSync(folder, { recursive: true });
  }
}

async function measure(
  { name, store, appends }: Subject,
  sessions: ReadonlyMap<number, readonly SessionRecord[]>,
): Promise<StoreFigures> {
  const records = sessions.get(100_000) ?? [];
  const append = {
    '1': await measureAppends(store, records, appends, 1),
    '10': await measureAppends(store, records, Math.min(appends, 5_000), 10),
  };
  const restore: Record<string, Spread> = {};
  for (const [length, session] of sessions) restore[String(length)] = await measureRestore(store, session, length);
  return { store: name, append, restore };
}

async function measureAppends(
  store: SessionStore,
  records: readonly SessionRecord[],
  appends: number,
  size: number,
): Promise<Spread> {
  const held = await store.acquire(`appends of ${String(size)}`, lease);
  const samples: number[] = [];
  const warmUp = Math.min(100, appends / 5);
  for (let at = 0; at < (appends + warmUp) * size; at += size) {
    const some = records.slice(at, at + size);
    const from = performance.now();
    await store.append(held, some);
    if (at >= warmUp * size) samples.push((performance.now() - from) * 1000);
  }
  return spreadOf(samples);
}

async function measureRestore(store: SessionStore, records: readonly SessionRecord[], length: number): Promise<Spread> {
  const sessionId = `of ${String(length)}`;
  const held = await store.acquire(sessionId, lease);
  for (let at = 0; at < records.length; at += 1_000) await store.append(held, records.slice(at, at + 1_000));
  await store.release(held);
  const samples: number[] = [];
  const rounds = length > 10_000 ? 5 : 15;
  for (let round = -2; round < rounds; round += 1) {
    globalThis.gc?.();
    const from = performance.now();
    const session = await AgentSession.restore({ ...restoreOptions(), store, sessionId });
    const ms = performance.now() - from;
    if (session.state.seq < records.length) throw new Error(`Restored ${String(session.state.seq)} records.`);
    await session.suspend();
    if (round >= 0) samples.push(ms);
  }
  return spreadOf(samples);
}

export function toTable(figures: readonly StoreFigures[]): string {
  const head = [
    'store',
    'append of 1',
    'append of 10',
    ...lengths.map((length) => `restore ${length.toLocaleString('en')}`),
  ];
  const rows = figures.map(({ store, append, restore }) => [
    store,
    inTime(append['1'].median / 1000, append['1'].p95 / 1000),
    inTime(append['10'].median / 1000, append['10'].p95 / 1000),
    ...lengths.map((length) => inTime(restore[length]?.median ?? NaN, restore[length]?.p95 ?? NaN)),
  ]);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Median, and the 95th percentile in brackets; of ms. */
function inTime(median: number, p95: number): string {
  const text = (ms: number): string =>
    ms < 0.1 ? `${(ms * 1000).toPrecision(2)} µs` : `${Number(ms.toPrecision(3)).toString()} ms`;
  return `${text(median)} (${text(p95)})`;
}
