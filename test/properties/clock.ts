/**
 * A virtual clock whose timers go through the pool: those that are due at one moment fire in any order, and between any
 * two of them any promise may settle. What is still in the pool when time goes on simply takes longer.
 */
import { AsyncResource } from 'node:async_hooks';
import type { Clock, TimerHandle } from 'meanwhile';
import type { Shuffle } from './shuffle.ts';

class Timer {
  readonly fn: () => void;
  readonly at: number;

  constructor(fn: () => void, at: number) {
    this.fn = fn;
    this.at = at;
  }
}

export class ShuffledClock implements Clock {
  readonly #shuffle: Shuffle;
  /** A platform's timer runs as who has set it, the virtual clock's as nobody: the library must not rely on either. */
  readonly #asWhoSet: boolean;
  readonly #armed = new Set<Timer>();
  #now = Date.UTC(2026, 0, 1);

  constructor(shuffle: Shuffle, asWhoSet: boolean) {
    this.#shuffle = shuffle;
    this.#asWhoSet = asWhoSet;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(fn: () => void, delayMs: number): TimerHandle {
    const run = this.#asWhoSet ? AsyncResource.bind(fn) : fn;
    const timer = new Timer(run, this.#now + (delayMs > 0 ? delayMs : 0));
    this.#armed.add(timer);
    return timer;
  }

  clearTimeout(handle: TimerHandle | undefined): void {
    if (handle instanceof Timer) this.#armed.delete(handle);
  }

  /** How many ms from now each armed timer is due. */
  pending(): number[] {
    return [...this.#armed].filter(({ at }) => at < Infinity).map(({ at }) => at - this.#now);
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.#shuffle.turn('script');
    for (let at = this.#next(); at <= end; at = this.#next()) {
      this.#now = Math.max(at, this.#now);
      await this.#fire(at);
    }
    this.#now = end;
  }

  /** Lets time pass until the promise has settled; false when it has not after `limitMs`. */
  async runUntil(promise: Promise<unknown>, limitMs: number): Promise<boolean> {
    const end = this.#now + limitMs;
    while (!(await this.#shuffle.until(promise))) {
      const at = this.#next();
      if (at > end) {
        this.#now = end;
        return false;
      }
      this.#now = Math.max(at, this.#now);
      await this.#fire(at);
    }
    return true;
  }

  #next(): number {
    let next = Infinity;
    for (const { at } of this.#armed) if (at < next) next = at;
    return next;
  }

  async #fire(at: number): Promise<void> {
    const due = [...this.#armed].filter((timer) => timer.at === at);
    await this.#shuffle.until(Promise.all(due.map((timer) => this.#fireOne(timer))));
  }

  async #fireOne(timer: Timer): Promise<void> {
    await this.#shuffle.pass('timer');
    if (this.#armed.delete(timer)) timer.fn();
  }
}
