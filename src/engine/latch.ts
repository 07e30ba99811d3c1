/**
 * Something that happens once, and who waits for it. The promise is made when somebody asks: of the five latches that
 * each running task has, most open with nobody waiting.
 */
export class Latch {
  #state: 'shut' | 'open' | PromiseWithResolvers<void> = 'shut';

  open(): void {
    if (typeof this.#state === 'object') this.#state.resolve();
    this.#state = 'open';
  }

  /** Resolves when it opens, at once if it is open. */
  get opened(): Promise<void> {
    if (this.#state === 'open') return Promise.resolve();
    if (this.#state === 'shut') this.#state = Promise.withResolvers();
    return this.#state.promise;
  }
}
