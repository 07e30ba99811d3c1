/** A microphone and a loudspeaker at the other end of a connection. */
import type { AudioFrame, AudioOutput } from '../voice/index.ts';
import { bytesOf, samplesOf } from '../voice/index.ts';
import type { ServerMessage } from '../wire/index.ts';

/** Sound that nobody has taken yet, at most; what is older is dropped: late sound is worse than none. */
const keptMs = 5_000;

/** What the page's microphone hears. */
export class RemoteMicrophone implements AsyncIterable<AudioFrame> {
  readonly #rate: number;
  #frames: AudioFrame[] = [];
  #samples = 0;
  #wake = Promise.withResolvers<void>();
  #ended = false;

  constructor(rate: number) {
    this.#rate = rate;
  }

  push(bytes: Uint8Array): void {
    if (this.#ended) return;
    const samples = samplesOf(bytes);
    this.#frames.push({ samples, rate: this.#rate });
    this.#samples += samples.length;
    while (this.#samples > (keptMs / 1000) * this.#rate) this.#samples -= this.#frames.shift()?.samples.length ?? 0;
    this.#wake.resolve();
  }

  end(): void {
    this.#ended = true;
    this.#wake.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<AudioFrame, void> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame) {
        this.#samples -= frame.samples.length;
        yield frame;
        continue;
      }
      if (this.#ended) return;
      this.#wake = Promise.withResolvers();
      await this.#wake.promise;
    }
  }
}

export interface SoundLine {
  sendSound(bytes: Uint8Array): void;
  send(message: ServerMessage): void;
}

/** What the page's loudspeaker plays. It says itself how much it played. */
export class RemoteLoudspeaker implements AudioOutput {
  readonly rate: number;
  readonly #line: SoundLine;
  readonly #clearing = new Map<number, (playedMs: number) => void>();
  readonly #draining = new Map<number, () => void>();
  readonly #nextId: () => number;

  /** `nextId`: a number that no loudspeaker before has asked with. */
  constructor(rate: number, line: SoundLine, nextId: () => number) {
    this.rate = rate;
    this.#line = line;
    this.#nextId = nextId;
    // A page that comes back may still be playing, and has counted what it played for the one before.
    line.send({ type: 'clear', id: nextId() });
  }

  isAt(line: SoundLine, rate: number): boolean {
    return this.#line === line && this.rate === rate;
  }

  write({ samples }: AudioFrame): void {
    this.#line.sendSound(bytesOf(samples));
  }

  clear(): Promise<number> {
    const id = this.#nextId();
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#clearing.set(id, resolve);
    this.#line.send({ type: 'clear', id });
    for (const drained of this.#draining.values()) drained();
    this.#draining.clear();
    return promise;
  }

  drain(): Promise<void> {
    const id = this.#nextId();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#draining.set(id, resolve);
    this.#line.send({ type: 'drain', id });
    return promise;
  }

  /** The page answers. */
  cleared(id: number, playedMs: number): void {
    this.#clearing.get(id)?.(playedMs);
    this.#clearing.delete(id);
  }

  drained(id: number): void {
    this.#draining.get(id)?.();
    this.#draining.delete(id);
  }
}
