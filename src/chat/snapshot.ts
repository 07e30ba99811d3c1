/**
 * A state as text and back: what a store keeps so that restoring need not fold every record.
 *
 * Maps and sets become marked lists. An item that stands in several places (the history, contexts, the ledger) is written
 * once and comes back as one: that keeps a snapshot as long as its history, and contexts share their items as before.
 */
import { RECORD_VERSION } from './records.ts';
import type { SessionState } from './state.ts';

interface Written {
  readonly v: number;
  readonly state: unknown;
}

export function stateToText(state: SessionState): string {
  const written: Written = { v: RECORD_VERSION, state: write(state, new Map()) };
  return JSON.stringify(written);
}

/** Undefined for what no build, or another one, has written: the records are there. */
export function stateFromText(text: string): SessionState | undefined {
  try {
    const { v, state } = JSON.parse(text) as Written;
    return v === RECORD_VERSION ? (read(state, []) as SessionState) : undefined;
  } catch {
    return undefined;
  }
}

/** An object is a list whose first entry says what it is: no key of somebody's data can be taken for a mark. */
function write(value: unknown, seen: Map<object, number>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  // Tables that happen to be one, as empty ones are, grow apart.
  if (!('kind' in value)) return writeParts(value, seen);
  const before = seen.get(value);
  if (before !== undefined) return ['=', before];
  const written = writeParts(value, seen);
  seen.set(value, seen.size);
  return ['i', written];
}

function writeParts(value: object, seen: Map<object, number>): unknown {
  const inner = (each: unknown): unknown => write(each, seen);
  if (Array.isArray(value)) return ['[', ...value.map(inner)];
  if (value instanceof Map) return ['m', ...[...value].map(([key, each]) => [inner(key), inner(each)])];
  if (value instanceof Set) return ['s', ...[...value].map(inner)];
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return ['{', Object.fromEntries(entries.map(([key, each]) => [key, inner(each)]))];
}

function read(written: unknown, seen: unknown[]): unknown {
  if (!Array.isArray(written)) return written;
  const [kind, ...rest] = written as [string, ...unknown[]];
  if (kind === '=') return seen[rest[0] as number];
  if (kind !== 'i') return readParts(kind, rest, (each) => read(each, seen));
  const item = read(rest[0], seen);
  seen.push(item);
  return item;
}

function readParts(kind: string, parts: readonly unknown[], inner: (each: unknown) => unknown): unknown {
  switch (kind) {
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
