/**
 * From the text that a model wrote to the arguments of a body (S1.3): parsed, repaired where that is safe, validated.
 * Synchronous when the schema's validation is (S4.6). Nothing here throws.
 */
import { jsonrepair } from 'jsonrepair';
import type { JsonObject } from '../chat/items.ts';
import { takeConfirmFlag } from './confirm.ts';
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

/** Empty text is `{}`, and so is `null`, which some models write for no arguments. */
export function parseArguments(
  text: string,
  cutOff = false,
): { readonly ok: true; readonly value: JsonObject } | Misfit {
  if (text.trim() === '') return { ok: true, value: {} };
  const parsed = tryParse(text) ?? (cutOff ? undefined : repaired(text));
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

/** Validates arguments that were parsed. */
export function validateArguments(schema: ToolSchema, input: JsonObject): Fitted | Promise<Fitted> {
  try {
    const result = schema.validate(input);
    return result instanceof Promise ? result.then(toFitted, unchecked) : toFitted(result);
  } catch (error) {
    return unchecked(error);
  }
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

function tryParse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Quotes, commas, comments, code fences and missing closing brackets are repaired; a value is never completed. */
function repaired(text: string): { readonly value: unknown } | undefined {
  const body = withoutFence(text.trim());
  if (!endsWhole(body) || elided.test(body)) return undefined;
  try {
    return tryParse(jsonrepair(body));
  } catch {
    return undefined;
  }
}

function withoutFence(text: string): string {
  const opened = text.replace(/^```\w*/, '');
  return (opened.endsWith('```') ? opened.slice(0, -3) : opened).trim();
}

/** `[1, 2, ...]`: a repair would drop what the model left out. */
const elided = /[[{,]\s*\.\.\.\s*[,\]}]/;

/**
 * Does the text end behind a whole value? One that breaks off inside a string, a number or a member is also malformed
 * JSON, but what was cut is not there to be repaired: `{"amount": 10` may have been 1000.
 */
function endsWhole(text: string): boolean {
  const { open, start } = lastString(text);
  if (open) return false;
  if (text.endsWith('"') || text.endsWith("'")) return text.slice(0, start).trimEnd().endsWith(':');
  return /[}\]]$|:\s*(?:true|false|null|True|False|None)$/.test(text);
}

/** The last quoted string: where it starts, and whether it is still open at the end. */
function lastString(text: string): { readonly open: boolean; readonly start: number } {
  let quote = '';
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charAt(at);
    if (quote !== '' && letter === '\\') at += 1;
    else if (letter === quote) quote = '';
    else if (quote === '' && (letter === '"' || letter === "'")) {
      quote = letter;
      start = at;
    }
  }
  return { open: quote !== '', start };
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
