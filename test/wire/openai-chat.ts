/** OpenAI Chat Completions. */
import { answerable, batches, type ChatRequest, idPaths, readChat, unanswered } from './chat-request.ts';
import { firstBroken, firstMessage, type Rule, type Validator } from './rule.ts';

const idMax = 40;

export const openaiChatRules: readonly Rule<ChatRequest>[] = [
  {
    id: 'openai-chat.messages-empty',
    check: ({ messages }) =>
      messages.length === 0
        ? `Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.`
        : undefined,
  },
  {
    id: 'openai-chat.content-missing',
    check: ({ messages }) =>
      firstMessage(messages, ({ content, calls }) =>
        content === undefined && calls.length === 0
          ? `Invalid value for 'content': expected a string, got null.`
          : undefined,
      ),
  },
  {
    id: 'openai-chat.id-length',
    check: (request) =>
      firstMessage(idPaths(request), ({ path, id }) =>
        id.length > idMax
          ? `Invalid '${path}': string too long. Expected a string with maximum length ${idMax}, but got a string with length ${id.length} instead.`
          : undefined,
      ),
  },
  {
    id: 'openai-chat.id-characters',
    check: (request) =>
      firstMessage(idPaths(request), ({ path, id }) =>
        /^[a-zA-Z0-9_-]*$/.test(id)
          ? undefined
          : `Invalid '${path}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
      ),
  },
  {
    id: 'openai-chat.output-without-call',
    check: (request) =>
      firstMessage(request.messages, ({ role }, index) =>
        role === 'tool' && answerable(request, index).size === 0
          ? `Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.`
          : undefined,
      ),
  },
  {
    id: 'openai-chat.output-of-other-call',
    check: (request) =>
      firstMessage(request.messages, ({ role, callId }, index) =>
        role === 'tool' && !answerable(request, index).has(callId)
          ? `Invalid parameter: 'tool_call_id' of '${callId}' not found in 'tool_calls' of previous message.`
          : undefined,
      ),
  },
  {
    id: 'openai-chat.call-without-output',
    check: (request) =>
      firstMessage(batches(request), (batch) => {
        const ids = unanswered(batch);
        return ids.length > 0
          ? `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${ids.join(', ')}`
          : undefined;
      }),
  },
  {
    id: 'openai-chat.output-twice',
    check: (request) =>
      firstMessage(batches(request), ({ answers, index }) =>
        firstMessage(answers, ({ callId }, answer) => {
          const earlier = answers.findIndex((other) => other.callId === callId);
          return earlier < answer
            ? `Invalid parameter: Duplicate value for 'tool_call_id' of '${callId}', in messages[${index + 1 + earlier}] and messages[${index + 1 + answer}].`
            : undefined;
        }),
      ),
  },
];

export const validateOpenaiChat: Validator = (body) => firstBroken(openaiChatRules, readChat(body));
