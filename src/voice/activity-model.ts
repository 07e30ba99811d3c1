/** A model that hears whether somebody speaks, as `meanwhile-local-speech` has one. */
export interface VoiceActivityModel {
  /** Samples a second that it wants. */
  readonly rate: number;
  /** Samples of one window. */
  readonly windowSamples: number;
  open(): Promise<VoiceActivityStream>;
}

/** One stream's voice activity. */
export interface VoiceActivityStream {
  /** `window`: the next `windowSamples` samples of -1 to 1. 0 (nobody) to 1 (speech). */
  probability(window: Float32Array): number | Promise<number>;
  /** Another stretch of sound follows. */
  reset(): void;
}
