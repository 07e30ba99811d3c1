/**
 * A voice that is not heard: each word takes its time on the clock, and a cut falls between two of them. What was heard
 * is what was played to its end.
 */
import type { Clock, Heard, SpeechOutput, SpeechSink, SpokenInfo, TimerHandle } from '../index.ts';
import type { Note } from './notes.ts';

/** How fast the agent speaks. */
export interface VoicePace {
  /** Default 180. */
  readonly wordsPerMinute?: number;
  /** Instead of `wordsPerMinute`: long words take longer. */
  readonly msPerCharacter?: number;
  /** From the first words that are written to the first sound, in ms. Default 0. */
  readonly startMs?: number;
}

/**
 * An output of medium `'voice'` that takes its time: `new AgentSession({ output: createSimulatedVoice(clock), clock, … })`.
 * `simulate` makes its own.
 */
export function createSimulatedVoice(
  clock: Clock,
  pace: VoicePace = {},
  note: (note: Note) => void = () => undefined,
): SpeechOutput {
  return { medium: 'voice', open: (speech) => new Stretch(clock, pace, speech, note) };
}

export function wordMs(word: string, { wordsPerMinute = 180, msPerCharacter }: VoicePace): number {
  return Math.round(msPerCharacter === undefined ? 60_000 / wordsPerMinute : word.length * msPerCharacter);
}

class Stretch implements SpeechSink {
  readonly #clock: Clock;
  readonly #pace: VoicePace;
  readonly #speech: SpokenInfo;
  readonly #note: (note: Note) => void;
  readonly #over = Promise.withResolvers<Heard>();
  /** What is still to be played; a word is played when it is whole. */
  #rest = '';
  #written = '';
  #heard = '';
  #phase: 'unheard' | 'playing' | 'over' = 'unheard';
  #ended = false;
  #timer: TimerHandle | undefined;

  constructor(clock: Clock, pace: VoicePace, speech: SpokenInfo, note: (note: Note) => void) {
    this.#clock = clock;
    this.#pace = pace;
    this.#speech = speech;
    this.#note = note;
  }

  write(text: string): void {
    if (this.#phase === 'over') return;
    this.#rest += text;
    this.#written += text;
    if (this.#written === text) {
      this.#timer = this.#clock.setTimeout(() => this.#play(), this.#pace.startMs ?? 0);
    } else if (!this.#timer) this.#play();
  }

  end(): Promise<Heard> {
    this.#ended = true;
    if (!this.#timer) this.#play();
    return this.#over.promise;
  }

  clear(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#finish(true);
  }

  #play(): void {
    this.#timer = undefined;
    if (this.#phase === 'over') return;
    const word = /^\s*\S+(?=\s)/.exec(this.#rest)?.[0] ?? (this.#ended ? this.#rest.trimEnd() : '');
    if (word === '') {
      if (this.#ended) this.#finish(false);
      return;
    }
    if (this.#phase === 'unheard') {
      this.#phase = 'playing';
      this.#note({ type: 'words_begun', at: this.#clock.now(), speech: this.#speech });
    }
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#rest = this.#rest.slice(word.length);
        this.#heard += word;
        this.#note({ type: 'words_heard', at: this.#clock.now(), speechId: this.#speech.speechId, text: this.#heard });
        this.#play();
      },
      wordMs(word.trim(), this.#pace),
    );
  }

  #finish(cut: boolean): void {
    if (this.#phase === 'over') return;
    const began = this.#phase === 'playing';
    this.#phase = 'over';
    this.#over.resolve({ text: this.#heard });
    const { speechId } = this.#speech;
    const at = this.#clock.now();
    if (began) this.#note({ type: 'words_over', at, speechId, cut, written: this.#written, heard: this.#heard });
  }
}
