/**
 * `ctx.step`: what a body does once. What it gave is a record, kept before the body goes on; a body that runs again after a
 * crash gets it from there. Cut off between the deed and its record, it is done again: at least once.
 */
import type { Json } from '../chat/items.ts';
import { MeanwhileError, TaskEndedError } from '../errors.ts';
import type { StepOptions } from '../tools/faces.ts';
import { invalid, show } from '../tools/options.ts';
import { toJson } from '../tools/text.ts';
import type { EngineDeps } from './seam.ts';
import type { Task } from './task.ts';

type Step<T> = (options: StepOptions) => T | Promise<T>;

/** The steps of one run of a body. */
export class Steps {
  readonly #task: Task;
  readonly #deps: EngineDeps;
  /** Under way or done in this run. */
  readonly #begun = new Set<string>();

  constructor(task: Task, deps: EngineDeps) {
    this.#task = task;
    this.#deps = deps;
  }

  async run<T>(name: string, fn: Step<T>): Promise<T> {
    checkStep(name, fn);
    const task = this.#task;
    if (task.hasEnded) throw new TaskEndedError(task.callId, task.endState);
    if (this.#begun.has(name)) throw twice(name);
    this.#begun.add(name);
    const done = task.state?.steps;
    if (done?.has(name)) return structuredClone(done.get(name)) as T;
    const text = await this.#attempt(name, fn);
    // Of a task that has ended meanwhile nothing is recorded, and its body may want to put right what it did.
    if (!task.hasEnded) await this.#keep(name, text);
    return JSON.parse(text) as T;
  }

  /** One that failed may be tried again. */
  async #attempt<T>(name: string, fn: Step<T>): Promise<string> {
    try {
      return jsonText(name, await fn({ abortSignal: this.#task.signal }));
    } catch (error) {
      this.#begun.delete(name);
      throw error;
    }
  }

  async #keep(name: string, text: string): Promise<void> {
    const { journal } = this.#deps;
    journal.commit({ type: 'task_stepped', callId: this.#task.callId, name, value: JSON.parse(text) as Json });
    await journal.whenKept?.();
  }
}

function checkStep(name: unknown, fn: unknown): void {
  const what = 'ctx.step';
  const code = 'invalid_option';
  if (typeof name !== 'string' || name === '')
    throw invalid(what, `expected a name that is not empty, got ${show(name)}.`, { code });
  if (typeof fn !== 'function') throw invalid(what, `expected a function, got ${show(fn)}.`, { code });
}

function twice(name: string): MeanwhileError {
  return invalid('ctx.step', `this call has a step ${show(name)}. Give each step a name of its own: "page 2".`, {
    code: 'invalid_option',
  });
}

/** JSON has no `undefined`. */
function jsonText(name: string, value: unknown): string {
  const result = toJson(value);
  if (result.ok) return JSON.stringify(result.json ?? null);
  throw new MeanwhileError(
    'invalid_value',
    `ctx.step: what ${show(name)} gave cannot be kept: ${result.reason}. It was done; give back plain JSON, or nothing.`,
  );
}
