/** What a task tells, as pure functions: its words (S1.4, S8.5), its terms (S3.1), how far it is (S2.1). */
import { describe, expect, test } from 'vitest';
import type { Told } from '../../src/engine/ending.ts';
import type { ToolPolicy } from '../../src/engine/seam.ts';
import { isNothing, outputOf, progressOf, termsOf } from '../../src/engine/telling.ts';

const names = { functionName: 'book', callId: 'call_1' };
/** Says which text was asked for, and with what. */
const wording = ((name: string, values: object) => `${name} ${JSON.stringify(values)}`) as never;
const said = { output: { type: 'text', text: 'Found.' } } as const;

const words: readonly (readonly [name: string, told: Told, type: string, text: string])[] = [
  ['a text of its own', said, 'text', 'Found.'],
  ['finished', { prompt: 'finished' }, 'text', 'finished {"functionName":"book","callId":"call_1"}'],
  ['cancelled', { prompt: 'cancelled' }, 'text', 'cancelled {"functionName":"book","callId":"call_1"}'],
  ['declined', { prompt: 'declined' }, 'text', 'declined {"functionName":"book","callId":"call_1"}'],
  ['a generic error', { prompt: 'genericError' }, 'error', 'genericError {"functionName":"book"}'],
  ['timed out', { prompt: 'timedOut', limitMs: 5 }, 'error', 'timedOut {"functionName":"book","limitMs":"5"}'],
  ['no progress', { prompt: 'noProgress', limitMs: 5 }, 'error', 'noProgress {"functionName":"book","limitMs":"5"}'],
  ['a bad value', { prompt: 'badValue', reason: 'NaN' }, 'error', 'badValue {"functionName":"book","reason":"NaN"}'],
];

test.each(words)('S1.4 the output of %s', (_name, told, type, text) => {
  expect(outputOf(told, names, wording)).toEqual({ type, text });
});

describe('a handoff that does not happen', () => {
  const refusal = { agent: 'billing', reason: 'it has left' };
  const why = 'handoffRefused {"agent":"billing","reason":"it has left"}';

  test('S8.5 its reason stands behind what is returned, and keeps its type', () => {
    expect(outputOf(said, names, wording, refusal)).toEqual({ type: 'text', text: `Found.\n${why}` });
    const failed = { output: { type: 'error', text: 'Full.' } } as const;
    expect(outputOf(failed, names, wording, refusal)).toEqual({ type: 'error', text: `Full.\n${why}` });
  });

  test('S8.5 where nothing is returned, or an empty text, the reason is all there is', () => {
    expect(outputOf({ prompt: 'finished' }, names, wording, refusal)).toEqual({ type: 'text', text: why });
    expect(outputOf({ output: { type: 'text', text: '' } }, names, wording, refusal).text).toBe(why);
  });
});

test('S1.4 only what ended without a value is nothing', () => {
  expect(words.filter(([, told]) => isNothing(told)).map(([name]) => name)).toEqual(['finished']);
});

describe('the terms', () => {
  const policyOf = (more: Partial<ToolPolicy>) => ({ deliver: 'when_idle', ...more }) as ToolPolicy;

  test('S3.1 an update’s own hold before its tool’s', () => {
    const policy = policyOf({ deliver: 'interrupt', maxHoldMs: 10, expiresMs: 20 });
    expect(termsOf(policy, {}, 1000, false)).toEqual({ mode: 'interrupt', holdUntil: 1010, expiresAt: 1020 });
    expect(termsOf(policy, { deliver: 'when_idle', maxHoldMs: 1, expiresMs: 2 }, 1000, false)).toEqual({
      mode: 'when_idle',
      holdUntil: 1001,
      expiresAt: 1002,
    });
  });

  test('S3.1 none, or Infinity against the tool’s, is no limit', () => {
    expect(termsOf(policyOf({}), {}, 1000, false)).toStrictEqual({ mode: 'when_idle' });
    const policy = policyOf({ maxHoldMs: 10, expiresMs: 20 });
    expect(termsOf(policy, { maxHoldMs: Infinity, expiresMs: Infinity }, 1000, false)).toStrictEqual({
      mode: 'when_idle',
    });
  });

  test('S3.1 what may not be silent is told when it is quiet; nothing else changes', () => {
    expect(termsOf(policyOf({ deliver: 'silent' }), {}, 0, true).mode).toBe('when_idle');
    expect(termsOf(policyOf({ deliver: 'silent' }), {}, 0, false).mode).toBe('silent');
    expect(termsOf(policyOf({ deliver: 'interrupt' }), {}, 0, true).mode).toBe('interrupt');
  });
});

describe('how far it is', () => {
  test('S2.1 what was said of it, zero included', () => {
    const progress = { progress: 0, total: 3, data: { row: [1, null] } };
    expect(progressOf(progress)).toEqual({ progress });
    expect(progressOf({ total: 3 })).toStrictEqual({ progress: { total: 3 } });
    expect(progressOf({ progress: 1 })).toStrictEqual({ progress: { progress: 1 } });
  });

  test('S2.1 nothing was said, or only words: there is no progress', () => {
    expect(progressOf(undefined)).toStrictEqual({});
    expect(progressOf({ message: 'Half way' })).toStrictEqual({});
  });

  test('S2.1 data that a record cannot hold is left out', () => {
    expect(progressOf({ progress: 1, data: 10n })).toStrictEqual({ progress: { progress: 1 } });
    expect(progressOf({ data: 10n })).toStrictEqual({});
  });
});
