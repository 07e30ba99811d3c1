/**
 * Records on their way to the host's model (S2.5). What a host did not take stays here: it goes with the next record,
 * and before the next reply. Each failure is reported, none reaches the tool.
 */
import type { TaskRecord } from '../chat/items.ts';
import type { Conversation } from './seam.ts';

interface Entry {
  readonly n: number;
  readonly record: TaskRecord;
}

export class Outbox {
  readonly #append: Conversation['append'];
  readonly #onFailure: (error: unknown) => void;
  #unsent: Entry[] = [];
  #count = 0;

  constructor(append: Conversation['append'], onFailure: (error: unknown) => void) {
    this.#append = append;
    this.#onFailure = onFailure;
  }

  /** Shown to the host at once, behind what it did not take before. Resolves when the host has answered; never rejects. */
  push(record: TaskRecord): Promise<void> {
    this.#unsent.push({ n: (this.#count += 1), record });
    return this.flush();
  }

  async flush(): Promise<void> {
    const entries = this.#unsent.splice(0);
    await Promise.all(byOwner(entries).map((run) => this.#send(run)));
  }

  async #send(entries: readonly Entry[]): Promise<void> {
    const records = entries.map(({ record }) => record);
    const [first] = records;
    if (!first) return;
    try {
      await this.#append(first.owner, records);
    } catch (error) {
      this.#unsent = [...this.#unsent, ...entries].sort((a, b) => a.n - b.n);
      this.#onFailure(error);
    }
  }
}

/** Runs of entries with one owner: an append is to one. */
function byOwner(entries: readonly Entry[]): Entry[][] {
  const runs: Entry[][] = [];
  for (const entry of entries) {
    const run = runs.at(-1);
    if (run?.[0]?.record.owner === entry.record.owner) run.push(entry);
    else runs.push([entry]);
  }
  return runs;
}
