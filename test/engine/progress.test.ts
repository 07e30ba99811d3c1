/** What counts as progress, and what is a value like any other (S2.1). */
import { expect, test } from 'vitest';
import { asProgress } from '../../src/engine/progress.ts';

test.each<[string, object]>([
  ['words', { message: 'Half way' }],
  ['a count', { progress: 1 }],
  ['a count of nothing', { progress: 0, total: 0 }],
  ['a total', { total: 3 }],
  ['data', { data: { row: 1 } }],
  ['data that is undefined', { data: undefined }],
  ['all of them', { message: 'Half way', progress: 1, total: 3, data: 1 }],
  ['an object without a prototype', Object.assign(Object.create(null) as object, { progress: 1 })],
])('S2.1 %s is progress, as it was given', (_name, message) => {
  expect(asProgress(message)).toBe(message);
});

test.each<[string, unknown]>([
  ['a text', 'message'],
  ['a function', () => 'message'],
  ['null', null],
  ['undefined', undefined],
  ['an empty object', {}],
  ['an object with another key', { progress: 1, page: 2 }],
  ['words that are no text', { message: 5 }],
  ['a count that is no number', { progress: '1' }],
  ['a count that never ends', { progress: Infinity }],
  ['a total that is no number', { progress: 1, total: Number.NaN }],
  [
    'an instance of a class',
    new (class {
      progress = 1;
    })(),
  ],
  ['a list', [1]],
])('S2.1 %s is a value like any other', (_name, message) => {
  expect(asProgress(message)).toBeUndefined();
});
