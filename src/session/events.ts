/**
 * The session's events (S7.2): a projection of its records, and the few things that are not recorded. Each is told
 * after the state it reports can be read, to all listeners in one order. A listener cannot change the outcome: what it
 * is given is frozen. One that throws or rejects harms nobody, and what one does is not taken for a tool's own doing.
 */
import type { Item, JsonObject } from '../chat/items.ts';
import type {
  AnswerAction,
  AnsweredReason,
  Receipt,
  SessionRecord,
  SpeechOutcome,
  TaskEndState,
} from '../chat/records.ts';
import { callIdOf } from '../engine/ids.ts';
import { invalid, show } from '../tools/options.ts';
import { runAsNobody } from './ambient.ts';

export type AgentState = 'initializing' | 'listening' | 'thinking' | 'speaking';
export type UserState = 'listening' | 'speaking' | 'away';

/** Every event has `at`, the session's clock in ms. */
export interface SessionEvents {
  task_started: { callId: string; toolName: string; input: JsonObject; owner: string; speechId: string };
  /**
   * `text` is what a model is told, `message` the tool's own words. `question`: it waits for an answer from now on
   * (`input_required`); `answer`: it no longer does. Progress for observers has no `recordId`.
   */
  task_updated: {
    callId: string;
    toolName: string;
    recordId?: string;
    text?: string;
    message?: string;
    progress?: number;
    total?: number;
    data?: unknown;
    question?: string;
    answer?: AnswerAction;
  };
  task_ended: { callId: string; toolName: string; state: TaskEndState; text: string };
  delivery_scheduled: { id: string; callId: string };
  delivery_ended: { id: string; callId: string; receipt: Receipt; reason?: string };
  call_answered: { callId: string; toolName: string; reason: AnsweredReason; taskId?: string };
  item_added: { item: Item; activityId?: string };
  /** `about`: the records it tells, where it is a delivery. */
  speech_created: { speechId: string; kind: 'reply' | 'say' | 'filler'; activityId: string; about?: readonly string[] };
  speech_ended: { speechId: string; outcome: SpeechOutcome };
  /** Another agent is current: a new one, or the parent of an AgentTask that has ended. */
  agent_changed: { activityId: string; agent: string; parent?: string };
  agent_state_changed: { state: AgentState; was: AgentState };
  user_state_changed: { state: UserState; was: UserState };
  error: {
    source:
      | 'model'
      | 'call'
      | 'tool'
      | 'delivery'
      | 'prompt'
      | 'toolset'
      | 'filler'
      | 'hook'
      | 'append'
      | 'output'
      | 'store';
    error: unknown;
    callId?: string;
  };
  closed: { reason: string };
}

export type SessionEventName = keyof SessionEvents;
export type SessionEvent<Name extends SessionEventName = SessionEventName> = {
  [N in Name]: { readonly type: N; readonly at: number } & Readonly<SessionEvents[N]>;
}[Name];

const eventNames: Readonly<Record<SessionEventName, true>> = {
  task_started: true,
  task_updated: true,
  task_ended: true,
  delivery_scheduled: true,
  delivery_ended: true,
  call_answered: true,
  item_added: true,
  speech_created: true,
  speech_ended: true,
  agent_changed: true,
  agent_state_changed: true,
  user_state_changed: true,
  error: true,
  closed: true,
};

type Listener = (event: SessionEvent) => void;

interface Listening {
  readonly name: SessionEventName | '*';
  readonly tell: Listener;
}

export class Events {
  /** The list is never changed but replaced: whoever goes through it is not disturbed. */
  #listeners: readonly Listening[] = [];
  readonly #now: () => number;
  readonly #onError: (error: unknown) => void;
  readonly #untold: SessionEvent[] = [];
  /** `closed` is the last. */
  #isOver = false;
  #isTelling = false;

  constructor(now: () => number, onError: (error: unknown) => void) {
    this.#now = now;
    this.#onError = onError;
  }

  /** Throws MeanwhileError `invalid_option` for a name that no event has, and for a listener that is no function. */
  on(name: SessionEventName | '*', listener: Listener): () => void {
    if (name !== '*' && !Object.hasOwn(eventNames, name)) {
      throw invalid(
        'on',
        `there is no event ${show(name)}. Events: ${Object.keys(eventNames).join(', ')}, or '*' for all.`,
        { code: 'invalid_option' },
      );
    }
    if (typeof listener !== 'function')
      throw invalid('on', `expected the listener to be a function, got ${show(listener)}.`, { code: 'invalid_option' });
    const listening = { name, tell: listener };
    this.#listeners = [...this.#listeners, listening];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listening);
    };
  }

  emit<Name extends SessionEventName>(type: Name, body: SessionEvents[Name], at = this.#now()): void {
    if (this.#isOver) return;
    this.#isOver = type === 'closed';
    if (!this.#isHeard(type)) return;
    const event = { type, at, ...body } as unknown as SessionEvent;
    if (event.type === 'item_added') freeze(event.item);
    if (event.type === 'task_started') freeze(event.input);
    if (this.#isTelling) this.#untold.push(Object.freeze(event));
    else this.#tellAll(Object.freeze(event));
  }

  #isHeard(type: SessionEventName): boolean {
    return this.#listeners.some(({ name }) => name === type || name === '*');
  }

  /** What a listener sets off is told after what it was told of. */
  #tellAll(first: SessionEvent): void {
    this.#isTelling = true;
    try {
      for (let event: SessionEvent | undefined = first; event; event = this.#untold.shift()) this.#tell(event);
    } finally {
      this.#isTelling = false;
    }
  }

  #tell(event: SessionEvent): void {
    const listeners = this.#listeners;
    for (const listener of listeners) if (listener.name === event.type) this.#tellOne(listener, event);
    for (const listener of listeners) if (listener.name === '*') this.#tellOne(listener, event);
  }

  #tellOne(listener: Listening, event: SessionEvent): void {
    try {
      const result: unknown = runAsNobody(() => listener.tell(event));
      if (result instanceof Promise) result.catch(this.#onError);
    } catch (error) {
      this.#onError(error);
    }
  }
}

/** What the projection asks beside the record. */
export interface Lookup {
  toolName(callId: string): string;
  /** The agent that is current now, as `agent_changed` tells it. */
  current(): SessionEvents['agent_changed'] | undefined;
}

/** What a record says, as events. */
export function project(record: SessionRecord, lookup: Lookup, emit: Events['emit']): void {
  const { at } = record;
  switch (record.type) {
    case 'task_started':
      return emit('task_started', pick(record, ['callId', 'toolName', 'input', 'owner', 'speechId']), at);
    case 'task_backgrounded':
      return emit('task_updated', first(record, lookup), at);
    case 'task_updated':
    case 'task_asked': {
      if (!record.record) return;
      const { callId, toolName, id, output } = record.record;
      const said =
        record.type === 'task_asked'
          ? { question: record.question.message }
          : { message: record.message, ...record.progress };
      emit('item_added', { item: record.record }, at);
      emit('task_updated', { callId, toolName, recordId: id, text: output.text, ...said }, at);
      if (record.delivery && record.delivery.mode !== 'silent') emit('delivery_scheduled', { id, callId }, at);
      return;
    }
    case 'task_ended': {
      if (record.record) emit('item_added', { item: record.record }, at);
      emit(
        'task_ended',
        {
          callId: record.callId,
          toolName: lookup.toolName(record.callId),
          state: record.state,
          text: record.output.text,
        },
        at,
      );
      if (record.record && record.delivery && record.delivery.mode !== 'silent') {
        emit('delivery_scheduled', { id: record.record.id, callId: record.callId }, at);
      }
      return;
    }
    case 'task_answered':
      return emit(
        'task_updated',
        { callId: record.callId, toolName: lookup.toolName(record.callId), answer: record.action },
        at,
      );
    case 'record_added':
    case 'result_received':
      emit('item_added', { item: record.record }, at);
      return emit('delivery_scheduled', { id: record.record.id, callId: record.record.callId }, at);
    case 'delivery_opened':
      return emit('delivery_scheduled', { id: record.record.id, callId: record.callId }, at);
    case 'delivery_ended':
      return emit('delivery_ended', { callId: callIdOf(record.id), ...pick(record, ['id', 'receipt', 'reason']) }, at);
    case 'call_answered':
      return emit('call_answered', pick(record, ['callId', 'toolName', 'reason', 'taskId']), at);
    case 'message_added':
      return emit('item_added', { item: record.message, ...pick(record, ['activityId']) }, at);
    case 'batch_added':
      return emit('item_added', { item: record.batch, activityId: record.activityId }, at);
    case 'speech_opened':
      return emit('speech_created', pick(record, ['speechId', 'kind', 'activityId', 'about']), at);
    case 'speech_closed':
      return emit('speech_ended', pick(record, ['speechId', 'outcome']), at);
    case 'agent_entered':
      return emit('agent_changed', pick(record, ['activityId', 'agent', 'parent']), at);
    case 'agent_left': {
      const current = lookup.current();
      return current && emit('agent_changed', current, at);
    }
    case 'session_ended':
    case 'session_closed':
      return emit('closed', { reason: record.reason }, at);
    default:
      return;
  }
}

/** The call's own output: a default text, or what the tool said or asked first. */
function first(
  record: Extract<SessionRecord, { type: 'task_backgrounded' }>,
  lookup: Lookup,
): SessionEvents['task_updated'] {
  const { callId, message, output } = record;
  const said = message === undefined ? {} : record.reason === 'question' ? { question: message } : { message };
  return {
    callId,
    toolName: lookup.toolName(callId),
    recordId: callId,
    text: output.text,
    ...said,
    ...record.progress,
  };
}

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  const picked: Partial<Pick<T, K>> = {};
  for (const key of keys) if (from[key] !== undefined) picked[key] = from[key];
  return picked as Pick<T, K>;
}

/** Items and inputs are the session's own: what a listener is shown of them nobody can change. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}
