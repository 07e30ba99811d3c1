/** What a session with a store does about it: takes its lease, tells what goes wrong, falls silent when it must. */
import type { SessionRecord } from '../chat/records.ts';
import type { SessionStore } from '../chat/store.ts';
import { describeError, MeanwhileError } from '../errors.ts';
import type { Core } from './core.ts';
import { hold, holdAfter, type KeeperPorts } from './keeper.ts';
import type { AgentSessionOptions } from './options.ts';
import { Snapshots } from './snapshots.ts';
import { UserOutbox } from './user-outbox.ts';

export class Keeping {
  readonly sessionId: string;
  /** Of its user, where he is known. */
  readonly outbox: UserOutbox | undefined;
  readonly snapshots: Snapshots;
  readonly #core: Core;
  readonly #userKey: { readonly userKey?: string };
  readonly #ports: KeeperPorts;

  constructor(core: Core, store: SessionStore, given: Pick<AgentSessionOptions, 'userKey' | 'leaseMs'>) {
    const { userKey, leaseMs = 15_000 } = given;
    this.#core = core;
    this.sessionId = core.options.sessionId ?? '';
    this.#userKey = userKey === undefined ? {} : { userKey };
    this.outbox =
      userKey === undefined ? undefined : new UserOutbox(core, store, userKey, (error) => this.#outboxTrouble(error));
    this.snapshots = new Snapshots({
      state: () => core.log.state,
      isSilent: () => core.speaking.state === 'listening' && core.users.state !== 'speaking',
      save: async (snapshot) => await core.keeper?.saveSnapshot(snapshot),
    });
    this.#ports = {
      store,
      clock: core.clock,
      leaseMs,
      onTrouble: (error) => this.#trouble(error),
      onRecovered: () => core.logger.info('The store works again; all records are kept.'),
      onSilenced: () => this.#silence(),
      onHeard: () => core.floor.changed(),
      onRenewed: () => void this.outbox?.look(),
      onKept: () => this.snapshots.look(),
      onLost: (error) => this.#lost(error),
    };
  }

  /** What was told is settled, what was recorded is kept, the lease given back. Bounded, as a store that fails is. */
  async close(whenOver?: () => void): Promise<void> {
    await this.outbox?.close();
    await this.#core.keeper?.close(whenOver);
  }

  /**
   * All of it is kept as it is now, and the lease given back, for another process to go on at once. `whenOver` stops what must
   * not run in both.
   */
  async handOver(whenOver: () => void): Promise<void> {
    await this.#core.keeper?.whenKept();
    await this.snapshots.beforeHandover();
    await this.#core.keeper?.close(whenOver);
  }

  /** Takes a session that is new. Rejects with `session_state` for one that was begun before. */
  async begin(): Promise<void> {
    const keeper = await hold(this.sessionId, this.#userKey, this.#ports);
    if (keeper.lease.seq > 0) {
      await keeper.close();
      throw new MeanwhileError(
        'session_state',
        `start: session ${this.sessionId} is in the store already. Bring it back with AgentSession.restore().`,
      );
    }
    this.#core.keeper = keeper;
  }

  /** Takes one that was begun by another process. */
  async takeOver(takeOver: boolean): Promise<void> {
    this.#core.keeper = await holdAfter(this.sessionId, { ...this.#userKey, takeOver }, this.#ports);
  }

  /** The records behind `after` that the store has, in its pieces, then those that it has not taken yet. */
  async read(after: number): Promise<readonly SessionRecord[]> {
    // What is taken while the store is asked is in one of both.
    const unkept = this.#core.keeper?.unkept ?? [];
    const kept = await this.#ports.store.read(this.sessionId, after);
    return kept.length > 0 ? kept : unkept.filter(({ seq }) => seq > after);
  }

  /** The conversation goes on, and what is recorded waits here. */
  #trouble(error: unknown): void {
    const { logger, events } = this.#core;
    logger.warn(`The store fails; the session goes on and is not kept meanwhile: ${describeError(error)}`);
    events.emit('error', { source: 'store', error });
  }

  /** It is asked again when the lease is renewed. */
  #outboxTrouble(error: unknown): void {
    const { logger, events } = this.#core;
    logger.warn(`The user's outbox cannot be reached: ${describeError(error)}`);
    events.emit('error', { source: 'store', error });
  }

  /** The lease may have run out: another process may speak from now on. */
  #silence(): void {
    const { logger, speeches } = this.#core;
    logger.warn('The store cannot be reached and the lease may have run out: the agent is silent until it is renewed.');
    for (const speech of [...speeches]) speech.cut('session');
  }

  /** Another process has the session: nothing is said or done here any more. */
  #lost(error: unknown): void {
    const { logger, events, session } = this.#core;
    logger.error(`The session is lost to another process: ${describeError(error)}`);
    events.emit('error', { source: 'store', error });
    void session.leave('taken over');
  }
}
