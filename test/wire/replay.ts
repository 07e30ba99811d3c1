/** The assistant message that a stream was: what must be kept of it and given back. */
import type {
  LanguageModelV4Message,
  LanguageModelV4ReasoningPart,
  LanguageModelV4StreamPart,
  LanguageModelV4TextPart,
  LanguageModelV4ToolCallPart,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider';

type Said = LanguageModelV4TextPart | LanguageModelV4ReasoningPart;

export async function readAssistant(
  stream: ReadableStream<LanguageModelV4StreamPart>,
): Promise<LanguageModelV4Message> {
  const content: (Said | LanguageModelV4ToolCallPart)[] = [];
  const open = new Map<string, Said>();
  for await (const part of stream) {
    switch (part.type) {
      case 'text-start':
      case 'reasoning-start': {
        const said: Said = { type: part.type === 'text-start' ? 'text' : 'reasoning', text: '' };
        keep(said, part.providerMetadata);
        open.set(part.id, said);
        content.push(said);
        break;
      }
      case 'text-delta':
      case 'reasoning-delta': {
        const said = open.get(part.id);
        if (!said) throw new Error(`${part.type} of ${part.id}, which was not started`);
        said.text += part.delta;
        keep(said, part.providerMetadata);
        break;
      }
      case 'text-end':
      case 'reasoning-end': {
        const said = open.get(part.id);
        if (said) keep(said, part.providerMetadata);
        break;
      }
      case 'tool-call': {
        const { toolCallId, toolName, input, providerMetadata } = part;
        const call: LanguageModelV4ToolCallPart = { type: 'tool-call', toolCallId, toolName, input: JSON.parse(input) };
        keep(call, providerMetadata);
        content.push(call);
        break;
      }
      case 'error':
        throw part.error;
      default:
        break;
    }
  }
  return { role: 'assistant', content };
}

/** Anthropic's signature comes with an empty delta, Responses' item id with the start: later metadata adds to earlier. */
function keep(part: Said | LanguageModelV4ToolCallPart, metadata: SharedV4ProviderMetadata | undefined): void {
  for (const [provider, values] of Object.entries(metadata ?? {})) {
    part.providerOptions = {
      ...part.providerOptions,
      [provider]: { ...part.providerOptions?.[provider], ...values },
    };
  }
}
