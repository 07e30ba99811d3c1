/** Places in somebody's words: what stands behind `from`, `to` and `in`, in capitals or not. */
import { numberOf } from './numbers.ts';
import type { Scan, Span } from './scan.ts';
import { isFiller, isKnownWord, upperFirst, type Word } from './words.ts';

export interface FoundPlace {
  readonly name: string;
  readonly span: Span;
}

/** Words that stand where a place could, and are none. */
const noPlaces = new Set(
  `home business economy class first second third advance total least single return one-way way total mind general fact
  order case time hurry front person people friend mother father wife husband son daughter family boss name account
  nonstop direct cheap cheapest fast flexible holiday vacation holidays birthday winter summer spring autumn rest details
  detail be is sure free include including included without during before after until till since because while under below
  above than max maximum minimum budget airport station centre center downtown beach sea go be spend walk drive head move watch
  relax pay buy eat work live swim rest dance study`.split(/\s+/),
);
const particles = /^(?:de|da|do|dos|del|der|den|di|du|la|le|les|los|las|el|al|am|an|upon|on|sur|of|the|und|y)$/;

export function isPlaceWord(word: Word): boolean {
  // A code of an airport, and a town that is also a word.
  if (/^(?:\p{Lu}{2,}|Nice)$/u.test(word.text)) return true;
  return (
    /^\p{L}/u.test(word.text) &&
    !isFiller(word) &&
    !isKnownWord(word) &&
    !noPlaces.has(word.lower) &&
    !word.text.includes('@') &&
    numberOf(word.lower) === undefined
  );
}

const isCapital = (word: Word | undefined): boolean => word !== undefined && /^\p{Lu}/u.test(word.text);

/** The place that begins with the word at `from`. */
export function placeAt(scan: Scan, from: number): FoundPlace | undefined {
  const { words } = scan;
  let first = from;
  if (/^(?:the|city)$/.test(words[first]?.lower ?? '')) first += 1;
  const found: Word[] = [];
  for (let index = first; index < words.length && found.length < 4; index += 1) {
    const word = words[index];
    if (!word || scan.isUsed(word) || (found.length > 0 && word.breakBefore)) break;
    const after = words[index + 1];
    const isParticle =
      isCapital(found[0]) && particles.test(word.lower) && after && isCapital(after) && !scan.isUsed(after);
    if (!isParticle && (!isPlaceWord(word) || (isCapital(found[0]) && !isCapital(word)))) break;
    found.push(word);
  }
  return toPlace(scan, found);
}

/** The place that ends right before the word at `to`. */
function placeBefore(scan: Scan, to: number): FoundPlace | undefined {
  const found: Word[] = [];
  for (let index = to - 1; index >= 0 && found.length < 3; index -= 1) {
    const word = scan.words[index];
    const next = found[0] ?? scan.words[to];
    if (!word || scan.isUsed(word) || next?.breakBefore || !isPlaceWord(word)) break;
    if (isCapital(found[0]) && !isCapital(word)) break;
    found.unshift(word);
  }
  // "I'd like to relax to …": what stands behind another "to" is being done.
  const before = found[0] && scan.words[scan.words.indexOf(found[0]) - 1];
  return before?.lower === 'to' ? undefined : toPlace(scan, found);
}

function toPlace(scan: Scan, words: readonly Word[]): FoundPlace | undefined {
  const [first] = words;
  const last = words.at(-1);
  if (!first || !last) return undefined;
  return { name: placeName(scan.between(first, last)), span: { start: first.start, end: last.end } };
}

/** Typed without capitals: `new york` → `New York`. */
export function placeName(text: string): string {
  if (/\p{Lu}/u.test(text)) return text;
  return text.replace(/(?<![\p{L}'’])\p{L}+/gu, (word) =>
    /^(?:de|da|do|del|la|le|of|upon)$/.test(word) ? word : upperFirst(word),
  );
}

/** The first place behind one of the phrases; one in capitals before one that is not. */
export function placeBehind(scan: Scan, phrases: RegExp, after = 0): FoundPlace | undefined {
  const found: FoundPlace[] = [];
  for (const match of scan.text.matchAll(
    new RegExp(`(?<![\\p{L}\\p{N}])(?:${phrases.source})(?![\\p{L}\\p{N}])`, 'giu'),
  )) {
    if (match.index < after) continue;
    const end = match.index + match[0].length;
    const index = scan.words.findIndex((word) => word.start >= end);
    if (index === -1 || scan.words[index]?.breakBefore === true) continue;
    const place = placeAt(scan, index);
    if (place) found.push(place);
  }
  return found.find((it) => /^\p{Lu}/u.test(scan.text.slice(it.span.start))) ?? found[0];
}

const origins = /from|out of|leaving|departing|departing from|starting (?:in|at|from)/;
const destinations = /to|into|towards?|arriving (?:in|at)|bound for|heading for/;

export interface Route {
  readonly origin: FoundPlace | undefined;
  readonly destination: FoundPlace | undefined;
  /** Nothing says which is which, or that they are places. */
  readonly bare?: true;
}

/** `from X to Y`, `X to Y`, `between X and Y`, `X → Y`. */
export function findRoute(scan: Scan): Route {
  const between = /(?<![\p{L}])between\s/iu.exec(scan.text);
  if (between) {
    const origin = placeBehind(scan, /between/);
    const destination = origin && placeBehind(scan, /and/, origin.span.end);
    if (destination) return { origin, destination };
  }
  const arrow =
    /(?<![\p{L}])(\p{L}[\p{L}.'’ ]*?)\s*(?:→|->|=>|–|—|\s-\s|>)\s*(\p{L}[\p{L}'’]*(?: \p{Lu}[\p{L}'’]*)*)/u.exec(
      scan.text,
    );
  if (arrow) {
    const mid = arrow.index + (arrow[1]?.length ?? 0);
    const left = placeBefore(scan, indexAt(scan, mid));
    const right = placeAt(scan, indexAt(scan, mid));
    if (left && right) return { origin: left, destination: right };
  }
  const hyphened = /(?<![\p{L}-])(\p{Lu}\p{L}+)-(\p{Lu}\p{L}+)(?![\p{L}-])/u.exec(scan.text);
  if (hyphened?.[1] && hyphened[2] && scan.isFree(spanOf(hyphened))) {
    const span = spanOf(hyphened);
    return { origin: { name: hyphened[1], span }, destination: { name: hyphened[2], span } };
  }
  const origin = placeBehind(scan, origins);
  const destination = placeBehind(scan, destinations);
  if (!origin && !destination) return twoPlaces(scan);
  if (origin || !destination) return { origin, destination };
  const to = scan.words.findLastIndex((word) => word.lower === 'to' && word.end <= destination.span.start);
  return { origin: to === -1 ? undefined : placeBefore(scan, to), destination };
}

/** First words of names of two: `New York` is one place, `Berlin London` are two. */
const halves =
  /^(?:new|san|santa|los|las|la|le|el|rio|são|sao|buenos|hong|kuala|tel|cape|abu|saint|st|port|fort|salt|north|south|east|west|great|mexico|ho|addis|monte)$/;

/** Nothing but two names, as in a timetable. */
function twoPlaces(scan: Scan): Route {
  const names = scan.free().filter((word) => isPlaceWord(word));
  const [first, second] = names;
  const areTwo =
    names.length === 2 &&
    first &&
    second &&
    !second.breakBefore &&
    scan.words.indexOf(second) === scan.words.indexOf(first) + 1;
  if (!areTwo || halves.test(first.lower) || isCapital(first) !== isCapital(second))
    return { origin: undefined, destination: undefined };
  return { origin: toPlace(scan, [first]), destination: toPlace(scan, [second]), bare: true };
}

/** A place somebody is at or asks about. */
export function findPlace(scan: Scan): FoundPlace | undefined {
  return (
    placeBehind(scan, /in|at|near|around|within|outside|inside|visiting/) ?? placeBehind(scan, /for|of|to|about|into/)
  );
}

function indexAt(scan: Scan, offset: number): number {
  const index = scan.words.findIndex((word) => word.start >= offset);
  return index === -1 ? scan.words.length : index;
}

function spanOf(match: RegExpExecArray): Span {
  return { start: match.index, end: match.index + match[0].length };
}
