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

export async function runStep<T>(task: Task, deps: EngineDeps, name: string, fn: Step<T>): Promise<T> {
  checkStep(name, fn);
  if (task.hasEnded) throw new TaskEndedError(task.callId, task.endState);
  if (!task.beginStep(name)) throw twice(name);
  const done = task.state?.steps;
  if (done?.has(name)) return structuredClone(done.get(name)) as T;
  const text = await attempt(task, name, fn);
  // Of a task that has ended meanwhile nothing is recorded, and its body may want to put right what it did.
  if (!task.hasEnded) {
    deps.journal.commit({ type: 'task_stepped', callId: task.callId, name, value: JSON.parse(text) as Json });
    const kept = deps.journal.whenKept?.();
    if (kept) await kept;
  }
  return JSON.parse(text) as T;
}

async function attempt<T>(task: Task, name: string, fn: Step<T>): Promise<string> {
  try {
    return jsonText(name, await fn({ abortSignal: task.signal }));
  } catch (error) {
    task.stepFailed(name);
    throw error;
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
