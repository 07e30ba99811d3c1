/** The client against the real server, over real sockets; time is the virtual clock's. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { Agent, AgentSession } from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedStep, type VirtualClock } from 'meanwhile/testing';
import { createVoice } from 'meanwhile/voice';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { MeanwhileClient } from '../../src/client/client.ts';
import type { LinkState } from '../../src/client/link.ts';
import { serveConversations, type ConversationServer, type ServeOptions } from '../../src/server/index.ts';
import { CloseCode, type ClientMessage } from '../../src/wire/index.ts';
import { createTone } from '../support/sound.ts';

let http: Server;
let clock: VirtualClock;
let conversations: ConversationServer;
let client: MeanwhileClient;
const states: LinkState[] = [];
const seen: number[] = [];
let spoken = '';
let heard = Promise.withResolvers<void>();

const ignore = (): void => undefined;
const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

async function serve(steps: readonly ScriptedStep[], options: Partial<ServeOptions> = {}): Promise<void> {
  conversations = serveConversations(http, {
    clock,
    logger,
    open: () => {
      const voice = createVoice({ tts: createTone(clock), clock });
      const session = new AgentSession({ llm: scriptedModel(steps, { clock }), output: voice.output, clock, logger });
      return { session, voice, agent: new Agent({ instructions: 'You are a travel agent.' }) };
    },
    ...options,
  });
  const { port } = http.address() as AddressInfo;
  client = new MeanwhileClient({ url: `ws://127.0.0.1:${String(port)}/meanwhile`, clock });
  const tell = (): void => {
    const { resolve } = heard;
    heard = Promise.withResolvers();
    resolve();
  };
  client.on('state', (state) => {
    states.push(state);
    tell();
  });
  client.on('record', ({ seq }) => {
    seen.push(seq);
    tell();
  });
  client.on('message', (message) => {
    if (message.type === 'words') spoken += message.text;
    tell();
  });
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await heard.promise;
}

beforeEach(async () => {
  clock = createVirtualClock();
  states.length = 0;
  seen.length = 0;
  spoken = '';
  http = createServer();
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
});

afterEach(async () => {
  client.close();
  const closing = conversations.close();
  await clock.settle();
  await closing;
  http.close();
});

test('it connects, writes, and reads', async () => {
  await serve([{ text: 'It is sunny.' }]);
  expect(client.sendText('too early')).toBe(false);
  client.connect();
  await until(() => client.state.type === 'open');
  expect(client.sendText('How is the weather?')).toBe(true);
  await until(() => spoken === 'It is sunny.');
  expect(states.map(({ type }) => type)).toEqual(['connecting', 'open']);
});

test('when the connection drops it comes back, and every record is seen once, in order', async () => {
  await serve([{ text: 'It is sunny.' }, { text: 'And warm.' }]);
  client.connect();
  await until(() => client.state.type === 'open');
  client.sendText('How is the weather?');
  await until(() => spoken.includes('sunny'));
  http.closeAllConnections();
  for (const socket of [...sockets(http)]) socket.destroy();
  await until(() => client.state.type === 'waiting');
  client.retry();
  await until(() => client.state.type === 'open');
  client.sendText('Really?');
  await until(() => spoken.includes('warm'));
  expect(seen).toEqual(seen.map((_seq, index) => index + 1));
  expect(conversations.conversations).toBe(1);
});

test('without a loudspeaker the agent writes; with one it speaks, and is told how much was played', async () => {
  await serve([{ text: 'Hello there.' }, { text: 'Goodbye now.' }]);
  client.connect();
  await until(() => client.state.type === 'open');
  client.sendText('Hi');
  await until(() => spoken === 'Hello there.');
  let samples = 0;
  const arrived = Promise.withResolvers<void>();
  client.setLoudspeaker({
    rate: 16_000,
    play: (piece) => {
      samples += piece.length;
      if (samples > 9_000) arrived.resolve();
    },
    clear: () => Promise.resolve(250),
    drain: () => Promise.resolve(),
  });
  client.sendText('Bye');
  await until(() => spoken.includes('Goodbye'));
  // 12 letters of 50 ms.
  await clock.advance(1_000);
  await arrived.promise;
  expect(samples).toBeLessThanOrEqual(9_600);
});

test('what the user does before the conversation is there waits or is refused, and ends nothing', async () => {
  const [asked, opening] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const voice = createVoice({ tts: createTone(clock), clock });
  await serve([], {
    open: async () => {
      asked.resolve();
      await opening.promise;
      const session = new AgentSession({ llm: scriptedModel([], { clock }), output: voice.output, clock, logger });
      return { session, voice, agent: new Agent({ instructions: 'You are a travel agent.' }) };
    },
  });
  client.connect();
  await asked.promise;
  expect(client.sendText('too early')).toBe(false);
  const cleared = Promise.withResolvers<void>();
  client.setLoudspeaker({
    rate: 16_000,
    play: () => undefined,
    clear: () => {
      cleared.resolve();
      return Promise.resolve(0);
    },
    drain: () => Promise.resolve(),
  });
  opening.resolve();
  await until(() => client.state.type === 'open');
  // The server has heard of the loudspeaker: it begins with an empty one.
  await cleared.promise;
  expect(voice.speaks).toBe(true);
});

test('what another process sends again is seen again, and what is gone is told of', async () => {
  const closed = conversationsOf([
    { from: 1, run: 'one', records: [1, 2, 3] },
    { from: 1, run: 'two', records: [1, 2, 3, 4] },
    { from: 5, run: 'two', records: [5] },
    { from: 20, run: 'two', records: [20] },
  ]);
  await serve([], {});
  await conversations.close();
  const hellos = closed.serve(http);
  client.connect();
  for (const [index, last] of [3, 4, 5, 20].entries()) {
    await until(() => seen.at(-1) === last);
    if (index < 3) client.retry();
    await clock.advance(250);
  }
  expect(seen).toEqual([1, 2, 3, 1, 2, 3, 4, 5, 20]);
  expect(hellos.map(({ resume }) => resume)).toEqual([
    undefined,
    { key: 'call', since: 3, run: 'one' },
    { key: 'call', since: 4, run: 'two' },
    { key: 'call', since: 5, run: 'two' },
  ]);
});

test('why the server let it go is said until there is a server again', async () => {
  await serve([], { limits: { maxConnections: 1 } });
  const { port } = http.address() as AddressInfo;
  const other = new MeanwhileClient({ url: `ws://127.0.0.1:${String(port)}/meanwhile`, clock });
  onTestFinished(() => other.close());
  const taken = new Promise<void>((resolve) => other.on('welcome', () => resolve()));
  other.connect();
  await taken;
  client.connect();
  await until(() => client.state.type === 'waiting');
  expect(client.state).toEqual({ type: 'waiting', inMs: 250, attempt: 1, reason: 'busy' });
  await clock.advance(250);
  await until(() => states.filter(({ type }) => type === 'waiting').length === 2);
  expect(states.at(-2)).toEqual({ type: 'connecting', attempt: 2, reason: 'busy' });
});

test('that a server went and keeps the conversation is said until it is back, whoever does not answer meanwhile', async () => {
  await serve([], {});
  await conversations.close();
  conversationsOf([{ from: 1, run: 'one', records: [], closes: CloseCode.away }]).serve(http);
  client.connect();
  await until(() => client.state.type === 'waiting');
  http.close();
  await clock.advance(250);
  await until(() => states.filter(({ type }) => type === 'waiting').length === 2);
  expect(client.state).toMatchObject({ attempt: 1, reason: 'away' });
});

test('a page that was loaded anew comes back to its conversation from the first record on', async () => {
  await serve([], {});
  await conversations.close();
  const hellos = conversationsOf([{ from: 1, run: 'one', records: [1, 2] }]).serve(http);
  const { port } = http.address() as AddressInfo;
  client = new MeanwhileClient({ url: `ws://127.0.0.1:${String(port)}/meanwhile`, clock, resume: 'call' });
  const second = new Promise<void>((resolve) => client.on('record', ({ seq }) => seq === 2 && resolve()));
  client.connect();
  await second;
  expect(hellos[0]?.resume).toEqual({ key: 'call', since: 0 });
});

interface Scripted {
  readonly from: number;
  readonly run: string;
  readonly records: readonly number[];
  /** Ends with it instead of being cut by the test. */
  readonly closes?: number;
}

/** A server that says what it is told to, one connection after the other; each but the last is cut when it has said it. */
function conversationsOf(script: readonly Scripted[]) {
  return {
    serve: (server: Server) => {
      const hellos: Extract<ClientMessage, { type: 'hello' }>[] = [];
      const sockets = new WebSocketServer({ server });
      sockets.on('connection', (socket) => {
        const { from, run, records, closes } = script[hellos.length] ?? { from: 1, run: 'none', records: [] };
        const isLast = hellos.length === script.length - 1;
        socket.once('message', (data: Buffer) => {
          hellos.push(JSON.parse(data.toString()) as (typeof hellos)[number]);
          const welcome = { type: 'welcome', version: 1, key: 'call', sessionId: 'call', seq: 0, from, run, now: 0 };
          socket.send(JSON.stringify({ ...welcome, sound: { hears: false, speaks: false } }));
          for (const seq of records) socket.send(JSON.stringify({ type: 'record', record: { type: 'x', seq, at: 0 } }));
          if (closes !== undefined) socket.close(closes);
          else if (!isLast) socket.terminate();
        });
      });
      onTestFinished(() => {
        for (const socket of sockets.clients) socket.terminate();
      });
      return hellos;
    },
  };
}

test('where there is no point in trying again it says why and stays closed', async () => {
  await serve([], { authenticate: () => undefined });
  client.connect();
  await until(() => client.state.type === 'closed');
  expect(client.state).toEqual({ type: 'closed', reason: 'unauthorized', detail: 'Nobody we know.' });
});

test('a server that is not there is tried again, later each time', async () => {
  await serve([]);
  const closing = new Promise<void>((resolve) => http.close(() => resolve()));
  await closing;
  client.connect();
  const attempts = (): number => states.filter(({ type }) => type === 'connecting').length;
  for (const [index, inMs] of [250, 500, 1_000].entries()) {
    await until(() => states.filter(({ type }) => type === 'waiting').length === index + 1);
    expect(client.state).toMatchObject({ inMs });
    await clock.advance(inMs - 1);
    expect(attempts()).toBe(index + 1);
    await clock.advance(1);
    expect(attempts()).toBe(index + 2);
  }
});

/** The sockets that were upgraded are not the server's own any more. */
const upgraded = new WeakMap<Server, Set<Duplex>>();
function sockets(server: Server): Set<Duplex> {
  return upgraded.get(server) ?? new Set();
}
beforeEach(() => {
  const known = new Set<Duplex>();
  upgraded.set(http, known);
  http.on('upgrade', (_request, socket) => known.add(socket));
});
