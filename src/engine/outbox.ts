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

  /**
   * Shown to the host at once, behind what it did not take before. Resolves when the host has answered, and never
   * rejects; undefined where it has answered already.
   */
  push(record: TaskRecord): Promise<void> | undefined {
    this.#unsent.push({ n: (this.#count += 1), record });
    return this.flush();
  }

  flush(): Promise<void> | undefined {
    const entries = this.#unsent;
    if (entries.length === 0) return undefined;
    this.#unsent = [];
    // Nearly always: what was recorded a moment ago.
    if (entries.length === 1) return this.#send(entries);
    const pending = byOwner(entries)
      .map((run) => this.#send(run))
      .filter((answer) => answer !== undefined);
    return pending.length === 0 ? undefined : Promise.all(pending).then(() => undefined);
  }

  #send(entries: readonly Entry[]): Promise<void> | undefined {
    const [first] = entries;
    if (!first) return undefined;
    const records = entries.map(({ record }) => record);
    const failed = (error: unknown): void => this.#notTaken(entries, error);
    try {
      const answer = this.#append(first.record.owner, records);
      return answer === undefined ? undefined : Promise.resolve(answer).then(undefined, failed);
    } catch (error) {
      failed(error);
      return undefined;
    }
  }

  #notTaken(entries: readonly Entry[], error: unknown): void {
    this.#unsent = [...this.#unsent, ...entries].sort((a, b) => a.n - b.n);
    this.#onFailure(error);
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
