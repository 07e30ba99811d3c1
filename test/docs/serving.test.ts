/** The guide's tables of the wire have every message and every close code, and no other. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CloseCode } from '../../src/wire/index.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const wire = read('docs/guide/serving.md').split('\n## The wire\n')[1] ?? '';
const table = (title: string): string => wire.split(`| ${title} |`)[1]?.split('\n\n')[0] ?? '';

test.each([
  ['the page sends', 'client-messages.ts'],
  ['the server sends', 'server-messages.ts'],
])('%s', (title, file) => {
  const types = [...read(`src/wire/${file}`).matchAll(/type: v\.literal\('(\w+)'\)/g)].map((match) => match[1]);
  const rows = table(title).split('\n');
  const shown = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)/g)].map((match) => match[1]));
  expect(new Set(shown)).toEqual(new Set(types));
});

test('close codes', () => {
  const codes = [...table('close code').matchAll(/^\| (\d+) /gm)].map((match) => Number(match[1]));
  expect(codes).toEqual(Object.values(CloseCode));
});
