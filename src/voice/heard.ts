/** How much of what was said has been heard, from how much of its sound was played. Pure. */

export interface SaidPiece {
  readonly text: string;
  /** Of its sound so far. */
  readonly ms: number;
  /** All of its sound is there. */
  readonly whole: boolean;
}

/** The words whose sound was played to its end: whole pieces, then the words of the piece in which it stopped. */
export function heardText(pieces: readonly SaidPiece[], playedMs: number): string {
  let heard = '';
  let left = playedMs;
  for (const { text, ms, whole } of pieces) {
    // Sound is counted in samples, time in ms: a rounding must not take the last word away.
    if (whole && left >= ms - 1) heard += text;
    else return heard + firstWords(text, whole ? left / ms : guessedShare(text, left));
    left -= ms;
  }
  return heard;
}

/** A piece whose sound is still being made: about 15 letters a second. */
function guessedShare(text: string, ms: number): number {
  return ((ms / 1000) * 15) / Math.max(1, text.length);
}

function firstWords(text: string, share: number): string {
  const reach = Math.floor(text.length * Math.min(1, Math.max(0, share)));
  if (reach >= text.length) return text;
  const before = text.slice(0, reach);
  // A word that was not finished was not heard.
  const inWord = /\S$/u.test(before) && /^\S/u.test(text.slice(reach));
  return inWord ? before.replace(/\S+$/u, '') : before;
}
