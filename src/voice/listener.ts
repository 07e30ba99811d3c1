/**
 * The ear: the microphone's frames as windows for the voice activity, the sound of each utterance to its recognition. Speech is
 * known to be speech only after its beginning, so a little of what came before goes with it.
 */
import { isSpeech, nextActivity, silence, type Activity, type ActivityOptions } from './activity-rules.ts';
import type { VoiceActivityModel, VoiceActivityStream } from './activity-model.ts';
import type { AudioFrame } from './frames.ts';
import { recognitionRate, type Recognition } from './recognition.ts';
import { Resampler } from './resampler.ts';
import { SampleQueue } from './sample-queue.ts';

export interface Ears {
  /** Somebody begins to speak; what he says goes to the result. */
  speechStarted(): Recognition;
  /** He goes on; `voiceMs`: since he began. */
  speechGoesOn(voiceMs: number): void;
  /** `silentMs`: so long ago. */
  speechEnded(utterance: Recognition, silentMs: number): void;
}

/** What goes to recognition of the time before speech was known to be speech, in ms. */
const prefixMs = 300;

export class Listener {
  readonly #vad: VoiceActivityModel;
  readonly #options: ActivityOptions;
  readonly #ears: Ears;
  readonly #windows = new SampleQueue();
  readonly #prefix = new SampleQueue();
  #resampler: { readonly from: number; readonly by: Resampler } | undefined;
  #activity: Activity = silence;
  #utterance: Recognition | undefined;
  /** One for each utterance: its pieces join without a seam. */
  #forRecognition: Resampler | undefined;

  constructor(vad: VoiceActivityModel, options: ActivityOptions, ears: Ears) {
    this.#vad = vad;
    this.#options = options;
    this.#ears = ears;
  }

  /** Resolves when there are no more frames, or `abortSignal` fired. Rejects when the input or the model fails. */
  async listen(input: AsyncIterable<AudioFrame>, abortSignal: AbortSignal): Promise<void> {
    const stream = await this.#vad.open();
    const frames = input[Symbol.asyncIterator]();
    // Not a race with one promise for all frames: it would remember each of them.
    let leave: () => void = () => undefined;
    const onAbort = (): void => leave();
    abortSignal.addEventListener('abort', onAbort, { once: true });
    const next = (): Promise<IteratorResult<AudioFrame, unknown>> =>
      new Promise((resolve, reject) => {
        leave = () => resolve({ done: true, value: undefined });
        frames.next().then(resolve, reject);
      });
    try {
      while (!abortSignal.aborted) {
        const { done, value } = await next();
        if (done) break;
        await this.#hear(value, stream);
      }
    } finally {
      abortSignal.removeEventListener('abort', onAbort);
      this.#end(0);
      // One that still waits for its next frame ends when that comes.
      void frames.return?.().catch(() => undefined);
    }
  }

  async #hear(frame: AudioFrame, stream: VoiceActivityStream): Promise<void> {
    const { rate, windowSamples } = this.#vad;
    if (this.#resampler?.from !== frame.rate)
      this.#resampler = { from: frame.rate, by: new Resampler(frame.rate, rate) };
    this.#windows.push(this.#resampler.by.push(frame.samples));
    while (this.#windows.length >= windowSamples) {
      const samples = this.#windows.take(windowSamples);
      const probability = await stream.probability(Float32Array.from(samples, (sample) => sample / 32_768));
      this.#take(samples, probability);
    }
  }

  #take(samples: Int16Array, probability: number): void {
    const { rate, windowSamples } = this.#vad;
    const was = this.#activity;
    this.#activity = nextActivity(was, probability, (windowSamples / rate) * 1000, this.#options);
    const now = this.#activity;
    if (this.#utterance) this.#push(this.#utterance, samples);
    else {
      this.#prefix.push(samples);
      // What may yet turn out to be speech is kept whole.
      const kept = now.type === 'perhaps' ? now.voiceMs + prefixMs : prefixMs;
      this.#prefix.take(Math.max(0, this.#prefix.length - Math.ceil((kept / 1000) * rate)));
    }
    if (isSpeech(now) && !isSpeech(was)) {
      this.#utterance = this.#ears.speechStarted();
      this.#forRecognition = new Resampler(rate, recognitionRate);
      this.#push(this.#utterance, this.#prefix.take(this.#prefix.length));
    }
    if (now.type === 'speech') this.#ears.speechGoesOn(now.voiceMs);
    if (!isSpeech(now) && isSpeech(was)) this.#end(this.#options.minSilenceMs);
  }

  #end(silentMs: number): void {
    const utterance = this.#utterance;
    this.#utterance = undefined;
    this.#activity = silence;
    if (utterance) this.#ears.speechEnded(utterance, silentMs);
  }

  #push(utterance: Recognition, samples: Int16Array): void {
    utterance.push(this.#forRecognition?.push(samples) ?? samples);
  }
}
