import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { systemClock } from 'meanwhile';
import { expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { createTerminal } from '../support/terminal.ts';

const moduleAt = (name: string): string => join(import.meta.dirname, 'modules', name);

/** Restate's admin, as far as a worker talks to it. */
async function admin(answer: { status: number; body: string }) {
  const asked: string[] = [];
  const server = createHttpServer((request, response) => {
    request.on('data', (chunk: Buffer) => asked.push(`${String(request.url)} ${chunk.toString()}`));
    request.on('end', () => {
      response.writeHead(answer.status);
      response.end(answer.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return { url, asked, close: () => server.close() };
}

async function run(...argv: string[]): Promise<{ code: number; out: string; errors: string }> {
  const terminal = createTerminal(systemClock);
  return {
    code: await main(['worker', ...argv], terminal.world),
    out: terminal.written.join(''),
    errors: terminal.errors.join(''),
  };
}

test('serves the durable tools of a module, wherever they stand, and the store; a signal ends it', async () => {
  const restate = await admin({ status: 201, body: '{}' });
  const terminal = createTerminal(systemClock);
  const file = moduleAt('durable.ts');
  const { stdout } = terminal.world;
  const done = main(['worker', file, '--port', '0', '--admin', restate.url], terminal.world);
  const ready = Promise.withResolvers<void>();
  const write = stdout.write.bind(stdout) as (text: string) => boolean;
  stdout.write = ((text: string) => {
    const written = write(text);
    if (text.startsWith('serving')) ready.resolve();
    return written;
  }) as typeof stdout.write;
  await Promise.race([ready.promise, done]);
  terminal.signal('SIGTERM');
  expect([await done, terminal.errors.join('')]).toEqual([0, '']);
  const lines = terminal.written.join('').trim().split('\n');
  const [, uri] = /^serving at (http:\/\/127\.0\.0\.1:\d+), known to http/.exec(lines.at(-1) ?? '') ?? [];
  expect(lines.slice(0, -1).sort()).toEqual([
    'meanwhile_book',
    'meanwhile_in_list',
    'meanwhile_in_toolset',
    'meanwhile_index',
    'meanwhile_session',
    'meanwhile_user',
  ]);
  expect(restate.asked).toEqual([`/deployments ${JSON.stringify({ uri, force: true })}`]);
  await expect(fetch(uri ?? '')).rejects.toThrow('fetch failed');
  restate.close();
});

test.each([
  [['--loud'], 'there is no option "--loud"; there are --port, --host, --admin, --uri and --no-register.'],
  [['a.ts', 'b.ts'], 'expected one file, got also "b.ts".'],
  [['--port', 'many'], 'expected a port from 0 to 65535, got "many"; write --port 9080.'],
  [['--host'], 'expected an address to listen at, got none; write --host 0.0.0.0.'],
  [['--admin', 'here'], 'expected an address, got "here"; write --admin http://127.0.0.1:9070.'],
  [['--uri'], 'expected an address, got none; write --uri http://127.0.0.1:9080.'],
  [['--no-register=yes'], '--no-register takes no value, got "yes".'],
])('a wrong command line has exit code 2: %j', async (argv, sentence) => {
  expect(await run(...argv)).toEqual({ code: 2, out: '', errors: `meanwhile: worker: ${sentence}\n` });
});

test('a file without durable tools says what it exports', async () => {
  const { code, errors } = await run(moduleAt('default-agent.ts'), '--no-register');
  expect(code).toBe(1);
  expect(errors).toMatch(/default-agent\.ts exports no durable tool, but \w+.*; write export const book = durable\(/);
});

test('a port that is taken, and a Restate that refuses, are told in one sentence', async () => {
  const taken = createServer();
  taken.listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const port = String((taken.address() as AddressInfo).port);
  expect(await run('--no-register', '--port', port)).toMatchObject({
    code: 1,
    errors: expect.stringMatching(
      /^meanwhile: worker: it cannot listen at 127\.0\.0\.1:\d+: .*EADDRINUSE.*--port\.\n$/,
    ) as unknown,
  });
  taken.close();
  const restate = await admin({ status: 400, body: 'no such thing' });
  expect(await run('--port', '0', '--admin', restate.url)).toMatchObject({
    code: 1,
    errors: expect.stringMatching(
      /was not told of http:.*: 400 no such thing; is Restate running there\?.*\.\n$/,
    ) as unknown,
  });
  restate.close();
});
