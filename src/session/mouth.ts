/**
 * The mouth: one speech speaks at a time, the others queue in order. A turn gives it back while its calls run, so that
 * something can be said meanwhile, and queues again for its next words.
 */
import type { SpeechHandle } from './speech-handle.ts';

interface Queued {
  readonly speech: SpeechHandle;
  readonly go: (granted: boolean) => void;
}

export class Mouth {
  readonly #queue: Queued[] = [];
  readonly #onGap: () => void;
  #holder: SpeechHandle | undefined;

  /** `onGap` runs between two speeches, before the next begins: it may take the mouth. */
  constructor(onGap: () => void) {
    this.#onGap = onGap;
  }

  get holder(): SpeechHandle | undefined {
    return this.#holder;
  }

  /**
   * True when it may speak, at once if nobody does; false when it was interrupted while it waited. `ahead`: it was
   * given the floor between two speeches, and those that queue come after it.
   */
  acquire(speech: SpeechHandle, ahead = false): true | Promise<boolean> {
    if (speech.interrupted) return Promise.resolve(false);
    if (!this.#holder && (ahead || this.#queue.length === 0)) {
      this.#holder = speech;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const entry: Queued = { speech, go: resolve };
    this.#queue.push(entry);
    const stop = speech.onInterrupt(() => {
      const index = this.#queue.indexOf(entry);
      if (index < 0) return;
      this.#queue.splice(index, 1);
      resolve(false);
    });
    void promise.then(stop);
    return promise;
  }

  release(speech: SpeechHandle): void {
    if (this.#holder !== speech) return;
    this.#holder = undefined;
    this.#onGap();
    if (this.#holder) return;
    const next = this.#queue.shift();
    if (!next) return;
    this.#holder = next.speech;
    next.go(true);
  }
}
