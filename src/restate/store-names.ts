/** What the store's client and its services say to each other. Refusals are answers: an error would be tried again for ever. */
import type { UndeliveredResult } from '../index.ts';

export const names = { session: 'meanwhile_session', user: 'meanwhile_user', index: 'meanwhile_index' } as const;

/** The HTTP status by which a worker says that it is too old for what is kept. */
export const newerVersion = 505;

/** Over so many objects each list of all is spread. A store keeps this number for ever. */
export const indexShards = 16;

export interface LeaseRef {
  readonly token: number;
}

export interface AcquireRequest {
  readonly leaseMs: number;
  readonly userKey?: string;
  readonly takeOver?: boolean;
}

export interface AppendRequest extends LeaseRef {
  /** The number of the first text. */
  readonly first: number;
  readonly texts: readonly string[];
}

export interface ReadRequest {
  readonly after: number;
  readonly limit: number;
}

export interface PostRequest extends LeaseRef {
  readonly userKey: string;
  readonly result: UndeliveredResult;
}

export type Refusal =
  | { readonly refused: 'leased'; readonly retryInMs: number }
  | { readonly refused: 'fenced' }
  | { readonly refused: 'gap'; readonly seq: number };

export interface Granted {
  readonly token: number;
  readonly seq: number;
}

/** What a session says of itself; null: there is none. */
export interface Described {
  readonly userKey?: string;
  readonly seq: number;
  readonly touchedAt: number;
  readonly leasedUntil: number;
}

/** A session's, or a user's, key as Restate has it: an address may not end in nothing, or in dots. */
export function keyOf(id: string): string {
  return `:${id}`;
}

export function idOf(key: string): string {
  return key.slice(1);
}

export function isIdKey(key: string): boolean {
  return key.startsWith(':');
}

/** The object of the index that has a session. */
export function shardOf(sessionId: string): string {
  return sessionShard(hashOf(sessionId) % indexShards);
}

/** The object of the index that has a user with an outbox. */
export function outboxShardOf(userKey: string): string {
  return outboxShard(hashOf(userKey) % indexShards);
}

export const sessionShard = (shard: number): string => `sessions ${String(shard)}`;
export const outboxShard = (shard: number): string => `outboxes ${String(shard)}`;

function hashOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash >>> 0;
}
