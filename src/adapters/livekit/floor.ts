/**
 * The floor of a LiveKit session: who waits for it and who gets it (S6.1, S6.2, S6.9). LiveKit says by its events who
 * speaks; after each of them `changed()` looks once the running code has yielded. Nothing polls.
 *
 * What waits is served one at a time in the order of asking. One timer, and only while somebody waits for time to pass.
 */
import type { ClaimLevel, Clock, TimerHandle } from '../../index.ts';

export interface Waiter {
  readonly kind: 'delivery' | 'lease' | 'handoff';
  readonly level: ClaimLevel;
  /** The `seq` of what waits; ties in the order of asking. */
  readonly order: number;
  /** Clock time in ms before which it is not served, though it keeps its place. */
  readonly notBefore?: number;
  /** The call whose lease does not stop it. */
  readonly lease?: string | undefined;
  /** The records it is about. */
  readonly about?: () => readonly string[];
  /** Called when it has the floor; what it takes, it takes before it returns. */
  readonly serve: () => void;
}

/** What is going on, read off the session for each look. */
export interface FloorFacts {
  /** `arriving`: of a handoff only the last part is missing, of which no event tells. */
  readonly agent: 'none' | 'arriving' | 'here';
  /** An AgentTask runs: what waits for quiet is told when it has ended (S8.4). */
  readonly inTask: boolean;
  /** The agent speaks, or will: all but tool calls that are being waited for. */
  readonly speaking: boolean;
  /** Calls are waited for. */
  readonly blocking: boolean;
  readonly userSpeaking: boolean;
  /** The user has spoken and LiveKit has not taken his turn yet: until then, at most. */
  readonly userTurnUntil: number | undefined;
  readonly quietMs: number;
}

export interface FloorPorts {
  readonly clock: Clock;
  readonly facts: () => FloorFacts;
  /** Cuts the agent's own speech, unless that may not be cut or its request held all of the records (S3.1). */
  readonly cut: (about: readonly string[]) => void;
}

type Verdict = 'yes' | 'no' | 'cut' | { readonly at: number };

/** After how many ms an arriving agent is asked again whether it takes speech. */
const arrivalMs = 20;

export class Floor {
  readonly #ports: FloorPorts;
  readonly #waiters: Waiter[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #leases: string[] = [];
  #silentSince: number | undefined;
  #timer: TimerHandle | undefined;
  #scheduled = false;
  #closed = false;

  constructor(ports: FloorPorts) {
    this.#ports = ports;
    this.#silentSince = ports.clock.now();
  }

  /** Since when nobody has spoken; undefined while somebody does, or while the floor is held by another call. */
  silentSince(callId: string): number | undefined {
    const holder = this.#leases.at(-1);
    return holder === undefined || holder === callId ? this.#silentSince : undefined;
  }

  holds(callId: string): boolean {
    return this.#leases.includes(callId);
  }

  /** Call the result to leave. */
  wait(waiter: Waiter): () => void {
    const later = this.#waiters.findIndex((each) => each.order > waiter.order);
    this.#waiters.splice(later === -1 ? this.#waiters.length : later, 0, waiter);
    this.changed();
    return () => {
      const index = this.#waiters.indexOf(waiter);
      if (index === -1) return;
      this.#waiters.splice(index, 1);
      this.changed();
    };
  }

  /** From now on the floor is this call's (S6.4); call the result to give it back. */
  hold(callId: string): () => void {
    this.#leases.push(callId);
    return () => {
      const index = this.#leases.indexOf(callId);
      if (index !== -1) this.#leases.splice(index, 1);
      this.changed();
    };
  }

  watch(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  /** To be called after everything that quiet depends on. */
  changed(): void {
    if (this.#closed) return;
    this.#note();
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#look(false);
    });
  }

  /** A speech of the agent has ended: the moment for what goes between two of them. */
  gap(): void {
    this.#note();
    this.#look(true);
  }

  close(): void {
    this.#closed = true;
    this.#waiters.length = 0;
    this.#watchers.clear();
    this.#ports.clock.clearTimeout(this.#timer);
  }

  #look(gap: boolean): void {
    while (!this.#closed && this.#serveNext(gap)) this.#note();
  }

  #serveNext(gap: boolean): boolean {
    const facts = this.#ports.facts();
    let at: number | undefined;
    let quietIsTaken = false;
    for (const waiter of [...this.#waiters]) {
      const verdict = this.#judge(waiter, facts, gap);
      if (verdict === 'yes' && !(quietIsTaken && waiter.level === 'quiet')) {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        waiter.serve();
        return true;
      }
      if (verdict === 'cut') this.#ports.cut(waiter.about?.() ?? []);
      if (typeof verdict !== 'object') continue;
      at = Math.min(at ?? Infinity, verdict.at);
      quietIsTaken ||= waiter.level === 'quiet';
    }
    this.#arm(at);
    return false;
  }

  #judge(waiter: Waiter, facts: FloorFacts, gap: boolean): Verdict {
    const now = this.#ports.clock.now();
    if (facts.agent === 'arriving') return { at: now + arrivalMs };
    if (facts.agent === 'none' || facts.userSpeaking || !this.#mayPass(waiter, facts)) return 'no';
    if (facts.userTurnUntil !== undefined && facts.userTurnUntil > now) return { at: facts.userTurnUntil };
    if (waiter.notBefore !== undefined && waiter.notBefore > now) return { at: waiter.notBefore };
    switch (waiter.level) {
      case 'now':
        return facts.speaking && !gap ? 'cut' : this.#afterPause(facts, now);
      case 'gap':
        return facts.speaking && !gap ? 'no' : this.#afterPause(facts, now);
      case 'quiet':
        return facts.speaking || facts.blocking ? 'no' : this.#afterPause(facts, now);
    }
  }

  #mayPass({ kind, level, lease }: Waiter, { inTask }: FloorFacts): boolean {
    const holder = this.#leases.at(-1);
    if (holder !== undefined && holder !== lease) return false;
    return !inTask || (kind === 'delivery' && level !== 'quiet') || kind === 'lease';
  }

  /** In silence everybody lets `quietMs` pass: the user may only have drawn breath. */
  #afterPause({ quietMs }: FloorFacts, now: number): Verdict {
    if (this.#silentSince === undefined) return 'yes';
    const at = this.#silentSince + quietMs;
    return at <= now ? 'yes' : { at };
  }

  #arm(at: number | undefined): void {
    const { clock } = this.#ports;
    clock.clearTimeout(this.#timer);
    this.#timer = at === undefined ? undefined : clock.setTimeout(() => this.changed(), Math.max(0, at - clock.now()));
  }

  #note(): void {
    const { speaking, userSpeaking, userTurnUntil } = this.#ports.facts();
    const now = this.#ports.clock.now();
    const silent = !speaking && !userSpeaking && (userTurnUntil === undefined || userTurnUntil <= now);
    if (silent !== (this.#silentSince !== undefined)) this.#silentSince = silent ? now : undefined;
    for (const listener of [...this.#watchers]) listener();
  }
}
