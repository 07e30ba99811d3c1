/**
 * What a host gives so that the conformance cases can be run against it: a talk whose model, user and playback are in
 * the hands of the case. A case asks for nothing else, and never which host it is.
 *
 * Time: the engine runs on the `clock` of `open`; no other time may decide anything. All methods that return a promise
 * resolve when everything has happened that needs no time to pass, so that a case can look at once.
 */
import type { Capabilities, Prompts, SessionRecord, TaskDirectory, Tool } from '../../index.ts';
import type { VirtualClock } from '../virtual-clock.ts';

/** A host under test: what it can do, and how a talk on it is opened. */
export interface ConformanceHost {
  /** As the host's `Conversation` declares them. */
  readonly capabilities: Capabilities;
  /** Can its talk fail to take a record (`refuseAppends`)? Default false: what cannot happen is not tried. */
  readonly refusesAppends?: boolean;
  /** A new talk of one user and one agent, at rest: nothing was said, nobody speaks. */
  open(options: ConformanceOptions): Promise<ConformanceTalk>;
}

/** What `createEngine` or an AgentSession takes under these names. */
export interface ConformanceOptions {
  /** Its time is the engine's. The cases move it by `ConformanceTalk.advance`. */
  readonly clock: VirtualClock;
  readonly tools: readonly Tool[];
  readonly coalesceMs: number;
  readonly maxAttempts: number;
  readonly retryDelayMs: number;
  readonly prompts: Partial<Prompts>;
  readonly onRecord: (record: SessionRecord) => void;
}

/** One talk, in the hands of the case. */
export interface ConformanceTalk {
  /** The engine's, for the application. */
  readonly tasks: TaskDirectory;
  /** The requests to the model that wait for what it answers, oldest first. Those that were given up are not among them. */
  readonly asks: readonly ModelRequest[];
  /** What the agent is saying, as far as it was written; undefined while it says nothing. */
  readonly saying: string | undefined;
  /** What the user heard, an entry a stretch of words, in order; a stretch of which nothing was heard has none. */
  readonly heard: readonly string[];
  /** Moves the clock and lets follow what follows. */
  advance(ms: number): Promise<void>;
  /** The user says this, to its end: the agent is to answer. What it is saying is cut, as far as it was heard. */
  userSays(text: string): Promise<void>;
  /** The user begins to speak; nobody knows yet what he says. */
  userStartsSpeaking(): Promise<void>;
  /** He stops, and has said nothing that wants an answer. */
  userStopsSpeaking(): Promise<void>;
  /** The user cuts the turn that is going on: what is being said, as far as it was heard, and its calls. */
  userInterrupts(): Promise<void>;
  /** So much of what is being said has been heard by now: its first words. */
  hears(text: string): Promise<void>;
  /** The rest of it is heard, and it ends. */
  ends(): Promise<void>;
  /** The next append to the host's model fails, so often. */
  refuseAppends?(times: number): void;
  /** Ends the talk; resolves when it has ended. May be called again. */
  close(): Promise<void>;
}

/** The model is asked for a reply. It gives one answer, by the hand of the case. */
export interface ModelRequest {
  /** All text that the model was sent, in order: what was said, calls, outputs, records, instructions. */
  readonly prompt: string;
  /** `auto` also where the host cannot say it. */
  readonly toolChoice: 'auto' | 'none' | 'required';
  /** It says this and calls nothing. Resolves when the words are being said. */
  says(text: string): Promise<void>;
  /** It calls a tool, saying nothing. Resolves when the call has begun. */
  calls(toolName: string, args?: object): Promise<void>;
  /** It answers with nothing at all. */
  saysNothing(): Promise<void>;
  /** It fails in a way that is not worth repeating the request for. */
  fails(error: Error): Promise<void>;
}
