/**
 * What the library puts into a prompt under the user's or the assistant's name: marked texts of its own, and stand-ins
 * where an API wants words that nobody said. The patterns are made from the texts themselves.
 */
import { viewTexts } from 'meanwhile';

const texts = viewTexts();

const [before = '', behind = ''] = texts.mark('‹›').split('‹›');
const standIns = new Set([texts.nothing, texts.noReply, texts.noOutput]);

export interface Piece {
  readonly text: string;
  /** It is the library's. */
  readonly marked: boolean;
}

/** One message may hold what the user said and, behind it, what the library adds. */
export function piecesOf(text: string): Piece[] {
  return text
    .split(before)
    .map((part, index) => ({ text: clean(index === 0 ? part : withoutEnd(part)), marked: index > 0 }))
    .filter((piece) => piece.text !== '');
}

/** A text without the stand-ins, which say nothing. */
export function clean(text: string): string {
  let rest = text.trim();
  for (const standIn of standIns) rest = rest.split(standIn).join('').trim();
  return rest;
}

/** An error where errors are text. */
export function errorIn(text: string): string | undefined {
  return text.startsWith(texts.error) ? text.slice(texts.error.length) : undefined;
}

function withoutEnd(text: string): string {
  const end = behind === '' ? -1 : text.indexOf(behind);
  return end === -1 ? text : text.slice(0, end) + text.slice(end + behind.length);
}
