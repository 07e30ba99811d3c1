/** A conversation from a distance: a lane each, drawn over time. */
import type { Reading } from './reading.ts';
import { timeText } from './times.ts';

/** Which part of a conversation is drawn, and how wide. */
export interface LanesOptions {
  /** How many characters the whole conversation takes. Default 64. */
  readonly width?: number;
  /** Draw from here on, in ms. Default 0. */
  readonly from?: number;
  /** Draw up to here, in ms. Default: the end. */
  readonly to?: number;
}

interface Span {
  readonly from: number;
  readonly to: number | undefined;
}

interface Lane {
  readonly name: string;
  readonly spans: readonly Span[];
  readonly ink: string;
  /** Told here. */
  readonly points?: readonly number[];
}

export function lanes(reading: Reading, durationMs: number, options: LanesOptions): string {
  const { width = 64, from = 0, to = durationMs } = options;
  const all: Lane[] = [
    { name: 'user', spans: reading.user, ink: '█' },
    { name: 'agent', spans: reading.speech, ink: '█' },
    // Of the tools, those that ran meanwhile.
    ...reading.tasks
      .filter((task) => task.from < to && (task.to ?? to) >= from)
      .map((task) => ({
        name: task.name,
        spans: [task],
        ink: '─',
        points: toldAt(reading, task.callId),
      })),
  ];
  const nameWidth = Math.max(...all.map((lane) => lane.name.length));
  const place = (ms: number): number => Math.floor(((ms - from) / Math.max(1, to - from)) * width);
  const rows = all.map((lane) => `${lane.name.padEnd(nameWidth)}  ${drawn(lane, width, place, to)}`.trimEnd());
  return [`${' '.repeat(nameWidth)}  ${scale(from, to, width)}`.trimEnd(), ...rows].join('\n');
}

function toldAt({ deliveries }: Reading, callId: string): number[] {
  return deliveries.flatMap((each) =>
    each.callId === callId && each.to !== undefined && (each.receipt === 'completed' || each.receipt === 'accepted')
      ? [each.to]
      : [],
  );
}

function drawn({ spans, ink, points = [] }: Lane, width: number, place: (ms: number) => number, to: number): string {
  const cells = Array.from({ length: width }, () => ' ');
  const put = (index: number, char: string): void => {
    if (index >= 0 && index < width) cells[index] = char;
  };
  for (const span of spans) {
    const first = place(span.from);
    const last = Math.max(first, place(span.to ?? to) - 1);
    for (let index = first; index <= last; index++) put(index, ink);
    if (ink === '─') {
      put(first, first === last ? '│' : '├');
      if (span.to !== undefined && first < last) put(last, '┤');
    }
  }
  for (const at of points) put(Math.min(place(at), width - 1), '●');
  return cells.join('');
}

/** Four times, each over the place it means. */
function scale(from: number, to: number, width: number): string {
  const step = Math.floor(width / 4);
  const marks = [0, 1, 2, 3].map((index) => timeText(from + ((to - from) * index * step) / width).padEnd(step));
  return marks.join('');
}
