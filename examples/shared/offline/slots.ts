/**
 * Arguments out of somebody's words. Values with a mark of their own are found first (quotes, addresses, options,
 * dates, counted things, places behind their prepositions); what is left over goes to the one parameter that still
 * lacks a value. `sure` names the parameters whose value had such a mark: they are a hint at the tool as well.
 */
import type { JSONValue } from '@ai-sdk/provider';
import { matchAll, matchOption } from './choices.ts';
import { findDates } from './dates.ts';
import { findNumbers } from './numbers.ts';
import { isMoney, type Param } from './params.ts';
import { findPlace, findRoute, isPlaceWord, placeAt, placeName } from './places.ts';
import { Scan } from './scan.ts';
import { isKnownWord, type Word } from './words.ts';

export type Values = Readonly<Record<string, JSONValue>>;

export interface Filled {
  readonly values: Values;
  readonly sure: ReadonlySet<string>;
}

export interface SlotContext {
  /** What dates are counted from. */
  readonly now: number;
  /** What `there` means. */
  readonly place: string | undefined;
  /** Concepts that name the tool and so are no value. */
  readonly isToolWord?: (word: Word) => boolean;
}

export function fillSlots(params: readonly Param[], text: string, context: SlotContext): Filled {
  const slots = new Slots(params, text, context);
  slots.fill();
  return { values: slots.values, sure: slots.sure };
}

class Slots {
  readonly values: Record<string, JSONValue> = {};
  readonly sure = new Set<string>();
  readonly #params: readonly Param[];
  readonly #scan: Scan;
  readonly #context: SlotContext;

  constructor(params: readonly Param[], text: string, context: SlotContext) {
    this.#params = params;
    this.#scan = new Scan(text);
    this.#context = context;
  }

  fill(): void {
    this.#fillLabelled();
    this.#fillQuoted();
    this.#fillAddresses();
    this.#fillOptions();
    this.#fillDates();
    this.#fillNumbers();
    this.#fillFlags();
    this.#fillRoute();
    this.#fillPlace();
    this.#fillNames();
    this.#fillObjects();
    this.#fillRest();
  }

  #set(param: Param, value: JSONValue, isSure = true): void {
    this.values[param.name] = param.type === 'array' && !Array.isArray(value) ? [value] : value;
    if (isSure) this.sure.add(param.name);
  }

  #open(test: (param: Param) => boolean): Param[] {
    return this.#params.filter((param) => !(param.name in this.values) && test(param));
  }

  /** `city: Rome`, `title="Notes"`. */
  #fillLabelled(): void {
    for (const param of this.#open((it) => it.type === 'string' && it.options.length === 0)) {
      const name = param.label.replaceAll(' ', '[ _-]?');
      const code = this.#scan.match(new RegExp(`(?<![\\p{L}])${name}\\s+(?:is\\s+)?([\\w-]*\\d[\\w-]*)`, 'iu'));
      if (code?.match[1] && isText(param)) {
        this.#scan.use(code.span);
        this.#set(param, code.match[1]);
        continue;
      }
      const found = this.#scan.match(new RegExp(`(?<![\\p{L}])${name}\\s*[:=]\\s*("[^"]*"|[^\\s,;][^,;\\n]*)`, 'iu'));
      if (!found?.match[1]) continue;
      this.#scan.use(found.span);
      this.#set(param, found.match[1].replace(/^"|"$|[.!?]$/g, ''));
    }
  }

  #fillQuoted(): void {
    const open = this.#open((it) => isText(it) || it.role === 'person');
    for (const param of open.toSorted((a, b) => Number(b.required) - Number(a.required))) {
      const found = this.#scan.match(
        /"([^"]+)"|“([^”]+)”|«([^»]+)»|`([^`]+)`|(?<![\p{L}\p{N}])'([^']+)'(?![\p{L}\p{N}])/u,
      );
      const value = found?.match.slice(1).find((it) => it !== undefined);
      if (!found || value === undefined) return;
      this.#scan.use(found.span);
      this.#set(param, value);
    }
  }

  #fillAddresses(): void {
    const forms = { email: /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/, url: /https?:\/\/[^\s"'<>)]*[^\s"'<>).,;!?]/ };
    for (const param of this.#open(({ role, type }) => type === 'string' && (role === 'email' || role === 'url'))) {
      const found = this.#scan.match(param.role === 'email' ? forms.email : forms.url);
      if (!found) continue;
      this.#scan.use(found.span);
      this.#set(param, found.match[0]);
    }
  }

  #fillOptions(): void {
    for (const param of this.#open((it) => it.options.length > 0)) {
      const found = matchOption(param.options, this.#scan);
      if (!found) continue;
      this.#scan.use(found.span);
      this.#set(param, found.option.value);
    }
    for (const param of this.#open((it) => (it.item?.options.length ?? 0) > 0)) {
      const found = matchAll(param.item?.options ?? [], this.#scan);
      if (found.length > 0)
        this.#set(
          param,
          found.map((it) => it.value),
        );
    }
  }

  #fillDates(): void {
    const params = this.#open((it) => it.role === 'date' && it.type === 'string');
    const dates = findDates(this.#scan, this.#context.now);
    dates.forEach((date, index) => {
      const param = params[index];
      // A date that no parameter wants is no other value either.
      this.#scan.use(date.span);
      if (!param) return;
      if (param.format === undefined) this.#set(param, date.text);
      else if (date.day !== undefined) this.#set(param, param.format === 'date' ? date.day : `${date.day}T00:00:00Z`);
    });
  }

  #fillNumbers(): void {
    const isNumber = (it: Param): boolean => it.type === 'number' || it.type === 'integer';
    for (const { value, word, unit, isLimit } of findNumbers(this.#scan)) {
      const open = this.#open(
        (it) => isNumber(it) && it.options.length === 0 && (it.type === 'number' || Number.isInteger(value)),
      );
      const counted = open.find((it) => unit !== undefined && it.concepts.has(unit));
      const limited =
        isLimit || unit === 'price' ? open.find((it) => isMoney(it) || /\bmax/.test(it.label)) : undefined;
      const param = counted ?? limited;
      if (!param) continue;
      this.#scan.use(word);
      this.#set(param, value);
    }
    const [left, ...more] = findNumbers(this.#scan);
    const open = this.#open((it) => isNumber(it) && it.options.length === 0);
    const param =
      open.find((it) => it.required) ?? (open.length === 1 ? open[0] : open.find((it) => it.concepts.has('people')));
    if (!left || more.length > 0 || !param || (left.unit !== undefined && !param.required)) return;
    this.#scan.use(left.word);
    this.#set(param, left.value, false);
  }

  #fillFlags(): void {
    for (const param of this.#open((it) => it.type === 'boolean')) {
      const words = [...param.concepts].map((concept) => this.#scan.free().find((word) => word.concept === concept));
      if (words.length === 0 || words.includes(undefined)) continue;
      const first = words[0]?.start ?? 0;
      this.#set(param, !/\b(?:no|not|without|don't|never)\s+(?:\S+\s+)?$/i.test(this.#scan.text.slice(0, first)));
      for (const word of words) if (word) this.#scan.use(word);
    }
  }

  #fillRoute(): void {
    const [from] = this.#open((it) => it.role === 'origin' && it.type === 'string');
    const [to] = this.#open((it) => it.role === 'destination' && it.type === 'string');
    if (!from && !to) return;
    const { origin, destination, bare } = findRoute(this.#scan);
    if (bare && !(from && to)) return;
    if (from && origin) this.#set(from, origin.name, !bare);
    if (to && destination) this.#set(to, destination.name, !bare);
    for (const found of [origin, destination]) if (found) this.#scan.use(found.span);
    if (from && to && !origin && !destination) return;
    if (to && !destination && this.#saysThere()) this.#setThere(to);
  }

  #fillPlace(): void {
    const [param] = this.#open((it) => it.type === 'string' && (it.role === 'place' || it.role === 'destination'));
    if (!param) return;
    const found = findPlace(this.#scan);
    if (found) {
      this.#scan.use(found.span);
      this.#set(param, found.name);
    } else if (this.#saysThere()) this.#setThere(param);
  }

  #saysThere(): boolean {
    return /\bthere\b(?! (?:is|are|was|be|will)\b)|\bsame (?:city|place|town)\b/i.test(this.#scan.text);
  }

  #setThere(param: Param): void {
    if (this.#context.place !== undefined) this.#set(param, this.#context.place);
  }

  #fillNames(): void {
    for (const param of this.#open((it) => it.role === 'person' && it.type === 'string')) {
      const found = this.#scan.match(
        /(?:[Nn]ame is|[Nn]ame's|[Ii] am|[Ii]'m|[Cc]all me|[Nn]amed|[Cc]alled|[Tt]his is)\s+(\p{L}[\p{L}'’-]*(?:\s+\p{Lu}[\p{L}'’-]*)*)/u,
      );
      const name = found?.match[1];
      if (!found || name === undefined) continue;
      this.#scan.use(found.span);
      this.#set(param, placeName(name));
    }
  }

  #fillObjects(): void {
    for (const param of this.#open((it) => it.type === 'object' && it.params.length > 0)) {
      const { values, sure } = fillSlots(param.params, this.#scan.text, this.#context);
      if (sure.size > 0 && missingFrom(param.params, values).length === 0) this.#set(param, values);
    }
  }

  /** What is left belongs to the parameter that cannot do without a value. */
  #fillRest(): void {
    const [param] = this.#open(
      (it) => it.required && (it.type === 'string' || it.type === 'array') && it.options.length === 0,
    );
    if (!param) return;
    if (param.role === 'place' || (param.role === 'destination' && !this.#params.some((it) => it.role === 'origin'))) {
      const first = this.#scan.words.findIndex(
        (word) => !this.#scan.isUsed(word) && isPlaceWord(word) && !this.#isToolWord(word),
      );
      const place = first === -1 ? undefined : placeAt(this.#scan, first);
      if (place) this.#set(param, place.name, false);
      return;
    }
    if (!isText(param) && param.role !== 'person') return;
    const rest = this.#scan.rest((word) => this.#isToolWord(word));
    if (rest && rest.text.length > 1) this.#set(param, param.type === 'array' ? listIn(rest.text) : rest.text, false);
  }

  #isToolWord(word: Word): boolean {
    return this.#context.isToolWord?.(word) ?? isKnownWord(word);
  }
}

/** A parameter that takes any words. */
export function isText(param: Param): boolean {
  return (
    param.role === 'text' && param.options.length === 0 && (param.type === 'string' || param.item?.type === 'string')
  );
}

export function missingFrom(params: readonly Param[], values: Values): Param[] {
  return params.filter((param) => param.required && !param.nullable && !(param.name in values));
}

function listIn(text: string): string[] {
  return text
    .split(/\s*,\s*|\s+and\s+/)
    .map((it) => it.trim())
    .filter((it) => it !== '');
}
