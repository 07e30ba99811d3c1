/** Prompts with the verdict of every target: the name of the rule that refuses it; a target not named takes it. */
import type { LanguageModelV4CallOptions, LanguageModelV4Prompt } from '@ai-sdk/provider';

export interface WireCase {
  /** Names the case in tests and in docs/design/wire.md. */
  readonly name: string;
  /** Signatures are made per model. */
  readonly prompt: LanguageModelV4Prompt | ((modelId: string) => LanguageModelV4Prompt);
  readonly refusedBy: Readonly<Record<string, string>>;
  /** Default: the declared tools of `prompt-parts.ts`. */
  readonly tools?: LanguageModelV4CallOptions['tools'];
  readonly toolChoice?: LanguageModelV4CallOptions['toolChoice'];
}

/** A refusal by every Claude target. */
export const claude = (rule: string): Record<string, string> => ({
  'anthropic-plain': `anthropic.${rule}`,
  'anthropic-no-late-system': `anthropic.${rule}`,
  'anthropic-budget': `anthropic.${rule}`,
  'anthropic-adaptive': `anthropic.${rule}`,
});

export const gemini = (rule: string): Record<string, string> => ({
  'google-2.5': rule,
  'google-3': rule,
});

/** A refusal by the targets whose rules carry the target's own name. */
export const each = (rules: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(rules).map(([target, rule]) => [target, `${target}.${rule}`]));

/** With budget thinking the open step must start with the model's own thinking. */
export const unthought = { 'anthropic-budget': 'anthropic.thinking-first' };
