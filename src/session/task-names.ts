/** Short names of tasks for people, `book_flight#1`: numbered through the session, in the order of their start. */

export class TaskNames {
  readonly #names = new Map<string, string>();

  /** The first call of `add` with a call id names it. */
  add(callId: string, toolName: string): string {
    const known = this.#names.get(callId);
    if (known !== undefined) return known;
    const name = `${toolName}#${String(this.#names.size + 1)}`;
    this.#names.set(callId, name);
    return name;
  }

  /** The call id itself where it was never named. */
  nameOf(callId: string): string {
    return this.#names.get(callId) ?? callId;
  }

  /** The call id of `book_flight#1`, `#1` or `1`, or the id itself; undefined when no task has it. */
  find(text: string): string | undefined {
    if (this.#names.has(text)) return text;
    const wanted = `#${text.replace(/^#/, '')}`;
    for (const [callId, name] of this.#names) if (name === text || name.endsWith(wanted)) return callId;
    return undefined;
  }
}
