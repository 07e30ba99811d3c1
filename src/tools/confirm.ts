/** `onDuplicate: 'confirm'`: the flag in the schema, and its way out again before body and key (S4.2). */
import type { JsonObject } from '../chat/items.ts';
import { MeanwhileError } from '../errors.ts';
import type { EffectivePolicy } from './policy.ts';
import type { ToolSchema } from './schema.ts';
import { checkNoConfirm, confirmName } from './tool.ts';

/** A tool as far as its schema for the model needs it. */
export interface SchemaTool {
  readonly name: string;
  readonly schema: ToolSchema;
  readonly strict?: boolean;
  readonly policy: Pick<EffectivePolicy, 'onDuplicate'>;
}

/**
 * The JSON Schema that the model is sent. In `confirm` mode it is a copy with a boolean `confirm_duplicate`: optional,
 * or required and nullable where the schema is strict, since strict schemas have no optional properties.
 *
 * Throws when the schema has not been loaded, and `invalid_definition` when it has such a property itself.
 */
export function modelSchema(tool: SchemaTool, confirmText: string): JsonObject {
  const { jsonSchema } = tool.schema;
  if (jsonSchema === undefined) {
    throw new MeanwhileError(
      'invalid_definition',
      `Tool "${tool.name}": its schema is not loaded. Await schema.load() first.`,
    );
  }
  if (tool.policy.onDuplicate !== 'confirm') return jsonSchema;
  checkNoConfirm(`Tool "${tool.name}"`, tool.schema);
  const strict = tool.strict === true;
  const flag = { type: strict ? ['boolean', 'null'] : 'boolean', description: confirmText };
  const properties = { ...(jsonSchema['properties'] as JsonObject), [confirmName]: flag };
  const required = (jsonSchema['required'] ?? []) as readonly string[];
  return { ...jsonSchema, properties, ...(strict ? { required: [...required, confirmName] } : {}) };
}

/** The arguments without the flag, and whether it was set. */
export function takeConfirmFlag(args: JsonObject): { readonly args: JsonObject; readonly confirmed: boolean } {
  if (!Object.hasOwn(args, confirmName)) return { args, confirmed: false };
  const { [confirmName]: flag, ...rest } = args;
  // Some models write every value as a string.
  return { args: rest, confirmed: flag === true || flag === 'true' };
}
