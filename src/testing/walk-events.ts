/** What the agent did in a run, as a list of few kinds of events that a test reads one after the other. */
import { messageText, type Receipt, type SessionEvent } from '../index.ts';

/** Each kind and what it says. */
export interface WalkEvents {
  /** Passed over, unless it is asked for. */
  user_message: { readonly text: string };
  /** What was heard. */
  agent_message: { readonly text: string; readonly cut: boolean };
  tool_call: { readonly callId: string; readonly name: string; readonly args: Readonly<Record<string, unknown>> };
  /** A call that started no task: a duplicate, a companion, one that was refused. */
  tool_call_answered: {
    readonly callId: string;
    readonly name: string;
    readonly reason: SessionEvent<'call_answered'>['reason'];
  };
  /** `message`: the tool's own words; none when it went to the background without any. */
  tool_update: { readonly callId: string; readonly name: string; readonly message: string | undefined };
  tool_question: { readonly callId: string; readonly name: string; readonly message: string };
  /** `text`: what the model is told of it. */
  tool_result: {
    readonly callId: string;
    readonly name: string;
    readonly state: SessionEvent<'task_ended'>['state'];
    readonly text: string;
  };
  /** What a task had to tell is settled, with its receipt. */
  delivery: { readonly callId: string; readonly name: string; readonly recordId: string; readonly receipt: Receipt };
  agent_changed: { readonly agent: string };
  error: { readonly source: SessionEvent<'error'>['source']; readonly error: unknown };
}

/** The kinds of events. */
export type WalkEventName = keyof WalkEvents;

/** One event: its kind, when it came (`at`, the session’s time in ms), and what the kind says. */
export type WalkEvent<Name extends WalkEventName = WalkEventName> = {
  [N in Name]: { readonly type: N; readonly at: number } & WalkEvents[N];
}[Name];

export function toWalkEvents(events: Iterable<SessionEvent>): WalkEvent[] {
  const names = new Map<string, string>();
  return Array.from(events).flatMap((event) => {
    if (event.type === 'task_started' || event.type === 'call_answered') names.set(event.callId, event.toolName);
    const made = walkEvent(event, (callId) => names.get(callId) ?? callId);
    return made ? [{ at: event.at, ...made }] : [];
  });
}

type Made = { [N in WalkEventName]: { readonly type: N } & WalkEvents[N] }[WalkEventName];

function walkEvent(event: SessionEvent, nameOf: (callId: string) => string): Made | undefined {
  switch (event.type) {
    case 'item_added':
      return messageOf(event);
    case 'task_started':
      return { type: 'tool_call', callId: event.callId, name: event.toolName, args: event.input };
    case 'call_answered':
      return { type: 'tool_call_answered', callId: event.callId, name: event.toolName, reason: event.reason };
    case 'task_updated': {
      const { callId, toolName: name, recordId, question, message } = event;
      if (question !== undefined) return { type: 'tool_question', callId, name, message: question };
      return recordId === undefined ? undefined : { type: 'tool_update', callId, name, message };
    }
    case 'task_ended':
      return { type: 'tool_result', callId: event.callId, name: event.toolName, state: event.state, text: event.text };
    case 'delivery_ended': {
      const { callId, id: recordId, receipt } = event;
      return { type: 'delivery', callId, name: nameOf(callId), recordId, receipt };
    }
    case 'agent_changed':
      return { type: 'agent_changed', agent: event.agent };
    case 'error':
      // What became of an odd call has its own event.
      if (event.source === 'call') return undefined;
      return { type: 'error', source: event.source, error: event.error };
    default:
      return undefined;
  }
}

function messageOf({ item }: SessionEvent<'item_added'>): Made | undefined {
  if (item.kind !== 'message' || item.role === 'system') return undefined;
  const text = messageText(item);
  return item.role === 'user'
    ? { type: 'user_message', text }
    : { type: 'agent_message', text, cut: item.cut ?? false };
}
