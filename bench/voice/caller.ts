/**
 * One call: speaks in real time, a window at a time, and plays what it is sent as a loudspeaker would. It notes how long the
 * answer took after the window that ended the turn, and how late each frame was for its moment of playback.
 */
import { minSilenceMs, rate, windowMs, windowSamples } from './sound.ts';

export interface CallFigures {
  /** From the last window of the user's turn to the first sound of the answer, in ms. */
  readonly latencies: number[];
  /** For each frame, how long after its moment of playback it came, in ms; 0 where it was there. */
  readonly lateness: number[];
  turns: number;
  /** Frames of answers that never came. */
  missing: number;
}

export const silenceWindows = minSilenceMs / windowMs;
/** Long enough for the whole answer to be played. */
const pauseWindows = 80;
/** The answer's length, as the server synthesises it. */
const answerMs = 60 * windowMs;

const silence = new Int16Array(windowSamples);

export class Caller {
  readonly figures: CallFigures = { latencies: [], lateness: [], turns: 0, missing: 0 };
  readonly #speech: Int16Array<ArrayBuffer>;
  readonly #speechWindows: number;
  readonly #endsAfter: number;
  readonly #socket: WebSocket;
  readonly #opened: Promise<void>;
  #window = 0;
  #endedAt: number | undefined;
  #playsFrom = 0;
  #receivedMs = 0;
  #clearedMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `speech`: what it says in each turn, in whole windows. `silence`: so many behind it belong to the turn. */
  constructor(
    url: string,
    { speech, silence }: { readonly speech: Int16Array<ArrayBuffer>; readonly silence: number },
  ) {
    this.#speech = speech;
    this.#endsAfter = speech.length / windowSamples + silence - 1;
    this.#speechWindows = speech.length / windowSamples;
    this.#socket = new WebSocket(url, 'meanwhile.v1');
    this.#socket.binaryType = 'arraybuffer';
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#opened = promise;
    this.#socket.addEventListener('open', () => {
      this.#send({ type: 'hello', version: 1, sound: { microphone: rate, loudspeaker: rate } });
    });
    this.#socket.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') {
        if (data.startsWith('{"type":"welcome"')) resolve();
        this.#hear(data);
      } else this.#play((data as ArrayBuffer).byteLength / 2);
    });
    this.#socket.addEventListener('close', ({ code }) =>
      reject(new Error(`The call was closed with ${String(code)}.`)),
    );
  }

  /** Resolves when it is connected. */
  async open(): Promise<void> {
    await this.#opened;
  }

  /** Speaks until `stop`, the first word after `delayMs`. */
  speak(delayMs: number): void {
    const startsAt = performance.now() + delayMs;
    const next = (): void => {
      // By the clock and not by the last timer, which may be late.
      while (performance.now() >= startsAt + this.#window * windowMs) this.#tick();
      this.#timer = setTimeout(next, Math.max(0, startsAt + this.#window * windowMs - performance.now()));
    };
    this.#timer = setTimeout(next, delayMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  #tick(): void {
    const place = this.#window % (this.#speechWindows + silenceWindows + pauseWindows);
    this.#window += 1;
    if (place === 0) this.#startTurn();
    const from = place * windowSamples;
    this.#socket.send(place < this.#speechWindows ? this.#speech.subarray(from, from + windowSamples) : silence);
    if (place === this.#endsAfter) this.#endedAt = performance.now();
  }

  #startTurn(): void {
    if (this.figures.turns > 0 && this.#receivedMs < answerMs - 1) this.figures.missing += 1;
    this.figures.turns += 1;
    this.#receivedMs = 0;
  }

  #play(samples: number): void {
    const now = performance.now();
    if (this.#endedAt !== undefined) {
      this.figures.latencies.push(now - this.#endedAt);
      this.#endedAt = undefined;
    }
    if (this.#receivedMs === 0) this.#playsFrom = now;
    this.figures.lateness.push(Math.max(0, now - (this.#playsFrom + this.#receivedMs)));
    this.#receivedMs += (samples / rate) * 1000;
    this.#clearedMs += (samples / rate) * 1000;
  }

  /** Answers as a loudspeaker does: when what it was sent has been played. */
  #hear(text: string): void {
    if (text.startsWith('{"type":"drain"')) {
      const { id } = JSON.parse(text) as { id: number };
      const leftMs = Math.max(0, this.#playsFrom + this.#receivedMs - performance.now());
      setTimeout(() => this.#send({ type: 'drained', id }), leftMs);
    }
    if (text.startsWith('{"type":"clear"')) {
      const { id } = JSON.parse(text) as { id: number };
      const leftMs = Math.max(0, this.#playsFrom + this.#receivedMs - performance.now());
      this.#send({ type: 'cleared', id, playedMs: Math.max(0, this.#clearedMs - leftMs) });
      this.#clearedMs = 0;
    }
  }

  #send(message: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
