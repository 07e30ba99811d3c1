import {
  conformanceCases,
  createScriptedHost,
  planConformance,
  runConformance,
  type ConformanceCase,
} from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { faults } from './faults.ts';

const host = createScriptedHost();

test('ids are unique, each case names its rules, and its behaviour is a sentence', () => {
  const ids = conformanceCases.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { rules, behaviour } of conformanceCases) {
    expect(rules.join(' ')).toMatch(/^S\d+\.\d+( S\d+\.\d+)*$/);
    expect(behaviour).toMatch(/\.$/);
  }
});

test('a case whose needs the host does not meet is skipped, saying which', () => {
  const mute = createScriptedHost({ capabilities: { interrupt: false } });
  const planned = planConformance(mute).find(({ id }) => id === 'interrupt');
  expect(planned?.skip).toBe('the host does not have: interrupt');
  expect(planned?.title).toContain('(skipped: the host does not have: interrupt)');
});

test('a skip carries a reason', () => {
  const planned = planConformance(host, { skip: { 'max-hold': 'it has no gaps' } });
  expect(planned.find(({ id }) => id === 'max-hold')?.skip).toBe('it has no gaps');
  expect(() => planConformance(host, { skip: { 'max-hold': ' ' } })).toThrow('expected a reason to skip "max-hold"');
  expect(() => planConformance(host, { skip: { 'max-hole': 'x' } })).toThrow('there is no case "max-hole"');
});

const cases = conformanceCases.filter(({ id }) => ['inline', 'interrupt', 'max-hold'].includes(id));

test('runConformance runs them without a test runner, and prints what was skipped', async () => {
  const lines: string[] = [];
  const results = await runConformance(host, {
    cases,
    skip: { 'max-hold': 'no gaps' },
    print: (line) => lines.push(line),
  });
  expect(results).toEqual([
    { id: 'inline', state: 'passed' },
    { id: 'interrupt', state: 'passed' },
    { id: 'max-hold', state: 'skipped', reason: 'no gaps' },
  ]);
  expect(lines).toEqual(['skipped  max-hold: no gaps']);
});

test('a failure shows what was expected and what happened, and the others are run all the same', async () => {
  const lines: string[] = [];
  const deaf = faults.find(({ fault }) => fault === 'it cuts itself for nothing')?.host ?? host;
  const broken: ConformanceCase = { ...cases[0], id: 'broken', run: () => Promise.reject(new Error('mine')) } as never;
  const run = runConformance(deaf, { cases: [broken, ...cases], print: (line) => lines.push(line) });
  await expect(run).rejects.toThrow('2 of 4 cases failed.');
  expect(lines[0]).toContain('failed');
  expect(lines[0]).toContain('mine');
  expect(lines[1]).toContain('Expected the model to be asked for a reply; it was not.');
  expect(lines[1]).toMatch(/What happened:\n +0 ms {2}session_opened\n +0 ms {2}task_started call_1/);
});
