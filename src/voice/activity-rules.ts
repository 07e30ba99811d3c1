/** When somebody begins to speak and when he has stopped, from how likely it is in each window. Pure. */

export interface ActivityOptions {
  /** So likely it is that speech begins. Default 0.5. */
  readonly startAt: number;
  /** Less likely than this it is silence. Default 0.35. */
  readonly stopBelow: number;
  /** A voice shorter than this is none. Default 100 ms. */
  readonly minSpeechMs: number;
  /** Silence for so long ends speech. Default 300 ms. */
  readonly minSilenceMs: number;
}

export const activityDefaults: ActivityOptions = { startAt: 0.5, stopBelow: 0.35, minSpeechMs: 100, minSilenceMs: 300 };

export type Activity =
  | { readonly type: 'silence' }
  /** A voice, perhaps: not yet long enough. */
  | { readonly type: 'perhaps'; readonly voiceMs: number }
  | { readonly type: 'speech'; readonly voiceMs: number }
  /** It may be a pause between two words. */
  | { readonly type: 'pause'; readonly voiceMs: number; readonly silentMs: number };

export const silence: Activity = { type: 'silence' };

/** What another window of `windowMs` makes of it. `voiceMs`: since the voice began, pauses included. */
export function nextActivity(
  now: Activity,
  probability: number,
  windowMs: number,
  { startAt, stopBelow, minSpeechMs, minSilenceMs }: ActivityOptions,
): Activity {
  switch (now.type) {
    case 'silence':
    case 'perhaps': {
      const threshold = now.type === 'silence' ? startAt : stopBelow;
      if (probability < threshold) return silence;
      const voiceMs = (now.type === 'perhaps' ? now.voiceMs : 0) + windowMs;
      return { type: voiceMs >= minSpeechMs ? 'speech' : 'perhaps', voiceMs };
    }
    case 'speech':
    case 'pause': {
      const voiceMs = now.voiceMs + windowMs;
      if (probability >= (now.type === 'speech' ? stopBelow : startAt)) return { type: 'speech', voiceMs };
      const silentMs = (now.type === 'pause' ? now.silentMs : 0) + windowMs;
      return silentMs >= minSilenceMs ? silence : { type: 'pause', voiceMs, silentMs };
    }
  }
}

export function isSpeech({ type }: Activity): boolean {
  return type === 'speech' || type === 'pause';
}
