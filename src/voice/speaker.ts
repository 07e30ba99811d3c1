/**
 * The session's words as sound: cut into sentences, each synthesised while the one before is played. What was heard is what
 * was played (S2.3).
 */
import type { SpeechModelV4 } from '@ai-sdk/provider';
import type { Heard, SpeechSink } from '../index.ts';
import type { AudioFrame } from './frames.ts';
import { heardText } from './heard.ts';
import type { Playout } from './playout.ts';
import { Sentences } from './sentences.ts';
import { synthesize, type SynthesisOptions } from './synthesis.ts';

class Piece {
  readonly text: string;
  /** How much of its sound is there. */
  ms = 0;
  /** All of it is there. */
  whole = false;
  readonly #frames: AsyncGenerator<AudioFrame, void>;
  #next: Promise<IteratorResult<AudioFrame, void>> | undefined;

  constructor(text: string, frames: AsyncGenerator<AudioFrame, void>) {
    this.text = text;
    this.#frames = frames;
  }

  /** Begins to synthesise. What fails is heard of when its turn comes. */
  prepare(): void {
    this.#next ??= this.#frames.next();
    this.#next.catch(() => undefined);
  }

  async next(): Promise<AudioFrame | undefined> {
    const { value } = await (this.#next ?? this.#frames.next());
    this.#next = undefined;
    return value ?? undefined;
  }
}

export interface SpeakerDeps {
  readonly playout: Playout;
  readonly tts: SpeechModelV4;
  readonly synthesis: SynthesisOptions;
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
  #isWhole = false;
  #isCleared = false;

  constructor(deps: SpeakerDeps) {
    this.#deps = deps;
    // Who asks for the end hears of a failure; who does not, has cut it.
    this.#over.promise.catch(() => undefined).finally(deps.onOver);
    deps.playout.begin();
    void this.#speak();
  }

  write(text: string): void {
    if (this.#isCleared) return;
    this.#add(this.#sentences.push(text));
  }

  end(): Promise<Heard> {
    const rest = this.#sentences.rest();
    if (!this.#isCleared && rest !== undefined) this.#add([rest]);
    this.#isWhole = true;
    this.#more.resolve();
    return this.#over.promise;
  }

  clear(): void {
    if (this.#isCleared) return;
    this.#isCleared = true;
    this.#abort.abort();
    this.#more.resolve();
    void this.#deps.playout.clear().then((playedMs) => {
      this.#over.resolve({ text: heardText(this.#pieces, playedMs) });
    });
  }

  #add(texts: readonly string[]): void {
    const { tts, synthesis } = this.#deps;
    for (const text of texts) this.#pieces.push(new Piece(text, synthesize(tts, text, synthesis, this.#abort.signal)));
    if (texts.length > 0) this.#more.resolve();
  }

  async #speak(): Promise<void> {
    const { playout, onError } = this.#deps;
    try {
      for (let index = 0; ; index += 1) {
        const piece = await this.#pieceAt(index);
        if (!piece) break;
        await this.#play(piece, index);
      }
      await playout.drain();
      if (!this.#isCleared) this.#over.resolve({ text: this.#pieces.map(({ text }) => text).join('') });
    } catch (error) {
      if (this.#isCleared) return;
      this.#isCleared = true;
      this.#abort.abort();
      // What is there is said; then it is known how far the user followed.
      await playout.drain();
      const text = heardText(this.#pieces, await playout.clear());
      if (text === '') return this.#over.reject(error);
      onError(error);
      this.#over.resolve({ text });
    }
  }

  async #play(piece: Piece, index: number): Promise<void> {
    const { playout } = this.#deps;
    if (!/[\p{L}\p{N}]/u.test(piece.text)) {
      piece.whole = true;
      return;
    }
    piece.prepare();
    for (let frame = await piece.next(); frame && !this.#isCleared; frame = await piece.next()) {
      piece.ms += playout.write(frame);
      this.#pieces[index + 1]?.prepare();
    }
    piece.whole = !this.#isCleared;
    // The next is synthesised while this one plays, and no further ahead.
    this.#pieces[index + 1]?.prepare();
    await playout.allSent();
  }

  /** Undefined when there is none and none will come. */
  async #pieceAt(index: number): Promise<Piece | undefined> {
    while (!this.#isCleared && !this.#pieces[index] && !this.#isWhole) {
      this.#more = Promise.withResolvers();
      await this.#more.promise;
    }
    return this.#isCleared ? undefined : this.#pieces[index];
  }
}
