/** What an application sees of a context (S8.8): a snapshot that never changes. */
import { expect, test } from 'vitest';
import { ChatContext } from '../../src/chat/chat-context.ts';
import type { Item } from '../../src/chat/items.ts';

const given = (...texts: string[]) =>
  texts.reduce((context, text) => context.withMessage('user', text), new ChatContext());
const texts = (items: Iterable<Item>) =>
  [...items].map((item) =>
    item.kind === 'message' ? item.parts.map((part) => ('text' in part ? part.text : '')).join() : '',
  );

test('S8.8 with a message more it is another context, and the first is as it was', () => {
  const one = given('a');
  const two = one.withMessage('assistant', 'b');
  expect(texts(one)).toEqual(['a']);
  expect(texts(two)).toEqual(['a', 'b']);
  expect(two.at(1)).toEqual({
    kind: 'message',
    id: 'given_1',
    role: 'assistant',
    parts: [{ type: 'text', text: 'b' }],
    at: 0,
  });
});

test('S8.8 it does not grow with the list that it was taken from, nor with what is done to its array', () => {
  const list = given('a', 'b').toArray();
  const context = new ChatContext(list, 1);
  list.push(...given('c'));
  context.toArray().pop();
  expect([context.length, texts(context), texts(context.toArray())]).toEqual([1, ['a'], ['a']]);
  expect([context.at(0)?.kind, context.at(1), context.at(-1)?.kind, context.at(-2)]).toEqual([
    'message',
    undefined,
    'message',
    undefined,
  ]);
  expect(new ChatContext(list, 9).length).toBe(3);
});

test('S8.8 parts are taken as they are', () => {
  const parts = [
    { type: 'text', text: 'a' },
    { type: 'reasoning', text: 'b' },
    { type: 'image', mediaType: 'image/png', url: 'https://example.com/a.png' },
  ] as const;
  expect(new ChatContext().withMessage('user', parts).at(0)).toMatchObject({ parts });
});

test.each<[string, () => unknown, string]>([
  ['no list', () => new ChatContext('x' as never), 'ChatContext: expected a list of items, got string.'],
  [
    'no role',
    () => new ChatContext().withMessage('tool' as never, 'x'),
    'expected a role of user, assistant, system, got tool.',
  ],
  ['a number', () => new ChatContext().withMessage('user', 5 as never), 'expected a string or a list of parts'],
  ['a part without a type', () => new ChatContext().withMessage('user', [{ text: 'x' } as never]), 'got object.'],
  ['a text without words', () => new ChatContext().withMessage('user', [{ type: 'text' } as never]), 'got object.'],
  [
    'an image of no type',
    () => new ChatContext().withMessage('user', [{ type: 'image', text: 'x' } as never]),
    'got object.',
  ],
  [
    'a part of null',
    () => new ChatContext().withMessage('user', [{ type: 'text', text: 'x' }, null as never]),
    'got object.',
  ],
])('S8.8 %s is refused, with what was expected', (_name, make, message) => {
  expect(make).toThrow(message);
  expect(make).toThrow(expect.objectContaining({ code: 'invalid_value' }) as Error);
});
