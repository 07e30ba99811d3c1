/**
 * A conversation that is kept in a store: `--store FILE`, or the module's own `store`. The one of before goes on where it was
 * left open, else a new one begins.
 */
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import {
  AgentSession,
  MeanwhileError,
  StoreError,
  type AgentFactories,
  type AgentSessionOptions,
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
  { store, userKey }: Keeping,
  { output, sessionId, ifTaken = 'refuse' }: KeptOptions = {},
): Promise<KeptTalk> {
  const { file, agent, note } = loaded;
  const options = { ...sessionOptions(loaded, world, output), store, userKey, leaseMs };
  const shown = note === undefined ? {} : { note };
  try {
    const before = sessionId === undefined ? undefined : await restore(loaded, ifTaken, { ...options, sessionId });
    if (before && sessionId !== undefined)
      return { ...shown, session: before, sessionId, isRestored: true, start: () => Promise.resolve() };
    const newId = randomUUID();
    const session = new AgentSession({ ...options, sessionId: newId });
    const start = (): Promise<void> => startTalk(file, session, agent);
    return { ...shown, session, sessionId: newId, isRestored: false, start };
  } catch (error) {
    throw inOneSentence(file, error);
  }
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

type RestoreWith = AgentSessionOptions & { readonly store: SessionStore; readonly sessionId: string };

/** Undefined where it is over, or was never there. */
async function restore(
  { file, agent, agents }: LoadedTalk,
  ifTaken: 'refuse' | 'new',
  options: RestoreWith,
): Promise<AgentSession | undefined> {
  const own: AgentFactories = agent ? { [agent.name]: () => agent } : {};
  try {
    return await AgentSession.restore({ ...options, agents: { ...own, ...agents } });
  } catch (error) {
    if (error instanceof MeanwhileError && error.code === 'session_state') return undefined;
    if (!(error instanceof StoreError) || error.code !== 'store_leased') throw error;
    if (ifTaken === 'refuse')
      throw new CliFailure(
        `the conversation with ${file} goes on in another process; end that one, or use another store.`,
      );
    throw error;
  }
}

function ownSession(file: string): string {
  return `${file} makes its own session, so --store is not for it; give that session a store, or export an agent.`;
}
