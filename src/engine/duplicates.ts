/**
 * What becomes of a call that may be a duplicate, as pure functions of the tasks' state: the order and the modes (S4.1,
 * S4.2, S4.4), the window (S4.5), and the words for both.
 */
import type { Output } from '../chat/items.ts';
import type { TasksState, TaskState } from '../chat/state.ts';
import type { ToolPolicy } from './seam.ts';

export type DuplicateVerdict =
  | { readonly type: 'run' }
  | { readonly type: 'join'; readonly callId: string }
  | { readonly type: 'reject' | 'confirm'; readonly running: readonly TaskState[] }
  | { readonly type: 'replace'; readonly running: readonly TaskState[] }
  | { readonly type: 'replay'; readonly callId: string; readonly output: Output; readonly ageMs: number };

export interface DuplicateQuery {
  readonly key: string;
  /** `confirm_duplicate: true`: runs regardless. */
  readonly confirmed: boolean;
  readonly policy: Pick<ToolPolicy, 'onDuplicate' | 'duplicateWindowMs'>;
  readonly now: number;
}

/** In the order of S4.1: confirm flag, running tasks of the session, window. */
export function judgeDuplicate(tasks: TasksState, query: DuplicateQuery): DuplicateVerdict {
  if (query.confirmed) return { type: 'run' };
  const running = runningWith(tasks, query.key);
  const mode = query.policy.onDuplicate;
  if (running.length > 0) {
    if (mode === 'reject' || mode === 'confirm' || mode === 'replace') return { type: mode, running };
    const joinable = mode === 'join' ? running[0] : mode === undefined ? running.find(isInBackground) : undefined;
    if (joinable) return { type: 'join', callId: joinable.callId };
  }
  return replay(tasks, query) ?? { type: 'run' };
}

function runningWith(tasks: TasksState, key: string): TaskState[] {
  const ids = tasks.byKey.get(key);
  if (!ids) return [];
  return [...ids].flatMap((id) => tasks.running.get(id) ?? []);
}

function isInBackground(task: TaskState): boolean {
  return task.phase === 'background';
}

function replay(tasks: TasksState, query: DuplicateQuery): DuplicateVerdict | undefined {
  const windowMs = query.policy.duplicateWindowMs;
  if (windowMs === undefined) return undefined;
  const callId = tasks.replays.get(query.key);
  const earlier = callId === undefined ? undefined : tasks.ended.get(callId);
  if (!earlier?.replay) return undefined;
  const ageMs = query.now - earlier.endedAt;
  return ageMs <= windowMs ? { type: 'replay', callId: earlier.callId, output: earlier.replay, ageMs } : undefined;
}

/** Running calls with the same key that were made before this one: what it replaces (S4.3). */
export function earlierDuplicates(tasks: TasksState, callId: string): string[] {
  const { key } = tasks.running.get(callId) ?? {};
  const same = key === undefined ? [] : [...(tasks.byKey.get(key) ?? [])];
  return same.slice(0, same.indexOf(callId));
}

/** One line of the list of running calls. */
export function describeRunning(task: TaskState): string {
  const newest = task.newest ? `: ${task.newest.output.text}` : '';
  return `- ${task.callId} ${task.toolName}(${JSON.stringify(task.input)})${newest}`;
}

export function describeAge(ageMs: number): string {
  const seconds = Math.round(ageMs / 1000);
  if (seconds < 90) return counted(seconds, 'second');
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? counted(minutes, 'minute') : counted(Math.round(minutes / 60), 'hour');
}

function counted(number: number, unit: string): string {
  return `${String(number)} ${unit}${number === 1 ? '' : 's'}`;
}
