/** Conversations on an HTTP server: a WebSocket for each, whoever else uses the server. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import { WebSocketServer, type WebSocket } from 'ws';
import { CloseCode, MAX_TEXT_BYTES, SUBPROTOCOL, type ClientMessage } from '../wire/index.ts';
import { Connection } from './connection.ts';
import { resolveServeOptions, type ServeOptions, type ServeSettings } from './options.ts';
import { describeProblem } from './problem.ts';
import { Talk, type Page } from './talk.ts';

type Hello = Extract<ClientMessage, { type: 'hello' }>;

export interface ConversationServer {
  /** Conversations that are open, with a page or waiting for one. */
  readonly conversations: number;
  readonly connections: number;
  /** Ends all conversations; their pages come back to new ones. */
  reload(): void;
  /** Ends all conversations and lets nobody in any more. The HTTP server goes on. */
  close(): Promise<void>;
}

/** Serves conversations at `options.path` of `server`. */
export function serveConversations<UserData = undefined>(
  server: Server,
  options: ServeOptions<UserData>,
): ConversationServer {
  return new Conversations(server, options);
}

class Conversations<UserData> implements ConversationServer {
  readonly #server: Server;
  readonly #options: ServeOptions<UserData>;
  readonly #settings: ServeSettings;
  readonly #talks = new Map<string, { readonly talk: Talk; readonly userData: UserData }>();
  #isClosed = false;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    // A connection counts what it answers.
    autoPong: false,
    maxPayload: MAX_TEXT_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  readonly #upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (pathOf(request) === this.#settings.path) void this.#admit(request, socket, head);
    // Nobody else would end it.
    else if (this.#server.listenerCount('upgrade') === 1) refuse(socket, 404, 'Not Found');
  };

  constructor(server: Server, options: ServeOptions<UserData>) {
    this.#server = server;
    this.#options = options;
    this.#settings = resolveServeOptions(options);
    server.on('upgrade', this.#upgrade);
  }

  get conversations(): number {
    return this.#talks.size;
  }

  get connections(): number {
    return this.#sockets.clients.size;
  }

  reload(): void {
    for (const { talk } of this.#talks.values()) talk.reload();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#server.off('upgrade', this.#upgrade);
    for (const { talk } of this.#talks.values()) talk.close('the server closes');
    for (const client of this.#sockets.clients) client.close(CloseCode.over);
    await new Promise<void>((resolve) => this.#sockets.close(() => resolve()));
  }

  async #admit(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Whoever goes before it is decided whether he may come in.
    socket.on('error', () => undefined);
    const options = this.#options;
    if (!this.#isAllowed(request)) return refuse(socket, 403, 'Forbidden');
    const userData = await this.#whoIs(request);
    if (socket.destroyed) return;
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      // What comes from one that is refused is no matter either.
      client.on('error', () => undefined);
      if (userData === undefined && options.authenticate)
        return client.close(CloseCode.unauthorized, 'Nobody we know.');
      if (this.#sockets.clients.size > this.#settings.limits.maxConnections)
        return client.close(CloseCode.busy, 'As many connections as allowed.');
      this.#connect(client, request, userData as UserData);
    });
  }

  #isAllowed(request: IncomingMessage): boolean {
    const options = this.#options;
    const { origin } = request.headers;
    try {
      return options.allowOrigin ? options.allowOrigin(origin, request) : sameHost(origin, request);
    } catch (error) {
      this.#settings.logger.warn(`Somebody was not let in: ${describeProblem(error)}`);
      return false;
    }
  }

  async #whoIs(request: IncomingMessage): Promise<UserData | undefined> {
    try {
      return await this.#options.authenticate?.(request);
    } catch (error) {
      this.#settings.logger.warn(`Somebody was not let in: ${describeProblem(error)}`);
      return undefined;
    }
  }

  #connect(client: WebSocket, request: IncomingMessage, userData: UserData): void {
    const { clock, limits } = this.#settings;
    void new Connection(client, {
      clock,
      limits,
      find: (hello, page) => this.#find(hello, page, request, userData),
    });
  }

  /** The conversation it comes back to, else a new one. */
  async #find(hello: Hello, page: Page, request: IncomingMessage, userData: UserData): Promise<Talk | undefined> {
    const known = hello.resume && this.#talks.get(hello.resume.key);
    if (known && sameUser(known.userData, userData)) return known.talk;
    try {
      return await this.#open(request, userData);
    } catch (error) {
      this.#settings.logger.error(`A conversation could not be opened: ${describeProblem(error)}`);
      page.close('failed', 'The conversation could not be opened.');
      return undefined;
    }
  }

  async #open(request: IncomingMessage, userData: UserData): Promise<Talk> {
    const { clock, graceMs, limits, logger } = this.#settings;
    const opened = await this.#options.open({ request, userData });
    const talk: Talk = new Talk(opened, {
      clock,
      graceMs,
      maxRecords: limits.maxRecords,
      onOver: () => this.#talks.delete(talk.key),
      onError: (error) => logger.error(`A request of a page failed: ${describeProblem(error)}`),
    });
    this.#talks.set(talk.key, { talk, userData });
    await talk.start();
    // It was opened while the server closed.
    if (this.#isClosed) talk.close('the server closes');
    return talk;
  }
}

/** A key is as good as its holder: who is known must be the same one. */
function sameUser(known: unknown, now: unknown): boolean {
  return isDeepStrictEqual(known, now);
}

/** Not a page at all, or one that this very host served. */
function sameHost(origin: string | undefined, request: IncomingMessage): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === request.headers.host;
}

/** Undefined where it is none. */
function pathOf({ url = '/' }: IncomingMessage): string | undefined {
  return URL.parse(url, 'http://localhost')?.pathname;
}

function refuse(socket: Duplex, status: number, text: string): void {
  socket.end(`HTTP/1.1 ${String(status)} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
