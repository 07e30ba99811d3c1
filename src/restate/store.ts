/**
 * Sessions in Restate: the store of several machines, without a database. What is here speaks HTTP; the other half,
 * `restateStoreServices()`, runs in workers.
 */
import {
  recordsFromTexts,
  recordToText,
  type AcquireOptions,
  type CollectedResult,
  type SessionLease,
  type SessionRecord,
  type SessionStore,
  type Snapshot,
  type StoredSession,
  type UndeliveredResult,
} from '../index.ts';
import { checkRow, fenced, gap, leased } from '../store/refusals.ts';
import { StoreIngress, type RestateStoreOptions } from './store-ingress.ts';
import {
  indexShards,
  keyOf,
  names,
  outboxShard,
  sessionShard,
  type AppendRequest,
  type Granted,
  type Refusal,
} from './store-names.ts';

export type { RestateStoreOptions };

/**
 * Needs the store's services, which `meanwhile worker` serves. Nothing is asked before the first call; where Restate
 * cannot be reached, or does not answer in time, calls reject with `store_unavailable`. Throws MeanwhileError
 * `invalid_option` for an `ingress` that is no address.
 */
export function restateStore(options: RestateStoreOptions): SessionStore {
  return new RestateStore(new StoreIngress(options));
}

const batchSize = 5000;
/** Calls of `expire`. */
const atOnce = 16;

class RestateStore implements SessionStore {
  readonly scope = 'network';
  readonly #ingress: StoreIngress;

  constructor(ingress: StoreIngress) {
    this.#ingress = ingress;
  }

  async acquire(sessionId: string, options: AcquireOptions): Promise<SessionLease> {
    const answer = await this.#session<Granted | Refusal>(sessionId, 'acquire', options);
    if (isRefusal(answer)) throw refusal({ sessionId, token: 0, seq: 0 }, answer, 0);
    return { sessionId, token: answer.token, seq: answer.seq };
  }

  async renew(lease: SessionLease, leaseMs: number): Promise<void> {
    await this.#held(lease, 'renew', { leaseMs });
  }

  async release(lease: SessionLease): Promise<void> {
    await this.#session(lease.sessionId, 'release', { token: lease.token });
  }

  async append(lease: SessionLease, records: readonly SessionRecord[]): Promise<void> {
    checkRow(lease.sessionId, records);
    const first = records[0]?.seq ?? 0;
    await this.#held(lease, 'append', { first, texts: records.map(recordToText) } satisfies Omit<
      AppendRequest,
      'token'
    >);
  }

  async read(sessionId: string, after: number, limit = batchSize): Promise<readonly SessionRecord[]> {
    return recordsFromTexts(sessionId, after, await this.#session<string[]>(sessionId, 'read', { after, limit }));
  }

  async saveSnapshot(lease: SessionLease, { seq, data }: Snapshot): Promise<void> {
    await this.#held(lease, 'saveSnapshot', { seq, data });
  }

  async snapshot(sessionId: string): Promise<Snapshot | undefined> {
    return (await this.#session<Snapshot | null>(sessionId, 'snapshot')) ?? undefined;
  }

  async find(userKey: string): Promise<readonly StoredSession[]> {
    return await this.#ingress.call(names.user, keyOf(userKey), 'find', null);
  }

  async post(lease: SessionLease, userKey: string, result: UndeliveredResult): Promise<void> {
    await this.#held(lease, 'post', { userKey, result });
  }

  async collect(lease: SessionLease, userKey: string): Promise<readonly CollectedResult[]> {
    return await this.#held<readonly CollectedResult[]>(lease, 'collect', { userKey });
  }

  async settle(lease: SessionLease, deliveryId: string): Promise<void> {
    await this.#held(lease, 'settle', { deliveryId });
  }

  async delete(sessionId: string): Promise<void> {
    await this.#session(sessionId, 'delete');
  }

  /** From here, a session a call: no handler runs for as long as there are sessions. */
  async expire(idleMs: number): Promise<number> {
    await this.#each(outboxShard, (userKey) => this.#ingress.call(names.user, keyOf(userKey), 'expire', { idleMs }));
    const gone = await this.#each(sessionShard, (id) => this.#session<boolean>(id, 'expire', { idleMs }));
    return gone.filter(Boolean).length;
  }

  async close(): Promise<void> {
    this.#ingress.close();
  }

  /** Of all that are in a list. */
  async #each<T>(shardKey: (shard: number) => string, ask: (id: string) => Promise<T>): Promise<T[]> {
    const answers: T[] = [];
    for (let shard = 0; shard < indexShards; shard += 1) {
      const ids = await this.#ingress.call<string[]>(names.index, shardKey(shard), 'list', null);
      for (let from = 0; from < ids.length; from += atOnce)
        answers.push(...(await Promise.all(ids.slice(from, from + atOnce).map(ask))));
    }
    return answers;
  }

  /** Rejects where the lease is not good for it any more. */
  async #held<T>(lease: SessionLease, handler: string, request: object): Promise<T> {
    const answer = await this.#session<T | Refusal>(lease.sessionId, handler, { token: lease.token, ...request });
    if (isRefusal(answer)) throw refusal(lease, answer, 'first' in request ? Number(request.first) : 0);
    return answer;
  }

  #session<T>(sessionId: string, handler: string, parameter: object | null = null): Promise<T> {
    return this.#ingress.call<T>(names.session, keyOf(sessionId), handler, parameter);
  }
}

function isRefusal(answer: unknown): answer is Refusal {
  return typeof answer === 'object' && answer !== null && 'refused' in answer;
}

function refusal(lease: SessionLease, answer: Refusal, first: number): Error {
  switch (answer.refused) {
    case 'leased':
      return leased(lease.sessionId, answer.retryInMs);
    case 'gap':
      return gap(lease.sessionId, answer.seq, first);
    case 'fenced':
      return fenced(lease);
  }
}
