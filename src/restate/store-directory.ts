/** Who has which sessions: one object a user, with his outbox, and the lists of all, spread over a few. */
import {
  handlers,
  object,
  RestatePromise,
  type ObjectContext,
  type ObjectSharedContext,
  type VirtualObject,
  type VirtualObjectDefinition,
} from '@restatedev/restate-sdk';
import type { Clock, StoredSession } from '../index.ts';
import { objectOptions, type SessionHandlers } from './store-calls.ts';
import { idOf, isIdKey, keyOf, names } from './store-names.ts';
import { outboxHandlers } from './store-outbox.ts';

export type ListHandlers = VirtualObject<typeof list>;

/** Each id is a key of the state: adding one does not carry the others. */
const list = {
  add: async (ctx: ObjectContext, id: string): Promise<null> => {
    ctx.set(keyOf(id), 1);
    return null;
  },
  remove: async (ctx: ObjectContext, id: string): Promise<null> => {
    ctx.clear(keyOf(id));
    return null;
  },
};

export function userObject(clock: Clock): VirtualObjectDefinition<string, unknown> {
  return object({
    name: names.user,
    handlers: { ...list, ...outboxHandlers(clock), find: handlers.object.shared(find) },
    options: objectOptions,
  });
}

export function indexObject(): VirtualObjectDefinition<string, unknown> {
  return object({
    name: names.index,
    handlers: { ...list, list: handlers.object.shared(idsIn) },
    options: objectOptions,
  });
}

async function idsIn(ctx: ObjectSharedContext): Promise<string[]> {
  return (await ctx.stateKeys()).filter(isIdKey).map(idOf);
}

async function find(ctx: ObjectSharedContext): Promise<StoredSession[]> {
  const userKey = idOf(ctx.key);
  const ids = await idsIn(ctx);
  const described = await RestatePromise.all(
    ids.map((id) => ctx.objectClient<SessionHandlers>({ name: names.session }, keyOf(id)).describe()),
  );
  const found = ids.flatMap((sessionId, index): StoredSession[] => {
    const session = described[index];
    if (session?.userKey !== userKey) return [];
    return [{ sessionId, userKey, seq: session.seq, touchedAt: session.touchedAt }];
  });
  return found.sort((a, b) => b.touchedAt - a.touchedAt);
}
