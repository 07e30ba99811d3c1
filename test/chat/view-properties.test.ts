/** A request begins with what the one before it was sent (S2.3), whatever is asked in between. */
import type { LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { viewTexts } from '../../src/tools/prompts.ts';
import { PromptView } from '../../src/chat/view.ts';
import { targets } from '../wire/providers.ts';
import { contexts, profileOf } from './view-support.ts';

/** What was sent without what holds for one request only: the stand-in for a user at the end. */
function kept(prompt: LanguageModelV4Prompt): LanguageModelV4Prompt {
  const last = prompt.at(-1);
  const part = last?.role === 'user' && last.content.length === 1 ? last.content[0] : undefined;
  return part?.type === 'text' && part.text === viewTexts().nothing ? prompt.slice(0, -1) : prompt;
}

/** `later` is `earlier` or has grown from it at its end; a tool's output only by what is folded in for one request. */
function expectGrown(earlier: LanguageModelV4Message, later: LanguageModelV4Message | undefined, folds: boolean): void {
  expect(later?.role).toBe(earlier.role);
  if (typeof earlier.content === 'string' || !later || typeof later.content === 'string') {
    return expect(later).toEqual(earlier);
  }
  const whole = earlier.content.slice(0, -1);
  expect(later.content.slice(0, whole.length)).toEqual(whole);
  const last = earlier.content.at(-1);
  const there = later.content[whole.length];
  if (folds && earlier.role === 'tool') return expect(outputText(there).startsWith(outputText(last))).toBe(true);
  if (last?.type !== 'text' || there?.type !== 'text') return expect(there).toEqual(last);
  expect(there.text.startsWith(last.text)).toBe(true);
  // A text of the assistant's is his whole text: only the user's are written on.
  if (earlier.role === 'assistant') expect(there).toEqual(last);
}

function outputText(part: unknown): string {
  return (part as { output: { value: string } }).output.value;
}

function expectPrefix(earlier: LanguageModelV4Prompt, later: LanguageModelV4Prompt, folds = false): void {
  expect(later.length).toBeGreaterThanOrEqual(earlier.length);
  expect(later.slice(0, Math.max(earlier.length - 1, 0))).toEqual(earlier.slice(0, -1));
  const last = earlier.at(-1);
  if (last) expectGrown(last, later[earlier.length - 1], folds);
}

const asked = fc.array(fc.record({ asks: fc.boolean(), late: fc.boolean() }), { minLength: 20, maxLength: 20 });

describe('the prefix stays, with the profile of', () => {
  test.each(targets)('$id', (target) => {
    fc.assert(
      fc.property(contexts(target), asked, (items, asks) => {
        const view = new PromptView({ profile: profileOf(target), model: target, texts: viewTexts() });
        let before: LanguageModelV4Prompt = [];
        for (let upTo = 0; upTo <= items.length; upTo += 1) {
          view.sync(items, upTo);
          if (!asks[upTo]?.asks) continue;
          const first = kept(view.request().prompt);
          const sent = view.request({ system: 'S', late: asks[upTo]?.late ? 'now' : undefined }).prompt;
          expectPrefix(before, first);
          expectPrefix(first, sent.slice(1), true);
          before = first;
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('what was handed out does not change, with the profile of', () => {
  test.each(targets)('$id', (target) => {
    fc.assert(
      fc.property(contexts(target), (items) => {
        const view = new PromptView({ profile: profileOf(target), model: target, texts: viewTexts() });
        const handed: { prompt: LanguageModelV4Prompt; asJson: string }[] = [];
        for (let upTo = 0; upTo <= items.length; upTo += 1) {
          view.sync(items, upTo);
          for (const late of ['now', undefined]) {
            const { prompt } = view.request({ system: 'S', late, from: upTo % 3 });
            handed.push({ prompt, asJson: JSON.stringify(prompt) });
          }
        }
        for (const { prompt, asJson } of handed) expect(JSON.stringify(prompt)).toBe(asJson);
      }),
      { numRuns: 50 },
    );
  });
});

test('two views of the same items send the same bytes', () => {
  for (const target of targets) {
    fc.assert(
      fc.property(contexts(target), (items) => {
        const [one, two] = [0, 1].map(() => {
          const view = new PromptView({ profile: profileOf(target), model: target, texts: viewTexts() });
          view.sync(items);
          return JSON.stringify(view.request({ system: 'S', late: 'now' }).prompt);
        });
        expect(one).toBe(two);
      }),
      { numRuns: 20 },
    );
  }
});
