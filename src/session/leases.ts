/**
 * Leases: a task that holds the floor while a function of its runs (S6.4). A lease is given back on every exit, and with
 * the end of its task; work that outlives it has no part in it.
 */
import { SessionClosedError, TaskEndedError } from '../errors.ts';
import type { BodyRef } from '../engine/seam.ts';
import { leaseHere, runUnder, waitHere, whoRuns, type Lease } from './ambient.ts';
import type { Core } from './core.ts';

/** Waits for quiet, then runs `fn` under a lease. Inside a lease of the same task it just runs it. */
export async function foreground<T>(core: Core, body: BodyRef, fn: () => T | Promise<T>): Promise<T> {
  if (leaseHere()?.callId === body.callId) return await fn();
  const lease = new FloorLease(core, body);
  const goOn = waitHere(body);
  await lease.take().finally(goOn);
  // Between the floor's word and here its task may have ended, and the lease with it.
  if (!lease.active) throw endOf(body);
  try {
    return await runUnder(lease, async () => await fn());
  } finally {
    lease.giveBack();
  }
}

/** The lease that what this task says and waits for is under: its own, or that of the AgentTask it was called in. */
export function leaseOf({ floor, stage }: Core, body: BodyRef): string | undefined {
  if (floor.leases.includes(body.callId)) return body.callId;
  const lease = stage.activity(body.activityId)?.lease;
  return lease?.active ? lease.callId : undefined;
}

function endOf({ abortSignal, callId }: BodyRef): unknown {
  return abortSignal.reason ?? new TaskEndedError(callId, 'ended');
}

class FloorLease implements Lease {
  readonly callId: string;
  readonly #core: Core;
  readonly #body: BodyRef;
  /** The lease it was asked for under. */
  readonly #under = leaseHere()?.callId;
  /** Where it was asked for: a hook of an AgentTask may use the `ctx` of the tool that runs it. */
  readonly #askedIn = whoRuns()?.activityId;
  #active = false;

  constructor(core: Core, body: BodyRef) {
    this.callId = body.callId;
    this.#core = core;
    this.#body = body;
  }

  get active(): boolean {
    return this.#active;
  }

  async take(): Promise<void> {
    const { floor, stage, log, executor } = this.#core;
    if (stage.isClosing) throw new SessionClosedError('foreground');
    // What was recorded before stands before it (S6.9).
    executor.announcer.look();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const serve = (): void => {
      this.#active = true;
      floor.leases.push(this.callId);
      resolve();
    };
    const owner = (): string => this.#owner();
    const blocks = (): string | undefined => (this.#body.isBlocking() ? this.#body.speechId : undefined);
    const leave = floor.wait({
      kind: 'lease',
      get owner() {
        return owner();
      },
      get blocks() {
        return blocks();
      },
      level: 'quiet',
      order: log.state.seq,
      lease: this.#under,
      serve,
    });
    const stopListening = stage.onClosed(() => reject(new SessionClosedError('foreground')));
    void this.#body.whenEnded.then(() => {
      leave();
      this.giveBack();
      reject(endOf(this.#body));
    });
    await promise.finally(stopListening);
  }

  giveBack(): void {
    if (!this.#active) return;
    const { floor } = this.#core;
    this.#active = false;
    floor.leases.splice(floor.leases.indexOf(this.callId), 1);
    floor.changed();
  }

  async without<T>(wait: () => Promise<T>): Promise<T> {
    this.giveBack();
    const result = await wait();
    await this.take();
    return result;
  }

  /** Asked for each time: a handoff may have moved the task. */
  #owner(): string {
    const { stage } = this.#core;
    const elsewhere = this.#askedIn !== undefined && this.#askedIn !== this.#body.activityId;
    return elsewhere && stage.activity(this.#askedIn) ? this.#askedIn : this.#body.owner();
  }
}
