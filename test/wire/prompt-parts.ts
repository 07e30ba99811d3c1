/** Short spellings for the prompts of the cases. */
import type {
  LanguageModelV4FunctionTool,
  LanguageModelV4Message,
  LanguageModelV4Prompt,
  LanguageModelV4ReasoningPart,
  LanguageModelV4TextPart,
  LanguageModelV4ToolCallPart,
  LanguageModelV4ToolResultPart,
  SharedV4ProviderOptions,
} from '@ai-sdk/provider';

/** Ids every dialect takes: nine alphanumerics. */
export const first = 'call00001';
export const second = 'call00002';
export const third = 'call00003';

export const tools: LanguageModelV4FunctionTool[] = ['search', 'book'].map((name) => ({
  type: 'function',
  name,
  description: name,
  inputSchema: { type: 'object', properties: { city: { type: 'string' } } },
}));

export const system = (content: string): LanguageModelV4Message => ({ role: 'system', content });

export const user = (...texts: readonly string[]): LanguageModelV4Message => ({
  role: 'user',
  content: texts.map((text) => ({ type: 'text', text })),
});

type AssistantPart = LanguageModelV4TextPart | LanguageModelV4ReasoningPart | LanguageModelV4ToolCallPart;

export const assistant = (...content: readonly (string | AssistantPart)[]): LanguageModelV4Message => ({
  role: 'assistant',
  content: content.map((part) => (typeof part === 'string' ? { type: 'text', text: part } : part)),
});

export const say = (text: string, providerOptions: SharedV4ProviderOptions): LanguageModelV4TextPart => ({
  type: 'text',
  text,
  providerOptions,
});

export const think = (text: string, providerOptions: SharedV4ProviderOptions): LanguageModelV4ReasoningPart => ({
  type: 'reasoning',
  text,
  providerOptions,
});

export const call = (
  toolCallId: string,
  rest: Partial<LanguageModelV4ToolCallPart> = {},
): LanguageModelV4ToolCallPart => ({
  type: 'tool-call',
  toolCallId,
  toolName: 'search',
  input: { city: 'Tokyo' },
  ...rest,
});

export const outputs = (...parts: readonly (string | LanguageModelV4ToolResultPart)[]): LanguageModelV4Message => ({
  role: 'tool',
  content: parts.map((part) => (typeof part === 'string' ? output(part) : part)),
});

export const output = (
  toolCallId: string,
  rest: Partial<LanguageModelV4ToolResultPart> = {},
): LanguageModelV4ToolResultPart => ({
  type: 'tool-result',
  toolCallId,
  toolName: 'search',
  output: { type: 'text', value: 'found' },
  ...rest,
});

/** A system prompt and a user's words, then `rest`. */
export const talk = (...rest: readonly LanguageModelV4Message[]): LanguageModelV4Prompt => [
  system('You are a travel agent.'),
  user('Find me a flight.'),
  ...rest,
];
