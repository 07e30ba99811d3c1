/** The shape of a work: what is measured, for whom, and how one of them does it. */
import type { Spread } from './statistics.ts';

export const peerIds = ['ours', 'livekit', 'aiGenerate', 'aiStream', 'openai', 'floor'] as const;
export type PeerId = (typeof peerIds)[number];

/** `time` in ms, `ratio` and `share` as they are, `percent` of one core. */
export type Unit = 'time' | 'KiB' | 'MiB' | 'percent' | 'ratio' | 'share';

/** One row of the table. */
export interface Case {
  readonly id: string;
  readonly label: string;
  readonly unit: Unit;
  /** In the unit: at most so much; for a share at least. */
  readonly aim?: number;
}

export interface Measured {
  readonly value: number;
  /** Where the value is a median: of what. */
  readonly spread?: Spread;
  /** What a reader must know of this figure: measured at another size, say. */
  readonly note?: string;
}

/** Measures one case in a process of its own. Throws when what was to be measured did not happen. */
export type Measure = (caseId: string, run: { readonly full: boolean }) => Promise<Measured | Missing>;

/** Why a peer has no figure. */
export interface Missing {
  readonly none: string;
}

export interface Work {
  readonly id: string;
  readonly title: string;
  /** From where to where, under which conditions. */
  readonly what: string;
  readonly cases: readonly Case[];
  readonly peers: Readonly<Record<PeerId, Measure | Missing>>;
}

/** Throws when a work did not do what it should: a bench must not measure nothing. */
export function expectSame<T>(what: string, got: T, expected: T): void {
  if (got === expected) return;
  throw new Error(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}.`);
}
