/** What was measured, as data and as a table. Pure. */
import type { Machine } from './machine.ts';
import { peerIds, type Case, type Measured, type Missing, type PeerId, type Unit } from './work.ts';

export interface Row extends Case {
  readonly work: string;
  readonly title: string;
  /** Absent: not asked for in this run. `failed`: what it failed with. */
  readonly results: Partial<Record<PeerId, Measured | Missing | Failed>>;
}

export interface Failed {
  readonly failed: string;
}

export interface Report {
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  /** The versions that were measured, by name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly full: boolean;
  readonly rows: readonly Row[];
}

export const peerNames: Readonly<Record<PeerId, string>> = {
  ours: 'meanwhile',
  livekit: 'LiveKit',
  aiGenerate: 'AI SDK generateText',
  aiStream: 'AI SDK streamText',
  openai: 'OpenAI Agents',
  floor: 'floor',
};

/** A table in Markdown, and below it what its notes refer to. */
export function toTable({ rows }: Pick<Report, 'rows'>): string {
  const peers = peerIds.filter((peer) => rows.some(({ results }) => results[peer] !== undefined));
  const notes: string[] = [];
  const body = rows.map((row) => [
    row.label ? `${row.title}: ${row.label}` : row.title,
    toAim(row),
    ...peers.map((peer) => toCell(row, peer, notes)),
  ]);
  const head = ['work', 'aim', ...peers.map((peer) => peerNames[peer])];
  const table = [head, head.map((_, column) => (column === 0 ? '---' : '---:')), ...body].map(
    (cells) => `| ${cells.join(' | ')} |`,
  );
  return [
    ...table,
    ...(notes.length > 0 ? ['', ...notes.map((note, index) => `${String(index + 1)}. ${note}`)] : []),
  ].join('\n');
}

function toAim({ aim, unit }: Case): string {
  if (aim === undefined) return '';
  return unit === 'share' ? `≥ ${toText(aim, unit)}` : `≤ ${toText(aim, unit)}`;
}

function toCell({ results, unit, aim }: Row, peer: PeerId, notes: string[]): string {
  const result = results[peer];
  if (result === undefined || 'none' in result) return '–';
  if ('failed' in result) return 'failed';
  const text = toText(result.value, unit);
  const shown = peer === 'ours' && aim !== undefined && misses(result.value, aim, unit) ? `${text} ✗` : text;
  if (result.note === undefined) return shown;
  if (!notes.includes(result.note)) notes.push(result.note);
  return `${shown} [${String(notes.indexOf(result.note) + 1)}]`;
}

export function misses(value: number, aim: number, unit: Unit): boolean {
  return unit === 'share' ? value < aim : value > aim;
}

/** Times in the unit they are read best in. */
export function toText(value: number, unit: Unit): string {
  switch (unit) {
    case 'time':
      return timeText(value);
    case 'KiB':
    case 'MiB':
      return `${digits(value)} ${unit}`;
    case 'percent':
      return `${String(Math.round(value * 10) / 10)} %`;
    case 'ratio':
    case 'share':
      return value.toFixed(2);
  }
}

function timeText(ms: number): string {
  if (ms < 0.1) return `${digits(ms * 1000)} µs`;
  if (ms < 1000) return `${digits(ms)} ms`;
  return `${digits(ms / 1000)} s`;
}

/** Two digits that count, or all before the point. */
function digits(value: number): string {
  if (value === 0) return '0';
  if (Math.abs(value) < 10) return String(Number(value.toPrecision(2)));
  return value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** What a peer that has no figure lacks: work by work, each reason once. */
export function reasons({ rows }: Pick<Report, 'rows'>): string[] {
  const lines = new Set<string>();
  for (const { title, results } of rows) {
    for (const peer of peerIds) {
      const result = results[peer];
      if (result && 'none' in result) lines.add(`${title}, ${peerNames[peer]}: ${result.none}`);
      if (result && 'failed' in result) lines.add(`${title}, ${peerNames[peer]}: failed: ${result.failed}`);
    }
  }
  return [...lines];
}
