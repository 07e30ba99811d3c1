/**
 * Questions of running tasks (S6.6). A question is an update that wants an answer: it is recorded and told like any
 * other; here is only the promise of its answer, and the check of what is answered.
 */
import { ToolError } from '../errors.ts';
import type { JsonObject } from '../chat/items.ts';
import type { AnswerAction } from '../chat/records.ts';
import type { Answer, AskOptions } from '../tools/faces.ts';
import { resolveSchema, type ToolSchema } from '../tools/schema.ts';
import type { EngineDeps } from './seam.ts';
import type { Task } from './task.ts';

interface OpenQuestion {
  readonly id: string;
  readonly schema: ToolSchema | undefined;
  readonly settle: (answer: Answer<unknown>) => void;
}

export class Questions {
  readonly #deps: EngineDeps;
  readonly #open = new Map<string, OpenQuestion>();
  /** A task asks one thing at a time: the next waits for the answer before it. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(deps: EngineDeps) {
    this.#deps = deps;
  }

  ask(task: Task, options: AskOptions<unknown>, approval = false): Promise<Answer<unknown>> {
    const before = this.#turns.get(task.callId);
    const asked = before ? before.then(() => this.#ask(task, options, approval)) : this.#ask(task, options, approval);
    const settled = asked.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(task.callId, settled);
    void settled.then(() => {
      if (this.#turns.get(task.callId) === settled) this.#turns.delete(task.callId);
    });
    return asked;
  }

  /** Throws a ToolError with the reasons when the content does not fit, or when nothing is asked. */
  async answer(callId: string, action: AnswerAction, content: unknown, noQuestion: string, signal?: AbortSignal): Promise<void> {
    const question = this.#open.get(callId);
    if (!question) throw new ToolError(noQuestion);
    const answer = action === 'accept' ? { action, content: await this.#check(question, content) } : { action };
    signal?.throwIfAborted();
    if (this.#open.get(callId) !== question) throw new ToolError(noQuestion);
    this.#close(callId, answer);
  }

  #ask(task: Task, options: AskOptions<unknown>, approval: boolean): Promise<Answer<unknown>> {
    const schema = options.schema === undefined ? undefined : resolveSchema(options.schema);
    const jsonSchema = schema?.jsonSchema;
    const expiresAt = options.timeoutMs === undefined ? undefined : this.#deps.clock.now() + options.timeoutMs;
    const text = task.text('ask', {
      functionName: task.tool.name,
      callId: task.callId,
      message: options.message,
      schema: jsonSchema ? ` Its content must fit ${JSON.stringify(jsonSchema)}.` : '',
    });
    const { promise, resolve, reject } = Promise.withResolvers<Answer<unknown>>();
    promise.catch(() => undefined);
    const question = {
      message: options.message,
      ...(jsonSchema ? { schema: jsonSchema } : {}),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(approval ? { approval: true as const } : {}),
    };
    void task.record({ type: 'text', text }, {}, { phase: 'question', question });
    const id = task.state?.question?.id ?? task.callId;
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : this.#deps.clock.setTimeout(() => this.#close(task.callId, { action: 'cancel' }), options.timeoutMs);
    const done = task.waits();
    task.holdLimits();
    this.#open.set(task.callId, {
      id,
      schema,
      settle: (answer) => {
        this.#deps.clock.clearTimeout(timer);
        done();
        task.resumeLimits();
        resolve(answer);
      },
    });
    void task.whenEnded.then(() => {
      this.#deps.clock.clearTimeout(timer);
      if (this.#open.get(task.callId)?.id === id) this.#open.delete(task.callId);
      done();
      reject(task.signal.reason ?? new ToolError(`Task ${task.callId} ended before its question was answered.`));
    });
    return promise;
  }

  async #check(question: OpenQuestion, content: unknown): Promise<unknown> {
    if (!question.schema) return content ?? {};
    const result = await question.schema.validate(content ?? {});
    if (result.ok) return result.value;
    const reasons = result.issues.map((issue) => `${issue.path || 'content'}: ${issue.message}`).join('; ');
    throw new ToolError(`The answer does not fit: ${reasons}`);
  }

  #close(callId: string, answer: Answer<unknown>): void {
    const question = this.#open.get(callId);
    if (!question) return;
    this.#open.delete(callId);
    this.#deps.journal.commit({
      type: 'task_answered',
      callId,
      questionId: question.id,
      action: answer.action,
      ...(answer.content === undefined ? {} : { content: answer.content as JsonObject }),
    });
    question.settle(answer);
  }
}
