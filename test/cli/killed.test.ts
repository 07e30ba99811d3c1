/** The commands in real processes on a real file: killed without a warning, started again with the same words. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageText } from 'meanwhile';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { sqlite } from '../../src/store/sqlite.ts';
import { startChild, type Child } from '../support/child.ts';
import { TestPage } from '../support/page.ts';

const devProcess = fileURLToPath(new URL('../support/dev-process.ts', import.meta.url));
const root = new URL('../../', import.meta.url);
const agent = 'test/browser/agents/durable.ts';

let folder: string;
let store: string;
let env: Record<string, string>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meanwhile-killed-'));
  store = join(folder, 'calls.db');
  env = { MEANWHILE_TEST_STEPS: join(folder, 'steps') };
  writeFileSync(join(folder, 'index.html'), '<!doctype html>the page');
});
afterEach(() => rmSync(folder, { recursive: true }));

function start(args: readonly string[], variables: Record<string, string>): Child {
  const child = startChild(args, variables);
  onTestFinished(child.kill);
  return child;
}

const steps = (): string => readFileSync(join(folder, 'steps'), 'utf8');

async function serve(): Promise<{ child: Child; url: URL }> {
  const child = start([devProcess, folder, agent, '--store', store, '--port', '0', '--no-voice'], env);
  const [url] = await child.printed(/http:\S+/);
  return { child, url: new URL(url) };
}

/** Until one of its kind is in the file, whoever has been told of it before. */
async function kept(type: string): Promise<void> {
  const calls = sqlite(store);
  const ids = await calls.find(fileURLToPath(new URL(agent, root)));
  while (!(await calls.read(ids[0]?.sessionId ?? '', 0)).some((record) => record.type === type))
    await new Promise((resolve) => setImmediate(resolve));
  await calls.close();
}

const visit = (
  { host, search, origin }: URL,
  resume?: { key: string; since: number; run?: string },
): Promise<TestPage> => TestPage.open(`ws://${host}/meanwhile${search}`, resume ? { resume } : {}, { origin });

const recorded = (page: TestPage, type: string): Promise<unknown> =>
  page.first('record', ({ record }) => record.type === type);
const numbers = (page: TestPage): number[] => page.all('record').map(({ record }) => record.seq);

test('the server is killed while it books: the page comes back to its conversation, and the result is told', async () => {
  const first = await serve();
  const page = await visit(first.url);
  page.send({ type: 'text', text: 'book Tokyo' });
  await recorded(page, 'task_stepped');
  await kept('speech_closed');
  const { key, run = '' } = page.welcome;
  const since = numbers(page).length;
  await first.child.kill();

  const second = await serve();
  expect(second.url.search).toBe(first.url.search);
  const again = await visit(second.url, { key, since, run });
  expect(again.welcome).toMatchObject({ key, from: 1, kept: true });
  await again.first('record', ({ record }) => record.type === 'delivery_ended' && record.id.endsWith('_final'));
  expect(numbers(again)).toEqual(numbers(again).map((_seq, index) => index + 1));
  expect(again.all('record').filter(({ record }) => record.type === 'session_restored')).toHaveLength(1);
  expect(steps()).toBe('reserved\n');
  const said = again.all('record').flatMap(({ record }) => (record.type === 'message_added' ? [record.message] : []));
  expect(said.map((message) => messageText(message))).toEqual([
    'book Tokyo',
    'News: Searching flights to Tokyo',
    'News: Seat 7A to Tokyo',
  ]);
});

test('a page that was opened after the server was started anew has the last conversation, the next one a new one', async () => {
  const first = await serve();
  const page = await visit(first.url);
  page.send({ type: 'text', text: 'hello' });
  await page.first('words_end');
  await first.child.kill();
  const second = await serve();
  const [one, two] = [await visit(second.url), await visit(second.url)];
  await one.first('record', ({ record }) => record.type === 'message_added');
  expect(one.welcome.key).toBe(page.welcome.key);
  expect(two.welcome.key).not.toBe(page.welcome.key);
  // An end that was asked for keeps it, too, and gives it back at once.
  second.child.process.kill('SIGTERM');
  expect(await second.child.ended).toBe(0);
  const third = await serve();
  const back = await visit(third.url, { key: page.welcome.key, since: 0 });
  expect(back.welcome.sessionId).toBe(page.welcome.sessionId);
});

test('a pipe is killed while it books: the next has the conversation, ends the booking and tells its result', async () => {
  const command = ['bin/meanwhile.js', 'chat', agent, '--plain', '--store', store];
  const first = start(command, env);
  first.process.stdin.write('book Tokyo\n');
  await first.printed(/agent {3}News: Searching flights to Tokyo/);
  await kept('speech_closed');
  await first.kill();
  const second = start(command, env);
  second.process.stdin.end();
  expect(await second.ended).toBe(0);
  expect(second.errors()).toBe('');
  const lines = second.out().replace(/^ *\d:\d\d\.\d {2}/gm, '');
  expect(lines).toBe(
    [
      'user    book Tokyo',
      'agent   News: Searching flights to Tokyo',
      '(the process ended here; the conversation goes on)',
      'task    book_flight#1 completed: Seat 7A to Tokyo',
      'agent   News: Seat 7A to Tokyo',
      'told    book_flight#1 result',
      'end     suspended',
      '',
    ].join('\n'),
  );
  expect(steps()).toBe('reserved\n');

  const third = start(command, env);
  third.process.stdin.end('/quit\n');
  await third.ended;
  expect(third.out()).toContain('end     closed');
  // It was ended for good.
  const fourth = start(command, env);
  fourth.process.stdin.end('hello\n');
  await fourth.ended;
  expect(fourth.out()).not.toContain('Tokyo');
  expect(fourth.out()).toContain('You said: hello');
});
