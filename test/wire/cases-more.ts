/** What else the rules ask: openings, empty parts, signatures, ids of a provider's own items. */
import { claude, each, gemini, type WireCase } from './cases.ts';
import { callIdPrefix, signCall } from './google.ts';
import { itemIds } from './openai-responses.ts';
import { cutTextRule } from './prompt-rule.ts';
import { assistant, call, first, output, outputs, say, second, system, talk, think, user } from './prompt-parts.ts';
import { sign } from './signature.ts';

const thought = (modelId: string) => think('Tokyo it is.', { anthropic: { signature: sign(modelId, 'Tokyo it is.') } });

const item = (itemId: string) => ({ openai: { itemId } });

const everywhere = (rule: string) =>
  Object.fromEntries(
    [
      'openai-chat',
      'openai-responses',
      'compatible-unknown',
      'compatible-qwen',
      'compatible-mistral',
      ...Object.keys(claude('')),
      ...Object.keys(gemini('')),
    ].map((target) => [target, rule]),
  );

export const more: readonly WireCase[] = [
  { name: 'a plain prompt', prompt: talk(), refusedBy: {} },
  {
    name: 'a plain talk with a call in it',
    prompt: talk(assistant('Let me look.', call(first)), outputs(first), assistant('Found one.'), user('Book it.')),
    refusedBy: {},
  },
  {
    name: 'no message at all',
    prompt: [],
    refusedBy: {
      ...each({
        'openai-chat': 'messages-empty',
        'openai-responses': 'input-empty',
        'compatible-unknown': 'messages-empty',
        'compatible-qwen': 'messages-empty',
        'compatible-mistral': 'messages-empty',
      }),
      ...claude('messages-empty'),
      ...gemini('google.contents-empty'),
    },
  },
  {
    name: 'starts with assistant text',
    prompt: [system('You are a travel agent.'), assistant('Hello, where to?'), user('Tokyo.')],
    refusedBy: {
      ...each({ 'compatible-unknown': 'alternation', 'compatible-mistral': 'alternation' }),
      ...gemini('google.user-first'),
    },
  },
  {
    name: 'late system message where none leads',
    prompt: [user('Find me a flight.'), assistant('Where to?'), user('Tokyo.'), system('Be brief.')],
    refusedBy: {
      ...each({
        'compatible-unknown': 'system-first',
        'compatible-qwen': 'system-first',
        'compatible-mistral': 'system-first',
      }),
      ...gemini('package'),
    },
  },
  {
    name: 'two user messages in a row',
    prompt: talk(user('To Tokyo.')),
    refusedBy: each({ 'compatible-unknown': 'alternation', 'compatible-mistral': 'alternation' }),
  },
  {
    name: 'two assistant texts in a row',
    prompt: talk(assistant('Let me look.'), assistant('Where to?'), user('Tokyo.')),
    refusedBy: each({ 'compatible-unknown': 'alternation', 'compatible-mistral': 'alternation' }),
  },
  {
    name: 'empty assistant text',
    prompt: talk(assistant(''), user('Hello?')),
    refusedBy: {
      ...each({ 'compatible-unknown': 'assistant-empty', 'compatible-mistral': 'assistant-empty' }),
      ...gemini('google.parts-empty'),
    },
  },
  {
    name: 'user message without parts',
    prompt: [system('You are a travel agent.'), user()],
    refusedBy: { ...claude('content-empty'), ...gemini('google.parts-empty') },
  },
  {
    name: 'user text of whitespace',
    prompt: [system('You are a travel agent.'), user(' ')],
    refusedBy: claude('text-whitespace'),
  },
  {
    name: 'one call answered twice',
    prompt: talk(
      assistant(call(first)),
      outputs(first),
      outputs(output(first, { output: { type: 'text', value: 'found another' } })),
    ),
    refusedBy: {
      ...each({
        'openai-chat': 'output-twice',
        'compatible-unknown': 'output-twice',
        'compatible-mistral': 'output-twice',
      }),
      ...claude('output-twice'),
      ...gemini('google.response-after-call'),
    },
  },
  {
    name: 'output of a call that is not in the step before',
    prompt: talk(assistant(call(first)), outputs(first, second)),
    refusedBy: {
      ...each({
        'openai-chat': 'output-of-other-call',
        'openai-responses': 'output-without-call',
        'compatible-unknown': 'output-of-other-call',
        'compatible-qwen': 'output-without-call',
        'compatible-mistral': 'output-of-other-call',
      }),
      ...claude('output-without-call'),
      ...gemini('google.response-count'),
    },
  },
  {
    name: "the model's own thinking before its call",
    prompt: (modelId) => talk(assistant(thought(modelId), 'Let me look.', call(first)), outputs(first)),
    refusedBy: {},
  },
  {
    name: 'thinking of another model',
    prompt: talk(assistant(thought('claude-sonnet-4-0'), call(first)), outputs(first)),
    refusedBy: claude('signature'),
  },
  {
    name: 'a call forced while thinking',
    prompt: talk(),
    toolChoice: { type: 'required' },
    refusedBy: { 'anthropic-adaptive': 'anthropic.forced-tool' },
  },
  {
    name: "a Gemini call with another call's signature",
    prompt: (modelId) => {
      const thoughtSignature = signCall(modelId, 'book', { city: 'Tokyo' });
      return talk(assistant(call(first, { providerOptions: { google: { thoughtSignature } } })), outputs(first));
    },
    refusedBy: { 'anthropic-budget': 'anthropic.thinking-first', 'google-3': 'google.signature-corrupted' },
  },
  {
    name: "the model's own Gemini call without its signature",
    prompt: talk(
      assistant(call(`${callIdPrefix('gemini-3.6-flash')}1_0`)),
      outputs(`${callIdPrefix('gemini-3.6-flash')}1_0`),
    ),
    refusedBy: {
      ...each({ 'compatible-mistral': 'id-format' }),
      'anthropic-budget': 'anthropic.thinking-first',
      'google-3': 'google.signature-missing',
    },
  },
  {
    name: "the model's own Responses items",
    prompt: talk(
      assistant(
        think('Hm.', item(itemIds.reasoning(1))),
        say('Where to?', item(itemIds.message(1, true, 'Where to?'))),
      ),
      user('Tokyo.'),
    ),
    refusedBy: {},
  },
  {
    name: 'a Responses item nobody issued',
    prompt: talk(assistant(think('Hm.', item('rs_x')), say('Where to?', item('msg_x'))), user('Tokyo.')),
    refusedBy: each({ 'openai-responses': 'item-not-found' }),
  },
  {
    name: 'Responses reasoning kept, its cut text without an item id',
    prompt: talk(assistant(think('Hm.', item(itemIds.reasoning(1))), 'Where'), user('Tokyo.')),
    refusedBy: each({ 'openai-responses': 'reasoning-without-item' }),
  },
  {
    name: 'a Responses text kept, its reasoning dropped',
    prompt: talk(
      assistant(
        think('Hm.', item(itemIds.reasoning(1))),
        say('Let me look.', item(itemIds.message(1, true, 'Let me look.'))),
        say('Where to?', item(itemIds.message(2, true, 'Where to?'))),
      ),
      user('Tokyo.'),
    ),
    refusedBy: each({ 'openai-responses': 'item-without-reasoning' }),
  },
  {
    name: 'a cut text that keeps its item id',
    prompt: talk(
      assistant(think('Hm.', item(itemIds.reasoning(1))), say('Where', item(itemIds.message(1, true, 'Where to?')))),
      user('Tokyo.'),
    ),
    refusedBy: everywhere(cutTextRule),
  },
];
