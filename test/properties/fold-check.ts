/** The fold of the records, as JSON gives them back, is the state (architecture: the log). */
import { isDeepStrictEqual } from 'node:util';
import type { SessionRecord, SessionState } from 'meanwhile';
import { apply } from '../../src/chat/fold.ts';
import { createSessionState } from '../../src/chat/state.ts';

export class FoldCheck {
  readonly #shadow = createSessionState();
  readonly #every: number;
  readonly #wrong: (invariant: string, fact: string) => void;
  #differs = false;
  #last: SessionRecord | undefined;

  constructor(every: number, wrong: (invariant: string, fact: string) => void) {
    this.#every = every;
    this.#wrong = wrong;
  }

  /** The record as it comes back from where it was written. */
  note(record: SessionRecord, state: SessionState): SessionRecord {
    const copy = JSON.parse(JSON.stringify(record)) as SessionRecord;
    apply(this.#shadow, copy);
    this.#last = copy;
    if (record.seq % this.#every === 0) this.compare(state);
    return copy;
  }

  compare(state: SessionState): void {
    if (this.#differs || isDeepStrictEqual(this.#shadow, state)) return;
    this.#differs = true;
    this.#wrong('foldEqualsState', `the fold differs at the latest after ${JSON.stringify(this.#last)}`);
  }
}
