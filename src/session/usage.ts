/** Tokens used by a session's model calls. */
import type { LanguageModelV4Usage } from '@ai-sdk/provider';

/** Sums over all model calls so far; what a provider does not report counts as 0. */
export interface SessionUsage {
  readonly modelCalls: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

export class UsageMeter {
  #sum: SessionUsage = { modelCalls: 0, inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningTokens: 0 };

  get sum(): SessionUsage {
    return this.#sum;
  }

  add(usage: LanguageModelV4Usage | undefined): void {
    const sum = this.#sum;
    this.#sum = {
      modelCalls: sum.modelCalls + 1,
      inputTokens: sum.inputTokens + (usage?.inputTokens.total ?? 0),
      cachedInputTokens: sum.cachedInputTokens + (usage?.inputTokens.cacheRead ?? 0),
      outputTokens: sum.outputTokens + (usage?.outputTokens.total ?? 0),
      reasoningTokens: sum.reasoningTokens + (usage?.outputTokens.reasoning ?? 0),
    };
  }
}
