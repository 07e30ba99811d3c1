/** The targets a prompt is sent to: real provider packages, pointed at a wire server. */
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { LanguageModelV4, SharedV4ProviderOptions } from '@ai-sdk/provider';

export interface Target {
  readonly id: string;
  /** As the model names it: `model.provider`. */
  readonly provider: string;
  readonly modelId: string;
  /** Goes with every call: what makes this target another one than its model's plain form. */
  readonly providerOptions?: SharedV4ProviderOptions;
  /** Without `fetch` the package uses sockets. */
  readonly create: (baseURL: string, fetch?: typeof globalThis.fetch) => LanguageModelV4;
}

const apiKey = 'dummy';

type Create = (modelId: string) => Target['create'];

const openaiChat: Create = (modelId) => (baseURL, fetch) =>
  createOpenAI({ apiKey, baseURL: `${baseURL}/openai-chat/v1`, ...(fetch && { fetch }) }).chat(modelId);

const openaiResponses: Create = (modelId) => (baseURL, fetch) =>
  createOpenAI({ apiKey, baseURL: `${baseURL}/openai-responses/v1`, ...(fetch && { fetch }) }).responses(modelId);

const compatible =
  (name: string): Create =>
  (modelId) =>
  (baseURL, fetch) =>
    createOpenAICompatible({
      name,
      apiKey,
      baseURL: `${baseURL}/compatible-${name}/v1`,
      ...(fetch && { fetch }),
    }).chatModel(modelId);

const anthropic: Create = (modelId) => (baseURL, fetch) =>
  createAnthropic({ apiKey, baseURL: `${baseURL}/anthropic/v1`, ...(fetch && { fetch }) })(modelId);

const google: Create = (modelId) => (baseURL, fetch) =>
  createGoogle({ apiKey, baseURL: `${baseURL}/google/v1beta`, ...(fetch && { fetch }) })(modelId);

export const targets: readonly Target[] = [
  target('openai-chat', 'openai.chat', 'gpt-5-mini', openaiChat),
  target('openai-responses', 'openai.responses', 'gpt-5-mini', openaiResponses),
  target('compatible-unknown', 'unknown.chat', 'some-model', compatible('unknown')),
  target('compatible-qwen', 'qwen.chat', 'qwen3.5-plus', compatible('qwen')),
  target('compatible-mistral', 'mistral.chat', 'mistral-large-latest', compatible('mistral')),
  target('anthropic-plain', 'anthropic.messages', 'claude-haiku-4-5', anthropic),
  target('anthropic-no-late-system', 'anthropic.messages', 'claude-sonnet-4-5', anthropic),
  target('anthropic-budget', 'anthropic.messages', 'claude-sonnet-4-5', anthropic, {
    anthropic: { thinking: { type: 'enabled', budgetTokens: 1024 } },
  }),
  target('anthropic-adaptive', 'anthropic.messages', 'claude-opus-4-8', anthropic, {
    anthropic: { thinking: { type: 'adaptive' } },
  }),
  target('google-2.5', 'google.generative-ai', 'gemini-2.5-flash', google),
  target('google-3', 'google.generative-ai', 'gemini-3.6-flash', google),
];

function target(
  id: string,
  provider: string,
  modelId: string,
  create: Create,
  providerOptions?: SharedV4ProviderOptions,
): Target {
  return { id, provider, modelId, create: create(modelId), ...(providerOptions && { providerOptions }) };
}
