/** The running tasks of a session as its application and its companions see them (S5.3, S5.4). */
import type { AnswerAction } from '../chat/records.ts';
import type { Clock } from '../clock.ts';
import type { TaskDirectory, TaskInfo } from '../tools/faces.ts';
import { refusalOf } from './cancelling.ts';
import { toText } from '../tools/text.ts';
import { asProgress } from './progress.ts';
import type { Executor } from './executor.ts';
import type { Cancellation, CancelRequester } from './seam.ts';
import type { Task } from './task.ts';

export interface Directory {
  readonly live: Iterable<Task>;
  now(): number;
  cancel(callId: string, by: CancelRequester): Cancellation;
  answer(callId: string, action: AnswerAction, content: unknown, signal?: AbortSignal): Promise<void>;
}

export function createDirectory(executor: Executor, clock: Clock): Directory {
  return {
    live: { [Symbol.iterator]: () => executor.live[Symbol.iterator]() },
    now: () => clock.now(),
    cancel: (callId, by) => executor.cancel(callId, by),
    answer: (callId, action, content, signal) => executor.answer(callId, action, content, signal),
  };
}

export function createTaskDirectory(executor: Executor, clock: Clock): TaskDirectory {
  const directory = createDirectory(executor, clock);
  return {
    list: () => listTasks(directory),
    get: (callId) => {
      const task = executor.find(callId);
      return task ? toInfo(task, clock.now()) : undefined;
    },
    cancel: async (callId) => {
      const cancellation = executor.cancel(callId, 'application');
      if (cancellation.type !== 'cancelled') return false;
      await cancellation.whenStopped;
      return true;
    },
    answer: (callId, action, content) => executor.answer(callId, action, content),
  };
}

export function listTasks(directory: Directory): TaskInfo[] {
  return [...directory.live].map((task) => toInfo(task, directory.now()));
}

export function toInfo(task: Task, now: number): TaskInfo {
  const state = task.state;
  const question = state?.question;
  const message = newestMessage(task);
  const { progress, total, data } = task.progress;
  return {
    callId: task.callId,
    toolName: task.tool.name,
    state: state ? (question ? 'input_required' : 'working') : endStateOf(task),
    phase: task.hasEnded ? 'stopping' : (state?.phase ?? 'blocking'),
    input: task.input,
    startedAt: task.startedAt,
    ageMs: now - task.startedAt,
    ...(message === undefined ? {} : { message }),
    ...(progress === undefined ? {} : { progress }),
    ...(total === undefined ? {} : { total }),
    ...(data === undefined ? {} : { data }),
    cancellable: !task.hasEnded && refusalOf(task) === undefined,
    ...(question
      ? {
          question: {
            id: question.id,
            message: question.message,
            ...(question.schema ? { schema: question.schema } : {}),
          },
        }
      : {}),
  };
}

function endStateOf(task: Task): TaskInfo['state'] {
  return task.endState === 'cancelled' ? 'cancelled' : task.endState === 'completed' ? 'completed' : 'failed';
}

/** In the tool's own words; what was for observers only is none. */
function newestMessage(task: Task): string | undefined {
  return task.updates.map(messageOf).findLast((message) => message !== undefined);
}

function messageOf(update: unknown): string | undefined {
  if (typeof update === 'string') return update;
  const progress = asProgress(update);
  if (progress) return progress.message;
  // It was given to a body that may have changed it since.
  const text = toText(update);
  return text.ok ? text.text : undefined;
}
