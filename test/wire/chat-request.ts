/** A Chat Completions request, as OpenAI and every compatible server read it. */
import { fields, list, text } from './json.ts';

export interface ChatCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

export interface ChatMessage {
  readonly role: string;
  /** `undefined` when the key is missing or null. */
  readonly content: unknown;
  readonly calls: readonly ChatCall[];
  readonly callId: string;
}

export interface ChatRequest {
  readonly messages: readonly ChatMessage[];
}

export function readChat(body: unknown): ChatRequest {
  return { messages: list(fields(body)['messages']).map(readMessage) };
}

function readMessage(value: unknown): ChatMessage {
  const message = fields(value);
  return {
    role: text(message['role']),
    content: message['content'] ?? undefined,
    calls: list(message['tool_calls']).map(readCall),
    callId: text(message['tool_call_id']),
  };
}

function readCall(value: unknown): ChatCall {
  const call = fields(value);
  const called = fields(call['function']);
  return { id: text(call['id']), name: text(called['name']), arguments: text(called['arguments']) };
}

/** An assistant message with calls, and the run of tool messages directly behind it. */
export interface Batch {
  readonly index: number;
  readonly calls: readonly ChatCall[];
  readonly answers: readonly ChatMessage[];
}

export function batches({ messages }: ChatRequest): readonly Batch[] {
  return messages.flatMap((message, index) =>
    message.role === 'assistant' && message.calls.length > 0
      ? [{ index, calls: message.calls, answers: toolRun(messages, index + 1) }]
      : [],
  );
}

function toolRun(messages: readonly ChatMessage[], from: number): readonly ChatMessage[] {
  const end = messages.findIndex((message, index) => index >= from && message.role !== 'tool');
  return messages.slice(from, end === -1 ? undefined : end);
}

/** The ids a tool message at `index` may answer: those of the assistant message its run follows. */
export function answerable({ messages }: ChatRequest, index: number): ReadonlySet<string> {
  const before = messages.slice(0, index).findLast(({ role }) => role !== 'tool');
  return new Set(before?.role === 'assistant' ? before.calls.map(({ id }) => id) : []);
}

export function unanswered({ calls, answers }: Batch): readonly string[] {
  const answered = new Set(answers.map(({ callId }) => callId));
  return calls.map(({ id }) => id).filter((id) => !answered.has(id));
}

/** Every id in the request with the path the API names it by. */
export function idPaths({ messages }: ChatRequest): readonly { readonly path: string; readonly id: string }[] {
  return messages.flatMap(({ role, calls, callId }, index) => [
    ...calls.map(({ id }, call) => ({ path: `messages[${index}].tool_calls[${call}].id`, id })),
    ...(role === 'tool' ? [{ path: `messages[${index}].tool_call_id`, id: callId }] : []),
  ]);
}
