/**
 * Something to say while a tool works in silence (S6.5). One timer while it is silent, none while somebody speaks; a
 * source or a speech that fails is an event and never the tool's.
 */
import { MeanwhileError } from '../errors.ts';
import type { TimerHandle } from '../clock.ts';
import type { FillerOptions, FillerSource } from '../tools/faces.ts';
import { checkNames, record, typed } from '../tools/options.ts';
import type { EngineDeps } from './seam.ts';
import type { Task } from './task.ts';

export async function runWithFiller<T>(
  task: Task,
  deps: EngineDeps,
  source: FillerSource,
  options: FillerOptions,
  fn: () => T | Promise<T>,
): Promise<T> {
  check(source, options, fn);
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
  /** Nobody has spoken, and nothing was recorded; undefined while somebody speaks. A new one after each speech. */
  #silence: { readonly since: number } | undefined;
  #timer: TimerHandle | undefined;
  /** How many times it has had its turn: it spoke, or its source had nothing to say. */
  #steps = 0;
  #isOpen = true;

  constructor(task: Task, deps: EngineDeps, source: FillerSource, options: FillerOptions) {
    this.#task = task;
    this.#deps = deps;
    this.#source = source;
    this.#options = options;
    this.#stopUpdates = task.onUpdate(() => {
      if (this.#silence) this.#startOver(deps.clock.now());
    });
    this.#stopWatching = deps.body.watchSilence(task.ref, (since) => this.#startOver(since));
    void task.whenEnded.then(() => this.close());
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#stopWatching();
    this.#stopUpdates();
    this.#deps.clock.clearTimeout(this.#timer);
  }

  #startOver(since: number | undefined): void {
    const { clock } = this.#deps;
    const silence = since === undefined ? undefined : { since };
    this.#silence = silence;
    clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const delayMs = this.#nextDelay();
    if (!silence || delayMs === undefined || !this.#isOpen) return;
    this.#timer = clock.setTimeout(() => void this.#speak(silence), Math.max(0, silence.since + delayMs - clock.now()));
  }

  /** Undefined when it has nothing more to say. */
  #nextDelay(): number | undefined {
    const { delayMs = 0, intervalMs, maxSteps = Infinity } = this.#options;
    if (this.#steps >= maxSteps) return undefined;
    return this.#steps === 0 ? delayMs : intervalMs;
  }

  /** Where somebody spoke while the source was thinking, the step waits for the next silence. */
  async #speak(silence: { readonly since: number }): Promise<void> {
    try {
      const text = await this.#nextText();
      if (!this.#isOpen || this.#silence !== silence) return;
      this.#steps += 1;
      if (text !== '') await this.#deps.body.sayFiller(this.#task.ref, text);
    } catch (error) {
      this.#steps += 1;
      this.#deps.report({ type: 'filler_failed', callId: this.#task.callId, error });
    }
    if (this.#silence === silence) this.#startOver(this.#deps.clock.now());
  }

  /** Empty: it skips this time. */
  async #nextText(): Promise<string> {
    const text = typeof this.#source === 'string' ? this.#source : await this.#source(this.#steps);
    return typeof text === 'string' ? text : '';
  }
}

/** LiveKit's names for the same: there they are ms as well. */
const remedies = {
  delay: 'Use delayMs.',
  interval: 'Use intervalMs.',
  signal: 'It ends with its function and its task.',
};

const speakable = typed('a string or a function', (it) => typeof it === 'string' || typeof it === 'function');
const callable = typed('a function', (it) => typeof it === 'function');

function check(source: unknown, options: FillerOptions, fn: unknown): void {
  speakable('ctx.filler', 'its source', source, 'invalid_option');
  callable('ctx.filler', 'what it runs meanwhile', fn, 'invalid_option');
  record('ctx.filler', 'options', options, 'invalid_option');
  checkNames('ctx.filler', options, ['delayMs', 'intervalMs', 'maxSteps'], remedies, 'invalid_option');
  for (const name of ['delayMs', 'intervalMs', 'maxSteps'] as const) {
    const value = options[name];
    if (value === undefined || (Number.isFinite(value) && value >= 0)) continue;
    throw new MeanwhileError(
      'invalid_option',
      `filler: expected ${name} to be a number of 0 or more, got ${String(value)}.`,
    );
  }
}
