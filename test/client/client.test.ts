/** The client against the real server, over real sockets; time is the virtual clock's. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { Agent, AgentSession } from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedStep, type VirtualClock } from 'meanwhile/testing';
import { createVoice } from 'meanwhile/voice';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MeanwhileClient } from '../../src/client/client.ts';
import type { LinkState } from '../../src/client/link.ts';
import { serveConversations, type ConversationServer, type ServeOptions } from '../../src/server/index.ts';
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
