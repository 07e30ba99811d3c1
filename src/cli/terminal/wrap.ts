/**
 * Breaks text into rows at spaces, as it comes.
 *
 * A row that was given out never changes: only the last one is open, and it is broken anew with what is added. So a
 * long text costs no more than its length, and what stands in the terminal's history stays true.
 */
import { breakCells, widthOf } from './cells.ts';

export class Wrap {
  #open = '';

  /** The row that may still grow. */
  get open(): string {
    return this.#open;
  }

  /** Takes more text; returns the rows that are complete by it, of at most so many columns. */
  push(text: string, columns: number): string[] {
    const paragraphs = (this.#open + text).split('\n');
    const rows = paragraphs.map((paragraph) => wrapLine(paragraph, Math.max(1, columns)));
    const last = rows.pop() ?? [''];
    this.#open = last.pop() ?? '';
    return [...rows.flat(), ...last].map((row) => row.trimEnd());
  }
}

/** All of a text in rows. */
export function wrap(text: string, columns: number): string[] {
  const wrapping = new Wrap();
  return [...wrapping.push(text, columns), wrapping.open.trimEnd()];
}

/** The last row keeps its trailing spaces: more may follow. */
function wrapLine(line: string, columns: number): string[] {
  const rows: string[] = [];
  let row = '';
  for (const piece of line.match(/\s+|\S+/g) ?? []) {
    const isSpace = piece.trim() === '';
    if (isSpace || widthOf(row + piece) <= columns) {
      row += piece;
      continue;
    }
    const fitsAlone = widthOf(piece) <= columns;
    const broken = fitsAlone ? [row, piece] : breakCells(row + piece, columns);
    rows.push(...broken.slice(0, -1));
    row = broken.at(-1) ?? '';
  }
  return [...rows, row];
}
