/** One utterance to text: fed as it is spoken where the model can, else whole when it is over. */
import type {
  Experimental_TranscriptionModelV4StreamPart as StreamPart,
  TranscriptionModelV4,
  TranscriptionModelV4CallOptions,
} from '@ai-sdk/provider';
import { MeanwhileError } from '../index.ts';
import { bytesOf, joinSamples } from './frames.ts';
import { writeWav } from './wav.ts';

export interface RecognitionOptions {
  readonly providerOptions?: NonNullable<TranscriptionModelV4CallOptions['providerOptions']>;
  /** What is understood so far, where the model says so. */
  readonly onPartial?: (text: string) => void;
}

export interface Recognition {
  /** More of the utterance, at `recognitionRate`. */
  push(samples: Int16Array): void;
  /** It is over: what was said; empty where nothing was understood. Rejects when the model fails. */
  end(): Promise<string>;
  /** It was none. */
  cancel(): void;
}

/** Samples a second that models are given. */
export const recognitionRate = 16_000;

export function recognize(model: TranscriptionModelV4, options: RecognitionOptions): Recognition {
  return model.doStream ? new Streaming(model, options) : new Whole(model, options);
}

class Whole implements Recognition {
  readonly #model: TranscriptionModelV4;
  readonly #options: RecognitionOptions;
  readonly #abort = new AbortController();
  readonly #parts: Int16Array[] = [];

  constructor(model: TranscriptionModelV4, options: RecognitionOptions) {
    this.#model = model;
    this.#options = options;
  }

  push(samples: Int16Array): void {
    this.#parts.push(samples);
  }

  async end(): Promise<string> {
    const audio = writeWav({ samples: joinSamples(this.#parts), rate: recognitionRate });
    const { providerOptions } = this.#options;
    const { text } = await this.#model.doGenerate({
      audio,
      mediaType: 'audio/wav',
      abortSignal: this.#abort.signal,
      ...(providerOptions ? { providerOptions } : {}),
    });
    return text.trim();
  }

  cancel(): void {
    this.#abort.abort();
  }
}

class Streaming implements Recognition {
  readonly #abort = new AbortController();
  readonly #text: Promise<string>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(model: TranscriptionModelV4, options: RecognitionOptions) {
    const audio = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      // The model wants no more.
      cancel: () => {
        this.#controller = undefined;
      },
    });
    this.#text = read(model, audio, options, this.#abort.signal);
    // Who asks for the end hears of it.
    this.#text.catch(() => undefined);
  }

  push(samples: Int16Array): void {
    this.#controller?.enqueue(bytesOf(samples));
  }

  end(): Promise<string> {
    this.#controller?.close();
    this.#controller = undefined;
    return this.#text;
  }

  cancel(): void {
    this.#abort.abort();
    void this.end().catch(() => undefined);
  }
}

async function read(
  model: TranscriptionModelV4,
  audio: ReadableStream<Uint8Array>,
  { providerOptions, onPartial }: RecognitionOptions,
  abortSignal: AbortSignal,
): Promise<string> {
  const result = await model.doStream?.({
    audio,
    inputAudioFormat: { type: 'audio/pcm', rate: recognitionRate },
    abortSignal,
    ...(providerOptions ? { providerOptions } : {}),
  });
  const heard = new Transcript();
  const reader = result?.stream.getReader();
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
    if (next.value.type === 'finish') return next.value.text.trim();
    if (heard.take(next.value)) onPartial?.(heard.text);
  }
  if (heard.error !== undefined && heard.text === '')
    throw new MeanwhileError('speech_failed', `The transcription model ${model.modelId} failed.`, {
      cause: heard.error,
    });
  return heard.text;
}

/** What the parts of a stream add up to. */
class Transcript {
  error: unknown;
  #final = '';
  #partial = '';

  get text(): string {
    return `${this.#final} ${this.#partial}`.trim();
  }

  /** Is there more to read? */
  take(part: StreamPart): boolean {
    switch (part.type) {
      case 'transcript-delta':
        this.#final += part.delta;
        return true;
      case 'transcript-partial':
        this.#partial = part.text;
        return true;
      case 'transcript-final':
        this.#final = `${this.#final} ${part.text}`;
        this.#partial = '';
        return true;
      case 'error':
        this.error = part.error;
        return false;
      default:
        return false;
    }
  }
}
