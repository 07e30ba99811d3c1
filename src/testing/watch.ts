/** An observation that others wait at: for a moment, or for anything that happens. */
import { timesOf, type Moment } from './moments.ts';
import type { Note } from './notes.ts';
import type { Observation } from './observation.ts';

export class Watch {
  readonly #observation: Observation;
  #whenNoted = Promise.withResolvers<void>();

  constructor(observation: Observation) {
    this.#observation = observation;
  }

  note(note: Note): void {
    this.#observation.take(note);
    this.#whenNoted.resolve();
    this.#whenNoted = Promise.withResolvers();
  }

  /** Resolves with the next note. */
  get next(): Promise<void> {
    return this.#whenNoted.promise;
  }

  /** Resolves when it comes, at once if it came at `since` (ms from the start) or later. */
  async until(moment: Moment, since: number): Promise<void> {
    while (!timesOf(moment, this.#observation.reading).some((at) => at >= since)) await this.next;
  }
}
