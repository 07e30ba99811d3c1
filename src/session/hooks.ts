/** Hooks that run (`onEnter`, `onUserTurnCompleted`): while one does something, the session is not idle. */
export class Hooks {
  readonly #onChange: () => void;
  #busy = 0;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get busy(): number {
    return this.#busy;
  }

  /** Counts until the result is called. */
  begin(): () => void {
    return this.#count(1);
  }

  /** A hook that itself waits does not count (S6.8). */
  waits(): () => void {
    return this.#count(-1);
  }

  #count(by: 1 | -1): () => void {
    this.#busy += by;
    this.#onChange();
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#busy -= by;
      this.#onChange();
    };
  }
}
