/** Text to speech with Flite (Carnegie Mellon), as an AI SDK speech model. It needs no download. */
import type { SpeechModelV4, SpeechModelV4CallOptions, SpeechModelV4Result, SharedV4Warning } from '@ai-sdk/provider';
import type { SpeechWorker } from './speech-worker.ts';
import { pcmOf, writeWav } from './wav.ts';

/** `slt` female, `rms` and `awb` male, `kal16` male and robotic; all English. */
export type FliteVoice = 'slt' | 'rms' | 'awb' | 'kal16';

export interface FliteQuestion {
  readonly text: string;
  readonly voice: FliteVoice;
  /** How long everything takes: 2 is half the speed. */
  readonly stretch: number;
}

const voices: readonly string[] = ['slt', 'rms', 'awb', 'kal16'] satisfies FliteVoice[];
/** Half a second of nothing, for a text that has nothing to say. */
const silence = { pcm: new Uint8Array(0), rate: 16_000 };

export function createFlite(defaultVoice: FliteVoice, worker: SpeechWorker<FliteQuestion, Uint8Array>): SpeechModelV4 {
  return {
    specificationVersion: 'v4',
    provider: 'meanwhile.local-speech',
    modelId: `flite-${defaultVoice}`,
    async doGenerate(options: SpeechModelV4CallOptions): Promise<SpeechModelV4Result> {
      const { text, voice = defaultVoice, speed = 1, outputFormat = 'wav', abortSignal } = options;
      check(voice, speed, outputFormat);
      const spoken = /[\p{L}\p{N}]/u.test(text)
        ? pcmOf(await worker.ask({ text, voice, stretch: 1 / speed }, abortSignal))
        : silence;
      return {
        audio: outputFormat === 'pcm' ? spoken.pcm : writeWav(spoken.pcm, spoken.rate),
        warnings: warningsFor(options),
        response: { timestamp: new Date(), modelId: `flite-${voice}` },
        providerMetadata: { 'meanwhile.local-speech': { rate: spoken.rate } },
      };
    },
  };
}

function check(voice: string, speed: number, outputFormat: string): asserts voice is FliteVoice {
  if (!voices.includes(voice))
    throw new RangeError(`Expected one of the voices ${voices.join(', ')}, got ${JSON.stringify(voice)}.`);
  if (!(speed >= 0.25 && speed <= 4)) throw new RangeError(`Expected a speed from 0.25 to 4, got ${String(speed)}.`);
  if (outputFormat !== 'wav' && outputFormat !== 'pcm')
    throw new RangeError(
      `Expected outputFormat "wav" or "pcm" (16 bits, 16 kHz, one channel), got ${JSON.stringify(outputFormat)}.`,
    );
}

function warningsFor({ instructions, language }: SpeechModelV4CallOptions): SharedV4Warning[] {
  const unsupported: SharedV4Warning[] = [];
  if (instructions !== undefined) unsupported.push({ type: 'unsupported', feature: 'instructions' });
  if (language !== undefined && language !== 'en' && language !== 'auto')
    unsupported.push({ type: 'unsupported', feature: 'language', details: `Flite speaks English, not ${language}.` });
  return unsupported;
}
