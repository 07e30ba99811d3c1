/**
 * Questions of running tasks (S6.6). A question is an update that wants an answer: it is recorded and told like any
 * other; here is only the promise of its answer, and the check of what is answered.
 */
import { MeanwhileError, TaskEndedError, ToolError } from '../errors.ts';
import type { Json } from '../chat/items.ts';
import type { AnswerAction } from '../chat/records.ts';
import { formatIssues } from '../tools/arguments.ts';
import type { Answer, AskOptions } from '../tools/faces.ts';
import { checkEach, checkNames, record, text } from '../tools/options.ts';
import { resolveSchema, type ToolSchema } from '../tools/schema.ts';
import { toJson } from '../tools/text.ts';
import type { EngineDeps } from './seam.ts';
import type { Task } from './task.ts';

interface OpenQuestion {
  readonly task: Task;
  readonly key: string | undefined;
  readonly schema: ToolSchema | undefined;
  readonly settle: (answer: Answer<unknown>) => void;
}

/** What is asked, checked. */
interface Asked {
  readonly message: string;
  readonly schema: ToolSchema | undefined;
  readonly timeoutMs: number | undefined;
  readonly key: string | undefined;
  readonly approval: boolean;
}

export class Questions {
  readonly #deps: EngineDeps;
  readonly #onAnswered: () => void;
  readonly #open = new Map<string, OpenQuestion>();
  /** A task asks one thing at a time: the next waits for the answer before it. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #isClosed = false;

  /** `onAnswered`: what it asked is not told any more. */
  constructor(deps: EngineDeps, onAnswered: () => void) {
    this.#deps = deps;
    this.#onAnswered = onAnswered;
  }

  /** Throws MeanwhileError `invalid_option` or `invalid_definition` for what cannot be asked. */
  ask(task: Task, options: AskOptions<unknown>, approval = false): Promise<Answer<unknown>> {
    const asked = check(options, approval);
    const before = [this.#turns.get(task.callId), asked.schema?.load()].filter((each) => each !== undefined);
    const answered =
      before.length > 0 ? Promise.all(before).then(() => this.#ask(task, asked)) : this.#ask(task, asked);
    const over = answered.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(task.callId, over);
    void over.then(() => {
      if (this.#turns.get(task.callId) === over) this.#turns.delete(task.callId);
    });
    return answered;
  }

  /**
   * Throws a ToolError with the reasons when the content does not fit, or when nothing is asked; what `signal` fired
   * with, the question still open, when it did so while the content was checked.
   */
  async answer(
    callId: string,
    action: AnswerAction,
    content: unknown,
    noQuestion: string,
    signal?: AbortSignal,
  ): Promise<void> {
    const question = this.#open.get(callId);
    if (!question) throw new ToolError(noQuestion);
    const answer = action === 'accept' ? { action, content: await fit(question, content) } : { action };
    signal?.throwIfAborted();
    if (this.#open.get(callId) !== question) throw new ToolError(noQuestion);
    this.#close(question, answer, action === 'accept' ? content : undefined);
  }

  /** Nobody is there to answer: all that is open, and all that is asked from now on, is answered with `cancel`. */
  close(): void {
    this.#isClosed = true;
    for (const question of [...this.#open.values()]) this.#close(question, { action: 'cancel' });
  }

  async #ask(task: Task, asked: Asked): Promise<Answer<unknown>> {
    // What nobody can approve any more does not run.
    if (this.#isClosed && asked.approval) task.cancel();
    if (task.hasEnded) throw new TaskEndedError(task.callId, task.endState);
    const kept = asked.key === undefined ? undefined : task.state?.answers?.get(asked.key);
    const before = kept && (await refit(asked.schema, kept));
    if (before) return before;
    if (this.#isClosed) return { action: 'cancel' };
    const { clock } = this.#deps;
    const { promise, resolve, reject } = Promise.withResolvers<Answer<unknown>>();
    const question: OpenQuestion = { task, key: asked.key, schema: asked.schema, settle: resolve };
    const { timeoutMs } = asked;
    const timer =
      timeoutMs === undefined
        ? undefined
        : clock.setTimeout(() => this.#close(question, { action: 'cancel' }), timeoutMs);
    // Before it is told: whoever hears of it may answer at once.
    this.#open.set(task.callId, question);
    const goOn = this.#deps.body.waits(task.ref);
    void task.whenEnded.then(() => reject(task.signal.reason ?? new TaskEndedError(task.callId, task.endState)));
    task.holdLimits();
    try {
      this.#record(task, asked);
      return await promise;
    } finally {
      clock.clearTimeout(timer);
      if (this.#open.get(task.callId) === question) this.#open.delete(task.callId);
      goOn();
      task.resumeLimits();
    }
  }

  #record(task: Task, { message, schema, timeoutMs, approval }: Asked): void {
    const jsonSchema = schema?.jsonSchema;
    const told = task.text('ask', {
      functionName: task.tool.name,
      callId: task.callId,
      message,
      schema: jsonSchema ? task.text('answerSchema', { schema: JSON.stringify(jsonSchema) }) : '',
    });
    const question = {
      message,
      ...(jsonSchema ? { schema: jsonSchema } : {}),
      ...(timeoutMs === undefined ? {} : { expiresAt: this.#deps.clock.now() + timeoutMs }),
      ...(approval ? { approval: true as const } : {}),
    };
    if (!task.first && this.#isSecondOfStep(task)) task.background('question');
    // Whoever heard of that may have ended it: its end is the answer.
    if (task.hasEnded) return;
    void task.record({ type: 'text', text: told }, {}, { phase: 'question', question });
  }

  /** The reply to a step's outputs asks one question only: another one goes to the background and is told later. */
  #isSecondOfStep({ callId, turn }: Task): boolean {
    for (const other of this.#deps.journal.state.tasks.running.values()) {
      const isOfStep = other.speechId === turn.speechId && other.step === turn.step && other.callId !== callId;
      if (isOfStep && other.question?.id === other.callId) return true;
    }
    return false;
  }

  #close(question: OpenQuestion, answer: Answer<unknown>, given?: unknown): void {
    const { callId, state } = question.task;
    if (this.#open.get(callId) !== question || !state?.question) return;
    this.#open.delete(callId);
    const content = toJson(given);
    this.#deps.journal.commit({
      type: 'task_answered',
      callId,
      questionId: state.question.id,
      action: answer.action,
      ...(content.ok && content.json !== undefined ? { content: structuredClone(content.json) } : {}),
      ...(question.key === undefined ? {} : { key: question.key }),
    });
    this.#onAnswered();
    question.settle(answer);
  }
}

function check(options: AskOptions<unknown>, approval: boolean): Asked {
  record('ask', 'options', options, 'invalid_option');
  checkNames('ask', options, ['message', 'schema', 'timeoutMs', 'key'], {}, 'invalid_option');
  const { message, schema, timeoutMs, key } = options;
  checkEach('ask', { key }, { key: text }, 'invalid_option');
  if (typeof message !== 'string') {
    throw new MeanwhileError(
      'invalid_option',
      `ask: expected message to be a string, got ${typeof message}. Write ctx.ask({ message: '…' }).`,
    );
  }
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs >= 0)) {
    throw new MeanwhileError(
      'invalid_option',
      `ask: expected timeoutMs to be a number of 0 or more, got ${String(timeoutMs)}.`,
    );
  }
  return {
    message,
    schema: schema === undefined ? undefined : resolveSchema(schema, 'ask'),
    timeoutMs: timeoutMs === Infinity ? undefined : timeoutMs,
    key,
    approval,
  };
}

/** An answer that was given before, as its body had got it; undefined where the schema has changed and it does not fit. */
async function refit(
  schema: ToolSchema | undefined,
  { action, content }: { readonly action: AnswerAction; readonly content?: Json },
): Promise<Answer<unknown> | undefined> {
  if (action !== 'accept') return { action };
  if (!schema) return { action, content: content ?? {} };
  const result = await schema.validate(content ?? {});
  return result.ok ? { action, content: result.value } : undefined;
}

async function fit({ schema, task }: OpenQuestion, content: unknown): Promise<unknown> {
  if (!schema) return content ?? {};
  const result = await schema.validate(content ?? {});
  if (result.ok) return result.value;
  throw new ToolError(task.text('answerMisfit', { callId: task.callId, reasons: formatIssues(result.issues) }));
}
