export { MeanwhileClient, type ClientEvents, type ClientLoudspeaker, type ClientOptions } from './client.ts';
export type { LinkState } from './link.ts';
export { openLoudspeaker, type BrowserLoudspeaker } from './loudspeaker.ts';
export { openMicrophone, type BrowserMicrophone, type MicrophoneOptions, type MicrophonePiece } from './microphone.ts';
export type { CloseReason, ServerMessage, SessionRecord } from '../wire/index.ts';
