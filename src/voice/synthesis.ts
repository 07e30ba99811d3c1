/** One sentence to sound: streamed where the model can, else in one piece. */
import type { Experimental_StreamingSpeechModelV4 as StreamingSpeechModelV4, SpeechModelV4 } from '@ai-sdk/provider';
import { MeanwhileError, type Clock } from '../index.ts';
import { samplesOf, type AudioFrame } from './frames.ts';
import { readWav } from './wav.ts';

export interface SynthesisOptions {
  readonly voice?: string;
  readonly speed?: number;
  readonly language?: string;
  readonly instructions?: string;
  readonly providerOptions?: NonNullable<Parameters<SpeechModelV4['doGenerate']>[0]['providerOptions']>;
}

export interface SynthesisLimits {
  /** A model that has given no more sound so long after it was asked for some has failed. Default 10,000 ms. */
  readonly timeoutMs: number;
}

/** What a model that streams is asked for, and what bare bytes without a rate are taken for. */
const pcmRate = 24_000;

/** Frames of the model's own rate. The model is asked when the first is asked for. */
export async function* synthesize(
  model: SpeechModelV4,
  text: string,
  options: SynthesisOptions,
  abortSignal: AbortSignal,
): AsyncGenerator<AudioFrame, void> {
  if (canStream(model)) {
    yield* stream(model, text, options, abortSignal);
    return;
  }
  const { audio } = await model.doGenerate({ ...options, text, outputFormat: 'wav', abortSignal });
  yield readWav(toBytes(audio));
}

/** Asks for the next frame; rejects with MeanwhileError `speech_failed` where none comes in time. */
export function nextInTime(
  frames: AsyncGenerator<AudioFrame, void>,
  { timeoutMs }: SynthesisLimits,
  clock: Clock,
  abortSignal: AbortSignal,
): Promise<IteratorResult<AudioFrame, void>> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => reject(late(timeoutMs)), timeoutMs);
    const stop = (): void => {
      clock.clearTimeout(timer);
      abortSignal.removeEventListener('abort', stop);
    };
    abortSignal.addEventListener('abort', stop);
    frames.next().finally(stop).then(resolve, reject);
  });
}

function late(timeoutMs: number): MeanwhileError {
  const fact = `The speech model gave no sound within ${String(timeoutMs)} ms`;
  return new MeanwhileError('speech_failed', `${fact}. Raise synthesis.timeoutMs, or use a faster one.`);
}

function canStream(model: SpeechModelV4): model is StreamingSpeechModelV4 {
  return 'doStream' in model && typeof model.doStream === 'function';
}

async function* stream(
  model: StreamingSpeechModelV4,
  text: string,
  options: SynthesisOptions,
  abortSignal: AbortSignal,
): AsyncGenerator<AudioFrame, void> {
  const words = new ReadableStream({
    start(controller) {
      controller.enqueue({ type: 'text' as const, text });
      controller.close();
    },
  });
  const outputFormat = { type: 'audio/pcm', rate: pcmRate };
  const result = await model.doStream({ ...options, text: words, outputFormat, abortSignal });
  const reader = result.stream.getReader();
  const decoder = new PcmDecoder();
  let isWhole = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (value.type === 'finish') isWhole = true;
      if (value.type !== 'audio') continue;
      const frame = decoder.push(toBytes(value.audio), value.audioFormat);
      if (frame) yield frame;
    }
  } finally {
    // Nobody wants the rest: the model may stop.
    await reader.cancel().catch(() => undefined);
  }
  if (!isWhole)
    throw new MeanwhileError(
      'speech_failed',
      `The speech model ${model.modelId} ended ${JSON.stringify(text.slice(0, 60))} without saying that it was whole.`,
    );
}

/** Chunks may end in the middle of a sample. */
class PcmDecoder {
  #odd: number | undefined;

  push(bytes: Uint8Array, { type, rate = pcmRate }: { type: string; rate?: number }): AudioFrame | undefined {
    if (type !== 'audio/pcm' && type !== 'audio/l16')
      throw new MeanwhileError(
        'speech_failed',
        `Expected sound as audio/pcm of 16 bits, got ${type}. Use a model that can give it.`,
      );
    const whole = this.#odd === undefined ? bytes : Uint8Array.of(this.#odd, ...bytes);
    this.#odd = whole.length % 2 === 1 ? whole.at(-1) : undefined;
    const samples = samplesOf(whole);
    return samples.length > 0 ? { samples, rate } : undefined;
  }
}

function toBytes(audio: Uint8Array | string): Uint8Array {
  return typeof audio === 'string' ? Uint8Array.from(atob(audio), (letter) => letter.charCodeAt(0)) : audio;
}
