/**
 * A clock that stands still until a test moves it (S10.3).
 *
 * Owns: the list of armed timers, the order in which they fire, and the decision when promises have "settled".
 *
 * Invariants
 * - Time moves only inside `advance` and `runUntilIdle`, never backwards, and only to the moment of the next timer or
 *   to the end that was asked for.
 * - Before every timer, and after the last, all promises that can settle have settled: what a timer's work arms takes
 *   part in the choice of the next timer, whatever its number of awaits. The same script gives the same timeline.
 * - Timers due at the same moment fire in the order in which they were set.
 * - No global is read after loading and none is ever replaced; `vi.useFakeTimers()` and this clock do not meet.
 *
 * Why not `@sinonjs/fake-timers` behind it (tried at 15.5.0, with its `createClock`): a delay above 2^31-1 fires after
 * 1 ms and a fractional one is cut; while it ticks, a delay of 0 becomes 1 ms, so `advance(5)` leaves behind what was
 * due at 5; it lets promises run for one macro-task only, so what is armed two hops later is passed over; and the
 * armed timers can be counted but not listed. Each of these would be worked round by a list, a delay and a loop of our
 * own, and those three are all there is to a virtual clock.
 */
import type { Clock, TimerHandle } from '../index.ts';

/** A timer that is armed. */
export interface PendingTimer {
  /** When it is due, in milliseconds since the Unix epoch; `Infinity` for one that never fires. */
  at: number;
  /** How far away that is from the clock's present, in milliseconds. */
  inMs: number;
  /** The name of the timer's function, where it has one. */
  label?: string;
}

/** What `createVirtualClock` takes. */
export interface VirtualClockOptions {
  /** Where the clock stands at first, in milliseconds since the Unix epoch. Default: 2026-01-01T00:00:00Z. */
  startAt?: number;
}

/** What `runUntilIdle` takes. */
export interface RunUntilIdleOptions {
  /** How far the clock may go before the run is given up, in milliseconds. Default: 86,400,000, one day. */
  limitMs?: number;
}

/** A `Clock` that is moved by hand. */
export interface VirtualClock extends Clock {
  /**
   * Moves the clock by `ms` milliseconds: lets settled promises run, fires the earliest timer, lets promises run
   * again, and so on until now + `ms` is reached. `advance(0)` fires what is due already.
   *
   * Rejects with a RangeError when `ms` is not a finite number of 0 or more; with an Error when the clock is already
   * being moved, or when timers of delay 0 set each other without end; and with whatever a timer's function throws,
   * in which case the clock stays at that timer's moment and can be moved on.
   */
  advance(ms: number): Promise<void>;
  /** Lets settled promises run, also where streams or `setImmediate` carry them on. Fires no timer, moves no time. */
  settle(): Promise<void>;
  /**
   * Fires timers in order until none is armed (one of delay `Infinity` does not count). Something that arms itself
   * again and again never ends: when the next timer is more than `limitMs` after the start of this run, it rejects
   * with an Error that lists what is armed. Rejects also as `advance` does.
   */
  runUntilIdle(options?: RunUntilIdleOptions): Promise<void>;
  /**
   * Fires timers in order until `promise` has settled, and gives its value: `await clock.runUntil(session.run({ … }))`.
   * Rejects as the promise does; with an Error when it is open and nothing is armed that could settle it; and as
   * `runUntilIdle` does.
   */
  runUntil<T>(promise: Promise<T>, options?: RunUntilIdleOptions): Promise<T>;
  /** The armed timers in the order in which they will fire. */
  pending(): PendingTimer[];
}

/** Taken once, so that a test that replaces the globals does not stop this clock. */
const { setImmediate } = globalThis;

/**
 * One macro-task drains every microtask there is: 10,000 awaits in a row, five transform streams and the AI SDK's
 * `streamText` each need a single one. `Blob.stream()` needs two, and a body may hop by `setImmediate` itself. One
 * costs about a microsecond.
 */
const hopsToSettle = 4;

/** So many timers at one moment are taken for a loop: each sets the next with a delay of 0. */
const mostTimersAtOnce = 100_000;

const oneDayMs = 86_400_000;

/** The promise of `runUntil` is open, and nothing that is armed within the limit settled it. */
export class StillOpenError extends Error {}

class VirtualTimer {
  readonly fn: () => void;
  readonly at: number;

  constructor(fn: () => void, at: number) {
    this.fn = fn;
    this.at = at;
  }
}

/**
 * Makes a virtual clock. Real input and output (sockets, files, a first `import()`) is not waited for: await it, then
 * move the clock.
 *
 * @example
 * const clock = createVirtualClock();
 * clock.setTimeout(() => console.log('done'), 600_000);
 * await clock.advance(600_000); // prints "done" at once
 */
export function createVirtualClock(options: VirtualClockOptions = {}): VirtualClock {
  const { startAt = Date.UTC(2026, 0, 1), ...rest } = Object(options) as VirtualClockOptions;
  const isOptions = isObject(options) && Object.keys(rest).length === 0;
  if (!isOptions)
    throw new TypeError(
      `Expected { startAt }, got ${isObject(options) ? Object.keys(options).join(', ') : String(options)}.`,
    );
  if (!Number.isFinite(startAt)) throw new RangeError(`Expected startAt to be a finite number, got ${startAt}.`);

  let now = startAt;
  let moving = false;
  /** Sorted, the next one last: taking it is `pop`, and equal moments keep the order of setting. */
  const timers: VirtualTimer[] = [];

  function setTimeout(fn: () => void, delayMs: number): TimerHandle {
    if (typeof fn !== 'function') throw new TypeError(`setTimeout: expected a function, got ${String(fn)}.`);
    const timer = new VirtualTimer(fn, now + (delayMs > 0 ? delayMs : 0));
    timers.splice(countLaterThan(timers, timer.at), 0, timer);
    return timer;
  }

  function clearTimeout(handle: TimerHandle | undefined): void {
    if (!(handle instanceof VirtualTimer)) return;
    const index = timers.indexOf(handle, countLaterThan(timers, handle.at));
    if (index >= 0) timers.splice(index, 1);
  }

  function pending(): PendingTimer[] {
    return timers.toReversed().map(({ at, fn }) => ({ at, inMs: at - now, ...(fn.name && { label: fn.name }) }));
  }

  /** Fires what is due up to `end`, or until `isOver`; the clock is then at the last timer that fired. */
  async function fireUntil(end: number, isOver: () => boolean = () => false): Promise<void> {
    let atThisMoment = 0;
    await settle();
    const next = (): VirtualTimer | undefined => (isOver() ? undefined : timers.at(-1));
    for (let timer = next(); timer && timer.at <= end && timer.at < Infinity; timer = next()) {
      atThisMoment = timer.at > now ? 1 : atThisMoment + 1;
      if (atThisMoment > mostTimersAtOnce) {
        throw new Error(
          `The virtual clock fired ${mostTimersAtOnce} timers without moving on: something sets a timer of delay 0 ` +
            `each time one fires. Armed: ${list(pending())}.`,
        );
      }
      timers.pop();
      now = timer.at;
      timer.fn();
      await settle();
    }
  }

  /** Two moves at once would each fire the other's timers, and neither timeline could be told from the test. */
  async function move(name: string, run: () => Promise<void>): Promise<void> {
    if (moving) throw new Error(`The virtual clock is already being moved: await the first move before ${name}().`);
    moving = true;
    try {
      await run();
    } finally {
      moving = false;
    }
  }

  return {
    now: () => now,
    setTimeout,
    clearTimeout,
    pending,
    settle,
    advance: (ms) =>
      move('advance', async () => {
        assertDuration('ms', ms);
        const end = now + ms;
        await fireUntil(end);
        now = end;
      }),
    runUntilIdle: ({ limitMs = oneDayMs } = {}) =>
      move('runUntilIdle', async () => {
        assertDuration('limitMs', limitMs);
        await fireUntil(now + limitMs);
        if (timers.some(({ at }) => at < Infinity)) {
          throw new Error(
            `The virtual clock is not idle after ${limitMs} ms. Armed: ${list(pending())}. Stop what arms itself ` +
              `again, raise limitMs, or move the clock by advance(ms).`,
          );
        }
      }),
    runUntil: async (promise, { limitMs = oneDayMs } = {}) => {
      let isOver = false;
      const settled = (): void => {
        isOver = true;
      };
      promise.then(settled, settled);
      await move('runUntil', async () => {
        assertDuration('limitMs', limitMs);
        await fireUntil(now + limitMs, () => isOver);
        if (!isOver) {
          throw new StillOpenError(
            `The promise is still open and no timer within ${limitMs} ms settled it. Armed: ${list(pending()) || 'nothing'}. ` +
              `Settle by hand what it waits for first.`,
          );
        }
      });
      return await promise;
    },
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

async function settle(): Promise<void> {
  for (let hop = 0; hop < hopsToSettle; hop++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** How many timers fire after the moment `at`, in a list that is sorted with the next one last. */
function countLaterThan(timers: readonly VirtualTimer[], at: number): number {
  let low = 0;
  let high = timers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const timer = timers[middle];
    if (timer && timer.at > at) low = middle + 1;
    else high = middle;
  }
  return low;
}

function assertDuration(name: string, ms: number): void {
  if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`Expected ${name} to be finite and 0 or more, got ${ms}.`);
}

function list(timers: readonly PendingTimer[]): string {
  const shown = timers.slice(0, 5).map(({ inMs, label }) => `${label ?? 'a timer'} in ${inMs} ms`);
  if (timers.length > shown.length) shown.push(`${timers.length - shown.length} more`);
  return shown.join(', ') || 'nothing';
}
