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
  active: boolean;
}

export interface Running {
  readonly session?: AgentSession;
  readonly body?: BodyRef;
  /** While it waits it does not count as blocking (S6.8); call the result when it goes on. */
  readonly waits?: () => () => void;
  /** The activity whose hook or tool runs. */
  readonly activityId?: string;
  readonly hook?: 'onEnter' | 'onExit';
  readonly lease?: Lease;
}

const storage = new AsyncLocalStorage<Running>();

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

/** The same somebody, now holding the floor. */
export function runUnder<T>(lease: Lease, fn: () => T): T {
  return storage.run({ ...storage.getStore(), lease }, fn);
}

/** For what the session does on its own account: whoever asked for it has no part in it. */
export function runAsNobody<T>(fn: () => T): T {
  return storage.run({}, fn);
}
