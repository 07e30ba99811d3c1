/** The `ctx` of a body on a worker: the same face as in a session, over a run of Restate's. */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  MeanwhileError,
  TaskEndedError,
  tool,
  type Answer,
  type AskOptions,
  type FillerOptions,
  type FillerSource,
  type Json,
  type RunContext,
  type Tool,
  type UpdateOptions,
} from '../index.ts';
import type { EntryOptions } from './entries.ts';
import { requireFit } from './size.ts';
import type { WorkerRun } from './worker-run.ts';

type Step = Parameters<RunContext['step']>[1];

/**
 * `home` is the ctx of a tool that runs without a session. It checks updates and steps as a session does, and keeps
 * `updates`; what leaves the worker goes over `run`.
 */
export class WorkerContext implements RunContext<unknown> {
  readonly toolCallId: string;
  readonly functionCall: RunContext['functionCall'];
  readonly speechHandle: RunContext['speechHandle'];
  readonly updates: readonly unknown[];
  readonly userData: unknown;
  readonly idempotencyKey: string;
  readonly resumed = false;
  readonly #home: RunContext<unknown>;
  readonly #run: WorkerRun;
  readonly #inStep = new AsyncLocalStorage<string>();
  readonly #steps = new Set<string>();

  constructor(home: RunContext<unknown>, run: WorkerRun) {
    this.#home = home;
    this.#run = run;
    this.toolCallId = home.toolCallId;
    this.functionCall = home.functionCall;
    this.speechHandle = home.speechHandle;
    this.updates = home.updates;
    this.userData = home.userData;
    this.idempotencyKey = run.key;
  }

  get abortSignal(): AbortSignal {
    return this.#run.signal;
  }

  get session(): never {
    throw outside('ctx.session');
  }

  readonly update = (message: unknown, options?: UpdateOptions): Promise<void> => quiet(this.#update(message, options));

  readonly step = <T>(name: string, fn: Step): Promise<T> => quiet(this.#step(name, fn)) as Promise<T>;

  readonly ask = <Content>(options: AskOptions<Content>): Promise<Answer<Content>> =>
    quiet(this.#ask(options)) as Promise<Answer<Content>>;

  readonly foreground = (): Promise<never> => quiet(Promise.reject(outside('ctx.foreground')));

  /** Nobody speaks here. */
  readonly filler = async <T>(
    _source: FillerSource,
    ...rest: [fn: () => T | Promise<T>] | [FillerOptions, () => T | Promise<T>]
  ): Promise<T> => await (rest.length === 1 ? rest[0]() : rest[1]());

  readonly disallowInterruptions = (): void => {
    this.#check('ctx.disallowInterruptions');
    if (!this.abortSignal.aborted) void this.#run.tell({ type: 'protect' });
  };

  readonly waitForPlayout = (): Promise<void> => Promise.resolve();

  /** Up to its first wait without a pause: entries have the order of the calls. */
  async #update(message: unknown, options?: UpdateOptions): Promise<void> {
    this.#check('ctx.update');
    const before = this.updates.length;
    const taken = this.#home.update(message, options);
    // Refused, or its key was used before.
    if (this.updates.length === before) return await taken;
    const said = this.#said(message, options);
    const sent = { ...plain(options), ...(said === undefined ? {} : { said }) };
    const { told } = this.#run.tell({
      type: 'update',
      message: jsonOf(message),
      ...(Object.keys(sent).length > 0 ? { options: sent } : {}),
    });
    await Promise.all([taken, told]);
  }

  /** What a template of its own makes of it: a function cannot leave the worker. */
  #said(message: unknown, options: UpdateOptions | undefined): string | undefined {
    const template = options?.template;
    const text = typeof message === 'string' ? message : (message as { message?: unknown }).message;
    if (template === undefined || typeof text !== 'string') return undefined;
    const args = { functionName: this.functionCall.name, callId: this.toolCallId, message: text };
    try {
      const said: unknown = typeof template === 'function' ? template(args) : filled(template, args);
      return typeof said === 'string' ? said : undefined;
    } catch {
      return undefined;
    }
  }

  async #step(name: string, fn: Step): Promise<unknown> {
    this.#check('ctx.step');
    this.#requireRunning();
    // Refused there, and without a name Restate has nothing to keep it by.
    if (typeof name !== 'string' || typeof fn !== 'function') return await this.#home.step(name, fn);
    if (this.#steps.has(name)) throw twice(name);
    this.#steps.add(name);
    const { abortSignal } = this;
    const inside = (): unknown => this.#inStep.run(name, () => fn({ abortSignal }));
    try {
      return await this.#run.step(name, () => this.#home.step(name, inside));
    } catch (error) {
      // As at home: one that failed may be tried again.
      this.#steps.delete(name);
      throw error;
    }
  }

  async #ask({ message, schema, timeoutMs }: AskOptions<unknown>): Promise<Answer<unknown>> {
    this.#check('ctx.ask');
    if (typeof message !== 'string')
      throw new MeanwhileError('invalid_option', `ctx.ask: expected message to be a string, got ${typeof message}.`);
    const wanted = schema === undefined ? undefined : schemaOf(schema);
    await wanted?.load();
    for (let reasons = ''; ; ) {
      this.#requireRunning();
      const { n } = this.#run.tell({
        type: 'ask',
        message: reasons === '' ? message : `${message} (${reasons})`,
        ...(wanted?.jsonSchema ? { schema: wanted.jsonSchema } : {}),
        ...(isLimit(timeoutMs) ? { timeoutMs } : {}),
      });
      const answer = await this.#run.answerTo(n);
      if (!wanted || answer.action !== 'accept') return answer;
      const fit = await wanted.validate(answer.content);
      if (fit.ok) return { action: 'accept', content: fit.value };
      // The session checked it by the JSON Schema, which says less than the schema itself.
      reasons = fit.issues.map((it) => (it.path === '' ? it.message : `${it.path}: ${it.message}`)).join('; ');
    }
  }

  #check(what: string): void {
    const step = this.#inStep.getStore();
    if (step === undefined) return;
    throw new MeanwhileError(
      'invalid_option',
      `${what}: called inside the step "${step}", which Restate may run again. Call it before or after the step.`,
    );
  }

  #requireRunning(): void {
    if (this.abortSignal.aborted) throw new TaskEndedError(this.toolCallId, 'cancelled');
  }
}

function outside(what: string): MeanwhileError {
  return new MeanwhileError(
    'unsupported_outside_session',
    `${what} needs the session, which is in another process. Give the worker what it needs by the tool's arguments or userData.`,
  );
}

/** What a session checks an answer by is what the body's own schema says. */
function schemaOf(schema: NonNullable<AskOptions<unknown>['schema']>): Tool['schema'] {
  return tool({ name: 'ask', parameters: schema, execute: () => undefined }).schema;
}

function plain(options: UpdateOptions = {}): Omit<EntryOptions, 'said'> {
  const { template: _template, key: _key, ...rest } = options;
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== Infinity));
}

/** `Infinity` is the same as none, and JSON has no word for it. */
function isLimit(ms: number | undefined): ms is number {
  return Number.isFinite(ms);
}

/** What it tells was found good; the data beside it may be anything. */
function jsonOf(message: unknown): Json {
  const text = jsonText(message);
  requireFit('ctx.update: what is told', text, 'Tell less.');
  return JSON.parse(text) as Json;
}

function jsonText(message: unknown): string {
  try {
    return JSON.stringify(message);
  } catch (cause) {
    const fact = `ctx.update: what is told cannot leave the worker: ${describe(cause)}. Give plain JSON.`;
    throw new MeanwhileError('invalid_value', fact, { cause });
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function twice(name: string): MeanwhileError {
  const fact = `ctx.step: this call has a step "${name}". Give each step a name of its own: "page 2".`;
  return new MeanwhileError('invalid_option', fact);
}

/** As prompts are filled: literally, in one pass (S9.2). */
function filled(template: string, args: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(args, name) ? (args[name] ?? whole) : whole,
  );
}

/** A promise nobody awaits harms nobody (S2.4). */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.then(undefined, () => undefined);
  return promise;
}
