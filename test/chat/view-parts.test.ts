/** Parts of items as the provider packages take them, one by one. */
import { describe, expect, test } from 'vitest';
import type { Message, MessagePart, ReasoningPart } from '../../src/chat/items.ts';
import {
  assistantParts,
  callPart,
  isBlank,
  outputOf,
  reasoningParts,
  resultPart,
  toolNameOf,
  userParts,
} from '../../src/chat/view-parts.ts';
import { wireProfile } from '../../src/chat/wire-profile.ts';
import { viewTexts } from '../../src/tools/prompts.ts';

const careful = wireProfile({ provider: 'unknown.chat', modelId: 'some-model' });
const first = { ...careful, reasoning: 'first' } as const;
const none = { ...careful, reasoning: 'none' } as const;
const signing = { ...careful, signedEmptyText: true };
const signed = { anthropic: { signature: 'x' } };
const options = { providerOptions: signed };
const message = (...parts: MessagePart[]): Message => ({ kind: 'message', id: 'm', role: 'user', parts, at: 0 });
const text = (said: string, providerMetadata?: typeof signed): MessagePart => ({
  type: 'text',
  text: said,
  ...(providerMetadata ? { providerMetadata } : {}),
});
const reasoning = (said: string, providerMetadata?: typeof signed): ReasoningPart => ({
  type: 'reasoning',
  text: said,
  ...(providerMetadata ? { providerMetadata } : {}),
});
const image = (more: { url?: string; data?: string }) => ({ type: 'image', mediaType: 'image/png', ...more }) as const;
const file = (data: object) => ({ type: 'file', mediaType: 'image/png', data });

test('white space is as blank as nothing', () => {
  expect(['', ' ', '\n\t\u00a0'].map(isBlank)).toEqual([true, true, true]);
  expect(['a', ' a', '\na\n'].map(isBlank)).toEqual([false, false, false]);
});

describe('what the user said', () => {
  test('is texts and images, without blank ones and without reasoning or metadata', () => {
    const parts = userParts(message(text(' '), text('Hi', signed), reasoning('x'), image({ data: 'AAAA' })));
    expect(parts).toEqual([{ type: 'text', text: 'Hi' }, file({ type: 'data', data: 'AAAA' })]);
  });

  test('an image goes by its data, by what its address holds, or by its address', () => {
    const of = (more: { url?: string; data?: string }) => userParts(message(image(more)));
    expect(of({ data: 'AAAA', url: 'https://example.com/a.png' })).toEqual([file({ type: 'data', data: 'AAAA' })]);
    expect(of({ url: 'data:image/png;base64,QUJD' })).toEqual([file({ type: 'data', data: 'QUJD' })]);
    const url = new URL('https://example.com/a;base64,b.png');
    expect(of({ url: url.href })).toEqual([file({ type: 'url', url })]);
    expect(of({ url: 'data:,x' })).toEqual([file({ type: 'url', url: new URL('data:,x') })]);
    expect(of({ url: 'no address' })).toEqual([]);
    expect(of({})).toEqual([]);
  });
});

describe('what the assistant said', () => {
  const of = (parts: MessagePart[], own = true, profile = careful) => assistantParts(message(...parts), own, profile);

  test('to its own model with metadata and reasoning, to another without', () => {
    const parts = [reasoning('why', signed), text('Hi', signed), image({ data: 'AAAA' })];
    expect(of(parts)).toEqual([
      { type: 'reasoning', text: 'why', ...options },
      { type: 'text', text: 'Hi', ...options },
      file({ type: 'data', data: 'AAAA' }),
    ]);
    expect(of(parts, false)).toEqual([{ type: 'text', text: 'Hi' }]);
  });

  test('an image of its own goes by its data alone', () => {
    expect(of([image({ data: 'AAAA' })])).toEqual([file({ type: 'data', data: 'AAAA' })]);
    expect(of([text('Hi'), image({ url: 'https://example.com/a.png' })])).toEqual([{ type: 'text', text: 'Hi' }]);
  });

  test('metadata of nothing is none', () => {
    expect(of([{ type: 'text', text: 'Hi', providerMetadata: {} }])).toStrictEqual([{ type: 'text', text: 'Hi' }]);
  });

  test('an empty text is kept where it is signed and wanted back, and something else is said', () => {
    const both = [text('', signed), text('Hi')];
    expect(of(both, true, signing)).toEqual([
      { type: 'text', text: '', ...options },
      { type: 'text', text: 'Hi' },
    ]);
    for (const rest of [
      of(both),
      of(both, false, signing),
      of([text(''), text('Hi')], true, signing),
      of([text(' ', signed), text('Hi')], true, signing),
    ]) {
      expect(rest).toEqual([{ type: 'text', text: 'Hi' }]);
    }
  });

  test('reasoning or a signature that nothing follows is left out', () => {
    expect(of([reasoning('why', signed)])).toEqual([]);
    expect(of([text('', signed)], true, signing)).toEqual([]);
  });
});

test('reasoning goes to who takes it, signed where it must be', () => {
  const parts = [reasoning('why'), reasoning('because', signed), reasoning(' '), reasoning('', signed)];
  expect(reasoningParts(parts, none)).toEqual([]);
  expect(reasoningParts(parts, careful)).toEqual([
    { type: 'reasoning', text: 'why' },
    { type: 'reasoning', text: 'because', ...options },
    { type: 'reasoning', text: '', ...options },
  ]);
  expect(reasoningParts(parts, first)).toEqual([
    { type: 'reasoning', text: 'because', ...options },
    { type: 'reasoning', text: '', ...options },
  ]);
});

describe('calls', () => {
  const wire = { id: 'x', toolName: 'book', input: { to: 'Rome' } };

  test('have their arguments and the metadata that their model made', () => {
    expect(callPart(wire)).toStrictEqual({
      type: 'tool-call',
      toolCallId: 'x',
      toolName: 'book',
      input: { to: 'Rome' },
    });
    expect(callPart({ ...wire, metadata: signed })).toMatchObject(options);
    expect(resultPart(wire, { type: 'text', value: 'ok' })).toEqual({
      type: 'tool-result',
      toolCallId: 'x',
      toolName: 'book',
      output: { type: 'text', value: 'ok' },
    });
  });

  test.each([null, undefined, [], 'x', 5])('arguments that are no object are empty ones: %j', (input) => {
    expect(callPart({ ...wire, input: input as never }).input).toEqual({});
  });

  test('an output of nothing says so, an error stands in its field or behind a prefix', () => {
    const texts = viewTexts();
    const of = (type: 'text' | 'error', said: string, errors: 'field' | 'prefix') =>
      outputOf({ type, text: said }, { ...careful, errors }, texts);
    expect(of('text', 'ok', 'field')).toEqual({ type: 'text', value: 'ok' });
    expect(of('text', ' ', 'field')).toEqual({ type: 'text', value: texts.noOutput });
    expect(of('error', 'no', 'field')).toEqual({ type: 'error-text', value: 'no' });
    expect(of('error', 'no', 'prefix')).toEqual({ type: 'text', value: `${texts.error}no` });
  });

  test.each([
    ['book_flight-2', 'book_flight-2'],
    ['x'.repeat(64), 'x'.repeat(64)],
    ['x'.repeat(65), 'x'.repeat(64)],
    ['a.b c', 'a_b_c'],
    ['.book', '_book'],
    ['book.', 'book_'],
    ['!?', '__'],
    ['', 'unnamed'],
  ])('a name that no API takes is made one that all take: %j', (name, expected) => {
    expect(toolNameOf(name)).toBe(expected);
  });
});
