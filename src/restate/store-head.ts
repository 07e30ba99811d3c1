/**
 * What a session's object decides, as functions over its head: the one value that is read and written each time. It has
 * the lease, the number of the last record, and the newest texts. When those fill a chunk they move into a value of
 * their own, which never changes: so an append costs the same however long the session is.
 */
import type { AcquireRequest, AppendRequest, Described, Granted, Refusal } from './store-names.ts';

/** Texts a chunk. A store keeps this number for ever. */
export const chunkSize = 32;
/** A longer one has a value of its own, so that the head stays light. */
const longText = 2_000;

/** `null`: it is long. */
export type Chunk = readonly (string | null)[];

export interface Kept {
  readonly seq: number;
  /** Epoch ms. */
  readonly leasedUntil: number;
  readonly touchedAt: number;
  readonly userKey?: string;
  /** The texts behind the last full chunk. */
  readonly tail: Chunk;
}

/** Without `kept` the session was deleted, or never was. Its token stays, so that no token is ever given twice. */
export interface Head {
  /** Of everything that is kept for the session. */
  readonly v: number;
  readonly token: number;
  readonly kept?: Kept;
}

export const headVersion = 1;
export const noHead: Head = { v: headVersion, token: 0 };

/** The head as it is from now on, and the other values to be written. Unchanged where there is none. */
export interface Decision<T> {
  readonly answer: T | Refusal;
  readonly head?: Head;
  readonly values?: readonly (readonly [key: string, value: Chunk | string])[];
}

export const chunkKey = (chunk: number): string => `chunk ${String(chunk)}`;
export const textKey = (seq: number): string => `text ${String(seq)}`;

export function acquire(head: Head, { leaseMs, userKey, takeOver }: AcquireRequest, now: number): Decision<Granted> {
  const kept: Kept = head.kept ?? { seq: 0, leasedUntil: 0, touchedAt: now, tail: [] };
  if (!takeOver && kept.leasedUntil > now) {
    return { answer: { refused: 'leased', retryInMs: kept.leasedUntil - now } };
  }
  const token = head.token + 1;
  const taken = { ...kept, leasedUntil: now + leaseMs, touchedAt: now, ...(userKey === undefined ? {} : { userKey }) };
  return { answer: { token, seq: kept.seq }, head: { v: headVersion, token, kept: taken } };
}

/** The lease ends at `until`. */
export function lease(head: Head, token: number, until: number): Decision<null> {
  const kept = heldBy(head, token);
  if (!kept) return fenced;
  return { answer: null, head: { ...head, kept: { ...kept, leasedUntil: until } } };
}

export function append(head: Head, { token, first, texts }: AppendRequest, now: number): Decision<null> {
  const kept = heldBy(head, token);
  if (!kept) return fenced;
  if (texts.length === 0) return { answer: null };
  if (first !== kept.seq + 1) return { answer: { refused: 'gap', seq: kept.seq } };
  const long = texts.flatMap((text, index) => (isLong(text) ? [[textKey(first + index), text] as const] : []));
  const all = [...kept.tail, ...texts.map((text) => (isLong(text) ? null : text))];
  const chunks: [string, Chunk][] = [];
  const firstChunk = fullChunks(kept.seq);
  while (all.length >= chunkSize) chunks.push([chunkKey(firstChunk + chunks.length), all.splice(0, chunkSize)]);
  const grown = { ...kept, seq: kept.seq + texts.length, touchedAt: now, tail: all };
  return { answer: null, head: { ...head, kept: grown }, values: [...long, ...chunks] };
}

/** Undefined where the session is not its any more. */
export function heldBy(head: Head, token: number): Kept | undefined {
  return head.token === token ? head.kept : undefined;
}

export const fenced = { answer: { refused: 'fenced' } } as const satisfies Decision<never>;

export function isIdle({ kept }: Head, idleMs: number, now: number): boolean {
  return kept !== undefined && kept.leasedUntil <= now && kept.touchedAt + idleMs <= now;
}

export function describe({ kept }: Head): Described | null {
  if (!kept) return null;
  const { seq, touchedAt, leasedUntil, userKey } = kept;
  return { seq, touchedAt, leasedUntil, ...(userKey === undefined ? {} : { userKey }) };
}

/** How many chunks are full when there are so many records; also the number of the chunk that has the next one. */
export function fullChunks(seq: number): number {
  return Math.floor(seq / chunkSize);
}

function isLong(text: string): boolean {
  return text.length > longText;
}
