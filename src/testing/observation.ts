/** A conversation as it was observed: its timeline, and assertions about it in the field's words. */
import type { Receipt, SessionEvent } from '../index.ts';
import { called, failed, received, type ArgsPattern, type CalledOptions } from './check-tools.ts';
import {
  overlap,
  silentFor,
  spoken,
  spokenWhile,
  type OverlapOptions,
  type SilentOptions,
  type SpokenOptions,
  type While,
} from './check-speech.ts';
import { lanes, type LanesOptions } from './lanes.ts';
import type { Note } from './notes.ts';
import { picture } from './picture.ts';
import { Reader, type AgentSpeech, type Delivery, type Reading, type ToolRunSpan, type UserSpeech } from './reading.ts';
import { ConversationError, explain, type Verdict } from './verdict.ts';

/** What an `Observation` is made of. */
export interface ObservationOptions {
  /** What times count from, in ms since the epoch. Default: the first event. */
  readonly startAt?: number;
  /** How "now" is known, for silence up to now. Default: the last event. */
  readonly clock?: { now(): number };
  /** Default of `graceMs` where voices may overlap, in ms. Default 0. */
  readonly graceMs?: number;
}

/**
 * What happened in a conversation: who spoke from when to when, which tools ran, what was told with which receipt. All
 * its times are ms from the start. Every `expect…` gives the observation back, or throws a ConversationError that prints
 * the timeline with the place marked.
 */
export class Observation {
  readonly #options: ObservationOptions;
  readonly #events: SessionEvent[] = [];
  #reader: Reader | undefined;

  constructor(options: ObservationOptions = {}) {
    this.#options = options;
  }

  /** Of events that were collected elsewhere; what was said has no duration in them. */
  static of(events: Iterable<SessionEvent>, options: ObservationOptions = {}): Observation {
    const observation = new Observation(options);
    for (const event of events) observation.take(event);
    return observation;
  }

  /** @internal */
  take(note: Note): void {
    this.#reader ??= new Reader(this.#options.startAt ?? note.at);
    this.#reader.take(note);
    if (isEvent(note)) this.#events.push(note);
  }

  /** @internal */
  get reading(): Reading {
    return (this.#reader ??= new Reader(this.#options.startAt ?? 0));
  }

  get events(): readonly SessionEvent[] {
    return this.#events;
  }

  /** The agent's speech, a stretch each, in order. */
  get agentSpeech(): readonly AgentSpeech[] {
    return this.reading.speech;
  }

  /** What the user said and wrote, in order. */
  get userSpeech(): readonly UserSpeech[] {
    return this.reading.user;
  }

  /** The tools that ran, in order. */
  get tools(): readonly ToolRunSpan[] {
    return this.reading.tasks;
  }

  /** What background tasks had to tell, in order, with receipts. */
  get deliveries(): readonly Delivery[] {
    return this.reading.deliveries;
  }

  /** How long it is, in ms. */
  get durationMs(): number {
    const { clock, startAt } = this.#options;
    const now = clock && startAt !== undefined ? clock.now() - startAt : 0;
    return Math.max(now, this.reading.end);
  }

  /** A line for each thing that happened, with its time, and from when to when where it took time. The same script, the same text. */
  timeline(): string {
    return picture(this.reading.rows);
  }

  /** The same from a distance: a lane for the user, the agent and each tool, drawn over time. */
  lanes(options: LanesOptions = {}): string {
    return lanes(this.reading, this.durationMs, options);
  }

  toString(): string {
    return this.timeline();
  }

  /** The agent said this, and it was heard; a string is a part of it, white space counts as one space. */
  expectSpoken(text: string | RegExp, options: SpokenOptions = {}): this {
    return this.#expect(spoken(this.reading, text, options), 'expectSpoken');
  }

  expectNotSpoken(text: string | RegExp, options: Omit<SpokenOptions, 'times'> = {}): this {
    return this.#expectNot(spoken(this.reading, text, options), 'expectNotSpoken');
  }

  /** The agent was silent while the user spoke, or while a tool ran. */
  expectNotSpokenWhile(condition: While, options: OverlapOptions = {}): this {
    return this.#expectNot(this.check.spokenWhile(condition, options), 'expectNotSpokenWhile');
  }

  /** The agent was silent for so long, up to now or from a moment on. */
  expectSilentFor(ms: number, options: SilentOptions = {}): this {
    return this.#expect(this.check.silentFor(ms, options), 'expectSilentFor');
  }

  /** Nobody spoke over anybody: not the agent over the user, nor one speech of the agent over another. */
  expectNoOverlap(options: OverlapOptions = {}): this {
    return this.#expectNot(this.check.overlap(options), 'expectNoOverlap');
  }

  /** The tool ran with these arguments, or a superset of them. */
  expectToolCalled(toolName: string, args?: ArgsPattern, options: CalledOptions = {}): this {
    return this.#expect(this.check.called(toolName, args, options), 'expectToolCalled');
  }

  expectToolNotCalled(toolName: string, args?: ArgsPattern): this {
    return this.#expectNot(this.check.called(toolName, args), 'expectToolNotCalled');
  }

  /**
   * What became of a delivery (S3.4). `id` is that of a call (then its newest record counts), of a record
   * (`call_1_update_1`), the run's name (`book_flight#2`), or the name of a tool that ran once.
   */
  expectReceipt(id: string, receipt: Receipt): this {
    return this.#expect(this.check.received(id, receipt), 'expectReceipt');
  }

  /** No model, tool, hook or output failed. What a tool throws as `ToolError` is no failure. */
  expectNoErrors(): this {
    return this.#expectNot(this.check.failed(), 'expectNoErrors');
  }

  /** @internal The same as verdicts, for matchers. */
  readonly check = {
    spoken: (text: string | RegExp, options: SpokenOptions = {}): Verdict => spoken(this.reading, text, options),
    spokenWhile: (condition: While, options: OverlapOptions = {}): Verdict =>
      spokenWhile(this.reading, condition, { ...this.#grace(), ...options }),
    silentFor: (ms: number, options: SilentOptions = {}): Verdict =>
      silentFor(this.reading, ms, this.durationMs, options),
    overlap: (options: OverlapOptions = {}): Verdict => overlap(this.reading, { ...this.#grace(), ...options }),
    called: (toolName: string, args?: ArgsPattern, options: CalledOptions = {}): Verdict =>
      called(this.reading, toolName, args, options),
    received: (id: string, receipt: Receipt): Verdict => received(this.reading, id, receipt),
    failed: (): Verdict => failed(this.reading),
  };

  #grace(): OverlapOptions {
    const { graceMs } = this.#options;
    return graceMs === undefined ? {} : { graceMs };
  }

  #expect(verdict: Verdict, thrownBy: keyof this & string): this {
    if (verdict.pass !== true) throw new ConversationError(explain(verdict, this.reading), Reflect.get(this, thrownBy));
    return this;
  }

  #expectNot(verdict: Verdict, thrownBy: keyof this & string): this {
    if (verdict.pass !== false)
      throw new ConversationError(explain(verdict, this.reading, true), Reflect.get(this, thrownBy));
    return this;
  }
}

function isEvent(note: Note): note is SessionEvent {
  return !note.type.startsWith('words_') && note.type !== 'user_words' && note.type !== 'observed';
}
