/** Which model the examples talk to. */
import { expect, test } from 'vitest';
import { exampleModel } from '../../examples/shared/model.ts';

test('without anything it is the rule-based one, and a terminal can say so', async () => {
  const { model, note } = await exampleModel({ env: {} });
  expect([model.provider, model.modelId]).toEqual(['offline', 'rules']);
  expect(note).toBe('rule-based model: no key set');
});

test('a key takes OpenAI', async () => {
  const { model, note } = await exampleModel({ env: { OPENAI_API_KEY: 'sk-test' } });
  expect([model.provider, model.modelId, note]).toEqual(['openai.responses', 'gpt-5-mini', 'OpenAI gpt-5-mini']);
  const other = await exampleModel({ env: { OPENAI_API_KEY: 'sk-test', MEANWHILE_MODEL: 'gpt-5' } });
  expect(other.model.modelId).toBe('gpt-5');
});

test('a server goes before a key, and may want none', async () => {
  const env = { MEANWHILE_BASE_URL: 'http://localhost:8080/v1', MEANWHILE_MODEL: 'qwen3', OPENAI_API_KEY: 'sk-test' };
  const { model, note } = await exampleModel({ env });
  expect([model.specificationVersion, model.modelId, note]).toEqual([
    'v4',
    'qwen3',
    'qwen3 at http://localhost:8080/v1',
  ]);
});

test('a server without a model is a mistake that is named', async () => {
  await expect(exampleModel({ env: { MEANWHILE_BASE_URL: 'http://localhost:8080/v1' } })).rejects.toThrow(
    'MEANWHILE_MODEL is not set',
  );
});
