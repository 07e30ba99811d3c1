/**
 * Waits on Restate's promises, one wait at a time: that is all its SDK can do, and what makes a body that runs again go
 * the same way. What a body begins in one go is waited for together, in the order of the journal; what it begins while a
 * wait is under way has its turn when that one ends.
 */
import { RestatePromise } from '@restatedev/restate-sdk';

interface Wait {
  readonly promise: RestatePromise<Settled>;
  readonly endsOnAbort: boolean;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

interface Settled {
  readonly wait: Wait | undefined;
  readonly value?: unknown;
  readonly error?: unknown;
}

export interface WaitsHooks {
  /** Is given, once, what `abort` resolved with, or the error of a cancellation in Restate itself; returns why. */
  onAbort(value: unknown): Error;
  onChange(isWaiting: boolean): void;
}

export class Waits {
  readonly #abort: RestatePromise<Settled>;
  readonly #hooks: WaitsHooks;
  readonly #open = new Set<Wait>();
  #isAborted = false;
  #isWaiting = false;

  constructor(abort: RestatePromise<unknown>, hooks: WaitsHooks) {
    this.#abort = abort.map((value): Settled => ({ wait: undefined, value }));
    this.#hooks = hooks;
  }

  /** Is one under way, so that another has to wait for it? */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** With `endsOnAbort` it rejects then; without, it is waited for in any case. */
  for<T>(promise: RestatePromise<T>, { endsOnAbort = false } = {}): Promise<T> {
    const { promise: settled, resolve, reject } = Promise.withResolvers<T>();
    const wait: Wait = {
      promise: promise.map((value, error): Settled => ({ wait, value, error })),
      endsOnAbort,
      resolve: (value) => resolve(value as T),
      reject,
    };
    this.#open.add(wait);
    if (!this.#isWaiting) void this.#go();
    return settled;
  }

  /** Stands still for ever when the attempt ends: Restate then settles no promise of it. */
  async #go(): Promise<void> {
    this.#isWaiting = true;
    this.#hooks.onChange(true);
    await nextTurn();
    while (this.#open.size > 0) {
      const settled = await this.#first();
      if (settled.wait) this.#settle(settled.wait, settled);
      else this.#aborted(settled.value);
      // What follows from it is begun by then.
      await nextTurn();
    }
    this.#isWaiting = false;
    this.#hooks.onChange(false);
  }

  async #first(): Promise<Settled> {
    const open = [...this.#open].map((wait) => wait.promise);
    try {
      return await RestatePromise.race(this.#isAborted ? open : [this.#abort, ...open]);
    } catch (error) {
      return { wait: undefined, value: error };
    }
  }

  #settle(wait: Wait, { value, error }: Settled): void {
    this.#open.delete(wait);
    if (error === undefined) wait.resolve(value);
    else wait.reject(error);
  }

  #aborted(value: unknown): void {
    this.#isAborted = true;
    const why = this.#hooks.onAbort(value);
    for (const wait of this.#open) if (wait.endsOnAbort) this.#settle(wait, { wait, error: why });
  }
}

/** When all that follows from what has settled has run. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
