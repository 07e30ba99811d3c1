/**
 * What a LiveKit session says, speech by speech: which are under way, what was heard of them, which calls of ours they
 * made, and how they ended.
 */
import type { HandoffIntent, Outcome, StartedCall } from '../../index.ts';
import type { LiveKitItem, LiveKitSession, LiveKitSpeech, LiveKitToolOptions } from './surface.ts';

/** A call of one of our tools, made in this speech. */
export interface SpeechCall {
  readonly started: StartedCall;
  /** From 0. */
  readonly step: number;
}

export interface Speech {
  readonly handle: LiveKitSpeech;
  /** The id under which the engine knows it. */
  id: string;
  /** Was a model asked? Words that were given cover nothing (S3.5). */
  readonly asked: boolean;
  /** How many records the agent had been shown when it was asked for. */
  readonly knows: number;
  readonly calls: SpeechCall[];
  /** Of each step with calls: there before a body's first line runs. */
  readonly contexts: Map<number, LiveKitToolOptions['ctx']>;
  /** The newest step of which something was heard; -1 before. */
  heardStep: number;
  failure: { readonly error: unknown } | undefined;
  /** The switch of agents that follows it. */
  handoff?: HandoffIntent;
}

export interface SpeechPorts {
  /** How many records the agent that speaks next has been shown. */
  readonly shown: () => number;
  readonly onCreated: (speech: Speech) => void;
  readonly onInterrupted: (speech: Speech) => void;
  readonly onHeard: (speech: Speech) => void;
  readonly onEnded: (speech: Speech) => void;
}

export class Speeches {
  readonly #ports: SpeechPorts;
  /** By LiveKit's id. */
  readonly #open = new Map<string, Speech>();
  /** Of the newest failure of a model: one of these. */
  #suspects: readonly Speech[] = [];

  constructor(session: LiveKitSession, ports: SpeechPorts) {
    this.#ports = ports;
    session.on('speech_created', ({ speechHandle, source }) => this.of(speechHandle, source !== 'say'));
    session.on('conversation_item_added', ({ item }) => this.#itemAdded(item));
    session.on('error', ({ error }) => this.#failed(error));
    session.on('metrics_collected', ({ metrics }) => this.#streamEnded(metrics));
  }

  get open(): readonly Speech[] {
    return [...this.#open.values()];
  }

  /** The speech of this handle, from now on followed to its end. */
  of(handle: LiveKitSpeech, asked = true): Speech {
    const known = this.#open.get(handle.id);
    if (known) return known;
    const knows = this.#ports.shown();
    const speech: Speech = {
      handle,
      id: handle.id,
      asked,
      knows,
      calls: [],
      contexts: new Map(),
      heardStep: -1,
      failure: undefined,
    };
    this.#open.set(handle.id, speech);
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    handle.addDoneCallback(() => {
      resolve();
      this.#open.delete(handle.id);
      this.#ports.onEnded(speech);
    });
    void handle.waitIfNotInterrupted([ended]).then(() => {
      if (handle.interrupted && this.#open.has(handle.id)) this.#ports.onInterrupted(speech);
    });
    this.#ports.onCreated(speech);
    return speech;
  }

  /** What was said enters the context when it was heard or cut. */
  #itemAdded(item: LiveKitItem): void {
    if (!isWords(item)) return;
    const speech = this.open.find(({ handle }) => handle.chatItems.includes(item));
    if (!speech) return;
    speech.heardStep = speech.handle.numSteps - 1;
    this.#ports.onHeard(speech);
  }

  /** LiveKit ends a speech whose model failed like any other; only this event says so. */
  #failed(error: unknown): void {
    if ((error as { recoverable?: boolean } | undefined)?.recoverable === true) return;
    const cause = (error as { error?: unknown } | undefined)?.error ?? error;
    const suspects = this.open.filter((speech) => !isInToolPhase(speech) && !speech.failure);
    for (const speech of suspects) speech.failure = { error: cause };
    this.#suspects = (error as { type?: string } | undefined)?.type === 'llm_error' ? suspects : [];
  }

  /** The error does not say whose it is. The stream that failed is the next to end, and this does. */
  #streamEnded(metrics: object): void {
    const { type, speechId } = metrics as { type?: string; speechId?: string };
    const failed = this.#suspects.find(({ handle }) => handle.id === speechId);
    if (type !== 'llm_metrics' || !failed) return;
    for (const speech of this.#suspects) if (speech !== failed) speech.failure = undefined;
    this.#suspects = [];
  }
}

/** It waits for calls of ours. */
export function isInToolPhase({ calls }: Speech): boolean {
  return calls.some(({ started }) => started.settled === undefined);
}

/** How the telling of a record ended (S3.4): what LiveKit knows of it. */
export function outcomeOf({ handle, failure }: Speech): Outcome {
  const words = handle.chatItems.filter(isWords);
  const heard = words.map((item) => item.textContent ?? '').join(' ');
  const toolsCalled = handle.chatItems.some((item) => item.type === 'function_call');
  if (failure) return { type: 'failed', error: failure.error, toolsCalled };
  const cut = words.at(-1)?.interrupted === true || (heard === '' && handle.interrupted);
  if (cut) return { type: 'interrupted', heard, toolsCalled };
  return heard === '' ? { type: 'nothing_said', toolsCalled } : { type: 'completed', heard, toolsCalled };
}

function isWords(item: LiveKitItem): boolean {
  return item.type === 'message' && item.role === 'assistant' && (item.textContent ?? '').trim() !== '';
}
