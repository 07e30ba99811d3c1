/** A durable tool as a service of Restate: one workflow per call, and three handlers by which a session talks with it. */
import {
  handlers,
  TerminalError,
  TimeoutError,
  workflow,
  type RestatePromise,
  type WorkflowContext,
  type WorkflowDefinition,
  type WorkflowSharedContext,
} from '@restatedev/restate-sdk';
import type { Answer, Json } from '../index.ts';
import { runBody } from './body.ts';
import { durablePartOf, type DurablePart } from './durable-part.ts';
import {
  names,
  type AbortRequest,
  type AnswerRequest,
  type Entry,
  type NextReply,
  type RunRequest,
} from './entries.ts';
import type { WorkflowClient } from './ingress.ts';
import { WorkerRun } from './worker-run.ts';

/** Shorter than what proxies and `fetch` allow a silent request. */
const pollMs = 50_000;
const dayMs = 86_400_000;
/** What only waits gives its place at the worker back, and is begun again when there is something. */
const patient = { inactivityTimeout: 2_000 };

export type DurableService = WorkflowDefinition<string, unknown>;

/**
 * The service of each durable tool, for an endpoint of your own: `createEndpointHandler({ services: [...] })`.
 *
 * Throws a TypeError for what is no durable tool, and for two of one service.
 */
export function durableServices(tools: readonly unknown[]): DurableService[] {
  const parts = new Map<string, DurablePart>();
  for (const tool of tools) {
    const part = durablePartOf(tool);
    if (!part) throw new TypeError('durableServices: expected tools made by durable().');
    const other = parts.get(part.service);
    if (other && other.tool !== part.tool)
      throw new TypeError(`durableServices: two tools have the service "${part.service}". Give one a name of its own.`);
    parts.set(part.service, part);
  }
  return [...parts.values()].map(serviceOf);
}

function serviceOf(part: DurablePart): DurableService {
  const { shared } = handlers.workflow;
  return workflow({
    name: part.service,
    handlers: {
      run: (restate: WorkflowContext, request: RunRequest) => run(part, restate, request),
      next: shared(patient, next),
      answer: shared(answer),
      abort: shared(abort),
      aborted: shared(patient, aborted),
    },
    options: {
      workflowRetention: part.retentionMs,
      // A step may take hours, and is to hear of an abort all the while.
      inactivityTimeout: dayMs,
      abortTimeout: dayMs,
      // A day without a worker that can go on with it: then it has failed, and the session is told.
      retryPolicy: {
        initialInterval: 100,
        exponentiationFactor: 2,
        maxInterval: 10_000,
        maxAttempts: dayMs / 10_000,
        onMaxAttempts: 'kill',
      },
      // A body that goes another way than its journal will do so again. Not every server knows this option.
      onJournalMismatchErrors: 'fail',
    },
  });
}

async function run(part: DurablePart, restate: WorkflowContext, request: RunRequest): Promise<void> {
  const cancelled = restate.promise<AbortRequest>(names.abort).peek() as RestatePromise<AbortRequest | undefined>;
  if (await cancelled) return;
  const client = part.clientOf(restate.key);
  const body = new WorkerRun(restate, {
    toolCallId: request.toolCallId,
    settled: cancelled,
    clock: part.clock,
    askForAbort: (signal) => askForAbort(client, signal),
  });
  const outcome = await runBody(part.tool, part.toolName, request, body);
  if (outcome.type === 'failed')
    restate.console.error(`${part.toolName} failed: ${outcome.error.stack ?? outcome.error.message}`);
  // One that was cancelled in the session says no more, and nobody reads on.
  if (!body.isAbandoned) await body.tell({ type: 'ended', outcome }).told;
  body.close();
}

async function next(restate: WorkflowSharedContext, n: number): Promise<NextReply> {
  const entry = await atMost(pollMs, restate.promise<Entry>(names.entry(n)).get());
  if (!entry) return null;
  if (entry.type !== 'ask') return { entry };
  const answered = await restate.promise<Answer<Json>>(names.answer(n)).peek();
  return answered ? { entry, answered: true } : { entry };
}

async function atMost<T>(ms: number, promise: RestatePromise<T>): Promise<T | undefined> {
  try {
    return await promise.orTimeout(ms);
  } catch (error) {
    if (error instanceof TimeoutError) return undefined;
    throw error;
  }
}

/** The first answer holds. */
async function answer(restate: WorkflowSharedContext, { n, ...given }: AnswerRequest): Promise<void> {
  await resolveOnce(restate.promise<Answer<Json>>(names.answer(n)), given);
}

async function abort(restate: WorkflowSharedContext, request: AbortRequest): Promise<void> {
  await resolveOnce(restate.promise<AbortRequest>(names.abort), request);
}

async function aborted(restate: WorkflowSharedContext): Promise<AbortRequest | null> {
  return (await atMost(pollMs, restate.promise<AbortRequest>(names.abort).get())) ?? null;
}

async function askForAbort(client: WorkflowClient, signal: AbortSignal): Promise<AbortRequest> {
  for (;;) {
    const request = await client.call<AbortRequest | null>('aborted', null, signal);
    if (request) return request;
  }
}

async function resolveOnce<T>(promise: { resolve(value: T): Promise<void> }, value: T): Promise<void> {
  try {
    await promise.resolve(value);
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
  }
}
