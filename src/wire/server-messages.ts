/**
 * What the server sends. Text messages are JSON of these forms; a binary message is sound for the loudspeaker: samples of
 * 16 bits, little-endian, one channel, at the rate that the page named.
 */
import * as v from 'valibot';
import type { SessionRecord } from '../index.ts';
import { read, type WireFault } from './client-messages.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const time = v.number();

/** A record as it is: the client passes it on and asks no more of it than that it has a place. */
const record = v.looseObject({ type: v.string(), seq: count, at: time });

/** What the session can do with sound; where it can do nothing, why. */
const sound = v.object({ hears: v.boolean(), speaks: v.boolean(), problem: v.optional(v.string()) });

const serverMessage = v.variant('type', [
  /** Answers `hello`. `key`: to come back with. The records from `from` on follow, each as `record`. */
  v.object({
    type: v.literal('welcome'),
    version: count,
    key: v.string(),
    sessionId: v.string(),
    /** The last record there is. */
    seq: count,
    /** Which process has the conversation: `resume` gives it back, since another one may never have had what was seen. */
    run: v.optional(v.string()),
    /**
     * The records from this one on follow. Where it is not the one after the last that was seen, what the page shows begins
     * anew: the older ones are gone, or they are sent again, since another process counted otherwise.
     */
    from: count,
    /** It outlives its server: `key` is worth remembering where the page is loaded anew. */
    kept: v.optional(v.boolean()),
    now: time,
    sound,
    /** Shown to the user at the start. */
    note: v.optional(v.string()),
  }),
  v.object({ type: v.literal('record'), record }),
  /** The words of a speech as they come; `end`: there are no more of this stretch, `cut` where it was interrupted. */
  v.object({ type: v.literal('words'), speechId: v.string(), text: v.string(), at: time }),
  v.object({ type: v.literal('words_end'), speechId: v.string(), cut: v.boolean(), at: time }),
  v.object({
    type: v.literal('state'),
    agent: v.picklist(['initializing', 'listening', 'thinking', 'speaking']),
    user: v.picklist(['listening', 'speaking', 'away']),
    agentName: v.optional(v.string()),
    at: time,
  }),
  /** Progress that no record holds. */
  v.object({
    type: v.literal('progress'),
    callId: v.string(),
    progress: v.optional(v.number()),
    total: v.optional(v.number()),
    data: v.optional(v.unknown()),
    at: time,
  }),
  /** What is understood of what the user says. */
  v.object({ type: v.literal('transcript'), text: v.string(), final: v.boolean(), at: time }),
  /** The loudspeaker waits, because the user may be interrupting, or goes on. */
  v.object({ type: v.literal('playback'), paused: v.boolean(), at: time }),
  /** It is another than `welcome` said. */
  v.object({ type: v.literal('sound'), sound, at: time }),
  /** Something went wrong and the conversation goes on. */
  v.object({ type: v.literal('problem'), source: v.string(), message: v.string(), at: time }),
  /** Stop playing and forget the rest; answer with `cleared`. */
  v.object({ type: v.literal('clear'), id: count }),
  /** Answer with `drained` when all that was sent before has been played. */
  v.object({ type: v.literal('drain'), id: count }),
  /** What a model was sent; the next has its answer. For developers' pages only. */
  v.object({
    type: v.literal('model_call'),
    id: v.string(),
    speechId: v.string(),
    model: v.string(),
    request: v.unknown(),
    at: time,
  }),
  v.object({ type: v.literal('model_answer'), id: v.string(), answer: v.unknown(), at: time }),
]);

export type SessionSound = v.InferOutput<typeof sound>;
type Read = v.InferOutput<typeof serverMessage>;
export type ServerMessage =
  | Exclude<Read, { type: 'record' }>
  | { readonly type: 'record'; readonly record: SessionRecord };

/** The message, or what is wrong with it. */
export function readServerMessage(text: string): ServerMessage | WireFault {
  return read(serverMessage, text) as ServerMessage | WireFault;
}
