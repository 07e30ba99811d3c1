/** What a voice is made of. Every field but the models has a default. */
import type { SpeechModelV4, TranscriptionModelV4 } from '@ai-sdk/provider';
import { MeanwhileError, systemClock, type Clock, type Logger } from '../index.ts';
import type { VoiceActivityModel } from './activity-model.ts';
import { activityDefaults, type ActivityOptions } from './activity-rules.ts';
import { bargeInDefaults, type BargeInOptions } from './barge-in.ts';
import { endpointingDefaults, type EndpointingOptions } from './endpointing.ts';
import { playoutDefaults, type PlayoutOptions } from './playout.ts';
import type { SynthesisLimits, SynthesisOptions } from './synthesis.ts';
import type { RecognitionOptions } from './recognition.ts';

export interface VoiceOptions {
  /** Speech to text; streaming where the model can, else an utterance at a time. Without it nobody listens. */
  readonly stt?: TranscriptionModelV4;
  /** Text to speech; streaming where the model can. Without it words are shown and not said. */
  readonly tts?: SpeechModelV4;
  /** Hears whether somebody speaks. Needed with `stt`. */
  readonly vad?: VoiceActivityModel;
  /** Voice, speed and language of the speech model, and its `providerOptions`; how long it is waited for. */
  readonly synthesis?: SynthesisOptions & Partial<SynthesisLimits>;
  readonly recognition?: Pick<RecognitionOptions, 'providerOptions'> & Partial<RecognitionLimits>;
  /** When a voice is one. */
  readonly activity?: Partial<ActivityOptions>;
  /** When a turn is over. */
  readonly endpointing?: Partial<EndpointingOptions>;
  /** When a user interrupts. */
  readonly bargeIn?: Partial<BargeInOptions>;
  /** How sound is sent. */
  readonly playout?: Partial<PlayoutOptions>;
  /** The session's. Default: the wall's. */
  readonly clock?: Clock;
  readonly logger?: Logger;
}

export interface RecognitionLimits {
  /** A model that has not answered so long after the end of an utterance has failed. Default 30,000 ms. */
  readonly timeoutMs: number;
}

export interface VoiceSettings {
  readonly recognition: RecognitionLimits;
  readonly synthesis: SynthesisLimits;
  readonly activity: ActivityOptions;
  readonly endpointing: EndpointingOptions;
  readonly bargeIn: BargeInOptions;
  readonly playout: PlayoutOptions;
  readonly clock: Clock;
}

/** Throws MeanwhileError `invalid_option` or `unsupported_model`. */
export function resolveVoiceOptions(options: VoiceOptions): VoiceSettings {
  requireVersion('stt', options.stt, 'transcription model');
  requireVersion('tts', options.tts, 'speech model');
  if (options.stt && !options.vad)
    throw invalid(
      'expected vad beside stt, which hears when an utterance begins and ends, got none. Pass one, for example that of meanwhile-local-speech.',
    );
  return {
    recognition: limitOf('recognition', 30_000, options.recognition),
    synthesis: limitOf('synthesis', 10_000, options.synthesis),
    activity: durations('activity', activityDefaults, options.activity),
    endpointing: durations('endpointing', endpointingDefaults, options.endpointing),
    bargeIn: durations('bargeIn', bargeInDefaults, options.bargeIn),
    playout: durations('playout', playoutDefaults, options.playout),
    clock: options.clock ?? systemClock,
  };
}

function limitOf(name: string, byDefault: number, { timeoutMs = byDefault }: { readonly timeoutMs?: number } = {}) {
  return durations(name, { timeoutMs }, { timeoutMs });
}

function durations<T extends object>(name: string, defaults: T, given: Partial<T> = {}): T {
  for (const [key, value] of Object.entries(given)) {
    if (!(key in defaults))
      throw invalid(`${name} has no option ${JSON.stringify(key)}; there are ${Object.keys(defaults).join(', ')}.`);
    if (value !== undefined && !(typeof value === 'number' && value >= 0))
      throw invalid(
        `expected ${name}.${key} to be a number of 0 or more, got ${JSON.stringify(value) ?? typeof value}.`,
      );
  }
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(set) };
}

function requireVersion(
  name: string,
  model: { readonly specificationVersion?: unknown } | undefined,
  what: string,
): void {
  if (model === undefined || model.specificationVersion === 'v4') return;
  throw new MeanwhileError(
    'unsupported_model',
    `createVoice: expected ${name} to be a ${what} of specification v4, got ${JSON.stringify(model?.specificationVersion)}. Upgrade its provider package to one for AI SDK 7.`,
  );
}

function invalid(fact: string): MeanwhileError {
  return new MeanwhileError('invalid_option', `createVoice: ${fact}`);
}
