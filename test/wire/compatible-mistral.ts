/**
 * Mistral: its API (message order, ids of nine characters), and the chat template its open models carry on other
 * servers (system first, alternation).
 */
import { batches, type ChatMessage, type ChatRequest, idPaths, readChat } from './chat-request.ts';
import { firstBroken, firstMessage, type Rule, type Validator } from './rule.ts';

const next: Readonly<Record<string, readonly string[]>> = {
  system: ['user', 'assistant', 'system'],
  user: ['assistant', 'system', 'user'],
  assistant: ['assistant', 'user', 'tool'],
  tool: ['assistant', 'tool'],
};

export const mistralRules: readonly Rule<ChatRequest>[] = [
  {
    id: 'compatible-mistral.messages-empty',
    check: ({ messages }) => (messages.length === 0 ? 'Conversation must have at least one message' : undefined),
  },
  {
    id: 'compatible-mistral.content-missing',
    check: ({ messages }) =>
      messages.some(({ role, content }) => role !== 'assistant' && content === undefined)
        ? 'Field required'
        : undefined,
    status: 422,
  },
  {
    id: 'compatible-mistral.last-role',
    check: ({ messages }) =>
      messages.length > 1 && messages.at(-1)?.role === 'assistant'
        ? 'Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant'
        : undefined,
  },
  {
    id: 'compatible-mistral.role-order',
    check: ({ messages }) =>
      firstMessage(messages, ({ role }, index) => {
        const previous = messages[index - 1]?.role;
        return previous !== undefined && !next[previous]?.includes(role)
          ? `Unexpected role '${role}' after role '${previous}'`
          : undefined;
      }),
  },
  {
    id: 'compatible-mistral.call-without-output',
    check: (request) =>
      batches(request).some(({ calls, answers }) => ids(calls).size > ids(answers).size)
        ? 'Not the same number of function calls and responses'
        : undefined,
  },
  {
    id: 'compatible-mistral.duplicate-call',
    check: (request) =>
      firstMessage(batches(request), ({ calls }) =>
        firstMessage(calls, ({ id }, index) =>
          calls.findIndex((call) => call.id === id) < index
            ? `Duplicate tool call id ${id} in assistant message`
            : undefined,
        ),
      ),
  },
  {
    id: 'compatible-mistral.output-twice',
    check: (request) =>
      firstMessage(batches(request), ({ answers }) =>
        firstMessage(answers, ({ callId }, index) =>
          answers.findIndex((answer) => answer.callId === callId) < index
            ? `Duplicate tool call id ${callId} in tool results`
            : undefined,
        ),
      ),
  },
  {
    id: 'compatible-mistral.output-of-other-call',
    check: (request) =>
      firstMessage(batches(request), ({ calls, answers }) =>
        firstMessage(answers, ({ callId }) =>
          ids(calls).has(callId) ? undefined : `Unexpected tool call id ${callId} in tool results`,
        ),
      ),
  },
  {
    id: 'compatible-mistral.assistant-empty',
    check: ({ messages }) =>
      messages.some(({ role, content, calls }) => role === 'assistant' && calls.length === 0 && !content)
        ? 'Assistant message must have either content or tool_calls, but not none.'
        : undefined,
  },
  {
    id: 'compatible-mistral.system-first',
    check: ({ messages }) =>
      messages.some(({ role }, index) => role === 'system' && index > 0)
        ? 'Only user, assistant and tool roles are supported, got system.'
        : undefined,
  },
  {
    id: 'compatible-mistral.alternation',
    check: ({ messages }) =>
      spoken(messages).some(({ role }, index) => (role === 'user') !== (index % 2 === 0))
        ? 'After the optional system message, conversation roles must alternate user and assistant roles except for tool calls and results.'
        : undefined,
  },
  {
    id: 'compatible-mistral.id-format',
    check: (request) =>
      firstMessage(idPaths(request), ({ id }) =>
        /^[a-zA-Z0-9]{9}$/.test(id)
          ? undefined
          : `Tool call id was ${id} but must be a-z, A-Z, 0-9, with a length of 9.`,
      ),
  },
];

/** The messages the template counts: users, and assistants without calls. */
function spoken(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  return messages.filter(({ role, calls }) => role === 'user' || (role === 'assistant' && calls.length === 0));
}

function ids(entries: readonly ({ readonly id: string } | { readonly callId: string })[]): ReadonlySet<string> {
  return new Set(entries.map((entry) => ('id' in entry ? entry.id : entry.callId)));
}

export const validateMistral: Validator = (body) => firstBroken(mistralRules, readChat(body));
