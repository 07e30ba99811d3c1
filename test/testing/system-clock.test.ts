import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';

const oneDayMs = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
});

afterEach(() => {
  vi.useRealTimers();
});

test('now() is the time of the platform', () => {
  expect(systemClock.now()).toBe(Date.UTC(2026, 0, 1));
  vi.advanceTimersByTime(1_500);
  expect(systemClock.now()).toBe(Date.UTC(2026, 0, 1) + 1_500);
});

test('a timer fires once, after its delay', () => {
  const fired = vi.fn<() => void>();
  systemClock.setTimeout(fired, 100);
  vi.advanceTimersByTime(99);
  expect(fired).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(fired).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(oneDayMs);
  expect(fired).toHaveBeenCalledTimes(1);
  expect(vi.getTimerCount()).toBe(0);
});

test.each([2 ** 31 - 1, 2 ** 31, 60 * oneDayMs, 365 * oneDayMs])(
  'a delay of %i ms is kept to the millisecond',
  (ms) => {
    const fired = vi.fn<() => void>();
    systemClock.setTimeout(fired, ms);
    vi.advanceTimersByTime(ms - 1);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledTimes(1);
  },
);

test('a long timer can be cleared in any part of its delay', () => {
  const fired = vi.fn<() => void>();
  const handle = systemClock.setTimeout(fired, 60 * oneDayMs);
  vi.advanceTimersByTime(40 * oneDayMs);
  systemClock.clearTimeout(handle);
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(40 * oneDayMs);
  expect(fired).not.toHaveBeenCalled();
});

test('Infinity never fires', () => {
  const fired = vi.fn<() => void>();
  const handle = systemClock.setTimeout(fired, Infinity);
  vi.advanceTimersByTime(365 * oneDayMs);
  expect(fired).not.toHaveBeenCalled();
  systemClock.clearTimeout(handle);
  expect(vi.getTimerCount()).toBe(0);
});

test.each([0, -5, -Infinity, Number.NaN])('a delay of %d ms fires as soon as possible, but not at once', (ms) => {
  const fired = vi.fn<() => void>();
  systemClock.setTimeout(fired, ms);
  expect(fired).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(fired).toHaveBeenCalledTimes(1);
});

test('clearing what is not armed does nothing', () => {
  const handle = systemClock.setTimeout(() => {}, 1);
  vi.advanceTimersByTime(1);
  systemClock.clearTimeout(handle);
  systemClock.clearTimeout(handle);
  systemClock.clearTimeout(undefined);
  systemClock.clearTimeout({});
});

test('nobody can change it', () => {
  expect(Object.isFrozen(systemClock)).toBe(true);
});
