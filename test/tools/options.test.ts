import { describe, expect, test } from 'vitest';
import { checkNames, show } from '../../src/tools/options.ts';

const known = ['timeoutMs', 'onDuplicate', 'maxHoldMs', 'execute', 'name'];

describe('an unknown option is refused, with the one that was meant', () => {
  test.each([
    ['timeout', 'Did you mean timeoutMs?'],
    ['timeoutms', 'Did you mean timeoutMs?'],
    ['onDuplicateCall', 'Did you mean onDuplicate?'],
    ['onDuplciate', 'Did you mean onDuplicate?'],
    ['exceute', 'Did you mean execute?'],
    ['nmae', 'Known options: timeoutMs, onDuplicate, maxHoldMs, execute, name.'],
    ['nam', 'Did you mean name?'],
    ['colour', 'Known options: timeoutMs, onDuplicate, maxHoldMs, execute, name.'],
    ['flags', 'Use something else.'],
    ['toString', 'Known options: timeoutMs, onDuplicate, maxHoldMs, execute, name.'],
  ])('%s', (name, remedy) => {
    const check = () => checkNames('Tool "t"', { [name]: 1 }, known, { flags: 'Use something else.' });
    expect(check).toThrow(`Tool "t": unknown option "${name}". ${remedy}`);
  });

  test('with the code that was asked for', () => {
    const check = () => checkNames('Agent', { x: 1 }, known, {}, 'invalid_option');
    expect(check).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });
});

test('values are shown short', () => {
  expect([undefined, null, NaN, 3n, 'a"b', 'x'.repeat(99), () => 1, [1], { a: 1 }, true].map(show)).toEqual([
    'undefined',
    'null',
    'NaN',
    '3n',
    '"a\\"b"',
    `"${'x'.repeat(60)}…"`,
    'a function',
    'an array of 1',
    'an object',
    'true',
  ]);
});
