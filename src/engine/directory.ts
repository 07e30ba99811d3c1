/** The running tasks of a session as its application and its companions see them. */
import type { AnswerAction } from '../chat/records.ts';
import type { TaskInfo } from '../tools/faces.ts';
import type { CancelRequester } from './cancelling.ts';
import { refusalOf } from './cancelling.ts';
import type { Task } from './task.ts';

export interface Directory {
  readonly live: Iterable<Task>;
  now(): number;
  find(callId: string): Task | undefined;
  cancel(callId: string, by: CancelRequester): Promise<'cancelled' | 'not_found' | 'finished'>;
  answer(callId: string, action: AnswerAction, content: unknown): Promise<void>;
}

export function listTasks(directory: Directory): TaskInfo[] {
  return [...directory.live].map((task) => toInfo(task, directory.now()));
}

export function toInfo(task: Task, now: number): TaskInfo {
  const state = task.state;
  const question = state?.question;
  const message = lastMessage(task);
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
      ? { question: { id: question.id, message: question.message, ...(question.schema ? { schema: question.schema } : {}) } }
      : {}),
  };
}

function endStateOf(task: Task): TaskInfo['state'] {
  return task.endState === 'cancelled' ? 'cancelled' : task.endState === 'completed' ? 'completed' : 'failed';
}

function lastMessage(task: Task): string | undefined {
  const last = task.updates.at(-1);
  if (typeof last === 'string') return last;
  return task.progress.message ?? (last === undefined ? undefined : JSON.stringify(last));
}
