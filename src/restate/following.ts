/**
 * A session's half of a durable tool: begins the body on a worker, and reads what it tells, entry by entry. A session that
 * was restored reads from the first: what it has recorded is passed over by its key.
 */
import { StopResponse, TaskAbortedError, ToolError, type Json, type ToolOptions } from '../index.ts';
import type { AbortRequest, AnswerRequest, Entry, NextReply, Outcome, RunRequest } from './entries.ts';
import type { WorkflowClient } from './ingress.ts';
import { fromPlain } from './plain-errors.ts';

type AskEntry = Entry & { readonly type: 'ask' };
type UpdateEntry = Entry & { readonly type: 'update' };

/** What the body gave. Throws what it threw. */
export async function follow(
  client: WorkflowClient,
  { ctx, toolCallId, abortSignal }: ToolOptions<unknown>,
  userData: Json | undefined,
): Promise<unknown> {
  const request: RunRequest = {
    args: ctx.functionCall.args,
    toolCallId,
    ...(userData === undefined ? {} : { userData }),
  };
  // A question that cannot be asked, or whose answer does not arrive, ends the reading.
  const reading = new AbortController();
  const signal = AbortSignal.any([abortSignal, reading.signal]);
  try {
    await client.start(request, signal);
    return ended(await read(client, ctx, signal, (error) => reading.abort(error)));
  } catch (error) {
    if (abortSignal.aborted) await letGo(client, abortSignal.reason);
    throw error;
  } finally {
    reading.abort();
  }
}

async function read(
  client: WorkflowClient,
  ctx: ToolOptions<unknown>['ctx'],
  signal: AbortSignal,
  fail: (error: unknown) => void,
): Promise<Outcome> {
  for (let n = 1; ; n += 1) {
    const { entry, answered } = await nextEntry(client, n, signal);
    switch (entry.type) {
      case 'update':
        await update(ctx, n, entry);
        break;
      case 'ask':
        if (!answered) void ask(client, ctx, n, entry, signal).catch(fail);
        break;
      case 'protect':
        ctx.disallowInterruptions();
        break;
      case 'ended':
        return entry.outcome;
      default:
        // A newer worker's.
        entry satisfies never;
    }
  }
}

async function nextEntry(client: WorkflowClient, n: number, signal: AbortSignal): Promise<NonNullable<NextReply>> {
  for (;;) {
    const reply = await client.call<NextReply>('next', n, signal);
    if (reply) return reply;
    // Nothing for a while: it may have been killed in Restate itself, which no entry tells.
    if (await client.hasEnded(signal)) {
      const last = await client.call<NextReply>('next', n, signal);
      if (last) return last;
      throw new Error('The body on the worker came to its end in Restate, which does not know any more how.');
    }
  }
}

async function update(
  ctx: ToolOptions<unknown>['ctx'],
  n: number,
  { message, options = {} }: UpdateEntry,
): Promise<void> {
  const { said, ...rest } = options;
  await ctx.update(message, { ...rest, ...(said === undefined ? {} : { template: () => said }), key: String(n) });
}

async function ask(
  client: WorkflowClient,
  ctx: ToolOptions<unknown>['ctx'],
  n: number,
  { type: _type, ...question }: AskEntry,
  signal: AbortSignal,
): Promise<void> {
  const { action, content } = await ctx.ask<Json>({ ...question, key: String(n) });
  const request: AnswerRequest = { n, action, ...(content === undefined ? {} : { content }) };
  await client.send('answer', request, signal);
}

/** The task is over here. Where it goes on in another process, so does the body. */
async function letGo(client: WorkflowClient, reason: unknown): Promise<void> {
  const why = reason instanceof TaskAbortedError ? reason.why : 'cancelled';
  if (why === 'suspended') return;
  await client.tell('abort', { why } satisfies AbortRequest);
}

function ended(outcome: Outcome): unknown {
  switch (outcome.type) {
    case 'value':
      return outcome.text;
    case 'nothing':
      throw new StopResponse();
    case 'refused':
      throw new ToolError(outcome.message);
    case 'failed':
      throw fromPlain(outcome.error);
    default:
      throw new Error(
        `The worker is newer than this session: it ended with ${JSON.stringify(outcome satisfies never)}.`,
      );
  }
}
