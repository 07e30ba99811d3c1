import { expect, test } from 'vitest';
import { judgePatched, judgeUnpatched } from '../../scripts/rules/judge.ts';
import { ruleNumbers } from '../../scripts/rules/numbers.ts';
import type { RulePatch } from '../../scripts/rules/patch.ts';
import { toTable } from '../../scripts/rules/table.ts';
import type { TestRun } from '../../scripts/rules/vitest.ts';

const [firstRule = ''] = ruleNumbers;
const patch: RulePatch = {
  rule: firstRule,
  file: 'src/a.ts',
  find: 'one',
  replace: 'two',
  test: 'test/a.test.ts',
  name: 'is one',
};
const run = (status: string, failure = '', name = 'a is one'): TestRun => ({
  file: '/copy/test/a.test.ts',
  name,
  status,
  failure,
});
const reportOf = (...tests: TestRun[]) => ({ tests, broken: [] });

test('the numbers are those of the contract', () => {
  expect(ruleNumbers).toHaveLength(62);
});

test('a named test that fails with the patch proves the rule', () => {
  const report = reportOf(run('skipped', '', 'a is two'), run('failed', 'AssertionError: expected 2 to be 1'));
  expect(judgePatched(patch, report)).toEqual({ type: 'proven', test: 'a is one' });
});

test('a test that still passes has not caught the patch', () => {
  expect(judgePatched(patch, reportOf(run('passed')))).toEqual({ type: 'not_caught' });
});

test.each([
  ['no valid program', reportOf(run('failed', 'ReferenceError: two is not defined'))],
  ['does not load', { tests: [], broken: ['Error: Transform failed'] }],
  ['does not reach the test', reportOf(run('skipped'))],
  ['hangs', { hung: true } as const],
])('a patch proves nothing when the program %s', (_, report) => {
  expect(judgePatched(patch, report).type).toBe('broken');
});

test('an entry is broken when its test is missing or red without the patch, or its rule does not exist', () => {
  expect(judgeUnpatched(patch, reportOf(run('passed')), ruleNumbers)).toBeUndefined();
  expect(judgeUnpatched(patch, reportOf(run('failed')), ruleNumbers)?.type).toBe('broken');
  expect(judgeUnpatched(patch, reportOf(run('passed', '', 'other')), ruleNumbers)?.type).toBe('broken');
  expect(judgeUnpatched({ ...patch, rule: 'nine' }, reportOf(run('passed')), ruleNumbers)?.type).toBe('broken');
});

test('the table says what broke and what caught it', () => {
  const judged = [
    { patch, verdict: { type: 'proven', test: 'a is one' } as const },
    { patch: { ...patch, replace: '' }, verdict: { type: 'not_caught' } as const },
  ];
  expect(toTable(judged).replaceAll(firstRule, 'rule')).toMatchInlineSnapshot(`
    "rule  patch                      failing test  verdict
    rule  src/a.ts: one → two        a is one      proven
    rule  src/a.ts: one → (nothing)  –             NOT caught"
  `);
});
