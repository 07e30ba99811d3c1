/** Tells when a file was changed, once for each time it is saved. */
import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock, TimerHandle } from '../../index.ts';

/** Editors write a file in several steps. */
const settledMs = 100;

/** Returns the way to stop. */
export function watchFile(path: string, clock: Clock, onChange: () => void): () => void {
  let timer: TimerHandle | undefined;
  // The folder: an editor may put a new file in the place of the old one.
  const watcher = watch(dirname(path), (_event, name) => {
    if (name !== null && name !== basename(path)) return;
    clock.clearTimeout(timer);
    timer = clock.setTimeout(onChange, settledMs);
  });
  watcher.on('error', () => undefined);
  return () => {
    watcher.close();
    clock.clearTimeout(timer);
  };
}
