/**
 * A conversation that is kept in a store: `--store FILE`, or the module's own `store`. The one of before goes on where it was
 * left open, else a new one begins.
 */
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import {
  AgentSession,
  StoreError,
  type AgentFactories,
  type RestoreOptions,
  type SessionRecord,
  type SessionStore,
  type SpeechOutput,
} from '../index.ts';
import { CliFailure } from './failure.ts';
import type { World } from './io.ts';
import type { LoadedTalk } from './load.ts';
import { inOneSentence, sessionOptions, startTalk, type Talk } from './open.ts';

/** So long the one after waits at most when a process has died. */
const leaseMs = 2_000;

export interface Keeping {
  readonly store: SessionStore;
  /** Of all conversations with this file. */
  readonly userKey: string;
  close(): Promise<void>;
}

/** Undefined where nothing is kept. Throws a CliFailure. */
export async function openStore(
  { file, session, store }: LoadedTalk,
  path: string | undefined,
  cwd: string,
): Promise<Keeping | undefined> {
  const userKey = resolve(cwd, file);
  if (path === undefined) return store && !session ? { store, userKey, close: () => Promise.resolve() } : undefined;
  if (session) throw new CliFailure(ownSession(file));
  const { sqlite } = await import('../store/sqlite.ts');
  try {
    const opened = sqlite(resolve(cwd, path));
    return { store: opened, userKey, close: () => opened.close() };
  } catch (error) {
    throw inOneSentence(path, error);
  }
}

/** What `--store` says. Throws a CliFailure. */
export function readStore(command: string, given: string | boolean | undefined): string | undefined {
  if (given === undefined || (typeof given === 'string' && given !== '')) return given;
  throw new CliFailure(`${command}: expected a file to keep the conversation in, got none; write --store calls.db.`, 2);
}

export interface KeptOptions {
  readonly output?: SpeechOutput | undefined;
  /** That conversation. Default: a new one. */
  readonly sessionId?: string | undefined;
  /** Where another process has it. Default: `'refuse'`. */
  readonly ifTaken?: 'refuse' | 'new';
}

export interface KeptTalk extends Talk {
  readonly sessionId: string;
  /** It was begun by a process before this one. */
  readonly isRestored: boolean;
}

/** That conversation, if it can go on, else a new one. Throws a CliFailure, also where another process has it. */
export async function openKept(
  loaded: LoadedTalk,
  world: World,
  keeping: Keeping,
  { sessionId, ifTaken = 'refuse', ...options }: KeptOptions = {},
): Promise<KeptTalk> {
  const before =
    sessionId === undefined ? undefined : await resumeKept(loaded, world, keeping, { ...options, sessionId });
  if (!before) return beginKept(loaded, world, keeping, options);
  try {
    await before.start();
    return before;
  } catch (error) {
    if (ifTaken === 'refuse' || !(error instanceof TakenFailure)) throw error;
    return beginKept(loaded, world, keeping, options);
  }
}

/** A new one. Throws a CliFailure. */
export function beginKept(
  loaded: LoadedTalk,
  world: World,
  { store, userKey }: Keeping,
  { output }: Pick<KeptOptions, 'output'> = {},
): KeptTalk {
  const { file, agent, note } = loaded;
  const sessionId = randomUUID();
  try {
    const session = new AgentSession({ ...sessionOptions(loaded, world, output), store, userKey, leaseMs, sessionId });
    const start = (): Promise<void> => startTalk(file, session, agent);
    return { session, sessionId, isRestored: false, start, ...(note === undefined ? {} : { note }) };
  } catch (error) {
    throw inOneSentence(file, error);
  }
}

/**
 * One of before; undefined where it is over. Nothing of it goes on before `start`, so that whoever shows it misses nothing.
 * Throws a CliFailure.
 */
export async function resumeKept(
  loaded: LoadedTalk,
  world: World,
  keeping: Keeping,
  { output, sessionId }: Pick<KeptOptions, 'output'> & { readonly sessionId: string },
): Promise<KeptTalk | undefined> {
  const { file, note } = loaded;
  const before = await recordsOf(keeping, sessionId);
  const options = restoreOptions(loaded, world, keeping, sessionId);
  const last = lastStatus(before);
  // Its results come to the conversation that begins now.
  if (last === 'finishing') void AgentSession.restore({ ...options, logger: silent }).catch(() => undefined);
  if (last !== 'open') return undefined;
  const [made, started] = [Promise.withResolvers<AgentSession>(), Promise.withResolvers<void>()];
  const restored = AgentSession.restore({
    ...options,
    ...(output ? { output } : {}),
    prepare: (session) => {
      made.resolve(session);
      return started.promise;
    },
  });
  restored.catch(made.reject);
  const start = async (): Promise<void> => {
    started.resolve();
    await restored.catch((error: unknown) => refuse(file, error));
  };
  const session = await made.promise.catch((error: unknown) => refuse(file, error));
  return { session, sessionId, before, isRestored: true, start, ...(note === undefined ? {} : { note }) };
}

/** `finishing`: the conversation is over, and tasks that were to go on have not come to their end. */
function lastStatus(records: readonly SessionRecord[]): 'none' | 'open' | 'finishing' | 'closed' {
  if (records.length === 0) return 'none';
  const types = new Set(records.map(({ type }) => type));
  if (types.has('session_closed')) return 'closed';
  return types.has('session_ended') ? 'finishing' : 'open';
}

function restoreOptions(
  loaded: LoadedTalk,
  world: World,
  { store, userKey }: Keeping,
  sessionId: string,
): RestoreOptions {
  const { agent, agents } = loaded;
  const own: AgentFactories = agent ? { [agent.name]: () => agent } : {};
  const options = sessionOptions(loaded, world, undefined);
  return { ...options, store, userKey, leaseMs, sessionId, agents: { ...own, ...agents } };
}

const nothing = (): void => undefined;
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Another process has the conversation. */
class TakenFailure extends CliFailure {}

function refuse(file: string, error: unknown): never {
  if (error instanceof StoreError && error.code === 'store_leased')
    throw new TakenFailure(
      `the conversation with ${file} goes on in another process; end that one, or use another store.`,
    );
  throw inOneSentence(file, error);
}

/** The conversations with this file, the last one first. */
export async function idsIn({ store, userKey }: Keeping): Promise<readonly string[]> {
  try {
    return (await store.find(userKey)).map(({ sessionId }) => sessionId);
  } catch (error) {
    throw inOneSentence('the store', error);
  }
}

/** What the processes before recorded. */
export async function recordsOf({ store }: Keeping, sessionId: string): Promise<readonly SessionRecord[]> {
  const records: SessionRecord[] = [];
  try {
    for (;;) {
      const more = await store.read(sessionId, records.length);
      if (more.length === 0) return records;
      records.push(...more);
    }
  } catch (error) {
    throw inOneSentence('the store', error);
  }
}

function ownSession(file: string): string {
  return `${file} makes its own session, so --store is not for it; give that session a store, or export an agent.`;
}
