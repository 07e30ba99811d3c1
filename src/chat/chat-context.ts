/** What an application sees of a context, and gives an agent to start with: a snapshot, cheap to take (S8.8). */
import { MeanwhileError } from '../errors.ts';
import type { Item, Message, MessagePart } from './items.ts';

const roles: readonly string[] = ['user', 'assistant', 'system'];

function areParts(content: unknown): boolean {
  if (!Array.isArray(content)) return false;
  return content.every((part) => {
    const { type, text, mediaType } = Object(part) as { type?: unknown; text?: unknown; mediaType?: unknown };
    return type === 'image'
      ? typeof mediaType === 'string'
      : (type === 'text' || type === 'reasoning') && typeof text === 'string';
  });
}

/**
 * A list of items up to a moment. It shares the list it was taken from, which only grows, so taking one costs nothing
 * and it never changes.
 */
export class ChatContext implements Iterable<Item> {
  readonly #items: readonly Item[];
  readonly length: number;

  constructor(items: readonly Item[] = [], length = items.length) {
    if (!Array.isArray(items))
      throw new MeanwhileError(
        'invalid_value',
        `ChatContext: expected a list of items, got ${typeof items}. Write new ChatContext().withMessage('user', '…').`,
      );
    this.#items = items;
    this.length = Math.min(length, items.length);
  }

  /** A context with one message more: to give an agent something to start with. */
  withMessage(role: Message['role'], content: string | readonly MessagePart[]): ChatContext {
    if (!roles.includes(role))
      throw new MeanwhileError(
        'invalid_value',
        `withMessage: expected a role of ${roles.join(', ')}, got ${String(role)}.`,
      );
    if (typeof content !== 'string' && !areParts(content)) {
      throw new MeanwhileError(
        'invalid_value',
        `withMessage: expected a string or a list of parts such as { type: 'text', text: '…' }, got ${typeof content}.`,
      );
    }
    const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content;
    const message: Message = { kind: 'message', id: `given_${String(this.length)}`, role, parts, at: 0 };
    return new ChatContext([...this, message]);
  }

  /** Negative counts from the end. */
  at(index: number): Item | undefined {
    const position = index < 0 ? this.length + index : index;
    return position < this.length ? this.#items[position] : undefined;
  }

  toArray(): Item[] {
    return this.#items.slice(0, this.length);
  }

  *[Symbol.iterator](): Iterator<Item> {
    for (let index = 0; index < this.length; index += 1) {
      const item = this.#items[index];
      if (item) yield item;
    }
  }
}
