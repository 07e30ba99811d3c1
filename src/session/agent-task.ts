/**
 * An agent for one purpose (S8.4): it pauses the agent that runs it, talks with the user until it has a result, and
 * gives it back. `const email = await new AskEmail().run()`.
 */
import type { BodyRef } from '../engine/seam.ts';
import { MeanwhileError } from '../errors.ts';
import { flag, show } from '../tools/options.ts';
import { Agent, type AgentOptions } from './agent.ts';
import { whoRuns } from './ambient.ts';
import type { AgentSession } from './agent-session.ts';

export interface AgentTaskOptions extends AgentOptions {
  /** It also tells what the session's tasks have to tell, instead of leaving it to its parent. Default false. */
  readonly tellsDeliveries?: boolean;
  /** Do its tool calls enter its parent's context when it ends? Default false. */
  readonly keepToolCalls?: boolean;
}

export class AgentTask<Result = unknown> extends Agent {
  /** @internal */
  static override readonly ownOptions = { tellsDeliveries: flag, keepToolCalls: flag };
  declare readonly options: AgentTaskOptions;
  readonly #result = Promise.withResolvers<Result>();
  readonly #completed = Promise.withResolvers<void>();
  #completedBy: BodyRef | undefined;
  #state: 'new' | 'running' | 'done' = 'new';

  constructor(options: AgentTaskOptions) {
    super(options);
    this.#result.promise.catch(() => undefined);
  }

  /** @internal The tool call that completed it: it is answered before the task ends. */
  get completedBy(): BodyRef | undefined {
    return this.#completedBy;
  }

  /** @internal */
  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** Ends it with a result, or with an Error its awaiter gets. The second time throws `session_state`. */
  complete(result: Result | Error): void {
    if (this.#state === 'done')
      throw new MeanwhileError('session_state', `AgentTask "${this.name}" is complete already.`);
    this.#state = 'done';
    this.#completedBy = whoRuns()?.body;
    if (result instanceof Error) this.#result.reject(result);
    else this.#result.resolve(result);
    this.#completed.resolve();
  }

  /**
   * Runs it in the session whose tool or hook calls this (or in `session`) and resolves with its result once its parent
   * is current again. Rejects with the Error it was completed with, with ActivityEndedError when a handoff ends it, with
   * SessionClosedError on close, with ToolError where its parent is being handed over or closed.
   */
  async run(session?: AgentSession): Promise<Result> {
    if (this.#state !== 'new')
      throw new MeanwhileError('session_state', `AgentTask "${this.name}" ran before. Make a new one.`);
    const host = session ?? whoRuns()?.session;
    if (host && typeof host.runTask !== 'function') {
      throw new MeanwhileError(
        'invalid_value',
        `AgentTask "${this.name}": expected an AgentSession to run in, got ${show(session)}.`,
      );
    }
    if (!host) {
      throw new MeanwhileError(
        'unsupported_outside_session',
        `AgentTask "${this.name}": run() was called outside of a tool or a hook. Pass the session: run(session).`,
      );
    }
    this.#state = 'running';
    await host.runTask(this as AgentTask, this.#completed.promise);
    return await this.#result.promise;
  }

  /** @internal Ended by somebody else: its awaiter gets the error. */
  fail(error: Error): void {
    if (this.#state !== 'done') this.complete(error);
  }
}
