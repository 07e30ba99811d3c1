import fc from 'fast-check';
import { expect, test } from 'vitest';
import { heardText } from '../../src/voice/heard.ts';

const pieces = [
  { text: 'One two three. ', ms: 1_500, whole: true },
  { text: 'Four five six.', ms: 1_400, whole: true },
];

test.each([
  [0, ''],
  [350, 'One'],
  [400, 'One '],
  [1_499, 'One two three. '],
  [1_500, 'One two three. '],
  [2_000, 'One two three. Four '],
  [2_900, 'One two three. Four five six.'],
  [9_000, 'One two three. Four five six.'],
])('after %i ms', (playedMs, text) => {
  expect(heardText(pieces, playedMs)).toBe(text);
});

test('of a piece whose sound is still being made the share is guessed', () => {
  const open = [{ text: 'A rather long sentence that goes on.', ms: 800, whole: false }];
  expect(heardText(open, 800)).toBe('A rather ');
});

test('what was heard is a beginning of what was said, and more playing is never fewer words', () => {
  const piece = fc.record({ text: fc.lorem(), ms: fc.integer({ min: 1, max: 3_000 }), whole: fc.constant(true) });
  fc.assert(
    fc.property(fc.array(piece), fc.nat(10_000), fc.nat(10_000), (said, a, b) => {
      const [less, more] = [heardText(said, Math.min(a, b)), heardText(said, Math.max(a, b))];
      expect(more.startsWith(less)).toBe(true);
      expect(
        said
          .map(({ text }) => text)
          .join('')
          .startsWith(more),
      ).toBe(true);
    }),
    { seed: 7 },
  );
});
