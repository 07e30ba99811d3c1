/** A conversation with a target's real package and its server, whose answers become items as a session's do. */
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4StreamPart,
  LanguageModelV4ToolCall,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider';
import type { BatchCall, Item, MessagePart, ProviderMetadata, ReasoningPart } from '../../src/chat/items.ts';
import { viewTexts } from '../../src/tools/prompts.ts';
import { PromptView } from '../../src/chat/view.ts';
import type { AnswerPart } from '../wire/answers/answer.ts';
import { withTargetOptions } from '../wire/check.ts';
import { createExchange, exchangeFetch } from '../wire/exchange.ts';
import type { Target } from '../wire/providers.ts';
import { assistant, batch, call, profileOf, stubs } from './view-support.ts';

export function talkWith(target: Target) {
  const exchange = createExchange();
  const model = target.create('http://wire', exchangeFetch(exchange));
  const items: Item[] = [];
  const view = new PromptView({ profile: profileOf(target), model: target, texts: viewTexts() });
  return {
    items,
    view,
    bodies: () => exchange.requests.map(({ body }) => body),
    /** Sends the context, and adds what the server answers. Rejects when the server refuses it. */
    async ask(answer: readonly AnswerPart[]) {
      exchange.enqueue(answer);
      view.sync(items);
      const { prompt, toolNames } = view.request({ system: 'You are a travel agent.', late: 'Be brief.' });
      const options = { prompt, tools: stubs([...toolNames, 'search']) };
      items.push(...(await listen(target, model, options, `speech${String(items.length)}`)));
    },
  };
}

/** The items of an answer to "Hi", said by the speech `speech`. */
export async function answerOf(target: Target, answer: readonly AnswerPart[]): Promise<Item[]> {
  const exchange = createExchange();
  exchange.enqueue(answer);
  const model = target.create('http://wire', exchangeFetch(exchange));
  const prompt: LanguageModelV4CallOptions['prompt'] = [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }];
  return listen(target, model, { prompt, tools: stubs(['search']) }, 'speech');
}

interface Block {
  readonly type: 'text' | 'reasoning';
  text: string;
  metadata: SharedV4ProviderMetadata;
}

/** A step as items: its text, with the reasoning if it calls nothing; its calls, with the reasoning. */
async function listen(
  { provider, modelId, ...target }: Target,
  languageModel: LanguageModelV4,
  options: LanguageModelV4CallOptions,
  speechId: string,
): Promise<Item[]> {
  const { stream } = await languageModel.doStream(withTargetOptions({ provider, modelId, ...target }, options));
  const blocks = new Map<string, Block>();
  const calls: LanguageModelV4ToolCall[] = [];
  for await (const part of stream) {
    if (part.type === 'error') throw part.error;
    if (part.type === 'tool-call') calls.push(part);
    addTo(blocks, part);
  }
  const model = { provider, modelId };
  const parts = [...blocks.values()].map(({ type, text, metadata }) => ({ type, text, ...given(metadata) }));
  const texts: MessagePart[] = parts.filter(({ type }) => type === 'text');
  const reasoning = parts.filter((part): part is ReasoningPart => part.type === 'reasoning');
  const items: Item[] = [];
  if (texts.length > 0) items.push(assistant(calls.length > 0 ? texts : [...reasoning, ...texts], { speechId, model }));
  if (calls.length > 0) items.push(batch(calls.map(toBatchCall), { speechId, model, reasoning }));
  return items;
}

function addTo(blocks: Map<string, Block>, part: LanguageModelV4StreamPart): void {
  switch (part.type) {
    case 'text-start':
    case 'text-delta':
    case 'text-end':
    case 'reasoning-start':
    case 'reasoning-delta':
    case 'reasoning-end': {
      const type = part.type.startsWith('text') ? 'text' : 'reasoning';
      const block = blocks.get(`${type} ${part.id}`) ?? { type, text: '', metadata: {} };
      blocks.set(`${type} ${part.id}`, block);
      if ('delta' in part) block.text += part.delta;
      for (const [name, value] of Object.entries(part.providerMetadata ?? {})) {
        block.metadata[name] = { ...block.metadata[name], ...value };
      }
      return;
    }
    default:
      return;
  }
}

function toBatchCall({ toolCallId, toolName, input, providerMetadata }: LanguageModelV4ToolCall): BatchCall {
  return call(toolCallId, { toolName, input: JSON.parse(input) as BatchCall['input'], ...given(providerMetadata) });
}

function given(metadata: SharedV4ProviderMetadata | undefined): { providerMetadata?: ProviderMetadata } {
  if (metadata === undefined || Object.keys(metadata).length === 0) return {};
  return { providerMetadata: metadata };
}
