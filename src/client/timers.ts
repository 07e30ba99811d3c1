/** A browser's time. */

/** What the client needs of time: a clock of `meanwhile` fits. */
export interface Timers {
  setTimeout(fn: () => void, delayMs: number): object | number;
  clearTimeout(handle: object | number | undefined): void;
}

export const platformTimers: Timers = {
  setTimeout: (fn, delayMs) => globalThis.setTimeout(fn, delayMs),
  clearTimeout: (handle) => globalThis.clearTimeout(handle as number | undefined),
};
