/** The face of a running body for those who must know whose code runs (S6.8). It follows its task: nothing is copied. */
import type { BodyRef } from './seam.ts';
import type { Task } from './task.ts';

export class TaskRef implements BodyRef {
  readonly #task: Task;

  constructor(task: Task) {
    this.#task = task;
  }

  get callId(): string {
    return this.#task.callId;
  }

  get toolName(): string {
    return this.#task.tool.name;
  }

  get activityId(): string {
    return this.#task.turn.activityId;
  }

  get speechId(): string {
    return this.#task.turn.speechId;
  }

  get step(): number {
    return this.#task.turn.step;
  }

  get input(): BodyRef['input'] {
    return this.#task.input;
  }

  get abortSignal(): AbortSignal {
    return this.#task.signal;
  }

  get whenEnded(): Promise<void> {
    return this.#task.whenEnded;
  }

  waits(): () => void {
    return this.#task.waits();
  }

  letGo(): void {
    this.#task.letGo();
  }

  isBlocking(): boolean {
    return this.#task.first === undefined;
  }

  owner(): string {
    return this.#task.owner;
  }
}
