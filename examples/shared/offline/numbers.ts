/** Numbers in somebody's words: `3`, `three`, `a couple of`, `the second one`. */
import type { Scan } from './scan.ts';
import { isFiller, type Word } from './words.ts';

const cardinals = 'zero one two three four five six seven eight nine ten eleven twelve'.split(' ');
const ordinals = 'first second third fourth fifth sixth seventh eighth ninth tenth'.split(' ');
const others: Readonly<Record<string, number>> = { couple: 2, dozen: 12, pair: 2, fifteen: 15, twenty: 20, single: 1 };

export function numberOf(lower: string): number | undefined {
  if (/^\d+(?:[.,]\d+)?$/.test(lower)) {
    return Number(/,\d{3}$/.test(lower) ? lower.replace(',', '') : lower.replace(',', '.'));
  }
  const cardinal = cardinals.indexOf(lower);
  return cardinal === -1 ? others[lower] : cardinal;
}

/** Which of several: 0 for `first`, `1st`, `number 1`, `#1`; -1 for the last. */
export function ordinalIn(text: string): number | undefined {
  const lower = text.toLowerCase();
  const named = ordinals.findIndex((it) => new RegExp(`\\b${it}\\b(?! class)`).test(lower));
  if (named !== -1) return named;
  const digits = /\b(\d+)(?:st|nd|rd|th)\b|(?:\b(?:number|option|no\.?|choice|answer)\s*|#\s*)(\w+)/.exec(lower);
  const counted = digits && numberOf(digits[1] ?? digits[2] ?? '');
  if (counted !== undefined && counted !== null && counted > 0) return counted - 1;
  const bare = /^\W*(?:the\s+)?(\w+)(?:\s+please)?\W*$/.exec(lower)?.[1] ?? '';
  const alone = /^one$/.test(bare) ? 1 : numberOf(bare);
  if (alone !== undefined && alone > 0 && Number.isInteger(alone)) return alone - 1;
  return /\blast\b/.test(lower) ? -1 : undefined;
}

export interface FoundNumber {
  readonly value: number;
  readonly word: Word;
  /** What it counts: the concept of the next word that says something, or of the currency before it. */
  readonly unit: string | undefined;
  /** A bound: `under 200`. */
  readonly isLimit: boolean;
}

export function findNumbers(scan: Scan): FoundNumber[] {
  return scan.words.flatMap((word, index) => {
    const value = numberOf(word.lower);
    if (value === undefined || scan.isUsed(word)) return [];
    const next = scan.words.slice(index + 1, index + 4).find((it) => !isFiller(it) || it.lower === 'us');
    const hasMark = /[€$£]\s*$/.test(scan.text.slice(0, word.start)) || /^\s*[€$£]/.test(scan.text.slice(word.end));
    const before = scan.words.slice(Math.max(0, index - 2), index).map((it) => it.lower);
    const isLimit = before.some((it) => /^(?:under|below|max|maximum|most|than|limit|budget)$/.test(it));
    const unit = hasMark ? 'price' : next && !next.breakBefore ? next.concept : undefined;
    return [{ value, word, unit, isLimit }];
  });
}
