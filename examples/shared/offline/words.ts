/** Words of a text, and what they mean as far as a table can tell: `reserve` and `booking` are both `book`. */

export interface Word {
  /** As written, without a possessive `'s`. */
  readonly text: string;
  readonly lower: string;
  /** What words of one meaning have in common; words of no group have their stem. */
  readonly concept: string;
  readonly start: number;
  readonly end: number;
  /** Punctuation stands before it. */
  readonly breakBefore: boolean;
}

/** A concept and the words that mean it. */
const groups: Readonly<Record<string, string>> = {
  book: 'reserve buy purchase order arrange',
  flight: 'plane fly flew airplane aeroplane airline airfare jet',
  travel: 'trip journey ticket',
  weather: 'forecast temperature rain rainy raining sunny sun snow hot cold warm umbrella coat degree climate wind',
  search: 'look find check seek hunt browse discover locate lookup',
  cancel: 'stop abort kill halt quit terminate scrap',
  build: 'compile bundle rebuild',
  run: 'execute launch perform start',
  hotel: 'room accommodation lodging inn hostel stay sleep bed motel',
  car: 'vehicle automobile',
  rent: 'hire rental',
  train: 'rail railway',
  restaurant: 'dinner lunch eat dine',
  email: 'mail e-mail',
  send: 'write deliver',
  remind: 'reminder alarm',
  list: 'show display',
  price: 'cost budget euro eur dollar usd pound gbp fare',
  pay: 'payment invoice billing bill charge refund',
  people: 'person guest adult passenger traveller traveler pax us',
  city: 'town',
  transfer: 'handoff connect',
  human: 'operator representative',
  parcel: 'package shipment',
  decline: 'refuse reject',
};

/** Words that carry no subject of their own. */
const fillers = new Set(
  `a an the this that these those some any my your our his her its their i me we us you he she it they them
  is are am be been being was were will would shall should can could may might must do does did done have has had
  want wants need needs like love please kindly thanks thank just also too then now right so well oh ok okay hey hi hello
  and or but if as of to from in on at for by with about into onto out off up over via near around between towards toward
  what which who whom whose when where why how there here not no yes yeah let lets get gets give gives got getting
  tell tells say know wonder wondering hear help going gonna wanna possible able quick quickly soon asap again more
  really actually maybe perhaps still already yet ever only very much many lot bit kind sort thing things something anything
  today tonight tomorrow yesterday next last week weekend month morning afternoon evening noon night
  monday tuesday wednesday thursday friday saturday sunday rather instead mean sorry wait good great nice best
  see visit meet come return use try ask leave arrive plan work take put set way back`.split(/\s+/),
);

const irregular: Readonly<Record<string, string>> = {
  found: 'find', bought: 'buy', sent: 'send', built: 'build', ran: 'run', slept: 'sleep', paid: 'pay', wrote: 'write',
  flown: 'fly', cities: 'city', flies: 'fly', people: 'people', us: 'us', bus: 'bus', canceled: 'cancel', does: 'does',
}; // biome-ignore format: a table

/** Without its ending: `bookings` → `book`, `cities` → `city`. Rough, but the same on both sides of a comparison. */
export function stem(lower: string): string {
  const known = irregular[lower];
  if (known !== undefined) return known;
  let word = lower;
  if (/[^aeiou]ies$/.test(word)) word = `${word.slice(0, -3)}y`;
  else if (/(?:ss|sh|ch|x|z)es$/.test(word)) word = word.slice(0, -2);
  else if (/[^su]s$/.test(word) && word.length > 3) word = word.slice(0, -1);
  if (word.endsWith('ing') && word.length > 5) word = undouble(word.slice(0, -3));
  else if (word.endsWith('ed') && word.length > 4) word = undouble(word.slice(0, -2));
  return word.length > 3 && word.endsWith('e') ? word.slice(0, -1) : word;
}

function undouble(word: string): string {
  return /([^aeiouls])\1$|cell$/.test(word) ? word.slice(0, -1) : word;
}

const concepts = new Map<string, string>();
for (const [concept, words] of Object.entries(groups)) {
  for (const word of [concept, ...words.split(' ')]) concepts.set(stem(word), concept);
}

export function conceptOf(lower: string): string {
  const it = stem(lower);
  return concepts.get(it) ?? it;
}

/** Is the word in the table of meanings? Then it is no name of anything. */
export function isKnownWord(word: Word): boolean {
  return concepts.has(stem(word.lower));
}

export function isFiller(word: Word): boolean {
  return isFillerText(word.lower);
}

export function isFillerText(lower: string): boolean {
  return fillers.has(lower) || /n['’]t$/.test(lower);
}

const wordPattern =
  /[\w.+-]+@[\w-]+(?:\.[\w-]+)+|https?:\/\/[^\s"'<>)]+|[\p{L}\p{N}_](?:[\p{L}\p{N}_]|['’./:@+-](?=[\p{L}\p{N}_]))*/gu;

const ending = /['’](?:s|re|ll|d|m|ve)$/i;

export function wordsOf(text: string): Word[] {
  const found: Word[] = [];
  let end = 0;
  for (const match of text.matchAll(wordPattern)) {
    const written = match[0].replace(ending, '');
    const lower = written.toLowerCase();
    const between = text.slice(end, match.index);
    const afterSaint = /^(?:st|mt|ft)$/i.test(found.at(-1)?.text ?? '') && between.trim() === '.';
    end = match.index + match[0].length;
    found.push({
      text: written,
      lower,
      concept: conceptOf(lower),
      start: match.index,
      end,
      breakBefore: !afterSaint && /[,.;:!?()\n]/.test(between),
    });
  }
  return found.map((word, index) => ({ ...word, concept: conceptBefore(word, found[index + 1]) }));
}

/** `look up` searches and `go to` travels; `what does it look like` and `go ahead` do neither. */
function conceptBefore({ lower, concept }: Word, next: Word | undefined): string {
  if (stem(lower) === 'look') return /^(?:up|for|into|at)$/.test(next?.lower ?? '') ? concept : 'look';
  return lower === 'go' && /^(?:to|from)$/.test(next?.lower ?? '') ? 'travel' : concept;
}

/** `bookFlight`, `book_flight` → `book flight`. */
export function humanize(name: string): string {
  return name
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .trim()
    .toLowerCase();
}

export function lowerFirst(text: string): string {
  // An abbreviation or a lone "I" keeps its capital.
  return /^\p{Lu}(?:\p{Lu}|\b)/u.test(text) ? text : text.charAt(0).toLowerCase() + text.slice(1);
}

export function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `a`, `a and b`, `a, b and c`. */
export function listOf(parts: readonly string[], word = 'and'): string {
  if (parts.length < 2) return parts[0] ?? '';
  return `${parts.slice(0, -1).join(', ')} ${word} ${parts.at(-1) ?? ''}`;
}
