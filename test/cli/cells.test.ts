import fc from 'fast-check';
import { expect, test } from 'vitest';
import { breakCells, fit, printable, widthOf } from '../../src/cli/terminal/cells.ts';
import { Wrap, wrap } from '../../src/cli/terminal/wrap.ts';

const family = '👩‍👩‍👧';

test('characters are measured as they are drawn', () => {
  expect(['a', 'é', 'e\u0301', '東', '🎉', family, '🇯🇵'].map(widthOf)).toEqual([1, 1, 1, 2, 2, 2, 2]);
});

test('what does not fit is cut between two characters', () => {
  expect(fit('book_flight', 20)).toBe('book_flight');
  expect(fit('東京へ行く', 6)).toBe('東京…');
  expect(fit(`${family}${family}`, 3)).toBe(`${family}…`);
  expect(fit('anything', 0)).toBe('');
});

test('nothing printable moves the cursor', () => {
  expect(printable('a\u001B[2Jb\tc\r\nd\re\u0007f\u009B2Jg')).toBe('ab  c\ndefg');
});

test.each([
  ['one two three', 7, ['one two', 'three']],
  ['one  two', 4, ['one', 'two']],
  ['a\n\nb', 10, ['a', '', 'b']],
  ['incomprehensibility', 6, ['incomp', 'rehens', 'ibilit', 'y']],
  ['an incomprehensibility', 6, ['an inc', 'ompreh', 'ensibi', 'lity']],
  ['', 5, ['']],
])('%j in %i columns', (text, columns, rows) => {
  expect(wrap(text, columns)).toEqual(rows);
});

const words = fc.string({ unit: fc.constantFrom('a', 'bc', ' ', '  ', '\n', '東', family, 'longword') });

test('no row is wider than it may be, and no word is lost, however the text arrives', () => {
  fc.assert(
    fc.property(fc.array(words), fc.integer({ min: 2, max: 20 }), (pieces, columns) => {
      const wrapping = new Wrap();
      const rows = [...pieces.flatMap((piece) => wrapping.push(piece, columns)), wrapping.open.trimEnd()];
      expect(Math.max(...rows.map(widthOf))).toBeLessThanOrEqual(columns);
      expect(rows.join('').replace(/\s/g, '')).toBe(pieces.join('').replace(/\s/g, ''));
    }),
  );
});

test('where no word is too long, rows are the same however the text arrives', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '東'), minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(word), fc.integer({ min: 8, max: 20 }), (parts, columns) => {
      const text = parts.join(' ');
      const wrapping = new Wrap();
      const rows = Array.from(text).flatMap((unit) => wrapping.push(unit, columns));
      expect([...rows, wrapping.open.trimEnd()]).toEqual(wrap(text, columns));
    }),
  );
});

test('a wide character is not torn', () => {
  expect(breakCells('東京へ', 3)).toEqual(['東', '京', 'へ']);
});
