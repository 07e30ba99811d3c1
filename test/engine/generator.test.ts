/** A generator as a body (S1.6). */
import { describe, expect, test } from 'vitest';
import { drain, isGenerator } from '../../src/engine/generator.ts';

const never = () => false;

describe('what is one', () => {
  test('S1.6 both kinds of generator are', () => {
    expect(isGenerator((function* () {})())).toBe(true);
    expect(isGenerator((async function* () {})())).toBe(true);
  });

  const it = { next: () => undefined, throw: () => undefined };
  test.each<[string, unknown]>([
    ['the iterator of a list', [1].values()],
    ['the iterator of a Map', new Map().entries()],
    ['nothing', undefined],
    ['null', null],
    ['a text', 'next'],
    ['an iterator that cannot be iterated', it],
    ['one whose next is no function', { ...it, next: 1, [Symbol.iterator]: () => it }],
    ['one whose throw is no function', { ...it, throw: 1, [Symbol.iterator]: () => it }],
    ['one without next', { throw: it.throw, [Symbol.iterator]: () => it }],
    ['one without throw', { next: it.next, [Symbol.iterator]: () => it }],
  ])('S1.6 %s is not', (_name, value) => {
    expect(isGenerator(value)).toBe(false);
  });
});

describe('run', () => {
  test('S1.6 each yield is an update, in order, the return value the result', async () => {
    const told: unknown[] = [];
    const update = async (message: unknown) => void told.push(message);
    const body = (function* () {
      yield 'one';
      yield 'two';
      return 'done';
    })();
    expect(await drain(body, update, never)).toBe('done');
    expect(told).toEqual(['one', 'two']);
  });

  test('S1.6 an update that is refused throws where it was yielded, and may be caught there', async () => {
    const refuse = () => Promise.reject(new Error('refused'));
    const catching = (function* () {
      try {
        yield 'one';
      } catch (error) {
        return (error as Error).message;
      }
      return 'no';
    })();
    expect(await drain(catching, refuse, never)).toBe('refused');
    const iterator = { next: () => ({ done: false, value: 1 }) } as unknown as Iterator<unknown>;
    await expect(drain(iterator, refuse, never)).rejects.toThrow('refused');
  });

  test('S1.6 S5.3 after its end it is not asked for more, and its cleanup runs', async () => {
    const seen: string[] = [];
    let hasEnded = false;
    const body = (function* () {
      try {
        seen.push('one');
        yield 'one';
        seen.push('two');
        yield 'two';
        seen.push('three');
      } finally {
        seen.push('cleaned up');
      }
    })();
    const update = async () => void (hasEnded = true);
    expect(await drain(body, update, () => hasEnded)).toBeUndefined();
    expect(seen).toEqual(['one', 'two', 'cleaned up']);
    const bare = { next: () => ({ done: false, value: 1 }) } as unknown as Iterator<unknown>;
    expect(await drain(bare, update, () => true)).toBeUndefined();
  });
});
