/** Tells when one of some files was changed, once for each time they are saved. */
import { watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock, TimerHandle } from '../../index.ts';

/** Editors write a file in several steps, and several files one after the other. */
const settledMs = 100;

export class FileWatch {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  /** By folder: an editor may put a new file in the place of the old one. */
  readonly #folders = new Map<string, { readonly watcher: FSWatcher; readonly names: Set<string> }>();
  #timer: TimerHandle | undefined;

  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  add(path: string): void {
    const folder = dirname(path);
    const known = this.#folders.get(folder);
    if (known) return void known.names.add(basename(path));
    const names = new Set([basename(path)]);
    try {
      const watcher = watch(folder, (_event, name) => {
        if (name === null || names.has(name)) this.#changed();
      });
      watcher.on('error', () => undefined);
      this.#folders.set(folder, { watcher, names });
    } catch {
      // Who loads it says that it is not there.
    }
  }

  close(): void {
    for (const { watcher } of this.#folders.values()) watcher.close();
    this.#folders.clear();
    this.#clock.clearTimeout(this.#timer);
  }

  #changed(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(this.#onChange, settledMs);
  }
}
