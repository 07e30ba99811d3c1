/** Calls of a workflow over Restate's HTTP ingress, repeated until they come through. */
import { systemClock, type Clock, type Json } from '../index.ts';

export interface IngressOptions {
  /** Where Restate takes calls: `http://127.0.0.1:8080`. A list: nodes of one cluster, any of which will do. */
  readonly ingress: string | readonly string[];
  /** Sent with each call: `{ authorization: 'Bearer …' }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What the pauses between attempts are timed by. Default: the system's. */
  readonly clock?: Clock;
  /** Default: the platform's. */
  readonly fetch?: typeof fetch;
  /** Hears, once each time, that Restate cannot be reached; the calls are repeated until it can. Default: `console.warn`. */
  readonly log?: (line: string) => void;
}

/** Restate's answer is a refusal that no repetition changes. */
export class RefusedCall extends Error {
  readonly status: number;
  /** It is what the handler itself ended with, and not the way to it. */
  readonly isEnding: boolean;
  constructor(status: number, message: string, isEnding: boolean) {
    super(message);
    this.name = 'RefusedCall';
    this.status = status;
    this.isEnding = isEnding;
  }
}

const firstPauseMs = 100;
const longestPauseMs = 5_000;
const longestTellingMs = 30_000;
/** One that is away for a moment is not worth a line. */
const toldAtMs = firstPauseMs * 2 ** 3;

export class WorkflowClient {
  readonly #urls: readonly string[];
  readonly #headers: Readonly<Record<string, string>>;
  readonly #clock: Clock;
  readonly #fetch: typeof fetch;
  readonly #log: (line: string) => void;
  readonly #service: string;
  readonly #key: string;
  #at = 0;

  constructor(service: string, key: string, options: IngressOptions) {
    const { ingress, headers = {}, clock = systemClock, fetch: own = fetch, log = console.warn } = options;
    this.#urls = [ingress].flat().map((url) => url.replace(/\/+$/, ''));
    this.#headers = headers;
    this.#clock = clock;
    this.#fetch = own;
    this.#log = log;
    this.#service = service;
    this.#key = encodeURIComponent(key);
  }

  /** Begins it; one that was begun goes on. */
  async start(request: unknown, signal: AbortSignal): Promise<void> {
    await this.#persist(`${this.#service}/${this.#key}/run/send`, request, signal);
  }

  async call<T>(handler: string, request: unknown, signal: AbortSignal): Promise<T> {
    return (await this.#persist(`${this.#service}/${this.#key}/${handler}`, request, signal)) as T;
  }

  /** A call that nobody waits for: given up after a while, so that a process which closes can leave. */
  async tell(handler: string, request: unknown): Promise<void> {
    const over = new AbortController();
    const timer = this.#clock.setTimeout(() => over.abort(), longestTellingMs);
    try {
      await this.call(handler, request, over.signal);
    } catch (error) {
      this.#log(`meanwhile: ${this.#service} was not told "${handler}": ${describeError(error)}`);
    } finally {
      this.#clock.clearTimeout(timer);
    }
  }

  /** Has it come to its end, as far as can be known? Throws a RefusedCall with what it failed by. */
  async hasEnded(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#ask(`restate/workflow/${this.#service}/${this.#key}/output`, undefined, signal);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RefusedCall && error.isEnding) throw error;
      return false;
    }
  }

  /** Ends only with an answer, a refusal, or the signal. */
  async #persist(path: string, request: unknown, signal: AbortSignal): Promise<unknown> {
    const body = JSON.stringify(request);
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        return await this.#ask(path, body, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof RefusedCall && !isPassing(error.status)) throw error;
        if (pauseMs === toldAtMs) this.#log(this.#unreachable(error));
      }
      this.#at += 1;
      await this.#pause(pauseMs, signal);
    }
  }

  async #ask(path: string, body: string | undefined, signal: AbortSignal): Promise<unknown> {
    const url = this.#url;
    const isRead = body === undefined;
    const response = await this.#fetch(`${url}/${path}`, {
      method: isRead ? 'GET' : 'POST',
      headers: isRead ? this.#headers : { ...this.#headers, 'content-type': 'application/json' },
      ...(isRead ? {} : { body }),
      signal,
    });
    const text = await response.text();
    if (!response.ok) {
      const isEnding = response.headers.get('x-restate-error-source') === 'invocation';
      throw this.#refusal(response.status, text, isEnding);
    }
    return text === '' ? undefined : (JSON.parse(text) as Json);
  }

  get #url(): string {
    return this.#urls[this.#at % this.#urls.length] ?? '';
  }

  #unreachable(error: unknown): string {
    return `meanwhile: Restate at ${this.#url} cannot be reached, ${this.#service} goes on when it can: ${describeError(error)}`;
  }

  #refusal(status: number, text: string, isEnding: boolean): RefusedCall {
    const said = text.slice(0, 500);
    if (isEnding) return new RefusedCall(status, `In Restate, ${this.#service} ended with an error: ${said}`, true);
    if (status !== 404) return new RefusedCall(status, `Restate answered ${String(status)}: ${said}`, false);
    const fact = `Restate has no service "${this.#service}" (${said}).`;
    return new RefusedCall(status, `${fact} Serve the tool, and let it register: meanwhile worker FILE`, false);
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stop = (): void => {
      this.#clock.clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = this.#clock.setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
    return promise;
  }
}

/** `fetch` says why in its error's cause. */
function describeError(error: unknown): string {
  const reason: unknown = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return reason instanceof Error ? reason.message || reason.name : String(reason);
}

/** It may be otherwise in a moment. */
function isPassing(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}
