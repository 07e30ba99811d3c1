/** Call ids as one API accepts them, each once in a view. */

export interface IdRules {
  readonly idPattern: RegExp;
  readonly idMax: number;
}

export class WireIds {
  readonly #rules: IdRules;
  readonly #taken = new Set<string>();

  constructor(rules: IdRules) {
    this.#rules = rules;
  }

  /** The provider's id, else ours, else a short one made of ours: the same one whenever the same items are encoded. */
  take(ours: string, providers?: string): string {
    const id = this.#free(providers) ?? this.#free(ours) ?? this.#short(ours);
    this.#taken.add(id);
    return id;
  }

  #free(id: string | undefined): string | undefined {
    const { idPattern, idMax } = this.#rules;
    return id !== undefined && id.length <= idMax && idPattern.test(id) && !this.#taken.has(id) ? id : undefined;
  }

  #short(ours: string): string {
    for (let attempt = 0; ; attempt += 1) {
      const id = nineLetters(attempt === 0 ? ours : `${ours}#${String(attempt)}`);
      if (!this.#taken.has(id)) return id;
    }
  }
}

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Nine alphanumerics of 53 bits: the only form that every API accepts, Mistral's being the narrowest. */
export function nineLetters(text: string): string {
  let rest = hash53(text);
  let letters = '';
  for (let index = 0; index < 9; index += 1) {
    letters += alphabet.charAt(rest % alphabet.length);
    rest = Math.floor(rest / alphabet.length);
  }
  return letters;
}

/** cyrb53: two rounds of multiply and shift over the text, joined to 53 bits. Not for secrets. */
function hash53(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0);
}
