/** What a tool does in a script, as data: how long it takes, what it reports, how it ends. */
import type { Clock, Progress, ToolBodies, ToolOptions } from '../index.ts';
import type { OneOf } from './one-of.ts';
import { wait } from './paced-model.ts';

interface ToolActs {
  /** Reports progress; the first report sends the call to the background. */
  updates: string | Progress;
  /** Ends with this value. */
  returns: unknown;
  /** Ends by throwing this; a `ToolError` is told word for word. */
  throws: unknown;
  /** Never ends, unless it is cancelled. */
  hangs: true;
}

/** One thing the tool does, `afterMs` (default 0) behind the one before. */
export type ToolStep = { readonly afterMs?: number } & OneOf<ToolActs>;

/**
 * A mock of a tool, made by a script. The n-th call takes the n-th list of a list of lists, and the last for all further
 * calls. A function is a mock like any other (`mockTools`). It stops when it is aborted; at its end without `returns` it
 * returns nothing.
 */
export type ToolScript = ToolBodies[string] | ToolStep | readonly ToolStep[] | readonly (readonly ToolStep[])[];

export function toBody(script: ToolScript, clock: Clock): ToolBodies[string] {
  if (typeof script === 'function') return script;
  const calls = listsOf(script);
  let made = 0;
  return async (_args: object, { ctx, abortSignal }: ToolOptions): Promise<unknown> => {
    const steps = calls[Math.min(made++, calls.length - 1)] ?? [];
    for (const step of steps) {
      await wait(clock, step.hangs ? Infinity : (step.afterMs ?? 0), abortSignal);
      if (step.updates !== undefined) await ctx.update(step.updates);
      else if ('throws' in step) throw step.throws;
      else return step.returns;
    }
    return undefined;
  };
}

function listsOf(script: Exclude<ToolScript, ToolBodies[string]>): readonly (readonly ToolStep[])[] {
  if (!Array.isArray(script)) return [[script as ToolStep]];
  const isList = (script as readonly unknown[]).every((each) => Array.isArray(each));
  return isList && script.length > 0 ? (script as readonly (readonly ToolStep[])[]) : [script as readonly ToolStep[]];
}
