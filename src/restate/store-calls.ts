/** What the store's objects know of each other, and how they read their state. */
import {
  RestatePromise,
  type ObjectOptions,
  type ObjectSharedContext,
  type VirtualObject,
} from '@restatedev/restate-sdk';
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

export const objectOptions = {
  enableLazyState: true,
  // A journal is of no use when its handler has ended.
  journalRetention: 0,
  // While no worker answers: soon after one does, it goes on. After a day whoever asked has long asked anew.
  retryPolicy: {
    initialInterval: 50,
    exponentiationFactor: 2,
    maxInterval: 2_000,
    maxAttempts: 43_200,
    onMaxAttempts: 'kill',
  },
} as const satisfies ObjectOptions;
