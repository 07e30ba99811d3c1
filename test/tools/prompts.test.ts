import fc from 'fast-check';
import { defaultPrompts } from 'meanwhile';
import { describe, expect, test } from 'vitest';
import { promptText, render, type Prompts } from '../../src/tools/prompts.ts';

describe('prompts', () => {
  test('S9.2 substitution is literal and one pass', () => {
    const nasty = ['$&', '$$5', "$'", '$`', '{callId}', '{message}', '{{x}}', 'a'.repeat(100_000), '\u0000🛫'];
    for (const message of nasty) {
      expect(render('{functionName} says {message} ({callId})', { functionName: 'f', callId: 'c', message })).toBe(
        `f says ${message} (c)`,
      );
    }
    fc.assert(fc.property(fc.string(), (message) => render('<{message}>', { message }) === `<${message}>`));
  });

  test('S9.2 places that are no argument, and inherited names, stay as they are', () => {
    expect(render('{ "a": {x} } {toString} {message}', { message: 'm' })).toBe('{ "a": {x} } {toString} m');
  });

  test('S9.1 resolved field by field, the most specific first', () => {
    const layers: Partial<Prompts>[] = [
      { finished: 'toolset' },
      { finished: 'agent', cancelled: 'agent' },
      { cancelled: 'session', timedOut: 'session' },
    ];
    const args = { functionName: 'f', callId: 'c', limitMs: '1' };
    expect(promptText(layers, 'finished', args)).toBe('toolset');
    expect(promptText(layers, 'cancelled', args)).toBe('agent');
    expect(promptText(layers, 'timedOut', args)).toBe('session');
    expect(promptText(layers, 'genericError', args)).toBe('f failed because of an internal error.');
  });

  test('S9.1 a template that throws, or gives no text, is replaced by the default, and told', () => {
    const told: unknown[] = [];
    const bad = () => {
      throw new Error('oops');
    };
    const args = { functionName: 'f', callId: 'c' };
    const fallback = promptText([], 'finished', args);
    expect(promptText([{ finished: bad }], 'finished', args, (error) => told.push(error))).toBe(fallback);
    expect(
      promptText([{ finished: () => 5 as unknown as string }], 'finished', args, (error) => told.push(error)),
    ).toBe(fallback);
    expect(told).toHaveLength(2);
  });

  test('S9.3 the default texts', () => {
    const filled = Object.fromEntries(
      Object.keys(defaultPrompts).map((name) => {
        const places = new Proxy(
          {},
          {
            get: (_target, place) => `<${String(place)}>`,
            has: () => true,
            getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true }),
          },
        );
        const template = defaultPrompts[name as keyof Prompts] as unknown;
        return [name, typeof template === 'function' ? (template as (args: object) => string)(places) : template];
      }),
    );
    expect(filled).toMatchSnapshot();
  });

  test('S9.3 no text describes the form of a result to come, orders every update to be read out, or cancels unasked', () => {
    const all = Object.values(defaultPrompts)
      .map((template) => (typeof template === 'string' ? template : ''))
      .join('\n');
    expect(all).not.toMatch(/_update_|_final|tool (call|result) with/i);
    expect(defaultPrompts.deliveryPolicy).toMatch(/only (when|where) (the user asks|it helps)/i);
    expect(defaultPrompts.cancelled).toMatch(/nothing about anything the user had arranged/);
    expect(defaultPrompts.cancelTask).toMatch(/only when the user asked/);
  });
});
