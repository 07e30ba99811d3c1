/** How long one body may run, and how long without an update (S5.5). Held until it runs, and while it asks. */
import type { Clock } from '../clock.ts';
import { timedOut, type Ending } from './ending.ts';
import { Limit } from './limits.ts';
import type { ToolPolicy } from './seam.ts';

export class BodyLimits {
  readonly #timeout: Limit | undefined;
  readonly #noProgress: Limit | undefined;

  constructor(clock: Clock, policy: ToolPolicy, onPassed: (ending: Ending) => void) {
    const limit = (limitMs: number | undefined, prompt: 'timedOut' | 'noProgress'): Limit | undefined =>
      limitMs === undefined ? undefined : new Limit(clock, limitMs, () => onPassed(timedOut(prompt, limitMs)));
    this.#timeout = limit(policy.timeoutMs, 'timedOut');
    this.#noProgress = limit(policy.noProgressTimeoutMs, 'noProgress');
  }

  go(): void {
    this.#timeout?.go();
    this.#noProgress?.go();
  }

  hold(): void {
    this.#timeout?.hold();
    this.#noProgress?.hold();
  }

  /** There was an update. */
  touch(): void {
    this.#noProgress?.restart();
  }

  off(): void {
    this.#timeout?.off();
    this.#noProgress?.off();
  }
}
