/**
 * Runs a tool's body on a worker, by the same code that runs a tool without a session: arguments, texts and endings are
 * those of a session because of that.
 */
import { executeTool, StopResponse, type Tool, type ToolRun } from '../index.ts';
import type { Outcome, RunRequest } from './entries.ts';
import { toPlain } from './plain-errors.ts';
import { requireFit } from './size.ts';
import { WorkerContext } from './worker-context.ts';
import type { WorkerRun } from './worker-run.ts';

type Ended = { readonly value: unknown } | { readonly thrown: unknown };

export async function runBody(tool: Tool, name: string, request: RunRequest, run: WorkerRun): Promise<Outcome> {
  const { signal } = run;
  let ended: Promise<Ended> | undefined;
  // How long it may take is measured where it is waited for: in the session.
  const { timeoutMs: _timeoutMs, noProgressTimeoutMs: _noProgressTimeoutMs, ...rest } = tool;
  const here: Tool = {
    ...rest,
    execute: (args, { ctx: home, toolCallId }) => {
      const ctx = new WorkerContext(home, run);
      const result = Promise.try(() => call(tool, args, { ctx, toolCallId, abortSignal: signal }));
      ended = result.then(
        (value) => ({ value }),
        (thrown: unknown) => ({ thrown }),
      );
      return result;
    },
  };
  const { toolCallId, userData } = request;
  const options = { name, toolCallId, userData, approved: true, abortSignal: signal };
  const result = await executeTool(here, JSON.stringify(request.args), options);
  return outcomeOf(result, await ended, name);
}

async function call(tool: Tool, args: unknown, options: Parameters<Tool['execute']>[1]): Promise<unknown> {
  const result = await tool.execute(args, options);
  return isGenerator(result) ? await drain(result, options) : result;
}

function outcomeOf(result: ToolRun, ended: Ended | undefined, name: string): Outcome {
  const { handoff, state, output, error } = result;
  // In Restate itself: whatever the body then does, as in a session (S5.3).
  if (state === 'cancelled') return { type: 'refused', message: output.text };
  if (handoff) {
    const fact = `${name} wanted to hand over to the agent "${handoff.name}"`;
    return { type: 'refused', message: `${fact}, which a tool on a worker cannot do.` };
  }
  const final = ended && ('thrown' in ended ? ended.thrown : ended.value);
  if (ended && (final instanceof StopResponse || ('value' in ended && final == null))) return { type: 'nothing' };
  if (state === 'completed') return valueOf(output.text, name);
  if (error !== undefined && ended && ('thrown' in ended || final instanceof Error))
    return { type: 'failed', error: toPlain(error) };
  return { type: 'refused', message: output.text };
}

function valueOf(text: string, name: string): Outcome {
  try {
    requireFit(`What ${name} gave`, JSON.stringify(text), 'It was done.');
    return { type: 'value', text };
  } catch (error) {
    return { type: 'refused', message: (error as Error).message };
  }
}

type Generating = AsyncIterator<unknown> | Iterator<unknown>;

/** By what only a generator has: the iterator of a list is a value. */
function isGenerator(value: unknown): value is Generating {
  if (typeof value !== 'object' || value === null || !('next' in value) || !('throw' in value)) return false;
  return typeof value.next === 'function' && typeof value.throw === 'function';
}

/** Each yield is an update, the returned value the result (S1.6). */
async function drain(generator: Generating, { ctx, abortSignal }: Parameters<Tool['execute']>[1]): Promise<unknown> {
  let next = await generator.next();
  while (!next.done) {
    if (abortSignal.aborted) return void (await generator.return?.(undefined));
    try {
      await ctx.update(next.value);
    } catch (refused) {
      if (!generator.throw) throw refused;
      next = await generator.throw(refused);
      continue;
    }
    next = await generator.next();
  }
  return next.value;
}
