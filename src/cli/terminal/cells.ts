/** Text in the cells of a terminal: a wide character takes two, a combining one none. */
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';

const segmenter = new Intl.Segmenter();

export const widthOf = (text: string): number => stringWidth(text);

/** What the eye takes for one character, each. */
export function graphemes(text: string): string[] {
  return isAscii(text) ? text.split('') : Array.from(segmenter.segment(text), ({ segment }) => segment);
}

const isAscii = (text: string): boolean => /^[\u0020-\u007e]*$/.test(text);

/** Nothing in it can move the cursor: a tab is two spaces, other controls but line feeds are gone. */
export function printable(text: string): string {
  const stripped = stripVTControlCharacters(text.replaceAll('\r\n', '\n').replaceAll('\t', '  '));
  // oxlint-disable-next-line no-control-regex -- what a terminal would obey
  return stripped.replace(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/g, '');
}

/** On one line. */
export function oneLine(text: string): string {
  return printable(text).trim().replace(/\s+/g, ' ');
}

/** One line, cut with `…` to at most so many columns. */
export function fit(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  const [kept = ''] = breakCells(line, columns - 1);
  return columns < 1 ? '' : `${kept.trimEnd()}…`;
}

/** Filled up with spaces to so many columns. */
export function padTo(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}

/** Rows of at most so many columns, broken between any two characters. */
export function breakCells(text: string, columns: number): string[] {
  const rows: string[] = [];
  let row = '';
  let width = 0;
  for (const grapheme of graphemes(text)) {
    const own = widthOf(grapheme);
    if (width + own > columns && row !== '') {
      rows.push(row);
      row = '';
      width = 0;
    }
    row += grapheme;
    width += own;
  }
  return [...rows, row];
}
