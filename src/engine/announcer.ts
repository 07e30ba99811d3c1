/**
 * The announcer: one per session (S3.2). It turns what is due into claims of the floor, and when the floor is handed
 * over takes everything due, asks for one reply, and writes what became of each record.
 *
 * What is due, in which words, and what an outcome means is decided in `ledger.ts`. Here are one timer (the coalescing
 * window or the next change by time), and one claim for each owner and level that has something due.
 */
import type { TimerHandle } from '../clock.ts';
import type { Receipt } from '../chat/records.ts';
import type { DeliveryState } from '../chat/state.ts';
import { promptText } from '../tools/prompts.ts';
import { planReply, settle, survey, takeDue, type Group } from './ledger.ts';
import type { Claim, EngineDeps, EngineTool, Floor, Outcome } from './seam.ts';

interface Waiting {
  readonly order: number;
  readonly claim: Claim;
}

export class Announcer {
  readonly #deps: EngineDeps;
  readonly #toolOf: (callId: string) => EngineTool | undefined;
  readonly #claims = new Map<string, Waiting>();
  #groups: ReadonlyMap<string, Group> = new Map();
  #timer: { readonly at: number; readonly handle: TimerHandle } | undefined;
  #windowUntil: number | undefined;
  #closed = false;

  constructor(deps: EngineDeps, toolOf: (callId: string) => EngineTool | undefined) {
    this.#deps = deps;
    this.#toolOf = toolOf;
  }

  /** Something was recorded: the window opens with the first record and is not restarted by later ones. */
  recorded(): void {
    if (this.#closed || this.#deps.journal.state.tasks.deliveries.size === 0) return;
    if (this.#windowUntil !== undefined) return;
    this.#windowUntil = this.#deps.clock.now() + this.#deps.options.coalesceMs;
    this.#armAt(this.#windowUntil);
  }

  /** Looks at the whole ledger: after a window, an outcome, a move, a moment that was waited for. */
  look(): void {
    if (this.#closed) return;
    const now = this.#deps.clock.now();
    const found = survey(this.#deps.journal.state.tasks, now);
    for (const { id, receipt, reason } of found.over) this.#end(id, receipt, reason);
    this.#groups = found.groups;
    for (const [key, waiting] of this.#claims) {
      const group = found.groups.get(key);
      if (group && group.order === waiting.order) continue;
      this.#claims.delete(key);
      waiting.claim.cancel();
    }
    for (const [key, group] of found.groups) if (!this.#claims.has(key)) this.#claim(key, group);
    if (found.nextAt !== undefined) this.#armAt(found.nextAt);
  }

  /** Is there anything that could be told without the user? */
  get hasWork(): boolean {
    return this.#deps.journal.state.tasks.deliveries.size > 0;
  }

  close(): void {
    this.#closed = true;
    for (const { claim } of this.#claims.values()) claim.cancel();
    this.#claims.clear();
    this.#deps.clock.clearTimeout(this.#timer?.handle);
  }

  #claim(key: string, group: Group): void {
    const { owner, level, order } = group;
    const about = (): readonly string[] => this.#groups.get(key)?.ids ?? [];
    const claim = this.#deps.conversation.claim({ owner, level, order, about }, (floor) => {
      this.#claims.delete(key);
      this.#take(floor);
    });
    this.#claims.set(key, { order, claim });
  }

  /** Runs without yielding from the handing over of the floor to the start of the reply (S3.3). */
  #take(floor: Floor): void {
    const { tasks } = this.#deps.journal.state;
    const taken = takeDue(tasks, this.#deps.clock.now(), (owner, level) => floor.serves(owner, level));
    if (taken.length === 0) {
      floor.release();
      return this.look();
    }
    const ids = taken.map((delivery) => delivery.id);
    const covered = new Set(ids.filter((id) => this.#deps.conversation.covered(id)));
    const plan = planReply(taken, covered, (delivery) => this.#toolOf(delivery.callId)?.policy.deliveryToolChoice);
    const instructions = this.#instructions(taken, plan, floor);
    this.#deps.journal.commit({
      type: 'delivery_taken',
      ids,
      covered: [...covered],
      speechId: floor.speechId,
      ...(floor.activityId === undefined ? {} : { activityId: floor.activityId }),
    });
    void this.#deps.outbox.flush();
    const outcome = floor.speak({ instructions, toolChoice: plan.toolChoice, about: ids });
    void outcome.then(
      (how) => this.#settle(ids, covered, how),
      (error: unknown) => this.#settle(ids, covered, { type: 'failed', error }),
    );
  }

  #instructions(taken: readonly DeliveryState[], plan: ReturnType<typeof planReply>, floor: Floor): string {
    const { prompt, callIds, newCallIds, heard } = plan;
    const layers = [...this.#toolsetPrompts(taken), ...floor.prompts];
    return promptText(layers, prompt, { callIds, newCallIds, heard }, (error) =>
      this.#deps.report({ type: 'prompt_failed', name: prompt, error }),
    );
  }

  /** An AsyncToolset's reply prompts hold when all records of the reply are its own (S9.1). */
  #toolsetPrompts(taken: readonly DeliveryState[]): EngineTool['prompts'] {
    const tools = taken.map((delivery) => this.#toolOf(delivery.callId));
    const first = tools[0];
    const same = first?.toolset !== undefined && tools.every((tool) => tool?.toolset === first.toolset);
    return same ? first.prompts : [];
  }

  #settle(ids: readonly string[], covered: ReadonlySet<string>, outcome: Outcome): void {
    if (this.#closed) return;
    const { tasks } = this.#deps.journal.state;
    if (outcome.type === 'failed') this.#deps.report({ type: 'delivery_failed', ids, error: outcome.error });
    const toolsCalled = outcome.type !== 'accepted' && outcome.toolsCalled === true;
    for (const id of ids) {
      const delivery = tasks.deliveries.get(id);
      if (!delivery) continue;
      const result = settle(delivery, covered.has(id), outcome, this.#deps.clock.now(), this.#deps.options);
      if (result.type === 'ended') this.#end(id, result.receipt, result.reason);
      else this.#deps.journal.commit({ ...result, type: 'delivery_returned', id, ...(toolsCalled ? { toolsCalled: true } : {}) });
    }
    this.look();
    this.#deps.changed();
  }

  #end(id: string, receipt: Receipt, reason: string | undefined): void {
    this.#deps.journal.commit({ type: 'delivery_ended', id, receipt, ...(reason === undefined ? {} : { reason }) });
  }

  #armAt(at: number): void {
    if (this.#timer && this.#timer.at <= at) return;
    this.#deps.clock.clearTimeout(this.#timer?.handle);
    const handle = this.#deps.clock.setTimeout(() => this.#onTimer(), Math.max(0, at - this.#deps.clock.now()));
    this.#timer = { at, handle };
  }

  #onTimer(): void {
    this.#timer = undefined;
    const now = this.#deps.clock.now();
    if (this.#windowUntil !== undefined && this.#windowUntil <= now) this.#windowUntil = undefined;
    this.look();
    if (this.#windowUntil !== undefined) this.#armAt(this.#windowUntil);
    this.#deps.changed();
  }
}
