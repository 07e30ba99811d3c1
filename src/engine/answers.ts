/**
 * Answers to calls that run no body (S7.2): unknown, invalid, refused, duplicates. One that had gone to the background
 * before its arguments were validated is a task: there the answer is its end, and told like one (S5.6).
 */
import type { Output } from '../chat/items.ts';
import type { AnsweredReason } from '../chat/records.ts';
import { promptText, type PromptArgs, type Prompts } from '../tools/prompts.ts';
import type { Call } from './call.ts';
import { answered } from './ending.ts';
import type { EngineDeps } from './seam.ts';

export interface AnswerOptions {
  /** Default true. */
  readonly wantsReply?: boolean;
  /** The task it is about. */
  readonly taskId?: string;
}

export class Answers {
  readonly #deps: EngineDeps;

  constructor(deps: EngineDeps) {
    this.#deps = deps;
  }

  give(call: Call, reason: AnsweredReason, output: Output, options: AnswerOptions = {}): void {
    const { wantsReply = true, taskId } = options;
    if (call.task) return call.task.end(answered(output, wantsReply));
    if (call.settled) return;
    this.#deps.journal.commit({
      type: 'call_answered',
      callId: call.callId,
      toolName: call.toolName,
      reason,
      ...(taskId === undefined ? {} : { taskId }),
    });
    call.settle({ output, wantsReply, background: false });
    this.#deps.changed();
  }

  refuse<Name extends keyof Prompts>(
    call: Call,
    reason: AnsweredReason,
    name: Name,
    args: PromptArgs<Name>,
    options?: AnswerOptions,
  ): void {
    this.give(call, reason, { type: 'error', text: this.text(call, name, args) }, options);
  }

  /** Nothing of it ran, and nothing will. */
  cancel(call: Call): void {
    const { toolName, callId } = call;
    this.give(
      call,
      'refused',
      { type: 'text', text: this.text(call, 'cancelled', { functionName: toolName, callId }) },
      { wantsReply: false },
    );
  }

  text<Name extends keyof Prompts>(call: Call, name: Name, args: PromptArgs<Name>): string {
    const layers = [...(call.tool?.prompts ?? []), ...this.#deps.prompts(call.turn.activityId)];
    return promptText(layers, name, args, (error) => this.#deps.report({ type: 'prompt_failed', name, error }));
  }

  /** For logs and events; the model gets a generic text. */
  report(call: Call, error: unknown): void {
    this.#deps.report({ type: 'tool_failed', callId: call.callId, toolName: call.toolName, error });
  }
}
