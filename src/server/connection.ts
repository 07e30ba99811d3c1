/** One WebSocket: its messages checked and counted, what is sent bounded, its end told once. */
import type { RawData, WebSocket } from 'ws';
import type { Clock, TimerHandle } from '../index.ts';
import {
  CloseCode,
  MAX_SOUND_BYTES,
  PROTOCOL_VERSION,
  readClientMessage,
  WireFault,
  type ClientMessage,
  type CloseReason,
  type ServerMessage,
} from '../wire/index.ts';
import type { ServeLimits } from './options.ts';
import { full, spend, type Allowance, type Spent } from './rate.ts';
import type { Page, Talk } from './talk.ts';

type Hello = Extract<ClientMessage, { type: 'hello' }>;

export interface ConnectionDeps {
  readonly clock: Clock;
  readonly limits: ServeLimits;
  /** The page says hello: which conversation is it? Undefined where it was refused and closed. */
  readonly find: (hello: Hello, page: Page) => Promise<Talk | undefined>;
}

/** Sound, in ms, may come a little faster than it is spoken, and in bursts after a stutter of the network. */
const soundAllowance: Allowance = { burst: 5_000, perSecond: 1_500 };

export class Connection implements Page {
  readonly #socket: WebSocket;
  readonly #deps: ConnectionDeps;
  #phase: { readonly type: 'new' | 'finding' | 'closed' } | { readonly type: 'talking'; readonly talk: Talk } = {
    type: 'new',
  };
  #texts: Spent;
  #sound: Spent;
  /** Samples a second of the microphone, where there is one. */
  #rate: number | undefined;
  #timer: TimerHandle | undefined;
  #isAlive = true;
  #whenRoom: (() => void) | undefined;

  constructor(socket: WebSocket, deps: ConnectionDeps) {
    this.#socket = socket;
    this.#deps = deps;
    this.#texts = full(this.#textAllowance, deps.clock.now());
    this.#sound = full(soundAllowance, deps.clock.now());
    this.#timer = deps.clock.setTimeout(
      () => this.close('protocol', 'Expected hello, got nothing.'),
      deps.limits.helloMs,
    );
    socket.on('message', (data, isBinary) => this.#hear(data, isBinary));
    socket.on('close', () => this.#gone());
    // The end follows as `close`.
    socket.on('error', () => undefined);
    socket.on('pong', () => {
      this.#isAlive = true;
    });
    socket.on('ping', (data) => {
      if (this.#mayHear()) this.#put(data, () => socket.pong(data));
    });
  }

  get #textAllowance(): Allowance {
    const { messageBurst, messagesPerSecond } = this.#deps.limits;
    return { burst: messageBurst, perSecond: messagesPerSecond };
  }

  send(message: ServerMessage): void {
    this.#put(JSON.stringify(message));
  }

  sendSound(bytes: Uint8Array): void {
    this.#put(bytes);
  }

  close(reason: CloseReason, detail = ''): void {
    // A close carries 123 bytes at most.
    this.#socket.close(CloseCode[reason], Buffer.from(detail).subarray(0, 120).toString());
  }

  get hasRoom(): boolean {
    return this.#socket.bufferedAmount < this.#deps.limits.maxBufferedBytes / 2;
  }

  whenRoom(go: () => void): void {
    this.#whenRoom = go;
  }

  #lookForRoom(): void {
    const go = this.#whenRoom;
    if (!go || !this.hasRoom) return;
    this.#whenRoom = undefined;
    go();
  }

  #put(data: string | Uint8Array, put = (): void => this.#socket.send(data, () => this.#lookForRoom())): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > this.#deps.limits.maxBufferedBytes) {
      this.close('tooSlow');
      // What waits would keep its memory until the page had read it.
      this.#socket.terminate();
      return;
    }
    put();
  }

  #hear(data: RawData, isBinary: boolean): void {
    // What arrives behind a close is of nobody.
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const bytes = data as Buffer;
    if (isBinary) return this.#hearSound(bytes);
    if (!this.#mayHear()) return;
    const message = readClientMessage(bytes.toString());
    if (message instanceof WireFault) return this.close('protocol', message.fact);
    if (message.type === 'hello') return this.#hello(message);
    if (this.#phase.type !== 'talking') return this.close('protocol', `Expected hello, got ${message.type}.`);
    if (message.type === 'sound') this.#rate = message.microphone;
    this.#phase.talk.hear(message);
  }

  #hearSound(bytes: Buffer): void {
    if (this.#rate === undefined)
      return this.close('protocol', 'Expected hello with the rate of a microphone before its sound.');
    if (bytes.length > MAX_SOUND_BYTES || bytes.length % 2 === 1)
      return this.close(
        'protocol',
        `Expected samples of 16 bits, ${String(MAX_SOUND_BYTES)} bytes at most, got ${String(bytes.length)}.`,
      );
    const ms = (bytes.length / 2 / this.#rate) * 1000;
    const spent = spend(this.#sound, ms, this.#deps.clock.now(), soundAllowance);
    if (!spent) return this.close('tooMuch', 'More sound than a person can make.');
    this.#sound = spent;
    if (this.#phase.type === 'talking') this.#phase.talk.hearSound(bytes);
  }

  #hello(hello: Hello): void {
    if (this.#phase.type !== 'new') return this.close('protocol', 'Expected hello once, got it again.');
    if (hello.version !== PROTOCOL_VERSION)
      return this.close('version', `Expected version ${String(PROTOCOL_VERSION)}, got ${String(hello.version)}.`);
    this.#phase = { type: 'finding' };
    this.#rate = hello.sound?.microphone;
    this.#deps.clock.clearTimeout(this.#timer);
    this.#watch();
    void this.#join(hello);
  }

  /** Is it one of as many messages as a person makes? */
  #mayHear(): boolean {
    const texts = spend(this.#texts, 1, this.#deps.clock.now(), this.#textAllowance);
    if (texts) this.#texts = texts;
    else this.close('tooMuch', 'More messages than a person can make.');
    return texts !== undefined;
  }

  async #join(hello: Hello): Promise<void> {
    const talk = await this.#deps.find(hello, this);
    if (!talk) return;
    // It may have gone while its conversation was made.
    if (this.#phase.type === 'closed') return talk.leave(this);
    this.#phase = { type: 'talking', talk };
    talk.attach(this, hello.sound, hello.resume);
  }

  /** A network can go without a word. */
  #watch(): void {
    this.#timer = this.#deps.clock.setTimeout(() => {
      if (!this.#isAlive) return this.#socket.terminate();
      this.#isAlive = false;
      this.#socket.ping();
      this.#watch();
    }, this.#deps.limits.silentMs);
  }

  #gone(): void {
    const phase = this.#phase;
    this.#phase = { type: 'closed' };
    this.#deps.clock.clearTimeout(this.#timer);
    if (phase.type === 'talking') phase.talk.leave(this);
  }
}
