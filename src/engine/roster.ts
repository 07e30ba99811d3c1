/** Who runs: the tasks whose bodies run or are stopping (S5.3), and the tools of all calls that can still be told. */
import { emptyMap, put, remove } from '../chat/tables.ts';
import type { EngineTool, Journal } from './seam.ts';
import type { Task } from './task.ts';

export class Roster {
  readonly #journal: Journal;
  #live: ReadonlyMap<string, Task> = emptyMap();
  /** Tools of calls that run no more, or never did, and are still to be told. */
  #untold: ReadonlyMap<string, EngineTool> = emptyMap();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  get live(): Iterable<Task> {
    return this.#live.values();
  }

  add(task: Task): void {
    this.#live = put(this.#live, task.callId, task);
  }

  get(callId: string): Task | undefined {
    return this.#live.get(callId);
  }

  /** Also by the id of a call that joined it (S4.4). */
  find(callId: string): Task | undefined {
    return this.#live.get(this.idOf(callId));
  }

  idOf(callId: string): string {
    return this.#journal.state.tasks.joined.get(callId) ?? callId;
  }

  toolOf(callId: string): EngineTool | undefined {
    return this.#live.get(callId)?.tool ?? this.#untold.get(callId);
  }

  stopped(task: Task): void {
    remove(this.#live, task.callId);
    this.keepTool(task.callId, task.tool);
  }

  /** Of a call that has something to tell, until that is told. */
  keepTool(callId: string, tool: EngineTool): void {
    if (this.#journal.state.tasks.untold.has(callId)) this.#untold = put(this.#untold, callId, tool);
  }

  /** Something of the call has its receipt. */
  told(callId: string): void {
    if (!this.#journal.state.tasks.untold.has(callId)) remove(this.#untold, callId);
  }
}
