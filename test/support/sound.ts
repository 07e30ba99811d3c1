/**
 * Sound on the virtual clock: a microphone in which somebody speaks, a loudspeaker that takes its time, and models whose
 * sound is a tone. No word is lost on the way: who speaks says what recognition will understand.
 */
import type { SpeechModelV4, TranscriptionModelV4 } from '@ai-sdk/provider';
import type { Clock } from 'meanwhile';
import type { AudioFrame, AudioOutput, VoiceActivityModel } from 'meanwhile/voice';
import { writeWav } from '../../src/voice/wav.ts';

const rate = 16_000;
const frameMs = 32;

function tone(ms: number, height = 8_000): Int16Array {
  return Int16Array.from({ length: Math.round((ms / 1000) * rate) }, (_none, index) => height * Math.sin(index / 5));
}

export interface Microphone extends AsyncIterable<AudioFrame> {
  /** Somebody has a voice for `ms`, from now on; recognition understands `words`. */
  speak(words: string, ms: number): void;
  /** No more frames. */
  end(): void;
  /** Speech to text that understands what is spoken here. */
  readonly stt: TranscriptionModelV4;
}

export interface MicrophoneOptions {
  /** How long recognition takes. Default 50 ms. */
  readonly recognitionMs?: number;
}

export function createMicrophone(clock: Clock, { recognitionMs = 50 }: MicrophoneOptions = {}): Microphone {
  const understood: string[] = [];
  let voiceUntil = -Infinity;
  let wake = Promise.withResolvers<void>();
  let ended = false;
  const frames: AudioFrame[] = [];
  const tick = (): void => {
    if (ended) return;
    const voice = clock.now() < voiceUntil;
    frames.push({ samples: voice ? tone(frameMs) : new Int16Array((frameMs / 1000) * rate), rate });
    wake.resolve();
    clock.setTimeout(tick, frameMs);
  };
  clock.setTimeout(tick, frameMs);
  return {
    speak(words, ms) {
      understood.push(words);
      voiceUntil = clock.now() + ms;
    },
    end() {
      ended = true;
      wake.resolve();
    },
    stt: {
      specificationVersion: 'v4',
      provider: 'test',
      modelId: 'microphone',
      async doGenerate() {
        const text = understood.shift() ?? '';
        await new Promise<void>((resolve) => clock.setTimeout(resolve, recognitionMs));
        return {
          text,
          segments: [],
          language: 'en',
          durationInSeconds: undefined,
          warnings: [],
          response: { timestamp: new Date(0), modelId: 'microphone' },
        };
      },
    },
    async *[Symbol.asyncIterator]() {
      while (!ended) {
        const frame = frames.shift();
        if (frame) yield frame;
        else {
          wake = Promise.withResolvers();
          await wake.promise;
        }
      }
    },
  };
}

/** Speech is what is loud. */
export const loudness: VoiceActivityModel = {
  rate,
  windowSamples: 512,
  open: () =>
    Promise.resolve({
      probability: (window) => (window.some((sample) => Math.abs(sample) > 0.05) ? 1 : 0),
      reset: () => undefined,
    }),
};

export interface VoiceModel extends SpeechModelV4 {
  /** Texts that were synthesised, with the clock's time. */
  readonly asked: { readonly text: string; readonly at: number }[];
  /** The text after which it fails, once. */
  failOn: string | undefined;
}

/** A voice that takes `msPerLetter` to say a letter, and `latencyMs` to begin. */
export function createTone(clock: Clock, { msPerLetter = 50, latencyMs = 0 } = {}): VoiceModel {
  const asked: { text: string; at: number }[] = [];
  const model: VoiceModel = {
    asked,
    failOn: undefined,
    specificationVersion: 'v4',
    provider: 'test',
    modelId: 'tone',
    async doGenerate({ text, abortSignal }) {
      asked.push({ text, at: clock.now() });
      if (model.failOn !== undefined && text.includes(model.failOn)) throw new Error(`no sound for ${text}`);
      if (latencyMs > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, latencyMs));
      abortSignal?.throwIfAborted();
      return {
        audio: writeWav({ samples: tone(text.length * msPerLetter), rate }),
        warnings: [],
        response: { timestamp: new Date(0), modelId: 'tone' },
      };
    },
  };
  return model;
}

export interface Loudspeaker extends AudioOutput {
  /** From when to when something was heard, in ms of the clock; joined where nothing lies between. */
  readonly sounded: { from: number; to: number }[];
  /** Samples that were played. */
  readonly playedMs: number;
}

/** Plays what it is given one after another, each frame in its time. */
export function createLoudspeaker(clock: Clock, rateOut = rate): Loudspeaker {
  const sounded: { from: number; to: number }[] = [];
  let written = 0;
  let endsAt = 0;
  let drained = Promise.withResolvers<void>();
  let timer: object | undefined;
  const left = (): number => Math.max(0, endsAt - clock.now());
  return {
    rate: rateOut,
    sounded,
    get playedMs() {
      return sounded.reduce((sum, { from, to }) => sum + Math.min(to, clock.now()) - from, 0);
    },
    write({ samples }) {
      const ms = (samples.length / rateOut) * 1000;
      const from = Math.max(endsAt, clock.now());
      const last = sounded.at(-1);
      if (last && from - last.to < 1) last.to = from + ms;
      else sounded.push({ from, to: from + ms });
      endsAt = from + ms;
      written += ms;
      clock.clearTimeout(timer);
      timer = clock.setTimeout(() => drained.resolve(), left());
    },
    clear() {
      const played = written - left();
      const last = sounded.at(-1);
      if (last) last.to = Math.min(last.to, clock.now());
      written = 0;
      endsAt = clock.now();
      clock.clearTimeout(timer);
      drained.resolve();
      return played;
    },
    async drain() {
      if (left() <= 0) return;
      drained = Promise.withResolvers();
      await drained.promise;
    },
  };
}
