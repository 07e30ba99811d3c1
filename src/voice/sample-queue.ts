/** Samples in order, given and taken in pieces of any length. */
export class SampleQueue {
  #pieces: Int16Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(samples: Int16Array): void {
    if (samples.length === 0) return;
    this.#pieces.push(samples);
    this.#length += samples.length;
  }

  /** In front of all others. */
  unshift(samples: Int16Array): void {
    if (samples.length === 0) return;
    this.#pieces.unshift(samples);
    this.#length += samples.length;
  }

  /** The first `count`, or all there are. */
  take(count: number): Int16Array<ArrayBuffer> {
    const taken = new Int16Array(Math.min(count, this.#length));
    let at = 0;
    while (at < taken.length) {
      const piece = this.#pieces.shift() ?? new Int16Array(0);
      const part = piece.subarray(0, taken.length - at);
      taken.set(part, at);
      at += part.length;
      if (part.length < piece.length) this.#pieces.unshift(piece.subarray(part.length));
    }
    this.#length -= taken.length;
    return taken;
  }

  clear(): void {
    this.#pieces = [];
    this.#length = 0;
  }
}
