/** The folder of one booking: its SQLite file, what was done, what was said. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SessionRecord, SessionStore } from '../../src/index.ts';
import type { Told } from './booking.ts';
import { judge, type Verdict } from './judge.ts';

export class BookingFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'meanwhile-kill-'));
  readonly database = join(this.path, 'calls.db');

  /** `key`: of the booking, in its deeds. */
  async judge(store: SessionStore, key: string, speakerDied: boolean): Promise<Verdict> {
    const [sessionId = ''] = key.split('/');
    const deeds = new Map<number, string[]>();
    for (const line of this.#lines('deeds')) {
      const [of, step = '', id = ''] = line.split(' ');
      if (of === key) deeds.set(Number(step), [...(deeds.get(Number(step)) ?? []), id]);
    }
    const records = await allRecords(store, sessionId);
    return judge({ records, deeds, told: this.#lines('told') as Told[], speakerDied });
  }

  #lines(name: string): string[] {
    const path = join(this.path, name);
    return existsSync(path)
      ? readFileSync(path, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
      : [];
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

async function allRecords(store: SessionStore, sessionId: string): Promise<SessionRecord[]> {
  const records: SessionRecord[] = [];
  for (;;) {
    const batch = await store.read(sessionId, records.length);
    if (batch.length === 0) return records;
    records.push(...batch);
  }
}
