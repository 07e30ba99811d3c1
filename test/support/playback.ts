/**
 * A voice on the session's clock: each word takes its time, and a cut falls between two of them. What was heard is what
 * had been played to its end.
 */
import type { Clock, Heard, SpeechOutput, SpeechSink, SpokenInfo } from 'meanwhile';

export interface Playback extends SpeechOutput {
  /** What was heard, a line a stretch of words; `—` ends one that was cut. Nothing heard is a line too. */
  readonly heard: readonly string[];
  /** Stretches that were begun, with the clock's time. */
  readonly begun: readonly { readonly speech: SpokenInfo; readonly at: number }[];
}

export interface PlaybackOptions {
  /** How long a word takes, in ms. Default 100. */
  readonly msPerWord?: number;
  /** Silence behind the last word, before the end is reported, in ms. Default 0. */
  readonly tailMs?: number;
}

export function createPlayback(clock: Clock, { msPerWord = 100, tailMs = 0 }: PlaybackOptions = {}): Playback {
  const heard: string[] = [];
  const begun: { speech: SpokenInfo; at: number }[] = [];
  return {
    heard,
    begun,
    open(speech) {
      begun.push({ speech, at: clock.now() });
      return new Stretch(clock, { msPerWord, tailMs }, (line) => heard.push(line));
    },
  };
}

class Stretch implements SpeechSink {
  readonly #clock: Clock;
  readonly #takes: Required<PlaybackOptions>;
  readonly #onOver: (line: string) => void;
  readonly #words: string[] = [];
  readonly #over = Promise.withResolvers<Heard>();
  #heard = '';
  #ended = false;
  #isOver = false;
  #timer: object | undefined;

  constructor(clock: Clock, takes: Required<PlaybackOptions>, onOver: (line: string) => void) {
    this.#clock = clock;
    this.#takes = takes;
    this.#onOver = onOver;
  }

  write(text: string): void {
    if (this.#isOver) return;
    this.#words.push(...(text.match(/\s*\S+(?:\s+$)?/g) ?? [text]));
    this.#play();
  }

  end(): Promise<Heard> {
    this.#ended = true;
    if (!this.#timer) this.#fallSilent();
    return this.#over.promise;
  }

  clear(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#finish('—');
  }

  #play(): void {
    if (this.#timer) return;
    const word = this.#words.shift();
    if (word === undefined) {
      if (this.#ended) this.#fallSilent();
      return;
    }
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#heard += word;
      this.#play();
    }, this.#takes.msPerWord);
  }

  #fallSilent(): void {
    const { tailMs } = this.#takes;
    if (tailMs === 0 || this.#heard === '') this.#finish('');
    else this.#timer = this.#clock.setTimeout(() => this.#finish(''), tailMs);
  }

  #finish(mark: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#over.resolve({ text: this.#heard });
    this.#onOver(`${this.#heard}${mark}`);
  }
}
