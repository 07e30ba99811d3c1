/**
 * Something to say while a tool works in silence (S6.5). One timer while it is silent, none while somebody speaks; a
 * source or a speech that fails is an event and never the tool's.
 */
import { MeanwhileError } from '../errors.ts';
import type { TimerHandle } from '../clock.ts';
import type { FillerOptions, FillerSource } from '../tools/faces.ts';
import type { EngineDeps } from './seam.ts';
import type { Task } from './task.ts';

export async function runWithFiller<T>(
  task: Task,
  deps: EngineDeps,
  source: FillerSource,
  options: FillerOptions,
  fn: () => T | Promise<T>,
): Promise<T> {
  check(options);
  const filler = new Filler(task, deps, source, options);
  try {
    return await fn();
  } finally {
    filler.close();
  }
}

class Filler {
  readonly #task: Task;
  readonly #deps: EngineDeps;
  readonly #source: FillerSource;
  readonly #options: FillerOptions;
  readonly #stopWatching: () => void;
  readonly #stopUpdates: () => void;
  #since: number | undefined;
  #timer: TimerHandle | undefined;
  #step = 0;
  #fired = 0;
  #open = true;

  constructor(task: Task, deps: EngineDeps, source: FillerSource, options: FillerOptions) {
    this.#task = task;
    this.#deps = deps;
    this.#source = source;
    this.#options = options;
    this.#stopUpdates = task.onUpdate(() => {
      if (this.#since !== undefined) this.#silentSince(deps.clock.now());
    });
    this.#stopWatching = deps.body.watchSilence(task.ref, (since) => this.#silentSince(since));
    void task.whenEnded.then(() => this.close());
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#stopWatching();
    this.#stopUpdates();
    this.#deps.clock.clearTimeout(this.#timer);
  }

  #silentSince(since: number | undefined): void {
    this.#since = since;
    this.#arm();
  }

  #arm(): void {
    const { delayMs = 0, intervalMs, maxSteps = Infinity } = this.#options;
    this.#deps.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#open || this.#since === undefined || this.#step >= maxSteps) return;
    if (this.#fired > 0 && intervalMs === undefined) return;
    const wait = this.#fired === 0 ? delayMs : (intervalMs ?? delayMs);
    const inMs = Math.max(0, this.#since + wait - this.#deps.clock.now());
    this.#timer = this.#deps.clock.setTimeout(() => void this.#fire(), inMs);
  }

  async #fire(): Promise<void> {
    const asked = this.#since;
    try {
      this.#fired += 1;
      const text = typeof this.#source === 'string' ? this.#source : await this.#source(this.#step);
      if (!this.#open) return;
      // Somebody spoke while the source was thinking: the next silence is the next chance.
      if (this.#since !== asked) return;
      const said = typeof text === 'string' && text !== '' && (await this.#deps.body.sayFiller(this.#task.ref, text));
      if (said) this.#step += 1;
      else if (this.#since === asked && this.#options.intervalMs !== undefined) this.#silentSince(this.#deps.clock.now());
    } catch (error) {
      this.#deps.report({ type: 'filler_failed', callId: this.#task.callId, error });
    }
  }
}

function check(options: FillerOptions): void {
  for (const name of ['delayMs', 'intervalMs', 'maxSteps'] as const) {
    const value = options[name];
    if (value === undefined || (Number.isFinite(value) && value >= 0)) continue;
    throw new MeanwhileError('invalid_option', `filler: expected ${name} to be a number of 0 or more, got ${String(value)}.`);
  }
}
