import { expect, test } from 'vitest';
import { add, emptyMap, emptySet, put, remove } from '../../src/chat/tables.ts';

test('the first entry makes a map of its own, the next ones are in it too', () => {
  const one = put(emptyMap<string, number>(), 'a', 1);
  const other = put(emptyMap<string, number>(), 'b', 2);
  expect(put(one, 'c', 3)).toBe(one);
  expect([[...one], [...other]]).toEqual([
    [
      ['a', 1],
      ['c', 3],
    ],
    [['b', 2]],
  ]);
  expect(emptyMap().size).toBe(0);
});

test('the first member makes a set of its own', () => {
  const one = add(emptySet<string>(), 'a');
  expect(add(one, 'b')).toBe(one);
  expect([[...one], emptySet().size]).toEqual([['a', 'b'], 0]);
});

test('what is removed is gone; what is not in it changes nothing', () => {
  const map = put(emptyMap<string, number>(), 'a', 1);
  const set = add(emptySet<string>(), 'a');
  for (const from of [map, set, emptyMap<string, number>(), emptySet<string>()]) remove(from, 'x');
  expect([map.size, set.size]).toEqual([1, 1]);
  for (const from of [map, set]) remove(from, 'a');
  expect([map.size, set.size]).toEqual([0, 0]);
});
