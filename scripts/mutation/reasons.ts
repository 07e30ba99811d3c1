/** Why a mutant may survive. Every survivor has a reason, every reason for a file that was run a survivor. */
import type { FileScore } from './score.ts';

export interface Reason {
  readonly file: string;
  readonly reason: string;
  /** As `Survivor.change` says them. */
  readonly changes: readonly string[];
}

export interface Mismatch {
  readonly withoutReason: readonly string[];
  readonly withoutSurvivor: readonly string[];
}

export function reasonFor(reasons: readonly Reason[], file: string, change: string): string | undefined {
  return reasons.find((it) => it.file === file && it.changes.includes(change))?.reason;
}

export function compare(scores: readonly FileScore[], reasons: readonly Reason[]): Mismatch {
  const line = (file: string, change: string): string => `${file}: ${change}`;
  const found = new Set(scores.flatMap(({ file, survivors }) => survivors.map(({ change }) => line(file, change))));
  const run = new Set(scores.map(({ file }) => file));
  const ofRun = reasons.filter(({ file }) => run.has(file));
  const explained = new Set(ofRun.flatMap(({ file, changes }) => changes.map((change) => line(file, change))));
  return { withoutReason: [...found.difference(explained)], withoutSurvivor: [...explained.difference(found)] };
}
