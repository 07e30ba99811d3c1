export { readClientMessage, WireFault, type ClientMessage, type PageSound } from './client-messages.ts';
export {
  CloseCode,
  closeReason,
  isFinal,
  MAX_SOUND_BYTES,
  MAX_TEXT_BYTES,
  PROTOCOL_VERSION,
  SUBPROTOCOL,
  type CloseReason,
} from './protocol.ts';
export type { SessionRecord } from '../index.ts';
export { readServerMessage, type ServerMessage, type SessionSound } from './server-messages.ts';
