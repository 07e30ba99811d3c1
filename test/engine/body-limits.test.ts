/** How long a body may run, and how long without an update (S5.5). */
import { createVirtualClock } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { BodyLimits } from '../../src/engine/body-limits.ts';
import type { ToolPolicy } from '../../src/engine/seam.ts';

function limitsOf(policy: Pick<Partial<ToolPolicy>, 'timeoutMs' | 'noProgressTimeoutMs'>) {
  const clock = createVirtualClock();
  const begin = clock.now();
  const passed: unknown[] = [];
  const limits = new BodyLimits(clock, policy as ToolPolicy, ({ told }) => passed.push([clock.now() - begin, told]));
  return { clock, passed, limits };
}

test('S5.5 each names itself and its limit, counted from go', async () => {
  const { clock, passed, limits } = limitsOf({ timeoutMs: 100, noProgressTimeoutMs: 60 });
  await clock.advance(10);
  limits.go();
  await clock.advance(1000);
  expect(passed).toEqual([
    [70, { prompt: 'noProgress', limitMs: 60 }],
    [110, { prompt: 'timedOut', limitMs: 100 }],
  ]);
});

test('S5.5 an update starts the second over, never the first', async () => {
  const { clock, passed, limits } = limitsOf({ timeoutMs: 100, noProgressTimeoutMs: 60 });
  limits.go();
  await clock.advance(50);
  limits.touch();
  await clock.advance(55);
  expect(passed).toEqual([[100, { prompt: 'timedOut', limitMs: 100 }]]);
  await clock.advance(10);
  expect(passed).toHaveLength(2);
});

test('S5.5 while they are held neither counts; switched off, neither is armed', async () => {
  const { clock, passed, limits } = limitsOf({ timeoutMs: 100, noProgressTimeoutMs: 60 });
  limits.go();
  await clock.advance(50);
  limits.hold();
  expect(clock.pending()).toEqual([]);
  await clock.advance(1000);
  limits.go();
  expect(clock.pending().map(({ inMs }) => inMs)).toEqual([10, 50]);
  limits.off();
  expect(clock.pending()).toEqual([]);
  limits.go();
  await clock.advance(1000);
  expect(passed).toEqual([]);
});

test('S5.5 without limits there is none', async () => {
  const { clock, limits } = limitsOf({});
  limits.go();
  limits.touch();
  limits.hold();
  limits.off();
  expect(clock.pending()).toEqual([]);
});
