/** The store's contract on the real server. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { StoreError, type SessionRecord, type SessionStore } from '../src/index.ts';
import { createVirtualClock, planStoreConformance } from '../src/testing/index.ts';
import { someRecords } from '../src/testing/conformance/store-case.ts';
import { chunkKey, chunkSize, fullChunks, type Chunk, type Head } from '../src/restate/store-head.ts';
import { keyOf, names } from '../src/restate/store-names.ts';
import { restateStore, type RestateStoreOptions } from '../src/restate/store.ts';
import { type RestateServer, startRestate } from './server.ts';
import { serveStore, type StoreEndpoint } from './store-endpoint.ts';

const clock = createVirtualClock();
let server: RestateServer;
let endpoint: StoreEndpoint;

beforeAll(async () => {
  [server, endpoint] = await Promise.all([startRestate(), serveStore({ clock })]);
  await server.register(endpoint.uri);
});
afterAll(async () => {
  await server.close();
  await endpoint.close();
});

const open = () => restateStore({ ingress: server.ingressUrl });

describe('the Restate store', () => {
  const subject = { open: async () => open(), pass: (ms: number) => clock.advance(ms), damage };
  for (const each of planStoreConformance(subject)) test(each.title, { skip: each.skip !== undefined }, each.run);
});

describe('beyond the contract', () => {
  test('records of any length are given back as they were, in answers that are not too large', async () => {
    const store = open();
    const records = someRecords('long', 1, 90).map((record) =>
      record.type === 'message_added' && record.seq % 7 < 3 ? longer(record, record.seq * 3_000) : record,
    );
    const lease = await store.acquire('long', { leaseMs: 10_000 });
    for (const part of [records.slice(0, 3), records.slice(3, 4), records.slice(4, 60), records.slice(60)])
      await store.append(lease, part);
    for (const after of [0, 1, 19, 20, 21, 39, 40, 79, 80, 89, 90])
      expect(await readOn(store, 'long', after)).toEqual(records.slice(after));
    expect((await store.read('long', 0)).length).toBeLessThan(90);
    expect(await store.read('long', 18, 3)).toEqual(records.slice(18, 21));
    await store.delete('long');
    expect(await stateOf(names.session, 'long')).toEqual({ head: { v: 1, token: lease.token } });
  });

  test.each(['', '.', '..', 'a/b', 'a%2Fb', 'ä 🛫 \u0000?#', 'long '.repeat(100)])(
    'a session and a user may have any name: %j',
    async (id) => {
      const store = open();
      const lease = await store.acquire(id, { leaseMs: 10_000, userKey: id });
      await store.append(lease, someRecords(id, 1, 2));
      expect(await store.read(id, 0)).toHaveLength(2);
      expect(await store.find(id)).toMatchObject([{ sessionId: id, userKey: id, seq: 2 }]);
      await store.delete(id);
    },
  );

  test('a session goes over to another user, and leaves the first', async () => {
    const store = open();
    await store.acquire('moves', { leaseMs: 10_000, userKey: 'ada' });
    await store.acquire('moves', { leaseMs: 10_000, userKey: 'bob', takeOver: true });
    expect(await store.find('ada')).toEqual([]);
    expect(await store.find('bob')).toMatchObject([{ sessionId: 'moves' }]);
    await store.delete('moves');
  });

  test('what was settled is remembered as long as the session in which it was asked for, and then nothing is left', async () => {
    const store = open();
    const origin = await store.acquire('origin', { leaseMs: 10_000, userKey: 'eve' });
    const result = {
      deliveryId: 'origin/1',
      sessionId: 'origin',
      toolCallId: '1',
      toolName: 'book',
      args: {},
    } as const;
    const posted = {
      ...result,
      output: { type: 'text', text: 'Booked.' },
      state: 'completed',
      endedAt: 1,
      attempts: 0,
    } as const;
    await store.post(origin, 'eve', posted);
    const next = await store.acquire('next', { leaseMs: 10_000 });
    await store.collect(next, 'eve');
    await store.settle(next, 'origin/1');
    expect(await stateOf(names.user, 'eve')).toMatchObject({ 'settled origin/1': 'origin', ':origin': 1 });
    await store.delete('origin');
    await store.delete('next');
    expect(await store.expire(0)).toBe(0);
    expect(await stateOf(names.user, 'eve')).toEqual({});
    const again = await store.acquire('next', { leaseMs: 10_000 });
    expect(await store.collect(again, 'eve')).toEqual([]);
    await store.delete('next');
  });

  test('after a lost answer the store says what it has, and the rest follows', async () => {
    const store = open();
    const lease = await store.acquire('lost', { leaseMs: 10_000 });
    await store.append(lease, someRecords('lost', 1, 3));
    await expect(store.append(lease, someRecords('lost', 1, 5))).rejects.toMatchObject({ code: 'store_gap', seq: 3 });
    await store.append(lease, someRecords('lost', 4, 5));
    expect(await store.read('lost', 0)).toHaveLength(5);
  });

  test('a server that is not there, knows no such service or does not answer is unavailable, and says what to do', async () => {
    const said = (options: Partial<RestateStoreOptions>) =>
      refusal(restateStore({ ingress: server.ingressUrl, ...options }).acquire('a', { leaseMs: 1_000 }));
    expect(await said({ ingress: 'http://127.0.0.1:2' })).toMatch(
      /127\.0\.0\.1:2 cannot be reached .*ECONNREFUSED.* Start it/,
    );
    expect(await said({ ingress: `${server.ingressUrl}/elsewhere` })).toMatch(/404.*meanwhile worker/);
    const nobody = ['http://127.0.0.1:2', 'http://127.0.0.1:3'];
    expect(await said({ ingress: nobody })).toMatch(/127\.0\.0\.1:3 cannot be reached/);
    expect(await said({ timeoutMs: 0 })).toMatch(/has not answered within 0 ms/);
  });

  test('a session that a newer worker has kept is refused, and left as it is', async () => {
    const store = open();
    const lease = await store.acquire('newer', { leaseMs: 10_000 });
    const state = await stateOf(names.session, 'newer');
    await writeState('newer', { ...state, head: { ...(state['head'] as Head), v: 99 } });
    for (const call of [
      () => store.read('newer', 0),
      () => store.append(lease, someRecords('newer', 1, 1)),
      () => store.renew(lease, 1),
    ]) {
      const error: unknown = await call().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'store_newer_version' });
      expect(String(error)).toMatch(/has version 99; this worker reads up to 1\. Upgrade/);
    }
    expect(await stateOf(names.session, 'newer')).toMatchObject({ head: { v: 99 } });
    await writeState('newer', state);
    await store.delete('newer');
  });

  test('of several addresses one that answers is found, and kept to', async () => {
    const store = restateStore({ ingress: ['http://127.0.0.1:2', 'http://127.0.0.1:3', `${server.ingressUrl}/`] });
    expect(await store.read('of nobody', 0)).toEqual([]);
    expect(await store.read('of nobody', 0)).toEqual([]);
  });

  test('a call under way fails when the store is closed', async () => {
    const store = open();
    const call = store.acquire('closing', { leaseMs: 1_000 });
    await store.close();
    expect(await refusal(call)).toContain('was closed');
  });
});

/** The message of a StoreError `store_unavailable`. */
async function refusal(call: Promise<unknown>): Promise<string> {
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StoreError);
  expect(error).toMatchObject({ code: 'store_unavailable' });
  return (error as StoreError).message;
}

function longer(record: SessionRecord & { type: 'message_added' }, length: number): SessionRecord {
  const parts = [{ type: 'text', text: `${String(record.seq)} ${'x'.repeat(length)}` }] as const;
  return { ...record, message: { ...record.message, parts } };
}

async function readOn(store: SessionStore, sessionId: string, after: number): Promise<SessionRecord[]> {
  const records: SessionRecord[] = [];
  for (;;) {
    const some = await store.read(sessionId, after + records.length);
    if (some.length === 0) return records;
    records.push(...some);
  }
}

/** Straight into the object's state, past its handlers. */
async function damage(sessionId: string, seq: number, text: string): Promise<void> {
  const state = await stateOf(names.session, sessionId);
  const chunk = fullChunks(seq - 1);
  const head = state['head'] as Head;
  const { kept } = head;
  const overwrite = (texts: Chunk): Chunk => texts.with((seq - 1) % chunkSize, text);
  if (kept && fullChunks(kept.seq) === chunk)
    state['head'] = { ...head, kept: { ...kept, tail: overwrite(kept.tail) } };
  else state[chunkKey(chunk)] = overwrite(state[chunkKey(chunk)] as Chunk);
  await writeState(sessionId, state);
}

async function stateOf(service: string, id: string): Promise<Record<string, unknown>> {
  const where = `service_name = '${service}' AND service_key = '${keyOf(id)}'`;
  const response = await fetch(`${server.adminUrl}/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query: `SELECT key, value_utf8 FROM state WHERE ${where}` }),
  });
  const { rows } = (await response.json()) as { rows: { key: string; value_utf8: string }[] };
  const values = rows.map((row) => [row.key, JSON.parse(row.value_utf8) as unknown] as const);
  return Object.fromEntries(values.sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function writeState(sessionId: string, state: Record<string, unknown>): Promise<void> {
  const bytes: Record<string, number[]> = {};
  for (const [key, value] of Object.entries(state)) bytes[key] = [...Buffer.from(JSON.stringify(value))];
  const response = await fetch(`${server.adminUrl}/services/${names.session}/state`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ object_key: keyOf(sessionId), new_state: bytes }),
  });
  expect(response.status).toBe(202);
  // Accepted: soon it will be so.
  while (JSON.stringify(await stateOf(names.session, sessionId)) !== JSON.stringify(state));
}
