/**
 * Values become text, the same way everywhere (S1.5): strings as they are, `undefined` and `null` empty, everything
 * else JSON. What JSON would lose or cannot express, at any depth, is refused with its place and kind.
 */
import type { Json } from '../chat/items.ts';
import { isAgentRef, isHandoff } from './handoff.ts';

/** Why a value cannot be told. `cause` is what a getter or `toJSON` threw: for logs, never for a model. */
export interface Refused {
  readonly ok: false;
  readonly reason: string;
  readonly cause?: unknown;
}

export type TextResult = { readonly ok: true; readonly text: string } | Refused;

/** `json` is undefined where JSON has nothing at all. */
export type JsonResult = { readonly ok: true; readonly json: Json | undefined } | Refused;

/** A value as the model is told it. Never throws. The reason names the place: `value.flights[2].seats is a Map, …`. */
export function toText(value: unknown): TextResult {
  if (typeof value === 'string') return { ok: true, text: value };
  if (value === undefined || value === null) return { ok: true, text: '' };
  const result = toJson(value);
  if (!result.ok) return result;
  return { ok: true, text: result.json === undefined ? '' : JSON.stringify(result.json) };
}

/**
 * A plain copy of a value, as JSON would have it; `toJSON` is honoured, properties that are `undefined` are left out.
 * Refuses by the same rule as `toText`. Never throws.
 */
export function toJson(value: unknown): JsonResult {
  try {
    return { ok: true, json: copy(value, { key: undefined, holder: undefined, up: undefined }) };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, reason: error.message };
    const tooDeep = error instanceof RangeError && error.message.includes('call stack');
    return { ok: false, reason: tooDeep ? 'value is nested too deeply' : 'value cannot be read', cause: error };
  }
}

/** Where the walk is: at `key` of `holder` (as it was before its `toJSON`), which stands at `up`. */
interface Place {
  readonly key: string | number | undefined;
  readonly holder: unknown;
  readonly up: Place | undefined;
}

class Refusal extends Error {
  constructor(place: Place, fact: string) {
    super(`${pathOf(place)} ${fact}`);
  }
}

function pathOf({ key, up }: Place): string {
  if (up === undefined) return 'value';
  const isName = typeof key === 'string' && /^[A-Za-z_$][\w$]*$/.test(key);
  return pathOf(up) + (isName ? `.${key}` : `[${JSON.stringify(key)}]`);
}

function copy(value: unknown, place: Place): Json | undefined {
  refuseCycle(value, place);
  const result = converted(value, place);
  return typeof result === 'object' && result !== null ? plainObject(result, value, place) : plain(result, place);
}

function refuseCycle(value: unknown, place: Place): void {
  if (typeof value !== 'object' || value === null) return;
  for (let above: Place | undefined = place; above; above = above.up) {
    if (above.holder === value) throw new Refusal(place, 'is a cycle: it holds itself');
  }
}

/** `toJSON` is asked once, as JSON does: what it gives is not asked for its own. */
function converted(value: unknown, place: Place): unknown {
  if (typeof value === 'object' && value !== null) refuseDisguised(value, place);
  else if (typeof value !== 'bigint') return value;
  const toJSON = value === null ? undefined : (value as { toJSON?: unknown }).toJSON;
  if (typeof toJSON !== 'function') return value;
  const result: unknown = toJSON.call(value, String(place.key ?? ''));
  if (typeof result === 'object' && result !== null) refuseDisguised(result, place);
  return result;
}

/** Kinds that a `toJSON` would hide. */
function refuseDisguised(value: object, place: Place): void {
  if (isAgentRef(value)) {
    throw new Refusal(place, `is the agent "${value.name}"; return handoff(agent, { returns }) to hand over to it`);
  }
  if (isHandoff(value)) throw new Refusal(place, 'is a handoff inside another value; return the handoff itself');
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Blob) {
    throw new Refusal(place, `is binary data (${nameOf(value)}), which JSON cannot express; encode it as a string`);
  }
  if (value instanceof Date && Number.isNaN(value.getTime())) throw new Refusal(place, 'is an invalid Date');
}

function plain(value: unknown, place: Place): Json | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      throw new Refusal(place, `is ${value}, which JSON cannot express`);
    case 'bigint':
      throw new Refusal(place, 'is a BigInt, which JSON cannot express; make it a string or a number');
    case 'object':
      return null;
    default:
      throw new Refusal(place, `is a ${typeof value}, which JSON cannot express`);
  }
}

function plainObject(value: object, source: unknown, place: Place): Json {
  if (value instanceof String || value instanceof Number || value instanceof Boolean || value instanceof BigInt) {
    return plain(value.valueOf(), place) ?? null;
  }
  const at = (key: string | number): Place => ({ key, holder: source, up: place });
  if (Array.isArray(value)) return Array.from(value, (part: unknown, key) => copy(part, at(key)) ?? null);
  refuseLost(value, place);
  // Without a prototype, `__proto__` is a key like any other.
  const result = Object.create(null) as Record<string, Json | undefined>;
  for (const key of Object.keys(value)) {
    const part = copy((value as Record<string, unknown>)[key], at(key));
    if (part !== undefined) result[key] = part;
  }
  return result;
}

/** Objects whose content is not in their properties: JSON would make `{}` of them. */
function refuseLost(value: object, place: Place): void {
  const name = nameOf(value);
  if (value instanceof Map || value instanceof Set) {
    throw new Refusal(place, `is a ${name}, which JSON cannot express; make it an object or an array`);
  }
  if (value instanceof Error) throw new Refusal(place, `is an Error (${name}), which JSON cannot express`);
  if (Object.getOwnPropertySymbols(value).some((key) => Object.prototype.propertyIsEnumerable.call(value, key))) {
    throw new Refusal(place, 'has a symbol as a key, which JSON cannot express');
  }
  if (!isPlain(value) && Object.keys(value).length === 0) {
    throw new Refusal(place, `is of type ${name} and has nothing that JSON can express; make it a plain object`);
  }
}

/** Also from another realm, whose `Object.prototype` is not ours. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nameOf(value: object): string {
  const { constructor } = value;
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'Object';
}
