/** Repeats what is to be measured: warm-up, collection of garbage, samples. */
import { setImmediate as nextTick } from 'node:timers/promises';
import { spreadOf } from './statistics.ts';
import type { Measured } from './work.ts';

/** Run with --expose-gc: the children are. */
export function collectGarbage(): void {
  if (!globalThis.gc) throw new Error('Measure with node --expose-gc: garbage is collected between the samples.');
  globalThis.gc();
}

/** Of a round: a full collection also throws away optimised code none of whose objects is left, and warming up would be measured. */
function collectYoungGarbage(): void {
  if (!globalThis.gc) throw new Error('Measure with node --expose-gc: garbage is collected between the samples.');
  globalThis.gc({ type: 'minor' });
}

/** The median over the samples of all rounds but the first `warmUp`. A round answers its samples. */
export async function sampleRounds(
  { warmUp, rounds }: { readonly warmUp: number; readonly rounds: number },
  round: () => Promise<readonly number[]>,
): Promise<Measured> {
  for (let count = 0; count < warmUp; count += 1) await round();
  const samples: number[] = [];
  for (let count = 0; count < rounds; count += 1) {
    collectYoungGarbage();
    await nextTick();
    for (const sample of await round()) samples.push(sample);
  }
  const spread = spreadOf(samples);
  return { value: spread.median, spread };
}

/** How long it takes, in ms. */
export async function timed(work: () => unknown): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

/** What the heap grows by for each of `count` things that are made and held, in KiB. */
export async function heldPer(count: number, make: () => Promise<unknown>): Promise<Measured> {
  const warm: unknown[] = [];
  for (let index = 0; index < 50; index += 1) warm.push(await make());
  const before = await heapUsed();
  const held: unknown[] = [];
  for (let index = 0; index < count; index += 1) held.push(await make());
  const after = await heapUsed();
  if (held.length !== count || warm.length !== 50) throw new Error('What is measured must be held.');
  return { value: (after - before) / count / 1024 };
}

async function heapUsed(): Promise<number> {
  for (let count = 0; count < 4; count += 1) {
    await nextTick();
    collectGarbage();
  }
  return process.memoryUsage().heapUsed;
}
