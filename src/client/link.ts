/**
 * The WebSocket, again and again: it comes back by itself until there is no point in it, and begins where the last one
 * stopped. A record is given once, whatever was sent twice.
 */
import {
  closeReason,
  isFinal,
  PROTOCOL_VERSION,
  readServerMessage,
  SUBPROTOCOL,
  WireFault,
  type ClientMessage,
  type CloseReason,
  type PageSound,
  type ServerMessage,
} from '../wire/index.ts';
import { platformTimers, type Timers } from './timers.ts';

export type LinkState =
  /** `reason`: why the server closed it last, where it said so. */
  | { readonly type: 'connecting'; readonly attempt: number; readonly reason?: CloseReason }
  | { readonly type: 'open' }
  /** Tries again in `inMs`. */
  | { readonly type: 'waiting'; readonly inMs: number; readonly attempt: number; readonly reason?: CloseReason }
  /** For good. `reason` is undefined where this side closed it. */
  | { readonly type: 'closed'; readonly reason?: CloseReason; readonly detail?: string };

export interface LinkListener {
  onState(state: LinkState): void;
  onMessage(message: ServerMessage): void;
  onSound(samples: Int16Array): void;
}

const firstWaitMs = 250;
const longestWaitMs = 10_000;

export class Link {
  readonly #url: string;
  readonly #listener: LinkListener;
  #socket: WebSocket | undefined;
  readonly #timers: Timers;
  #timer: object | number | undefined;
  #attempt = 0;
  #isClosed = false;
  #resume: { key: string; since: number; run?: string } | undefined;
  #sound: PageSound = {};
  #soundIsTold = true;
  /** The conversation is there: nothing but hello may be said before. */
  #isWelcome = false;
  /** Why there is no connection, where the server said so. */
  #reason: { readonly reason?: CloseReason } = {};

  constructor(
    url: string,
    listener: LinkListener,
    {
      clock = platformTimers,
      resume,
    }: { readonly clock?: Timers | undefined; readonly resume?: string | undefined } = {},
  ) {
    this.#timers = clock;
    this.#url = url;
    this.#listener = listener;
    if (resume !== undefined) this.#resume = { key: resume, since: 0 };
  }

  /** `sound`: what the page has of it, now and when it comes back. */
  open(sound: PageSound): void {
    this.#sound = sound;
    this.#connect();
  }

  /** What has been switched on or off. */
  setSound(sound: PageSound): void {
    this.#sound = sound;
    if (!this.send({ type: 'sound', ...sound })) this.#soundIsTold = false;
  }

  /** False where there is no connection now. */
  send(message: ClientMessage): boolean {
    return this.#put(JSON.stringify(message));
  }

  sendSound(samples: Int16Array<ArrayBuffer>): boolean {
    return this.#put(littleEndian(samples));
  }

  /** Comes back at once instead of waiting. */
  retry(): void {
    if (this.#timer === undefined) return;
    this.#timers.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#connect();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#end({ type: 'closed' });
    this.#socket?.close(1000);
  }

  #put(data: string | ArrayBuffer): boolean {
    if (!this.#isWelcome || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(data);
    return true;
  }

  #connect(): void {
    this.#attempt += 1;
    this.#listener.onState({ type: 'connecting', attempt: this.#attempt, ...this.#reason });
    const socket = new WebSocket(this.#url, SUBPROTOCOL);
    socket.binaryType = 'arraybuffer';
    this.#isWelcome = false;
    this.#socket = socket;
    socket.addEventListener('open', () => {
      if (this.#socket !== socket || this.#isClosed) return;
      const resume = this.#resume && { resume: this.#resume };
      const hello: ClientMessage = { type: 'hello', version: PROTOCOL_VERSION, ...resume, sound: this.#sound };
      socket.send(JSON.stringify(hello));
      this.#soundIsTold = true;
    });
    socket.addEventListener('message', (event) => {
      if (this.#socket === socket && !this.#isClosed) this.#hear(event.data as string | ArrayBuffer);
    });
    socket.addEventListener('close', ({ code, reason }) => {
      if (this.#socket === socket) this.#gone(code, reason);
    });
  }

  #hear(data: string | ArrayBuffer): void {
    if (typeof data !== 'string') return this.#listener.onSound(fromLittleEndian(data));
    const message = readServerMessage(data);
    if (message instanceof WireFault) {
      this.#end({ type: 'closed', reason: 'protocol', detail: message.fact });
      this.#socket?.close(4000);
      return;
    }
    if (message.type === 'welcome') {
      const { key, from, run } = message;
      this.#resume = { key, since: from - 1, ...(run === undefined ? {} : { run }) };
      this.#attempt = 0;
      this.#reason = {};
      this.#isWelcome = true;
      if (!this.#soundIsTold) this.setSound(this.#sound);
      this.#listener.onState({ type: 'open' });
    }
    if (message.type === 'record' && this.#resume) {
      if (message.record.seq <= this.#resume.since) return;
      this.#resume.since = message.record.seq;
    }
    this.#listener.onMessage(message);
  }

  #gone(code: number, detail: string): void {
    if (this.#isClosed) return;
    const reason = closeReason(code);
    if (reason && isFinal(code)) return this.#end({ type: 'closed', reason, ...(detail === '' ? {} : { detail }) });
    const inMs = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.max(0, this.#attempt - 1));
    // A server that said that it goes is not there to say it again.
    if (reason !== undefined || this.#reason.reason !== 'away') this.#reason = reason === undefined ? {} : { reason };
    this.#listener.onState({ type: 'waiting', inMs, attempt: this.#attempt, ...this.#reason });
    this.#timer = this.#timers.setTimeout(() => {
      this.#timer = undefined;
      this.#connect();
    }, inMs);
  }

  #end(state: LinkState): void {
    this.#isClosed = true;
    this.#timers.clearTimeout(this.#timer);
    this.#listener.onState(state);
  }
}

/** The wire's order of bytes, whatever this machine's is. */
function littleEndian(samples: Int16Array<ArrayBuffer>): ArrayBuffer {
  const bytes = new ArrayBuffer(samples.length * 2);
  const view = new DataView(bytes);
  for (let index = 0; index < samples.length; index += 1) view.setInt16(index * 2, samples[index] ?? 0, true);
  return bytes;
}

function fromLittleEndian(bytes: ArrayBuffer): Int16Array {
  const view = new DataView(bytes);
  return Int16Array.from({ length: bytes.byteLength >> 1 }, (_none, index) => view.getInt16(index * 2, true));
}
