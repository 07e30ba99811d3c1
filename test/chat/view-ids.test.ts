import { describe, expect, test } from 'vitest';
import { nineLetters, WireIds } from '../../src/chat/view-ids.ts';

const rules = { idPattern: /^[A-Za-z0-9_-]+$/, idMax: 20 };

describe('the id on the wire', () => {
  test("is the provider's, where it fits", () => {
    expect(new WireIds(rules).take('ours', 'theirs')).toBe('theirs');
  });

  test("is ours, where the provider's is too long, has other characters, or is taken", () => {
    const ids = new WireIds(rules);
    expect(ids.take('a', 'x'.repeat(21))).toBe('a');
    expect(ids.take('b', 'functions.search:0')).toBe('b');
    expect(ids.take('c', 'same')).toBe('same');
    expect(ids.take('d', 'same')).toBe('d');
  });

  test('is a short one made of ours, where neither fits', () => {
    const ours = 'call_that_is_too_long_for_it';
    expect(new WireIds(rules).take(ours)).toBe(nineLetters(ours));
    expect(nineLetters(ours)).toMatch(/^[A-Za-z0-9]{9}$/);
  });

  test('is never given twice', () => {
    const ids = new WireIds({ idPattern: /^[A-Za-z0-9]{9}$/, idMax: 9 });
    const taken = Array.from({ length: 1000 }, () => ids.take('the same one'));
    expect(new Set(taken).size).toBe(1000);
    expect(taken.every((id) => /^[A-Za-z0-9]{9}$/.test(id))).toBe(true);
  });

  test('does not collide within a hundred thousand calls', () => {
    const letters = new Set<string>();
    for (let index = 0; index < 100_000; index += 1) letters.add(nineLetters(`call_${String(index)}`));
    expect(letters.size).toBe(100_000);
  });

  // A conversation that goes on under another version of this code keeps its ids, and the provider its cache.
  test.each([
    ['', 'X3QaaL7IF'],
    ['a', 'FNI3XjbJa'],
    ['call_1', '9x8Wd4YMM'],
    ['call_that_is_too_long_for_it', '1O7aNHI5D'],
    ['é☃', 'h6clPQUiY'],
  ])('of %j is always the same', (text, id) => {
    expect(nineLetters(text)).toBe(id);
  });

  test('is tried again with a number behind it, from 1', () => {
    const ids = new WireIds({ idPattern: /^[A-Za-z0-9]{9}$/, idMax: 9 });
    expect([ids.take('x y'), ids.take('x y'), ids.take('x y')]).toEqual(['x y', 'x y#1', 'x y#2'].map(nineLetters));
  });

  test('may be exactly as long as is allowed', () => {
    expect(new WireIds(rules).take('x'.repeat(20))).toBe('x'.repeat(20));
  });
});
