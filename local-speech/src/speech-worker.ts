/**
 * A model in a thread of its own: synthesis and recognition block. The thread starts with the first question, does not
 * keep the process alive while it has none, and one that died fails its questions and is replaced by the next.
 */
import { Worker } from 'node:worker_threads';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export interface Answered {
  readonly id: number;
  readonly value?: unknown;
  readonly failed?: string;
}

export class SpeechWorker<Question, Answer> {
  readonly #start: () => Promise<Worker>;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Promise<Worker> | undefined;
  #lastId = 0;

  /** `file`: the module that the thread runs, beside this one; `data`: what it is given, asked for when it starts. */
  constructor(file: string, data: () => unknown) {
    this.#start = async () => {
      const workerData = await data();
      return new Worker(new URL(`./${file}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url), {
        workerData,
        // Node says once a process that WASI is experimental; Flite is all that runs under it here.
        execArgv: [...process.execArgv, '--disable-warning=ExperimentalWarning'],
      });
    };
  }

  /** Resolves when the thread runs. */
  async prepare(): Promise<void> {
    await this.#running();
  }

  /** Rejects with the signal's reason; what the thread has begun it ends all the same. */
  async ask(question: Question, abortSignal?: AbortSignal): Promise<Answer> {
    abortSignal?.throwIfAborted();
    const worker = await this.#running();
    abortSignal?.throwIfAborted();
    const id = (this.#lastId += 1);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const abort = (): void => reject(abortSignal?.reason as Error);
    abortSignal?.addEventListener('abort', abort, { once: true });
    this.#waiting.set(id, { resolve, reject });
    worker.ref();
    worker.postMessage({ id, question });
    try {
      return (await promise) as Answer;
    } finally {
      abortSignal?.removeEventListener('abort', abort);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) worker.unref();
    }
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await (await worker?.catch(() => undefined))?.terminate();
  }

  #running(): Promise<Worker> {
    if (this.#worker) return this.#worker;
    const beginning: Promise<Worker> = this.#begin(() => {
      if (this.#worker === beginning) this.#worker = undefined;
    });
    this.#worker = beginning;
    return beginning;
  }

  /** `onEnd`: it could not start, or it runs no longer. */
  async #begin(onEnd: () => void): Promise<Worker> {
    const worker = await this.#start().catch((error: unknown) => {
      onEnd();
      throw error;
    });
    worker.unref();
    worker.on('message', ({ id, value, failed }: Answered) => {
      const waiting = this.#waiting.get(id);
      if (failed === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(failed));
    });
    const died = (error: Error): void => {
      onEnd();
      for (const waiting of this.#waiting.values()) waiting.reject(error);
    };
    worker.on('error', died);
    worker.on('exit', (code) => died(new Error(`The speech thread ended with code ${String(code)}.`)));
    return worker;
  }
}
