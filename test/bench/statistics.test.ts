import { expect, test } from 'vitest';
import { median, spreadOf } from '../../bench/statistics.ts';

test('the spread of samples, in whatever order they come', () => {
  expect(spreadOf([5, 1, 4, 2, 3])).toEqual({ n: 5, min: 1, median: 3, p95: 4.8 });
});

test('of an even number the median lies between the two in the middle', () => {
  expect(median([10, 1, 2, 3])).toBe(2.5);
});

test('numbers are ordered as numbers, and the samples are left as they were', () => {
  const samples = [10, 9, 100];
  expect(median(samples)).toBe(10);
  expect(samples).toEqual([10, 9, 100]);
});

test('no samples are no figure', () => {
  expect(() => spreadOf([])).toThrow('Expected at least one sample, got none.');
});
