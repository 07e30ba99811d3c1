import { readFileSync } from 'node:fs';
import { systemClock } from 'meanwhile';
import { expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { createTerminal } from '../support/terminal.ts';

async function run(...argv: string[]): Promise<{ code: number; out: string; errors: string }> {
  const { world, written, errors } = createTerminal(systemClock);
  return { code: await main(argv, world), out: written.join(''), errors: errors.join('') };
}

const more = 'write meanwhile dev FILE, or meanwhile --help.';

test.each([
  [[], `expected a command, got none; ${more}`],
  [['talk'], `there is no command "talk"; ${more}`],
  [['constructor'], `there is no command "constructor"; ${more}`],
  [['--loud'], `there is no option "--loud"; ${more}`],
  [['chat'], 'chat: expected a file, got none; write meanwhile chat FILE.'],
  [['chat', 'a.ts', 'b.ts'], 'chat: expected one file, got also "b.ts".'],
  [['chat', '--loud', 'a.ts'], 'chat: there is no option "--loud"; there are --plain and --store.'],
  [['chat', '--plain=yes', 'a.ts'], 'chat: --plain takes no value, got "yes".'],
  [['dev'], 'dev: expected a file, got none; write meanwhile dev FILE.'],
  [['dev', 'a.ts', 'b.ts'], 'dev: expected one file, got also "b.ts".'],
  [['dev', '--loud', 'a.ts'], 'dev: there is no option "--loud"; there are --port, --no-voice and --store.'],
  [['dev', 'a.ts', '--store'], 'dev: expected a file to keep the conversation in, got none; write --store calls.db.'],
  [
    ['chat', 'a.ts', '--store='],
    'chat: expected a file to keep the conversation in, got none; write --store calls.db.',
  ],
  [['dev', '--no-voice=yes', 'a.ts'], 'dev: --no-voice takes no value, got "yes".'],
  [['dev', '--port', 'many', 'a.ts'], 'dev: expected a port from 0 to 65535, got "many"; write --port 4680.'],
  [['dev', '--port=65536', 'a.ts'], 'dev: expected a port from 0 to 65535, got "65536"; write --port 4680.'],
  [['dev', 'a.ts', '--port'], 'dev: expected a port from 0 to 65535, got none; write --port 4680.'],
])('a wrong command line is told in one sentence, with exit code 2: %j', async (argv, sentence) => {
  expect(await run(...argv)).toEqual({ code: 2, out: '', errors: `meanwhile: ${sentence}\n` });
});

test.each([[['--help']], [['-h']], [['help']], [['chat', '--help']]])('help goes to the output: %j', async (argv) => {
  const { code, out, errors } = await run(...argv);
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  expect(out).toMatch(/^Usage: meanwhile dev FILE\n {7}meanwhile chat FILE\n/);
});

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(await run('--version')).toEqual({ code: 0, out: `${version}\n`, errors: '' });
});

test.each(['chat', 'dev'])('a file that does not exist has exit code 1: %s', async (command) => {
  expect(await run(command, 'nope.ts')).toEqual({
    code: 1,
    out: '',
    errors: 'meanwhile: there is no file nope.ts; check the path.\n',
  });
});
