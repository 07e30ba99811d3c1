/** What a run with a patch proves. Pure: it reads reports only. */
import type { RulePatch } from './patch.ts';
import type { Report, TestRun } from './vitest.ts';

export type Verdict = { type: 'proven'; test: string } | { type: 'not_caught' } | { type: 'broken'; reason: string };

/** Why an entry cannot prove anything even before its patch is applied, if so. */
export function judgeUnpatched(patch: RulePatch, report: Report, known: readonly string[]): Verdict | undefined {
  if (!known.includes(patch.rule)) return broken(`there is no rule ${patch.rule}`);
  if ('hung' in report) return broken('the tests do not end without the patch');
  const tests = named(patch, report.tests);
  if (tests.length === 0) return broken(`no test in ${patch.test} has "${patch.name}" in its name`);
  const red = tests.find((it) => it.status !== 'passed');
  return red && broken(`"${red.name}" is ${red.status} without the patch`);
}

export function judgePatched(patch: RulePatch, report: Report): Verdict {
  if ('hung' in report) return broken('the patched test did not end');
  const tests = named(patch, report.tests);
  if (tests.length === 0) return broken(`the patched test does not load: ${firstLine(report.broken[0] ?? '')}`);
  const failed = tests.find((it) => it.status === 'failed');
  if (!failed && tests.every((it) => it.status !== 'passed')) return broken('the patched test did not run');
  if (!failed) return { type: 'not_caught' };
  // A patch that is no valid program breaks every test; that says nothing about the rule.
  if (/^(ReferenceError|SyntaxError)\b/.test(failed.failure)) return broken(firstLine(failed.failure));
  return { type: 'proven', test: failed.name };
}

function named(patch: RulePatch, tests: readonly TestRun[]): TestRun[] {
  return tests.filter((it) => it.file.replaceAll('\\', '/').endsWith(`/${patch.test}`) && it.name.includes(patch.name));
}

const broken = (reason: string): Verdict => ({ type: 'broken', reason });

const firstLine = (text: string) => text.trim().split('\n')[0] ?? '';
