/** Calls in plain words: "the flight from Paris to Tokyo", "booking the flight from Paris to Tokyo". */
import { isVerb } from './menu.ts';
import { roleOfName } from './params.ts';
import { conceptOf, humanize } from './words.ts';

type Input = Readonly<Record<string, unknown>>;

const gerunds: Readonly<Record<string, string>> = {
  get: 'checking',
  fetch: 'checking',
  search: 'looking for',
  find: 'looking for',
  lookup: 'looking up',
  run: 'running',
  set: 'setting',
  stop: 'stopping',
  cancel: 'cancelling',
  submit: 'submitting',
};

/** A noun phrase. */
export function subjectOf(toolName: string, input: Input): string {
  const { nouns } = partsOf(toolName);
  return [isPlural(nouns) ? '' : 'the', nouns, detailsOf(input)].filter((it) => it !== '').join(' ');
}

/** What is being done, as in "I'm …". */
export function doingOf(toolName: string, input: Input): string {
  const { verb } = partsOf(toolName);
  return `${verb === '' ? 'working on' : gerundOf(verb)} ${subjectOf(toolName, input)}`;
}

/** Is the noun of the tool a plural? Then things "are" and not "is". */
export function isManyOf(toolName: string): boolean {
  return isPlural(partsOf(toolName).nouns);
}

function partsOf(toolName: string): { verb: string; nouns: string } {
  const words = humanize(toolName).split(' ');
  const [first = ''] = words;
  if (words.length > 1 && isVerb(conceptOf(first))) return { verb: first, nouns: words.slice(1).join(' ') };
  return { verb: '', nouns: words.join(' ') };
}

function gerundOf(verb: string): string {
  return gerunds[verb] ?? `${verb.replace(/([^aeo])e$/, '$1')}ing`;
}

function isPlural(nouns: string): boolean {
  return /[^suia]s$/.test(nouns);
}

function detailsOf(input: Input): string {
  const rank = ['text', 'origin', 'destination', 'place', 'person', 'email', 'url', 'date', 'number'];
  return Object.entries(input)
    .map(([name, value]) => ({
      role: typeof value === 'number' ? 'number' : roleOfName(name),
      text: detailOf(name, value),
    }))
    .filter(({ text }) => text !== '')
    .toSorted((a, b) => rank.indexOf(a.role) - rank.indexOf(b.role))
    .map(({ text }) => text)
    .join(' ');
}

function detailOf(name: string, value: unknown): string {
  if (typeof value === 'number') return isPlural(humanize(name)) ? `for ${value} ${humanize(name)}` : '';
  if (typeof value !== 'string' || value === '' || value.length > 60) return '';
  switch (roleOfName(name)) {
    case 'origin':
      return `from ${value}`;
    case 'destination':
      return `to ${value}`;
    case 'place':
      return `in ${value}`;
    case 'person':
      return `for ${value}`;
    case 'date':
      return /^(?:\d|\p{Lu})/u.test(value) ? `on ${value}` : value;
    case 'email':
      return `(${value})`;
    case 'url':
      return value;
    case 'text':
      return `“${value}”`;
  }
}
