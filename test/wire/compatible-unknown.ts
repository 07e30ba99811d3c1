/**
 * An OpenAI-compatible server nothing is known of: what OpenAI, Qwen's template or Mistral refuse, because it may be
 * any of them, except Mistral's ids of nine characters; and the strictest alternation, that of Gemma's template.
 */
import { type ChatMessage, type ChatRequest, readChat } from './chat-request.ts';
import { mistralRules } from './compatible-mistral.ts';
import { qwenRules } from './compatible-qwen.ts';
import { openaiChatRules } from './openai-chat.ts';
import { firstBroken, type Rule, type Validator } from './rule.ts';

export const unknownRules: readonly Rule<ChatRequest>[] = [
  ...take(openaiChatRules, [
    'messages-empty',
    'content-missing',
    'id-length',
    'id-characters',
    'output-without-call',
    'output-of-other-call',
    'call-without-output',
    'output-twice',
  ]),
  ...take(qwenRules, ['system-first', 'user-required', 'arguments-object']),
  ...take(mistralRules, ['last-role', 'assistant-empty']),
  {
    id: 'compatible-unknown.alternation',
    check: ({ messages }) =>
      alternates(messages.filter(({ role }) => role !== 'system'))
        ? undefined
        : 'Conversation roles must alternate user/assistant/user/assistant/...',
  },
];

/** Starts with a user; then one assistant message, and one user message or the run of tool messages, in turn. */
function alternates(messages: readonly ChatMessage[]): boolean {
  return messages.every(({ role }, index) => {
    const previous = messages[index - 1]?.role;
    if (role === 'assistant') return previous === 'user' || previous === 'tool';
    if (role === 'tool') return previous === 'assistant' || previous === 'tool';
    return previous === undefined || previous === 'assistant';
  });
}

function take(rules: readonly Rule<ChatRequest>[], names: readonly string[]): readonly Rule<ChatRequest>[] {
  return names.map((name) => {
    const rule = rules.find(({ id }) => id.endsWith(`.${name}`));
    if (!rule) throw new Error(`No rule ${name}`);
    return { ...rule, id: `compatible-unknown.${name}` };
  });
}

export const validateUnknown: Validator = (body) => firstBroken(unknownRules, readChat(body));
