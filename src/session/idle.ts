/**
 * Waiting for rest (S6.3, S10.2): quiet, and nothing waits that could be served without the user. Looked at by events
 * only: after the floor has served whom it could.
 */
import { SessionClosedError } from '../errors.ts';
import { whoRuns } from './ambient.ts';
import type { Core } from './core.ts';
import { judge } from './floor-rules.ts';
import { isPlaceOf } from './floor-rules.ts';
import { standingOf } from '../engine/ledger.ts';

interface Waiter {
  /** Of one activity, or of whoever is current. */
  readonly activityId: string | undefined;
  readonly lease: string | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Idle {
  readonly #core: Core;
  readonly #waiters = new Set<Waiter>();
  #stopTimer: (() => void) | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Rejects with SessionClosedError when the session closes. A call or hook that waits here does not count. */
  async wait(activityId?: string): Promise<void> {
    if (this.#core.stage.isClosing) throw new SessionClosedError('waitForIdle');
    const running = whoRuns();
    const done = running?.waits?.();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const lease = running?.lease?.active ? running.lease.callId : undefined;
    this.#waiters.add({ activityId, lease, resolve, reject });
    this.#core.floor.changed();
    try {
      await promise;
    } finally {
      done?.();
    }
  }

  /** The floor has served whom it could. */
  look(): void {
    for (const waiter of [...this.#waiters]) {
      const at = this.#restsAt(waiter);
      if (at === undefined) continue;
      if (at <= this.#core.clock.now()) {
        this.#waiters.delete(waiter);
        waiter.resolve();
      } else this.#wakeAt(at);
    }
  }

  close(): void {
    this.#stopTimer?.();
    for (const waiter of this.#waiters) waiter.reject(new SessionClosedError('waitForIdle'));
    this.#waiters.clear();
  }

  /** When it is at rest, if nothing else happens; undefined while something must happen first. */
  #restsAt(waiter: Waiter): number | undefined {
    const { floor, stage, hooks } = this.#core;
    const facts = floor.facts();
    if (hooks.busy > 0 || stage.isChanging || this.#isTelling()) return undefined;
    const owner = waiter.activityId ?? facts.current?.activityId;
    if (owner === undefined || owner !== facts.current?.activityId) return undefined;
    const lease = waiter.lease === undefined ? {} : { lease: waiter.lease };
    const verdict = judge({ kind: 'idle', owner, level: 'quiet', ...lease }, facts);
    if (verdict === 'no' || verdict === 'cut') return undefined;
    if (floor.hasServableWaiter(facts)) return undefined;
    return verdict === 'yes' ? facts.now : verdict.at;
  }

  /** Something in the ledger is being told, or will be told here without the user. */
  #isTelling(): boolean {
    const facts = this.#core.floor.facts();
    const { current } = facts;
    if (!current) return false;
    const { deliveries, running } = this.#core.log.state.tasks;
    for (const delivery of deliveries.values()) {
      const isQuestion = running.get(delivery.callId)?.question?.id === delivery.id;
      const standing = standingOf(delivery, isQuestion, facts.now);
      if (standing.type === 'taken' || standing.type === 'over') return true;
      const level = standing.type === 'due' ? standing.level : 'quiet';
      if (isPlaceOf({ kind: 'delivery', owner: delivery.owner, level }, current)) return true;
    }
    return false;
  }

  #wakeAt(at: number): void {
    if (this.#stopTimer) return;
    const { clock, floor } = this.#core;
    const timer = clock.setTimeout(() => {
      this.#stopTimer = undefined;
      floor.look();
    }, at - clock.now());
    this.#stopTimer = () => clock.clearTimeout(timer);
  }
}
