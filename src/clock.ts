/**
 * The only way to time (S10.3).
 *
 * Nothing else in the library reads the time or arms a timer: sessions, tasks and hosts are given a `Clock`, so that
 * a test can put the virtual one (`meanwhile/testing`) in its place.
 */

/** A timer as its clock knows it. Opaque: it is only good for `clearTimeout` of the clock that made it. */
export type TimerHandle = object;

/** What the library needs of time. */
export interface Clock {
  /** The present moment, in milliseconds since the Unix epoch. */
  now(): number;
  /**
   * Calls `fn` once, `delayMs` milliseconds from now, and never before this call has returned. A delay of 0 or less,
   * or NaN, means as soon as possible; `Infinity` means never; there is no upper limit between the two.
   *
   * Timers set in one go with one delay fire in the order in which they were set; more than that only the virtual
   * clock promises. Let the firing itself be the news: a platform's timer can run a millisecond before `now()` says so.
   */
  setTimeout(fn: () => void, delayMs: number): TimerHandle;
  /** Stops a timer. Does nothing for one that has fired or was stopped, for another clock's, and for `undefined`. */
  clearTimeout(handle: TimerHandle | undefined): void;
}

/** Platforms keep the delay in a signed 32-bit integer and fire at once for anything above it. */
const longestDelayMs = 2 ** 31 - 1;

class SystemTimer {
  readonly #fn: () => void;
  #platformTimer: ReturnType<typeof globalThis.setTimeout> | undefined;

  constructor(fn: () => void, delayMs: number) {
    this.#fn = fn;
    this.#arm(delayMs > 0 ? delayMs : 0);
  }

  #arm(remainingMs: number): void {
    const partMs = Math.min(remainingMs, longestDelayMs);
    this.#platformTimer = globalThis.setTimeout(() => {
      if (remainingMs > partMs) this.#arm(remainingMs - partMs);
      else this.#fn();
    }, partMs);
  }

  stop(): void {
    globalThis.clearTimeout(this.#platformTimer);
  }
}

/**
 * The clock on the wall: `Date.now()` and the platform's timers. It is what is used where no clock is given. A timer
 * keeps a Node process alive until it has fired or was stopped.
 */
export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  setTimeout: (fn: () => void, delayMs: number) => new SystemTimer(fn, delayMs),
  clearTimeout(handle: TimerHandle | undefined) {
    if (handle instanceof SystemTimer) handle.stop();
  },
});
