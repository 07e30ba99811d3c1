/** Hooks that run (`onEnter`, `onUserTurnCompleted`): while one does something itself, the session is not idle (S6.8). */

/** One hook while it runs. */
export interface HookRun {
  /** It waits for something of the session, and so does not count; call the result when it goes on. */
  waits(): () => void;
  end(): void;
}

export class Hooks {
  readonly #onChange: () => void;
  readonly #running = new Map<HookRun, { waits: number }>();

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Does one of them do something itself? */
  get isBusy(): boolean {
    for (const { waits } of this.#running.values()) if (waits === 0) return true;
    return false;
  }

  begin(): HookRun {
    const state = { waits: 0 };
    const change = (by: 1 | -1): void => {
      state.waits += by;
      this.#onChange();
    };
    const run: HookRun = {
      waits: () => {
        change(1);
        return once(() => change(-1));
      },
      end: () => {
        this.#running.delete(run);
        this.#onChange();
      },
    };
    this.#running.set(run, state);
    this.#onChange();
    return run;
  }
}

function once(fn: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    fn();
  };
}
