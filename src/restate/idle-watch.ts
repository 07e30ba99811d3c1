/**
 * Hears of an abort while a body waits for something of its own, where Restate's SDK cannot wait along: by a call from the
 * outside, as a session makes it. What it hears only fires the body's signal; nothing that is written to the journal may
 * follow from it, for a body that runs again would not hear it at the same place.
 */
import type { Clock, TimerHandle } from '../index.ts';
import type { AbortRequest } from './entries.ts';

/** Asks until there is an abort, or `signal` fires. */
export type AskForAbort = (signal: AbortSignal) => Promise<AbortRequest>;

/** A body that comes back to `ctx` sooner hears of it there. */
const patienceMs = 1_000;

export class IdleWatch {
  readonly #clock: Clock;
  readonly #ask: AskForAbort;
  readonly #onAbort: (request: AbortRequest) => void;
  #timer: TimerHandle | undefined;
  #asking: AbortController | undefined;

  constructor(clock: Clock, ask: AskForAbort, onAbort: (request: AbortRequest) => void) {
    this.#clock = clock;
    this.#ask = ask;
    this.#onAbort = onAbort;
  }

  /** The body is on its own from now on. */
  begin(): void {
    this.#timer ??= this.#clock.setTimeout(() => this.#start(), patienceMs);
  }

  end(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asking?.abort();
    this.#asking = undefined;
  }

  #start(): void {
    const { signal } = (this.#asking = new AbortController());
    this.#ask(signal).then((request) => signal.aborted || this.#onAbort(request), ignore);
  }
}

/** Without it the body hears of an abort when it comes back to `ctx`. */
function ignore(): void {}
