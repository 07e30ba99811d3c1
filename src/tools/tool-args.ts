/** The type of a body's arguments, inferred from the schema of any library. Types only. */
import type { JsonObject } from '../chat/items.ts';

/** The arguments that a body gets: what the schema's validation gives. A JSON Schema written out in place is read. */
export type ToolArgs<Schema> = [Schema] extends [undefined]
  ? Record<string, never>
  : Schema extends { readonly '~standard': { readonly types?: infer Types } }
    ? OutputOf<Types>
    : Schema extends { readonly _type: infer Output }
      ? Output
      : Schema extends () => { readonly _type: infer Output }
        ? Output
        : FromJsonSchema<Schema> extends infer Output
          ? unknown extends Output
            ? JsonObject
            : Output
          : never;

type OutputOf<Types> = NonNullable<Types> extends { readonly output: infer Output } ? Output : unknown;

/** The type that a JSON Schema written out in place describes; `unknown` where it says nothing. */
export type FromJsonSchema<S> = S extends { readonly const: infer Value }
  ? Value
  : S extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : S extends { readonly anyOf: readonly (infer Option)[] }
      ? FromJsonSchema<Option>
      : S extends { readonly oneOf: readonly (infer Option)[] }
        ? FromJsonSchema<Option>
        : S extends { readonly type: readonly (infer Type)[] }
          ? FromType<Type, S>
          : S extends { readonly type: infer Type }
            ? FromType<Type, S>
            : unknown;

type FromType<Type, S> = Type extends keyof Primitives
  ? Primitives[Type]
  : Type extends 'array'
    ? S extends { readonly items: infer Items }
      ? FromJsonSchema<Items>[]
      : unknown[]
    : Type extends 'object'
      ? FromObject<S>
      : unknown;

interface Primitives {
  string: string;
  number: number;
  integer: number;
  boolean: boolean;
  null: null;
}

type FromObject<S> = S extends { readonly properties: infer Properties }
  ? Flat<
      { -readonly [Key in keyof Properties as Key & RequiredOf<S>]: FromJsonSchema<Properties[Key]> } & {
        -readonly [Key in keyof Properties as Exclude<Key, RequiredOf<S>>]?: FromJsonSchema<Properties[Key]>;
      }
    >
  : Record<string, unknown>;

type RequiredOf<S> = S extends { readonly required: readonly (infer Key)[] } ? Key : never;

type Flat<T> = { [Key in keyof T]: T[Key] };
