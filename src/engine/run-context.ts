/** The `ctx` of a running body: the public face, each method one line into its home (S2.1, S6.4–S6.6). */
import { MeanwhileError, TaskEndedError } from '../errors.ts';
import type { AskOptions, FillerOptions, FillerSource, RunContext, UpdateOptions } from '../tools/faces.ts';
import { checkEach, checkNames, invalid, record, show } from '../tools/options.ts';
import { checkPolicy } from '../tools/policy.ts';
import { render } from '../tools/prompts.ts';
import { toText } from '../tools/text.ts';
import { template } from '../tools/toolset.ts';
import { runWithFiller } from './filler.ts';
import { asProgress } from './progress.ts';
import type { EngineDeps } from './seam.ts';
import type { Task } from './task.ts';

export function createRunContext(task: Task, deps: EngineDeps): RunContext<unknown> {
  return {
    toolCallId: task.callId,
    functionCall: { callId: task.callId, name: task.tool.name, args: task.input },
    abortSignal: task.signal,
    get userData() {
      return deps.body.userData;
    },
    get session() {
      return deps.body.session as RunContext<unknown>['session'];
    },
    speechHandle: task.turn.speech,
    updates: task.updates,
    update: (message, options) => quiet(() => update(task, message, options ?? {})),
    ask: <Content>(options: AskOptions<Content>) =>
      quiet(() => {
        requireRunning(task);
        return deps.questions.ask(task, options);
      }) as never,
    foreground: (fn) =>
      quiet(async () => {
        if (typeof fn !== 'function')
          throw invalid('ctx.foreground', `expected a function, got ${show(fn)}.`, { code: 'invalid_option' });
        requireRunning(task);
        return deps.body.foreground(task.ref, fn);
      }),
    filler: <T>(source: FillerSource, ...rest: [fn: () => T | Promise<T>] | [FillerOptions, () => T | Promise<T>]) => {
      const [options, fn] = rest.length === 1 ? [{}, rest[0]] : rest;
      return runWithFiller(task, deps, source, options, fn);
    },
    disallowInterruptions: () => {
      if (task.hasEnded) return;
      task.protect();
      deps.body.disallowInterruptions(task.ref);
    },
    waitForPlayout: async () => {
      const done = deps.body.waits(task.ref);
      try {
        await deps.body.waitForPlayout(task.ref);
      } finally {
        done();
      }
    },
  };
}

/** A promise nobody awaits harms nobody (S2.4). */
function quiet<T>(start: () => Promise<T>): Promise<T> {
  const promise = (async () => start())();
  promise.catch(() => undefined);
  return promise;
}

function requireRunning(task: Task): void {
  if (task.hasEnded) throw new TaskEndedError(task.callId, task.endState);
}

async function update(task: Task, message: unknown, options: UpdateOptions): Promise<void> {
  requireRunning(task);
  checkUpdate(options);
  const progress = asProgress(message);
  if (progress) {
    if (progress.message === undefined) {
      task.note(progress);
      task.updates.push(message);
      return;
    }
    task.advance(progress);
  }
  const text = progress ? progress.message : message;
  const output = typeof text === 'string' ? promptedText(task, text, options) : plainText(text);
  task.updates.push(message);
  await task.record({ type: 'text', text: output }, options, {
    phase: 'update',
    message: typeof text === 'string' ? text : output,
    ...(progress ? { progress } : {}),
  });
}

function checkUpdate(options: UpdateOptions): void {
  record('ctx.update', 'options', options, 'invalid_option');
  checkNames('ctx.update', options, ['template', 'deliver', 'maxHoldMs', 'expiresMs'], {}, 'invalid_option');
  checkEach('ctx.update', { ...options }, { template }, 'invalid_option');
  checkPolicy('ctx.update', options, 'invalid_option');
}

function promptedText(task: Task, message: string, options: UpdateOptions): string {
  const args = { functionName: task.tool.name, callId: task.callId, message };
  if (options.template === undefined) return task.text('update', args);
  try {
    const text: unknown = render(options.template, args);
    if (typeof text === 'string') return text;
    throw new TypeError(`The template gave ${typeof text}, not a string.`);
  } catch (error) {
    task.reportTemplate(error);
    return task.text('update', args);
  }
}

function plainText(value: unknown): string {
  const text = toText(value);
  if (text.ok) return text.text;
  throw new MeanwhileError(
    'invalid_value',
    `update: the message cannot be told: ${text.reason}. Give a string or plain JSON.`,
  );
}
