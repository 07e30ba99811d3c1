/** Words as they arrive, cut into pieces that can be said one after another. */

/** A piece that has fewer letters than this waits for the next: a voice says "No." better with what follows. */
const minLetters = 12;
const isOver = /[.!?…]["'”’)\]]*\s+$/u;
/** A piece that comes to no end is cut at the last space before this. */
const maxLength = 300;

export class Sentences {
  readonly #segmenter = new Intl.Segmenter(undefined, { granularity: 'sentence' });
  #pending = '';
  #isFirst = true;

  /** Whole sentences that are now there. Joined with what `rest` gives they are the text, letter by letter. */
  push(text: string): string[] {
    this.#pending += text;
    const pieces = [...this.#segmenter.segment(this.#pending)].map(({ segment }) => segment);
    // The last may go on, unless a space stands behind its end.
    const open = isOver.test(pieces.at(-1) ?? '') ? '' : (pieces.pop() ?? '');
    const whole: string[] = [];
    let piece = '';
    for (const each of pieces) {
      piece += each;
      if (!this.#isLongEnough(piece)) continue;
      whole.push(piece);
      piece = '';
      this.#isFirst = false;
    }
    this.#pending = piece + open;
    return [...whole, ...this.#overlong()];
  }

  /** What is left at the end; undefined where nothing is. */
  rest(): string | undefined {
    const rest = this.#pending;
    this.#pending = '';
    return rest === '' ? undefined : rest;
  }

  /** The first is said as soon as it is there, however short: the user waits. */
  #isLongEnough(piece: string): boolean {
    return this.#isFirst ? /[\p{L}\p{N}]/u.test(piece) : piece.trim().length >= minLetters;
  }

  #overlong(): string[] {
    const cut: string[] = [];
    while (this.#pending.length > maxLength) {
      const space = this.#pending.lastIndexOf(' ', maxLength);
      const at = space > 0 ? space + 1 : maxLength;
      cut.push(this.#pending.slice(0, at));
      this.#pending = this.#pending.slice(at);
      this.#isFirst = false;
    }
    return cut;
  }
}
