/**
 * Something that happens once, and who waits for it. The promise is made when somebody asks: of the five latches that
 * each running task has, most open with nobody waiting.
 */
export class Latch {
  #isOpen = false;
  #waiting: PromiseWithResolvers<void> | undefined;

  open(): void {
    this.#isOpen = true;
    this.#waiting?.resolve();
  }

  /** Resolves when it opens, at once if it is open. */
  get opened(): Promise<void> {
    this.#waiting ??= Promise.withResolvers();
    if (this.#isOpen) this.#waiting.resolve();
    return this.#waiting.promise;
  }
}
