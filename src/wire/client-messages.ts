/**
 * What a page sends. Text messages are JSON of these forms; a binary message is sound of its microphone: samples of 16
 * bits, little-endian, one channel, at the rate that `hello` named.
 */
import * as v from 'valibot';

const rate = v.pipe(v.number(), v.integer(), v.minValue(8_000), v.maxValue(96_000));
const id = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const ms = v.pipe(v.number(), v.finite(), v.minValue(0));

/** The rates of a page's microphone and loudspeaker, where they are switched on. Without a loudspeaker the agent writes. */
const sound = v.object({ microphone: v.optional(rate), loudspeaker: v.optional(rate) });

const clientMessage = v.variant('type', [
  /** The first message. `resume`: a conversation that was begun before, the last record that was seen, and in which `run`. */
  v.object({
    type: v.literal('hello'),
    version: count,
    resume: v.optional(v.object({ key: id, since: count, run: v.optional(id) })),
    sound: v.optional(sound),
  }),
  /** The user writes. */
  v.object({ type: v.literal('text'), text: v.pipe(v.string(), v.minLength(1), v.maxLength(20_000)) }),
  /** Cuts what the agent says. */
  v.object({ type: v.literal('interrupt') }),
  v.object({ type: v.literal('cancel_task'), callId: id }),
  v.object({
    type: v.literal('answer_task'),
    callId: id,
    action: v.picklist(['accept', 'decline', 'cancel']),
    content: v.optional(v.unknown()),
  }),
  /** From text to voice and back: what it has from now on. */
  v.object({ type: v.literal('sound'), ...sound.entries }),
  /** Answers `clear`: so much had been played of what was sent since the last `clear`. */
  v.object({ type: v.literal('cleared'), id: count, playedMs: ms }),
  /** Answers `drain`: all that was sent before it has been played. */
  v.object({ type: v.literal('drained'), id: count }),
]);

export type PageSound = v.InferOutput<typeof sound>;
export type ClientMessage = v.InferOutput<typeof clientMessage>;

/** The message, or what is wrong with it. */
export function readClientMessage(text: string): ClientMessage | WireFault {
  return read(clientMessage, text);
}

/** What came was no message. */
export class WireFault {
  /** Fact and value, for a log. */
  readonly fact: string;

  constructor(fact: string) {
    this.fact = fact;
  }
}

export function read<T>(schema: v.GenericSchema<unknown, T>, text: string): T | WireFault {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return new WireFault(`Expected JSON, got ${JSON.stringify(text.slice(0, 60))}.`);
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = issue.path?.map(({ key }) => String(key)).join('.') ?? '';
  return new WireFault(`${path === '' ? 'The message' : path}: ${issue.message}`);
}
