/** A store that does what it is told to: fail, not answer, answer too late. */
import { StoreError, type SessionStore } from 'meanwhile';

export type StoreMood = 'works' | 'fails' | 'hangs' | 'loses answers';

export interface MoodyStore extends SessionStore {
  mood: StoreMood;
  /** Appends that reached it. */
  appends: number;
}

/** `scope`: as the store is to say. */
export function moodyStore(store: SessionStore, scope: SessionStore['scope'] = store.scope): MoodyStore {
  async function pass<T>(run: () => Promise<T>): Promise<T> {
    if (moody.mood === 'fails') throw new StoreError('store_unavailable', 'There is no room left.');
    if (moody.mood === 'hangs') return await new Promise<never>(() => undefined);
    const result = await run();
    if (moody.mood === 'loses answers') throw new StoreError('store_unavailable', 'The connection was cut.');
    return result;
  }
  const moody: MoodyStore = {
    scope,
    mood: 'works',
    appends: 0,
    acquire: (...args) => pass(() => store.acquire(...args)),
    renew: (...args) => pass(() => store.renew(...args)),
    release: (...args) => pass(() => store.release(...args)),
    append: async (lease, records) => {
      moody.appends += 1;
      // As it is now: what is changed later is none of its business.
      const sent = records.map((record) => structuredClone(record));
      await pass(() => store.append(lease, sent));
    },
    read: (...args) => pass(() => store.read(...args)),
    saveSnapshot: (...args) => pass(() => store.saveSnapshot(...args)),
    snapshot: (...args) => pass(() => store.snapshot(...args)),
    find: (...args) => pass(() => store.find(...args)),
    post: (...args) => pass(() => store.post(...args)),
    collect: (...args) => pass(() => store.collect(...args)),
    settle: (...args) => pass(() => store.settle(...args)),
    delete: (...args) => pass(() => store.delete(...args)),
    expire: (...args) => pass(() => store.expire(...args)),
    close: () => store.close(),
  };
  return moody;
}
