/**
 * What is sent to the loudspeaker. It is kept a little ahead of what is being played, so that a cut loses little and a late
 * timer is not heard; how much was played is the loudspeaker's word. Paused, or without a loudspeaker, it takes back what
 * was not played and sends it again when it goes on.
 */
import type { Clock, TimerHandle } from '../index.ts';
import type { AudioOutput } from './audio-output.ts';
import type { AudioFrame } from './frames.ts';
import { Resampler } from './resampler.ts';
import { SampleQueue } from './sample-queue.ts';

export interface PlayoutOptions {
  /** How far ahead of the playback frames are sent, in ms. Default 400. */
  readonly leadMs: number;
  /** Length of a frame, in ms. Default 40. */
  readonly frameMs: number;
  /** A loudspeaker that does not say by then what it played is taken to have kept time, in ms. Default 500. */
  readonly answerMs: number;
}

export const playoutDefaults: PlayoutOptions = { leadMs: 400, frameMs: 40, answerMs: 500 };

/** Samples a second in here; a loudspeaker that wants another rate gets it. */
const rate = 24_000;
/** Sent longer ago than this beyond the lead, it has been played: a loudspeaker is never so far behind. */
const keptMs = 3_000;

/** A loudspeaker that does not say so long after its time that all was played never will: a page whose sound is asleep. */
const lateMs = 3_000;

const toMs = (samples: number): number => (samples / rate) * 1000;
const toSamples = (ms: number): number => Math.round((ms / 1000) * rate);

/** The loudspeaker took no more; `cause` is what it said. */
export class LoudspeakerFailure extends Error {
  constructor(cause: unknown) {
    super('The loudspeaker failed.', { cause });
    this.name = 'LoudspeakerFailure';
  }
}

interface Loudspeaker {
  readonly output: AudioOutput;
  readonly resampler: Resampler;
}

export class Playout {
  readonly #clock: Clock;
  readonly #options: PlayoutOptions;
  /** Not sent yet. */
  readonly #waiting = new SampleQueue();
  /** Sent last, for when it has to be taken back. */
  readonly #sent = new SampleQueue();
  /** Samples sent since the loudspeaker was last cleared. */
  #sentSince = 0;
  /** Samples of this stretch that were played before that. */
  #playedBefore = 0;
  /** When what was sent will have been played, if all goes well. */
  #endsAt = 0;
  #timer: TimerHandle | undefined;
  #source: { readonly rate: number; readonly resampler: Resampler } | undefined;
  #loudspeaker: Loudspeaker | undefined;
  /** Set when it has failed: no more of this stretch is sent. */
  #failure: LoudspeakerFailure | undefined;
  /** Somebody wants silence. Settles when there is. */
  #paused: Promise<void> | undefined;
  #whenChanged = Promise.withResolvers<void>();
  /** Ends the wait for the loudspeaker. */
  #letGo: () => void = () => undefined;

  constructor(clock: Clock, options: PlayoutOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  get isPaused(): boolean {
    return this.#paused !== undefined;
  }

  /** Goes on with this loudspeaker, where the one before stopped. */
  attach(output: AudioOutput): void {
    if (this.#loudspeaker?.output === output) return;
    this.detach();
    this.#loudspeaker = { output, resampler: new Resampler(rate, output.rate) };
    this.#send();
    this.#changed();
  }

  /** The loudspeaker is gone. What it had not played waits for the next. */
  detach(): void {
    const output = this.#loudspeaker?.output;
    if (!output) return;
    this.#loudspeaker = undefined;
    this.#takeBack(this.#guess());
    // If it is still there, it falls silent; what it says of it comes too late.
    void this.#answer(() => output.clear(), 0);
    this.#letGo();
    this.#changed();
  }

  /** A new stretch: what is played counts from here. All of the one before has been played, or was cleared. */
  begin(): void {
    this.#sent.clear();
    this.#sentSince = 0;
    this.#playedBefore = 0;
    this.#source = undefined;
    this.#failure = undefined;
    this.#paused = undefined;
  }

  /** Puts it behind what is there. How long it is, in ms. Throws LoudspeakerFailure. */
  write(frame: AudioFrame): number {
    this.#requireSound();
    const samples = this.#converted(frame);
    this.#waiting.push(samples);
    this.#send();
    return toMs(samples.length);
  }

  /** Resolves when all of it is with the loudspeaker, which still plays it, or was cleared. Rejects with LoudspeakerFailure. */
  async allSent(): Promise<void> {
    while (this.#waiting.length > 0) await this.#whenChanged.promise;
    this.#requireSound();
  }

  /** Resolves when all of it was played, or was cleared. Rejects with LoudspeakerFailure. */
  async drain(): Promise<void> {
    for (;;) {
      await this.allSent();
      const loudspeaker = this.#loudspeaker;
      if (this.#sentSince > 0 && loudspeaker) await this.#played(loudspeaker.output);
      // Paused meanwhile, some of it was taken back.
      await this.#paused;
      this.#requireSound();
      if (this.#waiting.length === 0) return;
    }
  }

  #requireSound(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Stops for good: how much of the stretch was played, in ms. */
  async clear(): Promise<number> {
    // Another than that of a pause: who waits to go on after that one has nothing to go on with.
    const silent = this.pause().then(() => undefined);
    this.#paused = silent;
    await silent;
    const played = toMs(this.#playedBefore);
    this.#waiting.clear();
    if (this.#paused === silent) this.#paused = undefined;
    this.#changed();
    return played;
  }

  /** Resolves when the loudspeaker is silent. */
  pause(): Promise<void> {
    this.#paused ??= this.#silence();
    return this.#paused;
  }

  /** Goes on where it was paused. */
  async resume(): Promise<void> {
    const paused = this.#paused;
    await paused;
    if (this.#paused !== paused) return;
    this.#paused = undefined;
    this.#send();
  }

  #send(): void {
    const loudspeaker = this.#loudspeaker;
    if (this.#paused || this.#timer || !loudspeaker) return;
    const { leadMs, frameMs } = this.#options;
    const now = this.#clock.now();
    while (this.#waiting.length > 0 && this.#endsAt - now < leadMs) {
      const samples = this.#waiting.take(toSamples(frameMs));
      try {
        loudspeaker.output.write({ samples: loudspeaker.resampler.push(samples), rate: loudspeaker.output.rate });
      } catch (error) {
        return this.#fail(error);
      }
      this.#note(samples, now);
    }
    if (this.#waiting.length === 0) return this.#changed();
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#timer = undefined;
        this.#send();
      },
      this.#endsAt - leadMs + frameMs - now,
    );
  }

  /** Whoever waits for the end of this stretch is told. The next one is tried again. */
  #fail(error: unknown): void {
    this.#failure = new LoudspeakerFailure(error);
    this.#waiting.clear();
    this.#changed();
  }

  #note(samples: Int16Array, now: number): void {
    this.#endsAt = Math.max(this.#endsAt, now) + toMs(samples.length);
    this.#sentSince += samples.length;
    this.#sent.push(samples);
    this.#sent.take(Math.max(0, this.#sent.length - toSamples(this.#options.leadMs + keptMs)));
  }

  async #silence(): Promise<void> {
    this.#stopSending();
    const guess = this.#guess();
    const output = this.#loudspeaker?.output;
    this.#takeBack(output ? await this.#answer(() => output.clear(), guess) : 0);
  }

  #stopSending(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** What has been played since it was last cleared, if the loudspeaker kept time; in ms. */
  #guess(): number {
    return Math.max(0, toMs(this.#sentSince) - Math.max(0, this.#endsAt - this.#clock.now()));
  }

  #takeBack(playedMs: number): void {
    this.#stopSending();
    const played = Math.max(0, Math.min(this.#sentSince, toSamples(playedMs)));
    const back = this.#sentSince - played;
    this.#sent.take(this.#sent.length - back);
    this.#waiting.unshift(this.#sent.take(back));
    this.#playedBefore += played;
    this.#sentSince = 0;
    this.#endsAt = 0;
  }

  /** What the loudspeaker says, or `guess` if it says nothing in time. */
  async #answer(clear: () => number | Promise<number>, guess: number): Promise<number> {
    const late = Promise.withResolvers<number>();
    const timer = this.#clock.setTimeout(() => late.resolve(guess), this.#options.answerMs);
    try {
      return await Promise.race([clear(), late.promise]);
    } catch {
      return guess;
    } finally {
      this.#clock.clearTimeout(timer);
    }
  }

  /** Resolves when the loudspeaker says so, or cannot say it, or is gone. */
  #played(output: AudioOutput): Promise<void> {
    return new Promise((resolve) => {
      const lastMs = Math.max(0, this.#endsAt - this.#clock.now()) + lateMs;
      const timer = this.#clock.setTimeout(() => resolve(), lastMs);
      const over = (): void => {
        this.#clock.clearTimeout(timer);
        resolve();
      };
      this.#letGo = over;
      void (async () => output.drain())().then(over, over);
    });
  }

  #changed(): void {
    const { resolve } = this.#whenChanged;
    this.#whenChanged = Promise.withResolvers();
    resolve();
  }

  #converted({ samples, rate: from }: AudioFrame): Int16Array {
    if (this.#source?.rate !== from) this.#source = { rate: from, resampler: new Resampler(from, rate) };
    return this.#source.resampler.push(samples);
  }
}
