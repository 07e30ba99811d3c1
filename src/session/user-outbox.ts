/**
 * The outbox of a session's user. Results of his earlier sessions are collected, recorded here like any other, told, and
 * settled when they have their receipt; what a session could not tell goes into it. In which order, and why no crash loses or
 * doubles one: docs/design/store.md.
 */
import type { TaskRecord } from '../chat/items.ts';
import type { SessionRecord } from '../chat/records.ts';
import { isUsedId } from '../chat/state.ts';
import type { SessionLease, SessionStore } from '../chat/store.ts';
import type { CollectedResult, UndeliveredResult } from '../chat/undelivered.ts';
import { describeAge } from '../engine/duplicates.ts';
import { SessionClosedError } from '../errors.ts';
import { promptText } from '../tools/prompts.ts';
import type { Core } from './core.ts';
import { inTime } from './keeper.ts';

/** Why a receipt is `accepted`: it waits for the user's next session. */
export const inOutbox = 'outbox';

export class UserOutbox {
  readonly #core: Core;
  readonly #store: SessionStore;
  readonly #userKey: string;
  /** Have a receipt, and the store has not taken it yet. */
  readonly #unsettled = new Set<string>();
  readonly #onTrouble: (error: unknown) => void;
  #looking: Promise<void> | undefined;

  constructor(core: Core, store: SessionStore, userKey: string, onTrouble: (error: unknown) => void) {
    this.#core = core;
    this.#store = store;
    this.#userKey = userKey;
    this.#onTrouble = onTrouble;
    core.log.observe((record) => this.#noteReceipt(record));
  }

  /** Rejects as the store does. */
  async post(result: UndeliveredResult): Promise<void> {
    await this.#ask((lease) => this.#store.post(lease, this.#userKey, result));
  }

  /** What waits, and what is this session's already. Rejects as the store does. */
  async collect(): Promise<readonly CollectedResult[]> {
    return await this.#ask((lease) => this.#store.collect(lease, this.#userKey));
  }

  /** What waits becomes this session's: at its start, and whenever its lease is renewed. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  /** Without a yield. `collected`: all that is this session's by now. */
  receive(collected: readonly CollectedResult[]): void {
    const { log, executor } = this.#core;
    const { received, deliveries } = log.state.tasks;
    const recordIds = new Map([...received].map(([recordId, { deliveryId }]) => [deliveryId, recordId]));
    const mine = new Set(collected.map(({ result }) => result.deliveryId));
    for (const [deliveryId, id] of recordIds) {
      const delivery = deliveries.get(id);
      if (!delivery || delivery.taken !== undefined || mine.has(deliveryId)) continue;
      log.commit({
        type: 'delivery_ended',
        id,
        receipt: 'dropped',
        reason: 'it was told before, or another session has it',
      });
    }
    for (const each of collected) {
      const recordId = recordIds.get(each.result.deliveryId);
      if (recordId === undefined) this.#add(each);
      else if (!deliveries.has(recordId)) this.#settle(each.result.deliveryId);
    }
    executor.announcer.recorded();
  }

  /** Waits for what is under way. Never rejects. */
  async close(): Promise<void> {
    await this.#looking;
    await this.#settleAll();
  }

  async #look(): Promise<void> {
    await this.#settleAll();
    const { stage, log } = this.#core;
    // Before anybody is on stage there is no session yet that it could be recorded in.
    if (stage.isClosing || log.state.status !== 'open') return;
    try {
      this.receive(await this.collect());
    } catch (error) {
      this.#onTrouble(error);
    }
  }

  #add({ result, again }: CollectedResult): void {
    const { log, clock } = this.#core;
    const callId = this.#newCallId();
    const record: TaskRecord = {
      kind: 'record',
      id: `${callId}_final`,
      callId,
      phase: 'final',
      toolName: result.toolName,
      input: result.args,
      output: { type: result.output.type, text: this.#text(result) },
      owner: 'session',
      at: clock.now(),
    };
    const { expiresAt } = result;
    const mine = again && result.heard === undefined ? { ...result, heard: '' } : result;
    const added = log.commit({
      type: 'result_received',
      result: mine,
      record,
      delivery: { mode: 'when_idle', ...(expiresAt === undefined ? {} : { expiresAt }) },
    });
    // The session has ended meanwhile.
    if (!added) this.post(mine).catch(this.#onTrouble);
  }

  /** No call of a model has such an id, and no other result. */
  #newCallId(): string {
    const { state } = this.#core.log;
    for (let n = state.seq + 1; ; n += 1) {
      const id = `earlier_${String(n)}`;
      if (!isUsedId(state.tasks, id)) return id;
    }
  }

  #text({ toolName, args, output, endedAt }: UndeliveredResult): string {
    const { stage, options, clock } = this.#core;
    const layers = [stage.current?.agent.options.prompts, options.prompts];
    const told = {
      functionName: toolName,
      arguments: JSON.stringify(args),
      age: describeAge(Math.max(0, clock.now() - endedAt)),
      output: output.text,
    };
    return promptText(layers, 'earlierResult', told, (error, name) =>
      this.#core.report({ type: 'prompt_failed', name, error }),
    );
  }

  #noteReceipt(record: SessionRecord): void {
    if (record.type !== 'delivery_ended' || record.reason === inOutbox) return;
    const result = this.#core.log.state.tasks.received.get(record.id);
    if (result) this.#settle(result.deliveryId);
  }

  #settle(deliveryId: string): void {
    this.#unsettled.add(deliveryId);
    void this.#settleAll();
  }

  async #settleAll(): Promise<void> {
    for (const deliveryId of [...this.#unsettled]) {
      try {
        await this.#ask((lease) => this.#store.settle(lease, deliveryId));
        this.#unsettled.delete(deliveryId);
      } catch (error) {
        return this.#onTrouble(error);
      }
    }
  }

  async #ask<T>(ask: (lease: SessionLease) => Promise<T>): Promise<T> {
    const { keeper, clock } = this.#core;
    if (!keeper) throw new SessionClosedError('the outbox');
    return await inTime(ask(keeper.lease), clock);
  }
}
