/** Conversations with a store, served by one process after another: the old one is never asked again. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, AgentSession, tool, type SessionStore } from 'meanwhile';
import { memory } from 'meanwhile/store';
import { createVirtualClock, scriptedModel, type ScriptedStep, type VirtualClock } from 'meanwhile/testing';
import { expect, onTestFinished, test } from 'vitest';
import { serveConversations, type ConversationServer, type ServeOptions } from '../../src/server/index.ts';
import { CloseCode } from '../../src/wire/index.ts';
import { byHand } from '../support/session.ts';
import { TestPage } from '../support/page.ts';

interface Process {
  readonly url: string;
  readonly clock: VirtualClock;
  readonly conversations: ConversationServer;
  readonly restored: string[];
  readonly logged: string[];
}

interface ProcessOptions extends Partial<ServeOptions> {
  readonly steps?: readonly ScriptedStep[];
  readonly tools?: ConstructorParameters<typeof Agent>[0]['tools'];
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** A process with a server: new conversations are kept, and those of before are brought back by their key, which is their id. */
async function startProcess(
  store: SessionStore,
  { steps = [], tools = [], ...options }: ProcessOptions = {},
): Promise<Process> {
  const clock = createVirtualClock();
  const http: Server = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const restored: string[] = [];
  const logged: string[] = [];
  const agent = (): Agent => new Agent({ name: 'travel', instructions: 'You are a travel agent.', tools });
  const shared = { llm: scriptedModel(steps, { clock }), clock, store, logger: quiet };
  const conversations = serveConversations(http, {
    clock,
    logger: { error: (text) => logged.push(text), warn: (text) => logged.push(text) },
    open: async ({ resume }) => {
      if (resume === undefined) {
        const session = new AgentSession({ ...shared, sessionId: 'call-1' });
        return { session, key: 'call-1', agent: agent() };
      }
      restored.push(resume);
      const agents = { travel: agent };
      const session = await AgentSession.restore({ ...shared, sessionId: resume, agents, takeOver: true });
      return { session, key: resume };
    },
    ...options,
  });
  onTestFinished(async () => {
    const closing = conversations.close();
    await clock.runUntil(closing);
    http.closeAllConnections();
    http.close();
  });
  const { port } = http.address() as AddressInfo;
  return { url: `ws://127.0.0.1:${String(port)}/meanwhile`, clock, conversations, restored, logged };
}

const numbers = (page: TestPage): number[] => page.all('record').map(({ record }) => record.seq);
const upTo = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_none, index) => from + index);
const caughtUp = (page: TestPage): Promise<void> => page.until(() => page.all('state').length > 0);

test('a page comes back to another process: it is sent what the first kept, from the store; from then on what it missed only', async () => {
  const store = memory({ clock: createVirtualClock() });
  const hand = byHand();
  const book = tool({
    name: 'book',
    idempotent: true,
    execute: async (_args, { ctx }) => {
      await ctx.update('Booking');
      return ctx.resumed ? 'Booked.' : await hand.promise;
    },
  });
  const first = await startProcess(store, {
    steps: [{ calls: [{ name: 'book' }] }, 'I am booking it.'],
    tools: [book],
  });
  const page = await TestPage.open(first.url);
  page.send({ type: 'text', text: 'Book it' });
  await page.until(() => page.all('record').some(({ record }) => record.type === 'speech_closed'));
  const seen = numbers(page).length;

  const { run = '' } = page.welcome;
  const second = await startProcess(store, { steps: [], tools: [book] });
  // What it saw last may never have been kept: the first process is not asked.
  const again = await TestPage.open(second.url, { resume: { key: 'call-1', since: seen + 3, run } });
  await caughtUp(again);
  expect(again.welcome).toMatchObject({ key: 'call-1', sessionId: 'call-1', from: 1, kept: true });
  const now = numbers(again).length;
  expect(numbers(again)).toEqual(upTo(1, now));
  const types = again.all('record').map(({ record }) => record.type);
  expect(types.slice(0, 2)).toEqual(['session_opened', 'agent_entered']);
  expect(types.indexOf('session_restored')).toBe(seen);
  const back = { key: 'call-1', since: now - 2, run: again.welcome.run ?? '' };
  const missed = await TestPage.open(second.url, { resume: back });
  await caughtUp(missed);
  expect(missed.welcome.from).toBe(now - 1);
  expect(numbers(missed)).toEqual(upTo(now - 1, now));
  expect(second.restored).toEqual(['call-1']);
  expect(second.conversations.conversations).toBe(1);
});

test('a page that asks twice while its conversation is being brought back gets the same one', async () => {
  const store = memory({ clock: createVirtualClock() });
  const first = await startProcess(store);
  await caughtUp(await TestPage.open(first.url));
  const gate = byHand();
  const [asked, inner] = [byHand(), store.snapshot.bind(store)];
  store.snapshot = async (id) => {
    asked.resolve(undefined);
    await gate.promise;
    return await inner(id);
  };
  const second = await startProcess(store);
  const hello = { type: 'hello', version: 1, resume: { key: 'call-1', since: 0 } } as const;
  const one = new TestPage(second.url);
  await once(one.socket, 'open');
  one.send(hello);
  await asked.promise;
  one.socket.terminate();
  const two = new TestPage(second.url);
  await once(two.socket, 'open');
  two.send(hello);
  // The server has heard it when it answers what was sent behind it.
  two.socket.ping();
  await once(two.socket, 'pong');
  gate.resolve(undefined);
  await caughtUp(two);
  expect(second.restored).toEqual(['call-1']);
  expect(numbers(two)).toEqual(upTo(1, numbers(two).length));
});

test('what is too long ago to be in memory comes from the store, in order and once', async () => {
  const store = memory({ clock: createVirtualClock() });
  const steps = Array.from({ length: 12 }, () => 'Yes.');
  const { url } = await startProcess(store, { steps, limits: { maxRecords: 8 } });
  const page = await TestPage.open(url);
  for (const index of steps.keys()) {
    page.send({ type: 'text', text: 'Is it?' });
    await page.until(() => page.all('words_end').length === index + 1);
  }
  const { run = '' } = page.welcome;
  const again = await TestPage.open(url, { resume: { key: 'call-1', since: 3, run } });
  await caughtUp(again);
  expect(again.welcome.seq).toBeGreaterThan(30);
  expect(numbers(again)).toEqual(upTo(4, again.welcome.seq));
});

test('a store that cannot be read is told of, and the conversation goes on with what there is', async () => {
  const store = memory({ clock: createVirtualClock() });
  const first = await startProcess(store);
  await caughtUp(await TestPage.open(first.url));
  const second = await startProcess(store, { steps: ['Here I am.'] });
  const page = await TestPage.open(second.url, { resume: { key: 'call-1', since: 0 } });
  await caughtUp(page);
  store.read = () => Promise.reject(new Error('It is away.'));
  const again = await TestPage.open(second.url, { resume: { key: 'call-1', since: 0 } });
  expect((await again.first('problem')).message).toBe('It is away.');
  await caughtUp(again);
  again.send({ type: 'text', text: 'Hello?' });
  await again.first('words_end');
  expect(again.words).toBe('Here I am.');
});

test('a server that closes lets its conversations go: the page is told to come back, and the next process has them at once', async () => {
  const store = memory({ clock: createVirtualClock() });
  const first = await startProcess(store, { steps: ['Hello.'] });
  const page = await TestPage.open(first.url);
  page.send({ type: 'text', text: 'Hi' });
  await page.first('words_end');
  await first.clock.runUntil(first.conversations.close());
  expect((await page.closed).code).toBe(CloseCode.away);
  const session = await AgentSession.restore({
    llm: scriptedModel([]),
    store,
    sessionId: 'call-1',
    logger: quiet,
    agents: { travel: () => new Agent({ name: 'travel', instructions: 'You are a travel agent.' }) },
  });
  expect(session.history.toArray()).toHaveLength(2);
  await session.close();
});

test('a session that was closed before the page came is none: the page is told that it failed', async () => {
  const store = memory({ clock: createVirtualClock() });
  const closed = new AgentSession({ llm: scriptedModel([]), store, logger: quiet });
  await closed.start({ agent: new Agent({ instructions: 'You are a travel agent.' }) });
  await closed.close();
  const { url, conversations, logged } = await startProcess(store, { open: () => ({ session: closed }) });
  const page = new TestPage(url);
  await once(page.socket, 'open');
  page.send({ type: 'hello', version: 1 });
  expect((await page.closed).code).toBe(CloseCode.failed);
  expect(logged.join()).toContain('the session is closed');
  expect(conversations.conversations).toBe(0);
});
