/** When a worker asks from the outside whether a body is to be aborted. */
import { createVirtualClock } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import type { AbortRequest } from '../../src/restate/entries.ts';
import { IdleWatch } from '../../src/restate/idle-watch.ts';

function create() {
  const clock = createVirtualClock();
  const asked: {
    readonly signal: AbortSignal;
    answer: (request: AbortRequest) => void;
    fail: (error: Error) => void;
  }[] = [];
  const aborts: AbortRequest[] = [];
  const watch = new IdleWatch(
    clock,
    (signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<AbortRequest>();
      asked.push({ signal, answer: resolve, fail: reject });
      return promise;
    },
    (request) => aborts.push(request),
  );
  return { clock, asked, aborts, watch };
}

test('asks when the body has been on its own for a second, and tells what it hears', async () => {
  const { clock, asked, aborts, watch } = create();
  watch.begin();
  watch.begin();
  await clock.advance(999);
  expect(asked).toHaveLength(0);
  await clock.advance(1);
  expect(asked).toHaveLength(1);
  asked[0]?.answer({ why: 'timeout' });
  await clock.settle();
  expect(aborts).toEqual([{ why: 'timeout' }]);
});

test('a body that comes back sooner is not asked for, and one that comes back later no longer', async () => {
  const { clock, asked, aborts, watch } = create();
  watch.begin();
  await clock.advance(999);
  watch.end();
  expect(clock.pending()).toEqual([]);
  watch.begin();
  await clock.advance(1_000);
  watch.end();
  expect(asked.map(({ signal }) => signal.aborted)).toEqual([true]);
  asked[0]?.answer({ why: 'cancelled' });
  await clock.settle();
  expect(aborts).toEqual([]);
  watch.begin();
  await clock.advance(1_000);
  expect(asked).toHaveLength(2);
});

test('what cannot be asked harms nobody', async () => {
  const { clock, asked, aborts, watch } = create();
  watch.begin();
  await clock.advance(1_000);
  asked[0]?.fail(new Error('away'));
  await clock.settle();
  expect(aborts).toEqual([]);
});
