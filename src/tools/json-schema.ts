/** Plain JSON Schema has no validation of its own: its check, with field-level reasons (S1.3). */
import { Validator } from '@cfworker/json-schema';
import type { JsonObject } from '../chat/items.ts';
import { describeError } from '../errors.ts';
import { invalid, show } from './options.ts';
import type { Issue } from './schema.ts';
import { toJson } from './text.ts';

/** A check of values; issues are the innermost reasons. Throws `invalid_definition` for a schema that is not well formed. */
export function createJsonSchemaCheck(what: string, jsonSchema: JsonObject): (value: unknown) => Issue[] {
  checkWellFormed(what, jsonSchema, jsonSchema);
  try {
    // Shared with nobody: the validator writes into the schema that it is given.
    const validator = new Validator(structuredClone(jsonSchema), draftOf(jsonSchema), false);
    validator.validate({});
    return (value) => check(validator, value);
  } catch (error) {
    throw invalid(what, `its JSON Schema cannot be used: ${describeError(error)}`, { cause: error });
  }
}

/** The validator would find these only when a value comes that far. */
function checkWellFormed(what: string, part: unknown, root: JsonObject): void {
  if (typeof part !== 'object' || part === null) return;
  const { pattern, $ref } = part as { pattern?: unknown; $ref?: unknown };
  if (typeof pattern === 'string') checkPattern(what, pattern);
  if (typeof $ref === 'string' && !isResolvable($ref, root)) {
    throw invalid(what, `its JSON Schema refers to ${show($ref)}, which it does not hold. Put it under "$defs".`);
  }
  for (const inner of Object.values(part)) checkWellFormed(what, inner, root);
}

function checkPattern(what: string, pattern: string): void {
  try {
    new RegExp(pattern, 'u');
  } catch (error) {
    throw invalid(what, `its JSON Schema has the pattern ${show(pattern)}: ${describeError(error)}.`, { cause: error });
  }
}

/** Anchors and ids are left to the validator. */
function isResolvable(ref: string, root: JsonObject): boolean {
  if (ref === '#' || (root['$id'] ?? root['$anchor']) !== undefined) return true;
  if (!ref.startsWith('#/')) return ref.startsWith('#');
  let found: unknown = root;
  for (const key of pointerKeys(ref))
    found = Object(found) === found ? (found as Record<string, unknown>)[key] : undefined;
  return found !== undefined;
}

function draftOf({ $schema }: JsonObject): '4' | '7' | '2019-09' | '2020-12' {
  const named = /draft-0?(4|7)|(2019-09|2020-12)/.exec(typeof $schema === 'string' ? $schema : '');
  return (named?.[1] ?? named?.[2] ?? '7') as ReturnType<typeof draftOf>;
}

/** Keywords that only say that something deeper did not fit. */
const outer = new Set([
  'properties',
  'patternProperties',
  'additionalProperties',
  'propertyNames',
  'items',
  'prefixItems',
  'additionalItems',
  'allOf',
  '$ref',
  'then',
  'else',
  'if',
]);

function check(validator: Validator, value: unknown): Issue[] {
  const plain = toJson(value);
  if (!plain.ok) return [{ path: '', message: plain.reason }];
  const { valid, errors } = validator.validate(plain.json ?? null);
  if (valid) return [];
  const inner = errors.filter((it) => !outer.has(it.keyword));
  return (inner.length > 0 ? inner : errors).map((it) => ({
    path: formatPath(pointerKeys(it.instanceLocation)),
    message: it.keyword === 'false' ? 'This property is not known.' : it.error,
  }));
}

/** The keys of a JSON pointer in a URI fragment: `#/legs/0/x`. */
function pointerKeys(pointer: string): string[] {
  const keys = pointer.split('/').slice(1);
  return keys.map((key) => decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Keys as one reads them: `legs[0].x`. */
export function formatPath(keys: readonly PropertyKey[]): string {
  return keys
    .map((key, index) => (/^\d+$/.test(String(key)) ? `[${String(key)}]` : `${index > 0 ? '.' : ''}${String(key)}`))
    .join('');
}
