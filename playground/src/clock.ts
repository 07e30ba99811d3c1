/** Time as the page shows it: it moves while there is something to see moving. */
import { signal } from '@preact/signals';
import { serverNow } from './conversation-store.ts';

/** The server's time, in ms. */
export const now = signal(serverNow());

const everyMs = 100;

export function startClock(): void {
  setInterval(() => {
    if (document.visibilityState === 'visible') now.value = serverNow();
  }, everyMs);
}

/** `0:05`, `12:40`. */
export function clockText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${String(Math.floor(seconds / 60))}:${String(seconds % 60).padStart(2, '0')}`;
}

/** `0.4 s`, `12 s`. */
export function durationText(ms: number): string {
  return ms < 10_000 ? `${(Math.max(0, ms) / 1000).toFixed(1)} s` : `${String(Math.round(ms / 1000))} s`;
}
