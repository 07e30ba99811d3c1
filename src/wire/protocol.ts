/** What the wire is called and how a connection ends. */

/** Goes up when a message changes its meaning. A page and a server of different versions say so and part. */
export const PROTOCOL_VERSION = 1;

/** The WebSocket subprotocol. */
export const SUBPROTOCOL = 'meanwhile.v1';

/** Why the server closed a connection, as the code of the WebSocket's close. */
export const CloseCode = {
  /** What came was no message of this protocol. */
  protocol: 4000,
  /** The token is wrong, or the application let nobody in. */
  unauthorized: 4001,
  /** The page is of another version. */
  version: 4002,
  /** The page does not read what it is sent. */
  tooSlow: 4003,
  /** More messages or more sound than a person can make. */
  tooMuch: 4004,
  /** The same conversation was opened somewhere else. */
  replaced: 4005,
  /** The conversation is over. */
  over: 4006,
  /** The server has as many connections as it allows. */
  busy: 4007,
  /** The application could not open a session. */
  failed: 4008,
  /** The conversation is over, because the program is another now: come back to a new one. */
  reload: 4009,
  /** The server goes. The conversation is kept: come back to it when there is a server again. */
  away: 4010,
} as const;

export type CloseReason = keyof typeof CloseCode;

/** Of the last, the client does not come back by itself. */
const finalReasons: readonly CloseReason[] = [
  'protocol',
  'unauthorized',
  'version',
  'replaced',
  'over',
  'tooMuch',
  'failed',
];

export function closeReason(code: number): CloseReason | undefined {
  return (Object.keys(CloseCode) as CloseReason[]).find((reason) => CloseCode[reason] === code);
}

/** Is there no point in trying again? */
export function isFinal(code: number): boolean {
  const reason = closeReason(code);
  return reason !== undefined && finalReasons.includes(reason);
}

/** The longest text message and the longest piece of sound, in bytes. */
export const MAX_TEXT_BYTES = 64 * 1024;
export const MAX_SOUND_BYTES = 32 * 1024;
