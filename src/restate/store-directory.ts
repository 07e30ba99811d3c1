/** Who has which sessions: one object a user, and the list of all, spread over a few. */
import {
  handlers,
  object,
  RestatePromise,
  type VirtualObject,
  type ObjectContext,
  type ObjectSharedContext,
  type VirtualObjectDefinition,
} from '@restatedev/restate-sdk';
import type { StoredSession } from '../index.ts';
import { idOf, keyOf, names, type Described } from './store-names.ts';

/** What a session's object says to one of these, and the other way round. */
export type ListHandlers = VirtualObject<typeof list>;
type Describing = VirtualObject<{ readonly describe: (ctx: ObjectSharedContext) => Promise<Described | null> }>;

const options = { enableLazyState: true, journalRetention: 0 } as const;

/** Each session is a key of the state: adding one does not carry the others. */
const list = {
  add: async (ctx: ObjectContext, sessionId: string): Promise<null> => {
    ctx.set(keyOf(sessionId), 1);
    return null;
  },
  remove: async (ctx: ObjectContext, sessionId: string): Promise<null> => {
    ctx.clear(keyOf(sessionId));
    return null;
  },
};

export function userObject(): VirtualObjectDefinition<string, unknown> {
  return object({ name: names.user, handlers: { ...list, find: handlers.object.shared(find) }, options });
}

export function indexObject(): VirtualObjectDefinition<string, unknown> {
  return object({ name: names.index, handlers: { ...list, list: handlers.object.shared(sessionsOf) }, options });
}

async function sessionsOf(ctx: ObjectSharedContext): Promise<string[]> {
  return (await ctx.stateKeys()).map(idOf);
}

async function find(ctx: ObjectSharedContext): Promise<StoredSession[]> {
  const ids = await sessionsOf(ctx);
  const described = await RestatePromise.all(
    ids.map((id) => ctx.objectClient<Describing>({ name: names.session }, keyOf(id)).describe()),
  );
  const userKey = idOf(ctx.key);
  return described
    .flatMap((session, index) =>
      session?.userKey === userKey ? [{ ...session, userKey, sessionId: ids[index] ?? '' }] : [],
    )
    .sort((a, b) => b.touchedAt - a.touchedAt);
}
