import { expect, test } from 'vitest';
import { toPage } from '../../scripts/mutation/page.ts';
import { compare, type Reason } from '../../scripts/mutation/reasons.ts';
import { hashOf, merge, percent, rangesOf, scoreOf } from '../../scripts/mutation/score.ts';
import type { Mutant } from '../../scripts/mutation/stryker.ts';

const source = 'const a = 1 < 2;\nconst b = 1 < 2;\n';

/** `1 < 2` on a line of the source, changed. */
const mutant = (line: number, status: string, replacement = '1 <= 2'): Mutant => ({
  fileName: 'src/a.ts',
  location: { start: { line, column: 11 }, end: { line, column: 16 } },
  mutatorName: 'EqualityOperator',
  replacement,
  status,
});
const score = (...mutants: Mutant[]) => scoreOf('src/a.ts', source, mutants, '2026-11-20');
const page = (mutants: Mutant[], reasons: Reason[] = [], hash = hashOf(source)) =>
  toPage([score(...mutants)], reasons, {
    files: new Map([
      ['src/a.ts', hash],
      ['src/b.ts', 'x'],
    ]),
  });

test('a mutant that failed a test or ran out of time is caught, what does not compile counts neither way', () => {
  const { caught, survivors } = score(mutant(1, 'Killed'), mutant(1, 'Timeout', 'true'), mutant(2, 'CompileError'));
  expect({ caught, survivors }).toEqual({ caught: 2, survivors: [] });
  expect(percent({ caught, survivors })).toBe(100);
});

test('a mutant that no test runs has survived', () => {
  expect(percent(score(mutant(1, 'NoCoverage'), mutant(2, 'Killed')))).toBe(50);
});

test('two changes that read the same are told apart, whichever survived', () => {
  expect(score(mutant(2, 'Survived'), mutant(1, 'Killed')).survivors).toEqual([
    { line: 2, change: '1 < 2 ⇒ 1 <= 2 (2)' },
  ]);
});

test('nothing to mutate is all caught', () => {
  expect(percent(score())).toBe(100);
});

test('a second run decides over those that survived the first, and over no others', () => {
  const first = [mutant(1, 'Survived'), mutant(2, 'Killed'), mutant(2, 'Survived', 'true')];
  const second = [mutant(1, 'Killed'), mutant(2, 'Survived')];
  expect(merge(first, second).map(({ status }) => status)).toEqual(['Killed', 'Killed', 'Survived']);
});

test('a range counts columns from 0, and names a place once', () => {
  expect(rangesOf('src/a.ts', [mutant(1, 'Survived'), mutant(1, 'Survived', 'true')])).toEqual(['src/a.ts:1:10-1:15']);
});

test('every survivor needs a reason, every reason a survivor', () => {
  const reasons = [{ file: 'src/a.ts', reason: 'No difference.', changes: ['1 < 2 ⇒ 1 <= 2', 'gone ⇒ x'] }];
  expect(compare([score(mutant(1, 'Survived'), mutant(2, 'Survived', 'true'))], reasons)).toEqual({
    withoutReason: ['src/a.ts: 1 < 2 ⇒ true'],
    withoutSurvivor: ['src/a.ts: gone ⇒ x'],
  });
});

test('the page has a row a file, the reason of each survivor, and what was not run', () => {
  const reasons = [{ file: 'src/a.ts', reason: 'No difference.', changes: ['1 < 2 ⇒ 1 <= 2'] }];
  const text = page([mutant(1, 'Survived'), mutant(2, 'Killed')], reasons);
  expect(text).toContain('| `src/a.ts` | 2 | 1 | 50.0 % | 2026-11-20 |');
  expect(text).toContain('Not run: `src/b.ts`.');
  expect(text).toContain('- No difference.\n  - line 1: `1 < 2 ⇒ 1 <= 2`');
});

test('the page says where only the mirrored tests were run', () => {
  const nearOnly = { ...score(mutant(1, 'Survived')), nearOnly: true } as const;
  const text = toPage([nearOnly], [], { files: new Map([['src/a.ts', hashOf(source)]]) });
  expect(text).toContain('| 2026-11-20, mirrored tests alone |');
});

test('the page says where a score is of an earlier state of its file, and where a reason is missing', () => {
  const text = page([mutant(1, 'Survived')], [], 'other');
  expect(text).toContain('| 2026-11-20, an earlier state |');
  expect(text).toContain('a test is missing');
});
