import { expect, test } from 'vitest';
import { messageText, recordIds, type Message, type MessagePart } from '../../src/chat/items.ts';
import { batchOf, recordOf } from './story.ts';

test('the text of a message is that of its texts, joined, and of nothing else', () => {
  const of = (...parts: MessagePart[]) => messageText({ kind: 'message', id: 'm', role: 'user', parts, at: 0 });
  const text = (said: string) => ({ type: 'text', text: said }) as const;
  expect(of(text('Hi'), { type: 'reasoning', text: 'why' }, { type: 'image', mediaType: 'image/png' }, text('!'))).toBe(
    'Hi!',
  );
  expect(of({ type: 'reasoning', text: 'why' })).toBe('');
  expect(of()).toBe('');
});

test('S2.2 a batch tells under the ids of its calls, a record under its own, a message under none', () => {
  const message: Message = { kind: 'message', id: 'm', role: 'user', parts: [], at: 0 };
  expect([batchOf('a', 'b'), recordOf('t_final'), message].map(recordIds)).toEqual([['a', 'b'], ['t_final'], []]);
});
