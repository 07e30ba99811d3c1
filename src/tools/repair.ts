/** Malformed JSON of a model is repaired where that is safe (S1.3). */
import { jsonrepair } from 'jsonrepair';

export function tryParse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/**
 * Quotes, commas, comments, code fences and missing closing brackets are repaired. A value is never completed or
 * changed: a repair that would guess is none (S1.3), and the model is asked instead.
 */
export function repairJson(text: string): { readonly value: unknown } | undefined {
  const body = withoutFence(text.trim());
  const given = quotedStrings(body);
  if (!given || !endsWhole(body, given.lastAt) || elided.test(body)) return undefined;
  try {
    const json = jsonrepair(body);
    const made = quotedStrings(json);
    return made && keeps(given.strings, made.strings) ? tryParse(json) : undefined;
  } catch {
    return undefined;
  }
}

function withoutFence(text: string): string {
  const opened = text.replace(/^```\w*/, '');
  return (opened.endsWith('```') ? opened.slice(0, -3) : opened).trim();
}

/** `[1, 2, ...]`: a repair would drop what the model left out. */
const elided = /[[{,]\s*\.\.\.\s*[,\]}]/;

/**
 * Does the text end behind a whole value? One that breaks off in a number or a member is also malformed JSON, but what
 * was cut is not there to be repaired: `{"amount": 10` may have been 1000.
 */
function endsWhole(text: string, lastStringAt: number): boolean {
  if (text.endsWith('"') || text.endsWith("'")) return text.slice(0, lastStringAt).trimEnd().endsWith(':');
  return /[}\]]$|:\s*(?:true|false|null|True|False|None)$/.test(text);
}

/** All that stands in quotes, and where the last one begins. Undefined when one is open or has an escape that is none. */
function quotedStrings(text: string): { readonly strings: string[]; readonly lastAt: number } | undefined {
  const strings: (string | undefined)[] = [];
  let quote = '';
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charAt(at);
    if (quote === '' && (letter === '"' || letter === "'")) {
      quote = letter;
      start = at;
    } else if (quote !== '' && letter === '\\') at += 1;
    else if (quote !== '' && letter === quote) {
      strings.push(unescaped(text.slice(start + 1, at)));
      quote = '';
    }
  }
  const known = strings.filter((it) => it !== undefined);
  return quote === '' && known.length === strings.length ? { strings: known, lastAt: start } : undefined;
}

function unescaped(raw: string): string | undefined {
  const json = raw.replace(/\\.|["\p{Cc}]/gsu, (it) => {
    if (it === "\\'") return "'";
    return it.length === 2 ? it : JSON.stringify(it).slice(1, -1);
  });
  const parsed = tryParse(`"${json}"`);
  return parsed && typeof parsed.value === 'string' ? parsed.value : undefined;
}

/** Every string is still there, in its order; only bare words became strings. `jsonrepair` alone does not promise it. */
function keeps(given: readonly string[], made: readonly string[]): boolean {
  let next = 0;
  for (const it of made) {
    if (it === given[next]) next += 1;
    else if (!/^[\p{L}\p{N}_$ .+-]+$/u.test(it)) return false;
  }
  return next === given.length;
}
