/** What a user who speaks does to what the agent is saying. Pure. */

export interface BargeInOptions {
  /** A voice for so long interrupts. Default 300 ms. */
  readonly minInterruptionMs: number;
  /** Nobody's words so long after the voice ended: it was none, and playback goes on. Default 2,000 ms. */
  readonly falseInterruptionMs: number;
}

export const bargeInDefaults: BargeInOptions = { minInterruptionMs: 300, falseInterruptionMs: 2_000 };

export interface Talking {
  /** How long the user has had a voice; 0 if he has none. */
  readonly voiceMs: number;
  readonly agentSpeaks: boolean;
  readonly allowInterruptions: boolean;
}

/** Should playback pause now? */
export function interrupts({ voiceMs, agentSpeaks, allowInterruptions }: Talking, options: BargeInOptions): boolean {
  return agentSpeaks && allowInterruptions && voiceMs >= options.minInterruptionMs;
}
