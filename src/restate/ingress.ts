/** Calls of a workflow over Restate's HTTP ingress, repeated until they come through. */
import { systemClock, type Clock, type Json } from '../index.ts';
import { Nodes } from './nodes.ts';

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
  /** Who says so: the handler itself, Restate, or something on the way to it. */
  readonly source: 'invocation' | 'ingress' | undefined;
  constructor(status: number, message: string, source: RefusedCall['source']) {
    super(message);
    this.name = 'RefusedCall';
    this.status = status;
    this.source = source;
  }
}

const firstPauseMs = 100;
const longestPauseMs = 5_000;
const longestTellingMs = 30_000;
/** On a line that is dead nothing ever comes back. What is sent is answered by Restate itself, at once. */
const sentWithinMs = 10_000;
/** A worker may let a call wait for less than half of it. */
const answeredWithinMs = 120_000;
/** One that is away for a moment is not worth a line. */
const toldAtMs = firstPauseMs * 2 ** 3;

export class WorkflowClient {
  readonly #nodes: Nodes;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #clock: Clock;
  readonly #fetch: typeof fetch;
  readonly #log: (line: string) => void;
  readonly #service: string;
  readonly #key: string;

  /** `nodes`: shared by all that ask the same ones. */
  constructor(service: string, key: string, options: IngressOptions, nodes = new Nodes(options.ingress)) {
    const { headers = {}, clock = systemClock, fetch: own = fetch, log = console.warn } = options;
    this.#nodes = nodes;
    this.#headers = headers;
    this.#clock = clock;
    this.#fetch = own;
    this.#log = log;
    this.#service = service;
    this.#key = encodeURIComponent(key);
  }

  /** Begins it; one that was begun goes on. */
  async start(request: unknown, signal: AbortSignal): Promise<void> {
    await this.send('run', request, signal);
  }

  /** Resolves when Restate has it; it is handled when a worker is there. */
  async send(handler: string, request: unknown, signal: AbortSignal): Promise<void> {
    await this.#persist(`${this.#service}/${this.#key}/${handler}/send`, request, signal, sentWithinMs);
  }

  async call<T>(handler: string, request: unknown, signal: AbortSignal): Promise<T> {
    return (await this.#persist(`${this.#service}/${this.#key}/${handler}`, request, signal, answeredWithinMs)) as T;
  }

  /** Sends what nobody waits for: given up after a while, so that a process which closes can leave. */
  async tell(handler: string, request: unknown): Promise<void> {
    const over = new AbortController();
    const timer = this.#clock.setTimeout(() => over.abort(), longestTellingMs);
    try {
      await this.send(handler, request, over.signal);
    } catch (error) {
      this.#log(`meanwhile: ${this.#service} was not told "${handler}": ${describeError(error)}`);
    } finally {
      this.#clock.clearTimeout(timer);
    }
  }

  /** Has what was begun come to its end, as far as can be known? Throws a RefusedCall with what it failed by. */
  async hasEnded(signal: AbortSignal): Promise<boolean> {
    try {
      const path = `restate/workflow/${this.#service}/${this.#key}/output`;
      await this.#attempt(`${this.#nodes.current}/${path}`, undefined, signal, sentWithinMs);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof RefusedCall)) return false;
      if (error.source === 'invocation') throw error;
      // Restate remembers it no more.
      return error.source === 'ingress' && error.status === 404;
    }
  }

  /** Ends only with an answer, a refusal, or the signal. */
  async #persist(path: string, request: unknown, signal: AbortSignal, withinMs: number): Promise<unknown> {
    const body = JSON.stringify(request);
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      const node = this.#nodes.current;
      try {
        return await this.#attempt(`${node}/${path}`, body, signal, withinMs);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof RefusedCall && !isPassing(error.status)) throw error;
        if (pauseMs === toldAtMs) this.#log(this.#unreachable(node, error));
      }
      this.#nodes.leave(node);
      await this.#pause(pauseMs, signal);
    }
  }

  async #attempt(url: string, body: string | undefined, signal: AbortSignal, withinMs: number): Promise<unknown> {
    const attempt = new AbortController();
    const stop = (): void => attempt.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const late = (): void => attempt.abort(new Error(`no answer within ${String(withinMs)} ms`));
    const timer = this.#clock.setTimeout(late, withinMs);
    try {
      signal.throwIfAborted();
      return await this.#ask(url, body, attempt.signal);
    } finally {
      this.#clock.clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }

  async #ask(url: string, body: string | undefined, signal: AbortSignal): Promise<unknown> {
    const isRead = body === undefined;
    const response = await this.#fetch(url, {
      method: isRead ? 'GET' : 'POST',
      headers: isRead ? this.#headers : { ...this.#headers, 'content-type': 'application/json' },
      ...(isRead ? {} : { body }),
      signal,
    });
    const text = await response.text();
    if (!response.ok) {
      const source = response.headers.get('x-restate-error-source');
      throw this.#refusal(response.status, text, source === 'invocation' || source === 'ingress' ? source : undefined);
    }
    return text === '' ? undefined : (JSON.parse(text) as Json);
  }

  #unreachable(node: string, error: unknown): string {
    return `meanwhile: Restate at ${node} cannot be reached, ${this.#service} goes on when it can: ${describeError(error)}`;
  }

  #refusal(status: number, text: string, source: RefusedCall['source']): RefusedCall {
    const said = text.slice(0, 500);
    const refused = (fact: string): RefusedCall => new RefusedCall(status, fact, source);
    if (source === 'invocation') return refused(`In Restate, ${this.#service} ended with an error: ${said}`);
    if (status !== 404) return refused(`Restate answered ${String(status)}: ${said}`);
    const fact = `Restate has no service "${this.#service}" (${said}).`;
    return refused(`${fact} Serve the tool, and let it register: meanwhile worker FILE`);
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
