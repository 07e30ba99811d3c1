import type { Verdict } from './judge.ts';
import type { RulePatch } from './patch.ts';

export interface Judged {
  readonly patch: RulePatch;
  readonly verdict: Verdict;
}

/** One line per patch: rule, patch, failing test, verdict. */
export function toTable(judged: readonly Judged[]): string {
  const rows = judged.map(({ patch, verdict }) => [patch.rule, describe(patch), failing(verdict), said(verdict)]);
  const lines = [['rule', 'patch', 'failing test', 'verdict'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function describe(patch: RulePatch): string {
  const brief = (text: string) => short(text.replaceAll(/\s+/g, ' ').trim(), 36);
  return `${patch.file}: ${brief(patch.find)} → ${brief(patch.replace) || '(nothing)'}`;
}

const failing = (verdict: Verdict) => (verdict.type === 'proven' ? short(verdict.test, 72) : '–');

function said(verdict: Verdict): string {
  switch (verdict.type) {
    case 'proven':
      return 'proven';
    case 'not_caught':
      return 'NOT caught';
    case 'broken':
      return `broken entry: ${verdict.reason}`;
  }
}

const short = (text: string, length: number) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
