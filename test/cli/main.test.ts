import { readFileSync } from 'node:fs';
import { systemClock } from 'meanwhile';
import { expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { createTerminal } from '../support/terminal.ts';

async function run(...argv: string[]): Promise<{ code: number; out: string; errors: string }> {
  const { world, written, errors } = createTerminal(systemClock);
  return { code: await main(argv, world), out: written.join(''), errors: errors.join('') };
}

const more = 'write meanwhile chat FILE, or meanwhile --help.';

test.each([
  [[], `expected a command, got none; ${more}`],
  [['talk'], `there is no command "talk"; ${more}`],
  [['constructor'], `there is no command "constructor"; ${more}`],
  [['--loud'], `there is no option "--loud"; ${more}`],
  [['chat'], 'chat: expected a file, got none; write meanwhile chat FILE.'],
  [['chat', 'a.ts', 'b.ts'], 'chat: expected one file, got also "b.ts".'],
  [['chat', '--loud', 'a.ts'], 'chat: there is no option "--loud"; the only one is --plain.'],
  [['chat', '--plain=yes', 'a.ts'], 'chat: --plain takes no value, got "yes".'],
])('a wrong command line is told in one sentence, with exit code 2: %j', async (argv, sentence) => {
  expect(await run(...argv)).toEqual({ code: 2, out: '', errors: `meanwhile: ${sentence}\n` });
});

test.each([[['--help']], [['-h']], [['help']], [['chat', '--help']]])('help goes to the output: %j', async (argv) => {
  const { code, out, errors } = await run(...argv);
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  expect(out).toMatch(/^Usage: meanwhile chat FILE\n/);
});

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(await run('--version')).toEqual({ code: 0, out: `${version}\n`, errors: '' });
});

test('a file that does not exist has exit code 1', async () => {
  expect(await run('chat', 'nope.ts')).toEqual({
    code: 1,
    out: '',
    errors: 'meanwhile: there is no file nope.ts; check the path.\n',
  });
});
