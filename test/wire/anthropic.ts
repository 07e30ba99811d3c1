/** Anthropic Messages. */
import {
  type AnthropicMessage,
  type AnthropicRequest,
  type Block,
  readAnthropic,
  takesLateSystem,
  takesPrefill,
} from './anthropic-request.ts';
import { firstBroken, firstMessage, type Rule, type Validator } from './rule.ts';
import { sign } from './signature.ts';

const idMax = 64;
const directive = 'the directive-only form (content: [] with output_config) is accepted at any position';

export const anthropicRules: readonly Rule<AnthropicRequest>[] = [
  {
    id: 'anthropic.messages-empty',
    check: ({ messages }) => (messages.length === 0 ? 'messages: at least one message is required' : undefined),
  },
  {
    id: 'anthropic.content-empty',
    check: ({ messages }) =>
      firstMessage(messages, ({ content }, index) =>
        content.length === 0
          ? `messages.${index}: all messages must have non-empty content except for the optional final assistant message`
          : undefined,
      ),
  },
  {
    id: 'anthropic.text-empty',
    check: (request) =>
      firstMessage(texts(request), ({ where, said }) =>
        said === '' ? `${where}: text content blocks must be non-empty` : undefined,
      ),
  },
  {
    id: 'anthropic.text-whitespace',
    check: (request) =>
      firstMessage(texts(request), ({ where, said }) =>
        said.trim() === '' ? `${where}: text content blocks must contain non-whitespace text` : undefined,
      ),
  },
  {
    id: 'anthropic.tools-undeclared',
    check: ({ messages, declaresTools }) =>
      !declaresTools && messages.some(({ content }) => content.some(isTool))
        ? 'Requests which include `tool_use` or `tool_result` blocks must define tools.'
        : undefined,
  },
  {
    id: 'anthropic.id-characters',
    check: (request) =>
      firstMessage(toolBlocks(request), ({ path, id }) =>
        /^[a-zA-Z0-9_-]+$/.test(id) ? undefined : `${path}: String should match pattern '^[a-zA-Z0-9_-]+$'`,
      ),
  },
  {
    id: 'anthropic.id-length',
    check: (request) =>
      firstMessage(toolBlocks(request), ({ path, id }) =>
        id.length > idMax ? `${path}: String should have at most ${idMax} characters` : undefined,
      ),
  },
  {
    id: 'anthropic.duplicate-id',
    check: ({ messages }) => {
      const seen = new Set<string>();
      return firstMessage(messages, ({ content }, index) =>
        firstMessage(content, ({ type, id }, part) => {
          if (type !== 'tool_use') return undefined;
          if (seen.has(id)) return `messages.${index}.content.${part}: \`tool_use\` ids must be unique`;
          seen.add(id);
          return undefined;
        }),
      );
    },
  },
  {
    id: 'anthropic.late-system',
    check: ({ model, messages }) =>
      messages.some(({ role }) => role === 'system') && !takesLateSystem(model)
        ? "role 'system' is not supported on this model"
        : undefined,
  },
  {
    id: 'anthropic.late-system-after',
    check: ({ messages }) =>
      firstMessage(messages, ({ role }, index) =>
        role === 'system' && roleBefore(messages, index) === 'assistant'
          ? `messages.${index}: role 'system' must follow a 'user' message or an 'assistant' message ending in a server tool result; ${directive}`
          : undefined,
      ),
  },
  {
    id: 'anthropic.late-system-before',
    check: ({ messages }) =>
      firstMessage(messages, ({ role }, index) =>
        role === 'system' && roleAfter(messages, index) === 'user'
          ? `messages.${index}: role 'system' must precede an 'assistant' message or end the array; ${directive}`
          : undefined,
      ),
  },
  {
    id: 'anthropic.call-without-output',
    check: ({ messages }) =>
      firstMessage(messages, ({ content }, index) => {
        const answered = new Set(leadingResults(messages[index + 1]).map(({ id }) => id));
        const ids = content.filter(({ type, id }) => type === 'tool_use' && !answered.has(id)).map(({ id }) => id);
        return ids.length > 0
          ? `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`
          : undefined;
      }),
  },
  {
    id: 'anthropic.output-without-call',
    check: ({ messages }) =>
      firstMessage(messages, ({ content }, index) => {
        const called = new Set(
          messages[index - 1]?.content.filter(({ type }) => type === 'tool_use').map(({ id }) => id),
        );
        return firstMessage(content, ({ type, id }, part) =>
          type === 'tool_result' && !called.has(id)
            ? `messages.${index}.content.${part}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`
            : undefined,
        );
      }),
  },
  {
    id: 'anthropic.output-twice',
    check: ({ messages }) =>
      firstMessage(messages, ({ content }, index) =>
        firstMessage(content, ({ type, id }, part) =>
          type === 'tool_result' && content.slice(0, part).some((other) => other.type === type && other.id === id)
            ? `messages.${index}.content.${part}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`
            : undefined,
        ),
      ),
  },
  {
    id: 'anthropic.signature',
    check: ({ model, messages }) =>
      firstMessage(messages, ({ content }, index) =>
        firstMessage(content, ({ type, text, signature }, part) =>
          type === 'thinking' && signature !== sign(model, text)
            ? `messages.${index}.content.${part}: Invalid \`signature\` in \`thinking\` block`
            : undefined,
        ),
      ),
  },
  {
    id: 'anthropic.thinking-first',
    check: ({ messages, thinking }) => {
      const index = messages.findLastIndex(({ role }) => role === 'assistant');
      const first = messages[index]?.content[0];
      const bound = index === messages.length - 1 || messages[index]?.content.some(({ type }) => type === 'tool_use');
      return thinking === 'enabled' && bound && first && !isThinking(first)
        ? `messages.${index}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${first.type}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks). We recommend you include thinking blocks from previous turns. To avoid this requirement, disable \`thinking\`. Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking`
        : undefined;
    },
  },
  {
    id: 'anthropic.forced-tool',
    check: ({ thinking, forcesTool }) =>
      thinking !== 'off' && forcesTool ? 'Thinking may not be enabled when tool_choice forces tool use.' : undefined,
  },
  {
    id: 'anthropic.prefill',
    check: ({ model, messages }) =>
      messages.at(-1)?.role === 'assistant' && !takesPrefill(model)
        ? 'This model does not support assistant message prefill. The conversation must end with a user message.'
        : undefined,
  },
];

function isTool({ type }: Block): boolean {
  return type === 'tool_use' || type === 'tool_result';
}

function isThinking({ type }: Block): boolean {
  return type === 'thinking' || type === 'redacted_thinking';
}

function texts({ system, messages }: AnthropicRequest): readonly { readonly where: string; readonly said: string }[] {
  const said = (where: string, content: readonly Block[]) =>
    content.flatMap(({ type, text }) => (type === 'text' ? [{ where, said: text }] : []));
  return [...said('system', system), ...messages.flatMap(({ content }) => said('messages', content))];
}

function toolBlocks({ messages }: AnthropicRequest): readonly { readonly path: string; readonly id: string }[] {
  return messages.flatMap(({ content }, index) =>
    content.flatMap((block, part) => {
      const name = block.type === 'tool_use' ? 'tool_use.id' : 'tool_result.tool_use_id';
      return isTool(block) ? [{ path: `messages.${index}.content.${part}.${name}`, id: block.id }] : [];
    }),
  );
}

/** Results count as "immediately after" only while nothing else stands before them. */
function leadingResults(message: AnthropicMessage | undefined): readonly Block[] {
  const content = message?.content ?? [];
  const end = content.findIndex(({ type }) => type !== 'tool_result');
  return content.slice(0, end === -1 ? undefined : end);
}

/** System messages in a row count as one. */
function roleBefore(messages: readonly AnthropicMessage[], index: number): string | undefined {
  return messages.slice(0, index).findLast(({ role }) => role !== 'system')?.role;
}

function roleAfter(messages: readonly AnthropicMessage[], index: number): string | undefined {
  return messages.slice(index).find(({ role }) => role !== 'system')?.role;
}

export const validateAnthropic: Validator = (body) => firstBroken(anthropicRules, readAnthropic(body));
