/**
 * A state as text and back: what a store keeps so that restoring need not fold every record.
 *
 * Items are plain JSON and stand in a table, each once, whoever has them (the history, contexts, the ledger): so a snapshot
 * is about as long as its history, is read as fast as JSON is, and contexts share their items as before. Everything else
 * is written with a mark that says what it is, for Maps and Sets are no JSON.
 */
import type { Item } from './items.ts';
import { RECORD_VERSION } from './records.ts';
import type { SessionState } from './state.ts';

/** Of a snapshot: one that another build has written is passed over, for the records are there. */
const version = `${String(RECORD_VERSION)}.2`;

interface Written {
  readonly v: string;
  readonly items: readonly Item[];
  readonly state: unknown;
}

export function stateToText(state: SessionState): string {
  const items = new Map<Item, number>();
  const written: Written = { v: version, state: write(state, items), items: [...items.keys()] };
  return JSON.stringify(written);
}

/** Undefined for what no build, or another one, has written. */
export function stateFromText(text: string): SessionState | undefined {
  try {
    const { v, state, items } = JSON.parse(text) as Written;
    return v === version ? (read(state, items) as SessionState) : undefined;
  } catch {
    return undefined;
  }
}

/** An object is a list whose first entry says what it is: no key of somebody's data can be taken for a mark. */
function write(value: unknown, items: Map<Item, number>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isItem(value)) return ['=', place(value, items)];
  const inner = (each: unknown): unknown => write(each, items);
  if (Array.isArray(value)) {
    // Histories and contexts: most of a state.
    if (value.length > 0 && value.every(isItem)) return ['#', ...value.map((item) => place(item, items))];
    return ['[', ...value.map(inner)];
  }
  if (value instanceof Map) return ['m', ...[...value].map(([key, each]) => [inner(key), inner(each)])];
  if (value instanceof Set) return ['s', ...[...value].map(inner)];
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return ['{', Object.fromEntries(entries.map(([key, each]) => [key, inner(each)]))];
}

function place(item: Item, items: Map<Item, number>): number {
  const before = items.get(item);
  if (before !== undefined) return before;
  items.set(item, items.size);
  return items.size - 1;
}

const kinds: ReadonlySet<unknown> = new Set<Item['kind']>(['message', 'batch', 'record']);

function isItem(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && 'kind' in value && kinds.has(value.kind);
}

function read(written: unknown, items: readonly Item[]): unknown {
  if (!Array.isArray(written)) return written;
  const [kind, ...parts] = written as [string, ...unknown[]];
  const inner = (each: unknown): unknown => read(each, items);
  switch (kind) {
    case '=':
      return items[parts[0] as number];
    case '#':
      return (parts as number[]).map((index) => items[index]);
    case '[':
      return parts.map(inner);
    case 's':
      return new Set(parts.map(inner));
    case 'm':
      return new Map((parts as [unknown, unknown][]).map(([key, each]) => [inner(key), inner(each)]));
    case '{':
      return Object.fromEntries(Object.entries(parts[0] as object).map(([key, each]) => [key, inner(each)]));
    default:
      throw new RangeError(`A snapshot has no kind ${JSON.stringify(kind)}.`);
  }
}
