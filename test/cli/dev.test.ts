/** The server behind `meanwhile dev`, over real sockets on loopback. */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { cp, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { systemClock } from 'meanwhile';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { dev } from '../../src/cli/dev.ts';
import { startDev, type DevOptions, type RunningDev } from '../../src/cli/dev/start.ts';
import { CloseCode } from '../../src/wire/index.ts';
import { TestPage } from '../support/page.ts';
import { createTerminal, type TestTerminal } from '../support/terminal.ts';

let folder: string;
let terminal: TestTerminal;
const modules = join(import.meta.dirname, 'modules');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meanwhile-'));
  await writeFile(join(folder, 'index.html'), '<!doctype html>the page');
  await writeFile(join(folder, 'page.js'), 'void 0;');
  await writeFile(join(folder, 'notes.txt'), 'not of the page');
  terminal = createTerminal(systemClock);
});

afterEach(() => rm(folder, { recursive: true }));

async function start(options: Partial<DevOptions> = {}): Promise<RunningDev> {
  const world = { ...terminal.world, cwd: modules };
  const running = await startDev({
    file: 'default-function.ts',
    port: 0,
    voice: false,
    world,
    page: folder,
    ...options,
  });
  onTestFinished(() => running.close());
  return running;
}

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

async function get(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const sent = request(url, { headers, method }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode, body: await text(response), headers: response.headers };
}

/** The page's connection, as the page that this server served makes it. */
function address({ url }: RunningDev): { socket: string; origin: string } {
  const { origin, host, search } = new URL(url);
  return { socket: `ws://${host}/meanwhile${search}`, origin };
}

async function visit(running: RunningDev, key?: string): Promise<TestPage> {
  const { socket, origin } = address(running);
  return TestPage.open(socket, key === undefined ? {} : { resume: { key, since: 0 } }, { origin });
}

test('the address in the terminal is on loopback, has a token and leads to the page', async () => {
  const { url } = await start();
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[0-9a-f]{32}$/);
  expect(terminal.written.join('')).toContain(url);
  const { status, body, headers } = await get(url);
  expect({ status, body }).toEqual({ status: 200, body: '<!doctype html>the page' });
  expect(headers['content-type']).toBe('text/html; charset=utf-8');
  expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
  expect(headers['content-security-policy']).not.toMatch(/unsafe|\*/);
  expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
});

test.each([
  ['without a token', '/', {}, 403],
  ['with a wrong token', '/?token=0123456789abcdef0123456789abcdef', {}, 403],
  ['under a name that somebody else points here', '?', { host: 'evil.example' }, 403],
  ['under this name and another port', '?', { host: '127.0.0.1:1' }, 403],
  ['what is not there', '/none.js', {}, 404],
  ['what is not of the page', '/notes.txt', {}, 404],
  ['what lies outside of it', '/..%2f..%2fpackage.json', {}, 404],
  ['a file of the page', '/page.js', {}, 200],
])('%s', async (_name, path, headers, status) => {
  const { url } = await start();
  const wanted = path === '?' ? url : new URL(path, url).href;
  expect((await get(wanted, headers)).status).toBe(status);
});

test('it only answers questions', async () => {
  const { url } = await start();
  expect((await get(url, {}, 'POST')).status).toBe(405);
});

test('a conversation: text goes in, words come out', async () => {
  const page = await visit(await start());
  expect(page.welcome.sound).toEqual({
    hears: false,
    speaks: false,
    problem: 'Voice was switched off with --no-voice.',
  });
  page.send({ type: 'text', text: 'Hi' });
  await page.first('words_end');
  expect(page.words).toBe('Hello.');
  expect(page.all('model_call')).toHaveLength(1);
});

test('nobody is let in without the token, and no page of another origin', async () => {
  const { socket, origin } = address(await start());
  const stranger = new TestPage(socket.replace(/token=.*/, 'token=none'), { origin });
  expect((await stranger.closed).code).toBe(CloseCode.unauthorized);
  for (const headers of [{}, { origin: 'http://evil.example' }, { origin: 'null' }, { origin, host: 'evil.example' }]) {
    const { code } = await new TestPage(socket, headers).closed;
    expect(code).toBe(1006);
  }
});

test.each(['default-function.ts', 'session-and-agent.ts', 'default-agent.ts'])(
  'each page that comes has a conversation of its own: %s',
  async (file) => {
    const running = await start({ file });
    const [one, two] = [await visit(running), await visit(running)];
    expect(one.welcome.key).not.toBe(two.welcome.key);
    for (const page of [one, two]) {
      page.send({ type: 'text', text: 'Hi' });
      await page.first('words_end');
      expect(page.words).toBe('Hello.');
    }
  },
);

/** A module with agents of one name, in a folder of its own beside those it imports. */
async function changing(): Promise<{ file: string; write(text: string): Promise<void> }> {
  const own = await mkdtemp(join(modules, 'changing-'));
  onTestFinished(() => rm(own, { recursive: true }));
  await cp(join(modules, 'agents.ts'), join(own, 'agents.ts'));
  const file = join(own, 'agent.ts');
  return { file, write: (code) => writeFile(file, code) };
}

const agentOf = (name: string): string =>
  `import { createAgent } from './agents.ts';\nexport default () => createAgent('${name}');\n`;

const nameOf = async (page: TestPage): Promise<string | undefined> => (await page.first('state')).agentName;

test('when the file is changed its page comes back to the new agent; a broken file keeps the old one', async () => {
  const { file, write } = await changing();
  await write(agentOf('first'));
  const running = await start({ file });
  const page = await visit(running);
  expect(await nameOf(page)).toBe('first');
  const said = new Promise<string>((resolve) => {
    const listen = (line: string): void => {
      terminal.errors.push(line);
      if (line.includes('cannot be used')) resolve(line);
    };
    Object.assign(terminal.world.stderr, { write: listen });
  });
  await write('const a = ;\n');
  expect(await said).toMatch(/agent\.ts was changed and cannot be used: .*agent\.ts/);
  expect(await nameOf(await visit(running))).toBe('first');
  expect(page.socket.readyState).toBe(page.socket.OPEN);
  await write(agentOf('second'));
  expect((await page.closed).code).toBe(CloseCode.reload);
  const back = await visit(running, page.welcome.key);
  expect(back.welcome.key).not.toBe(page.welcome.key);
  expect(await nameOf(back)).toBe('second');
});

test('with a store the conversation goes on with the changed file, and the address stays the same', async () => {
  const { file, write } = await changing();
  await write(agentOf('first'));
  const store = join(folder, 'calls.db');
  const running = await start({ file, store });
  expect((await stat(`${store}.token`)).mode & 0o777).toBe(0o600);
  const page = await visit(running);
  page.send({ type: 'text', text: 'Hi' });
  await page.first('words_end');
  await write(`${agentOf('first')}export const note = 'Changed.';\n`);
  expect((await page.closed).code).toBe(CloseCode.reload);
  const back = await visit(running, page.welcome.key);
  expect(back.welcome).toMatchObject({ key: page.welcome.key, note: 'Changed.', kept: true });
  const said = (): unknown[] => back.all('record').filter(({ record }) => record.type === 'message_added');
  await back.until(() => said().length === 2);
  await running.close();
  const again = await start({ file, store });
  expect(new URL(again.url).search).toBe(new URL(running.url).search);
  // What is no token is none: nobody could have meant it.
  await again.close();
  await writeFile(`${store}.token`, 'guess me');
  const last = await start({ file, store });
  expect(last.url).toMatch(/token=[0-9a-f]{32}$/);
});

test('a file that cannot be talked to is told of before anything is served', async () => {
  await expect(start({ file: 'nothing.ts' })).rejects.toThrow('nothing.ts exports no agent');
  await expect(start({ file: 'absent.ts' })).rejects.toThrow('there is no file absent.ts; check the path.');
});

test('an agent without a model is told of on the page and in the terminal', async () => {
  const { socket, origin } = address(await start({ file: 'no-model.ts' }));
  const page = new TestPage(socket, { origin });
  await once(page.socket, 'open');
  page.send({ type: 'hello', version: 1 });
  expect((await page.closed).code).toBe(CloseCode.failed);
  expect(terminal.errors.join('')).toContain('no-model.ts exports an agent without a model; give it one');
});

test('a port that is taken is told, with the way out', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => void other.close());
  const { port } = other.address() as { port: number };
  await expect(start({ port })).rejects.toThrow(`port ${String(port)} is taken; write --port 0 for another.`);
});

test.each([['no-such-folder'], ['empty']])(
  'a page that was not built is told, with the command that does: %s',
  async (name) => {
    const page = join(folder, name);
    if (name === 'empty') await cp(join(folder, 'page.js'), join(page, 'page.js'));
    await expect(start({ page })).rejects.toThrow('run npm run build:page in the repository');
  },
);

test('the command ends with a signal, and its conversations with it', async () => {
  const listening = Promise.withResolvers<() => void>();
  const onSignal: DevOptions['world']['onSignal'] = (listener) => {
    listening.resolve(() => listener('SIGINT'));
    return () => undefined;
  };
  const world = { ...terminal.world, cwd: modules, onSignal };
  const ended = dev(['default-function.ts', '--port', '0', '--no-voice'], world, folder);
  const interrupt = await listening.promise;
  const url = /http:\S+/.exec(terminal.written.join(''))?.[0] ?? '';
  const page = await visit({ url, close: () => Promise.resolve() });
  interrupt();
  expect(await ended).toBe(0);
  expect((await page.closed).code).toBe(CloseCode.over);
});
