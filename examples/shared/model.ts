/** The model the examples talk to: a real one where the environment names one, else the rules of `offline-model.ts`. */
import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { OfflineModelOptions } from './offline-model.ts';

export interface ExampleModel {
  readonly model: LanguageModelV4;
  /** A line for a terminal. */
  readonly note: string;
}

export interface ExampleModelOptions extends OfflineModelOptions {
  /** Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * `MEANWHILE_BASE_URL` and `MEANWHILE_MODEL` name any OpenAI-compatible server (`MEANWHILE_API_KEY` if it wants one);
 * `OPENAI_API_KEY` takes OpenAI's `gpt-5-mini`, or `MEANWHILE_MODEL`; without these it is the rule-based model. Only
 * the package that is needed is loaded.
 */
export async function exampleModel({ env = process.env, ...offline }: ExampleModelOptions = {}): Promise<ExampleModel> {
  const {
    MEANWHILE_BASE_URL: baseURL,
    MEANWHILE_MODEL: named,
    MEANWHILE_API_KEY: apiKey,
    OPENAI_API_KEY: openaiKey,
  } = env;
  if (baseURL) {
    if (!named)
      throw new Error(`MEANWHILE_BASE_URL is ${baseURL}, but MEANWHILE_MODEL is not set; name a model of that server.`);
    const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
    const server = createOpenAICompatible({ name: 'example', baseURL, ...(apiKey ? { apiKey } : {}) });
    return { model: server.chatModel(named), note: `${named} at ${baseURL}` };
  }
  if (openaiKey) {
    const { createOpenAI } = await import('@ai-sdk/openai');
    const modelId = named ?? 'gpt-5-mini';
    return { model: createOpenAI({ apiKey: openaiKey })(modelId), note: `OpenAI ${modelId}` };
  }
  const { offlineModel } = await import('./offline-model.ts');
  return { model: offlineModel(offline), note: 'rule-based model: no key set' };
}
