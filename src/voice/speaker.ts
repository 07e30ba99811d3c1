/**
 * The session's words as sound: cut into sentences, each synthesised while the one before is played. What was heard is what
 * was played (S2.3).
 */
import type { SpeechModelV4 } from '@ai-sdk/provider';
import type { Clock, Heard, SpeechSink } from '../index.ts';
import type { AudioFrame } from './frames.ts';
import { heardText } from './heard.ts';
import { LoudspeakerFailure, type Playout } from './playout.ts';
import { Sentences } from './sentences.ts';
import { nextInTime, synthesize, type SynthesisLimits, type SynthesisOptions } from './synthesis.ts';

class Piece {
  readonly text: string;
  /** How much of its sound is there. */
  ms = 0;
  /** All of it is there. */
  whole = false;
  readonly #ask: () => Promise<IteratorResult<AudioFrame, void>>;
  #next: Promise<IteratorResult<AudioFrame, void>> | undefined;

  /** `ask`: for the next frame. */
  constructor(text: string, ask: () => Promise<IteratorResult<AudioFrame, void>>) {
    this.text = text;
    this.#ask = ask;
  }

  /** Begins to synthesise. What fails is heard of when its turn comes. */
  prepare(): void {
    this.#next ??= this.#ask();
    this.#next.catch(() => undefined);
  }

  async next(): Promise<AudioFrame | undefined> {
    const { value } = await (this.#next ?? this.#ask());
    this.#next = undefined;
    return value ?? undefined;
  }
}

export interface SpeakerDeps {
  readonly playout: Playout;
  readonly tts: SpeechModelV4;
  readonly synthesis: SynthesisOptions;
  readonly limits: SynthesisLimits;
  readonly clock: Clock;
  /** The rest could not be synthesised, though some of it was heard. */
  readonly onError: (error: unknown) => void;
  /** Nothing of it will be played any more. */
  readonly onOver: () => void;
}

/** One stretch of words. */
export class Stretch implements SpeechSink {
  readonly #deps: SpeakerDeps;
  readonly #abort = new AbortController();
  readonly #sentences = new Sentences();
  readonly #pieces: Piece[] = [];
  readonly #over = Promise.withResolvers<Heard>();
  #more = Promise.withResolvers<void>();
  /** `failed`: there is no sound for the rest; what there is, is played. `shown`: what is not said yet is only shown. */
  #phase: 'said' | 'failed' | 'shown' | 'over' = 'said';
  /** The playback of what is shown has stopped. */
  #silent: Promise<unknown> = Promise.resolve();
  /** No more words will come. */
  #isWhole = false;

  constructor(deps: SpeakerDeps) {
    this.#deps = deps;
    // Who asks for the end hears of a failure; who does not, has cut it.
    this.#over.promise.catch(() => undefined).finally(deps.onOver);
    deps.playout.begin();
    void this.#speak();
  }

  write(text: string): void {
    if (this.#phase !== 'over') this.#add(this.#sentences.push(text));
  }

  end(): Promise<Heard> {
    const rest = this.#sentences.rest();
    if (this.#phase !== 'over' && rest !== undefined) this.#add([rest]);
    this.#isWhole = true;
    this.#more.resolve();
    if (this.#phase === 'shown') this.#finishShown();
    return this.#over.promise;
  }

  clear(): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'shown') return this.#finishShown();
    // How much of it was heard is told when it is silent.
    if (this.#phase === 'failed') return void this.#deps.playout.clear();
    this.#stop('over');
    void this.#deps.playout.clear().then((playedMs) => this.#finish(heardText(this.#pieces, playedMs)));
  }

  /** The rest is shown and not said: all of it counts as heard. */
  show(): void {
    if (this.#phase !== 'said' && this.#phase !== 'failed') return;
    this.#stop('shown');
    this.#silent = this.#deps.playout.clear();
    if (this.#isWhole) this.#finishShown();
  }

  #finishShown(): void {
    const text = this.#text;
    void this.#silent.then(() => this.#finish(text));
  }

  get #text(): string {
    return this.#pieces.map(({ text }) => text).join('');
  }

  #stop(phase: 'failed' | 'shown' | 'over'): void {
    this.#phase = phase;
    this.#abort.abort();
    this.#more.resolve();
  }

  /** `error`: why the rest was not heard. */
  #finish(text: string, error?: unknown): void {
    this.#phase = 'over';
    this.#over.resolve({ text, ...(error === undefined ? {} : { error }) });
  }

  #fail(error: unknown): void {
    this.#phase = 'over';
    this.#over.reject(error);
  }

  #add(texts: readonly string[]): void {
    const { tts, synthesis, limits, clock } = this.#deps;
    const { signal } = this.#abort;
    for (const text of texts) {
      const frames = synthesize(tts, text, synthesis, signal);
      this.#pieces.push(new Piece(text, () => nextInTime(frames, limits, clock, signal)));
    }
    if (texts.length > 0) this.#more.resolve();
  }

  async #speak(): Promise<void> {
    const { playout } = this.#deps;
    try {
      for (let index = 0; ; index += 1) {
        const piece = await this.#pieceAt(index);
        if (!piece) break;
        await this.#play(piece, index);
      }
      await playout.drain();
      if (this.#phase === 'said') this.#finish(this.#text);
    } catch (error) {
      if (this.#phase === 'said') await this.#sayWhatIsThere(error);
    }
  }

  /** Then it is known how far the user followed. */
  async #sayWhatIsThere(error: unknown): Promise<void> {
    const { playout, onError } = this.#deps;
    this.#stop('failed');
    const failure = error instanceof LoudspeakerFailure ? error : await failureOf(playout.drain());
    const text = heardText(this.#pieces, await playout.clear());
    if (this.#phase !== 'failed') return;
    if (failure) return this.#finish(text, failure.cause);
    if (text === '') return this.#fail(error);
    onError(error);
    this.#finish(text);
  }

  async #play(piece: Piece, index: number): Promise<void> {
    const { playout } = this.#deps;
    if (!/[\p{L}\p{N}]/u.test(piece.text)) {
      piece.whole = true;
      return;
    }
    piece.prepare();
    for (let frame = await piece.next(); frame && this.#phase === 'said'; frame = await piece.next()) {
      piece.ms += playout.write(frame);
      this.#pieces[index + 1]?.prepare();
    }
    piece.whole = this.#phase === 'said';
    // The next is synthesised while this one plays, and no further ahead.
    this.#pieces[index + 1]?.prepare();
    await playout.allSent();
  }

  /** Undefined when there is none and none will come. */
  async #pieceAt(index: number): Promise<Piece | undefined> {
    while (this.#phase === 'said' && !this.#pieces[index] && !this.#isWhole) {
      this.#more = Promise.withResolvers();
      await this.#more.promise;
    }
    return this.#phase === 'said' ? this.#pieces[index] : undefined;
  }
}

/** Undefined where all of it was played. */
function failureOf(played: Promise<void>): Promise<LoudspeakerFailure | undefined> {
  return played.then(
    () => undefined,
    (error: unknown) => error as LoudspeakerFailure,
  );
}
