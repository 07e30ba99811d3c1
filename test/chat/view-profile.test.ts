import { describe, expect, test } from 'vitest';
import { wireProfile, type WireProfile, type WireSettings } from '../../src/chat/wire-profile.ts';

const profile = (provider: string, modelId: string, settings?: WireSettings) =>
  wireProfile({ provider, modelId }, undefined, settings);

const rows: readonly [provider: string, modelId: string, expected: Partial<WireProfile>][] = [
  ['openai.chat', 'gpt-5-mini', { late: 'system', background: 'calls', idMax: 40, errors: 'field' }],
  [
    'openai.responses',
    'gpt-5-mini',
    { late: 'system', background: 'calls', idMax: 64, errors: 'field', merge: 'step' },
  ],
  ['openai.responses', 'o3', { late: 'system', merge: 'step' }],
  ['azure.responses', 'my-deployment', { late: 'system', merge: 'step' }],
  ['azure.chat', 'my-deployment', { late: 'system', idMax: 40 }],
  ['groq.chat', 'llama-4', { late: 'fold', background: 'notes', idMax: 40, errors: 'prefix', alternate: true }],
  ['anthropic.messages', 'claude-sonnet-4-5', { late: 'user', background: 'calls', idMax: 64, errors: 'field' }],
  ['anthropic.messages', 'claude-sonnet-5', { late: 'user' }],
  ['anthropic.messages', 'claude-opus-4-8', { late: 'system', systemItems: 'user', background: 'calls' }],
  ['anthropic.messages', 'claude-opus-5', { late: 'system' }],
  ['vertex.anthropic.messages', 'claude-opus-4-8', { late: 'user', errors: 'field' }],
  ['amazon-bedrock', 'us.anthropic.claude-opus-4-8', { late: 'user', background: 'calls', errors: 'prefix' }],
  ['amazon-bedrock', 'amazon.nova-pro-v1:0', { late: 'fold', background: 'notes' }],
  ['google.generative-ai', 'gemini-3.6-flash', { late: 'user', background: 'calls', idMax: 64, errors: 'field' }],
  ['google.vertex.chat', 'gemini-2.5-pro', { late: 'user', background: 'calls' }],
  ['mistral.chat', 'open-mixtral-8x22b', { late: 'fold', idMax: 9 }],
  ['mistral.chat', 'a-new-name', { idMax: 9 }],
  ['vllm.chat', 'mistralai/Devstral-Small-2', { idMax: 9 }],
  ['gateway', 'mistral/magistral-medium', { idMax: 9 }],
];

test.each(rows)('%s %s', (provider, modelId, expected) => {
  expect(profile(provider, modelId)).toMatchObject(expected);
});

test('another model behind the package of OpenAI is one that nothing is known of', () => {
  expect(profile('openai.chat', 'qwen3-32b')).toEqual(profile('unknown.chat', 'some-model'));
  expect(profile('openai.responses', 'llama-4')).toEqual(profile('unknown.chat', 'some-model'));
});

test('an override has the last word', () => {
  const model = { provider: 'openai.chat', modelId: 'gpt-5-mini' };
  expect(wireProfile(model, { late: 'user' })).toEqual({ ...wireProfile(model), late: 'user' });
});

describe('thinking by a budget', () => {
  const thinking = (type: string): WireSettings => ({ providerOptions: { anthropic: { thinking: { type } } } });

  test('takes notes, set by provider options', () => {
    const budget = { background: 'notes', unreasonedCalls: 'notes', late: 'user' };
    expect(profile('anthropic.messages', 'claude-sonnet-4-5', thinking('enabled'))).toMatchObject(budget);
    expect(profile('anthropic.messages', 'claude-sonnet-4-5', thinking('disabled')).background).toBe('calls');
    expect(profile('anthropic.messages', 'claude-opus-4-8', thinking('adaptive')).background).toBe('calls');
  });

  test('takes notes, set on Bedrock', () => {
    const settings = { providerOptions: { bedrock: { reasoningConfig: { type: 'enabled', budgetTokens: 1024 } } } };
    expect(profile('amazon-bedrock', 'us.anthropic.claude-sonnet-4-5', settings).background).toBe('notes');
  });

  test('is what a plain `reasoning` setting means to a model that knows nothing else', () => {
    expect(profile('anthropic.messages', 'claude-sonnet-4-5', { reasoning: 'high' }).background).toBe('notes');
    expect(profile('anthropic.messages', 'claude-opus-4-20250514', { reasoning: 'low' }).background).toBe('notes');
    expect(profile('anthropic.messages', 'claude-sonnet-4-5', { reasoning: 'none' }).background).toBe('calls');
    expect(profile('anthropic.messages', 'claude-sonnet-4-5', { reasoning: 'provider-default' }).background).toBe(
      'calls',
    );
    expect(profile('anthropic.messages', 'claude-sonnet-4-6', { reasoning: 'high' }).background).toBe('calls');
    expect(profile('anthropic.messages', 'claude-haiku-5-5', { reasoning: 'high' }).background).toBe('calls');
    expect(profile('openai.chat', 'gpt-5-mini', { reasoning: 'high' }).background).toBe('calls');
  });
});

describe('thinking that is bound to its prompt', () => {
  const dropping = {
    providerOptions: {
      anthropic: { thinking: { type: 'adaptive', blockBinding: { prefixMismatchBehavior: 'drop_block' } } },
    },
  };

  test.each(['claude-fable-5-1', 'claude-fable-5-2', 'claude-opus-5-5', 'claude-sonnet-5-5', 'claude-opus-6'])(
    '%s gets it back only where what does not fit is dropped',
    (modelId) => {
      expect(profile('anthropic.messages', modelId).reasoning).toBe('none');
      expect(profile('anthropic.messages', modelId, dropping).reasoning).toBe('first');
    },
  );

  test.each([
    'claude-sonnet-4-5',
    'claude-opus-4-8',
    'claude-opus-5',
    'claude-opus-5-20260801',
    'claude-opus-4-20250514',
  ])('%s gets it back', (modelId) => {
    expect(profile('anthropic.messages', modelId).reasoning).toBe('first');
  });
});

describe('whole', () => {
  const idPattern = /^[A-Za-z0-9_-]+$/;
  const careful: WireProfile = {
    late: 'fold',
    systemItems: 'user',
    background: 'notes',
    unreasonedCalls: 'calls',
    reasoning: 'inline',
    metadataOf: 'provider',
    signedEmptyText: false,
    merge: 'turn',
    texts: 'joined',
    assistantFirst: false,
    alternate: true,
    idPattern,
    idMax: 40,
    errors: 'prefix',
  };
  const chat: WireProfile = {
    ...careful,
    late: 'system',
    systemItems: 'system',
    background: 'calls',
    reasoning: 'none',
    assistantFirst: true,
    alternate: false,
    errors: 'field',
  };
  const messages: WireProfile = {
    ...careful,
    late: 'user',
    background: 'calls',
    reasoning: 'first',
    metadataOf: 'model',
    texts: 'parts',
    alternate: false,
    idMax: 64,
    errors: 'field',
  };

  test.each<[provider: string, modelId: string, expected: WireProfile]>([
    ['unknown.chat', 'some-model', careful],
    ['mistral.chat', 'a-new-name', { ...careful, reasoning: 'none', idPattern: /^[A-Za-z0-9]{9}$/, idMax: 9 }],
    ['openai.chat', 'gpt-5-mini', chat],
    ['openai.responses', 'gpt-5-mini', { ...chat, reasoning: 'inline', merge: 'step', texts: 'parts', idMax: 64 }],
    ['anthropic.messages', 'claude-sonnet-4-5', messages],
    ['google.generative-ai', 'gemini-3.6-flash', { ...messages, reasoning: 'inline', signedEmptyText: true }],
  ])('%s %s', (provider, modelId, expected) => {
    expect(profile(provider, modelId)).toEqual(expected);
  });
});

describe('names that only look alike', () => {
  const nothing = profile('unknown.chat', 'some-model');

  test.each([
    ['my-openai.responses', 'gpt-5-mini'],
    ['openai.responses.v2', 'gpt-5-mini'],
    ['openaixresponses', 'gpt-5-mini'],
    ['my-openai.chat', 'gpt-5-mini'],
    ['openai.chat.v2', 'gpt-5-mini'],
    ['openai.chat', 'my-gpt-5'],
    ['openai.chat', 'o-mini'],
    ['openai.chat', 'my-ft:gpt-5'],
    ['my-azure.responses', 'x'],
    ['azure.responses.v2', 'x'],
    ['my-azure.chat', 'x'],
    ['azure.chat.v2', 'x'],
    ['my-google', 'x'],
    ['googles', 'x'],
    ['my-googleVertex', 'x'],
    ['googleVertexes', 'x'],
    ['my-vertex', 'x'],
    ['vertexes', 'x'],
    ['my-gateway', 'google/gemini-3'],
    ['gateway-2', 'google/gemini-3'],
    ['gateway', 'other/google/gemini-3'],
    ['gateway-2', 'claude-opus-5'],
    ['gateways', 'x-claude'],
    ['my-gateway', 'claude-opus-5'],
    ['my-bedrock', 'claude-opus-5'],
    ['mistrals', 'x'],
    ['my-mistral', 'x'],
    ['vllm.chat', 'amistral'],
  ])('%s %s is one that nothing is known of', (provider, modelId) => {
    expect(profile(provider, modelId)).toEqual(nothing);
  });

  test.each([
    ['vllm.chat', 'mistral-7b', 9],
    ['vllm.chat', 'x-ministral', 9],
    ['vllm.chat', 'us.pixtral', 9],
    ['vllm.chat', 'x/VOXTRAL', 9],
    ['vllm.chat', 'codestral', 9],
    ['mistral', 'x', 9],
    ['openai.chat', 'ft:gpt-5', 40],
    ['openai.responses', 'chatgpt-5', 64],
    ['openai.responses', 'o4-mini', 64],
    ['openai.responses', 'codex-mini', 64],
    ['openai.responses', 'computer-use-preview', 64],
    ['google', 'x', 64],
    ['vertex', 'x', 64],
    ['googleVertex', 'x', 64],
    ['gateway', 'google/gemini-3', 64],
    ['gateway', 'anthropic/claude-opus-5', 64],
    ['bedrock', 'claude-opus-5', 64],
  ])('%s %s is known: ids of at most %d', (provider, modelId, idMax) => {
    const found = profile(provider, modelId);
    expect(found).not.toEqual(nothing);
    expect(found.idMax).toBe(idMax);
  });
});

describe('models of Anthropic that only look alike', () => {
  const late = (provider: string, modelId: string) => profile(provider, modelId).late;
  const asked = (modelId: string) => profile('anthropic.messages', modelId, { reasoning: 'high' }).background;

  test('a late system message goes to its own API alone, and to models that act on it', () => {
    expect(late('anthropic.messages', 'claude-fable-5')).toBe('system');
    expect(late('anthropic', 'claude-mythos-5')).toBe('system');
    expect(late('anthropic.messages', 'my-claude-opus-5')).toBe('user');
    expect(late('anthropic.messages', 'claude-opus-4-7')).toBe('user');
    expect(late('my-anthropic', 'claude-opus-5')).toBe('user');
    expect(late('anthropics', 'claude-opus-5')).toBe('user');
  });

  test('which think as they see fit: from 4.6, and from 5', () => {
    for (const id of ['claude-opus-4-6', 'claude-sonnet-4-9', 'claude-opus-4-10', 'claude-haiku-5', 'claude-opus-12']) {
      expect([id, asked(id)]).toEqual([id, 'calls']);
    }
    for (const id of ['claude-opus-4-5', 'claude-haiku-4-6', 'claude-opus-4-600', 'claude-opus-4', 'claude-opus-500']) {
      expect([id, asked(id)]).toEqual([id, 'notes']);
    }
  });

  test('whose thinking is bound to its prompt: from 5.1, and from 6', () => {
    const reasoning = (modelId: string) => profile('anthropic.messages', modelId).reasoning;
    for (const id of ['claude-opus-5-1', 'claude-opus-5-9', 'claude-haiku-6', 'claude-haiku-10']) {
      expect([id, reasoning(id)]).toEqual([id, 'none']);
    }
    for (const id of ['claude-opus-5-0', 'claude-opus-4-6', 'claude-opus-600']) {
      expect([id, reasoning(id)]).toEqual([id, 'first']);
    }
  });

  test('a setting for somebody else says nothing', () => {
    const settings = { providerOptions: { openai: {} } };
    expect(profile('anthropic.messages', 'claude-opus-6', settings).reasoning).toBe('none');
  });

  test('a setting that is no object says nothing', () => {
    for (const thinking of [null, 'enabled', undefined]) {
      const settings = { providerOptions: { anthropic: { thinking } } } as unknown as WireSettings;
      expect(profile('anthropic.messages', 'claude-sonnet-4-5', settings).background).toBe('calls');
    }
    const both = { providerOptions: { anthropic: { thinking: { type: 'disabled' } } }, reasoning: 'high' } as const;
    expect(profile('anthropic.messages', 'claude-sonnet-4-5', both).background).toBe('calls');
  });
});
