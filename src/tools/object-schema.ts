/** The JSON Schema of a tool's arguments: always of an object, at hand or loaded first (S1.3). */
import type { JsonObject } from '../chat/items.ts';
import { describeError } from '../errors.ts';
import { createJsonSchemaCheck } from './json-schema.ts';
import { invalid, isRecord, show } from './options.ts';
import type { ToolSchema, Validation } from './schema.ts';

/** A copy as plain JSON, with what every provider wants to see in the schema of an object. */
export function objectSchema(given: unknown, what: string): JsonObject {
  if (!isRecord(given)) throw noSchema(what, given);
  const { $schema, ...schema } = jsonCopy(given, what);
  const type = schema['type'] ?? (isRecord(schema['properties']) ? 'object' : undefined);
  if (type !== 'object') {
    const got = type === undefined ? `one without a type (${Object.keys(schema).join(', ') || 'empty'})` : show(type);
    throw invalid(what, `expected the schema of an object, got ${got}. Put the value into a property of an object.`);
  }
  // Draft 7 is what a schema without a name is read as.
  const draft = typeof $schema === 'string' && !$schema.includes('draft-07') ? { $schema } : {};
  return { ...draft, type, properties: {}, ...schema };
}

function jsonCopy(given: object, what: string): Record<string, JsonObject[string]> {
  try {
    return JSON.parse(JSON.stringify(given)) as Record<string, JsonObject[string]>;
  } catch (error) {
    throw invalid(what, `its JSON Schema is not JSON: ${describeError(error)}.`, { cause: error });
  }
}

export function noSchema(what: string, given: unknown): Error {
  return invalid(
    what,
    `expected parameters to be a schema of Zod, Valibot or ArkType, or a JSON Schema, got ${show(given)}.`,
  );
}

export function jsonSchemaValidate(jsonSchema: JsonObject, what: string): (value: unknown) => Validation {
  const check = createJsonSchemaCheck(what, jsonSchema);
  return (value) => {
    const issues = check(value);
    return issues.length === 0 ? { ok: true, value } : { ok: false, issues };
  };
}

/** A schema whose JSON Schema takes time. Its own validation, where it has one, works before. */
export class LoadedSchema implements ToolSchema {
  readonly #what: string;
  readonly #find: () => Promise<unknown>;
  #validate: ToolSchema['validate'] | undefined;
  #loading: Promise<void> | undefined;
  #jsonSchema: JsonObject | undefined;

  constructor(what: string, find: () => Promise<unknown>, validate: ToolSchema['validate'] | undefined) {
    this.#what = what;
    this.#find = find;
    this.#validate = validate;
  }

  get jsonSchema(): JsonObject | undefined {
    return this.#jsonSchema;
  }

  load(): Promise<void> | undefined {
    return this.#jsonSchema ? undefined : (this.#loading ??= this.#load());
  }

  validate(value: unknown): Validation | Promise<Validation> {
    if (this.#validate) return this.#validate(value);
    return Promise.resolve(this.load()).then(() => this.validate(value));
  }

  async #load(): Promise<void> {
    let found: unknown;
    try {
      found = await this.#find();
    } catch (error) {
      throw invalid(this.#what, `its schema has no JSON Schema: ${describeError(error)}.`, { cause: error });
    }
    const jsonSchema = objectSchema(found, this.#what);
    this.#validate ??= jsonSchemaValidate(jsonSchema, this.#what);
    this.#jsonSchema = jsonSchema;
  }
}
