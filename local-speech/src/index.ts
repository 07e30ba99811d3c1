export { WeightsError } from './errors.ts';
export type { FliteVoice } from './flite.ts';
export { createLocalSpeech, type LocalSpeech, type LocalSpeechOptions } from './local-speech.ts';
export type { MoonshineSize } from './moonshine.ts';
export { progressBar } from './progress-bar.ts';
export type { VoiceActivityModel, VoiceActivityStream } from './silero.ts';
export type { DownloadProgress } from './weight-cache.ts';
