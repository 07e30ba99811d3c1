/** What a line the user types means: words for the agent, or one of the commands that begin with a slash. */
import type { AgentSession, TaskInfo, Timeline } from '../index.ts';

export type Input =
  | { readonly type: 'say'; readonly text: string }
  | { readonly type: 'nothing' }
  | { readonly type: 'tasks' }
  | { readonly type: 'cancel'; readonly task: string | undefined }
  | { readonly type: 'wait'; readonly ms: number | undefined }
  | { readonly type: 'help' }
  | { readonly type: 'quit' }
  | { readonly type: 'wrong'; readonly message: string };

export const help: readonly (readonly [command: string, meaning: string])[] = [
  ['/tasks', 'lists what is running'],
  ['/cancel 1', 'cancels task 1'],
  ['/quit', 'closes the session'],
  ['/help', 'prints this'],
];

/** What is said is said as it was typed; a line that begins with two slashes is said with one. */
export function readInput(line: string): Input {
  const text = line.trim();
  if (text === '') return { type: 'nothing' };
  if (!text.startsWith('/')) return { type: 'say', text: line };
  if (text.startsWith('//')) return { type: 'say', text: line.replace('/', '') };
  const [word = '', argument] = text.slice(1).split(/\s+/);
  switch (word) {
    case 'tasks':
    case 'help':
    case 'quit':
      return { type: word };
    case 'cancel':
      return { type: 'cancel', task: argument };
    case 'wait':
      return readWait(argument);
    default:
      return {
        type: 'wrong',
        message: `There is no command /${word}; there are ${help.map(([command]) => command.split(' ')[0]).join(', ')}. To say it, write //${word}.`,
      };
  }
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

function readWait(argument: string | undefined): Input {
  if (argument === undefined) return { type: 'wait', ms: undefined };
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(argument) ?? [];
  if (number === undefined)
    return { type: 'wrong', message: `/wait: expected a time such as 3s, 500ms or 2m, got ${argument}.` };
  return { type: 'wait', ms: Number(number) * (unitMs[unit] ?? 1) };
}

/** The running tasks, a line each. */
export function listTasks(session: AgentSession, { names }: Timeline): string[] {
  const tasks = session.tasks.list();
  if (tasks.length === 0) return ['Nothing is running.'];
  return tasks.map((task) =>
    `${names.nameOf(task.callId)}  ${stateText(task)}  ${ageText(task.ageMs)}  ${task.question?.message ?? task.message ?? ''}`.trimEnd(),
  );
}

/** Undefined when it was cancelled, which the session tells by itself. */
export async function cancelTask(
  session: AgentSession,
  { names }: Timeline,
  wanted: string | undefined,
): Promise<string | undefined> {
  const tasks = session.tasks.list().filter((task) => task.phase !== 'stopping');
  const running =
    tasks.length === 0
      ? 'nothing is running'
      : `there are ${tasks.map((task) => names.nameOf(task.callId)).join(', ')}`;
  if (wanted === undefined && tasks.length !== 1) return `/cancel: expected a task; ${running}.`;
  const callId = wanted === undefined ? tasks[0]?.callId : names.find(wanted);
  if (callId !== undefined && (await session.tasks.cancel(callId))) return undefined;
  return `/cancel: no task ${wanted ?? ''} is running; ${running}.`;
}

export function stateText({ phase, state }: Pick<TaskInfo, 'phase' | 'state'>): string {
  if (phase === 'stopping') return 'stopping';
  return state === 'input_required' ? 'asks you' : state;
}

/** `7s`, `2m05s`, `1h12m`. */
export function ageText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (minutes === 0) return `${String(seconds)}s`;
  return minutes < 60
    ? `${String(minutes)}m${two(seconds % 60)}s`
    : `${String(Math.floor(minutes / 60))}h${two(minutes % 60)}m`;
}
