/**
 * The pool of everything that may happen next: each promise that crosses a seam (a part of a model's answer, a step of a
 * body, a word that was played, a timer that is due, the script's own next line) waits here for its turn. Who goes first
 * is fast-check's choice, or the choice of a script that is replayed.
 */
import type fc from 'fast-check';

/** What of fast-check's scheduler is used. */
export type Scheduler = Pick<fc.Scheduler, 'schedule' | 'waitOne' | 'count'>;

/** Taken once, so that nobody's fake timers stop it. */
const { setImmediate } = globalThis;

/** Every promise that can settle has settled. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class Shuffle {
  /** Which of those that waited went first, each time: a script that replays it. */
  readonly picks: number[] = [];
  readonly #scheduler: Scheduler;
  readonly #waiting: number[] = [];
  #count = 0;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Resolves when it is its turn. */
  pass(label: string): Promise<void> {
    const id = (this.#count += 1);
    this.#waiting.push(id);
    return this.#scheduler.schedule(ready, label).then(() => {
      const index = this.#waiting.indexOf(id);
      this.#waiting.splice(index, 1);
      this.picks.push(index);
    });
  }

  /** Whose turn it is goes on, and all that follows from it without a seam happens. False: nobody waits. */
  async next(): Promise<boolean> {
    if (this.#scheduler.count() === 0) return false;
    await this.#scheduler.waitOne();
    await settled();
    return true;
  }

  /** The one who calls takes part like everybody else: none, some or all of the others go first. */
  async turn(label: string): Promise<void> {
    await this.until(this.pass(label));
  }

  /** Lets one after the other go on until `promise` has settled, or nobody is left. True: it has settled. */
  async until(promise: Promise<unknown>): Promise<boolean> {
    let over = false;
    const settle = (): void => {
      over = true;
    };
    promise.then(settle, settle);
    await settled();
    while (!over) if (!(await this.next())) break;
    return over;
  }
}

const ready = Promise.resolve();

/** Who goes first is written down: the n-th time the `picks[n]`-th of those that wait, behind the list's end the oldest. */
export function schedulerOf(picks: readonly number[]): Scheduler {
  const waiting: (() => void)[] = [];
  let taken = 0;
  return {
    count: () => waiting.length,
    schedule: <T>(task: Promise<T>) =>
      new Promise<T>((resolve) => {
        waiting.push(() => resolve(task));
      }),
    waitOne: async () => {
      const index = (picks[taken] ?? 0) % Math.max(1, waiting.length);
      taken += 1;
      const [go] = waiting.splice(index, 1);
      go?.();
      await ready;
    },
  };
}
