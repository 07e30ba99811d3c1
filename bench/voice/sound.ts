/** What is said in the load test: a tone with a pause before and after, and models that take no time over it. */
import { writeWav, type VoiceActivityModel, type VoiceOptions } from 'meanwhile/voice';

export const rate = 16_000;
/** A window of the voice activity: microphones send one at a time. */
export const windowSamples = 512;
export const windowMs = (windowSamples / rate) * 1000;

/** Silence that ends speech, and nothing more to wait for. */
export const minSilenceMs = 10 * windowMs;

export function tone(windows: number): Int16Array<ArrayBuffer> {
  return Int16Array.from({ length: windows * windowSamples }, (_none, index) => 8_000 * Math.sin(index / 5));
}

/** Speech is what is loud. */
const loudness: VoiceActivityModel = {
  rate,
  windowSamples,
  open: () =>
    Promise.resolve({
      probability: (window) => (window.some((sample) => Math.abs(sample) > 0.05) ? 1 : 0),
      reset: () => undefined,
    }),
};

const wav = writeWav({ samples: tone(60), rate });

/** Ears and a mouth without a model's time: what is left is ours. */
export const instant: VoiceOptions = {
  vad: loudness,
  stt: {
    specificationVersion: 'v4',
    provider: 'bench',
    modelId: 'instant',
    doGenerate: () =>
      Promise.resolve({
        text: 'How is the weather?',
        segments: [],
        language: 'en',
        durationInSeconds: undefined,
        warnings: [],
        response: { timestamp: new Date(0), modelId: 'instant' },
      }),
  },
  tts: {
    specificationVersion: 'v4',
    provider: 'bench',
    modelId: 'instant',
    doGenerate: () =>
      Promise.resolve({ audio: wav, warnings: [], response: { timestamp: new Date(0), modelId: 'instant' } }),
  },
  activity: { minSilenceMs },
  endpointing: { minDelayMs: 0, maxDelayMs: 0 },
};
