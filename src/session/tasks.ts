/** `session.tasks`: the running tasks as the application sees them, cancels them and answers their questions (S5.2, S6.6). */
import type { AnswerAction } from '../chat/records.ts';
import { createDirectory, listTasks, toInfo } from '../engine/directory.ts';
import type { TaskDirectory, TaskInfo } from '../tools/faces.ts';
import { whoRuns } from './ambient.ts';
import type { Core } from './core.ts';
import { checkAction } from './given.ts';

export class SessionTasks implements TaskDirectory {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  list(): TaskInfo[] {
    return listTasks(createDirectory(this.#core.executor, this.#core.clock));
  }

  get(callId: string): TaskInfo | undefined {
    const task = this.#core.executor.find(callId);
    return task ? toInfo(task, this.#core.clock.now()) : undefined;
  }

  /** A body that cancels its own task does not wait for itself (S6.8). */
  async cancel(callId: string): Promise<boolean> {
    const { executor } = this.#core;
    const isOwn = whoRuns()?.body?.callId === executor.find(callId)?.callId;
    const cancellation = executor.cancel(callId, 'application');
    if (cancellation.type !== 'cancelled') return false;
    if (!isOwn) await cancellation.whenStopped;
    return true;
  }

  async answer(callId: string, action: AnswerAction, content?: unknown): Promise<void> {
    checkAction(action);
    await this.#core.executor.answer(callId, action, content);
  }
}
