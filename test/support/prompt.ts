/** What a prompt is made of. */
import type { LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider';

export type PromptPart = Exclude<LanguageModelV4Message['content'], string>[number];

export function partsOf(prompt: LanguageModelV4Prompt | undefined): PromptPart[] {
  return (prompt ?? []).flatMap(({ content }): PromptPart[] => (typeof content === 'string' ? [] : [...content]));
}
