/** A Messages request as Anthropic's API reads it, and what differs between its models. */
import { fields, type Fields, list, text } from './json.ts';

export interface Block {
  readonly type: string;
  readonly text: string;
  readonly id: string;
  readonly signature: string;
}

export interface AnthropicMessage {
  readonly role: string;
  readonly content: readonly Block[];
}

export interface AnthropicRequest {
  readonly model: string;
  readonly system: readonly Block[];
  readonly messages: readonly AnthropicMessage[];
  readonly declaresTools: boolean;
  readonly thinking: 'off' | 'enabled' | 'adaptive';
  readonly forcesTool: boolean;
}

export function readAnthropic(body: unknown): AnthropicRequest {
  const request = fields(body);
  return {
    model: text(request['model']),
    system: readContent(request['system']),
    messages: list(request['messages']).map((value) => {
      const message = fields(value);
      return { role: text(message['role']), content: readContent(message['content']) };
    }),
    declaresTools: list(request['tools']).length > 0,
    thinking: readThinking(fields(request['thinking'])),
    forcesTool: ['any', 'tool'].includes(text(fields(request['tool_choice'])['type'])),
  };
}

function readThinking(thinking: Fields): AnthropicRequest['thinking'] {
  const type = thinking['type'];
  return type === 'enabled' || type === 'adaptive' ? type : 'off';
}

function readContent(content: unknown): readonly Block[] {
  return typeof content === 'string' ? [block({ type: 'text', text: content })] : list(content).map(block);
}

function block(value: unknown): Block {
  const { type, text: said, thinking, id, tool_use_id: answers, signature } = fields(value);
  return {
    type: text(type),
    text: text(said ?? thinking),
    id: text(id ?? answers),
    signature: text(signature),
  };
}

/** Models that act on a system message inside `messages`. The rest refuse it; Sonnet 5 takes it and ignores it. */
export function takesLateSystem(model: string): boolean {
  return /^claude-(opus-4-8|opus-5|fable-5|mythos-5)/.test(model);
}

/** Models up to 4.5 continue a final assistant message; later ones refuse it. */
export function takesPrefill(model: string): boolean {
  return /^claude-(3|(opus|sonnet|haiku)-4-[0-5]|(opus|sonnet)-4-2)/.test(model);
}
