/** The `ctx` of a running body: the public face, each method one line into its home (S2.1, S6.4–S6.6). */
import { MeanwhileError, TaskEndedError } from '../errors.ts';
import type {
  Answer,
  AskOptions,
  FillerOptions,
  FillerSource,
  RunContext,
  StepOptions,
  UpdateOptions,
} from '../tools/faces.ts';
import { checkEach, checkNames, invalid, record, show, text } from '../tools/options.ts';
import { checkPolicy } from '../tools/policy.ts';
import { render } from '../tools/prompts.ts';
import { toText } from '../tools/text.ts';
import { template } from '../tools/toolset.ts';
import { runWithFiller } from './filler.ts';
import { asProgress } from './progress.ts';
import type { EngineDeps } from './seam.ts';
import { Steps } from './steps.ts';
import type { Task } from './task.ts';

/** Its methods are its own, so that a body may take them out: `const { update } = ctx`. */
export class BodyContext implements RunContext<unknown> {
  readonly toolCallId: string;
  readonly functionCall: RunContext['functionCall'];
  readonly speechHandle: RunContext['speechHandle'];
  readonly updates: readonly unknown[];
  readonly resumed: boolean;
  readonly #task: Task;
  readonly #deps: EngineDeps;
  /** Made with the first: most bodies have none. */
  #steps: Steps | undefined;

  constructor(task: Task, deps: EngineDeps) {
    this.#task = task;
    this.#deps = deps;
    this.toolCallId = task.callId;
    this.functionCall = { callId: task.callId, name: task.tool.name, args: task.input };
    this.speechHandle = task.turn.speech;
    this.updates = task.updates;
    this.resumed = task.resumed;
  }

  get idempotencyKey(): string {
    return `${this.#deps.journal.state.sessionId}/${this.toolCallId}`;
  }

  get abortSignal(): AbortSignal {
    return this.#task.signal;
  }

  get userData(): unknown {
    return this.#deps.body.userData;
  }

  get session(): RunContext<unknown>['session'] {
    return this.#deps.body.session as RunContext<unknown>['session'];
  }

  readonly update = (message: unknown, options?: UpdateOptions): Promise<void> =>
    quiet(update(this.#task, this.#deps, message, options));

  readonly step = <T>(name: string, fn: (options: StepOptions) => T | Promise<T>): Promise<T> =>
    quiet((this.#steps ??= new Steps(this.#task, this.#deps)).run(name, fn));

  readonly ask = <Content>(options: AskOptions<Content>): Promise<Answer<Content>> =>
    quiet(
      Promise.try(() => {
        requireRunning(this.#task);
        return this.#deps.questions.ask(this.#task, options);
      }),
    ) as never;

  readonly foreground = <T>(fn: () => T | Promise<T>): Promise<T> => quiet(foreground(this.#task, this.#deps, fn));

  readonly filler = <T>(
    source: FillerSource,
    ...rest: [fn: () => T | Promise<T>] | [FillerOptions, () => T | Promise<T>]
  ): Promise<T> => {
    const [options, fn] = rest.length === 1 ? [{}, rest[0]] : rest;
    return runWithFiller(this.#task, this.#deps, source, options, fn);
  };

  readonly disallowInterruptions = (): void => {
    const task = this.#task;
    if (task.hasEnded) return;
    task.protect();
    this.#deps.body.disallowInterruptions(task.ref);
  };

  readonly waitForPlayout = async (): Promise<void> => {
    const { body } = this.#deps;
    const done = body.waits(this.#task.ref);
    try {
      await body.waitForPlayout(this.#task.ref);
    } finally {
      done();
    }
  };
}

/** A promise nobody awaits harms nobody (S2.4). */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.then(undefined, ignore);
  return promise;
}

function ignore(): void {}

function requireRunning(task: Task): void {
  if (task.hasEnded) throw new TaskEndedError(task.callId, task.endState);
}

async function foreground<T>(task: Task, deps: EngineDeps, fn: () => T | Promise<T>): Promise<T> {
  if (typeof fn !== 'function')
    throw invalid('ctx.foreground', `expected a function, got ${show(fn)}.`, { code: 'invalid_option' });
  requireRunning(task);
  return await deps.body.foreground(task.ref, fn);
}

async function update(task: Task, deps: EngineDeps, message: unknown, given: UpdateOptions | undefined): Promise<void> {
  requireRunning(task);
  const options = checkedOptions(given);
  const { key } = options;
  if (key !== undefined && task.state?.updateKeys?.has(key)) return;
  const progress = asProgress(message);
  if (progress) {
    if (progress.message === undefined) {
      task.note(progress);
      task.updates.push(message);
      return;
    }
    task.advance(progress);
  }
  const said = progress ? progress.message : message;
  const output = typeof said === 'string' ? promptedText(task, said, options) : plainText(said);
  task.updates.push(message);
  await task.record({ type: 'text', text: output }, options, {
    phase: 'update',
    message: typeof said === 'string' ? said : output,
    ...(progress ? { progress } : {}),
    ...(key === undefined ? {} : { key }),
  });
  const kept = deps.journal.whenKept?.();
  if (kept) await kept;
}

const noOptions: UpdateOptions = {};

function checkedOptions(given: UpdateOptions | undefined): UpdateOptions {
  const options = given ?? noOptions;
  if (options === noOptions) return options;
  record('ctx.update', 'options', options, 'invalid_option');
  checkNames('ctx.update', options, ['template', 'deliver', 'maxHoldMs', 'expiresMs', 'key'], {}, 'invalid_option');
  checkEach('ctx.update', { ...options }, { template, key: text }, 'invalid_option');
  checkPolicy('ctx.update', options, 'invalid_option');
  return options;
}

function promptedText(task: Task, message: string, options: UpdateOptions): string {
  const args = { functionName: task.tool.name, callId: task.callId, message };
  if (options.template === undefined) return task.text('update', args);
  try {
    const rendered: unknown = render(options.template, args);
    if (typeof rendered === 'string') return rendered;
    throw new TypeError(`The template gave ${typeof rendered}, not a string.`);
  } catch (error) {
    task.reportTemplate(error);
    return task.text('update', args);
  }
}

function plainText(value: unknown): string {
  const told = toText(value);
  if (told.ok) return told.text;
  throw new MeanwhileError(
    'invalid_value',
    `update: the message cannot be told: ${told.reason}. Give a string or plain JSON.`,
  );
}
