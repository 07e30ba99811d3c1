/** The parts of items as the provider packages take them. */
import type {
  LanguageModelV4FilePart,
  LanguageModelV4ReasoningPart,
  LanguageModelV4ToolCallPart,
  LanguageModelV4ToolResultOutput,
  LanguageModelV4ToolResultPart,
  SharedV4ProviderOptions,
} from '@ai-sdk/provider';
import type { ImagePart, JsonObject, Message, Output, ProviderMetadata, ReasoningPart } from './items.ts';
import type { AssistantPart, UserPart } from './view-draft.ts';
import type { ViewTexts } from './view-texts.ts';
import type { WireProfile } from './wire-profile.ts';

/** Some APIs refuse a text of white space like one of nothing. */
export function isBlank(text: string): boolean {
  return !/\S/.test(text);
}

export function userParts(message: Message): UserPart[] {
  return message.parts.flatMap((part): UserPart[] => {
    if (part.type === 'image') return imageParts(part);
    return part.type === 'text' && !isBlank(part.text) ? [{ type: 'text', text: part.text }] : [];
  });
}

/** What the assistant said; with `own` also what only its own model may see again. */
export function assistantParts(message: Message, own: boolean, profile: WireProfile): AssistantPart[] {
  const parts = message.parts.flatMap((part): AssistantPart[] => {
    switch (part.type) {
      case 'text': {
        const options = own ? optionsOf(part.providerMetadata) : {};
        const empty = isBlank(part.text);
        const kept = !empty || (profile.signedEmptyText && part.text === '' && 'providerOptions' in options);
        return kept ? [{ type: 'text', text: part.text, ...options }] : [];
      }
      case 'image':
        return own && part.data !== undefined ? imageParts(part) : [];
      case 'reasoning':
        return own ? reasoningParts([part], profile) : [];
    }
  });
  // Reasoning that nothing follows, or a bare signature, is refused.
  return parts.some((part) => part.type === 'file' || (part.type === 'text' && part.text !== '')) ? parts : [];
}

export function reasoningParts(parts: readonly ReasoningPart[], profile: WireProfile): LanguageModelV4ReasoningPart[] {
  if (profile.reasoning === 'none') return [];
  return parts.flatMap((part) => {
    const options = optionsOf(part.providerMetadata);
    const signed = 'providerOptions' in options;
    // Without its signature the package leaves it out, and the message would not begin with it.
    const kept = profile.reasoning === 'first' ? signed : signed || !isBlank(part.text);
    return kept ? [{ type: 'reasoning', text: part.text, ...options }] : [];
  });
}

export interface WireCall {
  readonly id: string;
  readonly toolName: string;
  readonly input: JsonObject;
  readonly metadata?: ProviderMetadata | undefined;
}

export function callPart({ id, toolName, input, metadata }: WireCall): LanguageModelV4ToolCallPart {
  return { type: 'tool-call', toolCallId: id, toolName, input: isObject(input) ? input : {}, ...optionsOf(metadata) };
}

export function resultPart(
  { id, toolName }: WireCall,
  output: LanguageModelV4ToolResultOutput,
): LanguageModelV4ToolResultPart {
  return { type: 'tool-result', toolCallId: id, toolName, output };
}

export function outputOf(output: Output, profile: WireProfile, texts: ViewTexts): LanguageModelV4ToolResultOutput {
  const text = isBlank(output.text) ? texts.noOutput : output.text;
  if (output.type === 'text') return { type: 'text', value: text };
  return profile.errors === 'field' ? { type: 'error-text', value: text } : { type: 'text', value: texts.error + text };
}

/** What a log from elsewhere holds need not be one. */
function isObject(input: unknown): boolean {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

/** A name as every API takes it: a model may have called a tool that no API would let anyone declare. */
export function toolNameOf(name: string): string {
  return /^[A-Za-z0-9_-]{1,64}$/.test(name) ? name : name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64) || 'unnamed';
}

function optionsOf(metadata: ProviderMetadata | undefined): { providerOptions?: SharedV4ProviderOptions } {
  return metadata === undefined || Object.keys(metadata).length === 0 ? {} : { providerOptions: { ...metadata } };
}

const base64 = ';base64,';

function imageParts({ mediaType, url, data }: ImagePart): LanguageModelV4FilePart[] {
  const comma = url?.startsWith('data:') ? url.indexOf(base64) : -1;
  const bytes = data ?? (comma > 0 ? url?.slice(comma + base64.length) : undefined);
  if (bytes !== undefined) return [{ type: 'file', mediaType, data: { type: 'data', data: bytes } }];
  return url !== undefined && URL.canParse(url)
    ? [{ type: 'file', mediaType, data: { type: 'url', url: new URL(url) } }]
    : [];
}
