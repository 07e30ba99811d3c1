/**
 * A connection's place while it is asked who it is: until that is known, or has taken too long. Nobody reads from it before,
 * so that it has gone is not seen.
 */
import type { Clock } from '../index.ts';

export class Place {
  /** Resolves when it need not be known any more. */
  readonly whenOver: Promise<undefined>;
  readonly giveBack: () => void;
  #isLate = false;

  constructor(limitMs: number, clock: Clock, onOver: () => void) {
    const over = Promise.withResolvers<undefined>();
    this.whenOver = over.promise;
    const timer = clock.setTimeout(() => {
      this.#isLate = true;
      this.giveBack();
    }, limitMs);
    this.giveBack = () => {
      clock.clearTimeout(timer);
      over.resolve(undefined);
      onOver();
    };
  }

  /** Whoever should have said it did not in time. */
  get isLate(): boolean {
    return this.#isLate;
  }
}
