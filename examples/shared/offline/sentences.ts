/** Sentences of a text; a full stop inside a number, a name of a file or behind a short word ends none. */
export function splitSentences(text: string): string[] {
  return text
    .split(/(?<=[\p{L}\p{N})”"][.!?…])\s+(?=[\p{Lu}“"(]|\d+(?![\d).:]))/u)
    .map((it) => it.trim())
    .filter((it) => it !== '');
}
