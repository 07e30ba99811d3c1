/** What no server can see, because the request does not carry it: checked on the prompt itself. */
import type { LanguageModelV4Prompt } from '@ai-sdk/provider';
import { fields, text } from './json.ts';
import type { Violation } from './rule.ts';
import { fingerprint } from './signature.ts';

export const cutTextRule = 'prompt.cut-text-keeps-item-id';

/** A text that was cut but kept its item id is sent as a reference: the model believes that it said everything. */
export function validatePrompt(prompt: LanguageModelV4Prompt): Violation | undefined {
  for (const { role, content } of prompt) {
    if (role !== 'assistant') continue;
    for (const part of content) {
      const itemId = text(fields(part.providerOptions?.['openai'])['itemId']);
      const issued = /^msg_\d+r?_([0-9a-f]{8})$/.exec(itemId)?.[1];
      if (part.type === 'text' && issued !== undefined && issued !== fingerprint(part.text)) {
        const message = `The text of ${itemId} is not the one that was issued: "${part.text}"`;
        return { status: 400, message, rule: cutTextRule };
      }
    }
  }
  return undefined;
}
