/** JSON in plain words, without knowing what it is about. */
import { humanize, listOf, stem, wordsOf } from './words.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface JsonWords {
  /** `booked`, `sunny`: what the thing is, if a field says so. */
  readonly state: string;
  readonly details: string;
}

/** Keys whose value needs no name before it. */
const speaking = new Set(
  `summary message text result name title label condition conditions description status state outcome airline carrier
  forecast answer reply headline currency`.split(/\s+/),
);
const states = new Set(['status', 'state', 'outcome']);
const units: readonly [RegExp, string][] = [
  [/ (?:c|celsius)$/, '°C'],
  [/ (?:f|fahrenheit)$/, '°F'],
  [/ (?:eur|euros?)$/, 'EUR'],
  [/ (?:usd|dollars?)$/, 'USD'],
  [/ (?:gbp|pounds?)$/, 'GBP'],
  [/ (?:ms|milliseconds?)$/, 'ms'],
  [/ (?:s|secs?|seconds?)$/, 'seconds'],
  [/ (?:mins?|minutes?)$/, 'minutes'],
  [/ (?:hours?)$/, 'hours'],
  [/ (?:km)$/, 'km'],
  [/ (?:kmh|kph)$/, 'km/h'],
  [/ (?:percent|pct)$/, '%'],
];

/** The words of a value; fields that say no more than `known` are left out. */
export function jsonInWords(value: unknown, known: readonly string[]): JsonWords {
  if (Array.isArray(value)) return { state: '', details: listInWords(value) };
  if (!isFields(value)) return { state: '', details: String(value) };
  const fields = Object.entries(value).filter(([, it]) => it !== null && it !== '' && !isKnown(it, known));
  const stated = fields.find(
    ([key, it]) => states.has(humanize(key)) && typeof it === 'string' && /^[\p{L} -]{2,30}$/u.test(it),
  );
  const rest = fields.filter((field) => field !== stated);
  const details = rest.map(([key, it]) => fieldInWords(key, it, value)).filter((it) => it !== '');
  return { state: stated ? humanize(String(stated[1])) : '', details: details.join(', ') };
}

function isKnown(value: unknown, known: readonly string[]): boolean {
  return (typeof value === 'string' || typeof value === 'number') && known.includes(String(value).toLowerCase());
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldInWords(key: string, value: unknown, all: Fields): string {
  const name = humanize(key);
  if (typeof value === 'boolean') return value ? name : `not ${name}`;
  if (Array.isArray(value)) return value.length === 0 ? `no ${name}` : `${name}: ${listInWords(value)}`;
  if (isFields(value)) return `${name}: ${jsonInWords(value, []).details}`;
  const text = shorten(String(value));
  if (speaking.has(name) && typeof value === 'string') return name === 'currency' ? '' : text.replace(/\.$/, '');
  for (const [pattern, unit] of units) {
    if (pattern.test(` ${name}`)) return `${name.replace(pattern, '')} ${text}${unit === '%' ? '' : ' '}${unit}`.trim();
  }
  const currency =
    /^(?:price|cost|total|fare|amount)\b/.test(name) && typeof all['currency'] === 'string'
      ? ` ${all['currency']}`
      : '';
  // "flight flight AF 274" helps nobody.
  const repeats = wordsOf(text).some((word) => stem(word.lower) === stem(name));
  return repeats ? text : `${name} ${text}${currency}`;
}

function shorten(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length > 300 ? `${flat.slice(0, 299)}…` : flat;
}

const longest = 5;

function listInWords(values: readonly unknown[]): string {
  if (values.length === 0) return 'none';
  const shown = values.slice(0, longest).map(itemInWords);
  const more = values.length - shown.length;
  const parts = more > 0 ? [...shown, `${more} more`] : shown;
  return parts.some((part) => part.includes(',')) ? parts.join('; ') : listOf(parts);
}

function itemInWords(value: unknown): string {
  if (!isFields(value)) return Array.isArray(value) ? listInWords(value) : String(value);
  const [head] = Object.entries(value).filter(
    ([key, it]) => /^(?:name|title|label|city|hotel|id)$/i.test(key) && typeof it === 'string',
  );
  if (!head) return jsonInWords(value, []).details;
  const others = Object.fromEntries(Object.entries(value).filter(([key]) => key !== head[0]));
  const { state, details } = jsonInWords(others, []);
  const rest = [state, details].filter((it) => it !== '').join(', ');
  return rest === '' ? String(head[1]) : `${String(head[1])} (${rest})`;
}
