/** What a run over one file comes to. */
import { createHash } from 'node:crypto';
import type { Mutant } from './stryker.ts';

export interface FileScore {
  readonly file: string;
  /** When it was run, `2026-11-20`. */
  readonly date: string;
  /** Of the source that was run; another one means that the score is of an earlier state. */
  readonly source: string;
  readonly caught: number;
  readonly survivors: readonly Survivor[];
  /** What the near tests left was not tried by the far ones. */
  readonly nearOnly?: true;
}

export interface Survivor {
  readonly line: number;
  /** `a < b ⇒ a <= b`; a second one that reads the same ends in ` (2)`. */
  readonly change: string;
}

const longest = 100;
const survived = new Set(['Survived', 'NoCoverage']);
const caught = new Set(['Killed', 'Timeout']);

export const hashOf = (source: string): string => createHash('sha256').update(source).digest('hex').slice(0, 12);

/** Percent of the mutants that a test caught; 100 where there is nothing to mutate. */
export function percent({ caught: right, survivors }: Pick<FileScore, 'caught' | 'survivors'>): number {
  const all = right + survivors.length;
  return all === 0 ? 100 : (100 * right) / all;
}

export const isSurvivor = ({ status }: Mutant): boolean => survived.has(status);

/** `mutants` are all of one file. Those that do not compile or are ignored count neither way. */
export function scoreOf(file: string, source: string, mutants: readonly Mutant[], date: string): FileScore {
  const survivors = nameAll(source, mutants).filter(({ mutant }) => isSurvivor(mutant));
  return {
    file,
    date,
    source: hashOf(source),
    caught: mutants.filter((it) => caught.has(it.status)).length,
    survivors: survivors.map(({ line, change }) => ({ line, change })),
  };
}

/** Each with what it changes, in the order of the file. */
export function nameAll(source: string, mutants: readonly Mutant[]): (Survivor & { readonly mutant: Mutant })[] {
  const seen = new Map<string, number>();
  return mutants.toSorted(byPlace).map((mutant) => {
    const text = `${shown(original(source, mutant))} ⇒ ${shown(mutant.replacement)}`;
    const count = (seen.get(text) ?? 0) + 1;
    seen.set(text, count);
    const change = count === 1 ? text : `${text} (${String(count)})`;
    return { mutant, line: mutant.location.start.line, change };
  });
}

/** The survivors of a first run with what a second one, over those alone, says of them. */
export function merge(first: readonly Mutant[], second: readonly Mutant[]): Mutant[] {
  const later = new Map(second.map((mutant) => [keyOf(mutant), mutant]));
  return first.map((mutant) => (isSurvivor(mutant) ? (later.get(keyOf(mutant)) ?? mutant) : mutant));
}

/** Where they are, in Stryker's words. */
export function rangesOf(file: string, mutants: readonly Mutant[]): string[] {
  return [
    ...new Set(
      mutants.map(({ location: { start, end } }) => {
        const [from, to] = [start, end].map(({ line, column }) => `${String(line)}:${String(column - 1)}`);
        return `${file}:${from ?? ''}-${to ?? ''}`;
      }),
    ),
  ];
}

const keyOf = ({ location: { start, end }, mutatorName, replacement }: Mutant): string =>
  [start.line, start.column, end.line, end.column, mutatorName, replacement].join(' ');

function byPlace({ location: { start: a } }: Mutant, { location: { start: b } }: Mutant): number {
  return a.line - b.line || a.column - b.column;
}

function original(source: string, { location: { start, end } }: Mutant): string {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  const last = lines.length - 1;
  return lines
    .map((line, n) => line.slice(n === 0 ? start.column - 1 : 0, n === last ? end.column - 1 : undefined))
    .join('\n');
}

/** On one line, and not for ever. */
function shown(code: string): string {
  const line = code.replaceAll(/\s+/g, ' ').trim();
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}
