/** What is going on: from the list that `get_running_tasks` gives, or from the prompt itself. */
import { doingOf } from './describe.ts';
import { sentence } from './first-person.ts';
import { phraseOf } from './phrases.ts';
import type { Reading, Task } from './reading.ts';
import { humanize, listOf, lowerFirst } from './words.ts';

export const nothingRunning = 'Nothing is running at the moment.';

export function runningTasks(reading: Reading): Task[] {
  return [...reading.tasks.values()].filter((task) => task.running);
}

/** Without asking anybody. */
export function statusOf(reading: Reading): string {
  return inWords(
    runningTasks(reading).map((task) => ({
      doing: doingOf(task.toolName, task.input),
      notes: notesOf(newestMessage(task)),
    })),
  );
}

/** From the companion's list, whose form is not known here beyond what its fields are called. */
export function statusFrom(listed: string, reading: Reading): string {
  const rows = rowsIn(listed);
  if (!rows) return sentence(listed) || nothingRunning;
  return inWords(rows.map((row) => rowInWords(row, reading)));
}

interface Line {
  readonly doing: string;
  readonly notes: readonly string[];
}

function inWords(lines: readonly Line[]): string {
  const [only, ...others] = lines;
  if (!only) return nothingRunning;
  const parts = lines.map(({ doing, notes }) => `${doing}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`);
  return others.length === 0 ? `I'm ${parts[0] ?? ''}.` : `I'm working on ${lines.length} things: ${listOf(parts)}.`;
}

export function newestMessage(task: Task): string {
  const phrase = task.told.at(-1)?.phrase;
  return phrase?.args['message'] ?? '';
}

function notesOf(message: string): string[] {
  const text = phraseOf(message)?.name === 'approval' ? 'waiting for your approval' : message;
  return text === '' ? [] : [lowerFirst(text.trim().replace(/(?:\.|…)+$/, ''))];
}

type Row = Readonly<Record<string, unknown>>;

function rowsIn(listed: string): Row[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(listed);
  } catch {
    return undefined;
  }
  const isRow = (it: unknown): it is Row => typeof it === 'object' && it !== null && !Array.isArray(it);
  const list = Array.isArray(value) ? value : isRow(value) ? Object.values(value).find(Array.isArray) : undefined;
  return list?.filter(isRow);
}

function rowInWords(row: Row, reading: Reading): Line {
  const field = (pattern: RegExp): unknown => Object.entries(row).find(([key]) => pattern.test(humanize(key)))?.[1];
  const id = field(/^(?:call |task )?id$/);
  const task = typeof id === 'string' ? reading.tasks.get(id) : undefined;
  const name = field(/^(?:tool|function|tool name|function name|name)$/);
  const input = field(/^(?:input|arguments|args)$/);
  const message = field(/message|progress|newest/);
  const state = field(/^(?:state|status)$/);
  const shown = typeof input === 'object' && input !== null ? (input as Row) : {};
  const doing = task ? doingOf(task.toolName, task.input) : doingOf(typeof name === 'string' ? name : 'task', shown);
  const notes = [
    ...notesOf(plainMessage(message)),
    ...(state === 'input_required' ? ['waiting for your answer'] : []),
    ...ageOf(row),
  ];
  return { doing, notes };
}

/** The newest message may come with the library's words around it. */
function plainMessage(message: unknown): string {
  if (typeof message !== 'string') return '';
  return phraseOf(message)?.args['message'] ?? (phraseOf(message) ? '' : message);
}

function ageOf(row: Row): string[] {
  const entry = Object.entries(row).find(([key]) => /^(?:age|running for|elapsed|runtime)\b/.test(humanize(key)));
  if (!entry) return [];
  const [key, value] = entry;
  if (typeof value === 'string') return [`for ${value}`];
  if (typeof value !== 'number') return [];
  const seconds = Math.round(humanize(key).endsWith(' ms') ? value / 1000 : value);
  if (seconds < 1) return [];
  return [seconds < 120 ? `for ${seconds} s` : `for ${Math.round(seconds / 60)} minutes`];
}
