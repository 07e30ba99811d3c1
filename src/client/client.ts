/**
 * A conversation from a page: what the user writes and says goes out, records, words and sound come in. When the connection
 * drops it comes back by itself, and nothing of what happened meanwhile is missing.
 */
import type { PageSound, ServerMessage, SessionRecord } from '../wire/index.ts';
import { Link, type LinkListener, type LinkState } from './link.ts';
import type { Timers } from './timers.ts';

export interface ClientLoudspeaker {
  /** Samples a second. */
  readonly rate: number;
  play(samples: Int16Array): void;
  /** Stops at once: how many ms were played since the last `clear`. */
  clear(): Promise<number>;
  /** Resolves when all was played. */
  drain(): Promise<void>;
}

export interface ClientEvents {
  state: LinkState;
  welcome: Extract<ServerMessage, { type: 'welcome' }>;
  record: SessionRecord;
  /** All other messages. */
  message: Exclude<ServerMessage, { type: 'welcome' | 'record' | 'clear' | 'drain' }>;
}

export interface ClientOptions {
  /** The server's WebSocket, with whatever its `authenticate` wants: `wss://example.org/meanwhile?token=…`. */
  readonly url: string;
  /** The `key` of a `welcome` before this page was loaded: comes back to that conversation, from its first record on. */
  readonly resume?: string;
  /** Default: the browser's. */
  readonly clock?: Timers;
}

type Listener = (event: never) => void;

export class MeanwhileClient {
  readonly #link: Link;
  readonly #listeners = new Map<keyof ClientEvents, Set<Listener>>();
  #loudspeaker: ClientLoudspeaker | undefined;
  #microphoneRate: number | undefined;
  #state: LinkState = { type: 'connecting', attempt: 0 };

  constructor({ url, resume, clock }: ClientOptions) {
    const listener: LinkListener = {
      onState: (state) => {
        this.#state = state;
        this.#emit('state', state);
      },
      onMessage: (message) => this.#hear(message),
      onSound: (samples) => this.#loudspeaker?.play(samples),
    };
    this.#link = new Link(url, listener, { clock, resume });
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Calls `listener` for each event; returns the way to stop. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set<Listener>();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  connect(): void {
    this.#link.open(this.#sound);
  }

  /** Tries again now, where it waits. */
  retry(): void {
    this.#link.retry();
  }

  /** Ends the connection. The conversation waits for its grace time. */
  close(): void {
    this.#link.close();
  }

  /** What the user writes. False where there is no connection now: nothing was sent. */
  sendText(text: string): boolean {
    return this.#link.send({ type: 'text', text });
  }

  /** Cuts what the agent says. */
  interrupt(): boolean {
    return this.#link.send({ type: 'interrupt' });
  }

  cancelTask(callId: string): boolean {
    return this.#link.send({ type: 'cancel_task', callId });
  }

  answerTask(callId: string, action: 'accept' | 'decline' | 'cancel', content?: unknown): boolean {
    return this.#link.send({ type: 'answer_task', callId, action, ...(content === undefined ? {} : { content }) });
  }

  /** What the microphone hears from now on comes by `sendSound`, at this rate; undefined: it is switched off. */
  setMicrophone(rate: number | undefined): void {
    this.#microphoneRate = rate;
    this.#link.setSound(this.#sound);
  }

  /** With a loudspeaker the agent speaks, without it writes. */
  setLoudspeaker(loudspeaker: ClientLoudspeaker | undefined): void {
    this.#loudspeaker = loudspeaker;
    this.#link.setSound(this.#sound);
  }

  sendSound(samples: Int16Array<ArrayBuffer>): boolean {
    return this.#microphoneRate !== undefined && this.#link.sendSound(samples);
  }

  get #sound(): PageSound {
    return {
      ...(this.#microphoneRate === undefined ? {} : { microphone: this.#microphoneRate }),
      ...(this.#loudspeaker ? { loudspeaker: this.#loudspeaker.rate } : {}),
    };
  }

  #hear(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        return this.#emit('welcome', message);
      case 'record':
        return this.#emit('record', message.record);
      case 'clear':
        return void this.#clear(message.id);
      case 'drain':
        return void this.#drain(message.id);
      default:
        return this.#emit('message', message);
    }
  }

  async #clear(id: number): Promise<void> {
    const playedMs = (await this.#loudspeaker?.clear()) ?? 0;
    this.#link.send({ type: 'cleared', id, playedMs });
  }

  async #drain(id: number): Promise<void> {
    await this.#loudspeaker?.drain();
    this.#link.send({ type: 'drained', id });
  }

  #emit<Name extends keyof ClientEvents>(name: Name, event: ClientEvents[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) listener(event as never);
  }
}
