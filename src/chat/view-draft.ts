/**
 * A prompt in the making. Messages are added at the end, and only the last one grows; what was handed out never
 * changes: a last message that somebody else holds is copied before it grows.
 */
import type { LanguageModelV4Message, LanguageModelV4Prompt, LanguageModelV4ToolResultPart } from '@ai-sdk/provider';

type Of<Role> = Extract<LanguageModelV4Message, { role: Role }>;
export type UserPart = Of<'user'>['content'][number];
export type AssistantPart = Of<'assistant'>['content'][number];

interface Contents {
  user: UserPart[];
  assistant: AssistantPart[];
  tool: Of<'tool'>['content'];
}

/** Where something begins: a message, a part of it, a character of that part. */
export interface Place {
  readonly message: number;
  readonly part: number;
  readonly offset: number;
}

export interface DraftForm {
  /** User and assistant in turn: consecutive user messages are one text, and `noReply` goes between a tool and a user. */
  readonly alternate: boolean;
  readonly noReply: string;
  /** `joined`: a blank line goes between the texts of an assistant message. */
  readonly texts: 'parts' | 'joined';
}

const blankLine = '\n\n';

export class Draft {
  readonly #form: DraftForm;
  readonly #messages: LanguageModelV4Message[];
  #lastIsShared: boolean;
  /** How many parts of the last message have been in a copy. */
  #seenParts = 0;

  constructor(form: DraftForm, messages: LanguageModelV4Message[] = []) {
    this.#form = form;
    this.#messages = messages;
    this.#lastIsShared = messages.length > 0;
  }

  /** The role of the last message, system messages aside. */
  get lastRole(): 'user' | 'assistant' | 'tool' | undefined {
    for (let index = this.#messages.length - 1; index >= 0; index -= 1) {
      const role = this.#messages[index]?.role;
      if (role !== 'system') return role;
    }
    return undefined;
  }

  /** Where the next message begins. */
  get end(): Place {
    return { message: this.#messages.length, part: 0, offset: 0 };
  }

  system(content: string): Place {
    return this.#push({ role: 'system', content });
  }

  user(...parts: readonly UserPart[]): Place {
    const { alternate, noReply } = this.#form;
    if (!alternate) return this.#push({ role: 'user', content: [...parts] });
    const last = this.#messages.at(-1);
    if (last?.role === 'tool') this.#push({ role: 'assistant', content: [{ type: 'text', text: noReply }] });
    if (last?.role !== 'user') return this.#push({ role: 'user', content: [...joined([], parts)] });
    return this.#growUser(parts);
  }

  /** `apart`: as a message of its own, even behind another of the assistant's. */
  assistant(parts: readonly AssistantPart[], apart: boolean): Place {
    if (apart || this.#messages.at(-1)?.role !== 'assistant')
      return this.#push({ role: 'assistant', content: [...parts] });
    const { content } = this.#last('assistant');
    const place = { message: this.#messages.length - 1, part: content.length, offset: 0 };
    const glue = this.#form.texts === 'joined' && content.at(-1)?.type === 'text';
    // A list that is pushed to keeps room for sixteen more, in every message of the conversation.
    this.#messages[place.message] = { role: 'assistant', content: content.concat(glue ? glued(parts) : parts) };
    this.#lastIsShared = false;
    return place;
  }

  tool(results: readonly LanguageModelV4ToolResultPart[]): void {
    this.#push({ role: 'tool', content: [...results] });
  }

  /** Puts a text at the end of the last user or tool message. */
  fold(text: string): void {
    const last = this.#messages.at(-1);
    if (last?.role === 'user') {
      if (this.#form.alternate) this.#growUser([{ type: 'text', text }]);
      else this.#growing('user').push({ type: 'text', text });
      return;
    }
    if (last?.role !== 'tool') return void this.user({ type: 'text', text });
    const content = this.#growing('tool');
    const result = content.at(-1);
    if (result?.type === 'tool-result') content[content.length - 1] = withText(result, text);
  }

  /** No copy has the last message from this part on. */
  isUnseen({ part }: Place): boolean {
    return part >= this.#seenParts;
  }

  /** Takes the parts from `place` on back out of the last assistant message. */
  takeBack(place: Place): AssistantPart[] {
    const content = this.#growing('assistant');
    const taken = content.splice(place.part);
    if (content.length === 0) {
      this.#messages.pop();
      this.#lastIsShared = true;
    }
    return taken;
  }

  /** What begins at `place`, behind a standing system message, to be continued on its own. Copied once: it may be long. */
  copy({ message, part, offset }: Place, system?: string): Draft {
    this.#lastIsShared = true;
    const last = this.#messages.at(-1);
    this.#seenParts = last && last.role !== 'system' ? last.content.length : 0;
    const kept = message === 0 ? this.#messages : this.#messages.slice(message);
    const front: LanguageModelV4Message[] = system === undefined ? [] : [{ role: 'system', content: system }];
    const messages = front.concat(kept);
    const first = kept[0];
    if (first && (part > 0 || offset > 0)) messages[front.length] = cut(first, part, offset);
    return new Draft(this.#form, messages);
  }

  /** A user message before anything else that is not the system's. */
  openWithUser(text: string): void {
    const first = this.#messages.findIndex(({ role }) => role !== 'system');
    if (first === -1 || this.#messages[first]?.role === 'user') return;
    this.#messages.splice(first, 0, { role: 'user', content: [{ type: 'text', text }] });
  }

  /** Ends the draft: the prompt is the caller's. */
  finish(): LanguageModelV4Prompt {
    return this.#messages;
  }

  #push(message: LanguageModelV4Message): Place {
    this.#lastIsShared = false;
    this.#seenParts = 0;
    return { message: this.#messages.push(message) - 1, part: 0, offset: 0 };
  }

  #growUser(parts: readonly UserPart[]): Place {
    const content = this.#growing('user');
    const message = this.#messages.length - 1;
    const last = content.at(-1);
    const place =
      last?.type === 'text' && parts[0]?.type === 'text'
        ? { message, part: content.length - 1, offset: last.text.length + blankLine.length }
        : { message, part: content.length, offset: 0 };
    joined(content, parts);
    return place;
  }

  #last<Role extends keyof Contents>(role: Role): { readonly content: Contents[Role] } {
    const last = this.#messages.at(-1);
    if (last === undefined || last.role === 'system' || last.role !== role) {
      throw new TypeError(`Expected the last message to be of the role ${role}, got ${String(last?.role)}.`);
    }
    return last as { readonly content: Contents[Role] };
  }

  /** The content of the last message, which is this draft's alone from now on. */
  #growing<Role extends keyof Contents>(role: Role): Contents[Role] {
    const last = this.#last(role);
    if (!this.#lastIsShared) return last.content;
    const content = [...last.content] as Contents[Role];
    this.#messages[this.#messages.length - 1] = { ...last, content } as LanguageModelV4Message;
    this.#lastIsShared = false;
    return content;
  }
}

/** Adds parts, neighbouring texts as one: servers with strict templates take a string more surely than parts. */
function joined(content: UserPart[], parts: readonly UserPart[]): UserPart[] {
  for (const part of parts) {
    const last = content.at(-1);
    if (last?.type === 'text' && part.type === 'text') {
      content[content.length - 1] = { type: 'text', text: last.text + blankLine + part.text };
    } else content.push(part);
  }
  return content;
}

function glued(parts: readonly AssistantPart[]): AssistantPart[] {
  const first = parts.findIndex(({ type }) => type === 'text');
  return parts.map((part, index) =>
    index === first && part.type === 'text' ? { ...part, text: blankLine + part.text } : part,
  );
}

function withText(result: LanguageModelV4ToolResultPart, text: string): LanguageModelV4ToolResultPart {
  const { output } = result;
  return output.type === 'text' || output.type === 'error-text'
    ? { ...result, output: { ...output, value: output.value + blankLine + text } }
    : result;
}

function cut(message: LanguageModelV4Message, part: number, offset: number): LanguageModelV4Message {
  switch (message.role) {
    case 'user':
      return { ...message, content: cutText(message.content.slice(part), offset) };
    case 'assistant':
      return { ...message, content: message.content.slice(part) };
    case 'tool':
    case 'system':
      return message;
  }
}

function cutText(content: UserPart[], offset: number): UserPart[] {
  const first = content[0];
  if (first?.type === 'text' && offset > 0) content[0] = { ...first, text: first.text.slice(offset) };
  return content;
}
