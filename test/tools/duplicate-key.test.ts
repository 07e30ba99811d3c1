import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, duplicateKey, supersedeKey } from '../../src/tools/duplicate-key.ts';
import type { ToolPolicy } from '../../src/tools/policy.ts';

const book = (policy: Pick<ToolPolicy, 'duplicateKey' | 'supersedeKey'> = {}) => ({ name: 'book', policy });
const plain = (value: Record<string, string | number>) => ({ input: value, value });

/** The same value with the keys of every object in another order. */
function shuffled(value: unknown, order: (keys: string[]) => string[]): unknown {
  if (Array.isArray(value)) return value.map((it) => shuffled(it, order));
  if (typeof value !== 'object' || value === null) return value;
  const record = value as Record<string, unknown>;
  return Object.fromEntries(order(Object.keys(record)).map((key) => [key, shuffled(record[key], order)]));
}

describe('S4.1 the duplicate key', () => {
  test('S4.1 is the name and the arguments with sorted keys', () => {
    expect(duplicateKey(book(), plain({ to: 'Rome', from: 'Oslo' }))).toBe('book {"from":"Oslo","to":"Rome"}');
    expect(duplicateKey(book(), plain({ from: 'Oslo', to: 'Rome' }))).toBe('book {"from":"Oslo","to":"Rome"}');
    expect(duplicateKey(book({ duplicateKey: 'arguments' }), plain({}))).toBe('book {}');
  });

  test('S4.1 is the name alone, or what a function makes of the validated arguments', () => {
    expect(duplicateKey(book({ duplicateKey: 'name' }), plain({ a: 1 }))).toBe('book');
    const byRoute = book({ duplicateKey: (args) => (args as { to: string }).to.toLowerCase() });
    expect(duplicateKey(byRoute, { input: { to: 'X' }, value: { to: 'ROME' } })).toBe('book rome');
  });

  test('S4.1 always holds the name', () => {
    const same = { duplicateKey: () => 'same' };
    expect(duplicateKey({ name: 'a', policy: same }, plain({}))).not.toBe(
      duplicateKey({ name: 'b', policy: same }, plain({})),
    );
  });

  test('S4.1 compares after validation', () => {
    const one = duplicateKey(book(), { input: { day: '5' }, value: { day: 5 } });
    expect(one).toBe(duplicateKey(book(), { input: { day: 'five' }, value: { day: 5 } }));
  });

  test('S4.1 never makes two calls equal because JSON cannot tell their values apart', () => {
    const key = (id: string) => duplicateKey(book(), { input: { id }, value: { ids: new Set([id]) } });
    expect(key('a')).toBe('book {"id":"a"}');
    expect(key('a')).not.toBe(key('b'));
  });

  test('S4.1 refuses what is no string', () => {
    const wrong = book({ duplicateKey: (() => 7) as never, supersedeKey: (() => null) as never });
    expect(() => duplicateKey(wrong, plain({}))).toThrow('Tool "book": expected duplicateKey to give a string, got 7.');
    expect(() => supersedeKey(wrong, {})).toThrow('Tool "book": expected supersedeKey to give a string, got null.');
  });

  test('S4.1 writes plain values as it does where they stand inside another value', () => {
    const member = fc.oneof(
      fc.string(),
      fc.double(),
      fc.boolean(),
      fc.constantFrom(undefined, null, 1n, Symbol('s'), []),
    );
    const members = fc.dictionary(fc.string(), member, { noNullPrototype: true });
    fc.assert(
      fc.property(members, fc.boolean(), (plainly, withSymbol) => {
        const value = withSymbol ? { ...plainly, [Symbol('key')]: 1 } : plainly;
        const inside = canonicalJson([value]);
        expect(canonicalJson(value)).toBe(inside?.slice(1, -1));
      }),
    );
  });

  test('S4.1 does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.infiniteStream(fc.nat()), (value, numbers) => {
        const order = (keys: string[]) =>
          keys
            .map((key) => ({ key, at: numbers.next().value as number }))
            .sort((a, b) => a.at - b.at)
            .map((it) => it.key);
        expect(canonicalJson(shuffled(value, order))).toBe(canonicalJson(value));
      }),
    );
  });

  test('S4.1 differs for different arguments', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const equal = canonicalJson(one) === canonicalJson(other);
        expect(equal).toBe(
          JSON.stringify(shuffled(one, (it) => it.sort())) === JSON.stringify(shuffled(other, (it) => it.sort())),
        );
      }),
    );
  });

  test('S4.1 is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value) ?? '')).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

test('S3.6 the supersede key is taken as it is, or made of the arguments', () => {
  expect(supersedeKey(book(), {})).toBeUndefined();
  expect(supersedeKey(book({ supersedeKey: 'weather' }), {})).toBe('weather');
  const byCity = book({ supersedeKey: (args) => `weather in ${(args as { city: string }).city}` });
  expect(supersedeKey(byCity, { city: 'Oslo' })).toBe('weather in Oslo');
});
