/**
 * What goes on when the conversation is over (`whenSessionEnds: 'finish'`). Bodies run to their end, and each result is handed
 * over: to the application's `onUndelivered`, or into the user's outbox. What there is to hand over is the ledger, and nothing
 * beside it, so where this process dies too a restored session goes on with it.
 */
import type { Receipt } from '../chat/records.ts';
import type { DeliveryState, SessionState } from '../chat/state.ts';
import type { UndeliveredResult } from '../chat/undelivered.ts';
import { bounded } from '../engine/bounded.ts';
import { Latch } from '../engine/latch.ts';
import type { EngineTool } from '../engine/seam.ts';
import { describeError } from '../errors.ts';
import { runAsNobody } from './ambient.ts';
import type { Core } from './core.ts';
import { inOutbox } from './user-outbox.ts';

/** A result that nobody was there to hear, for `onUndelivered`. */
export interface Undelivered<UserData = unknown> extends UndeliveredResult {
  readonly userKey?: string;
  readonly userData: UserData;
}

interface HandedOver {
  readonly receipt: Receipt;
  readonly reason?: string;
}

/** An `onUndelivered` that has not settled by then has failed. */
const handlerPatienceMs = 30_000;
/** The longest time before a store is asked again. */
const longestPauseMs = 60_000;

/** Does it go on when the session ends? */
export function finishes({ options }: Core, tool: EngineTool | undefined): boolean {
  return (tool?.policy.whenSessionEnds ?? options.whenSessionEnds) === 'finish';
}

export class Afterlife {
  readonly #core: Core;
  readonly #userKey: string | undefined;
  readonly #finished = new Latch();
  /** By delivery: on its way to somebody. */
  readonly #handing = new Map<string, Promise<void>>();
  readonly #onLeft = new Set<() => void>();
  #state: 'before' | 'going' | 'ending' | 'over' = 'before';

  constructor(core: Core, userKey: string | undefined) {
    this.#core = core;
    this.#userKey = userKey;
  }

  get whenFinished(): Promise<void> {
    return this.#finished.opened;
  }

  /** Calls `listener` where it goes on in another process; returns the way to stop. */
  onClosed(listener: () => void): () => void {
    this.#onLeft.add(listener);
    return () => this.#onLeft.delete(listener);
  }

  /** Nothing goes on. */
  finish(): void {
    this.#state = 'over';
    this.#finished.open();
  }

  /** After `session_ended`. Resolves when what is there is handed over, and where no body runs when all is over. */
  async begin(): Promise<void> {
    this.#state = 'going';
    this.#core.log.observe(() => this.#look());
    this.#look();
    if (this.#core.log.state.tasks.running.size === 0) await this.whenFinished;
    else await Promise.all(this.#handing.values());
  }

  /** It goes on in another process: bodies are aborted, and of that nothing is kept. */
  async leave(): Promise<void> {
    const { keeping, log, executor } = this.#core;
    if (this.#state !== 'going') {
      await keeping?.close();
      return this.whenFinished;
    }
    this.#state = 'ending';
    for (const listener of [...this.#onLeft]) listener();
    await keeping?.close(() => void executor.close('suspended', { stop: 'suspended' }));
    await this.#stop('suspended');
    log.commit({ type: 'session_closed', reason: 'suspended' });
    this.finish();
  }

  #look(): void {
    if (this.#state !== 'going') return;
    const { deliveries, running } = this.#core.log.state.tasks;
    for (const delivery of deliveries.values())
      if (!this.#handing.has(delivery.id)) this.#handing.set(delivery.id, this.#hand(delivery));
    if (deliveries.size === 0 && running.size === 0) void this.#end();
  }

  async #end(): Promise<void> {
    this.#state = 'ending';
    const { log, keeping, keeper } = this.#core;
    await this.#stop('closed');
    log.commit({ type: 'session_closed', reason: 'finished' });
    await keeper?.whenSafe();
    await keeping?.close();
    this.finish();
  }

  /** Toolsets are closed after the last task of their tools (S8.6). */
  async #stop(stop: 'closed' | 'suspended'): Promise<void> {
    const { executor, session, options, clock } = this.#core;
    const stopped = executor.close(stop, { stop });
    await bounded(Promise.all([stopped, session.sharedTools.close()]), options.closeTimeoutMs, clock);
    executor.giveUp();
  }

  async #hand(delivery: DeliveryState): Promise<void> {
    // Nobody hears of what a crash could still take back.
    await this.#core.keeper?.whenKept();
    const { receipt, reason } = await this.#receiptOf(delivery);
    if (this.#state !== 'going') return;
    const { id } = delivery;
    this.#core.log.commit({ type: 'delivery_ended', id, receipt, ...(reason === undefined ? {} : { reason }) });
    this.#handing.delete(id);
  }

  async #receiptOf(delivery: DeliveryState): Promise<HandedOver> {
    const { log, clock, options, keeping, logger } = this.#core;
    if (delivery.stale) return delivery.stale;
    if (delivery.expiresAt !== undefined && delivery.expiresAt <= clock.now()) return { receipt: 'expired' };
    const result = toResult(log.state, delivery);
    const isOwn = !log.state.tasks.received.has(delivery.id);
    if (isOwn && options.onUndelivered) {
      const failure = await this.#give(result);
      if (failure === undefined) return { receipt: 'accepted', reason: 'onUndelivered' };
      if (!keeping?.outbox) return { receipt: 'failed', reason: failure };
    }
    if (!keeping?.outbox) {
      const reason = 'nobody is there to be told: give the session onUndelivered, or a store and a userKey';
      logger.warn(`The result of ${result.toolName} (${result.deliveryId}) is dropped: ${reason}.`);
      return { receipt: 'dropped', reason };
    }
    await this.#post(result);
    return { receipt: 'accepted', reason: inOutbox };
  }

  /** Why the application did not take it; undefined when it did. */
  async #give(result: UndeliveredResult): Promise<string | undefined> {
    const { maxAttempts, retryDelayMs } = this.#core.options;
    for (let attempt = 1; ; attempt += 1) {
      const failure = await this.#giveOnce(result);
      if (failure === undefined || attempt >= maxAttempts) return failure;
      await this.#pause(retryDelayMs * 2 ** (attempt - 1));
    }
  }

  async #giveOnce(result: UndeliveredResult): Promise<string | undefined> {
    const { options, session, clock, logger, events } = this.#core;
    const userKey = this.#userKey === undefined ? {} : { userKey: this.#userKey };
    const undelivered = { ...result, ...userKey, userData: session.userData };
    try {
      const given = runAsNobody(async () => await options.onUndelivered?.(undelivered));
      if (await bounded(given, handlerPatienceMs, clock, this)) {
        await given;
        return undefined;
      }
      throw new Error(`onUndelivered has not settled within ${String(handlerPatienceMs)} ms.`);
    } catch (error) {
      if (this.#state !== 'going') return undefined;
      logger.error(`onUndelivered failed for ${result.deliveryId}: ${describeError(error)}`);
      events.emit('error', { source: 'delivery', error, callId: result.toolCallId });
      return describeError(error);
    }
  }

  /** Until the store takes it: where this process dies before, a restored session goes on. */
  async #post(result: UndeliveredResult): Promise<void> {
    const { keeping, keeper, logger, options } = this.#core;
    // Else another session could tell it, and this one, restored, would tell it too.
    await keeper?.whenSafe();
    for (let pauseMs = options.retryDelayMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
      try {
        return await keeping?.outbox?.post(result);
      } catch (error) {
        logger.warn(`The outbox did not take ${result.deliveryId}; it is asked again: ${describeError(error)}`);
      }
      await this.#pause(Math.max(1, pauseMs));
    }
  }

  /** Never resolves when the session goes on elsewhere meanwhile. */
  #pause(ms: number): Promise<void> {
    const { clock } = this.#core;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#state !== 'going') return promise;
    const timer = clock.setTimeout(() => {
      stop();
      resolve();
    }, ms);
    const stop = this.onClosed(() => clock.clearTimeout(timer));
    return promise;
  }
}

function toResult({ sessionId, tasks }: SessionState, delivery: DeliveryState): UndeliveredResult {
  const { id, callId, record, attempts, expiresAt, covered, taken } = delivery;
  const heard = delivery.heard ?? (covered || taken !== undefined ? '' : undefined);
  const standing = { attempts, ...(heard === undefined ? {} : { heard }) };
  const received = tasks.received.get(id);
  if (received) return { ...received, ...standing };
  const ended = tasks.ended.get(callId);
  return {
    deliveryId: `${sessionId}/${id}`,
    sessionId,
    toolCallId: callId,
    toolName: record.toolName,
    args: record.input,
    output: record.output,
    state: ended?.state ?? 'completed',
    endedAt: ended?.endedAt ?? record.at,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...standing,
  };
}
