/** A tool whose bodies are in the hands of a case. */
import { tool, type RunContext, type Tool, type ToolPolicy } from '../../index.ts';

/** One running body. */
export interface Job {
  readonly callId: string;
  readonly ctx: RunContext;
  readonly abortSignal: AbortSignal;
  /** What it resolves, or rejects, with. */
  readonly end: PromiseWithResolvers<unknown>;
}

export interface HandTool {
  readonly tool: Tool;
  /** Its bodies, in the order in which they started. */
  readonly jobs: readonly Job[];
}

export interface HandToolOptions extends ToolPolicy<never> {
  /** Its bodies go on when their signal fires. Default: they stop, as they should. */
  readonly ignoresAbort?: boolean;
}

/** `name` is its name; its arguments may be anything. */
export function handTool(name: string, { ignoresAbort = false, ...options }: HandToolOptions = {}): HandTool {
  const jobs: Job[] = [];
  const made = tool({
    ...options,
    name,
    description: `Does ${name}.`,
    parameters: { type: 'object', properties: {} },
    execute: (_args, { ctx, toolCallId, abortSignal }) => {
      const end = Promise.withResolvers<unknown>();
      jobs.push({ callId: toolCallId, ctx, abortSignal, end });
      if (!ignoresAbort) abortSignal.addEventListener('abort', () => end.reject(abortSignal.reason), { once: true });
      return end.promise;
    },
  });
  return { tool: made, jobs };
}
