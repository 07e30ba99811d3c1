/** A page at the other end of a WebSocket: what it was sent, and a way to wait for it. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import {
  readServerMessage,
  SUBPROTOCOL,
  PROTOCOL_VERSION,
  type ClientMessage,
  type ServerMessage,
} from '../../src/wire/index.ts';

type Of<Type extends ServerMessage['type']> = Extract<ServerMessage, { type: Type }>;

export class TestPage {
  readonly messages: ServerMessage[] = [];
  readonly sound: Buffer[] = [];
  readonly socket: WebSocket;
  /** Code and reason of the close. */
  readonly closed: Promise<{ code: number; reason: string }>;
  #heard = Promise.withResolvers<void>();

  constructor(url: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(url, SUBPROTOCOL, { headers });
    // Not `once`: it rejects at an error, and the close that follows is what counts.
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data, isBinary) => {
      if (isBinary) this.sound.push(data as Buffer);
      else {
        const message = readServerMessage(String(data as Buffer));
        if (!('type' in message)) throw new Error(message.fact);
        this.messages.push(message);
      }
      this.#tell();
    });
  }

  /** Opens it, says hello and waits for the welcome. */
  static async open(
    url: string,
    hello: Partial<Extract<ClientMessage, { type: 'hello' }>> = {},
    headers: Record<string, string> = {},
  ): Promise<TestPage> {
    const page = new TestPage(url, headers);
    await once(page.socket, 'open');
    page.send({ type: 'hello', version: PROTOCOL_VERSION, ...hello });
    await page.first('welcome');
    return page;
  }

  send(message: ClientMessage): void {
    this.socket.send(JSON.stringify(message));
  }

  all<Type extends ServerMessage['type']>(type: Type): Of<Type>[] {
    return this.messages.filter((message): message is Of<Type> => message.type === type);
  }

  /** Resolves when there is one that fits. */
  async first<Type extends ServerMessage['type']>(
    type: Type,
    fits: (message: Of<Type>) => boolean = () => true,
  ): Promise<Of<Type>> {
    for (;;) {
      const found = this.all(type).find(fits);
      if (found) return found;
      await this.#heard.promise;
    }
  }

  /** Resolves when `isThere` holds. */
  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) await this.#heard.promise;
  }

  get welcome(): Of<'welcome'> {
    const [welcome] = this.all('welcome');
    if (!welcome) throw new Error('Nobody said welcome.');
    return welcome;
  }

  /** What was said, by speech, in order. */
  get words(): string {
    return this.all('words')
      .map(({ text }) => text)
      .join('');
  }

  #tell(): void {
    const { resolve } = this.#heard;
    this.#heard = Promise.withResolvers();
    resolve();
  }
}
