/**
 * The keeper: hands a session's records to its store, in order, and holds the lease.
 *
 * Decisions never wait for it. What goes out to the world does: `whenKept` is asked before the first sound of a stretch of
 * words and before `ctx.update()` resolves. What is committed in one go is one append, so no crash falls between two
 * records that belong together; while an append is under way the next ones gather.
 *
 * A store that fails is waited for at most `patienceMs`: then nobody waits any more, the records stay here in their order,
 * and it is asked again until it takes them. Only the lease can silence a conversation: over a network, before it can have
 * run out. That moment is counted by a timer that was set before the lease was asked for.
 */
import type { SessionRecord } from '../chat/records.ts';
import type { AcquireOptions, SessionLease, SessionStore, Snapshot } from '../chat/store.ts';
import type { Clock, TimerHandle } from '../clock.ts';
import { StoreError } from '../errors.ts';

/** A store that has not answered by then is one that fails. */
const patienceMs = 2000;
/** Before one that failed is asked again. */
const againMs = 1000;

export interface KeeperPorts {
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly leaseMs: number;
  /** It fails; told once, until it has worked again. */
  readonly onTrouble: (error: unknown) => void;
  /** It has taken all that was kept back. */
  readonly onRecovered: () => void;
  /** The lease may have run out: nobody may be heard until `onHeard`. */
  readonly onSilenced: () => void;
  readonly onHeard: () => void;
  readonly onRenewed: () => void;
  /** The store has taken all that there is. */
  readonly onKept: () => void;
  /** Somebody else has the session. Nothing more is written. */
  readonly onLost: (error: StoreError) => void;
}

/** Takes the session. Rejects as the store does, and where it does not answer. */
export async function hold(
  sessionId: string,
  options: Omit<AcquireOptions, 'leaseMs'>,
  ports: KeeperPorts,
): Promise<Keeper> {
  const { store, clock, leaseMs } = ports;
  let keeper: Keeper | undefined;
  const end = clock.setTimeout(() => keeper?.silence(), safeMs(leaseMs));
  try {
    const lease = await inTime(store.acquire(sessionId, { ...options, leaseMs }), clock, leasePatienceMs(leaseMs));
    keeper = new Keeper(lease, end, ports);
    return keeper;
  } catch (error) {
    clock.clearTimeout(end);
    throw error;
  }
}

/**
 * Takes the session; while another's lease runs, waits for its end once. One whose holder lives is renewed meanwhile: then
 * it rejects with `store_leased`.
 */
export async function holdAfter(
  sessionId: string,
  options: { readonly userKey?: string; readonly takeOver?: boolean },
  ports: KeeperPorts,
): Promise<Keeper> {
  try {
    return await hold(sessionId, options, ports);
  } catch (error) {
    if (!(error instanceof StoreError) || error.retryInMs === undefined) throw error;
    await pause(ports.clock, error.retryInMs);
    return await hold(sessionId, options, ports);
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  clock.setTimeout(resolve, ms);
  return promise;
}

export class Keeper {
  readonly lease: SessionLease;
  readonly #ports: KeeperPorts;
  #unkept: SessionRecord[] = [];
  #state: 'well' | 'failing' | 'lost' | 'closed' = 'well';
  #isAppending = false;
  /** Who waits for what the next append holds. */
  #kept: PromiseWithResolvers<void> | undefined;
  /** Who waits until nothing is left to be kept. */
  #safe: PromiseWithResolvers<void> | undefined;
  /** Set while nobody may be heard. */
  #silenced: PromiseWithResolvers<void> | undefined;
  #again: TimerHandle | undefined;
  #renewal: TimerHandle | undefined;
  #end: TimerHandle | undefined;

  /** `end`: the timer that calls `silence`, set before the lease was asked for. */
  constructor(lease: SessionLease, end: TimerHandle, ports: KeeperPorts) {
    this.lease = lease;
    this.#ports = ports;
    this.#end = end;
    this.#planRenewal();
  }

  /** The next record; they come in order. */
  take(record: SessionRecord): void {
    if (this.#state === 'lost' || this.#state === 'closed') return;
    this.#unkept.push(record);
    if (this.#unkept.length === 1 && this.#state === 'well' && !this.#isAppending) void this.#append();
  }

  /** What the store has not taken yet, in order. */
  get unkept(): readonly SessionRecord[] {
    return this.#unkept.slice();
  }

  /** Resolves when what was recorded so far is kept, or nobody waits for it any more; undefined where that is so already. */
  whenKept(): Promise<void> | undefined {
    if (this.#silenced) return this.#silenced.promise;
    if (this.#state !== 'well' || this.#unkept.length === 0) return undefined;
    return (this.#kept ??= Promise.withResolvers<void>()).promise;
  }

  /** Resolves when the store has all that was recorded so far, however long it fails, or does not get it any more. */
  async whenSafe(): Promise<void> {
    while (this.#isOpen && this.#unkept.length > 0) await (this.#safe ??= Promise.withResolvers<void>()).promise;
  }

  /** The lease may have run out. */
  silence(): void {
    if (!this.#isOpen || this.#silenced || this.#ports.store.scope === 'machine') return;
    this.#silenced = Promise.withResolvers<void>();
    this.#ports.onSilenced();
  }

  /** Keeps the state beside the records, if the store has all of them. A failure is none of the session's. */
  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    if (this.#state !== 'well' || this.#unkept.length > 0) return;
    const { store, clock } = this.#ports;
    await inTime(store.saveSnapshot(this.lease, snapshot), clock).catch(() => undefined);
  }

  /**
   * Gives the lease back when all is kept, or the store has failed once more; resolves soon after `patienceMs` at the latest. `whenOver`: called when nothing more is
   * written, and nobody else has the session yet.
   */
  async close(whenOver?: () => void): Promise<void> {
    if (!this.#isOpen) return;
    if (this.#state === 'well' && !this.#silenced) await this.whenKept();
    if (this.#state === 'failing' && !this.#isAppending) await this.#append();
    if (!this.#isOpen) return;
    this.drop();
    whenOver?.();
    const { store, clock } = this.#ports;
    await inTime(store.release(this.lease), clock).catch(() => undefined);
  }

  /** Nothing more is written, and the lease is left to run out. */
  drop(): void {
    if (!this.#isOpen) return;
    this.#state = 'closed';
    this.#stopTimers();
    this.#letAllGo();
  }

  async #append(): Promise<void> {
    this.#isAppending = true;
    // The rest of what is being committed now belongs with it.
    await Promise.resolve();
    while (this.#unkept.length > 0 && this.#isOpen) {
      const waiting = this.#kept;
      this.#kept = undefined;
      const error = await this.#try(this.#unkept.slice());
      waiting?.resolve();
      if (error === undefined) continue;
      this.#isAppending = false;
      return this.#failed(error);
    }
    this.#isAppending = false;
    if (this.#isOpen) this.#works();
  }

  get #isOpen(): boolean {
    return this.#state === 'well' || this.#state === 'failing';
  }

  /** What went wrong. After a lost answer the store says what it has: only this holder can have written it. */
  async #try(records: readonly SessionRecord[]): Promise<unknown> {
    const last = records.at(-1)?.seq ?? 0;
    try {
      await inTime(this.#ports.store.append(this.lease, records), this.#ports.clock);
      this.#drop(last);
      return undefined;
    } catch (error) {
      const first = records[0]?.seq ?? 0;
      const kept = error instanceof StoreError && error.code === 'store_gap' ? error.seq : undefined;
      if (kept === undefined || kept < first) return error ?? new Error('The store failed.');
      this.#drop(kept);
      return undefined;
    }
  }

  #drop(upTo: number): void {
    this.#unkept = this.#unkept.filter((record) => record.seq > upTo);
  }

  #works(): void {
    const wasFailing = this.#state === 'failing';
    if (wasFailing) this.#state = 'well';
    this.#wake();
    this.#letSafe();
    if (wasFailing) this.#ports.onRecovered();
    this.#ports.onKept();
  }

  #failed(error: unknown): void {
    if (!this.#isOpen) return;
    if (isFenced(error)) return this.#lose(error);
    if (this.#state === 'well') {
      this.#state = 'failing';
      this.#wake();
      this.#ports.onTrouble(error);
    }
    const { clock } = this.#ports;
    clock.clearTimeout(this.#again);
    this.#again = clock.setTimeout(() => void this.#append(), againMs);
  }

  #lose(error: StoreError): void {
    if (!this.#isOpen) return;
    this.#state = 'lost';
    this.#unkept = [];
    this.#stopTimers();
    this.#letAllGo();
    this.#ports.onLost(error);
  }

  #planRenewal(): void {
    const { clock, leaseMs } = this.#ports;
    this.#renewal = clock.setTimeout(() => void this.#renew(), leaseMs / 3);
  }

  async #renew(): Promise<void> {
    const { store, clock, leaseMs } = this.#ports;
    this.#planRenewal();
    const end = this.#setEnd();
    try {
      await inTime(store.renew(this.lease, leaseMs), clock, leasePatienceMs(leaseMs));
    } catch (error) {
      clock.clearTimeout(end);
      if (isFenced(error)) this.#lose(error);
      return;
    }
    if (!this.#isOpen) return clock.clearTimeout(end);
    clock.clearTimeout(this.#end);
    this.#end = end;
    this.#hear();
    this.#ports.onRenewed();
  }

  /** Set before the lease is asked for. */
  #setEnd(): TimerHandle {
    const { clock, leaseMs } = this.#ports;
    return clock.setTimeout(() => this.silence(), safeMs(leaseMs));
  }

  #hear(): void {
    const silenced = this.#silenced;
    if (!silenced) return;
    this.#silenced = undefined;
    silenced.resolve();
    this.#ports.onHeard();
  }

  /** Nobody waits for the store any more. */
  #letAllGo(): void {
    this.#silenced?.resolve();
    this.#silenced = undefined;
    this.#wake();
    this.#letSafe();
  }

  #letSafe(): void {
    const safe = this.#safe;
    this.#safe = undefined;
    safe?.resolve();
  }

  #wake(): void {
    const kept = this.#kept;
    this.#kept = undefined;
    kept?.resolve();
  }

  #stopTimers(): void {
    for (const timer of [this.#again, this.#renewal, this.#end]) this.#ports.clock.clearTimeout(timer);
  }
}

/** Before a lease that is asked for now can have run out, with time left to fall silent. */
function safeMs(leaseMs: number): number {
  return leaseMs * 0.8;
}

/** A lease is asked for again before long: an answer that comes after that counts for nothing. */
function leasePatienceMs(leaseMs: number): number {
  return Math.min(patienceMs, leaseMs / 3);
}

/** What `promise` gives. Rejects with `store_unavailable` where the store does not answer. */
export async function inTime<T>(promise: Promise<T>, clock: Clock, limitMs = patienceMs): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = clock.setTimeout(() => late.reject(noAnswer(limitMs)), limitMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clock.clearTimeout(timer);
  }
}

function isFenced(error: unknown): error is StoreError {
  return error instanceof StoreError && error.code === 'store_fenced';
}

function noAnswer(limitMs: number): StoreError {
  return new StoreError('store_unavailable', `The store has not answered within ${String(limitMs)} ms.`);
}
