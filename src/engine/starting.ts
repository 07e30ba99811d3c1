/**
 * What stands between a task and its body's first line, in this order: the user's approval (S6.6), the tasks it
 * replaces (S4.3), a place among those of its tool that run (S5.5). Where nothing does, the body starts without a yield.
 */
import { emptyMap, put, remove } from '../chat/tables.ts';
import { answered, declined, endingOfThrow } from './ending.ts';
import { refusalOf } from './cancelling.ts';
import { earlierDuplicates } from './duplicates.ts';
import { Places } from './limits.ts';
import type { Roster } from './roster.ts';
import type { EngineDeps, EngineTool } from './seam.ts';
import type { Task } from './task.ts';

export class Starting {
  readonly #deps: EngineDeps;
  readonly #roster: Roster;
  readonly #places = new Places();
  /** By the task that replaces them: bodies that have yet to stop. Who replaces that one waits for them as well. */
  #stopping: ReadonlyMap<string, Promise<unknown>> = emptyMap();

  constructor(deps: EngineDeps, roster: Roster) {
    this.#deps = deps;
    this.#roster = roster;
  }

  /** No place is free, none will be given back by what it replaces, and it may not wait for one. */
  turnsAway({ name, policy }: EngineTool, replaced: readonly Task[]): boolean {
    const { maxConcurrency } = policy;
    if (maxConcurrency?.whenFull !== 'reject' || !this.#places.isFull(name, maxConcurrency.limit)) return false;
    return !replaced.some((task) => this.#places.holds(name, task.callId));
  }

  start(task: Task, replaces: boolean): void {
    let needed: boolean | PromiseLike<boolean>;
    try {
      needed = task.tool.needsApproval(task.value);
    } catch (thrown) {
      return task.end(endingOfThrow(thrown));
    }
    const goOn = (): void => (replaces ? this.#replace(task) : this.#place(task));
    if (needed === false) return goOn();
    void this.#approve(task, needed).then((approved) => {
      if (approved) goOn();
    });
  }

  /** Asked before the body starts, for exactly these arguments; declined, the body never runs. */
  async #approve(task: Task, needed: boolean | PromiseLike<boolean>): Promise<boolean> {
    try {
      if (!(await needed)) return true;
      const message = task.text('approval', { functionName: task.tool.name, arguments: JSON.stringify(task.input) });
      const { action } = await this.#deps.questions.ask(task, { message }, true);
      if (action !== 'accept') task.end(declined);
      return action === 'accept';
    } catch (thrown) {
      task.end(endingOfThrow(thrown));
      return false;
    }
  }

  /** What it replaces is looked up again: an approval may have taken a while. */
  #replace(task: Task): void {
    if (task.hasEnded) return;
    const ids = earlierDuplicates(this.#deps.journal.state.tasks, task.callId);
    const replaced = ids.flatMap((callId) => this.#roster.get(callId) ?? []);
    const kept = replaced.find((other) => refusalOf(other) !== undefined);
    const refusal = kept && refusalOf(kept);
    if (refusal) return task.end(answered({ type: 'error', text: task.text(refusal, { callId: kept.callId }) }, true));
    if (replaced.length === 0) return this.#place(task);
    if (this.#places.inherit(task.tool.name, ids, task.callId)) this.#hold(task);
    for (const other of replaced) other.cancel();
    const stopped = Promise.all(
      replaced.map((other) => Promise.all([other.whenStopped, this.#stopping.get(other.callId)])),
    );
    this.#stopping = put(this.#stopping, task.callId, stopped);
    void stopped.then(() => {
      remove(this.#stopping, task.callId);
      this.#place(task);
    });
  }

  /** One that has ended by now does not run, and gives back at once what it takes here. */
  #place(task: Task): void {
    const { name, policy } = task.tool;
    const { maxConcurrency } = policy;
    if (maxConcurrency === undefined || this.#places.holds(name, task.callId)) return task.run();
    if (this.#places.take(name, task.callId, maxConcurrency.limit)) {
      this.#hold(task);
      return task.run();
    }
    if (maxConcurrency.whenFull === 'reject') {
      const text = task.text('queueFull', { functionName: name, limit: String(maxConcurrency.limit) });
      return task.end(answered({ type: 'error', text }, true));
    }
    const leaveQueue = this.#places.wait(name, task.callId, () => {
      this.#hold(task);
      task.run();
    });
    void task.whenEnded.then(leaveQueue);
    task.background('queued');
  }

  /** It has a place until its body has stopped, or is not waited for any more. */
  #hold(task: Task): void {
    void task.whenStopped.then(() => this.#places.leave(task.tool.name, task.callId));
  }
}
