/** The real server, real sockets on loopback; the session and the limits run on the virtual clock. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { Agent, AgentSession, tool } from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedStep, type VirtualClock } from 'meanwhile/testing';
import { createVoice } from 'meanwhile/voice';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { serveConversations, type ConversationServer, type ServeOptions } from '../../src/server/index.ts';
import { CloseCode } from '../../src/wire/index.ts';
import { TestPage } from '../support/page.ts';
import { createTone } from '../support/sound.ts';

let http: Server;
let clock: VirtualClock;
let conversations: ConversationServer | undefined;
const sessions: AgentSession[] = [];
const logged: string[] = [];

beforeEach(async () => {
  clock = createVirtualClock();
  sessions.length = 0;
  logged.length = 0;
  http = createServer((_request, response) => response.end('the application'));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
});

afterEach(async () => {
  const closing = conversations?.close();
  await clock.settle();
  await closing;
  conversations = undefined;
  http.closeAllConnections();
  http.close();
});

const host = (): string => `127.0.0.1:${String((http.address() as AddressInfo).port)}`;
const url = (path = '/meanwhile'): string => `ws://${host()}${path}`;
const note = (text: string): void => void logged.push(text);

interface ServedOptions extends Partial<ServeOptions<string>> {
  readonly steps?: readonly ScriptedStep[];
  readonly tools?: ConstructorParameters<typeof Agent>[0]['tools'];
}

function serve({ steps = [], tools = [], ...options }: ServedOptions = {}): void {
  conversations = serveConversations<string>(http, {
    clock,
    logger: { error: note, warn: note },
    open: () => {
      const session = new AgentSession({
        llm: scriptedModel(steps, { clock }),
        clock,
        logger: { debug: note, info: note, warn: note, error: note },
      });
      sessions.push(session);
      return {
        session,
        agent: new Agent({ instructions: 'You are a travel agent.', tools }),
        note: 'Ask me to book a flight.',
      };
    },
    ...options,
  });
}

test('a page says hello, writes, and reads the answer; the application goes on serving', async () => {
  serve({ steps: [{ text: 'It is sunny.' }] });
  const page = await TestPage.open(url());
  expect(page.welcome).toMatchObject({
    version: 1,
    note: 'Ask me to book a flight.',
    sound: { hears: false, speaks: false },
  });
  page.send({ type: 'text', text: 'How is the weather?' });
  await page.first('words_end');
  expect(page.words).toBe('It is sunny.');
  await page.first('record', ({ record }) => record.type === 'speech_closed');
  const seen = page.all('record').map(({ record }) => record.seq);
  expect(seen).toEqual(seen.map((_seq, index) => index + 1));
  expect(await (await fetch(`http://${host()}/`)).text()).toBe('the application');
});

test('why there is no sound is told, and again when it is another', async () => {
  let [text, changed]: [string | undefined, () => void] = ['Half of the models is here.', () => undefined];
  const session = new AgentSession({ llm: scriptedModel([], { clock }), clock });
  serve({
    open: () => ({
      session,
      agent: new Agent({ instructions: 'You are a travel agent.' }),
      voice: createVoice({ tts: createTone(clock), clock }),
      soundProblem: {
        get text() {
          return text;
        },
        watch: (listener) => {
          changed = listener;
          return () => {
            changed = () => (text = 'nobody watches');
          };
        },
      },
    }),
  });
  const page = await TestPage.open(url());
  expect(page.welcome.sound).toEqual({ hears: false, speaks: false, problem: 'Half of the models is here.' });
  text = undefined;
  changed();
  expect((await page.first('sound')).sound).toEqual({ hears: false, speaks: true });
  await session.close();
  changed();
  expect(text).toBe('nobody watches');
});

test('a loudspeaker begins empty, stays while the microphone is another, and is never asked with an old number', async () => {
  serve({
    open: () => {
      const voice = createVoice({ tts: createTone(clock), clock });
      const session = new AgentSession({ llm: scriptedModel([], { clock }), output: voice.output, clock });
      return { session, voice, agent: new Agent({ instructions: 'You are a travel agent.' }) };
    },
  });
  const sound = { sound: { loudspeaker: 24_000 } };
  const page = await TestPage.open(url(), sound);
  await page.first('clear');
  page.send({ type: 'sound', loudspeaker: 24_000, microphone: 16_000 });
  page.send({ type: 'text', text: 'The model has nothing to say.' });
  await page.first('problem');
  expect(page.all('clear')).toHaveLength(1);
  const again = await TestPage.open(url(), { ...sound, resume: { key: page.welcome.key, since: 0 } });
  const { id } = await again.first('clear');
  expect(page.all('clear').map((message) => message.id)).not.toContain(id);
});

test('a page that comes back is told what it missed, and only that', async () => {
  const done = Promise.withResolvers<string>();
  const book = tool({
    name: 'book_flight',
    description: 'Books.',
    parameters: z.object({}),
    execute: async (_args, { ctx }) => {
      await ctx.update('Booking');
      return await done.promise;
    },
  });
  serve({
    steps: [{ calls: [{ name: 'book_flight', args: {} }] }, { text: 'I am booking it.' }, { text: 'It is booked.' }],
    tools: [book],
  });
  const page = await TestPage.open(url());
  page.send({ type: 'text', text: 'Book it' });
  await page.until(() => page.all('record').filter(({ record }) => record.type === 'speech_closed').length === 1);
  const since = page.all('record').at(-1)?.record.seq ?? 0;
  page.socket.terminate();
  await page.closed;
  done.resolve('NH-1');
  await clock.advance(5_000);
  const again = await TestPage.open(url(), { resume: { key: page.welcome.key, since } });
  expect(again.welcome.sessionId).toBe(page.welcome.sessionId);
  await again.until(() => again.all('record').at(-1)?.record.seq === again.welcome.seq);
  const missed = again.all('record').map(({ record }) => record);
  expect(missed.at(0)?.seq).toBe(since + 1);
  expect(missed.some((record) => record.type === 'task_ended')).toBe(true);
  expect(missed.some((record) => record.type === 'delivery_ended' && record.receipt === 'completed')).toBe(true);
  expect(conversations?.conversations).toBe(1);
});

test('a conversation whose page does not come back ends after the grace time', async () => {
  serve({ graceMs: 30_000 });
  const page = await TestPage.open(url());
  page.socket.terminate();
  await page.closed;
  await until(() => clock.pending().length > 0);
  await clock.advance(29_999);
  expect(conversations?.conversations).toBe(1);
  await clock.advance(1);
  expect(conversations?.conversations).toBe(0);
  expect(clock.pending()).toEqual([]);
  // Its key opens nothing any more: a new conversation begins.
  const again = await TestPage.open(url(), { resume: { key: page.welcome.key, since: 3 } });
  expect(again.welcome.key).not.toBe(page.welcome.key);
});

test('the same conversation in two pages: the later one has it', async () => {
  serve();
  const page = await TestPage.open(url());
  const again = await TestPage.open(url(), { resume: { key: page.welcome.key, since: 0 } });
  expect((await page.closed).code).toBe(CloseCode.replaced);
  expect(again.socket.readyState).toBe(again.socket.OPEN);
  expect(conversations?.conversations).toBe(1);
});

test('a session that ends says so to its page', async () => {
  serve();
  const page = await TestPage.open(url());
  await clock.runUntil(sessions[0]?.close() ?? Promise.resolve());
  expect((await page.closed).code).toBe(CloseCode.over);
  expect(conversations?.conversations).toBe(0);
});

test('tasks are cancelled and answered from the page, and what is not possible is said', async () => {
  const ask = tool({
    name: 'order',
    description: 'Orders.',
    parameters: z.object({}),
    execute: async (_args, { ctx }) => {
      const { content } = await ctx.ask({ message: 'Which?', schema: z.object({ size: z.enum(['S', 'L']) }) });
      return `ordered ${content?.size ?? 'nothing'}`;
    },
  });
  serve({
    steps: [{ calls: [{ name: 'order', args: {} }] }, { text: 'Which size?' }, { text: 'Ordered.' }],
    tools: [ask],
  });
  const page = await TestPage.open(url());
  page.send({ type: 'text', text: 'Order' });
  const { record } = await page.first('record', (message) => message.record.type === 'task_asked');
  const callId = 'callId' in record ? (record.callId ?? '') : '';
  page.send({ type: 'answer_task', callId, action: 'accept', content: { size: 'XXL' } });
  expect((await page.first('problem')).message).toContain('size');
  page.send({ type: 'answer_task', callId, action: 'accept', content: { size: 'L' } });
  await page.first('record', (message) => message.record.type === 'task_ended');
  page.send({ type: 'cancel_task', callId: 'nobody' });
  await page.until(() => page.all('problem').length === 2 || page.all('record').length > 0);
  expect(page.socket.readyState).toBe(page.socket.OPEN);
});

describe('who is not let in', () => {
  test('a page of another origin', async () => {
    serve();
    const page = new TestPage(url(), { origin: 'http://elsewhere.example' });
    expect((await page.closed).code).toBe(1006);
    const own = new TestPage(url(), { origin: `http://${host()}` });
    await once(own.socket, 'open');
  });

  test('somebody the application does not know', async () => {
    serve({ authenticate: (request) => (request.url?.includes('token=right') ? 'ada' : undefined) });
    expect((await new TestPage(url('/meanwhile?token=wrong')).closed).code).toBe(CloseCode.unauthorized);
    const page = await TestPage.open(url('/meanwhile?token=right'));
    expect(page.welcome.version).toBe(1);
  });

  test('an authentication that fails lets nobody in', async () => {
    serve({ authenticate: () => Promise.reject(new Error('the database is away')) });
    expect((await new TestPage(url()).closed).code).toBe(CloseCode.unauthorized);
    expect(logged.join()).toContain('the database is away');
  });

  test("another user with somebody's key", async () => {
    serve({ authenticate: (request) => new URL(request.url ?? '', 'http://x').searchParams.get('user') ?? undefined });
    const ada = await TestPage.open(url('/meanwhile?user=ada'));
    const eve = await TestPage.open(url('/meanwhile?user=eve'), { resume: { key: ada.welcome.key, since: 0 } });
    expect(eve.welcome.key).not.toBe(ada.welcome.key);
    expect(ada.socket.readyState).toBe(ada.socket.OPEN);
  });

  test('more than there is room for', async () => {
    serve({ limits: { maxConnections: 1 } });
    await TestPage.open(url());
    expect((await new TestPage(url()).closed).code).toBe(CloseCode.busy);
  });
});

describe('more than there is room for while it is asked who they are', () => {
  const limits = { maxConnections: 1, helloMs: 5_000 };
  test('one whose place is taken is told so, and gets it when it is free', async () => {
    const [isAsked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
    let asked = 0;
    serve({
      limits,
      authenticate: () => {
        asked += 1;
        isAsked.resolve();
        return answer.promise;
      },
    });
    const first = new TestPage(url());
    await isAsked.promise;
    expect((await new TestPage(url()).closed).code).toBe(CloseCode.busy);
    expect(asked).toBe(1);
    answer.resolve('ada');
    await once(first.socket, 'open');
    first.socket.close();
    await first.closed;
    await TestPage.open(url());
    expect(asked).toBe(2);
  });

  test('an answer that never comes takes the place for a time only', async () => {
    let asked = 0;
    serve({
      limits,
      authenticate: () => {
        asked += 1;
        return asked === 1 ? new Promise(() => undefined) : 'ada';
      },
    });
    const first = new TestPage(url());
    await until(() => asked === 1);
    await clock.advance(5_000);
    expect((await first.closed).code).toBe(1006);
    expect(clock.pending()).toEqual([]);
    await TestPage.open(url());
  });

  test('those who are told so are not without end either', async () => {
    serve({ limits });
    await TestPage.open(url());
    // It is told, and does not answer.
    const deaf = connect((http.address() as AddressInfo).port, '127.0.0.1');
    deaf.write(`GET /meanwhile HTTP/1.1\r\n${upgrade}`);
    await once(deaf, 'data');
    expect(await answerTo('GET /meanwhile')).toContain('HTTP/1.1 503');
    deaf.destroy();
  });
});

describe('a peer that sends garbage is closed and harms nobody else', () => {
  test.each([
    ['no JSON', 'hello?', 'Expected JSON, got'],
    ['an unknown message', '{"type":"dance"}', 'type: '],
    ['a message before hello', '{"type":"interrupt"}', 'Expected hello, got interrupt.'],
    ['sound before hello', Buffer.alloc(64), 'Expected hello with the rate of a microphone'],
    ['a wrong rate', '{"type":"hello","version":1,"sound":{"microphone":3}}', 'sound.microphone: '],
  ])('%s', async (_name, data, fact) => {
    serve({ steps: [{ text: 'Hello.' }] });
    const good = await TestPage.open(url());
    const page = new TestPage(url());
    await once(page.socket, 'open');
    page.socket.send(data);
    const { code, reason } = await page.closed;
    expect(code).toBe(CloseCode.protocol);
    expect(reason).toContain(fact);
    good.send({ type: 'text', text: 'Hi' });
    await good.first('words_end');
  });

  test('another version', async () => {
    serve();
    const page = new TestPage(url());
    await once(page.socket, 'open');
    page.send({ type: 'hello', version: 2 });
    expect(await page.closed).toEqual({ code: CloseCode.version, reason: 'Expected version 1, got 2.' });
  });

  test('a message that is too big', async () => {
    serve();
    const page = await TestPage.open(url());
    page.socket.send(JSON.stringify({ type: 'text', text: 'x'.repeat(100_000) }));
    expect((await page.closed).code).toBe(1009);
  });

  test('odd sound, sound without a microphone, and more than a person can make', async () => {
    serve();
    const sound = { sound: { microphone: 16_000 } };
    const odd = await TestPage.open(url(), sound);
    odd.socket.send(Buffer.alloc(65));
    expect((await odd.closed).code).toBe(CloseCode.protocol);
    const none = await TestPage.open(url());
    none.socket.send(Buffer.alloc(64));
    expect((await none.closed).code).toBe(CloseCode.protocol);
    const much = await TestPage.open(url(), sound);
    for (let index = 0; index < 12; index += 1) much.socket.send(Buffer.alloc(30_000));
    expect((await much.closed).code).toBe(CloseCode.tooMuch);
  });

  test('more messages than a person can make', async () => {
    serve({ limits: { messageBurst: 5 } });
    const page = await TestPage.open(url());
    for (let index = 0; index < 6; index += 1) page.send({ type: 'interrupt' });
    expect((await page.closed).code).toBe(CloseCode.tooMuch);
  });

  test('a way that is none, and an upgrade that nobody wants', async () => {
    serve();
    expect(await answerTo('GET //')).toContain('HTTP/1.1 404');
    expect(await answerTo('GET /elsewhere')).toContain('HTTP/1.1 404');
    await TestPage.open(url());
  });

  test('a broken frame from somebody who was refused', async () => {
    serve({ authenticate: (request) => (request.url?.includes('token=right') ? 'ada' : undefined) });
    const socket = connect((http.address() as AddressInfo).port, '127.0.0.1');
    socket.write(`GET /meanwhile HTTP/1.1\r\n${upgrade}`);
    await once(socket, 'data');
    socket.write(Buffer.alloc(8, 0xff));
    await once(socket.resume(), 'close');
    await TestPage.open(url('/meanwhile?token=right'));
  });

  test('a check of the origin that throws lets nobody in', async () => {
    serve({
      allowOrigin: () => {
        throw new Error('no list of origins');
      },
    });
    expect((await new TestPage(url()).closed).code).toBe(1006);
    expect(logged.join()).toContain('no list of origins');
  });

  test('more sound than a person can make, with the microphone switched off and on in between', async () => {
    serve();
    const page = await TestPage.open(url(), { sound: { microphone: 16_000 } });
    for (let index = 0; index < 12; index += 1) {
      page.send({ type: 'sound', microphone: 16_000 });
      page.socket.send(Buffer.alloc(30_000));
    }
    expect((await page.closed).code).toBe(CloseCode.tooMuch);
  });

  test('pings without end', async () => {
    serve({ limits: { messageBurst: 5 } });
    const page = await TestPage.open(url());
    for (let index = 0; index < 6; index += 1) page.socket.ping();
    expect((await page.closed).code).toBe(CloseCode.tooMuch);
  });

  test('nothing at all', async () => {
    serve({ limits: { helloMs: 5_000 } });
    const page = new TestPage(url());
    await once(page.socket, 'open');
    await until(() => clock.pending().length > 0);
    await clock.advance(5_000);
    expect((await page.closed).code).toBe(CloseCode.protocol);
  });
});

test('a page that does not read is let go, and what it missed waits for it', async () => {
  serve({ limits: { maxBufferedBytes: 200_000 }, steps: [{ text: 'word '.repeat(100_000) }] });
  const page = await TestPage.open(url());
  page.socket.pause();
  page.send({ type: 'text', text: 'Talk' });
  await until(() => conversations?.connections === 0);
  const again = await TestPage.open(url(), { resume: { key: page.welcome.key, since: 0 } });
  expect(again.welcome.key).toBe(page.welcome.key);
  page.socket.resume();
});

test('an application that cannot open a session says so to the log, and to the page that it failed', async () => {
  serve({ open: () => Promise.reject(new Error('no model')) });
  const page = new TestPage(url());
  await once(page.socket, 'open');
  page.send({ type: 'hello', version: 1 });
  expect((await page.closed).code).toBe(CloseCode.failed);
  expect(logged.join()).toContain('no model');
  expect(conversations?.conversations).toBe(0);
});

test('another path is not ours', async () => {
  serve();
  let others = 0;
  http.on('upgrade', (request, socket) => {
    if (request.url !== '/other') return;
    others += 1;
    socket.destroy();
  });
  await new TestPage(url('/other')).closed;
  expect(others).toBe(1);
});

test('who a user is may be anything that can be compared', async () => {
  const users = [{ id: 1n }, { id: 1n }, { id: 2n }];
  serve({ authenticate: () => users.shift() as never });
  const ada = await TestPage.open(url());
  const resume = { resume: { key: ada.welcome.key, since: 0 } };
  expect((await TestPage.open(url(), resume)).welcome.key).toBe(ada.welcome.key);
  expect((await TestPage.open(url(), resume)).welcome.key).not.toBe(ada.welcome.key);
});

test('who a user is may be compared by the application; a comparison that throws is a no', async () => {
  class User {
    readonly #id: string;
    constructor(id: string) {
      this.#id = id;
    }
    get id(): string {
      if (this.#id === 'nobody') throw new Error('There is no such user.');
      return this.#id;
    }
  }
  const ids = ['ada', 'ada', 'eve', 'nobody'];
  serve({
    authenticate: () => new User(ids.shift() ?? '') as never,
    sameUser: (known, now) => (known as unknown as User).id === (now as unknown as User).id,
  });
  const ada = await TestPage.open(url());
  const resume = { resume: { key: ada.welcome.key, since: 0 } };
  const keys = [];
  for (let times = 0; times < 3; times += 1) keys.push((await TestPage.open(url(), resume)).welcome.key);
  expect(keys.map((key) => key === ada.welcome.key)).toEqual([true, false, false]);
  expect(logged.join()).toContain('There is no such user.');
});

test('a conversation that opens while the server closes is closed', async () => {
  const [asked, opening] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const session = new AgentSession({ llm: scriptedModel([], { clock }), clock });
  serve({
    open: async () => {
      asked.resolve();
      await opening.promise;
      return { session, agent: new Agent({ instructions: 'You are a travel agent.' }) };
    },
  });
  const page = new TestPage(url());
  await once(page.socket, 'open');
  page.send({ type: 'hello', version: 1 });
  await asked.promise;
  await conversations?.close();
  const closed = new Promise((resolve) => session.on('closed', resolve));
  opening.resolve();
  await closed;
  await clock.settle();
  expect(conversations?.conversations).toBe(0);
  expect(clock.pending()).toEqual([]);
});

const upgrade = [
  'Host: x',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n');

async function answerTo(request: string): Promise<string> {
  const socket = connect((http.address() as AddressInfo).port, '127.0.0.1');
  socket.write(`${request} HTTP/1.1\r\n${upgrade}`);
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return data.toString();
}

/** Lets what arrives arrive. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
