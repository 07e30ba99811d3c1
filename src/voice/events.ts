/** What the voice tells beside the session's own events. Times are the clock's, in ms. */
export interface VoiceEvents {
  /** The user has a voice. */
  readonly speech_started: { readonly at: number };
  readonly speech_ended: { readonly at: number };
  /** What is understood of the user's turn; `final`: the turn is over. */
  readonly transcript: { readonly text: string; readonly final: boolean; readonly at: number };
  /** The user may be interrupting: playback waits until it is known. */
  readonly playback_paused: { readonly at: number };
  readonly playback_resumed: { readonly at: number };
  readonly error: { readonly source: 'stt' | 'tts' | 'input'; readonly error: unknown; readonly at: number };
}

export type VoiceEventName = keyof VoiceEvents;
export type VoiceEvent<Name extends VoiceEventName = VoiceEventName> = {
  [Each in Name]: { readonly type: Each } & VoiceEvents[Each];
}[Name];
