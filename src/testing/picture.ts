/** A timeline as text, with places marked: what a failing assertion prints. */
import type { Row } from './reading.ts';
import { timeText } from './times.ts';

/** A place in a timeline and what is wrong there, or empty. Without `of`, a row of its own between the others. */
export interface Mark {
  readonly of?: object | undefined;
  readonly at: number;
  readonly note: string;
}

export interface PictureOptions {
  readonly marks?: readonly Mark[];
  /** How many rows round a mark are shown. Default: all. */
  readonly around?: number;
}

/** Fewer rows than these are not worth hiding. */
const fewestHidden = 4;

const timeWidth = '  0:00.0–0:00.0'.length;

export function picture(rows: readonly Row[], { marks = [], around = Infinity }: PictureOptions = {}): string {
  const laneWidth = Math.max('agent'.length, ...rows.map((row) => row.lane.length));
  const gutter = marks.length === 0 ? '' : '  ';
  const indent = ' '.repeat(gutter.length + timeWidth + 2 + laneWidth + 2);
  const all = withOwnRows(rows, marks);
  const isNear = nearMarks(all, marks, around);
  const lines: string[] = [];
  let hidden = 0;
  const showHidden = (): void => {
    if (hidden > 0)
      lines.push(`${gutter}${' '.repeat(timeWidth)}  … ${String(hidden)} more ${hidden === 1 ? 'row' : 'rows'}`);
    hidden = 0;
  };
  for (const [index, row] of all.entries()) {
    if (!isNear(index)) {
      hidden += 1;
      continue;
    }
    showHidden();
    const own = marks.filter((mark) => mark.of === row.of || mark === row.of);
    const arrow = own.length > 0 ? '▶ ' : gutter;
    const head = `${arrow}${times(row).padEnd(timeWidth)}  ${row.lane.padEnd(laneWidth)}  `;
    lines.push(
      ...plain(row.text)
        .split('\n')
        .map((text, line) => `${line === 0 ? head : indent}${text}`.trimEnd()),
    );
    for (const mark of own) if (mark !== row.of && mark.note !== '') lines.push(`${indent}╰─ ${mark.note}`);
  }
  showHidden();
  return lines.join('\n');
}

/** Nothing in it can move a cursor. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what a terminal would obey
  return text.replaceAll(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/g, ' ');
}

function times(row: Row): string {
  const from = timeText(row.from).padStart(7);
  if (!('to' in row) || row.to === row.from) return from;
  return `${from}–${row.to === undefined ? '' : timeText(row.to)}`;
}

/** A mark that belongs to no row stands where its time is. */
function withOwnRows(rows: readonly Row[], marks: readonly Mark[]): Row[] {
  const shown = new Set(rows.map((row) => row.of));
  const all = [...rows];
  for (const mark of marks) {
    if (mark.of && shown.has(mark.of)) continue;
    const index = all.findIndex((row) => row.from > mark.at);
    const row = { from: mark.at, lane: 'here', text: mark.note, of: mark };
    all.splice(index < 0 ? all.length : index, 0, row);
  }
  return all;
}

/** The rows round the marks, or round the end where nothing is marked. A gap that would hide next to nothing is shown too. */
function nearMarks(rows: readonly Row[], marks: readonly Mark[], around: number): (index: number) => boolean {
  const isMarked = rows.map(({ of }) => marks.some((mark) => mark.of === of || mark === of));
  const places = isMarked.flatMap((marked, index) => (marked ? [index] : []));
  if (places.length === 0) places.push(rows.length);
  const isNear = rows.map((_, index) => places.some((place) => Math.abs(place - index) <= around));
  const shown = [...isNear];
  let from = 0;
  for (let index = 0; index <= rows.length; index++) {
    if (index < rows.length && !isNear[index]) continue;
    if (index - from < fewestHidden) shown.fill(true, from, index);
    from = index + 1;
  }
  return (index) => shown[index] ?? false;
}
