/** The outboxes of all users, in this process's memory. */
import type { CollectedResult, UndeliveredResult } from '../index.ts';

interface Entry {
  readonly userKey: string;
  /** Where it was asked for. */
  readonly origin: string;
  /** As text, as any store has it; undefined: it was settled. */
  text: string | undefined;
  /** The session that has collected it. */
  holder: string | undefined;
  again: boolean;
  postedAt: number;
}

export class MemoryOutboxes {
  /** In the order of the first post. */
  readonly #entries = new Map<string, Entry>();

  post(from: string, userKey: string, result: UndeliveredResult, now: number): void {
    const { deliveryId, sessionId: origin } = result;
    const text = JSON.stringify(result);
    const entry = this.#entries.get(deliveryId);
    if (!entry)
      this.#entries.set(deliveryId, { userKey, origin, text, holder: undefined, again: false, postedAt: now });
    else if (entry.holder === from) Object.assign(entry, { text, holder: undefined, again: false, postedAt: now });
  }

  collect(by: string, userKey: string, isHeld: (sessionId: string) => boolean): CollectedResult[] {
    const mine: CollectedResult[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.userKey !== userKey || entry.text === undefined) continue;
      if (entry.holder !== undefined && entry.holder !== by) {
        if (isHeld(entry.holder)) continue;
        entry.again = true;
      }
      entry.holder = by;
      mine.push({ result: JSON.parse(entry.text) as UndeliveredResult, again: entry.again });
    }
    return mine;
  }

  settle(by: string, deliveryId: string, exists: (sessionId: string) => boolean): void {
    const entry = this.#entries.get(deliveryId);
    if (entry?.holder !== by) return;
    entry.text = undefined;
    entry.holder = undefined;
    if (!exists(entry.origin)) this.#entries.delete(deliveryId);
  }

  /** The session is gone: nobody posts its results any more. */
  forgetSettledOf(origin: string): void {
    for (const [id, entry] of this.#entries)
      if (entry.origin === origin && entry.text === undefined) this.#entries.delete(id);
  }

  forgetPostedBefore(at: number, isHeld: (sessionId: string) => boolean): void {
    for (const [id, { text, postedAt, holder }] of this.#entries)
      if (text !== undefined && postedAt <= at && !(holder !== undefined && isHeld(holder))) this.#entries.delete(id);
  }
}
