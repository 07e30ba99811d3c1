/** The README: its conversation is what the travel example says, and its first screen is in its order. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import createTravelAgent from '../../examples/travel.ts';
import { startPlay } from '../examples/play.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const block = (language: string): string =>
  new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(readme)?.[1] ?? '';

test('the output on the first screen is what the travel example says', async () => {
  const play = await startPlay(createTravelAgent);
  await play.say('Book me a flight from Paris to Tokyo');
  await play.say('How is the weather there?');
  await play.clock.advance(5000);
  await play.say('The cheapest one');
  await play.clock.advance(10_000);
  const lanes = new Set(['user', 'agent', 'task']);
  const lines = play
    .timeline()
    .split('\n')
    .filter((line) => lanes.has(line.trim().split(/\s+/)[1] ?? ''));
  for (const line of block('text').trimEnd().split('\n')) expect(lines).toContain(line);
});

test('the first screen: one sentence, code by line 10, real output by line 30, the two commands', () => {
  const rows = readme.split('\n');
  expect(rows[2]).toMatch(/^\S.*\.$/);
  expect(rows.indexOf('```ts')).toBeLessThan(10);
  expect(rows.indexOf('```text')).toBeLessThan(30);
  expect(block('sh')).toContain('npm ci && npm start');
  expect(block('sh')).toContain('npm ci && npm test');
});
