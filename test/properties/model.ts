/** A model of changing moods, each part of whose answers goes through the pool. */
import { APICallError } from '@ai-sdk/provider';
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
} from '@ai-sdk/provider';
import type { ShuffledClock } from './clock.ts';
import type { Mood, Setting } from './plan.ts';
import type { Shuffle } from './shuffle.ts';

/** A tool call as the model writes it. */
export interface WrittenCall {
  readonly toolName: string;
  readonly input: string;
}

export interface ModelPorts {
  readonly clock: ShuffledClock;
  readonly shuffle: Shuffle;
  readonly onRequest: (request: LanguageModelV4CallOptions) => void;
  /** What it calls now, if it is in the mood. */
  readonly calls: () => readonly WrittenCall[];
  /** Resolves when the script opens it. */
  readonly gate: () => Promise<void>;
}

type Cue =
  | LanguageModelV4StreamPart
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'hang' }
  | { readonly type: 'drop' };

const names: Readonly<Record<Setting['wire'], readonly [provider: string, modelId: string]>> = {
  openai: ['openai.chat', 'gpt-5-mini'],
  anthropic: ['anthropic.messages', 'claude-haiku-4-5'],
  unknown: ['scripted', 'scripted'],
};

const usage = {
  inputTokens: { total: 1, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 1, text: 1, reasoning: undefined },
};

export class MoodyModel implements LanguageModelV4 {
  readonly specificationVersion = 'v4';
  readonly supportedUrls = {};
  readonly provider: string;
  readonly modelId: string;
  mood: Mood = 'talks';
  latencyMs = 120;
  readonly #ports: ModelPorts;
  #answers = 0;
  #calls = 0;

  constructor(wire: Setting['wire'], ports: ModelPorts) {
    [this.provider, this.modelId] = names[wire];
    this.#ports = ports;
  }

  doGenerate(): never {
    throw new Error('A session streams.');
  }

  async doStream(request: LanguageModelV4CallOptions): Promise<LanguageModelV4StreamResult> {
    const { clock, shuffle, onRequest } = this.#ports;
    onRequest(request);
    const { mood } = this;
    const cues = this.#cuesOf(mood);
    await shuffle.pass('request');
    if (mood === 'fails') throw new Error('down');
    if (mood === 'is busy') throw busy();
    return { stream: play(cues, this.#ports, request.abortSignal, clock) };
  }

  #cuesOf(mood: Mood): Cue[] {
    const waits: Cue[] = this.latencyMs > 0 ? [{ type: 'wait', ms: this.latencyMs }] : [];
    const words = ['Reply ', `${String((this.#answers += 1))} `, 'is said.'];
    switch (mood) {
      case 'calls':
        this.mood = 'talks';
        return [...waits, ...this.#text(['One ', 'moment.']), ...this.#written(), finish];
      case 'only calls':
        this.mood = 'talks';
        return [...waits, ...this.#written(), finish];
      case 'calls and fails':
        this.mood = 'talks';
        return [...waits, ...this.#written(), { type: 'error', error: new Error('overloaded') }];
      case 'is silent':
        return [...waits, finish];
      case 'breaks off':
        return [...waits, ...this.#text(words.slice(0, 2)), { type: 'error', error: new Error('overloaded') }];
      case 'drops':
        return [...waits, ...this.#text([]), { type: 'drop' }];
      case 'hangs':
        return [...this.#text(words.slice(0, 1)), { type: 'hang' }, ...this.#text(words.slice(1)), finish];
      default:
        return [...waits, ...this.#text(words), finish];
    }
  }

  #text(words: readonly string[]): Cue[] {
    return words.map((delta) => ({ type: 'text-delta', id: 'text', delta }));
  }

  #written(): Cue[] {
    return this.#ports.calls().map(({ toolName, input }) => {
      // Some providers number the calls of each answer anew.
      this.#calls += 1;
      return { type: 'tool-call', toolCallId: `call_${String(this.#calls % 12)}`, toolName, input };
    });
  }
}

const finish: Cue = { type: 'finish', finishReason: { unified: 'stop', raw: 'stop' }, usage };

function busy(): APICallError {
  return new APICallError({ message: 'busy', url: '', requestBodyValues: {}, statusCode: 429, isRetryable: true });
}

function play(
  cues: readonly Cue[],
  { shuffle, gate }: ModelPorts,
  signal: AbortSignal | undefined,
  clock: ShuffledClock,
): ReadableStream<LanguageModelV4StreamPart> {
  let next = 0;
  const over = Promise.withResolvers<void>();
  const stop = (): void => {
    next = cues.length;
    signal?.removeEventListener('abort', stop);
    over.resolve();
  };
  signal?.addEventListener('abort', stop);

  const wait = async (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = clock.setTimeout(resolve, ms);
    await Promise.race([promise, over.promise]);
    clock.clearTimeout(timer);
  };
  const pull = async (controller: ReadableStreamDefaultController<LanguageModelV4StreamPart>): Promise<void> => {
    await shuffle.pass('part');
    const cue = cues[next++];
    if (cue === undefined) return stop();
    if (cue.type === 'wait') await wait(cue.ms);
    else if (cue.type === 'hang') await Promise.race([gate(), over.promise]);
    else if (cue.type === 'drop') {
      stop();
      throw new Error('connection reset');
    } else {
      controller.enqueue(cue);
      if (next < cues.length) return;
      stop();
      return controller.close();
    }
    await pull(controller);
  };
  return new ReadableStream({ pull, cancel: stop }, { highWaterMark: 0 });
}
