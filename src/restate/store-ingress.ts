/** Calls to the store's objects over HTTP. Each failure is a StoreError `store_unavailable`. */
import { StoreError } from '../index.ts';
import { closed } from '../store/refusals.ts';

export interface IngressOptions {
  /** Where Restate takes calls, such as `http://127.0.0.1:8080`. */
  readonly ingress: string;
  /** Sent with each call, say `{ authorization: 'Bearer …' }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A call that was not answered by then has failed. Default 10,000. */
  readonly timeoutMs?: number;
}

export class Ingress {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #running = new Set<AbortController>();
  #isClosed = false;

  constructor({ ingress, headers = {}, timeoutMs = 10_000 }: IngressOptions) {
    this.#url = ingress.replace(/\/+$/, '');
    this.#headers = { ...headers, 'content-type': 'application/json' };
    this.#timeoutMs = timeoutMs;
  }

  async call<T>(object: string, key: string, handler: string, parameter: unknown): Promise<T> {
    if (this.#isClosed) throw closed();
    const controller = new AbortController();
    this.#running.add(controller);
    const timer = setTimeout(() => controller.abort(tooLate(this.#url, this.#timeoutMs)), this.#timeoutMs);
    try {
      return await this.#ask<T>(`${object}/${encodeURIComponent(key)}/${handler}`, parameter, controller.signal);
    } catch (error) {
      throw error instanceof StoreError ? error : unreachable(this.#url, error);
    } finally {
      clearTimeout(timer);
      this.#running.delete(controller);
    }
  }

  /** Calls that are under way fail: whether they do their work is not known. */
  close(): void {
    this.#isClosed = true;
    for (const controller of this.#running) controller.abort(closed());
  }

  async #ask<T>(path: string, parameter: unknown, signal: AbortSignal): Promise<T> {
    const body = JSON.stringify(parameter ?? null);
    const response = await fetch(`${this.#url}/${path}`, { method: 'POST', headers: this.#headers, body, signal });
    const text = await response.text();
    if (!response.ok) throw refused(this.#url, response.status, text);
    return JSON.parse(text) as T;
  }
}

function unreachable(url: string, error: unknown): StoreError {
  // `fetch` says why in its error's cause.
  const reason = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const why = reason instanceof Error ? reason.message || reason.name : String(reason);
  const fact = `Restate at ${url} cannot be reached (${why}). Start it, or give the address of its ingress.`;
  return new StoreError('store_unavailable', fact, { cause: error });
}

function tooLate(url: string, timeoutMs: number): StoreError {
  const fact = `Restate at ${url} has not answered within ${String(timeoutMs)} ms`;
  return new StoreError('store_unavailable', `${fact}. Look whether a worker serves the store, or raise timeoutMs.`);
}

function refused(url: string, status: number, text: string): StoreError {
  const remedy =
    status === 404
      ? 'Serve the store and register it: `meanwhile worker`, or restateStoreServices() on an endpoint of your own.'
      : 'Its log says more.';
  const said = text.slice(0, 500);
  return new StoreError('store_unavailable', `Restate at ${url} answered ${String(status)}: ${said} ${remedy}`);
}
