/** What stores refuse, in the same words. */
import { StoreError, type SessionLease, type SessionRecord } from '../index.ts';

export function leased(sessionId: string, retryInMs: number): StoreError {
  return new StoreError(
    'store_leased',
    `Session ${sessionId} is held by another process for ${String(retryInMs)} ms more. Ask again then.`,
    { retryInMs },
  );
}

export function fenced({ sessionId, token }: SessionLease): StoreError {
  return new StoreError(
    'store_fenced',
    `Session ${sessionId} was taken by another process, or deleted, after token ${String(token)} was given. Nothing was written; let go of the session here.`,
  );
}

export function gap(sessionId: string, kept: number, first: number): StoreError {
  return new StoreError(
    'store_gap',
    `Session ${sessionId} has ${String(kept)} records; the next is ${String(kept + 1)}, got ${String(first)}. Append from there.`,
    { seq: kept },
  );
}

/** Throws where one record does not follow the other. */
export function checkRow(sessionId: string, records: readonly SessionRecord[]): void {
  for (const [index, { seq }] of records.entries()) {
    const before = records[index - 1]?.seq ?? seq - 1;
    if (seq !== before + 1) throw gap(sessionId, before, seq);
  }
}

export function closed(): StoreError {
  return new StoreError('store_unavailable', 'The store was closed. Open it again.');
}
