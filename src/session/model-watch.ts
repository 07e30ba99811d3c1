/** Shows what models are sent and answer to whoever watches; while nobody does it costs nothing. */
import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { invalid, show } from '../tools/options.ts';

/** One request to a model. */
export interface WatchedCall {
  /** Of this session; unique. */
  readonly id: string;
  readonly speechId: string;
  readonly provider: string;
  readonly modelId: string;
  /** As the provider package is given it. Not to be changed. */
  readonly request: Pick<LanguageModelV4CallOptions, 'prompt' | 'tools' | 'toolChoice'>;
}

export interface WatchedAnswer {
  /** What came, in order; repeats of a failed request included. */
  readonly parts: readonly LanguageModelV4StreamPart[];
  /** `aborted`: it was cut. */
  readonly end: 'finished' | 'aborted' | 'failed';
  readonly error?: unknown;
}

export interface ModelListener {
  onCall?(call: WatchedCall): void;
  onAnswer?(call: WatchedCall, answer: WatchedAnswer): void;
}

/** A request that is watched. */
export class Watched {
  readonly #call: WatchedCall;
  readonly #listeners: readonly ModelListener[];
  readonly #parts: LanguageModelV4StreamPart[] = [];

  constructor(call: WatchedCall, listeners: readonly ModelListener[]) {
    this.#call = call;
    this.#listeners = listeners;
    for (const listener of listeners) safely(() => listener.onCall?.(call));
  }

  take(part: LanguageModelV4StreamPart): void {
    this.#parts.push(part);
  }

  end(end: WatchedAnswer['end'], error?: unknown): void {
    const answer = { parts: this.#parts, end, ...(error === undefined ? {} : { error }) };
    for (const listener of this.#listeners) safely(() => listener.onAnswer?.(this.#call, answer));
  }
}

export class ModelWatch {
  /** A list is never changed but replaced. */
  #listeners: readonly ModelListener[] = [];
  #last = 0;

  /** Throws MeanwhileError `invalid_option`. Returns the way to stop. */
  watch(listener: ModelListener): () => void {
    if (typeof listener !== 'object' || listener === null)
      throw invalid('watchModel', `expected { onCall, onAnswer }, got ${show(listener)}.`, { code: 'invalid_option' });
    const own = { ...listener };
    this.#listeners = [...this.#listeners, own];
    return () => {
      this.#listeners = this.#listeners.filter((each) => each !== own);
    };
  }

  /** Undefined while nobody watches. */
  begin(speechId: string, model: LanguageModelV4, options: LanguageModelV4CallOptions): Watched | undefined {
    if (this.#listeners.length === 0) return undefined;
    const { provider, modelId } = model;
    const { prompt, tools, toolChoice } = options;
    const request = { prompt, ...(tools ? { tools } : {}), ...(toolChoice ? { toolChoice } : {}) };
    return new Watched(
      { id: `request_${String((this.#last += 1))}`, speechId, provider, modelId, request },
      this.#listeners,
    );
  }
}

/** A listener that throws harms nobody. */
function safely(call: () => void): void {
  try {
    call();
  } catch {
    // The model was called all the same.
  }
}
