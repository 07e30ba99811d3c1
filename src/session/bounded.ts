/** At most so long: resolves true when `promise` settled in time, whichever way. The session's end is the end of it too. */
import type { Clock, TimerHandle } from '../clock.ts';
import type { Stage } from './stage.ts';

export async function bounded(
  promise: Promise<unknown>,
  limitMs: number,
  clock: Clock,
  stage?: Stage,
): Promise<boolean> {
  const { promise: passed, resolve } = Promise.withResolvers<boolean>();
  const timer: TimerHandle = clock.setTimeout(() => resolve(false), limitMs);
  const stop = stage?.onClosed(() => {
    clock.clearTimeout(timer);
    resolve(false);
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  const inTime = await Promise.race([settled, passed]);
  clock.clearTimeout(timer);
  stop?.();
  return inTime;
}
