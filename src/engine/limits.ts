/** The bounds of a body: its timers (S5.5) and how many of a tool run at once. */
import type { Clock, TimerHandle } from '../clock.ts';

/** A bound that can be held (time in `input_required` does not count) and started over. */
export class Limit {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onPassed: () => void;
  #state: { type: 'held'; leftMs: number } | { type: 'armed'; until: number; timer: TimerHandle } | { type: 'off' };

  constructor(clock: Clock, limitMs: number, onPassed: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onPassed = onPassed;
    this.#state = { type: 'held', leftMs: limitMs };
  }

  go(): void {
    if (this.#state.type === 'held') this.#arm(this.#state.leftMs);
  }

  hold(): void {
    if (this.#state.type !== 'armed') return;
    this.#clock.clearTimeout(this.#state.timer);
    this.#state = { type: 'held', leftMs: Math.max(0, this.#state.until - this.#clock.now()) };
  }

  /** From here again. */
  restart(): void {
    if (this.#state.type === 'off') return;
    if (this.#state.type === 'held') {
      this.#state = { type: 'held', leftMs: this.#limitMs };
      return;
    }
    this.#clock.clearTimeout(this.#state.timer);
    this.#arm(this.#limitMs);
  }

  off(): void {
    if (this.#state.type === 'armed') this.#clock.clearTimeout(this.#state.timer);
    this.#state = { type: 'off' };
  }

  #arm(leftMs: number): void {
    const timer = this.#clock.setTimeout(() => {
      this.#state = { type: 'off' };
      this.#onPassed();
    }, leftMs);
    this.#state = { type: 'armed', until: this.#clock.now() + leftMs, timer };
  }
}

/** How many bodies of each tool run, and who waits for a place, in the order of the calls. */
export class Places {
  readonly #taken = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();

  isFull(tool: string, limit: number): boolean {
    return (this.#taken.get(tool) ?? 0) >= limit;
  }

  take(tool: string): void {
    this.#taken.set(tool, (this.#taken.get(tool) ?? 0) + 1);
  }

  /** `start` is called with the place taken; returns the way out of the queue. */
  wait(tool: string, start: () => void): () => void {
    const queue = this.#waiting.get(tool) ?? [];
    queue.push(start);
    this.#waiting.set(tool, queue);
    return () => {
      const index = queue.indexOf(start);
      if (index >= 0) queue.splice(index, 1);
    };
  }

  leave(tool: string): void {
    const next = this.#waiting.get(tool)?.shift();
    if (next) return next();
    const left = (this.#taken.get(tool) ?? 1) - 1;
    if (left > 0) this.#taken.set(tool, left);
    else {
      this.#taken.delete(tool);
      this.#waiting.delete(tool);
    }
  }
}
