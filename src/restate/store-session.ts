/**
 * One session, as an object of Restate: its exclusive handlers run one after the other, so what they read stays true
 * until they have written. State is loaded by the key, as it is needed: an append never carries the session.
 */
import {
  handlers,
  object,
  RestatePromise,
  TerminalError,
  type ObjectContext,
  type ObjectSharedContext,
  type VirtualObjectDefinition,
} from '@restatedev/restate-sdk';
import type { Clock, CollectedResult, Snapshot } from '../index.ts';
import { get, getAll, objectOptions } from './store-calls.ts';
import * as heads from './store-head.ts';
import type { Chunk, Decision, Head } from './store-head.ts';
import type { ListHandlers } from './store-directory.ts';
import type { OutboxHandlers } from './store-outbox.ts';
import {
  idOf,
  keyOf,
  names,
  newerVersion,
  shardOf,
  type AcquireRequest,
  type AppendRequest,
  type Described,
  type Granted,
  type LeaseRef,
  type PostRequest,
  type ReadRequest,
  type Refusal,
} from './store-names.ts';

/** An answer is not much longer than this, in characters. */
const answerSize = 2_000_000;
/** Chunks that are asked for at once. */
const wave = 32;

export function sessionObject(clock: Clock): VirtualObjectDefinition<string, unknown> {
  const now = (ctx: ObjectContext): RestatePromise<number> => ctx.run('now', () => clock.now());

  /** Head and time, in one go to the server and back. */
  const look = async (ctx: ObjectContext): Promise<readonly [Head, number]> => {
    const [head, at] = await RestatePromise.all([get<Head>(ctx, 'head'), now(ctx)]);
    return [readable(head), at];
  };

  return object({
    name: names.session,
    handlers: {
      acquire: async (ctx: ObjectContext, request: AcquireRequest): Promise<Granted | Refusal> => {
        const [before, at] = await look(ctx);
        const decision = heads.acquire(before, request, at);
        if (decision.head) await list(ctx, before, decision.head);
        return carryOut(ctx, decision);
      },
      renew: async (ctx: ObjectContext, { token, leaseMs }: LeaseRef & { leaseMs: number }) => {
        const [head, at] = await look(ctx);
        return carryOut(ctx, heads.lease(head, token, at + leaseMs));
      },
      release: async (ctx: ObjectContext, { token }: LeaseRef) =>
        carryOut(ctx, heads.lease(await headOf(ctx), token, 0)),
      append: async (ctx: ObjectContext, request: AppendRequest) => {
        const [head, at] = await look(ctx);
        return carryOut(ctx, heads.append(head, request, at));
      },
      saveSnapshot: async (ctx: ObjectContext, { token, ...snapshot }: LeaseRef & Snapshot) => {
        if (!(await isHeld(ctx, { token }))) return heads.fenced.answer;
        ctx.set('snapshot', snapshot);
        return null;
      },
      post: async (ctx: ObjectContext, request: PostRequest) =>
        (await isHeld(ctx, request)) ? await post(ctx, request) : heads.fenced.answer,
      collect: async (ctx: ObjectContext, { userKey, ...request }: LeaseRef & { userKey: string }) =>
        (await isHeld(ctx, request)) ? await collect(ctx, userKey) : heads.fenced.answer,
      settle: async (ctx: ObjectContext, { deliveryId, ...request }: LeaseRef & { deliveryId: string }) =>
        (await isHeld(ctx, request)) ? await settle(ctx, deliveryId) : heads.fenced.answer,
      delete: async (ctx: ObjectContext) => await forget(ctx, await headOf(ctx)),
      expire: async (ctx: ObjectContext, { idleMs }: { idleMs: number }): Promise<boolean> => {
        const [head, at] = await look(ctx);
        const isIdle = heads.isIdle(head, idleMs, at);
        if (isIdle) await forget(ctx, head);
        return isIdle;
      },
      read: handlers.object.shared(read),
      snapshot: handlers.object.shared(
        async (ctx: ObjectSharedContext): Promise<Snapshot | null> => await get<Snapshot>(ctx, 'snapshot'),
      ),
      describe: handlers.object.shared(
        async (ctx: ObjectSharedContext): Promise<Described | null> => heads.describe(await headOf(ctx)),
      ),
    },
    options: objectOptions,
  });
}

function carryOut<T>(ctx: ObjectContext, { answer, head, values = [] }: Decision<T>): T | Refusal {
  for (const [key, value] of values) ctx.set(key, value);
  if (head) ctx.set('head', head);
  return answer;
}

/** Where the session is found by others: before it is said that it is taken. */
async function list(ctx: ObjectContext, before: Head, after: Head): Promise<void> {
  const sessionId = idOf(ctx.key);
  if (!before.kept) await tell(ctx, names.index, shardOf(sessionId), 'add', sessionId);
  const [was, is] = [before.kept?.userKey, after.kept?.userKey];
  if (was === is) return;
  if (was !== undefined) await tell(ctx, names.user, keyOf(was), 'remove', sessionId);
  if (is !== undefined) await tell(ctx, names.user, keyOf(is), 'add', sessionId);
}

/** All but its newest token; at once, so that whoever asks from then on is told that there is none. */
async function forget(ctx: ObjectContext, { token, kept }: Head): Promise<null> {
  if (!kept) return null;
  const users = (await get<string[]>(ctx, 'posted to')) ?? [];
  ctx.clearAll();
  ctx.set('head', { v: heads.headVersion, token } satisfies Head);
  const sessionId = idOf(ctx.key);
  if (kept.userKey !== undefined) await tell(ctx, names.user, keyOf(kept.userKey), 'remove', sessionId);
  for (const userKey of users) await outbox(ctx, userKey).forgetSettled({ origin: sessionId });
  await tell(ctx, names.index, shardOf(sessionId), 'remove', sessionId);
  return null;
}

/** The texts behind `after`, at most `limit` and at most an answer's size, but one where there is one. */
async function read(ctx: ObjectSharedContext, { after, limit }: ReadRequest): Promise<string[]> {
  // Before the chunks: what is full then never changes.
  const { kept } = await headOf(ctx);
  const texts: string[] = [];
  const last = Math.min(kept?.seq ?? 0, after + limit);
  let size = 0;
  for (let from = after; kept && from < last && size < answerSize; ) {
    const before = heads.fullChunks(from) * heads.chunkSize;
    const found = await readWave(ctx, kept, before, last);
    const part = found.slice(from - before, last - before);
    for (const text of await withLong(ctx, part, from, answerSize - size)) {
      texts.push(text);
      size += text.length;
    }
    // Deleted meanwhile, or as much as fits.
    if (texts.length < from - after + part.length || part.length === 0) break;
    from += part.length;
  }
  return texts;
}

/** Texts behind `before`, where a chunk begins. */
async function readWave(ctx: ObjectSharedContext, kept: heads.Kept, before: number, last: number): Promise<Chunk> {
  const [first, end] = [heads.fullChunks(before), heads.fullChunks(kept.seq)];
  if (first === end) return kept.tail;
  const count = Math.min(wave, end - first, heads.fullChunks(last - 1) - first + 1);
  const keys = Array.from({ length: count }, (_, index) => heads.chunkKey(first + index));
  const chunks = await getAll<Chunk>(ctx, keys);
  const whole = chunks.findIndex((chunk) => chunk === null);
  return (whole < 0 ? chunks : chunks.slice(0, whole)).flatMap((chunk) => chunk ?? []);
}

/** With the long ones put in; ends early where they do not fit, but not before the first. */
async function withLong(ctx: ObjectSharedContext, part: Chunk, from: number, room: number): Promise<string[]> {
  const texts: string[] = [];
  let size = 0;
  for (const [index, short] of part.entries()) {
    if (size >= room) break;
    const text = short ?? (await get<string>(ctx, heads.textKey(from + index + 1)));
    if (text === null) break;
    texts.push(text);
    size += text.length;
  }
  return texts;
}

/** Throws where a newer build has kept the session: trying again would change nothing. */
function readable(head: Head | null): Head {
  if (head === null) return heads.noHead;
  if (head.v <= heads.headVersion) return head;
  const fact = `The session has version ${String(head.v)}; this worker reads up to ${String(heads.headVersion)}.`;
  throw new TerminalError(`${fact} Upgrade meanwhile where the store is served.`, { errorCode: newerVersion });
}

async function isHeld(ctx: ObjectContext, { token }: LeaseRef): Promise<boolean> {
  return heads.heldBy(await headOf(ctx), token) !== undefined;
}

async function headOf(ctx: ObjectSharedContext): Promise<Head> {
  return readable(await get<Head>(ctx, 'head'));
}

/** What the session posted, or collected, is known by the user's object; here stands which users to ask. */
const collected = 'collected ';

async function post(ctx: ObjectContext, { userKey, result }: PostRequest): Promise<null> {
  const users = (await get<string[]>(ctx, 'posted to')) ?? [];
  if (!users.includes(userKey)) ctx.set('posted to', [...users, userKey]);
  ctx.clear(collected + result.deliveryId);
  return await outbox(ctx, userKey).post({ by: idOf(ctx.key), result });
}

async function collect(ctx: ObjectContext, userKey: string): Promise<readonly CollectedResult[]> {
  const results = await outbox(ctx, userKey).collect({ by: idOf(ctx.key) });
  for (const { result } of results) ctx.set(collected + result.deliveryId, userKey);
  return results;
}

async function settle(ctx: ObjectContext, deliveryId: string): Promise<null> {
  const userKey = await get<string>(ctx, collected + deliveryId);
  if (userKey === null) return null;
  ctx.clear(collected + deliveryId);
  return await outbox(ctx, userKey).settle({ by: idOf(ctx.key), deliveryId });
}

function outbox(ctx: ObjectContext, userKey: string) {
  return ctx.objectClient<OutboxHandlers>({ name: names.user }, keyOf(userKey));
}

async function tell(
  ctx: ObjectContext,
  name: string,
  key: string,
  change: 'add' | 'remove',
  sessionId: string,
): Promise<void> {
  await ctx.objectClient<ListHandlers>({ name }, key)[change](sessionId);
}
