/** How long a user who stopped speaking is waited for. Pure. */

export interface EndpointingOptions {
  /** After words that look finished. Default 500 ms. */
  readonly minDelayMs: number;
  /** After words that do not. Default 2,000 ms. */
  readonly maxDelayMs: number;
}

export const endpointingDefaults: EndpointingOptions = { minDelayMs: 500, maxDelayMs: 2_000 };

/** Words after which more is to come. */
const openEnds =
  /(?:^|\s)(?:and|but|or|so|because|if|when|then|to|from|the|a|an|of|for|with|at|in|on|my|um|uh|er)[,.…]*$/iu;

/** Does somebody who said this look finished? A model that writes no marks says nothing by their absence. */
export function looksFinished(text: string): boolean {
  const words = text.trim();
  if (/(?:\.\.\.|…|,|-|—)$/u.test(words)) return false;
  return !openEnds.test(words);
}

/** From the end of the speech to the end of the turn, in ms. */
export function endpointDelay(text: string, { minDelayMs, maxDelayMs }: EndpointingOptions): number {
  return looksFinished(text) ? minDelayMs : Math.max(minDelayMs, maxDelayMs);
}
