/**
 * What a store must do, as data: cases that know no store. They run on made-up sessions, so that one store may serve them
 * all, one after the other.
 */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { StoreError, type SessionRecord, type SessionStore, type StoreErrorCode } from '../../index.ts';

/** What a store gives so that the cases can be run against it. */
export interface StoreUnderTest {
  /** The store as another process would open it: each call one more, over the same data. */
  open(): Promise<SessionStore>;
  /** Lets time pass for the store, by the clock it counts leases with. Without it, cases that need time are skipped. */
  pass?(ms: number): Promise<void>;
  /** Overwrites what the store wrote down for a record with this. Without it, such cases are skipped. */
  damage?(sessionId: string, seq: number, text: string): Promise<void>;
}

export type StoreNeed = 'time' | 'damage';

export interface StoreCase {
  readonly id: string;
  /** One sentence. */
  readonly behaviour: string;
  readonly needs: readonly StoreNeed[];
  /** Rejects, saying what was expected and what happened, where the store does not behave so. */
  run(store: StoreUnderTest): Promise<void>;
}

/** A case and a store, put together, for a test runner. */
export interface PlannedStoreCase {
  readonly id: string;
  readonly title: string;
  /** Why it is not run. */
  readonly skip: string | undefined;
  readonly run: () => Promise<void>;
}

const met: Readonly<Record<StoreNeed, (store: StoreUnderTest) => boolean>> = {
  time: (store) => store.pass !== undefined,
  damage: (store) => store.damage !== undefined,
};

export function unmetStoreNeed(needs: readonly StoreNeed[], store: StoreUnderTest): StoreNeed | undefined {
  return needs.find((need) => !met[need](store));
}

/** What a case holds in its hands: two stores over the same data, as two processes have them. */
export interface StoreScene {
  readonly a: SessionStore;
  readonly b: SessionStore;
  /** No other case uses it. */
  readonly sessionId: string;
  readonly userKey: string;
  readonly pass: (ms: number) => Promise<void>;
  readonly damage: (seq: number, text: string) => Promise<void>;
}

export function defineStoreCase(definition: {
  readonly id: string;
  readonly behaviour: string;
  readonly needs?: readonly StoreNeed[];
  readonly play: (scene: StoreScene) => Promise<void>;
}): StoreCase {
  const { id, behaviour, needs = [], play } = definition;
  return {
    id,
    behaviour,
    needs,
    run: async (store) => {
      const [a, b] = [await store.open(), await store.open()];
      const sessionId = `case ${id}`;
      const scene: StoreScene = {
        a,
        b,
        sessionId,
        userKey: `user of ${id}`,
        pass: async (ms) => await store.pass?.(ms),
        damage: async (seq, text) => await store.damage?.(sessionId, seq, text),
      };
      try {
        await a.delete(sessionId);
        await play(scene);
      } finally {
        await a.close();
        await b.close();
      }
    },
  };
}

/** Records `from` to `to` of a session: an opening, then messages. */
export function someRecords(sessionId: string, from: number, to: number): SessionRecord[] {
  const records: SessionRecord[] = [];
  for (let seq = from; seq <= to; seq += 1) {
    const envelope = { v: 1, seq, at: 1_000 + seq } as const;
    if (seq === 1) records.push({ ...envelope, type: 'session_opened', sessionId });
    else {
      const text = `Message ${String(seq)}: "ä", \u2028, \\, \u0000, 🛫`;
      const parts = [{ type: 'text', text }] as const;
      const message = { kind: 'message', id: `item_${String(seq)}`, role: 'user', parts, at: seq } as const;
      records.push({ ...envelope, type: 'message_added', message });
    }
  }
  return records;
}

/** The refusal, which must be of this code. */
export async function refused(promise: Promise<unknown>, code: StoreErrorCode): Promise<StoreError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert(
    error instanceof StoreError,
    `Expected StoreError ${code}, got ${error === undefined ? 'no refusal' : inspect(error)}.`,
  );
  assert.equal(error.code, code, error.message);
  return error;
}
