/**
 * From the text that a model wrote to the arguments of a body (S1.3): parsed, repaired where that is safe, validated.
 * Synchronous when the schema's validation is (S4.6). Nothing here throws.
 */
import type { JsonObject } from '../chat/items.ts';
import { takeConfirmFlag } from './confirm.ts';
import { repairJson, tryParse } from './repair.ts';
import type { Issue, ToolSchema, Validation } from './schema.ts';

export interface Misfit {
  readonly ok: false;
  /** For the model: `legs[0].from: expected string; date: required`. */
  readonly reasons: string;
  /** What a schema's own code threw: for logs. */
  readonly error?: unknown;
}

export interface ReadArguments {
  readonly ok: true;
  /** As the model gave them, `confirm_duplicate` included. */
  readonly given: JsonObject;
  /** The same without the flag. */
  readonly input: JsonObject;
  /** After validation: what the body gets. */
  readonly value: unknown;
  readonly confirmed: boolean;
}

export interface ReadOptions {
  /** The model was cut by its length limit: broken arguments are not repaired. */
  readonly cutOff?: boolean;
  /** The tool is in `confirm` mode: take `confirm_duplicate` out. */
  readonly confirm?: boolean;
}

/** Parses and validates the arguments of one call. */
export function readArguments(
  schema: ToolSchema,
  text: string,
  options: ReadOptions = {},
): ReadArguments | Misfit | Promise<ReadArguments | Misfit> {
  const parsed = parseArguments(text, options.cutOff ?? false);
  if (!parsed.ok) return parsed;
  const given = parsed.value;
  const { args: input, confirmed } = options.confirm ? takeConfirmFlag(given) : { args: given, confirmed: false };
  const toRead = (it: Fitted) => (it.ok ? { ok: true as const, given, input, value: it.value, confirmed } : it);
  const fitted = validateArguments(schema, input);
  return fitted instanceof Promise ? fitted.then(toRead) : toRead(fitted);
}

/** Empty text is `{}`, unless more was to come; and so is `null`, which some models write for no arguments. */
export function parseArguments(
  text: string,
  cutOff = false,
): { readonly ok: true; readonly value: JsonObject } | Misfit {
  if (text.trim() === '' && !cutOff) return { ok: true, value: {} };
  const parsed = tryParse(text) ?? (cutOff ? undefined : repairJson(text));
  if (!parsed)
    return { ok: false, reasons: cutOff ? 'the arguments were cut off before their end' : 'they are not valid JSON' };
  // Some servers encode the object once more.
  const { value } = (typeof parsed.value === 'string' && tryParse(parsed.value)) || parsed;
  if (value === null) return { ok: true, value: {} };
  if (isJsonObject(value)) return { ok: true, value };
  return {
    ok: false,
    reasons: `expected a JSON object, got ${Array.isArray(value) ? 'an array' : `a ${typeof value}`}`,
  };
}

export type Fitted = { readonly ok: true; readonly value: unknown } | Misfit;

/** Validates arguments that were parsed. What the body gets is its own: it may change it, and no record does. */
export function validateArguments(schema: ToolSchema, input: JsonObject): Fitted | Promise<Fitted> {
  try {
    const result = schema.validate(copyOf(input));
    return result instanceof Promise ? result.then(toFitted, unchecked) : toFitted(result);
  } catch (error) {
    return unchecked(error);
  }
}

/** What was parsed from JSON: nothing else is in it. */
function copyOf<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf) as Value;
  const copy = { ...value };
  for (const key of Object.keys(copy) as (keyof Value)[]) copy[key] = copyOf(copy[key]);
  return copy;
}

function toFitted(result: Validation): Fitted {
  return result.ok ? result : { ok: false, reasons: formatIssues(result.issues) };
}

function unchecked(error: unknown): Misfit {
  return { ok: false, reasons: 'they could not be checked because of an internal error', error };
}

const mostIssues = 10;

/** Issues on one line, for a model. */
export function formatIssues(issues: readonly Issue[]): string {
  const shown = issues.slice(0, mostIssues).map((it) => (it.path === '' ? it.message : `${it.path}: ${it.message}`));
  if (issues.length > mostIssues) shown.push(`and ${issues.length - mostIssues} more`);
  return shown.join('; ');
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
