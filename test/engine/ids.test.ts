/** Ids of calls (S2.2). */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { callIdOf, chooseCallId } from '../../src/engine/ids.ts';

const free = (): boolean => false;

test('S2.2 a provider\u2019s id that is fit and new is kept', () => {
  for (const id of ['call_1', 'toolu_01AbC-9', 'a', 'x'.repeat(48)]) expect(chooseCallId(id, free, 7)).toBe(id);
});

test('S2.2 one that is used, unfit, too long for its records, or looks like a record\u2019s, is replaced', () => {
  const used = new Set(['same', 'call_7']);
  for (const id of ['same', '', 'a:b', 'é', 'x'.repeat(49), 'call_1_final', 'call_1_update_12']) {
    expect(chooseCallId(id, (it) => used.has(it), 7)).toBe('call_8');
  }
});

test('S2.2 a record’s id says which call it is of; what looks like one further in front does not', () => {
  for (const id of ['call_1', 'call_1_update_1', 'call_1_update_12', 'call_1_final', 'call_1_handoff']) {
    expect(callIdOf(id)).toBe('call_1');
  }
  for (const id of ['a_final_b', 'a_update_', 'a_update_1x', 'final']) expect(callIdOf(id)).toBe(id);
  expect(chooseCallId('a_final_b', free, 7)).toBe('a_final_b');
});

test('S2.2 whatever the provider gives, ids are unique and all their records\u2019 ids are fit', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.constantFrom('call_1', 'call_2', 'call_1_final')), { maxLength: 30 }),
      (given) => {
        const used = new Set<string>();
        for (const [index, wireId] of given.entries()) used.add(chooseCallId(wireId, (id) => used.has(id), index));
        expect(used.size).toBe(given.length);
        const records = [...used].flatMap((id) => [`${id}_update_9999999`, `${id}_final`]);
        for (const id of records) expect(id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        expect(records.some((id) => used.has(id))).toBe(false);
      },
    ),
  );
});
