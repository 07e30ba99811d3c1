/**
 * Schemas of arguments (S1.3, S4.6): one resolved form for Zod, Valibot, ArkType, AI SDK schemas and plain JSON
 * Schema. Validation goes through `~standard`, the JSON Schema comes from `~standard.jsonSchema` or is taken as given.
 * Only a schema that cannot give its own (Zod 3) has to be loaded: `@ai-sdk/provider-utils` costs 40 ms and 20 MiB.
 */
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import type { JsonObject } from '../chat/items.ts';
import { describeError } from '../errors.ts';
import { formatPath } from './json-schema.ts';
import { jsonSchemaValidate, LoadedSchema, noSchema, objectSchema } from './object-schema.ts';
import { invalid, isRecord, show } from './options.ts';

/** A schema of any library that speaks Standard Schema v1; `jsonSchema` is its Standard JSON Schema half. */
export interface StandardSchemaLike<Output = unknown, Input = unknown> {
  readonly '~standard': StandardSchemaV1.Props<Input, Output> & {
    readonly jsonSchema?: StandardJSONSchemaV1.Converter;
  };
}

/** What the AI SDK's `jsonSchema()`, `zodSchema()` and `asSchema()` give. */
export interface AiSdkSchema<Output = unknown> {
  readonly _type: Output;
  readonly jsonSchema: unknown;
  readonly validate?: ((value: unknown) => AiSdkValidation<Output> | PromiseLike<AiSdkValidation<Output>>) | undefined;
}

export type AiSdkValidation<Output> =
  | { readonly success: true; readonly value: Output }
  | { readonly success: false; readonly error: Error };

/** A JSON Schema that is held in a library's own type, `JSONSchema7` say: an interface is no `JsonObject`. */
export interface JsonSchemaLike {
  readonly type?: unknown;
  readonly properties?: unknown;
  readonly required?: unknown;
  readonly additionalProperties?: unknown;
  readonly description?: unknown;
}

/** All that `parameters` may be. */
export type ToolParameters =
  | StandardSchemaLike
  | AiSdkSchema
  /** The AI SDK's `lazySchema()`. */
  | (() => AiSdkSchema)
  | JsonObject
  | JsonSchemaLike;

/** One reason why a value does not fit. `path` is `legs[0].from`, empty for the value itself. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

export type Validation =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** A schema as the library uses it. */
export interface ToolSchema {
  /** What the model is sent; always of an object. Undefined until `load` has resolved, where that is needed. */
  readonly jsonSchema: JsonObject | undefined;
  /** Undefined when there is nothing to load. Rejects with `invalid_definition` when the schema cannot be used. */
  load(): Promise<void> | undefined;
  /** Synchronous wherever the schema's own validation is. Throws or rejects only when the schema's own code does. */
  validate(value: unknown): Validation | Promise<Validation>;
}

/**
 * Resolves what was given as `parameters`. Throws `invalid_definition`, naming `what`, for a schema that is not one of
 * an object, or cannot give a JSON Schema. Without any, the tool takes no arguments.
 */
export function resolveSchema(parameters: ToolParameters | undefined, what = 'The schema'): ToolSchema {
  if (parameters === undefined) return noArguments;
  if (isStandard(parameters)) return fromStandard(parameters, what);
  if (isAiSdkSchema(parameters)) return fromAiSdk(parameters, what);
  if (typeof parameters === 'function') return fromLazy(parameters, what);
  if (!isRecord(parameters)) throw noSchema(what, parameters);
  refuseLookalikes(parameters, what);
  return fromJsonSchema(objectSchema(parameters, what), what);
}

const noArguments: ToolSchema = {
  jsonSchema: { type: 'object', properties: {}, additionalProperties: false },
  load: () => undefined,
  validate: () => ({ ok: true, value: {} }),
};

function fromStandard(schema: StandardSchemaLike, what: string): ToolSchema {
  const standard = schema['~standard'];
  const validate = (value: unknown) => {
    const result = standard.validate(value);
    return 'then' in result ? result.then(fromResult) : fromResult(result);
  };
  const own = ownJsonSchema(schema, what);
  if (own !== undefined) return { jsonSchema: objectSchema(own, what), load: () => undefined, validate };
  if (standard.vendor === 'zod') return new LoadedSchema(what, () => zodJsonSchema(schema), validate);
  const remedy =
    standard.vendor === 'valibot'
      ? 'Wrap it in toStandardJsonSchema() of @valibot/to-json-schema.'
      : 'Use a schema that has ~standard.jsonSchema, or give a JSON Schema.';
  throw invalid(what, `its schema (${standard.vendor}) cannot give a JSON Schema. ${remedy}`);
}

/** Draft 7 is what the providers' packages expect; the newer one is the next best. */
function ownJsonSchema(schema: StandardSchemaLike, what: string): unknown {
  const { jsonSchema } = schema['~standard'];
  const { toJsonSchema } = schema as { toJsonSchema?: unknown };
  try {
    if (typeof jsonSchema?.input === 'function') return inDraft(jsonSchema);
    return typeof toJsonSchema === 'function' ? (toJsonSchema.call(schema) as unknown) : undefined;
  } catch (error) {
    throw invalid(what, `its schema has no JSON Schema: ${describeError(error)}. Take types that JSON has.`, {
      cause: error,
    });
  }
}

function inDraft(converter: StandardJSONSchemaV1.Converter): unknown {
  try {
    return converter.input({ target: 'draft-07' });
  } catch (error) {
    try {
      return converter.input({ target: 'draft-2020-12' });
    } catch {
      throw error;
    }
  }
}

function fromResult(result: StandardSchemaV1.Result<unknown>): Validation {
  if (result.issues === undefined) return { ok: true, value: result.value };
  return { ok: false, issues: result.issues.map(toIssue) };
}

function toIssue({ path = [], message }: StandardSchemaV1.Issue): Issue {
  return { path: formatPath(path.map((it) => (typeof it === 'object' ? it.key : it))), message };
}

async function zodJsonSchema(schema: StandardSchemaLike): Promise<unknown> {
  const { asSchema } = await import('@ai-sdk/provider-utils');
  return await asSchema(schema).jsonSchema;
}

function fromAiSdk(schema: AiSdkSchema, what: string): ToolSchema {
  const given = schema.jsonSchema;
  if (isThenable(given)) return new LoadedSchema(what, () => Promise.resolve(given), aiSdkCheck(schema));
  const jsonSchema = objectSchema(given, what);
  const validate = aiSdkCheck(schema);
  return validate ? { jsonSchema, load: () => undefined, validate } : fromJsonSchema(jsonSchema, what);
}

function fromLazy(create: () => unknown, what: string): ToolSchema {
  let schema: unknown;
  try {
    schema = create();
  } catch (error) {
    throw invalid(what, `its lazy schema failed: ${describeError(error)}.`, { cause: error });
  }
  if (isAiSdkSchema(schema)) return fromAiSdk(schema, what);
  throw noSchema(what, create);
}

function aiSdkCheck(schema: AiSdkSchema): ToolSchema['validate'] | undefined {
  if (schema.validate === undefined) return undefined;
  const toValidation = (result: AiSdkValidation<unknown>): Validation =>
    result.success ? { ok: true, value: result.value } : { ok: false, issues: issuesOf(result.error) };
  return (value) => {
    const result = schema.validate?.(value) ?? { success: true, value };
    return isThenable(result) ? Promise.resolve(result).then(toValidation) : toValidation(result);
  };
}

/** The issues of a validation error: a ZodError's, or those the AI SDK's own error holds as its cause. */
function issuesOf(error: Error): Issue[] {
  const holders: unknown[] = [error, error.cause, { issues: error.cause }];
  for (const holder of holders) {
    const issues = isRecord(holder) ? holder['issues'] : undefined;
    if (Array.isArray(issues) && issues.length > 0) return issues.map((it) => toIssue(it as StandardSchemaV1.Issue));
  }
  return [{ path: '', message: error.message }];
}

function fromJsonSchema(jsonSchema: JsonObject, what: string): ToolSchema {
  return { jsonSchema, load: () => undefined, validate: jsonSchemaValidate(jsonSchema, what) };
}

function refuseLookalikes(given: Readonly<Record<string, unknown>>, what: string): void {
  if ('_def' in given) throw invalid(what, 'its Zod schema is too old. Use zod 3.25 or later.');
  const member = Object.keys(given).find((key) => isStandard(given[key]) || '_def' in Object(given[key]));
  if (member === undefined) return;
  throw invalid(what, `expected a schema, got an object whose property ${show(member)} is one. Wrap it in z.object().`);
}

function isStandard(value: unknown): value is StandardSchemaLike {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as { '~standard'?: unknown })['~standard'];
  return isRecord(standard) && typeof standard['validate'] === 'function';
}

const aiSdkBrand = Symbol.for('vercel.ai.schema');

function isAiSdkSchema(value: unknown): value is AiSdkSchema {
  return isRecord(value) && aiSdkBrand in value;
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
