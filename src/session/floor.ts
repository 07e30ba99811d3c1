/**
 * The floor: who waits for it and who gets it (S6.2, S6.9).
 *
 * `changed()` is called after everything quiet depends on; it notes since when it has been silent and looks once the
 * running code has yielded. Who waits is served one at a time in the order of asking: what waits for quiet never
 * overtakes what asked for it before and only has to let some time pass. One timer, and only while somebody waits for
 * time to pass. Nothing polls.
 */
import type { Clock, TimerHandle } from '../clock.ts';
import { isSilent, judge, type FloorFacts, type OwnFacts, type Talk, type Wish } from './floor-rules.ts';

export interface Waiter extends Wish {
  /** The `seq` of what waits; ties in the order of asking. */
  readonly order: number;
  /** Records it is about: a speech whose request held one of them is not cut for it. */
  readonly about?: () => readonly string[];
  /** Runs synchronously when it is its turn. */
  readonly serve: () => void;
}

export interface FloorPorts {
  readonly clock: Clock;
  readonly quietMs: number;
  talk(): Talk;
  current(): string | undefined;
  facts(own: OwnFacts): FloorFacts;
  /** Cuts the speech that plays, if it may be cut for these records. */
  cutFor(about: readonly string[]): void;
  /** Told after each look that served nobody. */
  onRest(): void;
}

/** What watchers are told a change of. */
interface Standing {
  readonly silent: boolean;
  readonly activityId: string | undefined;
  readonly lease: string | undefined;
}

export class Floor {
  readonly leases: string[] = [];
  readonly #ports: FloorPorts;
  readonly #waiters: { readonly waiter: Waiter; readonly n: number }[] = [];
  #asked = 0;
  /** The list is never changed but replaced: whoever goes through it is not disturbed. */
  #watchers: readonly (() => void)[] = [];
  #silentSince: number | undefined;
  #standing: Standing | undefined;
  #timer: TimerHandle | undefined;
  readonly #plannedLook: () => void;
  #lookPlanned = false;
  #looking = false;

  constructor(ports: FloorPorts) {
    this.#ports = ports;
    this.#plannedLook = () => {
      this.#lookPlanned = false;
      this.look();
    };
  }

  get silentSince(): number | undefined {
    return this.#silentSince;
  }

  /** Calls `listener` whenever silence begins or ends, or the lease or the current agent is another. */
  watch(listener: () => void): () => void {
    this.#watchers = this.#watchers.concat(listener);
    return () => {
      this.#watchers = this.#watchers.filter((other) => other !== listener);
    };
  }

  facts(): FloorFacts {
    const { clock, quietMs } = this.#ports;
    return this.#ports.facts({ leases: this.leases, silentSince: this.#silentSince, quietMs, now: clock.now() });
  }

  /** Waits for its turn; returns the way out. */
  wait(waiter: Waiter): () => void {
    const entry = { waiter, n: (this.#asked += 1) };
    const before = (other: typeof entry): boolean =>
      other.waiter.order < waiter.order || (other.waiter.order === waiter.order && other.n < entry.n);
    const index = this.#waiters.findLastIndex(before) + 1;
    this.#waiters.splice(index, 0, entry);
    this.changed();
    return () => {
      const at = this.#waiters.indexOf(entry);
      if (at >= 0) this.#waiters.splice(at, 1);
      this.changed();
    };
  }

  /** Something quiet depends on has changed. */
  changed(): void {
    this.#note();
    if (this.#lookPlanned) return;
    this.#lookPlanned = true;
    // What `queueMicrotask` does, without the async resource that it makes for each.
    void Promise.resolve().then(this.#plannedLook);
  }

  /** Serves whoever can be served now. Also called between two speeches, before the next begins. */
  look(): void {
    if (this.#looking) return;
    this.#looking = true;
    try {
      this.#note();
      while (this.#serveNext());
    } finally {
      this.#looking = false;
    }
    this.#ports.onRest();
  }

  /** Is somebody waiting who could be served here without the user? */
  hasServableWaiter(facts: FloorFacts): boolean {
    return this.#waiters.some(({ waiter }) => judge(waiter, facts) !== 'no');
  }

  close(): void {
    this.#waiters.length = 0;
    this.#ports.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #serveNext(): boolean {
    const facts = this.facts();
    let at: number | undefined;
    let quietIsTaken = false;
    for (let index = 0; index < this.#waiters.length; index += 1) {
      const waiter = this.#waiters[index]?.waiter;
      if (!waiter) break;
      const verdict = judge(waiter, facts);
      if (verdict === 'yes' && !(quietIsTaken && waiter.level === 'quiet')) {
        this.#waiters.splice(index, 1);
        waiter.serve();
        return true;
      }
      if (verdict === 'cut') this.#ports.cutFor(waiter.about?.() ?? []);
      if (typeof verdict !== 'object') continue;
      at = Math.min(at ?? Infinity, verdict.at);
      quietIsTaken ||= waiter.level === 'quiet';
    }
    this.#arm(at, facts.now);
    return false;
  }

  #arm(at: number | undefined, now: number): void {
    const { clock } = this.#ports;
    clock.clearTimeout(this.#timer);
    this.#timer = at === undefined ? undefined : clock.setTimeout(() => this.look(), Math.max(0, at - now));
  }

  #note(): void {
    const silent = isSilent(this.#ports.talk());
    const activityId = this.#ports.current();
    const lease = this.leases.at(-1);
    const was = this.#standing;
    if (was?.silent === silent && was.activityId === activityId && was.lease === lease) return;
    this.#standing = { silent, activityId, lease };
    if (silent !== (this.#silentSince !== undefined)) this.#silentSince = silent ? this.#ports.clock.now() : undefined;
    for (const listener of this.#watchers) listener();
  }
}
