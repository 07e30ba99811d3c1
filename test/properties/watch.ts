/**
 * What is seen of a session while it runs, and the invariants that are judged at once: of each record, each prompt, each
 * stretch of words. Those that are judged when it rests, or is over, are in `invariants.ts`.
 */
import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import type { AgentSession, SessionEvent, SessionRecord, SessionState, SpokenInfo } from 'meanwhile';
import { recordIds, type Item } from '../../src/chat/items.ts';
import { FoldCheck } from './fold-check.ts';
import { PromptCheck } from './prompt-check.ts';
import { dueIsToldTogether } from './told-together.ts';

/** An invariant that does not hold, and the fact that shows it. */
export interface Wrong {
  readonly invariant: string;
  readonly fact: string;
}

export type Of<T extends SessionRecord['type']> = Extract<SessionRecord, { type: T }>;

export interface WatchOptions {
  /** The fold is compared with the state after so many records each, and at the end. */
  readonly foldEvery: number;
  readonly onRecord?: (record: SessionRecord, state: SessionState) => void;
  /** So many records are made by no session that rests. It may never give the control back: this must not return. */
  readonly runsAway?: () => never;
}

/** Far more than any session makes that rests. */
const mostRecords = 20_000;

export class Watch {
  session: AgentSession | undefined;
  readonly wrongs: Wrong[] = [];
  /** As they were written, read back. */
  readonly records: SessionRecord[] = [];
  readonly events: SessionEvent[] = [];
  /** Ids of records over which something was said that was heard (S3.5). */
  readonly heard = new Set<string>();
  /** What bodies said in time, what they said too late, and what of it `update` has taken. */
  readonly said: string[] = [];
  readonly late: string[] = [];
  readonly recorded = new Set<string>();
  /** What the user said. */
  readonly inputs = new Set<string>();
  /** Everybody who was given a signal may listen to it. */
  readonly signals = new Set<AbortSignal>();
  /** Toolsets that are set up. */
  toolsets = 0;
  /** Since it has closed nothing may happen. */
  isOver = false;
  readonly #leases: string[] = [];
  readonly #fold: FoldCheck;
  readonly #prompts: PromptCheck;
  readonly #onRecord: WatchOptions['onRecord'];
  readonly #runsAway: WatchOptions['runsAway'];
  /** Speech → what it tells. */
  readonly #telling = new Map<string, readonly string[]>();
  /** Told to the end. */
  readonly #told = new Set<string>();
  readonly #places = new Map<string, string>();
  #activityId = '';

  constructor({ foldEvery, onRecord, runsAway }: WatchOptions) {
    const wrong = this.wrong.bind(this);
    this.#fold = new FoldCheck(foldEvery, wrong);
    this.#prompts = new PromptCheck(wrong);
    this.#onRecord = onRecord;
    this.#runsAway = runsAway;
  }

  wrong(invariant: string, fact: string): void {
    this.wrongs.push({ invariant, fact });
  }

  record(record: SessionRecord, state: SessionState): void {
    const copy = this.#fold.note(record, state);
    this.records.push(copy);
    if (this.records.length === mostRecords) this.#runsAway?.();
    switch (record.type) {
      case 'request_made':
        this.#activityId = record.activityId;
        break;
      case 'speech_opened':
        this.#places.set(record.speechId, record.activityId);
        break;
      case 'message_added':
        this.#hear(record, state);
        break;
      case 'delivery_taken':
        this.#taken(record, state);
        this.#telling.set(record.speechId, record.ids);
        break;
      case 'speech_closed':
        if (record.outcome === 'completed')
          for (const id of this.#telling.get(record.speechId) ?? []) this.#told.add(id);
        break;
      default:
    }
    this.#onRecord?.(record, state);
  }

  event(event: SessionEvent): void {
    if (this.isOver) this.wrong('nothingAfterTheEnd', `event ${event.type} after the close`);
    this.events.push(event);
  }

  request(request: LanguageModelV4CallOptions): void {
    if (this.isOver) this.wrong('nothingAfterTheEnd', 'the model is asked after the close');
    if (request.abortSignal) this.signals.add(request.abortSignal);
    this.#prompts.note(this.#activityId, request.prompt);
  }

  signal(signal: AbortSignal): void {
    this.signals.add(signal);
  }

  says(text: string, inTime: boolean): void {
    (inTime ? this.said : this.late).push(text);
  }

  leased(callId: string, holds: boolean): void {
    const at = this.#leases.lastIndexOf(callId);
    if (holds) this.#leases.push(callId);
    else if (at >= 0) this.#leases.splice(at, 1);
  }

  /** A stretch of words begins. */
  opened(speech: SpokenInfo): void {
    this.#neverOverTheUser(speech);
    this.#pausedAgentsAreSilent(speech);
  }

  wrote(): void {
    if (this.isOver) this.wrong('nothingAfterTheEnd', 'something is said after the close');
  }

  /** The last comparison of fold and state. */
  finish(): void {
    if (this.session) this.#fold.compare(this.session.state);
  }

  #hear({ message, step, activityId }: Of<'message_added'>, state: SessionState): void {
    if (message.role !== 'assistant' || step === undefined || message.speechId === undefined) return;
    for (const id of heldBy(state, activityId, message.speechId, step)) this.heard.add(id);
  }

  #taken(record: Of<'delivery_taken'>, state: SessionState): void {
    const { session } = this;
    if (!session) return;
    const ids = record.ids.join();
    if (session.userState === 'speaking') this.wrong('neverOverTheUser', `${ids} while the user speaks`);
    for (const id of record.ids)
      if (this.#told.has(id)) this.wrong('nothingIsToldTwice', `${id} is told again in full`);
    for (const id of record.ids)
      if (this.heard.has(id) && !record.covered.includes(id))
        this.wrong('nothingIsToldTwice', `${id} is told as new, though it was heard`);
    const left = dueIsToldTogether(record, state, session);
    if (left !== undefined) this.wrong('dueIsToldTogether', left);
    this.#leasesHold(record, state);
  }

  /** Under a lease nothing is told but what its holder asks (S6.4). */
  #leasesHold({ ids }: Of<'delivery_taken'>, state: SessionState): void {
    const holder = this.#leases.at(-1);
    if (holder === undefined || state.stack.length > 1) return;
    for (const id of ids)
      if (state.tasks.deliveries.get(id)?.callId !== holder)
        this.wrong('leasesHold', `${id} is told under the lease of ${holder}`);
  }

  /** What is due is not begun while the user speaks, nor is a filler (S3.8). */
  #neverOverTheUser({ speechId, kind }: SpokenInfo): void {
    if (this.session?.userState !== 'speaking') return;
    const { about = [], requests } = this.session.state.speeches.get(speechId) ?? {};
    const calledTools = this.records.some((record) => record.type === 'task_started' && record.speechId === speechId);
    const isFirst = requests?.size === 1 && !calledTools;
    if (kind === 'filler' || (about.length > 0 && isFirst))
      this.wrong('neverOverTheUser', `${speechId} (${kind}) is begun while the user speaks`);
  }

  /** A paused agent does not begin to speak (S8.4). */
  #pausedAgentsAreSilent({ speechId, agent }: SpokenInfo): void {
    if (!this.session) return;
    const { stack, activities } = this.session.state;
    const at = stack.indexOf(this.#places.get(speechId) ?? '');
    const over = at < 0 ? [] : stack.slice(at + 1);
    if (over.some((id) => activities.get(id)?.exiting === false))
      this.wrong('pausedAgentsAreSilent', `${agent} speaks while it is paused`);
  }
}

/** Ids of the records in the request of a step. */
function heldBy(state: SessionState, activityId: string | undefined, speechId: string, step: number): string[] {
  const request = state.speeches.get(speechId)?.requests.get(step);
  const items: readonly Item[] = state.activities.get(activityId ?? '')?.context.items ?? [];
  return request ? items.slice(request.from, request.to).flatMap(recordIds) : [];
}
