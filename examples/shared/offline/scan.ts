/** A text whose words are used up as values are found in it, so that none is taken for two things. */
import { isFiller, wordsOf, type Word } from './words.ts';

export interface Span {
  readonly start: number;
  readonly end: number;
}

export class Scan {
  readonly text: string;
  readonly words: readonly Word[];
  readonly #used = new Set<Word>();

  constructor(text: string) {
    this.text = text;
    this.words = wordsOf(text);
  }

  isUsed(word: Word): boolean {
    return this.#used.has(word);
  }

  use(span: Span): void {
    for (const word of this.words) if (word.start < span.end && word.end > span.start) this.#used.add(word);
  }

  isFree(span: Span): boolean {
    return !this.words.some((word) => word.start < span.end && word.end > span.start && this.#used.has(word));
  }

  free(): Word[] {
    return this.words.filter((word) => !this.#used.has(word));
  }

  /** Where the pattern stands in words that are still free. */
  match(pattern: RegExp): { readonly span: Span; readonly match: RegExpExecArray } | undefined {
    for (const match of this.text.matchAll(new RegExp(pattern, `${pattern.flags}g`))) {
      const span = { start: match.index, end: match.index + match[0].length };
      if (this.isFree(span)) return { span, match };
    }
    return undefined;
  }

  /** The text from one word to another, as written. */
  between(first: Word, last: Word): string {
    const text = this.text.slice(first.start, last.end);
    return text.replace(/['’]s$/, '');
  }

  /** What is left: the free words without those at both ends that say nothing of their own. */
  rest(isEmpty: (word: Word) => boolean): { readonly text: string; readonly span: Span } | undefined {
    const hollow = (word: Word): boolean => isFiller(word) || isEmpty(word);
    const runs = this.#runs().map((run) => {
      const first = run.findIndex((word) => !hollow(word));
      const last = run.findLastIndex((word) => !hollow(word));
      return first === -1 ? [] : run.slice(first, last + 1);
    });
    // The longest stretch is what it is about; what stands around found values is mostly grammar.
    const longest = runs.toSorted((a, b) => b.length - a.length)[0] ?? [];
    const [first] = longest;
    const last = longest.at(-1);
    if (!first || !last) return undefined;
    return { text: this.between(first, last), span: { start: first.start, end: last.end } };
  }

  /** Free words that follow one another. */
  #runs(): Word[][] {
    const runs: Word[][] = [[]];
    for (const word of this.words) {
      if (this.#used.has(word)) runs.push([]);
      else runs.at(-1)?.push(word);
    }
    return runs;
  }
}
