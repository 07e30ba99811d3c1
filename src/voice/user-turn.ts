/**
 * A user's turn: one utterance or several, until he has been silent for long enough after words that were understood. What
 * he said is given once, in the order in which he said it, however long the recognition of each took.
 */
import type { Clock, TimerHandle } from '../index.ts';
import { endpointDelay, type EndpointingOptions } from './endpointing.ts';

export interface TurnListener {
  /** The turn is over; '' where nothing was understood. */
  onOver(text: string): void;
  onError(error: unknown): void;
  /** An utterance of it was understood; all of the turn so far. */
  onWords(text: string): void;
}

export class UserTurn {
  readonly #clock: Clock;
  readonly #options: EndpointingOptions;
  readonly #listener: TurnListener;
  readonly #texts: string[] = [];
  #speaking = 0;
  #open = 0;
  #stoppedAt = 0;
  #timer: TimerHandle | undefined;
  #isOver = false;

  constructor(clock: Clock, options: EndpointingOptions, listener: TurnListener) {
    this.#clock = clock;
    this.#options = options;
    this.#listener = listener;
  }

  get text(): string {
    return this.#texts.filter((text) => text !== '').join(' ');
  }

  get isSpeaking(): boolean {
    return this.#speaking > 0;
  }

  speechStarted(): void {
    this.#speaking += 1;
    this.#clock.clearTimeout(this.#timer);
  }

  /** `at`: when it did, in ms of the clock. */
  speechEnded(words: Promise<string>, at: number): void {
    const index = this.#texts.push('') - 1;
    this.#speaking -= 1;
    this.#open += 1;
    this.#stoppedAt = at;
    void words
      .then(
        (text) => {
          this.#texts[index] = text;
          if (text !== '') this.#listener.onWords(this.text);
        },
        (error: unknown) => this.#listener.onError(error),
      )
      .then(() => {
        this.#open -= 1;
        this.#look();
      });
  }

  /** Ends it now, with what was understood so far. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#clock.clearTimeout(this.#timer);
    this.#listener.onOver(this.text);
  }

  #look(): void {
    if (this.#isOver || this.#speaking > 0 || this.#open > 0) return;
    // Nothing was understood: there is nothing to wait for.
    if (this.text === '') return this.end();
    const endsAt = this.#stoppedAt + endpointDelay(this.text, this.#options);
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => this.end(), endsAt - this.#clock.now());
  }
}
