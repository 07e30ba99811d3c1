/**
 * The session's events (S7.2): a projection of its records, and the few things that are not recorded. Each is told
 * after the state it reports can be read. A listener cannot change the outcome; one that throws harms nobody.
 */
import type { Item, JsonObject } from '../chat/items.ts';
import type { AnsweredReason, Receipt, SessionRecord, TaskEndState } from '../chat/records.ts';

export type AgentState = 'initializing' | 'listening' | 'thinking' | 'speaking';
export type UserState = 'listening' | 'speaking' | 'away';

/** Every event has `at`, the session's clock in ms. */
export interface SessionEvents {
  task_started: { callId: string; toolName: string; input: JsonObject; owner: string; speechId: string };
  /** `text` is what a model is told, `message` the tool's own words. Progress for observers has no `recordId`. */
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
  };
  task_ended: { callId: string; toolName: string; state: TaskEndState; text: string };
  delivery_scheduled: { id: string; callId: string };
  delivery_ended: { id: string; receipt: Receipt; reason?: string };
  call_answered: { callId: string; toolName: string; reason: AnsweredReason; taskId?: string };
  item_added: { item: Item; activityId?: string };
  speech_created: { speechId: string; kind: 'reply' | 'say' | 'filler'; activityId: string };
  agent_changed: { activityId: string; agent: string; parent?: string };
  agent_state_changed: { state: AgentState; was: AgentState };
  user_state_changed: { state: UserState; was: UserState };
  error: { source: 'model' | 'tool' | 'delivery' | 'prompt' | 'toolset' | 'filler' | 'hook' | 'append' | 'listener'; error: unknown; callId?: string };
  closed: { reason: string };
}

export type SessionEventName = keyof SessionEvents;
export type SessionEvent<Name extends SessionEventName = SessionEventName> = {
  [N in Name]: { readonly type: N; readonly at: number } & Readonly<SessionEvents[N]>;
}[Name];

type Listener = (event: SessionEvent) => void;

export class Events {
  readonly #listeners = new Map<SessionEventName | '*', Set<Listener>>();
  readonly #now: () => number;
  readonly #onError: (error: unknown) => void;

  constructor(now: () => number, onError: (error: unknown) => void) {
    this.#now = now;
    this.#onError = onError;
  }

  on(name: SessionEventName | '*', listener: Listener): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  emit<Name extends SessionEventName>(type: Name, body: SessionEvents[Name], at = this.#now()): void {
    const event = { type, at, ...body } as unknown as SessionEvent;
    for (const listener of [...(this.#listeners.get(type) ?? []), ...(this.#listeners.get('*') ?? [])]) {
      try {
        listener(event);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}

/** What a record says, as events. */
export function project(record: SessionRecord, toolNameOf: (callId: string) => string, emit: Events['emit']): void {
  const { at } = record;
  switch (record.type) {
    case 'task_started':
      return emit('task_started', pick(record, ['callId', 'toolName', 'input', 'owner', 'speechId']), at);
    case 'task_backgrounded':
      return emit('task_updated', first(record, toolNameOf), at);
    case 'task_updated':
    case 'task_asked': {
      if (!record.record) return;
      const { callId, toolName, id, output } = record.record;
      const said = record.type === 'task_asked' ? { question: record.question.message } : { message: record.message };
      emit('item_added', { item: record.record }, at);
      emit('task_updated', { callId, toolName, recordId: id, text: output.text, ...said }, at);
      if (record.delivery && record.delivery.mode !== 'silent') emit('delivery_scheduled', { id, callId }, at);
      return;
    }
    case 'task_ended': {
      if (record.record) emit('item_added', { item: record.record }, at);
      emit('task_ended', { callId: record.callId, toolName: toolNameOf(record.callId), state: record.state, text: record.output.text }, at);
      if (record.record && record.delivery && record.delivery.mode !== 'silent') {
        emit('delivery_scheduled', { id: record.record.id, callId: record.callId }, at);
      }
      return;
    }
    case 'record_added':
      emit('item_added', { item: record.record }, at);
      return emit('delivery_scheduled', { id: record.record.id, callId: record.record.callId }, at);
    case 'delivery_opened':
      return emit('delivery_scheduled', { id: record.record.id, callId: record.callId }, at);
    case 'delivery_ended':
      return emit('delivery_ended', pick(record, ['id', 'receipt', 'reason']), at);
    case 'call_answered':
      return emit('call_answered', pick(record, ['callId', 'toolName', 'reason', 'taskId']), at);
    case 'message_added':
      return emit('item_added', { item: record.message, ...pick(record, ['activityId']) }, at);
    case 'batch_added':
      return emit('item_added', { item: record.batch, activityId: record.activityId }, at);
    case 'speech_opened':
      return emit('speech_created', pick(record, ['speechId', 'kind', 'activityId']), at);
    case 'agent_entered':
      return emit('agent_changed', pick(record, ['activityId', 'agent', 'parent']), at);
    case 'session_closed':
      return emit('closed', { reason: record.reason }, at);
    default:
      return;
  }
}

/** The call's own output: a default text, or what the tool said or asked first. */
function first(record: Extract<SessionRecord, { type: 'task_backgrounded' }>, toolNameOf: (callId: string) => string): SessionEvents['task_updated'] {
  const { callId, message, output } = record;
  const said = message === undefined ? {} : record.reason === 'question' ? { question: message } : { message };
  return { callId, toolName: toolNameOf(callId), recordId: callId, text: output.text, ...said };
}

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  const picked: Partial<Pick<T, K>> = {};
  for (const key of keys) if (from[key] !== undefined) picked[key] = from[key];
  return picked as Pick<T, K>;
}
