/**
 * The announcer: one per session (S3.2). It turns what is due into claims of the floor, and when the floor is handed
 * over takes everything due, asks for one reply, and writes what became of each record (S3.4).
 *
 * What is due, in which words, and what an outcome means is decided in `ledger.ts`. Here are one timer (for what was
 * recorded a moment ago, or the next change by time), and one claim for each owner and level that has something due. A
 * claim has its place in the order from the first look on, and is not served before the window of its oldest record
 * has passed: nobody who asks later overtakes it (S6.9).
 *
 * Whatever is called from here may call back: a host may hand the floor over inside `claim` (a free floor), and a
 * listener to a receipt may end other tasks. So nothing found in the ledger is used after such a call without asking
 * again: `#groups` is the newest survey, and a look that finds it replaced has been overtaken.
 */
import type { TimerHandle } from '../clock.ts';
import type { Receipt } from '../chat/records.ts';
import type { DeliveryState, TasksState } from '../chat/state.ts';
import { add, emptyMap, emptySet, put, remove } from '../chat/tables.ts';
import { promptText } from '../tools/prompts.ts';
import { planReply, settle, survey, takeDue, type Group, type ReplyPlan, type Survey } from './ledger.ts';
import type { Claim, DeliveryReply, EngineDeps, EngineTool, Floor, Outcome } from './seam.ts';

/** The tools of calls that have something to tell. */
export interface ToldTools {
  toolOf(callId: string): EngineTool | undefined;
  /** Something of the call has its receipt. */
  told(callId: string): void;
}

interface Waiting {
  readonly order: number;
  /** Undefined while the host is being asked. */
  claim: Claim | undefined;
}

export class Announcer {
  readonly #deps: EngineDeps;
  readonly #tools: ToldTools;
  #claims: ReadonlyMap<string, Waiting> = emptyMap();
  #groups: ReadonlyMap<string, Group> = emptyMap();
  #timer: { readonly at: number; readonly handle: TimerHandle } | undefined;
  /** There is something new to look at, and no hurry before then. */
  #lookBy: number | undefined;
  #nextAt: number | undefined;
  #lookPlanned = false;
  /** Replies under way: what becomes of their records is not written yet. */
  #telling: ReadonlySet<Promise<void>> = emptySet();
  #closed = false;

  constructor(deps: EngineDeps, tools: ToldTools) {
    this.#deps = deps;
    this.#tools = tools;
  }

  /** Something was recorded. Looking at the ledger for each record would make a thousand of them cost a million. */
  recorded(): void {
    if (this.#closed) return;
    this.sweep();
    if (this.#tasks.deliveries.size === 0) return this.look();
    if (this.#deps.options.coalesceMs <= 0 && this.#claims.size === 0) return this.#lookSoon();
    this.#lookBy ??= this.#deps.clock.now() + this.#deps.options.coalesceMs;
    this.#arm();
  }

  /** Nothing is waited for but the running code: a timer would take a millisecond. */
  #lookSoon(): void {
    if (this.#lookPlanned) return;
    this.#lookPlanned = true;
    void Promise.resolve().then(() => {
      this.#lookPlanned = false;
      this.look();
      this.#deps.changed();
    });
  }

  /** Ends what something later made stale, unless it is being told right now. */
  sweep(): void {
    for (const id of [...this.#tasks.stale]) {
      const delivery = this.#tasks.deliveries.get(id);
      if (!delivery?.stale || delivery.taken !== undefined) continue;
      this.#end(delivery, delivery.stale);
    }
  }

  /** Looks at the whole ledger: after a window, an outcome, a move, a moment that was waited for. */
  look(): void {
    if (this.#closed) return;
    const { groups, nextAt } = this.#survey();
    this.#groups = groups;
    this.#nextAt = nextAt;
    this.#lookBy = undefined;
    this.#arm();
    this.#dropClaims(groups);
    this.#claimAll(groups);
  }

  /** Resolves when the replies under way have their outcome, and each of their records knows what became of it. */
  async whenTold(): Promise<void> {
    await Promise.all(this.#telling);
  }

  close(): void {
    this.#closed = true;
    for (const { claim } of this.#claims.values()) claim?.cancel();
    this.#claims = emptyMap();
    this.#deps.clock.clearTimeout(this.#timer?.handle);
    this.#timer = undefined;
  }

  get #tasks(): TasksState {
    return this.#deps.journal.state.tasks;
  }

  /** Gives what is over its receipt; the rest is what there is to do. */
  #survey(): Survey {
    const found = survey(this.#tasks, this.#deps.clock.now());
    if (found.over.length === 0) return found;
    for (const over of found.over) {
      const delivery = this.#tasks.deliveries.get(over.id);
      if (delivery && delivery.taken === undefined) this.#end(delivery, over);
    }
    return survey(this.#tasks, this.#deps.clock.now());
  }

  #dropClaims(groups: ReadonlyMap<string, Group>): void {
    for (const [key, waiting] of [...this.#claims]) {
      if (this.#groups !== groups) return;
      if (groups.get(key)?.order === waiting.order) continue;
      remove(this.#claims, key);
      waiting.claim?.cancel();
    }
  }

  #claimAll(groups: ReadonlyMap<string, Group>): void {
    for (const [key, group] of groups) {
      if (this.#groups !== groups || this.#closed) return;
      if (!this.#claims.has(key)) this.#claim(key, group);
    }
  }

  #claim(key: string, group: Group): void {
    const { owner, level, order, asker } = group;
    const notBefore = group.at + this.#deps.options.coalesceMs;
    const waiting: Waiting = { order, claim: undefined };
    this.#claims = put(this.#claims, key, waiting);
    const about = (): readonly string[] =>
      this.#groups.get(key)?.ids.filter((id) => this.#tasks.deliveries.has(id)) ?? [];
    const claim = this.#deps.conversation.claim({ owner, level, order, notBefore, about, asker }, (floor) => {
      if (this.#claims.get(key) === waiting) remove(this.#claims, key);
      this.#take(floor);
    });
    if (this.#claims.get(key) === waiting) waiting.claim = claim;
    else claim.cancel();
  }

  /** Runs without yielding from the handing over of the floor to the start of the reply (S3.3). */
  #take(floor: Floor): void {
    if (this.#closed) return floor.release();
    const taken = takeDue(this.#tasks, this.#deps.clock.now(), (...of) => floor.serves(...of));
    if (taken.length === 0) floor.release();
    else this.#speak(floor, taken);
    this.look();
  }

  #speak(floor: Floor, taken: readonly DeliveryState[]): void {
    const ids = taken.map((delivery) => delivery.id);
    const covered = new Set(taken.filter((delivery) => this.#isCovered(delivery)).map((delivery) => delivery.id));
    const plan = planReply(
      taken,
      covered,
      (delivery) => this.#tools.toolOf(delivery.callId)?.policy.deliveryToolChoice,
    );
    const reply = { instructions: this.#instructions(taken, plan, floor), toolChoice: plan.toolChoice, about: ids };
    const { speechId, activityId } = floor;
    this.#deps.journal.commit({
      type: 'delivery_taken',
      ids,
      covered: [...covered],
      speechId,
      ...(activityId === undefined ? {} : { activityId }),
    });
    void this.#deps.outbox.flush();
    const told = this.#tell(floor, reply, covered);
    this.#telling = add(this.#telling, told);
    void told.then(() => remove(this.#telling, told));
  }

  /** What was heard of it before it was cut was said over a request that contained it. */
  #isCovered(delivery: DeliveryState): boolean {
    return delivery.heard !== undefined || this.#deps.conversation.covered(delivery.id);
  }

  /** `speak` is called before the first yield. */
  async #tell(floor: Floor, reply: DeliveryReply, covered: ReadonlySet<string>): Promise<void> {
    let outcome: Outcome;
    try {
      outcome = await floor.speak(reply);
    } catch (error) {
      outcome = { type: 'failed', error };
    }
    this.#settle(reply.about, covered, outcome);
  }

  #instructions(taken: readonly DeliveryState[], plan: ReplyPlan, floor: Floor): string {
    const { prompt, callIds, newCallIds, heard } = plan;
    const layers = [...this.#toolsetPrompts(taken), ...this.#deps.prompts(floor.activityId ?? '')];
    return promptText(layers, prompt, { callIds, newCallIds, heard }, (error) =>
      this.#deps.report({ type: 'prompt_failed', name: prompt, error }),
    );
  }

  /** An AsyncToolset's reply prompts hold when all records of the reply are its own (S9.1). */
  #toolsetPrompts(taken: readonly DeliveryState[]): EngineTool['prompts'] {
    const tools = taken.map((delivery) => this.#tools.toolOf(delivery.callId));
    const first = tools[0];
    const same = first?.toolset !== undefined && tools.every((tool) => tool?.toolset === first.toolset);
    return same ? first.prompts : [];
  }

  #settle(ids: readonly string[], covered: ReadonlySet<string>, outcome: Outcome): void {
    if (this.#closed) return;
    const { options, conversation, clock } = this.#deps;
    const policy = { ...options, knowsHeard: conversation.capabilities.heard !== 'unknown' };
    if (outcome.type === 'failed') this.#deps.report({ type: 'delivery_failed', ids, error: outcome.error });
    const toolsCalled = outcome.type !== 'accepted' && outcome.toolsCalled === true;
    for (const id of ids) {
      const delivery = this.#tasks.deliveries.get(id);
      if (!delivery) continue;
      const result = settle(delivery, covered.has(id), outcome, clock.now(), policy);
      if (result.type === 'ended') this.#end(delivery, result);
      else
        this.#deps.journal.commit({
          ...result,
          type: 'delivery_returned',
          id,
          ...(toolsCalled ? { toolsCalled: true } : {}),
        });
    }
    this.look();
    this.#deps.changed();
  }

  #end({ id, callId }: DeliveryState, how: { readonly receipt: Receipt; readonly reason?: string }): void {
    const { receipt, reason } = how;
    this.#deps.journal.commit({ type: 'delivery_ended', id, receipt, ...(reason === undefined ? {} : { reason }) });
    this.#tools.told(callId);
  }

  /** The timer stands at the next moment that matters, or not at all. */
  #arm(): void {
    const { clock } = this.#deps;
    const at = earliest(this.#lookBy, this.#nextAt);
    if (this.#timer?.at === at) return;
    clock.clearTimeout(this.#timer?.handle);
    if (at === undefined) {
      this.#timer = undefined;
      return;
    }
    const handle = clock.setTimeout(() => this.#onTimer(), Math.max(0, at - clock.now()));
    this.#timer = { at, handle };
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.look();
    this.#deps.changed();
  }
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}
