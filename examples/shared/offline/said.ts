/** What of a text has been said already, and how to go on with the rest. */
import { splitSentences } from './sentences.ts';
import { isFiller, wordsOf, type Word } from './words.ts';

/** What of `text` is not in `said`; empty if all of it is. */
export function unsaid(text: string, said: string): string {
  if (said.trim() === '') return text;
  const sentences = splitSentences(text);
  const first = sentences.findIndex((it) => !isSaid(it, said));
  if (first === -1) return '';
  const [cut = '', ...others] = sentences.slice(first);
  const rest = restOf(cut, said);
  const open = others.filter((it) => !isSaid(it, said));
  return [rest === cut ? cut : `As I was saying: ${rest}`, ...open].join(' ');
}

/** In these words or in others: every figure, and nearly every word that means something. */
function isSaid(text: string, said: string): boolean {
  const heard = new Set(wordsOf(said).flatMap((word) => [word.lower, word.concept]));
  const words = wordsOf(text).filter((word) => !isFiller(word));
  if (words.length === 0) return flat(said).includes(flat(text));
  const known = words.filter((word) => heard.has(word.lower) || heard.has(word.concept));
  return words.every((word) => !/\d/.test(word.lower) || heard.has(word.lower)) && known.length / words.length >= 0.85;
}

/** From the last clause on that was not heard to its end; a few words are said again so that it can be understood. */
function restOf(text: string, said: string): string {
  const words = wordsOf(text);
  const heard = heardWords(words, wordsOf(said));
  if (heard === 0) return text;
  const clause = words.slice(0, heard + 1).findLastIndex((word, index) => index > 0 && word.breakBefore);
  const from = words[clause > 0 ? clause : heard];
  return from ? text.slice(from.start) : text;
}

/** How many words from the beginning were heard: the first ones in a row, more of them later, as after a cut. */
function heardWords(words: readonly Word[], said: readonly Word[]): number {
  const begin = Math.min(3, words.length);
  const isBeginning = (at: number): boolean =>
    words.slice(0, begin).every((word, index) => word.lower === said[at + index]?.lower);
  const start = said.findLastIndex((_, at) => isBeginning(at));
  if (start === -1) return 0;
  let count = 0;
  for (const word of said.slice(start)) if (word.lower === words[count]?.lower) count += 1;
  return count;
}

function flat(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}
