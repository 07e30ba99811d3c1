/** A store whose process dies at one of its calls: before the store has done it, or after, and the answer never comes. */
import type { SessionStore } from 'meanwhile';

export interface Death {
  /** The call at which it dies, from 0. */
  readonly at: number;
  readonly when: 'before' | 'after';
}

export interface DyingStore extends SessionStore {
  readonly isDead: boolean;
  /** The names of the calls so far. */
  readonly calls: readonly string[];
}

/** Reads change nothing and are not counted. */
const counted = ['acquire', 'renew', 'release', 'append', 'post', 'collect', 'settle'] as const;

export function dyingStore(store: SessionStore, death?: Death): DyingStore {
  const calls: string[] = [];
  let isDead = false;
  const never = (): Promise<never> => new Promise<never>(() => undefined);
  const mortal =
    (name: string, call: (...args: never[]) => Promise<unknown>) =>
    async (...args: never[]) => {
      if (isDead) return await never();
      const dies = counted.includes(name as (typeof counted)[number]) && calls.push(name) - 1 === death?.at;
      if (dies) isDead = true;
      if (dies && death?.when === 'before') return await never();
      // As it is now: what is changed later is none of the store's business.
      const result = await call(...(structuredClone(args) as never[]));
      return isDead ? await never() : result;
    };
  const names = [...counted, 'read', 'saveSnapshot', 'snapshot', 'find', 'delete', 'expire'] as const;
  const methods = names.map((name) => [name, mortal(name, store[name].bind(store) as never)]);
  return {
    ...(Object.fromEntries(methods) as unknown as SessionStore),
    scope: store.scope,
    close: () => Promise.resolve(),
    get isDead() {
      return isDead;
    },
    calls,
  };
}
