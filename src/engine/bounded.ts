/** At most so long: resolves true when `promise` settled in time, whichever way. `until`: what ends it too, the session's end. */
import type { Clock, TimerHandle } from '../clock.ts';

export async function bounded(
  promise: Promise<unknown>,
  limitMs: number,
  clock: Clock,
  until?: { onClosed(listener: () => void): () => void },
): Promise<boolean> {
  const { promise: passed, resolve } = Promise.withResolvers<boolean>();
  const timer: TimerHandle = clock.setTimeout(() => resolve(false), limitMs);
  const stop = until?.onClosed(() => {
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
