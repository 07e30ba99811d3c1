/** What stands beneath the conversation: who has the floor, a line for each running task, and what is being typed. */
import type { TaskInfo } from '../../index.ts';
import { ageText, stateText } from '../commands.ts';
import { breakCells, fit, graphemes, oneLine, padTo, widthOf } from './cells.ts';
import type { Paint } from './paint.ts';
import type { Panel } from './screen.ts';

export interface NamedTask {
  readonly name: string;
  readonly info: TaskInfo;
}

export interface PanelFacts {
  /** The row of the agent's words that may still grow. */
  readonly speaking: readonly string[];
  /** Said by the user, and not taken yet. */
  readonly pending: readonly string[];
  readonly floor: string;
  /** Records that wait to be told. */
  readonly untold: number;
  readonly hint: string;
  readonly tasks: readonly NamedTask[];
  readonly text: string;
  /** In UTF-16 units. */
  readonly cursor: number;
}

/** At most so high that it always fits, with one row above it. */
export function drawPanel(facts: PanelFacts, paint: Paint, columns: number, height: number): Panel {
  const input = drawInput(facts, columns, Math.max(1, Math.floor(height / 3)));
  const pending = facts.pending.slice(-3).map((text) => paint.dim(fit(`› ${oneLine(text)} (waits)`, columns)));
  const room = Math.max(1, height - input.rows.length - facts.speaking.length - pending.length - 2);
  const above = [
    ...facts.speaking,
    ...pending,
    drawStatus(facts, paint, columns),
    ...drawTasks(facts.tasks, paint, columns, room),
  ];
  const [first = '', ...more] = input.rows;
  return {
    rows: [...above, `${paint.user('›')} ${first}`, ...more.map((row) => `  ${row}`)],
    cursor: { row: above.length + input.row, column: 2 + input.column },
  };
}

/** A rule with the floor, what waits, and the most useful key. */
function drawStatus({ floor, untold, hint, tasks }: PanelFacts, paint: Paint, columns: number): string {
  const counts = [
    tasks.length === 0 ? '' : `${String(tasks.length)} ${tasks.length === 1 ? 'task' : 'tasks'}`,
    untold === 0 ? '' : `${String(untold)} to tell`,
  ];
  const left = fit([`floor: ${floor}`, ...counts].filter((part) => part !== '').join(' · '), columns - 4);
  const free = columns - widthOf(left) - 4;
  const right = hint !== '' && widthOf(hint) + 4 <= free ? ` ${hint} ─` : '';
  return paint.dim(`─ ${left} ${'─'.repeat(Math.max(0, free + 1 - widthOf(right)))}${right}`);
}

function drawTasks(tasks: readonly NamedTask[], paint: Paint, columns: number, room: number): string[] {
  const shown = tasks.length <= room ? tasks : tasks.slice(0, room - 1);
  const widths = {
    name: Math.min(Math.max(0, ...shown.map(({ name }) => widthOf(name))), Math.floor(columns / 2)),
    state: Math.max(0, ...shown.map(({ info }) => stateText(info).length)),
    age: Math.max(0, ...shown.map(({ info }) => ageText(info.ageMs).length)),
  };
  const rows = shown.map((task) => drawTask(task, widths, paint, columns));
  return shown.length === tasks.length
    ? rows
    : [...rows, paint.dim(`  and ${String(tasks.length - shown.length)} more: /tasks`)];
}

interface Widths {
  readonly name: number;
  readonly state: number;
  readonly age: number;
}

function drawTask({ name, info }: NamedTask, widths: Widths, paint: Paint, columns: number): string {
  const state = padTo(stateText(info), widths.state);
  const age = ageText(info.ageMs).padStart(widths.age);
  const progress = progressText(info, columns);
  const head = [padTo(fit(name, widths.name), widths.name), state, age, progress]
    .filter((part) => part !== '')
    .join(' ');
  const message = fit(newsOf(info), columns - 3 - widthOf(head));
  const mark = info.state === 'input_required' ? paint.warn : paint.agent;
  return `${mark('▸')} ${fit(head, columns - 2)} ${paint.dim(message)}`.trimEnd();
}

/** What it asks, or its newest message and what it shows to observers. */
function newsOf({ question, message, data }: TaskInfo): string {
  const news = [question?.message ?? message ?? '', !question && typeof data === 'string' ? data : ''];
  return oneLine(news.filter((text) => text !== '').join(' · '));
}

const barCells = 8;

/** `████░░░░ 4/8`; without the bar where there is no room, and a bare count where the total is not known. */
function progressText({ progress, total }: TaskInfo, columns: number): string {
  if (progress === undefined) return '';
  if (total === undefined || !(total > 0)) return String(progress);
  const share = Math.min(1, Math.max(0, progress / total));
  const counts = [progress, total].every((value) => Number.isInteger(value) && value < 10_000) && total > 1;
  const text = counts ? `${String(progress)}/${String(total)}` : `${String(Math.floor(share * 100))}%`;
  const full = Math.round(share * barCells);
  return columns < 56 ? text : `${'█'.repeat(full)}${'░'.repeat(barCells - full)} ${text}`;
}

interface DrawnInput {
  readonly rows: readonly string[];
  readonly row: number;
  readonly column: number;
}

/** The typed text in rows, the one with the cursor among them. */
function drawInput({ text, cursor }: PanelFacts, columns: number, most: number): DrawnInput {
  const width = columns - 2;
  const shown = visible(text);
  const rows = breakCells(shown, width);
  const before = breakCells(visible(text.slice(0, cursor)), width);
  let row = before.length - 1;
  let column = widthOf(before.at(-1) ?? '');
  if (column === width) {
    row += 1;
    column = 0;
    if (row === rows.length) rows.push('');
  }
  const from = Math.max(0, Math.min(row - most + 1, rows.length - most));
  return { rows: rows.slice(from, from + most), row: row - from, column };
}

/** Control characters of a paste take one cell each. */
function visible(text: string): string {
  return graphemes(text)
    .map((grapheme) => (widthOf(grapheme) === 0 && grapheme.trim() === '' ? ' ' : grapheme))
    .join('');
}
