import { readFileSync } from 'node:fs';
import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anthropicRules } from './anthropic.ts';
import type { WireCase } from './cases.ts';
import { more } from './cases-more.ts';
import { table } from './cases-table.ts';
import { checkPrompt, packageRule, RefusedPrompt, targetOf, withTargetOptions } from './check.ts';
import { mistralRules } from './compatible-mistral.ts';
import { qwenRules } from './compatible-qwen.ts';
import { unknownRules } from './compatible-unknown.ts';
import { googleRules } from './google.ts';
import { fields, list } from './json.ts';
import { openaiChatRules } from './openai-chat.ts';
import { openaiResponsesRules } from './openai-responses.ts';
import { assistant, call, first, output, outputs, second, system, talk, tools, user } from './prompt-parts.ts';
import { cutTextRule } from './prompt-rule.ts';
import { targets } from './providers.ts';
import { readAssistant } from './replay.ts';
import { startWireServer, type WireServer } from './server.ts';
import { words } from './words.ts';

const cases: readonly WireCase[] = [...table, ...more];
const targetIds = targets.map(({ id }) => id);
const rules = [
  ...openaiChatRules,
  ...openaiResponsesRules,
  ...unknownRules,
  ...qwenRules,
  ...mistralRules,
  ...anthropicRules,
  ...googleRules,
].map(({ id }) => id);

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

function callOptions(wireCase: WireCase, targetId: string): LanguageModelV4CallOptions {
  const { prompt, toolChoice } = wireCase;
  const declared = 'tools' in wireCase ? wireCase.tools : tools;
  return {
    prompt: typeof prompt === 'function' ? prompt(targetOf(targetId).modelId) : prompt,
    ...(declared && { tools: declared }),
    ...(toolChoice && { toolChoice }),
  };
}

async function refusal(options: Parameters<typeof checkPrompt>[0]): Promise<RefusedPrompt | undefined> {
  try {
    await checkPrompt(options);
    return undefined;
  } catch (error) {
    if (error instanceof RefusedPrompt) return error;
    throw error;
  }
}

/** Which rule refuses the case, by target; a target that takes it is left out. */
async function verdicts(wireCase: WireCase, over?: WireServer): Promise<Record<string, string>> {
  const refused: Record<string, string> = {};
  for (const targetId of targetIds) {
    const found = await refusal({
      targetId,
      callOptions: callOptions(wireCase, targetId),
      ...(over && { server: over }),
    });
    if (found) refused[targetId] = found.violation.rule;
  }
  return refused;
}

describe('every case has its verdict', () => {
  test.each(cases)('over HTTP: $name', async (wireCase) => {
    expect(await verdicts(wireCase, server)).toEqual(wireCase.refusedBy);
  });

  test.each(cases)('in process: $name', async (wireCase) => {
    expect(await verdicts(wireCase)).toEqual(wireCase.refusedBy);
  });
});

describe('every rule is broken by a case and says what the real API says', () => {
  test.each(rules)('%s', async (rule) => {
    const broken = cases.flatMap((wireCase) =>
      Object.entries(wireCase.refusedBy).flatMap(([targetId, by]) => (by === rule ? [{ wireCase, targetId }] : [])),
    );
    const [breaking] = broken;
    if (!breaking) throw new Error(`No case breaks ${rule}`);
    const { wireCase, targetId } = breaking;
    const found = await refusal({ targetId, callOptions: callOptions(wireCase, targetId), server });
    expect(found?.violation).toEqual({
      status: rule === 'compatible-mistral.content-missing' ? 422 : 400,
      rule,
      message: expect.stringContaining(words[rule] ?? 'no words') as unknown,
    });
  });
});

describe('a refusal', () => {
  const callOptions = { prompt: talk(assistant(call(first))), tools };

  test('names target, rule, message and prompt', async () => {
    const found = await refusal({ targetId: 'anthropic-plain', callOptions });
    expect(found?.message).toContain('anthropic-plain refuses the prompt: anthropic.call-without-output');
    expect(found?.message).toContain('400 messages.1: `tool_use` ids were found without `tool_result` blocks');
    expect(found?.message).toContain('"toolCallId": "call00001"');
  });

  test.each([
    ['openai-chat', 'error.message'],
    ['openai-responses', 'error.message'],
    ['compatible-unknown', 'error.message'],
    ['compatible-qwen', 'error.message'],
    ['compatible-mistral', 'message'],
    ['anthropic-plain', 'error.message'],
    ['google-3', 'error.message'],
  ])('%s says it in the envelope of its API, at %s', async (targetId, path) => {
    const model = targetOf(targetId).create(server.baseURL);
    const error: unknown = await model.doStream(callOptions).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    const body: unknown = JSON.parse(String(fields(error)['responseBody']));
    const message = path.split('.').reduce<unknown>((value, key) => fields(value)[key], body);
    expect(fields(error)['statusCode']).toBe(400);
    expect(message).toEqual(expect.any(String));
  });

  test('by the package itself is told from one by the API', async () => {
    const prompt = talk(assistant('Where to?'), user('Tokyo'), system('Be brief.'));
    const found = await refusal({ targetId: 'google-3', callOptions: { prompt } });
    expect(found?.violation.rule).toBe(packageRule);
    expect(found?.violation.message).toContain('system messages are only supported at the beginning');
  });

  test('of an unknown target names the targets', async () => {
    await expect(checkPrompt({ targetId: 'gpt', callOptions })).rejects.toThrow('there are: openai-chat, ');
  });
});

describe.each(targets)('$id', (target) => {
  test('is the provider and the model it says', () => {
    const model = target.create(server.baseURL);
    expect([model.provider, model.modelId]).toEqual([target.provider, target.modelId]);
  });

  test('says "ok" when nothing is queued', async () => {
    const model = target.create(server.baseURL);
    const { stream } = await model.doStream({ prompt: talk() });
    expect(textOf(await readAssistant(stream))).toBe('ok');
  });

  test('takes back what it said: reasoning, text, parallel calls, then again', async () => {
    const model = target.create(server.baseURL);
    const prompt = talk();
    for (const city of ['Tokyo', 'Kyoto']) {
      server.enqueue([
        { type: 'reasoning', text: `They want ${city}.` },
        { type: 'text', text: `Looking for ${city}.` },
        { type: 'tool-call', toolName: 'search', input: { city } },
        { type: 'tool-call', toolName: 'book', input: { city, seats: 2 } },
      ]);
      const { stream } = await model.doStream(withTargetOptions(target, { prompt, tools }));
      const message = await readAssistant(stream);
      expect(textOf(message)).toBe(`Looking for ${city}.`);
      const calls = message.role === 'assistant' ? message.content.filter((part) => part.type === 'tool-call') : [];
      expect(calls.map(({ input }) => input)).toEqual([{ city }, { city, seats: 2 }]);
      prompt.push(message, outputs(...calls.map(({ toolCallId, toolName }) => output(toolCallId, { toolName }))));
      await checkPrompt({ targetId: target.id, callOptions: { prompt, tools }, server });
    }
  });
});

function textOf(message: Awaited<ReturnType<typeof readAssistant>>): string {
  const content = message.role === 'assistant' ? message.content : [];
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

describe('what the packages make of a prompt', () => {
  async function bodyOf(targetId: string, options: LanguageModelV4CallOptions): Promise<unknown> {
    await checkPrompt({ targetId, callOptions: { tools, ...options }, server });
    return server.requests.at(-1)?.body;
  }

  const failed = talk(
    assistant(call(first)),
    outputs(output(first, { output: { type: 'error-text', value: 'no flight' } })),
  );

  test.each([
    ['openai-chat', '{"error":"no flight"}'],
    ['compatible-unknown', 'no flight'],
  ])('an error output for %s is %s', async (targetId, content) => {
    expect(list(fields(await bodyOf(targetId, { prompt: failed }))['messages']).at(-1)).toMatchObject({ content });
  });

  test('an error output is flagged for Anthropic', async () => {
    expect(list(fields(await bodyOf('anthropic-plain', { prompt: failed }))['messages']).at(-1)).toMatchObject({
      content: [{ type: 'tool_result', content: 'no flight', is_error: true }],
    });
  });

  test('malformed arguments become {} for OpenAI chat', async () => {
    const prompt = talk(assistant(call(first, { input: '{"city": "Tok' })), outputs(first));
    expect(list(fields(await bodyOf('openai-chat', { prompt }))['messages']).at(2)).toMatchObject({
      tool_calls: [{ function: { name: 'search', arguments: '{}' } }],
    });
  });

  test('messages of one side become one for Anthropic', async () => {
    const prompt = talk(
      assistant('Let me look.'),
      assistant(call(first), call(second)),
      outputs(first),
      outputs(second),
    );
    expect(list(fields(await bodyOf('anthropic-plain', { prompt }))['messages'])).toMatchObject([
      { role: 'user' },
      { role: 'assistant', content: [{ type: 'text' }, { type: 'tool_use' }, { type: 'tool_use' }] },
      { role: 'user', content: [{ type: 'tool_result' }, { type: 'tool_result' }] },
    ]);
  });

  test('a late system message where none leads moves to the front for Anthropic', async () => {
    const prompt = [user('Find me a flight.'), assistant('Where to?'), user('Tokyo.'), system('Be brief.')];
    const body = fields(await bodyOf('anthropic-plain', { prompt }));
    expect(body['system']).toMatchObject([{ text: 'Be brief.' }]);
    expect(list(body['messages'])).toHaveLength(3);
  });

  test("a call the model did not make carries Gemini 3's dummy signature", async () => {
    const prompt = talk(assistant(call(first)), outputs(first));
    expect(list(fields(await bodyOf('google-3', { prompt }))['contents']).at(1)).toMatchObject({
      parts: [{ thoughtSignature: 'skip_thought_signature_validator' }],
    });
  });
});

test('docs/design/wire.md has a row for every rule, naming a case that breaks it', () => {
  const doc = readFileSync(new URL('../../docs/design/wire.md', import.meta.url), 'utf8');
  const rows = [...doc.matchAll(/^\| `([a-z-]+\.[a-z-]+)` \|.*\| ([^|]+) \|$/gm)];
  const documented = new Map(rows.map(([, rule = '', name = '']) => [rule, name.trim()]));
  expect([...documented.keys()].sort()).toEqual([...rules, cutTextRule].sort());
  for (const [rule, name] of documented) {
    const named = cases.find((wireCase) => wireCase.name === name);
    expect(Object.values(named?.refusedBy ?? {}), `${rule}: ${name}`).toContain(rule);
  }
});
