/**
 * Waiting for rest (S6.3, S10.2): quiet, and nothing waits that could be served without the user. Looked at by events
 * only: after the floor has served whom it could.
 */
import type { TimerHandle } from '../clock.ts';
import { askerOf, standingOf } from '../engine/ledger.ts';
import { ActivityEndedError, SessionClosedError } from '../errors.ts';
import type { Activity } from './activity.ts';
import { leaseHere, whoRuns } from './ambient.ts';
import type { Core } from './core.ts';
import { isActive } from './facts.ts';
import { judge, mayBeServed, type FloorFacts } from './floor-rules.ts';

interface Waiter {
  /** Of one activity, or of whoever is current. */
  readonly activity: Activity | undefined;
  readonly lease: string | undefined;
  /** The speech that its call blocks. */
  readonly blocks: string | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Idle {
  readonly #core: Core;
  #waiters: readonly Waiter[] = [];
  #timer: { readonly at: number; readonly handle: TimerHandle } | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  /**
   * Rejects with SessionClosedError when the session closes, for one activity with ActivityEndedError when that ends. A
   * call or hook that waits here does not count as blocking (S6.8).
   */
  async wait(activity?: Activity): Promise<void> {
    if (this.#core.stage.isClosing) throw new SessionClosedError('waitForIdle');
    const running = whoRuns();
    running?.letGo?.('change');
    const goOn = running?.waits?.();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const blocks = running?.body?.isBlocking() ? running.body.speechId : undefined;
    const waiter = { activity, lease: leaseHere()?.callId, blocks, resolve, reject };
    this.#waiters = [...this.#waiters, waiter];
    this.#core.floor.changed();
    try {
      await promise;
    } finally {
      goOn?.();
    }
  }

  /** The floor has served whom it could. */
  look(): void {
    if (this.#waiters.length === 0) return;
    const facts = this.#core.floor.facts();
    let wakeAt: number | undefined;
    for (const waiter of this.#waiters) {
      if (waiter.activity?.phase === 'gone') this.#settle(waiter, new ActivityEndedError(waiter.activity.agent.name));
      const at = this.#restsAt(waiter, facts);
      if (at !== undefined && at <= facts.now) this.#settle(waiter);
      else if (at !== undefined) wakeAt = Math.min(at, wakeAt ?? Infinity);
    }
    this.#wakeAt(wakeAt);
  }

  close(): void {
    this.#wakeAt(undefined);
    for (const waiter of this.#waiters) waiter.reject(new SessionClosedError('waitForIdle'));
    this.#waiters = [];
  }

  #settle(waiter: Waiter, error?: Error): void {
    this.#waiters = this.#waiters.filter((other) => other !== waiter);
    if (error) waiter.reject(error);
    else waiter.resolve();
  }

  /** When it is at rest, if nothing else happens; undefined while something must happen first. */
  #restsAt(waiter: Waiter, facts: FloorFacts): number | undefined {
    const { floor, stage, hooks } = this.#core;
    if (waiter.blocks !== undefined && facts.keptFor?.includes(waiter.blocks) && facts.current) {
      const { lease, blocks } = waiter;
      const verdict = judge({ kind: 'idle', owner: facts.current.activityId, level: 'quiet', lease, blocks }, facts);
      return verdict === 'yes' ? facts.now : undefined;
    }
    if (hooks.isBusy || stage.isChanging || this.#isTelling(facts)) return undefined;
    const owner = waiter.activity?.id ?? facts.current?.activityId;
    if (owner === undefined || owner !== facts.current?.activityId) return undefined;
    const verdict = judge({ kind: 'idle', owner, level: 'quiet', lease: waiter.lease }, facts);
    if (verdict === 'no' || verdict === 'cut') return undefined;
    if (floor.hasServableWaiter(facts)) return undefined;
    return verdict === 'yes' ? facts.now : verdict.at;
  }

  /** Something in the ledger is being told, or will be told here without the user. */
  #isTelling(facts: FloorFacts): boolean {
    const { tasks } = this.#core.log.state;
    for (const delivery of tasks.deliveries.values()) {
      const asker = askerOf(tasks, delivery);
      const standing = standingOf(delivery, asker !== undefined, facts.now);
      if (standing.type === 'over') return true;
      if (standing.type === 'taken') {
        if (this.#isAtIt(delivery.taken)) return true;
        continue;
      }
      const level = standing.type === 'due' ? standing.level : 'quiet';
      if (mayBeServed({ kind: 'delivery', owner: delivery.owner, level, lease: asker }, facts)) return true;
    }
    return false;
  }

  /** Not while the speech that tells it only waits for its own calls: they count themselves, unless they wait (S6.8). */
  #isAtIt(speechId: string | undefined): boolean {
    for (const speech of this.#core.speeches) if (speech.id === speechId) return isActive(this.#core, speech);
    return true;
  }

  #wakeAt(at: number | undefined): void {
    if (this.#timer?.at === at) return;
    const { clock, floor } = this.#core;
    clock.clearTimeout(this.#timer?.handle);
    const wake = (): void => {
      this.#timer = undefined;
      floor.look();
    };
    this.#timer = at === undefined ? undefined : { at, handle: clock.setTimeout(wake, at - clock.now()) };
  }
}
