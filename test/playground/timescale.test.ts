import { expect, test } from 'vitest';
import { pan, scaleOf, ticks, zoom, type View } from '../../playground/src/timescale.ts';

const minute: View = { lengthMs: 60_000, endsAt: undefined };

test('the present lies near the right border, with a little room behind it', () => {
  const { from, to, x } = scaleOf(minute, 100_000, 1_000);
  expect({ from, to }).toEqual({ from: 43_600, to: 103_600 });
  expect(x(100_000)).toBeCloseTo(940);
  expect(x(43_600)).toBe(0);
});

test('what lies outside of the view lies at its border', () => {
  const { x } = scaleOf(minute, 100_000, 1_000);
  expect([x(0), x(999_999)]).toEqual([0, 1_000]);
});

test('a view that was moved stays where it is; moved to the present it follows it again', () => {
  const earlier = pan(minute, -1, 100_000);
  expect(earlier).toEqual({ lengthMs: 60_000, endsAt: 85_000 });
  expect(scaleOf(earlier, 500_000, 1_000)).toMatchObject({ to: 88_600 });
  expect(pan(earlier, 1, 100_000)).toEqual(minute);
});

test('zoom has steps and ends', () => {
  expect(zoom(minute, 1).lengthMs).toBe(120_000);
  expect(zoom(minute, -1).lengthMs).toBe(20_000);
  expect(zoom({ lengthMs: 10_000, endsAt: 5 }, -1)).toEqual({ lengthMs: 10_000, endsAt: 5 });
  expect(zoom({ lengthMs: 900_000, endsAt: 5 }, 1)).toEqual({ lengthMs: 900_000, endsAt: 5 });
});

test.each([
  [10_000, 2_000],
  [60_000, 10_000],
  [900_000, 120_000],
])('of %d ms there is a mark every %d ms, from the beginning on', (length, every) => {
  const marks = ticks({ from: 7_000 - length / 2, to: 7_000 + length / 2 }, 1_234);
  expect(marks.length).toBeLessThanOrEqual(8);
  for (const at of marks) expect((at - 1_234) % every).toBe(0);
  expect(marks[0]).toBeGreaterThanOrEqual(1_234);
});
