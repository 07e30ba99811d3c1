/**
 * Whose code runs: the tool body, the agent's hook, the lease. What a body calls on the session (`say`, `waitForIdle`,
 * an AgentTask's `run`) must know this, and tool bodies that move over unchanged do not pass it (docs/decisions).
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { BodyRef } from '../engine/seam.ts';
import type { AgentSession } from './agent-session.ts';

export interface Lease {
  readonly callId: string;
  /** Work that outlives the lease has no part in it. */
  readonly active: boolean;
  /** Gives the floor back while something is waited for that others may need it for, and takes it again after it. */
  without<T>(wait: () => Promise<T>): Promise<T>;
}

/** What it is about to wait for: another agent (a handoff, the quiet after it), or the end of the session. */
export type WaitsFor = 'change' | 'close';

export interface Running {
  readonly session?: AgentSession;
  readonly body?: BodyRef;
  /** While it waits it does not count as blocking (S6.8); call the result when it goes on. */
  readonly waits?: () => () => void;
  /** It waits for what may itself wait for it, which from now on it does not (S6.8). */
  readonly letGo?: (of: WaitsFor) => void;
  /** The activity whose hook or tool runs. */
  readonly activityId?: string;
  readonly hook?: 'onEnter' | 'onExit';
  /** What it asks for is under this lease: its own, or that of the AgentTask it belongs to. */
  readonly lease?: Lease;
  /** The lease that it took itself. */
  readonly held?: Lease;
}

const storage = new AsyncLocalStorage<Running | undefined>();

export function whoRuns(): Running | undefined {
  return storage.getStore();
}

export function runAs<T>(running: Running, fn: () => T): T {
  return storage.run(running, fn);
}

/** What a body does once it was cancelled, or timed out, reaches nobody (S5.3). Throws its signal's reason. */
export function requireLiveBody(): void {
  whoRuns()?.body?.abortSignal.throwIfAborted();
}

/** The lease under which this code runs, as long as it lasts. */
export function leaseHere(): Lease | undefined {
  const lease = whoRuns()?.lease;
  return lease?.active ? lease : undefined;
}

/**
 * Whoever runs here waits, and so does the task that it waits for where that is another one's: a hook of an AgentTask may
 * use the `ctx` of the tool that runs it. Call the result when it goes on.
 */
export function waitHere(body: BodyRef): () => void {
  const running = whoRuns();
  const goOn = running?.body === body ? undefined : running?.waits?.();
  const bodyGoesOn = body.waits();
  return () => {
    goOn?.();
    bodyGoesOn();
  };
}

/** The same somebody, now holding the floor. */
export function runUnder<T>(lease: Lease, fn: () => T): T {
  return storage.run({ ...storage.getStore(), lease, held: lease }, fn);
}

/** For what the session does on its own account: whoever asked for it has no part in it. */
export function runAsNobody<T>(fn: () => T): T {
  return storage.getStore() === undefined ? fn() : storage.run(undefined, fn);
}
