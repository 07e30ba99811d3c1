/** A caller who hangs up while he is served, over real sockets: his booking goes on, and he is told when he calls again. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, AgentSession, tool } from 'meanwhile';
import { memory } from 'meanwhile/store';
import { createVirtualClock, scriptedModel, type ScriptedStep } from 'meanwhile/testing';
import { expect, onTestFinished, test } from 'vitest';
import { serveConversations } from '../../src/server/index.ts';
import { CloseCode } from '../../src/wire/index.ts';
import { TestPage } from '../support/page.ts';
import { byHand } from '../support/session.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

test('S8.7 a caller hangs up while booking; calling again he is told, once, and another caller is not', async () => {
  const clock = createVirtualClock();
  const store = memory({ clock });
  const booked = byHand<string>();
  const sessions: AgentSession[] = [];
  const steps: Record<string, ScriptedStep[]> = {
    'call-1': [{ calls: [{ name: 'book' }] }, 'I am booking.'],
    'call-2': ['Hello, Bob.'],
    'call-3': ['Welcome back: it is booked, AB12.'],
  };
  const book = tool({
    name: 'book',
    whenSessionEnds: 'finish',
    execute: async (_args, { ctx }) => {
      await ctx.update('Booking');
      return await booked.promise;
    },
  });
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const conversations = serveConversations<string>(http, {
    clock,
    logger: quiet,
    graceMs: 30_000,
    authenticate: ({ headers }) => headers['x-user'] as string,
    open: ({ userData: userKey }) => {
      const sessionId = `call-${String(sessions.length + 1)}`;
      const llm = scriptedModel(steps[sessionId] ?? [], { clock });
      const session = new AgentSession({ llm, clock, store, sessionId, userKey, tools: [book], logger: quiet });
      sessions.push(session);
      return { session, agent: new Agent({ name: 'travel', instructions: 'You are a travel agent.' }) };
    },
  });
  onTestFinished(async () => {
    await clock.runUntil(conversations.close());
    http.closeAllConnections();
    http.close();
  });
  const { port } = http.address() as AddressInfo;
  const open = (user: string): Promise<TestPage> =>
    TestPage.open(`ws://127.0.0.1:${String(port)}/meanwhile`, {}, { 'x-user': user });

  const ada = await open('ada');
  ada.send({ type: 'text', text: 'Book it' });
  await ada.first('record', ({ record }) => record.type === 'speech_closed');
  ada.socket.terminate();
  await ada.closed;
  while (clock.pending().every(({ inMs }) => inMs !== 30_000)) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(30_000);
  expect(conversations.conversations).toBe(0);
  expect(sessions[0]?.state.status).toBe('finishing');

  booked.resolve('AB12');
  await clock.settle();
  expect(sessions[0]?.state.status).toBe('closed');

  const bob = await open('bob');
  bob.send({ type: 'text', text: 'Hi' });
  await bob.first('words_end');
  const again = await open('ada');
  await clock.advance(100);
  await again.first('words_end');
  expect(again.words).toBe('Welcome back: it is booked, AB12.');
  expect(bob.words).toBe('Hello, Bob.');
  await again.first('record', ({ record }) => record.type === 'delivery_ended' && record.receipt === 'completed');
});

test('S8.7 a conversation that is over, and only its task goes on, is none to come back to', async () => {
  const clock = createVirtualClock();
  const never = new Promise<never>(() => undefined);
  const book = tool({
    name: 'book',
    whenSessionEnds: 'finish',
    execute: async (_args, { ctx }) => (await ctx.update('x'), await never),
  });
  const llm = scriptedModel([{ calls: [{ name: 'book' }] }, 'I am booking.'], { clock });
  const session = new AgentSession({ llm, clock, tools: [book], logger: quiet });
  await session.start({ agent: new Agent({ name: 'travel', instructions: 'You are a travel agent.' }) });
  await clock.runUntil(session.run({ userInput: 'Book it' }));
  await clock.runUntil(session.close());
  expect(session.state.status).toBe('finishing');
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const conversations = serveConversations(http, { clock, logger: quiet, open: () => ({ session }) });
  onTestFinished(async () => {
    await clock.runUntil(conversations.close());
    http.closeAllConnections();
    http.close();
  });
  const { port } = http.address() as AddressInfo;
  const page = new TestPage(`ws://127.0.0.1:${String(port)}/meanwhile`);
  await once(page.socket, 'open');
  page.send({ type: 'hello', version: 1 });
  expect((await page.closed).code).toBe(CloseCode.failed);
});
