import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Sentences } from '../../src/voice/sentences.ts';

function pieces(...texts: string[]): (string | undefined)[] {
  const sentences = new Sentences();
  return [...texts.flatMap((text) => sentences.push(text)), sentences.rest()];
}

test('a sentence is there when its end is', () => {
  expect(pieces('It is sunny. ', 'Would you like to go?', ' Tell me.')).toEqual([
    'It is sunny. ',
    'Would you like to go? ',
    'Tell me.',
  ]);
});

test('the first is said at once, however short; later ones wait until they are worth it', () => {
  expect(pieces('Yes. ', 'No. ', 'Perhaps it will. ')).toEqual(['Yes. ', 'No. Perhaps it will. ', undefined]);
});

test('a number is not the end of a sentence', () => {
  expect(pieces('It costs 3', '.5', ' euros. ')).toEqual(['It costs 3.5 euros. ', undefined]);
});

test('what comes to no end is cut at a space', () => {
  const long = 'word '.repeat(200);
  const cut = pieces(long);
  expect(cut.length).toBeGreaterThan(3);
  for (const each of cut) expect(each?.length ?? 0).toBeLessThanOrEqual(300);
  expect(cut.slice(0, -1).every((each) => each?.endsWith(' '))).toBe(true);
});

test('no letter is lost, whatever it is cut into', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom(...'ab. !?\n…"é'.split('')) })), (texts) => {
      expect(pieces(...texts).join('')).toBe(texts.join(''));
    }),
    { seed: 7 },
  );
});
