/** What the model of the scripted conversation is shown, and which part of it the user has heard something of (S2.3, S3.5). */
import type { TaskRecord } from '../../index.ts';

interface Item {
  /** The record's, or the call's. */
  readonly id?: string;
  readonly text: string;
}

export class ScriptedContext {
  readonly #items: Item[] = [];
  readonly #covered = new Set<string>();
  /** Records of a call that is not in yet: they follow right behind it. */
  readonly #held = new Map<string, TaskRecord[]>();

  add(text: string, id?: string): void {
    this.#items.push({ text, ...(id === undefined ? {} : { id }) });
  }

  addRecord(record: TaskRecord): void {
    const held = this.#held.get(record.callId);
    if (held) held.push(record);
    else this.#enter(record);
  }

  /** Its call and output will enter together: its records wait for that. */
  hold(callId: string): void {
    this.#held.set(callId, []);
  }

  addCall(callId: string, text: string): void {
    this.add(text, callId);
    const held = this.#held.get(callId) ?? [];
    this.#held.delete(callId);
    for (const record of held) this.#enter(record);
  }

  /** It is told while its call is not in yet. */
  release(id: string): void {
    for (const held of this.#held.values()) {
      const index = held.findIndex((record) => record.id === id);
      for (const record of held.splice(0, index + 1)) this.#enter(record);
    }
  }

  /** All of it, with instructions that are not kept. */
  view(instructions: string | undefined): { readonly prompt: string; readonly position: number } {
    const texts = [...this.#items.map((item) => item.text), ...(instructions === undefined ? [] : [instructions])];
    return { prompt: texts.join('\n'), position: this.#items.length };
  }

  /** Did a request of so many items hold it? */
  held(id: string, position: number): boolean {
    return this.#items.slice(0, position).some((item) => item.id === id);
  }

  /** A request of so many items led to something heard. */
  cover(position: number): void {
    for (const { id } of this.#items.slice(0, position)) if (id !== undefined) this.#covered.add(id);
  }

  covered(id: string): boolean {
    return this.#covered.has(id);
  }

  #enter(record: TaskRecord): void {
    this.add(`Record ${record.id}: ${record.output.text}`, record.id);
  }
}
