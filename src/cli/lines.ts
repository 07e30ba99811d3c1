/** The lines of a stream. Only a line feed ends one: whatever else a message holds is part of it. */
import type { Readable } from 'node:stream';

export class Lines implements AsyncIterable<string> {
  readonly #input: Readable;
  readonly #closed = Promise.withResolvers<undefined>();
  #isClosed = false;

  constructor(input: Readable) {
    this.#input = input;
  }

  /** No line comes after this. */
  close(): void {
    this.#isClosed = true;
    this.#closed.resolve(undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    const chunks = (this.#input.setEncoding('utf8') as AsyncIterable<string>)[Symbol.asyncIterator]();
    let rest = '';
    try {
      for (;;) {
        const next = await Promise.race([chunks.next(), this.#closed.promise]);
        if (!next || next.done) break;
        const lines = (rest + next.value).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          if (this.#isClosed) return;
          yield line.replace(/\r$/, '');
        }
      }
      if (rest !== '' && !this.#isClosed) yield rest;
    } finally {
      this.#input.destroy();
    }
  }
}
