/** The bounds of a body: its timers (S1.7, S5.5) and how many of a tool run at once. */
import { add, emptyMap, emptySet, put, remove } from '../chat/tables.ts';
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

interface Waiting {
  readonly callId: string;
  /** Called with the place taken. */
  readonly start: () => void;
}

/** Which calls of each tool have a place, and who waits for one, in the order of the calls (S5.5). */
export class Places {
  #taken: ReadonlyMap<string, ReadonlySet<string>> = emptyMap();
  #waiting: ReadonlyMap<string, Waiting[]> = emptyMap();

  isFull(tool: string, limit: number): boolean {
    return (this.#taken.get(tool)?.size ?? 0) >= limit;
  }

  holds(tool: string, callId: string): boolean {
    return this.#taken.get(tool)?.has(callId) ?? false;
  }

  /** False when none is free. */
  take(tool: string, callId: string, limit: number): boolean {
    if (this.isFull(tool, limit)) return false;
    this.#take(tool, callId);
    return true;
  }

  /** Takes over the place of the first that has one; false when none of them has. */
  inherit(tool: string, from: readonly string[], heir: string): boolean {
    const taken = this.#taken.get(tool);
    const giver = from.find((callId) => taken?.has(callId));
    if (!taken || giver === undefined) return false;
    remove(taken, giver);
    this.#take(tool, heir);
    return true;
  }

  /** Returns the way out of the queue. */
  wait(tool: string, callId: string, start: () => void): () => void {
    const entry: Waiting = { callId, start };
    const queue = this.#waiting.get(tool) ?? [];
    queue.push(entry);
    this.#waiting = put(this.#waiting, tool, queue);
    return () => {
      const index = queue.indexOf(entry);
      if (index >= 0) queue.splice(index, 1);
    };
  }

  /** The next in the queue gets the place. Nothing happens when the call has none. */
  leave(tool: string, callId: string): void {
    const taken = this.#taken.get(tool);
    if (!taken?.has(callId)) return;
    remove(taken, callId);
    const next = this.#waiting.get(tool)?.shift();
    if (next) {
      this.#take(tool, next.callId);
      return next.start();
    }
    if (taken.size > 0) return;
    remove(this.#taken, tool);
    remove(this.#waiting, tool);
  }

  #take(tool: string, callId: string): void {
    this.#taken = put(this.#taken, tool, add(this.#taken.get(tool) ?? emptySet(), callId));
  }
}
