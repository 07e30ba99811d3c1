/**
 * A user's outbox, in his object: results that wait for his next session, and who has collected which. Whether a session
 * still holds its lease is asked of that session; its shared handlers answer at any time, so nobody waits for himself.
 */
import { RestatePromise, type ObjectContext, type VirtualObject } from '@restatedev/restate-sdk';
import type { Clock, CollectedResult, UndeliveredResult } from '../index.ts';
import { get, getAll, type SessionHandlers } from './store-calls.ts';
import { idOf, keyOf, names, outboxShardOf } from './store-names.ts';
import type { ListHandlers } from './store-directory.ts';

interface Entry {
  /** By the first post. */
  readonly order: number;
  readonly postedAt: number;
  readonly result: UndeliveredResult;
  /** The session that has collected it. */
  readonly holder?: string;
  readonly again: boolean;
}

const waiting = 'result ';
/** Remembered as long as the session exists in which it was asked for, whose id is the value: a late post is known. */
const settled = 'settled ';

export type OutboxHandlers = VirtualObject<ReturnType<typeof outboxHandlers>>;

export function outboxHandlers(clock: Clock) {
  const now = (ctx: ObjectContext): RestatePromise<number> => ctx.run('now', () => clock.now());

  return {
    post: async (ctx: ObjectContext, { by, result }: { by: string; result: UndeliveredResult }): Promise<null> => {
      const [key, gone] = [waiting + result.deliveryId, settled + result.deliveryId];
      const [entry, tombstone, count, at] = await RestatePromise.all([
        get<Entry>(ctx, key),
        get<string>(ctx, gone),
        get<number>(ctx, 'posted'),
        now(ctx),
      ]);
      if (tombstone !== null || (entry && entry.holder !== by)) return null;
      const order = entry?.order ?? count ?? 0;
      ctx.set(key, { order, postedAt: at, result, again: false } satisfies Entry);
      if (entry) return null;
      ctx.set('posted', order + 1);
      await ctx.objectClient<ListHandlers>({ name: names.index }, outboxShardOf(idOf(ctx.key))).add(idOf(ctx.key));
      return null;
    },

    collect: async (ctx: ObjectContext, { by }: { by: string }): Promise<CollectedResult[]> => {
      const entries = await entriesOf(ctx);
      const held = await heldOf(ctx, entries, await now(ctx));
      const mine = entries.filter(({ holder }) => holder === undefined || holder === by || !held.has(holder));
      return mine.map((entry) => {
        const again = entry.again || (entry.holder !== undefined && entry.holder !== by);
        const { result } = entry;
        ctx.set(waiting + result.deliveryId, { ...entry, holder: by, again } satisfies Entry);
        return { result, again };
      });
    },

    settle: async (ctx: ObjectContext, { by, deliveryId }: { by: string; deliveryId: string }): Promise<null> => {
      const entry = await get<Entry>(ctx, waiting + deliveryId);
      if (entry?.holder !== by) return null;
      ctx.clear(waiting + deliveryId);
      const { sessionId } = entry.result;
      const origin = await ctx.objectClient<SessionHandlers>({ name: names.session }, keyOf(sessionId)).describe();
      if (origin) ctx.set(settled + deliveryId, sessionId);
      return null;
    },

    /** The session is gone: nobody posts its results any more. */
    forgetSettled: async (ctx: ObjectContext, { origin }: { origin: string }): Promise<null> => {
      const keys = (await ctx.stateKeys()).filter((key) => key.startsWith(settled));
      const origins = await getAll<string>(ctx, keys);
      for (const [index, key] of keys.entries()) if (origins[index] === origin) ctx.clear(key);
      return null;
    },

    /** Forgets what has waited so long. */
    expire: async (ctx: ObjectContext, { idleMs }: { idleMs: number }): Promise<null> => {
      const entries = await entriesOf(ctx);
      const at = await now(ctx);
      const held = await heldOf(ctx, entries, at);
      const old = entries.filter(
        ({ postedAt, holder }) => postedAt + idleMs <= at && !(holder !== undefined && held.has(holder)),
      );
      for (const { result } of old) ctx.clear(waiting + result.deliveryId);
      if (old.length < entries.length) return null;
      ctx.clear('posted');
      await ctx.objectClient<ListHandlers>({ name: names.index }, outboxShardOf(idOf(ctx.key))).remove(idOf(ctx.key));
      return null;
    },
  };
}

/** In the order of the first post. */
async function entriesOf(ctx: ObjectContext): Promise<Entry[]> {
  const keys = (await ctx.stateKeys()).filter((key) => key.startsWith(waiting));
  const entries = await getAll<Entry>(ctx, keys);
  return entries.flatMap((entry) => entry ?? []).sort((a, b) => a.order - b.order);
}

/** Those of the holders whose lease runs. */
async function heldOf(ctx: ObjectContext, entries: readonly Entry[], at: number): Promise<ReadonlySet<string>> {
  const holders = [...new Set(entries.flatMap(({ holder }) => holder ?? []))];
  const described = await RestatePromise.all(
    holders.map((id) => ctx.objectClient<SessionHandlers>({ name: names.session }, keyOf(id)).describe()),
  );
  return new Set(holders.filter((_id, index) => (described[index]?.leasedUntil ?? 0) > at));
}
