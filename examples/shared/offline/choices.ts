/** One of several: by its words, its place in the list, or what it is the most of. */
import { ordinalIn } from './numbers.ts';
import type { Option } from './params.ts';
import type { Scan, Span } from './scan.ts';
import { isFiller, stem, wordsOf } from './words.ts';

/** The option all of whose words stand together in the text. The longest wins: `premium economy` over `economy`. */
export function matchOption(options: readonly Option[], scan: Scan): { option: Option; span: Span } | undefined {
  const found = options.flatMap((option) => {
    const span = spanOfOption(option, scan);
    return span ? [{ option, span }] : [];
  });
  return found.toSorted((a, b) => b.span.end - b.span.start - (a.span.end - a.span.start))[0];
}

export function matchAll(options: readonly Option[], scan: Scan): Option[] {
  return options.filter((option) => spanOfOption(option, scan) !== undefined);
}

function spanOfOption(option: Option, scan: Scan): Span | undefined {
  const wanted = wordsOf(option.label);
  for (let index = 0; index + wanted.length <= scan.words.length; index += 1) {
    const window = scan.words.slice(index, index + wanted.length);
    const fits = wanted.every((word, at) => {
      const there = window[at];
      return there !== undefined && !scan.isUsed(there) && stem(there.lower) === stem(word.lower);
    });
    const [first] = window;
    const last = window.at(-1);
    if (fits && first && last) return { start: first.start, end: last.end };
  }
  return undefined;
}

/** What somebody meant who was asked to choose; undefined where it could be two of them, or none. */
export function choose(options: readonly Option[], said: string): Option | undefined {
  if (options.length === 0) return undefined;
  return (
    byPhrase(options, said) ??
    byWords(options, said) ??
    byOrdinal(options, said) ??
    bySuperlative(options, said) ??
    byIndifference(options, said)
  );
}

/** Two words that stand together in one option only: `to Oslo`. */
function byPhrase(options: readonly Option[], said: string): Option | undefined {
  const words = wordsOf(said);
  for (const [index, word] of words.entries()) {
    const next = words[index + 1];
    if (!next || next.breakBefore || (isFiller(word) && isFiller(next))) continue;
    const phrase = ` ${word.lower} ${next.lower} `;
    const found = options.filter(({ label }) =>
      ` ${label.toLowerCase().replace(/[^\p{L}\p{N}:.'-]+/gu, ' ')} `.includes(phrase),
    );
    if (found.length === 1) return found[0];
  }
  return undefined;
}

function byWords(options: readonly Option[], said: string): Option | undefined {
  const spoken = new Set(wordsOf(said).flatMap((word) => [word.lower, word.concept]));
  const sets = options.map((option) => wordsIn(`${option.label} ${String(option.value)}`));
  const scores = sets.map((words, index) => {
    const own = [...words].filter((word) => !sets.some((other, at) => at !== index && other.has(word)));
    return own.filter((word) => spoken.has(word)).length / Math.sqrt(Math.max(1, words.size));
  });
  const best = Math.max(...scores);
  const first = scores.indexOf(best);
  return best > 0 && scores.lastIndexOf(best) === first ? options[first] : undefined;
}

function wordsIn(label: string): Set<string> {
  const words = wordsOf(label).filter(
    (word) => !isFiller(word) || /day$|morning|afternoon|evening|night|noon/.test(word.lower),
  );
  return new Set(words.flatMap((word) => [word.lower, word.concept]));
}

function byOrdinal(options: readonly Option[], said: string): Option | undefined {
  const index =
    ordinalIn(said) ?? (/\bmiddle\b/i.test(said) && options.length % 2 === 1 ? (options.length - 1) / 2 : undefined);
  const letter = /^\W*(?:option |the )?([a-e])(?: one)?\W*$/i.exec(said)?.[1];
  if (index !== undefined) return options.at(index);
  return letter ? options[letter.toLowerCase().charCodeAt(0) - 97] : undefined;
}

const money = /(?:[€$£]\s*(\d[\d.,]*))|(?:(\d[\d.,]*)\s*(?:€|\$|£|eur|euros?|usd|dollars?|gbp|pounds?)\b)/i;
const time = /\b(\d{1,2}):(\d{2})\b/;

function bySuperlative(options: readonly Option[], said: string): Option | undefined {
  const amounts = options.map(({ label }) => {
    const match = money.exec(label);
    return match ? Number((match[1] ?? match[2] ?? '').replace(/[.,](?=\d{3})/g, '')) : undefined;
  });
  const times = options.map(({ label }) => {
    const match = time.exec(label);
    return match ? Number(match[1]) * 60 + Number(match[2]) : undefined;
  });
  if (/\b(?:cheap|cheapest|cheaper|lowest|least expensive)\b/i.test(said)) return extreme(options, amounts, 1);
  if (/\b(?:most expensive|dearest|priciest)\b/i.test(said)) return extreme(options, amounts, -1);
  if (/\b(?:early|earliest|earlier|soonest)\b/i.test(said)) return extreme(options, times, 1);
  return /\b(?:late|latest|later)\b/i.test(said) ? extreme(options, times, -1) : undefined;
}

function extreme(
  options: readonly Option[],
  values: readonly (number | undefined)[],
  sign: 1 | -1,
): Option | undefined {
  let best: { option: Option; value: number } | undefined;
  for (const [index, option] of options.entries()) {
    const value = values[index];
    if (value === undefined || !Number.isFinite(value)) return undefined;
    if (!best || value * sign < best.value * sign) best = { option, value };
  }
  return best?.option;
}

function byIndifference(options: readonly Option[], said: string): Option | undefined {
  const indifferent =
    /\b(?:any(?: of them| one)?|whichever|whatever|you (?:choose|decide|pick)|(?:don't|do not) (?:care|mind)|no preference|up to you|surprise me)\b/i;
  return indifferent.test(said) ? options[0] : undefined;
}

/** Options that a question lists in words: `1) A, 2) B`, a line each, or `…: A, B or C?` */
export function optionsInText(question: string): Option[] {
  const listed = [...question.matchAll(bullets)].map((match) => tidy(match[1] ?? ''));
  const labels = listed.length > 1 ? listed : inlineIn(question);
  return labels.filter((it) => it !== '').map((label) => ({ value: label, label }));
}

/** What stands behind `1)`, `(b)`, `2.` or a dash, up to the next of these. */
const bullets =
  /(?:^|[\s(])(?:\(?(?:\d{1,2}|[A-Ea-e])[.)]|\d:|[-*•])\s+([\s\S]*?)(?=[\s,;(]+\(?(?:\d{1,2}|[A-Ea-e])[.)]\s|[\s,;]+\d:\s|\n\s*[-*•]\s|\n\n|$)/g;

/** `…: A, B or C?`, or `A or B?` at the end of a question. */
function inlineIn(question: string): string[] {
  const behindColon = /(?::\s|\s[–—]\s)\s*([^?\n]+)\??\s*$/.exec(question)?.[1];
  const list =
    behindColon ??
    /(?:^|\s(?:want|prefer|like|take|choose|be|is it)\s)([^?\n]*\sor\s[^?\n]+)\?\s*$/.exec(question)?.[1];
  const parts = (list ?? '').split(/\s*[,;]\s+(?:or\s+)?|\s+or\s+/).map(tidy);
  return parts.length > 1 ? parts : [];
}

function tidy(label: string): string {
  return label
    .trim()
    .replace(/^(?:either|the|an?)\s+/i, '')
    .replace(/[\s,;?]+(?:or)?$/, '')
    .replace(/\.$/, '');
}

/** Yes, no, or neither. */
export function consentIn(said: string): boolean | undefined {
  const text = said.toLowerCase().replace(/[’]/g, "'");
  if (
    /^\W*(?:no|nope|nah|not|don't|do not|never|rather not|please don't|cancel|stop|negative|leave it|better not)\b/.test(
      text,
    )
  )
    return false;
  const yes =
    /^\W*(?:(?:oh|well|um|uh),?\s*)?(?:yes|yeah|yep|yup|ya|sure|ok|okay|please|go ahead|go for it|do it|do that|of course|certainly|absolutely|definitely|right|correct|exactly|fine|confirm(?:ed)?|affirmative|gladly|sounds good|why not|i do|i am sure|i'm sure|another one|one more|a second one|both|please do|by all means|that's (?:right|fine|ok|okay|correct))\b/;
  if (yes.test(text)) return true;
  return /\b(?:go ahead|yes please|i'm sure|do it|(?:a|want|book|take|need) (?:second|another|both)(?: one)?)\b/.test(
    text,
  )
    ? true
    : undefined;
}

/** Forget about it. */
export function withdrawsIn(said: string): boolean {
  return /\b(?:never ?mind|forget (?:it|that|about it)|leave it|drop it|skip (?:it|that)|doesn't matter|no longer needed)\b|^\W*(?:cancel|stop|nothing|no thanks?|no thank you)\W*$/i.test(
    said,
  );
}
