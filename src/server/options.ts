/** How conversations are served. */
import type { IncomingMessage } from 'node:http';
import { systemClock, type Agent, type AgentSession, type Clock, type Logger } from '../index.ts';
import type { Voice } from '../voice/index.ts';

/** It may change, and pass. */
export interface SoundProblem {
  /** A sentence for the user; undefined: there is sound. */
  readonly text: string | undefined;
  /** Calls `listener` when it is another; returns the way to stop. */
  watch(listener: () => void): () => void;
}

/** What the application opens for a user who comes. */
export interface OpenedTalk {
  readonly session: AgentSession;
  /**
   * What the page comes back with: `resume` of the visit that wants it. Whoever has it has the conversation, unless
   * `authenticate` says that he is another; so make it one that nobody guesses. Default: a random UUID.
   */
  readonly key?: string;
  /** The server lets it enter. Without one the session has been started. */
  readonly agent?: Agent;
  /** The ears and the mouth that the session was made with. Without them the conversation is in text. */
  readonly voice?: Voice;
  /** Why there is no sound, or not yet. */
  readonly soundProblem?: string | SoundProblem;
  /** Shown to the user at the start. */
  readonly note?: string;
  /** Sends the page what models are sent and answer. For developers' pages. */
  readonly showsModelCalls?: boolean;
}

export interface Visitor<UserData> {
  readonly request: IncomingMessage;
  /** What `authenticate` gave. */
  readonly userData: UserData;
  /**
   * The key of a conversation that the page was in and that is not open here: it is over, or of a process before this one.
   * Bring it back with `AgentSession.restore` where it is this user's, and give the same `key`; else open a new one.
   */
  readonly resume?: string;
}

export interface ServeLimits {
  /** Connections at once. Default 1,000. */
  readonly maxConnections: number;
  /** How long a connection may take to say `hello`, and `authenticate` before that to say who it is. Default 10,000. */
  readonly helloMs: number;
  /** Text messages of one connection: so many at once, and a second. Default 40 and 20. */
  readonly messageBurst: number;
  readonly messagesPerSecond: number;
  /** What waits to be read by the page, in bytes, before the connection is closed. Default 1 MiB. */
  readonly maxBufferedBytes: number;
  /** Records kept in memory for a page that comes back; of a session with a store it gets the older ones from there. Default 20,000. */
  readonly maxRecords: number;
  /** A connection that has not answered a ping for so long is gone. Default 30,000. */
  readonly silentMs: number;
}

export const limitDefaults: ServeLimits = {
  maxConnections: 1_000,
  helloMs: 10_000,
  messageBurst: 40,
  messagesPerSecond: 20,
  maxBufferedBytes: 1_048_576,
  maxRecords: 20_000,
  silentMs: 30_000,
};

export interface ServeOptions<UserData = undefined> {
  /** Opens the conversation of a user who comes. What it throws is logged, and the page is told that it failed. */
  open(visitor: Visitor<UserData>): OpenedTalk | Promise<OpenedTalk>;
  /** Who it is, from the request (its URL, its cookies); undefined or a rejection: nobody we know. Default: everybody. */
  authenticate?(request: IncomingMessage): UserData | undefined | Promise<UserData | undefined>;
  /**
   * Is who comes back with a conversation's key the one it was opened for? Default: what `authenticate` gave is the same
   * object or the same plain data. Objects of classes are told apart, since what they hide cannot be compared.
   */
  readonly sameUser?: (known: UserData, now: UserData) => boolean;
  /** May a page of this origin connect? Default: only one that the same host served. */
  allowOrigin?(origin: string | undefined, request: IncomingMessage): boolean;
  /** Default `/meanwhile`. */
  readonly path?: string;
  /** How long a conversation waits for its page to come back, in ms. Default 60,000. */
  readonly graceMs?: number;
  readonly limits?: Partial<ServeLimits>;
  readonly clock?: Clock;
  readonly logger?: Pick<Logger, 'error' | 'warn'>;
}

export interface ServeSettings {
  readonly path: string;
  readonly graceMs: number;
  readonly limits: ServeLimits;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'error' | 'warn'>;
}

export function resolveServeOptions({
  path,
  graceMs,
  limits,
  clock,
  logger,
}: Omit<ServeOptions<never>, 'open' | 'authenticate' | 'sameUser'>): ServeSettings {
  return {
    path: path ?? '/meanwhile',
    graceMs: graceMs ?? 60_000,
    limits: { ...limitDefaults, ...limits },
    clock: clock ?? systemClock,
    logger: logger ?? console,
  };
}
