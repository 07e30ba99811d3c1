/** What makes two calls the same (S4.1), and which later call supersedes an earlier one (S3.6). */
import type { Json, JsonObject } from '../chat/items.ts';
import { MeanwhileError } from '../errors.ts';
import type { ToolPolicy } from './policy.ts';
import { show } from './options.ts';
import { toJson } from './text.ts';

/** The arguments of one call, without `confirm_duplicate`. */
export interface CallArguments {
  /** As the model gave them. */
  readonly input: JsonObject;
  /** After validation: what the body gets. */
  readonly value: unknown;
}

interface KeyedTool {
  readonly name: string;
  readonly policy: { readonly [Name in 'duplicateKey' | 'supersedeKey']?: ToolPolicy[Name] | undefined };
}

/**
 * Equal keys are duplicates. The tool's name is always part of it. Arguments compare after validation, with sorted
 * keys; where validation made something that JSON cannot tell apart (a Map, say), as the model gave them, so that two
 * different calls never look the same.
 *
 * Throws what the tool's own function throws, and `invalid_value` when that gives no string.
 */
export function duplicateKey(tool: KeyedTool, { input, value }: CallArguments): string {
  const { duplicateKey: key = 'arguments' } = tool.policy;
  if (key === 'name') return tool.name;
  if (key === 'arguments') return `${tool.name} ${canonicalJson(value) ?? canonicalJson(input) ?? ''}`;
  return `${tool.name} ${keyText(tool.name, 'duplicateKey', key(value))}`;
}

/** The key under which only the latest call counts; undefined where the tool has none. Throws as `duplicateKey` does. */
export function supersedeKey(tool: KeyedTool, value: unknown): string | undefined {
  const { supersedeKey: key } = tool.policy;
  return typeof key === 'function' ? keyText(tool.name, 'supersedeKey', key(value)) : key;
}

/** JSON with sorted keys and without spaces: the same text for equal values. Undefined where JSON cannot say it. */
export function canonicalJson(value: unknown): string | undefined {
  const flat = writeFlat(value);
  if (flat !== undefined) return flat;
  const result = toJson(value);
  return result.ok && result.json !== undefined ? write(result.json) : undefined;
}

/** What nearly all arguments are, a few plain values: written at once, without a copy. Undefined for anything else. */
function writeFlat(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return undefined;
  if (Object.getOwnPropertySymbols(value).length > 0) return undefined;
  const members = value as Readonly<Record<string, unknown>>;
  let text = '';
  for (const key of Object.keys(members).sort()) {
    const member = members[key];
    if (typeof member !== 'string' && typeof member !== 'boolean' && !Number.isFinite(member)) return undefined;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${JSON.stringify(member)}`;
  }
  return `{${text}}`;
}

function write(json: Json): string {
  if (typeof json !== 'object' || json === null) return JSON.stringify(json);
  if (isList(json)) return `[${json.map(write).join(',')}]`;
  const members = Object.keys(json)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${write(json[key] ?? null)}`);
  return `{${members.join(',')}}`;
}

/** `Array.isArray` does not narrow a readonly array. */
function isList(json: object): json is readonly Json[] {
  return Array.isArray(json);
}

function keyText(toolName: string, option: string, key: unknown): string {
  if (typeof key === 'string') return key;
  throw new MeanwhileError(
    'invalid_value',
    `Tool "${toolName}": expected ${option} to give a string, got ${show(key)}.`,
  );
}
