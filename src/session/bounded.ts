/** At most so long: resolves true when `promise` settled in time, whichever way. */
import type { Clock } from '../clock.ts';

export async function bounded(promise: Promise<unknown>, limitMs: number, clock: Clock): Promise<boolean> {
  const { promise: passed, resolve } = Promise.withResolvers<boolean>();
  const timer = clock.setTimeout(() => resolve(false), limitMs);
  const settled = promise.then(
    () => true,
    () => true,
  );
  const inTime = await Promise.race([settled, passed]);
  clock.clearTimeout(timer);
  return inTime;
}
