/** The keeper alone: order, waiting, a store in every mood, the lease. */
import { expect, test } from 'vitest';
import { someRecords } from '../../src/testing/conformance/store-case.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import { hold } from '../../src/session/keeper.ts';
import { memory } from '../../src/store/index.ts';
import type { SessionStore } from '../../src/index.ts';
import { moodyStore } from '../support/store.ts';

const leaseMs = 15_000;

async function createKeeper(scope: SessionStore['scope'] = 'machine') {
  const clock = createVirtualClock();
  const data = memory({ clock });
  const store = moodyStore(data, scope);
  const news: string[] = [];
  const keeper = await hold(
    'call',
    {},
    {
      store,
      clock,
      leaseMs,
      onTrouble: (error) => news.push(`trouble: ${(error as Error).message}`),
      onRecovered: () => news.push('recovered'),
      onSilenced: () => news.push('silenced'),
      onRenewed: () => undefined,
      onKept: () => undefined,
      onHeard: () => news.push('heard'),
      onLost: (error) => news.push(`lost: ${error.code}`),
    },
  );
  const take = (from: number, to: number): void => {
    for (const record of someRecords('call', from, to)) keeper.take(record);
  };
  const kept = async (): Promise<number> => (await data.read('call', 0)).length;
  return { clock, data, store, keeper, news, take, kept };
}

async function isSettled(promise: Promise<void> | undefined): Promise<boolean> {
  const open = Symbol('open');
  return (await Promise.race([promise, Promise.resolve().then(() => open)])) !== open;
}

test('what is committed in one go is one append, and what comes meanwhile the next', async () => {
  const { keeper, take, kept, store, clock } = await createKeeper();
  expect(keeper.whenKept()).toBeUndefined();
  take(1, 3);
  const first = keeper.whenKept();
  await Promise.resolve();
  take(4, 9);
  await first;
  await keeper.whenKept();
  expect(keeper.whenKept()).toBeUndefined();
  expect([await kept(), store.appends]).toEqual([9, 2]);
  await clock.advance(0);
});

test('a snapshot is written behind all records, or not at all, and a store that refuses it harms nobody', async () => {
  const { keeper, take, store, clock } = await createKeeper();
  take(1, 3);
  await keeper.saveSnapshot({ seq: 3, data: 'early' });
  expect(await store.snapshot('call')).toBeUndefined();
  await keeper.whenKept();
  await keeper.saveSnapshot({ seq: 3, data: 'whole' });
  expect(await store.snapshot('call')).toEqual({ seq: 3, data: 'whole' });
  store.mood = 'fails';
  await keeper.saveSnapshot({ seq: 3, data: 'later' });
  await clock.advance(0);
});

test('who waits for what is in this append does not wait for the next', async () => {
  const { keeper, take, store, clock } = await createKeeper();
  take(1, 1);
  const first = keeper.whenKept();
  await Promise.resolve();
  take(2, 2);
  store.mood = 'hangs';
  await first;
  expect(await isSettled(keeper.whenKept())).toBe(false);
  await clock.advance(2000);
});

test('a store that fails is told of once, nobody waits for it, and it gets everything in order when it works again', async () => {
  const { keeper, take, kept, store, clock, news } = await createKeeper();
  store.mood = 'fails';
  take(1, 2);
  await keeper.whenKept();
  take(3, 4);
  expect(keeper.whenKept()).toBeUndefined();
  await clock.advance(10_000);
  take(5, 5);
  expect(await kept()).toBe(0);
  store.mood = 'works';
  await clock.advance(1000);
  expect(await kept()).toBe(5);
  expect(news).toEqual(['trouble: There is no room left.', 'recovered']);
});

test('a store that does not answer is waited for two seconds', async () => {
  const { keeper, take, store, clock, news, kept } = await createKeeper();
  store.mood = 'hangs';
  take(1, 2);
  const waiting = keeper.whenKept();
  await clock.advance(1999);
  expect(await isSettled(waiting)).toBe(false);
  await clock.advance(1);
  expect(await isSettled(waiting)).toBe(true);
  expect(news).toEqual(['trouble: The store has not answered within 2000 ms.']);
  store.mood = 'works';
  await clock.advance(1000);
  expect(await kept()).toBe(2);
});

test('an append whose answer was lost is not written twice, and what follows is', async () => {
  const { take, kept, store, clock, news } = await createKeeper();
  store.mood = 'loses answers';
  take(1, 2);
  await clock.advance(1);
  expect(await kept()).toBe(2);
  take(3, 4);
  store.mood = 'works';
  await clock.advance(1000);
  expect(await kept()).toBe(4);
  expect(news).toEqual(['trouble: The connection was cut.', 'recovered']);
});

test('the lease is renewed as long as the session lives, and given back at its end with everything kept', async () => {
  const { keeper, take, data, clock } = await createKeeper();
  await clock.advance(10 * leaseMs);
  await expect(data.acquire('call', { leaseMs })).rejects.toMatchObject({ code: 'store_leased' });
  take(1, 2);
  await keeper.close();
  expect(await data.acquire('call', { leaseMs })).toMatchObject({ seq: 2 });
  expect(clock.pending()).toEqual([]);
});

test('at its end a store that failed is asked once more', async () => {
  const { keeper, take, data, store, clock } = await createKeeper();
  store.mood = 'fails';
  take(1, 2);
  await clock.advance(1);
  store.mood = 'works';
  await keeper.close();
  expect(await data.acquire('call', { leaseMs })).toMatchObject({ seq: 2 });
  expect(clock.pending()).toEqual([]);
});

test('over a network it falls silent before the lease can have run out, and is heard again when that is renewed', async () => {
  const { keeper, store, clock, news } = await createKeeper('network');
  await clock.advance(5000);
  store.mood = 'fails';
  await clock.advance(11_999);
  expect(news).toEqual([]);
  await clock.advance(1);
  expect(news).toEqual(['silenced']);
  const waiting = keeper.whenKept();
  expect(await isSettled(waiting)).toBe(false);
  store.mood = 'works';
  await clock.advance(5000);
  expect(news).toEqual(['silenced', 'heard']);
  expect(await isSettled(waiting)).toBe(true);
});

test('a renewal that was never answered does not silence a lease that was renewed after it', async () => {
  const { store, clock, news } = await createKeeper('network');
  store.mood = 'hangs';
  await clock.advance(5001);
  store.mood = 'works';
  await clock.advance(60_000);
  expect(news).toEqual([]);
});

test('on one machine nobody is silenced: who would take the session has the same disk', async () => {
  const { keeper, store, clock, news } = await createKeeper('machine');
  store.mood = 'fails';
  await clock.advance(100_000);
  expect(news).toEqual([]);
  expect(keeper.whenKept()).toBeUndefined();
});

test('whose session was taken loses it with the next write, says so, and writes nothing more', async () => {
  const { keeper, take, data, clock, news, kept } = await createKeeper();
  take(1, 2);
  await keeper.whenKept();
  await data.acquire('call', { leaseMs, takeOver: true });
  take(3, 3);
  await keeper.whenKept();
  expect(news).toEqual(['lost: store_fenced']);
  take(4, 4);
  expect(keeper.whenKept()).toBeUndefined();
  await clock.advance(0);
  expect(await kept()).toBe(2);
  expect(clock.pending()).toEqual([]);
});

test('whose session was taken and who writes nothing learns of it when he renews', async () => {
  const { data, clock, news } = await createKeeper();
  await data.acquire('call', { leaseMs, takeOver: true });
  await clock.advance(5000);
  expect(news).toEqual(['lost: store_fenced']);
  expect(clock.pending()).toEqual([]);
});
