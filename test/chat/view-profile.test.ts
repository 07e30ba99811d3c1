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
