/** What the view makes goes through the real provider packages to servers that refuse what the real APIs refuse. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Item } from '../../src/chat/items.ts';
import { viewTexts } from '../../src/tools/prompts.ts';
import { PromptView } from '../../src/chat/view.ts';
import type { AnswerPart } from '../wire/answers/answer.ts';
import { checkPrompt, targetOf } from '../wire/check.ts';
import { targets } from '../wire/providers.ts';
import { assistant, contexts, profileOf, record, stubs, text, thought, user } from './view-support.ts';
import { answerOf, talkWith } from './view-talk.ts';

const request = fc.record({
  system: fc.constantFrom('You are a travel agent.', undefined),
  late: fc.constantFrom('Tell the user about it now.', undefined),
  notes: fc.constantFrom(['Still running: search.'], []),
  from: fc.nat(6),
});

describe('any context is accepted as it grows, by', () => {
  test.each(targets)('$id', async (target) => {
    const growing = fc.asyncProperty(contexts(target), request, async (items, options) => {
      const view = new PromptView({ profile: profileOf(target), model: target, texts: viewTexts() });
      for (let upTo = 0; upTo <= items.length; upTo += 1) {
        view.sync(items, upTo);
        const { prompt, toolNames } = view.request(upTo % 2 === 0 ? options : { system: options.system });
        await checkPrompt({ targetId: target.id, callOptions: { prompt, tools: stubs(toolNames) } });
      }
    });
    await expect(fc.assert(growing, { numRuns: 60 })).resolves.toBeUndefined();
  });

  test.each(targets)('$id when no request was made before', async (target) => {
    const whole = fc.asyncProperty(contexts(target), request, async (items, options) => {
      const view = new PromptView({ profile: profileOf(target), model: target, texts: viewTexts() });
      view.sync(items);
      const { prompt, toolNames } = view.request(options);
      await checkPrompt({ targetId: target.id, callOptions: { prompt, tools: stubs(toolNames) } });
    });
    await expect(fc.assert(whole, { numRuns: 100 })).resolves.toBeUndefined();
  });
});

describe("a model's own parts go back to it", () => {
  const steps: Record<string, readonly AnswerPart[]> = {
    'reasoning, text and calls': [
      { type: 'reasoning', text: 'I need flights.' },
      { type: 'text', text: 'Let me look.' },
      { type: 'tool-call', toolName: 'search', input: { city: 'Tokyo' } },
      { type: 'tool-call', toolName: 'search', input: { city: 'Oslo' } },
    ],
    'reasoning and calls': [
      { type: 'reasoning', text: 'I need flights.' },
      { type: 'tool-call', toolName: 'search', input: { city: 'Tokyo' } },
    ],
    'reasoning and text': [
      { type: 'reasoning', text: 'Nothing to look up.' },
      { type: 'text', text: 'Hello.' },
    ],
  };
  const cases = targets.flatMap((target) => Object.entries(steps).map(([name, answer]) => ({ target, name, answer })));

  test.each(cases)('$target.id: $name', async ({ target, answer }) => {
    const { ask, items, bodies } = talkWith(target);
    items.push(user('Flights, please.'));
    await ask([...answer]);
    // The next step, a result from the background, and what the user says then.
    await ask([{ type: 'text', text: 'There are two.' }]);
    const called = items.find((item) => item.kind === 'batch')?.calls[0];
    if (called) items.push(record(`${called.callId}_final`));
    await ask([{ type: 'text', text: 'And one more.' }]);
    items.push(user('Thanks.'));
    await ask([{ type: 'text', text: 'Bye.' }]);
    expect(bodies()).toHaveLength(4);
  });

  test('Anthropic: the signature, in front of the text and the calls of its step', async () => {
    const { ask, items, bodies } = talkWith(targetOf('anthropic-budget'));
    items.push(user('Flights, please.'));
    await ask([...(steps['reasoning, text and calls'] ?? [])]);
    await ask([{ type: 'text', text: 'Two.' }]);
    const { messages } = bodies().at(-1) as { messages: { content: { type: string; signature?: string }[] }[] };
    expect(messages[1]?.content.map(({ type }) => type)).toEqual(['thinking', 'text', 'tool_use', 'tool_use']);
    expect(messages[1]?.content[0]?.signature).toMatch(/=$/);
  });

  test('OpenAI Responses: item ids, the message as a reference behind its reasoning', async () => {
    const { ask, items, bodies } = talkWith(targetOf('openai-responses'));
    items.push(user('Flights, please.'));
    await ask([...(steps['reasoning, text and calls'] ?? [])]);
    await ask([{ type: 'text', text: 'Two.' }]);
    const { input } = bodies().at(-1) as { input: { type?: string; id?: string; role?: string }[] };
    expect(input.map(({ type, role }) => type ?? role)).toEqual([
      'developer',
      'user',
      'item_reference',
      'item_reference',
      'function_call',
      'function_call',
      'function_call_output',
      'function_call_output',
      'developer',
    ]);
    expect(input[2]?.id).toBe('rs_1');
    expect(input[3]?.id).toMatch(/^msg_1r_/);
  });

  test('Gemini 3: the thought signature on the first call, and none of it on a synthetic one', async () => {
    const { ask, items, bodies } = talkWith(targetOf('google-3'));
    items.push(user('Flights, please.'));
    await ask([...(steps['reasoning, text and calls'] ?? [])]);
    items.push(record('c1_final'));
    await ask([{ type: 'text', text: 'Two.' }]);
    const { contents } = bodies().at(-1) as {
      contents: { parts: { functionCall?: object; thoughtSignature?: string }[] }[];
    };
    const signatures = contents.flatMap(({ parts }) =>
      parts.flatMap(({ functionCall, thoughtSignature }) => (functionCall ? [thoughtSignature] : [])),
    );
    expect(signatures).toEqual([expect.stringMatching(/=$/), undefined, 'skip_thought_signature_validator']);
  });
});

describe('known traps', () => {
  test.each(targets)('$id takes a step whose text a request saw before its calls were in', async (target) => {
    const { ask, items } = talkWith(target);
    const answered = await answerOf(target, [
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'Let me look.' },
      { type: 'tool-call', toolName: 'search', input: { city: 'Tokyo' } },
    ]);
    items.push(user('Flights, please.'), ...answered.slice(0, 1));
    await ask([{ type: 'text', text: 'Meanwhile.' }]);
    const spoken = items.pop();
    items.push(...answered.slice(1), ...(spoken ? [spoken] : []));
    await ask([{ type: 'text', text: 'Two.' }]);
    expect(items).toHaveLength(5);
  });

  test.each(targets)('$id takes a step whose text was cut', async (target) => {
    const { ask, items } = talkWith(target);
    const answered = await answerOf(target, [
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'Let me look.' },
      { type: 'tool-call', toolName: 'search', input: { city: 'Tokyo' } },
    ]);
    const calls = answered[1];
    items.push(user('Flights.'), assistant('Let me', { cut: true, speechId: 'speech', model: target }));
    if (calls) items.push(calls);
    await ask([{ type: 'text', text: 'Two.' }]);
    expect(items).toHaveLength(4);
  });

  test('a message without its own reasoning is no reference behind that of another step', async () => {
    const model = targetOf('openai-responses');
    const items: Item[] = [
      user('Hi'),
      assistant(
        [thought('a', { openai: { itemId: 'rs_1' } }), text('One.', { openai: { itemId: 'msg_1r_eeeeeeee' } })],
        { model },
      ),
      assistant([text('Two.', { openai: { itemId: 'msg_2r_eeeeeeee' } })], { model }),
    ];
    const view = new PromptView({ profile: profileOf(model), model, texts: viewTexts() });
    view.sync(items);
    const { prompt } = view.request();
    expect(prompt.filter(({ role }) => role === 'assistant')).toHaveLength(2);
  });
});
