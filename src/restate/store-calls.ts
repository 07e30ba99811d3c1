/** What the store's objects know of each other, and how they read their state. */
import { RestatePromise, type ObjectSharedContext, type VirtualObject } from '@restatedev/restate-sdk';
import type { Described } from './store-names.ts';

/** What others ask a session. */
export type SessionHandlers = VirtualObject<{
  readonly describe: (ctx: ObjectSharedContext) => Promise<Described | null>;
}>;

export function get<T>(ctx: ObjectSharedContext, key: string): RestatePromise<T | null> {
  // It is one; its type does not say so.
  return ctx.get<T>(key) as RestatePromise<T | null>;
}

export async function getAll<T>(ctx: ObjectSharedContext, keys: readonly string[]): Promise<readonly (T | null)[]> {
  return await RestatePromise.all(keys.map((key) => get<T>(ctx, key)));
}
