/** A tool's message as the agent's own sentence: "Searching flights" → "I'm searching flights". */
import { lowerFirst, upperFirst } from './words.ts';

const done = new Set(
  `found sent built done made bought got wrote put set booked reserved ordered created saved started finished completed
  cancelled canceled checked compared downloaded uploaded compiled installed tested added removed updated selected chosen
  picked received collected scheduled confirmed prepared searched loaded opened closed fixed asked stopped paid`.split(
    /\s+/,
  ),
);

/** Nouns that only look like something being done. */
const things = new Set([
  'building',
  'booking',
  'meeting',
  'morning',
  'evening',
  'nothing',
  'something',
  'anything',
  'warning',
  'king',
]);

export function asMine(message: string): string {
  const text = message
    .trim()
    .replace(/(?:\.{3}|…)$/, '')
    .trim();
  const first = /^\p{L}+/u.exec(text)?.[0] ?? '';
  const lower = first.toLowerCase();
  const isNoun =
    things.has(lower) &&
    /^\w+(?:$|:| (?:is|was|has|failed|done|complete|confirmed|code|number|reference|error)\b)/i.test(text);
  if (/^\p{L}{2,}ing$/u.test(first) && !isNoun) return sentence(`I'm ${lowerFirst(text)}`);
  if (!done.has(lower) || /^\w+(?:\s+\w+)?:/.test(text) || lower === 'done') return sentence(text);
  return sentence(`I've ${lowerFirst(text).replace(/, (\p{L}+ing\b)/u, " and I'm $1")}`);
}

/** With a capital and a full stop. Nothing else of it is changed. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  return upperFirst(/[.!?…:][)”"]?$/.test(trimmed) ? trimmed : `${trimmed}.`);
}
