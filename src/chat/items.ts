/**
 * Items: the entries of a chat context, as plain JSON (S2.2, S2.3).
 *
 * An item never changes once it is in a context. A step's calls and outputs are one item (`Batch`), so a call without
 * its output cannot be represented. What a task tells later is a `TaskRecord`: in a prompt it becomes a call with its
 * output, or a marked note, whichever the model takes (`wire-profile.ts`).
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };
export type JsonObject = { readonly [key: string]: Json | undefined };

/** What a provider wants back with its own parts: `{ anthropic: { signature: '…' } }`. */
export type ProviderMetadata = Readonly<Record<string, JsonObject>>;

export interface TextPart {
  readonly type: 'text';
  readonly text: string;
  readonly providerMetadata?: ProviderMetadata;
}

/** An image by URL, or as base64 in `data`. */
export interface ImagePart {
  readonly type: 'image';
  readonly mediaType: string;
  readonly url?: string;
  readonly data?: string;
}

export interface ReasoningPart {
  readonly type: 'reasoning';
  readonly text: string;
  readonly providerMetadata?: ProviderMetadata;
}

export type MessagePart = TextPart | ImagePart | ReasoningPart;

/** Which model made a part: `provider` as the model names itself, and its id. Metadata goes back to the same provider only. */
export interface ModelRef {
  readonly provider: string;
  readonly modelId: string;
}

export interface Message {
  readonly kind: 'message';
  readonly id: string;
  readonly role: 'user' | 'assistant' | 'system';
  readonly parts: readonly MessagePart[];
  /** Clock time in ms. */
  readonly at: number;
  /** The words were cut: `parts` hold what was heard, without provider metadata. */
  readonly cut?: true;
  /** The speech that said it, for an assistant message. */
  readonly speechId?: string;
  readonly model?: ModelRef;
}

/** What a model is told of a call: text, or the text of an error. */
export interface Output {
  readonly type: 'text' | 'error';
  readonly text: string;
}

export interface BatchCall {
  /** Ours: unique in the session, `^[A-Za-z0-9_-]{1,64}$`. */
  readonly callId: string;
  /** The provider's, where ours had to differ. */
  readonly wireId?: string;
  readonly toolName: string;
  readonly input: JsonObject;
  readonly providerMetadata?: ProviderMetadata;
  readonly output: Output;
}

/** One step's calls in the model's order, each with its output. */
export interface Batch {
  readonly kind: 'batch';
  readonly id: string;
  readonly at: number;
  readonly speechId: string;
  readonly step: number;
  /** The step's reasoning, which some models want back in front of the calls. */
  readonly reasoning?: readonly ReasoningPart[];
  readonly calls: readonly BatchCall[];
  readonly model?: ModelRef;
}

/** One thing a background task tells: an update, a question, its end. `id` is `<callId>`, `<callId>_update_<n>` or `<callId>_final`. */
export interface TaskRecord {
  readonly kind: 'record';
  readonly id: string;
  readonly callId: string;
  readonly phase: 'update' | 'question' | 'final';
  readonly toolName: string;
  readonly input: JsonObject;
  readonly output: Output;
  /** Whose it was when it was recorded: `'session'` or an activity's id. */
  readonly owner: string;
  readonly at: number;
}

export type Item = Message | Batch | TaskRecord;

/** The text of a message, its text parts joined. */
export function messageText(message: Message): string {
  return message.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

/** The ids of everything a task tells in this item (S2.2): a batch answers under the calls' own ids. */
export function recordIds(item: Item): readonly string[] {
  if (item.kind === 'record') return [item.id];
  return item.kind === 'batch' ? item.calls.map((call) => call.callId) : [];
}
