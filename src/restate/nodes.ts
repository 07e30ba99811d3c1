/** The nodes of one cluster, and which of them is asked: what one call found out about it holds for the next. */
export class Nodes {
  readonly #urls: readonly string[];
  #at = 0;

  constructor(ingress: string | readonly string[]) {
    this.#urls = [ingress].flat().map((url) => url.replace(/\/+$/, ''));
  }

  get current(): string {
    return this.#urls[this.#at % this.#urls.length] ?? '';
  }

  /** Unless another call has left it already. */
  leave(url: string): void {
    if (this.current === url) this.#at += 1;
  }
}
