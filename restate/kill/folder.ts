/** A folder for bookings: the SQLite file, what was done, what was said. It goes with them. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SessionRecord, SessionStore } from '../../src/index.ts';

export class Folder implements Disposable {
  readonly #path = mkdtempSync(join(tmpdir(), 'meanwhile-kill-'));
  readonly deeds = this.file('deeds');

  file(name: string): string {
    return join(this.#path, name);
  }

  lines(name: string): string[] {
    const path = this.file(name);
    return existsSync(path)
      ? readFileSync(path, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
      : [];
  }

  /** Ids of the side effects of a booking, by step. */
  deedsOf(key: string): Map<number, string[]> {
    const deeds = new Map<number, string[]>();
    for (const line of this.lines('deeds')) {
      const [of, step = '', id = ''] = line.split(' ');
      if (of === key) deeds.set(Number(step), [...(deeds.get(Number(step)) ?? []), id]);
    }
    return deeds;
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { recursive: true, force: true });
  }
}

export async function allRecords(store: SessionStore, sessionId: string): Promise<SessionRecord[]> {
  const records: SessionRecord[] = [];
  for (;;) {
    const batch = await store.read(sessionId, records.length);
    if (batch.length === 0) return records;
    records.push(...batch);
  }
}
