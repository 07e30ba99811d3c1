/** Calls to the store's objects over HTTP. Each failure is a StoreError `store_unavailable`. */
import { MeanwhileError, StoreError, systemClock } from '../index.ts';
import { closed } from '../store/refusals.ts';
import { newerVersion } from './store-names.ts';

export interface RestateStoreOptions {
  /** Where Restate takes calls: `http://127.0.0.1:8080`. A list: nodes of one cluster, any of which will do. */
  readonly ingress: string | readonly string[];
  /** Sent with each call: `{ authorization: 'Bearer …' }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A call that was not answered by then has failed. Default 10,000. */
  readonly timeoutMs?: number;
}

export class StoreIngress {
  readonly #urls: readonly string[];
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #running = new Set<AbortController>();
  /** Which of the nodes is asked. */
  #at = 0;
  #isClosed = false;

  constructor({ ingress, headers = {}, timeoutMs = 10_000 }: RestateStoreOptions) {
    this.#urls = [ingress].flat().map((url) => checked(url).replace(/\/+$/, ''));
    if (this.#urls.length === 0) checked(undefined);
    this.#headers = { ...headers, 'content-type': 'application/json' };
    this.#timeoutMs = timeoutMs;
  }

  async call<T>(object: string, key: string, handler: string, parameter: unknown): Promise<T> {
    if (this.#isClosed) throw closed();
    const controller = new AbortController();
    this.#running.add(controller);
    const timer = systemClock.setTimeout(() => controller.abort(tooLate(this.#url, this.#timeoutMs)), this.#timeoutMs);
    try {
      const path = `${object}/${encodeURIComponent(key)}/${handler}`;
      return await this.#askAny<T>(path, JSON.stringify(parameter), controller.signal);
    } finally {
      systemClock.clearTimeout(timer);
      this.#running.delete(controller);
    }
  }

  /** Calls that are under way fail: whether they do their work is not known. */
  close(): void {
    this.#isClosed = true;
    for (const controller of this.#running) controller.abort(closed());
  }

  get #url(): string {
    return this.#urls[this.#at % this.#urls.length] ?? '';
  }

  /** A node that takes no connection has done nothing with the call, so another may be asked. After any other failure that is not known. */
  async #askAny<T>(path: string, body: string, signal: AbortSignal): Promise<T> {
    for (let tried = 1; ; tried += 1) {
      const url = this.#url;
      try {
        return await this.#ask<T>(url, path, body, signal);
      } catch (error) {
        const isAnswer = error instanceof StoreError && !signal.aborted;
        if (isAnswer) throw error;
        this.#at += 1;
        if (error instanceof StoreError) throw error;
        if (tried >= this.#urls.length || !isRefused(error)) throw unreachable(url, error);
      }
    }
  }

  async #ask<T>(url: string, path: string, body: string, signal: AbortSignal): Promise<T> {
    const response = await fetch(`${url}/${path}`, { method: 'POST', headers: this.#headers, body, signal });
    const text = await response.text();
    if (!response.ok) throw refused(url, response.status, text);
    return JSON.parse(text) as T;
  }
}

function checked(url: unknown): string {
  if (typeof url === 'string' && /^https?:/.test(url) && URL.canParse(url)) return url;
  const got = `got ${String(url)}`;
  throw new MeanwhileError(
    'invalid_option',
    `restateStore: expected ingress to be an address like http://127.0.0.1:8080, ${got}.`,
  );
}

/** `fetch` says why in its error's cause. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}

function isRefused(error: unknown): boolean {
  const { code } = (causeOf(error) ?? {}) as { code?: unknown };
  return code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ENOTFOUND';
}

function unreachable(url: string, error: unknown): StoreError {
  const reason = causeOf(error);
  const why = reason instanceof Error ? reason.message || reason.name : String(reason);
  const fact = `Restate at ${url} cannot be reached (${why}). Start it, or give the address of its ingress.`;
  return new StoreError('store_unavailable', fact, { cause: error });
}

function tooLate(url: string, timeoutMs: number): StoreError {
  const fact = `Restate at ${url} has not answered within ${String(timeoutMs)} ms`;
  return new StoreError('store_unavailable', `${fact}. Look whether a worker serves the store, or raise timeoutMs.`);
}

function refused(url: string, status: number, text: string): StoreError {
  if (status === newerVersion) return new StoreError('store_newer_version', messageIn(text));
  const remedy =
    status === 404
      ? 'Serve the store and register it: `meanwhile worker`, or restateStoreServices() on an endpoint of your own.'
      : 'Its log says more.';
  const said = text.slice(0, 500);
  return new StoreError('store_unavailable', `Restate at ${url} answered ${String(status)}: ${said} ${remedy}`);
}

function messageIn(text: string): string {
  try {
    return String((JSON.parse(text) as { message?: unknown }).message);
  } catch {
    return text.slice(0, 500);
  }
}
