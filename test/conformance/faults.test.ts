import { conformanceCases } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import rules from '../../rules/conformance.json' with { type: 'json' };
import { faults } from './faults.ts';

const byId = new Map(conformanceCases.map((each) => [each.id, each]));

describe.each(faults)('a host where $fault', ({ host, caughtBy }) => {
  test.each(caughtBy)('fails %s', async (id) => {
    await expect(byId.get(id)?.run(host)).rejects.toThrow('What happened:');
  });
});

test('every case has found a fault: one of a host above, or one of the engine in rules/conformance.json', () => {
  const found = new Set([
    ...faults.flatMap(({ caughtBy }) => caughtBy),
    ...rules.flatMap(({ name }) => /(\S+):/.exec(name)?.[1] ?? []),
  ]);
  expect([...byId.keys()].filter((id) => !found.has(id))).toEqual([]);
});
