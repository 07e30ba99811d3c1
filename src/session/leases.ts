/**
 * Leases: a task that holds the floor while a function of its runs (S6.4). A lease is given back on every exit, and with
 * the end of its task; work that outlives it has no part in it.
 */
import { SessionClosedError, TaskEndedError } from '../errors.ts';
import type { BodyRef } from '../engine/seam.ts';
import { leaseHere, runUnder, type Lease } from './ambient.ts';
import type { Core } from './core.ts';

/** Waits for quiet, then runs `fn` under a lease. Inside a lease of the same task it just runs it. */
export async function foreground<T>(core: Core, body: BodyRef, fn: () => T | Promise<T>): Promise<T> {
  if (leaseHere()?.callId === body.callId) return await fn();
  const goOn = body.waits();
  const lease = await lend(core, body).finally(goOn);
  try {
    return await runUnder(lease, async () => await fn());
  } finally {
    giveBack(core, lease);
  }
}

/** The lease that what this task says and waits for is under: its own, or that of the AgentTask it was called in. */
export function leaseOf({ floor, stage }: Core, body: BodyRef): string | undefined {
  if (floor.leases.includes(body.callId)) return body.callId;
  const lease = stage.activity(body.activityId)?.lease;
  return lease?.active ? lease.callId : undefined;
}

async function lend(core: Core, body: BodyRef): Promise<Lease> {
  const { floor, stage, log, executor } = core;
  if (stage.isClosing) throw new SessionClosedError('foreground');
  // What was recorded before stands before it (S6.9).
  executor.announcer.look();
  const lease: Lease = { callId: body.callId, active: false };
  const { promise, resolve, reject } = Promise.withResolvers<Lease>();
  const leave = floor.wait({
    kind: 'lease',
    // Asked for each time: a handoff may have moved the task.
    get owner() {
      return body.owner();
    },
    level: 'quiet',
    order: log.state.seq,
    lease: leaseHere()?.callId,
    serve: () => {
      lease.active = true;
      floor.leases.push(lease.callId);
      resolve(lease);
    },
  });
  void body.whenEnded.then(() => {
    leave();
    giveBack(core, lease);
    reject(body.abortSignal.reason ?? new TaskEndedError(body.callId, 'ended'));
  });
  return await promise;
}

function giveBack({ floor }: Core, lease: Lease): void {
  if (!lease.active) return;
  lease.active = false;
  floor.leases.splice(floor.leases.indexOf(lease.callId), 1);
  floor.changed();
}
