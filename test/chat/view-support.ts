/** Items for the tests of the view: short spellings, and random contexts as a target's own model would have made them. */
import type { LanguageModelV4FunctionTool, LanguageModelV4Prompt } from '@ai-sdk/provider';
import fc from 'fast-check';
import type {
  Batch,
  BatchCall,
  Item,
  Message,
  MessagePart,
  ModelRef,
  Output,
  ProviderMetadata,
  ReasoningPart,
  TaskRecord,
} from '../../src/chat/items.ts';
import { viewTexts } from '../../src/tools/prompts.ts';
import { PromptView, type PromptRequest, type ViewTexts } from '../../src/chat/view.ts';
import { wireProfile, type WireProfile } from '../../src/chat/wire-profile.ts';
import { signCall } from '../wire/google.ts';
import { itemIds } from '../wire/openai-responses.ts';
import type { Target } from '../wire/providers.ts';
import { sign } from '../wire/signature.ts';

export const models = {
  openaiChat: { provider: 'openai.chat', modelId: 'gpt-5-mini' },
  openaiResponses: { provider: 'openai.responses', modelId: 'gpt-5-mini' },
  unknown: { provider: 'unknown.chat', modelId: 'some-model' },
  mistral: { provider: 'mistral.chat', modelId: 'mistral-large-latest' },
  anthropic: { provider: 'anthropic.messages', modelId: 'claude-haiku-4-5' },
  opus: { provider: 'anthropic.messages', modelId: 'claude-opus-4-8' },
  google: { provider: 'google.generative-ai', modelId: 'gemini-3.6-flash' },
} satisfies Record<string, ModelRef>;

let counter = 0;
const nextId = (): string => `id${String((counter += 1))}`;

interface MessageRest {
  cut?: true;
  speechId?: string;
  model?: ModelRef;
}

const message = (role: Message['role'], said: readonly (string | MessagePart)[], rest: MessageRest = {}): Message => ({
  kind: 'message',
  id: nextId(),
  role,
  parts: said.map((part) => (typeof part === 'string' ? { type: 'text', text: part } : part)),
  at: 0,
  ...rest,
});

export const user = (...said: readonly (string | MessagePart)[]): Message => message('user', said);
export const assistant = (said: string | readonly (string | MessagePart)[], rest?: MessageRest): Message =>
  message('assistant', typeof said === 'string' ? [said] : said, rest);
export const system = (said: string): Message => message('system', [said]);
export const text = (said: string, providerMetadata: ProviderMetadata): MessagePart => ({
  type: 'text',
  text: said,
  providerMetadata,
});
export const thought = (said: string, providerMetadata?: ProviderMetadata): ReasoningPart => ({
  type: 'reasoning',
  text: said,
  ...(providerMetadata && { providerMetadata }),
});

export const call = (callId: string, rest: Partial<BatchCall> = {}): BatchCall => ({
  callId,
  toolName: 'search',
  input: { city: 'Tokyo' },
  output: { type: 'text', text: 'found' },
  ...rest,
});

export const batch = (calls: readonly BatchCall[], rest: Partial<Batch> = {}): Batch => ({
  kind: 'batch',
  id: nextId(),
  at: 0,
  speechId: 's1',
  step: 0,
  calls,
  ...rest,
});

export const record = (id: string, rest: Partial<TaskRecord> = {}): TaskRecord => ({
  kind: 'record',
  id,
  callId: id.replace(/_(update_\d+|final)$/, ''),
  phase: id.endsWith('_final') ? 'final' : 'update',
  toolName: 'search',
  input: { city: 'Tokyo' },
  output: { type: 'text', text: 'half way' },
  owner: 'session',
  at: 0,
  ...rest,
});

export function viewOf(
  model: ModelRef,
  items: readonly Item[],
  overrides?: Partial<WireProfile>,
  texts?: Partial<ViewTexts>,
): PromptView {
  const view = new PromptView({ profile: wireProfile(model, overrides), model, texts: { ...viewTexts(), ...texts } });
  view.sync(items);
  return view;
}

export function promptOf(
  model: ModelRef,
  items: readonly Item[],
  request?: PromptRequest,
  overrides?: Partial<WireProfile>,
): LanguageModelV4Prompt {
  return viewOf(model, items, overrides).request(request).prompt;
}

/** A prompt on one line a message: `role: part | part`. */
export function sketch(prompt: LanguageModelV4Prompt): string[] {
  return prompt.map(({ role, content }) => {
    if (typeof content === 'string') return `${role}: ${content}`;
    const parts = content.map((part) => {
      switch (part.type) {
        case 'text':
          return part.text;
        case 'reasoning':
          return `<${part.text}>`;
        case 'tool-call':
          return `${part.toolName}(${part.toolCallId})`;
        case 'tool-result':
          return `${part.toolCallId}=${'value' in part.output && typeof part.output.value === 'string' ? part.output.value : part.output.type}`;
        default:
          return part.type;
      }
    });
    return `${role}: ${parts.join(' | ')}`;
  });
}

export function stubs(names: Iterable<string>): LanguageModelV4FunctionTool[] {
  return [...new Set([...names, 'spare'])].map((name) => ({
    type: 'function',
    name,
    inputSchema: { type: 'object', properties: {} },
  }));
}

/** How a target's model would have made the parts of its `turn`-th answer. */
interface Maker {
  reasoning(said: string, turn: number): ReasoningPart;
  text(said: string, turn: number, reasoned: boolean): MessagePart;
  call(turn: number, index: number, toolName: string, input: BatchCall['input']): Pick<BatchCall, 'providerMetadata'>;
}

function makerOf({ provider, modelId }: ModelRef): Maker {
  const plain: Maker = {
    reasoning: (said) => thought(said),
    text: (said) => ({ type: 'text', text: said }),
    call: () => ({}),
  };
  if (provider.startsWith('anthropic')) {
    return { ...plain, reasoning: (said) => thought(said, { anthropic: { signature: sign(modelId, said) } }) };
  }
  if (provider.startsWith('google')) {
    return {
      ...plain,
      call: (_turn, index, name, input) =>
        index === 0 ? { providerMetadata: { google: { thoughtSignature: signCall(modelId, name, input) } } } : {},
    };
  }
  if (provider === 'openai.responses') {
    return {
      reasoning: (said, turn) => thought(said, { openai: { itemId: itemIds.reasoning(turn) } }),
      text: (said, turn, reasoned) => text(said, { openai: { itemId: itemIds.message(turn, reasoned, said) } }),
      call: (turn, index) => ({ providerMetadata: { openai: { itemId: itemIds.call(turn, index) } } }),
    };
  }
  return plain;
}

const words = fc.constantFrom('Hello.', 'One moment', 'café ✈️', ' padded ', 'two\n\nlines', '$& {callId}');
const blank = fc.constantFrom('', ' ', '\n\t');
const said = fc.oneof({ weight: 5, arbitrary: words }, { weight: 1, arbitrary: blank });
const output: fc.Arbitrary<Output> = fc.record({ type: fc.constantFrom('text', 'error'), text: said });
const toolName = fc.constantFrom('search', 'book', 'server.tool', 'no such tool!', '');
const input = fc.constantFrom<BatchCall['input']>({}, { city: 'Tokyo' }, { a: { b: [1, null, 'x'] } });

/** Ids as sessions and providers have them: fit for all, too long, of odd characters, used twice. */
const ourId = fc.constantFrom('call_', 'toolu_01A', 'x'.repeat(50), 'chatcmpl-tool-3f');
const wireId = fc.constantFrom(undefined, 'functions.search:0', 'call/1', 'w00000100', 'same', 'y'.repeat(64));

const callShape = fc.record({ ourId, wireId, toolName, input, output });
const source = fc.constantFrom<'own' | 'sibling' | 'other'>('own', 'own', 'own', 'sibling', 'other');

const answer = fc.record({
  type: fc.constant('answer' as const),
  source,
  reasoned: fc.boolean(),
  said: fc.option(said, { nil: undefined }),
  cut: fc.boolean(),
  calls: fc.array(callShape, { maxLength: 3 }),
  between: fc.boolean(),
});

const event = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('user' as const), said, image: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('system' as const), said }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('say' as const), said }) },
  { weight: 5, arbitrary: answer },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('record' as const),
      which: fc.nat(5),
      phase: fc.constantFrom('update' as const, 'question' as const, 'final' as const),
      output,
    }),
  },
);
type Event = typeof event extends fc.Arbitrary<infer Value> ? Value : never;

/** A random context of a session whose agent runs on `target`. */
export function contexts(target: Pick<Target, 'provider' | 'modelId' | 'providerOptions'>): fc.Arbitrary<Item[]> {
  return fc.array(event, { maxLength: 14 }).map((events) => realize(events, target));
}

export function profileOf(target: Pick<Target, 'provider' | 'modelId' | 'providerOptions'>): WireProfile {
  return wireProfile(target, undefined, { providerOptions: target.providerOptions });
}

function realize(
  events: readonly Event[],
  { provider, modelId, providerOptions }: Parameters<typeof contexts>[0],
): Item[] {
  const items: Item[] = [];
  const started: BatchCall[] = [];
  const own = { provider, modelId };
  const modelsBySource = { own, sibling: { provider, modelId: `${modelId}-other` }, other: models.anthropic };
  const budget = JSON.stringify(providerOptions)?.includes('budgetTokens') ?? false;
  let unique = 0;
  const addRecord = (which: number, phase: TaskRecord['phase'], output: Output) => {
    const task = started[which % Math.max(started.length, 1)] ?? call('unheard');
    const id = phase === 'final' ? `${task.callId}_final` : `${task.callId}_update_${String((unique += 1))}`;
    if (items.some((item) => item.kind === 'record' && item.id === id)) return;
    const { callId, toolName, input } = task;
    items.push({ kind: 'record', id, callId, phase, toolName, input, output, owner: 'session', at: 0 });
  };
  for (const [turn, each] of events.entries()) {
    switch (each.type) {
      case 'user':
        items.push(
          user(
            each.said,
            ...(each.image ? [{ type: 'image', mediaType: 'image/png', data: 'iVBORw0KGgo=' } as const] : []),
          ),
        );
        break;
      case 'system':
        items.push(system(each.said));
        break;
      case 'say':
        items.push(assistant(each.said));
        break;
      case 'record':
        addRecord(each.which, each.phase, each.output);
        break;
      case 'answer': {
        const model =
          each.source === 'other' && provider.startsWith('anthropic') ? models.google : modelsBySource[each.source];
        const maker = makerOf(model);
        const speechId = `speech${String(turn)}`;
        // With a budget every step thinks here; what follows from one that does not is a test of its own.
        const reasoned = each.reasoned || (budget && each.source === 'own');
        const reasoning = reasoned ? [maker.reasoning(`thinking ${String(turn)}`, turn)] : [];
        if (each.said !== undefined) {
          const inMessage = each.calls.length === 0 && !each.cut ? reasoning : [];
          const spoken = each.cut
            ? ({ type: 'text', text: each.said } as const)
            : maker.text(each.said, turn, reasoned);
          items.push(assistant([...inMessage, spoken], { speechId, model, ...(each.cut && { cut: true }) }));
        }
        if (each.between) addRecord(0, 'update', { type: 'text', text: 'in between' });
        if (each.calls.length === 0) break;
        const calls = each.calls.map(({ ourId, wireId, toolName, input, output }, index): BatchCall => {
          const callId = `${ourId}${String((unique += 1))}`;
          const name = model.provider.startsWith('google') && index === 0 ? 'search' : toolName;
          return {
            callId,
            ...(wireId && { wireId }),
            toolName: name,
            input,
            output,
            ...maker.call(turn, index, name, input),
          };
        });
        started.push(...calls);
        items.push(batch(calls, { speechId, model, ...(reasoned && { reasoning }) }));
        break;
      }
    }
  }
  return items;
}
