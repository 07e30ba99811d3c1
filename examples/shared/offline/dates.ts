/** Dates in somebody's words. */
import type { Scan, Span } from './scan.ts';

export interface FoundDate {
  /** As said: `next Friday`. */
  readonly text: string;
  /** `YYYY-MM-DD`, counted from `now`; undefined for what names no day. */
  readonly day: string | undefined;
  readonly span: Span;
}

const months = 'january february march april may june july august september october november december'.split(' ');
const weekdays = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');
const month = `(?:${months.map((it) => `${it.slice(0, 3)}(?:${it.slice(3)})?`).join('|')}|sept)\\.?`;
const counts: Readonly<Record<string, number>> = {
  a: 1,
  an: 1,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
};
const dayMs = 86_400_000;

type Reader = (groups: readonly (string | undefined)[], now: Date) => Date | undefined;

const forms: readonly [string, Reader][] = [
  ['(\\d{4})-(\\d{1,2})-(\\d{1,2})', ([, y, m, d]) => utc(Number(y), Number(m) - 1, Number(d))],
  [`(\\d{1,2})(?:st|nd|rd|th)?(?: of)? (${month})(?:,? (\\d{4}))?`, ([, d, m, y], now) => inYear(now, y, m, d)],
  [`(${month}) (?:the )?(\\d{1,2})(?:st|nd|rd|th)?(?!\\d)(?:,? (\\d{4}))?`, ([, m, d, y], now) => inYear(now, y, m, d)],
  ['(\\d{1,2})[./](\\d{1,2})[./](\\d{4})', ([, d, m, y]) => utc(Number(y), Number(m) - 1, Number(d))],
  ['the day after tomorrow', (_, now) => plus(now, 2)],
  ['tomorrow(?: (?:morning|afternoon|evening|night))?', (_, now) => plus(now, 1)],
  ['(?:today|tonight|this (?:morning|afternoon|evening))', (_, now) => plus(now, 0)],
  [
    '(?:in|within) (a|an|one|two|three|four|five|six|seven|\\d+) (day|week|month)s?',
    ([, n, unit], now) => later(now, n, unit),
  ],
  [
    `(?:(next|this|coming) )?(${weekdays.join('|')})(?: (?:morning|afternoon|evening|night))?`,
    ([, , w], now) => weekday(now, w),
  ],
  ['(?:next|this|the) (?:weekend)', (_, now) => weekday(now, 'saturday')],
  ['next (week|month|year)', () => undefined],
  [
    `(?:in |next |early |late |mid )?(?:${months.filter((it) => it !== 'may' && it !== 'march').join('|')})`,
    () => undefined,
  ],
];

/** The dates of a text in the order in which they stand there. */
export function findDates(scan: Scan, now: number): FoundDate[] {
  const found: FoundDate[] = [];
  const today = new Date(now);
  for (const [form, read] of forms) {
    for (const match of scan.text.matchAll(new RegExp(`(?<![\\p{L}\\p{N}])${form}(?![\\p{L}\\p{N}])`, 'giu'))) {
      const span = { start: match.index, end: match.index + match[0].length };
      if (!scan.isFree(span) || found.some((it) => it.span.start < span.end && span.start < it.span.end)) continue;
      found.push({
        text: match[0].replace(/^(?:the (?=weekend)|in (?=\p{L}+$))/iu, ''),
        day: read([...match], today)
          ?.toISOString()
          .slice(0, 10),
        span,
      });
    }
  }
  return found.toSorted((a, b) => a.span.start - b.span.start);
}

function utc(year: number, monthIndex: number, day: number): Date | undefined {
  const date = new Date(Date.UTC(year, monthIndex, day));
  return date.getUTCMonth() === monthIndex && date.getUTCDate() === day ? date : undefined;
}

function plus(now: Date, days: number): Date {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()) + days * dayMs);
}

/** Without a year, the next time that there is such a day. */
function inYear(now: Date, year: string | undefined, name = '', day = ''): Date | undefined {
  const monthIndex = months.findIndex((it) => it.startsWith(name.slice(0, 3).toLowerCase()));
  if (year !== undefined) return utc(Number(year), monthIndex, Number(day));
  const thisYear = utc(now.getUTCFullYear(), monthIndex, Number(day));
  if (thisYear && thisYear.getTime() >= plus(now, 0).getTime()) return thisYear;
  return utc(now.getUTCFullYear() + 1, monthIndex, Number(day));
}

function weekday(now: Date, name = ''): Date {
  const away = (weekdays.indexOf(name.toLowerCase()) - now.getUTCDay() + 7) % 7;
  return plus(now, away === 0 ? 7 : away);
}

function later(now: Date, count = '', unit = ''): Date {
  const n = counts[count.toLowerCase()] ?? Number(count);
  if (unit.toLowerCase() !== 'month') return plus(now, unit.toLowerCase() === 'week' ? n * 7 : n);
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + n, now.getUTCDate()));
}
