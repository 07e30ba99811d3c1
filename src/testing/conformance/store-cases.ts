/** What every store must do: order, fencing, leases, snapshots, finding and forgetting; outboxes (`outbox-cases.ts`). */
import assert from 'node:assert/strict';
import type { SessionRecord, SessionStore } from '../../index.ts';
import { outboxCases } from './outbox-cases.ts';
import { defineStoreCase, refused, someRecords, type StoreCase } from './store-case.ts';

const leaseMs = 10_000;

export const storeCases: readonly StoreCase[] = [
  defineStoreCase({
    id: 'append-read',
    behaviour: 'What was appended is read in order, the same to the last character, from any position, by anybody.',
    play: async ({ a, b, sessionId }) => {
      const records = someRecords(sessionId, 1, 5);
      const lease = await a.acquire(sessionId, { leaseMs });
      assert.equal(lease.seq, 0, 'Expected a new session to have no record.');
      await a.append(lease, records.slice(0, 2));
      await a.append(lease, records.slice(2));
      assert.deepEqual(await readAll(b, sessionId), records);
      assert.deepEqual(await b.read(sessionId, 3), records.slice(3));
      assert.deepEqual(await b.read(sessionId, 1, 2), records.slice(1, 3), 'Expected at most `limit` records.');
      assert.deepEqual(await b.read(sessionId, 5), [], 'Expected nothing at the end.');
    },
  }),

  defineStoreCase({
    id: 'unknown-session',
    behaviour: 'A session that nobody took has no records and no snapshot, and reading it does not make it.',
    play: async ({ a, sessionId, userKey }) => {
      assert.deepEqual(await a.read(sessionId, 0), []);
      assert.equal(await a.snapshot(sessionId), undefined);
      assert.deepEqual(await a.find(userKey), []);
    },
  }),

  defineStoreCase({
    id: 'long-read',
    behaviour: 'However long a session is, reading on from the last record that was given reaches its end.',
    play: async ({ a, b, sessionId }) => {
      const records = someRecords(sessionId, 1, 2_500);
      await a.append(await a.acquire(sessionId, { leaseMs }), records);
      assert.deepEqual(await readAll(b, sessionId), records);
    },
  }),

  defineStoreCase({
    id: 'gap',
    behaviour: 'Records that do not follow the last one are refused, all of them, with the number of the last.',
    play: async ({ a, sessionId }) => {
      const records = someRecords(sessionId, 1, 6);
      const lease = await a.acquire(sessionId, { leaseMs });
      await a.append(lease, records.slice(0, 2));
      const ahead = await refused(a.append(lease, records.slice(3)), 'store_gap');
      assert.equal(ahead.seq, 2);
      const again = await refused(a.append(lease, records.slice(1, 4)), 'store_gap');
      assert.equal(again.seq, 2, 'Expected the last record, so that the rest can follow after a lost answer.');
      await refused(a.append(lease, [...records.slice(2, 4), ...records.slice(5)]), 'store_gap');
      assert.deepEqual(await readAll(a, sessionId), records.slice(0, 2));
      await a.append(lease, []);
    },
  }),

  defineStoreCase({
    id: 'leased',
    behaviour: 'While a lease runs nobody else gets the session, and is told when to ask again.',
    play: async ({ a, b, sessionId }) => {
      await a.acquire(sessionId, { leaseMs });
      const { retryInMs = 0 } = await refused(b.acquire(sessionId, { leaseMs }), 'store_leased');
      assert(
        retryInMs > 0 && retryInMs <= leaseMs,
        `Expected at most ${String(leaseMs)} ms, got ${String(retryInMs)}.`,
      );
    },
  }),

  defineStoreCase({
    id: 'released',
    behaviour: 'A lease that was given back can be taken at once; giving back an old one changes nothing.',
    play: async ({ a, b, sessionId }) => {
      const first = await a.acquire(sessionId, { leaseMs });
      await a.release(first);
      const second = await b.acquire(sessionId, { leaseMs });
      await a.release(first);
      await refused(a.acquire(sessionId, { leaseMs }), 'store_leased');
      assert(second.token > first.token, 'Expected tokens to grow.');
    },
  }),

  defineStoreCase({
    id: 'runs-out',
    behaviour: 'A lease that has run out can be taken by another; until then its holder may go on writing.',
    needs: ['time'],
    play: async ({ a, b, sessionId, pass }) => {
      const records = someRecords(sessionId, 1, 2);
      const first = await a.acquire(sessionId, { leaseMs });
      await pass(leaseMs - 1);
      await refused(b.acquire(sessionId, { leaseMs }), 'store_leased');
      await pass(1);
      await a.append(first, records);
      const second = await b.acquire(sessionId, { leaseMs });
      assert.equal(second.seq, 2, 'Expected the new holder to learn the last record.');
    },
  }),

  defineStoreCase({
    id: 'renewed',
    behaviour: 'A lease that is renewed runs from then on, for as long as was asked.',
    needs: ['time'],
    play: async ({ a, b, sessionId, pass }) => {
      const lease = await a.acquire(sessionId, { leaseMs });
      await pass(leaseMs - 1);
      await a.renew(lease, leaseMs);
      await pass(leaseMs - 1);
      await refused(b.acquire(sessionId, { leaseMs }), 'store_leased');
      await pass(1);
      await b.acquire(sessionId, { leaseMs });
    },
  }),

  defineStoreCase({
    id: 'fenced',
    behaviour: 'Whose session was taken can write nothing any more: no record, no snapshot, no renewal.',
    play: async ({ a, b, sessionId }) => {
      const records = someRecords(sessionId, 1, 3);
      const old = await a.acquire(sessionId, { leaseMs });
      await a.append(old, records.slice(0, 1));
      const lease = await b.acquire(sessionId, { leaseMs, takeOver: true });
      await refused(a.append(old, records.slice(1)), 'store_fenced');
      await refused(a.append(old, records), 'store_fenced');
      await refused(a.saveSnapshot(old, { seq: 1, data: 'old' }), 'store_fenced');
      await refused(a.renew(old, leaseMs), 'store_fenced');
      await b.append(lease, records.slice(1));
      assert.deepEqual(await readAll(a, sessionId), records);
      assert.equal(await a.snapshot(sessionId), undefined);
    },
  }),

  defineStoreCase({
    id: 'race',
    behaviour:
      'Of many who take a session at once exactly one gets it, and of its writes and the others’ only his are kept.',
    play: async ({ a, b, sessionId }) => {
      const tries = Array.from({ length: 10 }, (_, index) => (index % 2 ? a : b).acquire(sessionId, { leaseMs }));
      const taken = (await Promise.allSettled(tries)).flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []));
      assert.equal(taken.length, 1, `Expected one holder, got ${String(taken.length)}.`);
      const [lease] = taken;
      assert(lease);
      const records = someRecords(sessionId, 1, 4);
      const writes = await Promise.allSettled([
        a.append(lease, records.slice(0, 2)),
        b.append({ ...lease, token: lease.token - 1 }, records),
        b.append({ ...lease, token: lease.token + 1 }, records),
      ]);
      assert.deepEqual(
        writes.map((it) => it.status),
        ['fulfilled', 'rejected', 'rejected'],
      );
      assert.deepEqual(await readAll(b, sessionId), records.slice(0, 2));
    },
  }),

  defineStoreCase({
    id: 'snapshot',
    behaviour: 'The newest snapshot is given back as it was, whatever it says.',
    play: async ({ a, b, sessionId }) => {
      const lease = await a.acquire(sessionId, { leaseMs });
      await a.saveSnapshot(lease, { seq: 3, data: '{"first":1}' });
      await a.saveSnapshot(lease, { seq: 7, data: '🛫 "second" \n' });
      assert.deepEqual(await b.snapshot(sessionId), { seq: 7, data: '🛫 "second" \n' });
    },
  }),

  defineStoreCase({
    id: 'find',
    behaviour: 'The sessions of a user are found by his key, that touched last first, and no others.',
    needs: ['time'],
    play: async ({ a, b, sessionId, userKey, pass }) => {
      const other = `${sessionId}, the later`;
      const first = await a.acquire(sessionId, { leaseMs, userKey });
      await pass(10);
      await a.acquire(other, { leaseMs, userKey });
      await a.acquire(`${sessionId}, of nobody`, { leaseMs });
      assert.deepEqual(ids(await b.find(userKey)), [other, sessionId]);
      await pass(10);
      await a.append(first, someRecords(sessionId, 1, 2));
      const found = await b.find(userKey);
      assert.deepEqual(ids(found), [sessionId, other]);
      assert.equal(found[0]?.seq, 2);
      assert.equal(found[0]?.userKey, userKey);
      await a.acquire(sessionId, { leaseMs, takeOver: true });
      assert.equal((await b.find(userKey)).length, 2, 'Expected a session to keep its user where none is given.');
      for (const id of [other, `${sessionId}, of nobody`]) await a.delete(id);
    },
  }),

  defineStoreCase({
    id: 'delete',
    behaviour: 'A deleted session is gone with all it kept; who held it can write neither to it nor to its successor.',
    play: async ({ a, b, sessionId, userKey }) => {
      const records = someRecords(sessionId, 1, 2);
      const old = await a.acquire(sessionId, { leaseMs, userKey });
      await a.append(old, records);
      await a.saveSnapshot(old, { seq: 2, data: 'all' });
      await b.delete(sessionId);
      await b.delete(sessionId);
      assert.deepEqual(await a.read(sessionId, 0), []);
      assert.equal(await a.snapshot(sessionId), undefined);
      assert.deepEqual(await a.find(userKey), []);
      await refused(a.append(old, someRecords(sessionId, 3, 3)), 'store_fenced');
      const lease = await b.acquire(sessionId, { leaseMs });
      assert(lease.token > old.token, 'Expected tokens to grow over the whole store.');
      await refused(a.append(old, records), 'store_fenced');
      await b.append(lease, records.slice(0, 1));
    },
  }),

  defineStoreCase({
    id: 'expire',
    behaviour: 'Sessions that nobody holds and that were not touched for so long are deleted, all others kept.',
    needs: ['time'],
    play: async ({ a, b, sessionId, pass }) => {
      // What other cases left.
      await pass(leaseMs);
      await a.expire(0);
      const [idle, held, touched] = ['idle', 'held', 'touched'].map((name) => `${sessionId}, ${name}`) as [
        string,
        string,
        string,
      ];
      await a.release(await a.acquire(idle, { leaseMs }));
      await a.acquire(held, { leaseMs: 5_000_000 });
      const lease = await a.acquire(touched, { leaseMs });
      await pass(1_000_000);
      await a.append(lease, someRecords(touched, 1, 1));
      assert.equal(await b.expire(1_000_001), 0);
      assert.equal(await b.expire(1_000_000), 1);
      await refused(a.acquire(held, { leaseMs }), 'store_leased');
      assert.equal((await b.read(touched, 0)).length, 1);
      for (const id of [held, touched]) await a.delete(id);
    },
  }),

  defineStoreCase({
    id: 'newer-version',
    behaviour:
      'A record of a newer version is refused when it is read, by number and version; those before it are given.',
    play: async ({ a, b, sessionId }) => {
      const records = someRecords(sessionId, 1, 4);
      const newer = { ...records[2], v: 99 } as unknown as SessionRecord;
      await a.append(await a.acquire(sessionId, { leaseMs }), records.with(2, newer));
      assert.deepEqual(await b.read(sessionId, 0), records.slice(0, 2));
      const { seq, message } = await refused(b.read(sessionId, 2), 'store_newer_version');
      assert.equal(seq, 3);
      assert(message.includes('99'), `Expected the version in: ${message}`);
      assert.deepEqual(await b.read(sessionId, 3), records.slice(3));
    },
  }),

  defineStoreCase({
    id: 'truncated',
    behaviour: 'A last record that is not whole is refused when it is read; those before it are given.',
    needs: ['damage'],
    play: async ({ a, b, sessionId, damage }) => {
      const records = someRecords(sessionId, 1, 3);
      await a.append(await a.acquire(sessionId, { leaseMs }), records);
      await damage(3, JSON.stringify(records[2]).slice(0, 40));
      assert.deepEqual(await b.read(sessionId, 0), records.slice(0, 2));
      assert.equal((await refused(b.read(sessionId, 2), 'store_corrupt')).seq, 3);
      await damage(3, JSON.stringify(records[1]));
      assert.equal((await refused(b.read(sessionId, 2), 'store_corrupt')).seq, 3);
    },
  }),

  defineStoreCase({
    id: 'closed',
    behaviour: 'A closed store refuses everything, and harms no other over the same data.',
    play: async ({ a, b, sessionId }) => {
      const lease = await a.acquire(sessionId, { leaseMs });
      await b.append(lease, someRecords(sessionId, 1, 1));
      await b.close();
      await refused(b.read(sessionId, 0), 'store_unavailable');
      await refused(b.append(lease, someRecords(sessionId, 2, 2)), 'store_unavailable');
      assert.equal((await a.read(sessionId, 0)).length, 1);
    },
  }),

  ...outboxCases,
];

async function readAll(store: SessionStore, sessionId: string): Promise<SessionRecord[]> {
  const records: SessionRecord[] = [];
  for (;;) {
    const batch = await store.read(sessionId, records.length);
    if (batch.length === 0) return records;
    records.push(...batch);
  }
}

function ids(found: readonly { readonly sessionId: string }[]): string[] {
  return found.map((each) => each.sessionId);
}
