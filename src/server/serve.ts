/** Conversations on an HTTP server: a WebSocket for each, whoever else uses the server. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { CloseCode, MAX_TEXT_BYTES, SUBPROTOCOL, type ClientMessage } from '../wire/index.ts';
import { Connection } from './connection.ts';
import { resolveServeOptions, type ServeOptions, type ServeSettings, type Visitor } from './options.ts';
import { Place } from './place.ts';
import { describeProblem } from './problem.ts';
import { isSameData } from './same-user.ts';
import { Talk, type Page } from './talk.ts';

type Hello = Extract<ClientMessage, { type: 'hello' }>;

export interface ConversationServer {
  /** Conversations that are open, with a page or waiting for one. */
  readonly conversations: number;
  readonly connections: number;
  /** Ends all conversations; their pages come back to new ones, or to the same where they are kept in a store. */
  reload(): void;
  /**
   * Ends all conversations and lets nobody in any more; one with a store is suspended, for another process to bring it back.
   * The HTTP server goes on.
   */
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
  readonly #comingBack = new Map<string, { readonly talk: Promise<Talk>; readonly userData: UserData }>();
  /** Taken by those of whom it is not known yet who they are. */
  readonly #places = new Set<Place>();
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
    const left = [...this.#talks.values()].map(({ talk }) => this.#leave(talk));
    for (const client of this.#sockets.clients) client.close(CloseCode.over);
    await new Promise<void>((resolve) => this.#sockets.close(() => resolve()));
    await Promise.all(left);
  }

  async #leave(talk: Talk): Promise<void> {
    if (talk.isKept) await talk.suspend().catch((error: unknown) => this.#tell(error));
    else talk.close('the server closes');
  }

  #tell(error: unknown): void {
    this.#settings.logger.error(`A conversation could not be left: ${describeProblem(error)}`);
  }

  async #admit(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Whoever goes before it is decided whether he may come in.
    socket.on('error', () => undefined);
    if (!this.#isAllowed(request)) return refuse(socket, 403, 'Forbidden');
    const place = this.#takePlace();
    if (!place) return this.#turnAway(request, socket, head);
    const userData = await this.#whoIs(request, place);
    place.giveBack();
    if (socket.destroyed) return;
    if (place.isLate) return refuse(socket, 503, 'Service Unavailable');
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      // What comes from one that is refused is no matter either.
      client.on('error', () => undefined);
      if (userData === undefined && this.#options.authenticate)
        return client.close(CloseCode.unauthorized, 'Nobody we know.');
      this.#connect(client, request, userData as UserData);
    });
  }

  /** One of the connections there may be, from before it is known who it is. Undefined where there is none left. */
  #takePlace(): Place | undefined {
    const { clock, limits } = this.#settings;
    if (this.#sockets.clients.size + this.#places.size >= limits.maxConnections) return undefined;
    const place = new Place(limits.helloMs, clock, () => this.#places.delete(place));
    this.#places.add(place);
    return place;
  }

  /** It is told why, unless those who are being told are too many. */
  #turnAway(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#sockets.clients.size >= this.#settings.limits.maxConnections * 2)
      return refuse(socket, 503, 'Service Unavailable');
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('error', () => undefined);
      client.close(CloseCode.busy, 'As many connections as allowed.');
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

  async #whoIs(request: IncomingMessage, { whenOver }: Place): Promise<UserData | undefined> {
    try {
      return await Promise.race([this.#options.authenticate?.(request), whenOver]);
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
  async #find({ resume }: Hello, page: Page, request: IncomingMessage, userData: UserData): Promise<Talk | undefined> {
    const known = resume && this.#talks.get(resume.key);
    if (known && this.#isSame(known.userData, userData)) return known.talk;
    try {
      if (!resume || known) return await this.#open({ request, userData });
      return await this.#bringBack({ request, userData, resume: resume.key });
    } catch (error) {
      this.#settings.logger.error(`A conversation could not be opened: ${describeProblem(error)}`);
      page.close('failed', 'The conversation could not be opened.');
      return undefined;
    }
  }

  /** Once: a page that comes again while its conversation is being brought back waits for the same. */
  async #bringBack(visitor: Visitor<UserData> & { readonly resume: string }): Promise<Talk> {
    const { resume, userData } = visitor;
    const underWay = this.#comingBack.get(resume);
    if (underWay && this.#isSame(underWay.userData, userData)) return await underWay.talk;
    const talk = this.#open(visitor);
    this.#comingBack.set(resume, { talk, userData });
    try {
      return await talk;
    } finally {
      this.#comingBack.delete(resume);
    }
  }

  /** A key is as good as its holder: who is known must be the same one. */
  #isSame(known: UserData, now: UserData): boolean {
    try {
      const { sameUser = isSameData } = this.#options;
      return sameUser(known, now);
    } catch (error) {
      this.#settings.logger.warn(`Somebody was given a new conversation: ${describeProblem(error)}`);
      return false;
    }
  }

  async #open(visitor: Visitor<UserData>): Promise<Talk> {
    const { clock, graceMs, limits, logger } = this.#settings;
    const opened = await this.#options.open(visitor);
    const talk: Talk = new Talk(opened, {
      clock,
      graceMs,
      maxRecords: limits.maxRecords,
      onOver: () => {
        // Another may have come under its key.
        if (this.#talks.get(talk.key)?.talk === talk) this.#talks.delete(talk.key);
      },
      onError: (error) => logger.error(`A request of a page failed: ${describeProblem(error)}`),
    });
    this.#talks.set(talk.key, { talk, userData: visitor.userData });
    await talk.start();
    // It was opened while the server closed.
    if (this.#isClosed) void this.#leave(talk);
    return talk;
  }
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
