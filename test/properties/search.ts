/** Draws sessions until one breaks an invariant, the number is reached, or the time is up. */
import fc from 'fast-check';
import { examine, type ExamineOptions } from './examine.ts';
import { plan } from './plan.ts';
import { shrink, type Script } from './shrink.ts';
import type { Wrong } from './watch.ts';

export interface SearchOptions {
  readonly seed: number;
  readonly runs: number;
  /** Real time. Default: none. */
  readonly limitMs?: number;
  /** The fold is compared with the state after so many records each. Default 1. */
  readonly foldEvery?: number;
  /** Every so many sessions one sends its prompts to the wire of every provider. Default: none. */
  readonly wireEvery?: number;
}

export interface Found {
  readonly seed: number;
  /** The how many-th session of the seed it is, from 1. */
  readonly session: number;
  /** Real time that it took to find it, in this search. */
  readonly afterMs: number;
  readonly script: Script;
  readonly wrongs: readonly Wrong[];
}

export interface Searched {
  readonly ran: number;
  readonly found?: Found;
}

export async function search(options: SearchOptions): Promise<Searched> {
  const { seed, runs, limitMs, foldEvery = 1, wireEvery = Infinity } = options;
  const startedAt = performance.now();
  let ran = 0;
  let found: Found | undefined;
  const holds = fc.asyncProperty(fc.scheduler(), plan, async (scheduler, drawn) => {
    ran += 1;
    const runsAway = (): never => {
      console.log(`Session ${String(ran)} of seed ${String(seed)} never comes to rest:\n${JSON.stringify(drawn)}`);
      process.exit(1);
    };
    const { wrongs, picks } = await examine(drawn, scheduler, { foldEvery, wire: ran % wireEvery === 0, runsAway });
    const afterMs = performance.now() - startedAt;
    if (wrongs.length > 0) found ??= { seed, session: ran, afterMs, script: { ...drawn, picks: [...picks] }, wrongs };
    return wrongs.length === 0;
  });
  await fc.check(holds, {
    numRuns: runs,
    seed,
    endOnFailure: true,
    markInterruptAsFailure: false,
    ...(limitMs === undefined ? {} : { interruptAfterTimeLimit: limitMs }),
  });
  return found ? { ran, found } : { ran };
}

/** The same, as small as it gets. */
export async function small(found: Found, limitMs?: number): Promise<Found> {
  const invariant = found.wrongs[0]?.invariant ?? '';
  const options: ExamineOptions = { foldEvery: 1, wire: invariant === 'promptsPassTheWire' };
  const script = await shrink(found.script, invariant, { ...options, ...(limitMs === undefined ? {} : { limitMs }) });
  return { ...found, script };
}
