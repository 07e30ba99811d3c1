/** Speech to text with Moonshine (Useful Sensors), as an AI SDK transcription model: English, an utterance at a time. */
import type {
  TranscriptionModelV4,
  TranscriptionModelV4CallOptions,
  TranscriptionModelV4Result,
  SharedV4Warning,
} from '@ai-sdk/provider';
import type { SpeechWorker } from './speech-worker.ts';
import { readPcm16, readWav, resample, type Pcm } from './wav.ts';

/** `base` makes about a third of the errors of `tiny` and takes about twice as long. */
export type MoonshineSize = 'tiny' | 'base';

export interface MoonshineQuestion {
  /** 16 kHz. */
  readonly samples: Float32Array<ArrayBuffer>;
}

const rate = 16_000;
/** Shorter than any word; the encoder cannot take less. */
const shortestSamples = 0.1 * rate;

export function createMoonshine(
  size: MoonshineSize,
  worker: SpeechWorker<MoonshineQuestion, string>,
): TranscriptionModelV4 {
  return {
    specificationVersion: 'v4',
    provider: 'meanwhile.local-speech',
    modelId: `moonshine-${size}`,
    async doGenerate(options: TranscriptionModelV4CallOptions): Promise<TranscriptionModelV4Result> {
      const samples = resample(read(options), rate);
      const text = samples.length < shortestSamples ? '' : await worker.ask({ samples }, options.abortSignal);
      return {
        text,
        segments: [],
        language: 'en',
        durationInSeconds: samples.length / rate,
        warnings: warningsFor(options),
        response: { timestamp: new Date(), modelId: `moonshine-${size}` },
      };
    },
  };
}

/** A WAV file, or bare samples as `audio/pcm;rate=16000`. */
function read({ audio, mediaType }: TranscriptionModelV4CallOptions): Pcm {
  const bytes = typeof audio === 'string' ? Buffer.from(audio, 'base64') : audio;
  const [type = '', ...parameters] = mediaType.split(';').map((part) => part.trim().toLowerCase());
  if (['audio/wav', 'audio/x-wav', 'audio/wave', 'audio/vnd.wave'].includes(type)) return readWav(bytes);
  if (type === 'audio/pcm') {
    const given = Number(parameters.find((each) => each.startsWith('rate='))?.slice('rate='.length) ?? rate);
    if (!(given >= 8_000 && given <= 192_000))
      throw new RangeError(`Expected a rate from 8000 to 192000, got ${JSON.stringify(mediaType)}.`);
    return readPcm16(bytes, given);
  }
  throw new RangeError(
    `Expected audio/wav or audio/pcm;rate=…, got ${JSON.stringify(mediaType)}; convert the audio to WAV.`,
  );
}

function warningsFor({ timestampGranularities }: TranscriptionModelV4CallOptions): SharedV4Warning[] {
  return timestampGranularities?.length ? [{ type: 'unsupported', feature: 'timestampGranularities' }] : [];
}
