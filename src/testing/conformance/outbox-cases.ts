/** What every store must do with results that wait for a user: each is told by one session, once. */
import assert from 'node:assert/strict';
import type { CollectedResult, SessionLease, SessionStore, UndeliveredResult } from '../../index.ts';
import { defineStoreCase, refused, type StoreCase, type StoreScene } from './store-case.ts';

const leaseMs = 10_000;

export const outboxCases: readonly StoreCase[] = [
  defineStoreCase({
    id: 'outbox-post',
    behaviour: 'What was posted is collected whole, in order, by a session of that user and of no other.',
    play: async ({ a, b, sessionId, userKey }) => {
      const ended = await a.acquire(sessionId, { leaseMs, userKey });
      const results = [
        aResult(sessionId, 1),
        aResult(sessionId, 2, { heard: 'Your "ä"', attempts: 1, expiresAt: 7.5 }),
      ];
      for (const result of results) await a.post(ended, userKey, result);
      const stranger = await acquire(b, `${sessionId}, a stranger's`);
      assert.deepEqual(await b.collect(stranger, `not ${userKey}`), []);
      const next = await acquire(b, `${sessionId}, the next`);
      assert.deepEqual(await b.collect(next, userKey), fresh(results));
      assert.deepEqual(await b.collect(next, userKey), fresh(results), 'Expected them again: they are not settled.');
      await clean(a, next, userKey, `${sessionId}, a stranger's`, `${sessionId}, the next`);
    },
  }),

  defineStoreCase({
    id: 'outbox-once',
    behaviour: 'Of many sessions that collect at once one gets the result; posting it again changes nothing.',
    play: async ({ a, b, sessionId, userKey }) => {
      const ended = await a.acquire(sessionId, { leaseMs });
      const result = aResult(sessionId, 1);
      await a.post(ended, userKey, result);
      await a.post(ended, userKey, { ...result, attempts: 2 });
      const names = ['w', 'x', 'y', 'z'].map((name) => `${sessionId}, ${name}`);
      const leases = await Promise.all(names.map((name, index) => acquire(index % 2 ? a : b, name)));
      const got = await Promise.all(leases.map((lease, index) => (index % 2 ? b : a).collect(lease, userKey)));
      assert.deepEqual(got.flat(), fresh([result]));
      await a.post(ended, userKey, result);
      assert.deepEqual((await Promise.all(leases.map((lease) => b.collect(lease, userKey)))).flat(), fresh([result]));
      const holder = leases[got.findIndex((each) => each.length > 0)];
      assert(holder);
      await clean(a, holder, userKey, ...names);
    },
  }),

  defineStoreCase({
    id: 'outbox-settle',
    behaviour: 'A settled result is gone for everybody, and a post of it that comes late does not bring it back.',
    play: async ({ a, b, sessionId, userKey }) => {
      const ended = await a.acquire(sessionId, { leaseMs });
      const result = aResult(sessionId, 1);
      await a.post(ended, userKey, result);
      const next = await acquire(b, `${sessionId}, the next`);
      const other = await acquire(a, `${sessionId}, another`);
      await b.collect(next, userKey);
      await a.settle(other, result.deliveryId);
      assert.equal((await b.collect(next, userKey)).length, 1, 'Expected only who has collected it to settle it.');
      await b.settle(next, result.deliveryId);
      await b.settle(next, result.deliveryId);
      await a.post(ended, userKey, result);
      await b.post(next, userKey, result);
      assert.deepEqual(await b.collect(next, userKey), []);
      assert.deepEqual(await a.collect(other, userKey), []);
      await clean(a, next, userKey, `${sessionId}, the next`, `${sessionId}, another`);
    },
  }),

  defineStoreCase({
    id: 'outbox-back',
    behaviour: 'Who has collected a result may post it back, as it is now; it waits for the next session as new.',
    play: async ({ a, b, sessionId, userKey }) => {
      const ended = await a.acquire(sessionId, { leaseMs });
      const result = aResult(sessionId, 1);
      await a.post(ended, userKey, result);
      await a.post(ended, userKey, aResult(sessionId, 2));
      const next = await acquire(b, `${sessionId}, the next`);
      await b.collect(next, userKey);
      const cut = { ...result, attempts: 1, heard: 'Your' };
      await b.post(next, userKey, cut);
      const last = await acquire(a, `${sessionId}, the last`);
      assert.deepEqual(await a.collect(last, userKey), fresh([cut]));
      await b.post(next, userKey, result);
      await b.settle(next, result.deliveryId);
      assert.deepEqual(await a.collect(last, userKey), fresh([cut]), 'Expected it to be the other’s now.');
      await clean(a, last, userKey, `${sessionId}, the last`);
      await clean(b, next, userKey, `${sessionId}, the next`);
    },
  }),

  defineStoreCase({
    id: 'outbox-dead',
    behaviour:
      'What a session has collected whose lease has run out, was given back, or that was deleted is collected again, and said to be.',
    needs: ['time'],
    play: async ({ a, b, sessionId, userKey, pass }) => {
      const ended = await a.acquire(sessionId, { leaseMs });
      const result = aResult(sessionId, 1);
      await a.post(ended, userKey, result);
      const [first, second, third, fourth] = ['1', '2', '3', '4'].map((name) => `${sessionId}, ${name}`) as [
        string,
        string,
        string,
        string,
      ];
      const frozen = await a.acquire(first, { leaseMs });
      await a.collect(frozen, userKey);
      const early = await acquire(b, second);
      assert.deepEqual(await b.collect(early, userKey), [], 'Expected it to stay with who holds his lease.');
      await pass(leaseMs);
      assert.deepEqual(await b.collect(early, userKey), [{ result, again: true }]);
      assert.deepEqual(await a.collect(frozen, userKey), [], 'Expected the one before to have lost it.');
      await a.settle(frozen, result.deliveryId);
      await b.release(early);
      const later = await acquire(b, third);
      assert.deepEqual(await b.collect(later, userKey), [{ result, again: true }]);
      await a.delete(third);
      await refused(b.settle(later, result.deliveryId), 'store_fenced');
      const last = await acquire(a, fourth);
      assert.deepEqual(await a.collect(last, userKey), [{ result, again: true }]);
      await clean(a, last, userKey, first, second, fourth);
    },
  }),

  defineStoreCase({
    id: 'outbox-fenced',
    behaviour: 'Whose session was taken can neither post nor collect nor settle.',
    play: async ({ a, b, sessionId, userKey }) => {
      const old = await a.acquire(sessionId, { leaseMs });
      const result = aResult(sessionId, 1);
      await a.post(old, userKey, result);
      const lease = await b.acquire(sessionId, { leaseMs, takeOver: true });
      await refused(a.post(old, userKey, aResult(sessionId, 2)), 'store_fenced');
      await refused(a.collect(old, userKey), 'store_fenced');
      assert.deepEqual(await b.collect(lease, userKey), fresh([result]));
      await refused(a.settle(old, result.deliveryId), 'store_fenced');
      assert.deepEqual(await b.collect(lease, userKey), fresh([result]));
      await clean(b, lease, userKey);
    },
  }),

  defineStoreCase({
    id: 'outbox-outlives',
    behaviour: 'What waits outlives the session it was asked for in; expiring forgets what has waited too long.',
    needs: ['time'],
    play: async ({ a, b, sessionId, userKey, pass }) => {
      const ended = await a.acquire(sessionId, { leaseMs });
      const [early, late] = [aResult(sessionId, 1), aResult(sessionId, 2)];
      await a.post(ended, userKey, early);
      await pass(1_000_000);
      await a.post(ended, userKey, late);
      await a.delete(sessionId);
      await b.expire(1_000_000);
      const next = await acquire(b, `${sessionId}, the next`);
      assert.deepEqual(await b.collect(next, userKey), fresh([late]));
      await clean(a, next, userKey, `${sessionId}, the next`);
    },
  }),
];

function aResult(sessionId: string, n: number, more: Partial<UndeliveredResult> = {}): UndeliveredResult {
  return {
    deliveryId: `${sessionId}/call_${String(n)}_final`,
    sessionId,
    toolCallId: `call_${String(n)}`,
    toolName: 'book_flight',
    args: { to: 'Tōkyō', stops: [1, null] },
    output: { type: 'text', text: `Booked: "${String(n)}" \u2028 \\ 🛫` },
    state: 'completed',
    endedAt: 1_000.5 + n,
    attempts: 0,
    ...more,
  };
}

function fresh(results: readonly UndeliveredResult[]): CollectedResult[] {
  return results.map((result) => ({ result, again: false }));
}

function acquire(store: StoreScene['a'], sessionId: string): Promise<SessionLease> {
  return store.acquire(sessionId, { leaseMs: 5 * leaseMs });
}

/** Nothing is left for another case. */
async function clean(store: SessionStore, by: SessionLease, userKey: string, ...sessions: string[]): Promise<void> {
  for (const { result } of await store.collect(by, userKey)) await store.settle(by, result.deliveryId);
  for (const sessionId of sessions) await store.delete(sessionId);
}
