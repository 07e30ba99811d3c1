/**
 * Qwen behind an OpenAI-compatible server: what its chat template raises, and what DashScope checks before that. The
 * template does not ask for alternation; `compatible-unknown.ts` does.
 */
import { answerable, batches, type ChatRequest, readChat, unanswered } from './chat-request.ts';
import { isObjectText } from './json.ts';
import { firstBroken, firstMessage, type Rule, type Validator } from './rule.ts';

const dashscope = '<400> InternalError.Algo.InvalidParameter:';

export const qwenRules: readonly Rule<ChatRequest>[] = [
  {
    id: 'compatible-qwen.messages-empty',
    check: ({ messages }) => (messages.length === 0 ? 'No messages provided.' : undefined),
  },
  {
    id: 'compatible-qwen.content-missing',
    check: ({ messages }) =>
      firstMessage(messages, ({ content, calls }) =>
        content === undefined && calls.length === 0
          ? `Expected 'content' or 'tool_calls' (ref: https://github.com/ggml-org/llama.cpp/issues/8367 & https://github.com/ggml-org/llama.cpp/issues/12279)`
          : undefined,
      ),
  },
  {
    id: 'compatible-qwen.system-first',
    check: ({ messages }) =>
      messages.some(({ role }, index) => role === 'system' && index > 0)
        ? 'System message must be at the beginning.'
        : undefined,
  },
  {
    id: 'compatible-qwen.user-required',
    check: ({ messages }) =>
      messages.some(({ role }) => role === 'user') ? undefined : 'No user query found in messages.',
  },
  {
    id: 'compatible-qwen.output-without-call',
    check: (request) =>
      firstMessage(request.messages, ({ role, callId }, index) =>
        role === 'tool' && !answerable(request, index).has(callId)
          ? `${dashscope} messages with role "tool" must be a response to a preceeding message with "tool_calls".`
          : undefined,
      ),
  },
  {
    id: 'compatible-qwen.call-without-output',
    check: (request) =>
      firstMessage(batches(request), (batch) =>
        unanswered(batch).length > 0
          ? `${dashscope} An assistant message with "tool_calls" must be followed by tool messages responding to each "tool_call_id". The following tool_call_ids did not have response messages: message[${batch.index}].role`
          : undefined,
      ),
  },
  {
    id: 'compatible-qwen.arguments-object',
    check: ({ messages }) =>
      messages.some(({ calls }) => calls.some((call) => !isObjectText(call.arguments)))
        ? `${dashscope} The "function.arguments" parameter of the code model must be in JSON format.`
        : undefined,
  },
];

export const validateQwen: Validator = (body) => firstBroken(qwenRules, readChat(body));
