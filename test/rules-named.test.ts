import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findUnnamed, headerOf } from '../scripts/rules-named.ts';

const root = join(import.meta.dirname, '..');

test('every numbered rule is named by a test', async () => {
  expect((await findUnnamed(root)).inTests).toEqual([]);
});

test('every numbered rule is named in the header of a source file', async () => {
  expect((await findUnnamed(root)).inHeaders).toEqual([]);
});

test('a header ends where the code begins', () => {
  expect(headerOf('/** One. */\n// Two.\nimport {} from "x"; // three')).toBe('/** One. */\n// Two.\n');
});
