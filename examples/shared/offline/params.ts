/** The parameters of a JSON Schema, as far as one can fill them from somebody's words. */
import { conceptOf, humanize, isFiller, wordsOf } from './words.ts';

export type Role = 'origin' | 'destination' | 'place' | 'date' | 'email' | 'url' | 'person' | 'text';

export interface Option {
  readonly value: string | number;
  readonly label: string;
}

export interface Param {
  readonly name: string;
  /** The name in plain words. */
  readonly label: string;
  readonly description: string;
  readonly required: boolean;
  /** Null says that there is none. */
  readonly nullable: boolean;
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object';
  readonly format: string | undefined;
  readonly role: Role;
  readonly options: readonly Option[];
  /** The concepts of its name. */
  readonly concepts: ReadonlySet<string>;
  /** Of an array: one element. */
  readonly item: Param | undefined;
  /** Of an object. */
  readonly params: readonly Param[];
}

/** The library's own flag: never filled from words. */
export const confirmFlag = 'confirm_duplicate';

type Schema = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function readParams(schema: Schema): Param[] {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return Object.entries(properties)
    .filter(([name, property]) => name !== confirmFlag && isRecord(property))
    .map(([name, property]) => readParam(name, isRecord(property) ? property : {}, required.includes(name)));
}

/** Required properties that take null, the library's flag among them. */
export function readNullable(schema: Schema): string[] {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return Object.entries(properties).flatMap(([name, property]) =>
    required.includes(name) && isRecord(property) && withoutNull(property).nullable ? [name] : [],
  );
}

function readParam(name: string, written: Schema, required: boolean): Param {
  const { schema, nullable } = withoutNull(written);
  const label = humanize(name);
  const description = textIn(written, 'description') || textIn(schema, 'description') || textIn(written, 'title');
  const format = typeof schema['format'] === 'string' ? schema['format'] : undefined;
  return {
    name,
    label,
    description,
    required,
    nullable,
    type: typeIn(schema),
    format,
    role: roleOf(label, description, format),
    options: optionsIn(schema),
    concepts: new Set(wordsOf(label).flatMap((word) => (isFiller(word) ? [] : [word.concept]))),
    item: isRecord(schema['items']) ? readParam(name, schema['items'], true) : undefined,
    params: readParams(schema),
  };
}

/** The first alternative that is not null. An `anyOf` of constants is left for `optionsIn`. */
function withoutNull(schema: Schema): { schema: Schema; nullable: boolean } {
  const { type } = schema;
  if (Array.isArray(type)) {
    return { schema: { ...schema, type: type.find((it) => it !== 'null') }, nullable: type.includes('null') };
  }
  const alternatives = [schema['anyOf'], schema['oneOf']].find(Array.isArray)?.filter(isRecord) ?? [];
  const others = alternatives.filter((it) => it['type'] !== 'null');
  const nullable =
    others.length < alternatives.length || (Array.isArray(schema['enum']) && schema['enum'].includes(null));
  const [only] = others;
  if (only && (others.length === 1 || !others.every((it) => 'const' in it))) {
    return { schema: { ...schema, ...only }, nullable };
  }
  return { schema: others.length > 0 ? { ...schema, oneOf: others } : schema, nullable };
}

function typeIn(schema: Schema): Param['type'] {
  const { type } = schema;
  if (type === 'number' || type === 'integer' || type === 'boolean' || type === 'array' || type === 'object')
    return type;
  return 'string';
}

function textIn(schema: Schema, key: string): string {
  const value = schema[key];
  return typeof value === 'string' ? value : '';
}

/** `enum`, `const`, or constants with titles. */
export function optionsIn(schema: Schema): Option[] {
  const alternatives = [schema['oneOf'], schema['anyOf']].find(Array.isArray) ?? [];
  const titled = alternatives.filter(isRecord).flatMap((it) => optionOf(it['const'], textIn(it, 'title')));
  if (titled.length > 0) return titled;
  const values: unknown[] = Array.isArray(schema['enum']) ? schema['enum'] : 'const' in schema ? [schema['const']] : [];
  const names = Array.isArray(schema['enumNames']) ? schema['enumNames'].map(String) : [];
  return values.flatMap((value, index) => optionOf(value, names[index] ?? ''));
}

function optionOf(value: unknown, title: string): Option[] {
  if (typeof value !== 'string' && typeof value !== 'number') return [];
  return [{ value, label: title || (typeof value === 'string' ? value.replace(/[_-]+/g, ' ') : String(value)) }];
}

/** Asked in this order: `departure_date` is a date, `destination_city` a destination. */
const roles: readonly [Role, RegExp][] = [
  ['email', /\be ?mail\b/],
  ['url', /\b(?:url|uri|link|website)\b/],
  ['date', /\b(?:date|day|when|deadline|check ?in|check ?out)\b|\bdepart(?:ure)? ?(?:at|on)\b/],
  ['origin', /\b(?:origin|from|departure|depart|departing|leaving|pickup|pick up)\b/],
  ['destination', /\b(?:destination|dest|to|arrival|arriving|going to)\b/],
  ['place', /\b(?:city|town|location|place|where|country|region|area|address|airport|station)\b/],
  ['person', /\b(?:full name|first name|last name|person|passenger|guest name|customer|recipient|your name)\b|^name$/],
];

/** The role that a parameter's name alone suggests. */
export function roleOfName(name: string): Role {
  return roleOf(humanize(name), '', undefined);
}

function roleOf(label: string, description: string, format: string | undefined): Role {
  if (format === 'email') return 'email';
  if (format === 'uri' || format === 'url') return 'url';
  if (format === 'date' || format === 'date-time') return 'date';
  // A description is prose: only its first words say what the value is.
  const head = description.toLowerCase().split(/[.,;:(]/, 1)[0] ?? '';
  if (/^(?:to|from|recipient|contact|address)$/.test(label) && /\be-?mail\b/.test(head)) return 'email';
  for (const [role, pattern] of roles) if (pattern.test(label)) return role;
  for (const [role, pattern] of roles) if (/^(?:email|date|place)$/.test(role) && pattern.test(head)) return role;
  return 'text';
}

/** Does the parameter's name or description mention what counts money? */
export function isMoney(param: Param): boolean {
  return [...param.concepts].some((it) => it === 'price' || it === conceptOf('amount'));
}
