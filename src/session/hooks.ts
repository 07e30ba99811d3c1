/** Hooks that run (`onEnter`, `onUserTurnCompleted`): while one does something itself, the session is not idle (S6.8). */

/** One hook while it runs. */
export class HookRun {
  /** The activity that it ends with. */
  readonly activityId: string | undefined;
  readonly #hooks: Hooks;
  #waits = 0;

  constructor(activityId: string | undefined, hooks: Hooks) {
    this.activityId = activityId;
    this.#hooks = hooks;
  }

  get isBusy(): boolean {
    return this.#waits === 0;
  }

  /** It waits for something of the session, and so does not count; call the result when it goes on. */
  waits(): () => void {
    this.#count(1);
    return once(() => this.#count(-1));
  }

  end(): void {
    this.#hooks.ended(this);
  }

  #count(by: 1 | -1): void {
    this.#waits += by;
    this.#hooks.changed();
  }
}

export class Hooks {
  readonly changed: () => void;
  #running: readonly HookRun[] = [];

  constructor(onChange: () => void) {
    this.changed = onChange;
  }

  /** Does one of them do something itself? */
  get isBusy(): boolean {
    return this.#running.some((run) => run.isBusy);
  }

  begin(activityId?: string): HookRun {
    const run = new HookRun(activityId, this);
    this.#running = [...this.#running, run];
    this.changed();
    return run;
  }

  ended(run: HookRun): void {
    this.#running = this.#running.filter((other) => other !== run);
    this.changed();
  }

  /** What its hooks still do is nobody's business any more. */
  activityEnded(activityId: string): void {
    for (const run of this.#running) if (run.activityId === activityId) this.ended(run);
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
