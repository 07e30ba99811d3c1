import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as heads from '../../src/restate/store-head.ts';
import { chunkKey, chunkSize, noHead, textKey, type Chunk, type Head } from '../../src/restate/store-head.ts';

const leaseMs = 1_000;

function taken(head: Head = noHead, now = 0): Head {
  return heads.acquire(head, { leaseMs }, now).head ?? noHead;
}

test('what was appended in any portions stands in full chunks, long texts beside them, and the rest in the head', () => {
  const text = fc.oneof(fc.string(), fc.constant('x'.repeat(2_001)));
  fc.assert(
    fc.property(fc.array(fc.array(text, { maxLength: 3 * chunkSize })), (portions) => {
      let head = taken();
      const values = new Map<string, Chunk | string>();
      for (const texts of portions) {
        const decision = heads.append(head, { token: 1, first: (head.kept?.seq ?? 0) + 1, texts }, 5);
        expect(decision.answer).toBeNull();
        for (const [key, value] of decision.values ?? []) {
          expect(values.has(key)).toBe(false);
          values.set(key, value);
        }
        head = decision.head ?? head;
      }
      const all = portions.flat();
      const chunks = Array.from(
        { length: heads.fullChunks(all.length) },
        (_, chunk) => values.get(chunkKey(chunk)) ?? [],
      );
      expect(chunks.every((chunk) => chunk.length === chunkSize)).toBe(true);
      const short = [...chunks.flat(), ...(head.kept?.tail ?? [])];
      expect(short.map((each, index) => each ?? values.get(textKey(index + 1)))).toEqual(all);
      expect(short.every((each) => each === null || each.length <= 2_000)).toBe(true);
      expect(head.kept).toMatchObject({ seq: all.length, ...(all.length === 0 ? {} : { touchedAt: 5 }) });
    }),
  );
});

describe('a lease', () => {
  test('is refused while another runs, to the millisecond, and taken with a newer token after it, or by force', () => {
    const head = taken(noHead, 100);
    expect(heads.acquire(head, { leaseMs }, 1_099)).toEqual({ answer: { refused: 'leased', retryInMs: 1 } });
    expect(heads.acquire(head, { leaseMs }, 1_100)).toMatchObject({ answer: { token: 2, seq: 0 } });
    expect(heads.acquire(head, { leaseMs, takeOver: true }, 101)).toMatchObject({ answer: { token: 2, seq: 0 } });
  });

  test('of a session that was deleted is good for nothing, and its successor has a newer token', () => {
    const deleted: Head = { v: 1, token: taken().token };
    expect(heads.heldBy(deleted, 1)).toBeUndefined();
    expect(heads.append(deleted, { token: 1, first: 1, texts: ['a'] }, 0)).toEqual(heads.fenced);
    expect(heads.lease(deleted, 1, 5)).toEqual(heads.fenced);
    expect(heads.acquire(deleted, { leaseMs }, 0)).toMatchObject({ answer: { token: 2, seq: 0 } });
  });

  test('keeps its user where none is given, and gets another where one is', () => {
    const ada = heads.acquire(noHead, { leaseMs, userKey: 'ada' }, 0).head ?? noHead;
    expect(heads.describe(taken(ada, leaseMs))).toMatchObject({ userKey: 'ada' });
    const bob = heads.acquire(ada, { leaseMs, userKey: 'bob', takeOver: true }, 0).head ?? noHead;
    expect(heads.describe(bob)).toEqual({ userKey: 'bob', seq: 0, touchedAt: 0, leasedUntil: leaseMs });
    expect(heads.describe(noHead)).toBeNull();
  });

  test('that is renewed or given back is not a touch; records are', () => {
    const renewed = heads.lease(taken(), 1, 9_000).head ?? noHead;
    expect(renewed.kept).toMatchObject({ leasedUntil: 9_000, touchedAt: 0 });
    expect(heads.lease(renewed, 2, 5)).toEqual(heads.fenced);
    expect(heads.isIdle(renewed, 100, 8_999)).toBe(false);
    expect(heads.isIdle(renewed, 9_000, 9_000)).toBe(true);
    expect(heads.isIdle(renewed, 9_001, 9_000)).toBe(false);
    expect(heads.isIdle(noHead, 0, 9_000)).toBe(false);
  });
});

test('records that do not follow are refused with the last, and nothing is an append that needs the lease', () => {
  const head = heads.append(taken(), { token: 1, first: 1, texts: ['a', 'b'] }, 0).head ?? noHead;
  expect(heads.append(head, { token: 1, first: 2, texts: ['b', 'c'] }, 0)).toEqual({
    answer: { refused: 'gap', seq: 2 },
  });
  expect(heads.append(head, { token: 1, first: 4, texts: ['d'] }, 0)).toEqual({ answer: { refused: 'gap', seq: 2 } });
  expect(heads.append(head, { token: 1, first: 0, texts: [] }, 0)).toEqual({ answer: null });
  expect(heads.append(head, { token: 2, first: 0, texts: [] }, 0)).toEqual(heads.fenced);
});
