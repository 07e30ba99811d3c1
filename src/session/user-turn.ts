/** What the user said, while it is being answered: open, unless the hook that looks at it itself waits (S6.1, S6.8). */
import type { HookRun } from './hooks.ts';

export class UserTurn {
  readonly #hook: HookRun;
  #waits = 0;
  #isOver = false;
  #free = Promise.withResolvers<void>();

  constructor(hook: HookRun) {
    this.#hook = hook;
  }

  get isOpen(): boolean {
    return this.#waits === 0 && !this.#isOver;
  }

  /** Resolves when it is not open, or no longer. */
  get whenFree(): Promise<void> {
    return this.#free.promise;
  }

  /** Its hook waits until the result is called. */
  waits(): () => void {
    this.#waits += 1;
    this.#free.resolve();
    const goOn = this.#hook.waits();
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#waits -= 1;
      if (this.isOpen) this.#free = Promise.withResolvers();
      goOn();
    };
  }

  end(): void {
    this.#isOver = true;
    this.#free.resolve();
    this.#hook.end();
  }
}
