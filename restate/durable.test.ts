/** Durable tools with the real server, the worker in this process: a body means what it means at home. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Agent, handoff, StopResponse, TaskAbortedError, tool, ToolError, type Tool } from '../src/index.ts';
import { durable } from '../src/restate/index.ts';
import { createVirtualClock } from '../src/testing/index.ts';
import type { Endpoint } from '../src/restate/worker.ts';
import { startRestate, type RestateServer } from './server.ts';
import { startTalk, startWorker, toldOf, type TalkOptions, type TestTalk } from './stage.ts';

let server: RestateServer;
let worker: Endpoint | undefined;
let talk: TestTalk | undefined;
let talks = 0;

beforeAll(async () => {
  server = await startRestate();
});
afterAll(() => server?.close());
afterEach(async () => {
  await talk?.session.close();
  await worker?.close();
  talk = worker = undefined;
});

/** A talk with these tools on a worker; each test has calls of its own. */
async function begin(tools: Tool[], options: Partial<TalkOptions> = {}, args: object = {}): Promise<TestTalk> {
  const remote = tools.map((each) => durable(each, { ingress: server.ingressUrl }));
  worker = await startWorker(server, remote);
  talks += 1;
  talk = await startTalk({ tools: remote, sessionId: `talk-${String(talks)}`, ...options }, args);
  return talk;
}

const question = z.object({ seat: z.string().refine((seat) => seat !== '1A', { error: 'is taken' }) });

/** An open promise, as a signal ends it. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

describe('what a body tells', () => {
  test('S2.1, S2.4: updates arrive in their order, then the result', async () => {
    const { session, finish } = await begin(
      [
        tool({
          name: 'work',
          parameters: z.object({ to: z.string() }),
          execute: async ({ to }, { ctx }) => {
            await ctx.update(`Searching ${to}`);
            void ctx.update({ found: 3 });
            void ctx.update({ message: 'Booking', progress: 1, total: 2 });
            return { booked: await ctx.step('book', () => 'T-1') };
          },
        }),
      ],
      {},
      { to: 'Tokyo' },
    );
    const notes: unknown[] = [];
    session.on('task_updated', ({ message, progress }) => notes.push([message, progress]));
    await finish();
    expect(toldOf(session).slice(1)).toEqual([
      'call_1_update_1: {"found":3}',
      expect.stringMatching(/^call_1_update_2: .*Booking/),
      'call_1_final: {"booked":"T-1"}',
    ]);
    expect(toldOf(session)[0]).toMatch(/^call_1: .*Searching Tokyo/);
    expect(notes).toContainEqual(['Booking', 1]);
  });

  test('S1.6: a generator tells by its yields', async () => {
    const { session, finish } = await begin([
      tool({
        name: 'work',
        execute: async function* () {
          yield 'One';
          yield 'Two';
          return 'Done';
        },
      }),
    ]);
    await finish();
    expect(toldOf(session)).toEqual([
      expect.stringContaining('One'),
      expect.stringContaining('Two'),
      'call_1_final: Done',
    ]);
  });

  test('S1.5: what is no JSON is refused, and the body goes on', async () => {
    const { session, finish } = await begin([
      tool({
        name: 'work',
        execute: async (_args, { ctx }) => {
          const refused = [new Map(), { message: 'x', data: 1n }, 2n].map((it) =>
            ctx.update(it).catch((error: unknown) => (error as { code?: string }).code),
          );
          return (await Promise.all(refused)).join();
        },
      }),
    ]);
    await finish();
    expect(toldOf(session).at(-1)).toMatch(/invalid_value,invalid_value,invalid_value$/);
  });

  test('what is longer than Restate takes is refused, its step not done again', async () => {
    const long = 'x'.repeat(32 * 2 ** 20);
    let deeds = 0;
    const { session, finish } = await begin([
      tool({
        name: 'work',
        execute: async (_args, { ctx }) => {
          const note = (error: unknown): void => void ctx.update((error as Error).message);
          await ctx.update(long).catch(note);
          await ctx.step('fetch', () => ((deeds += 1), long)).catch(note);
          return long;
        },
      }),
    ]);
    await finish();
    expect(toldOf(session)).toEqual([
      expect.stringContaining('ctx.update: what is told is 32.0 MiB long, and Restate takes less than 32.'),
      expect.stringContaining('ctx.step: what "fetch" gave is 32.0 MiB long'),
      'call_1_final ! What work gave is 32.0 MiB long, and Restate takes less than 32. It was done.',
    ]);
    expect(deeds).toBe(1);
  });

  test('options of an update: its template, its key, silent', async () => {
    const { session, finish } = await begin([
      tool({
        name: 'work',
        execute: async (_args, { ctx }) => {
          await ctx.update('$& {callId}', { template: ({ message }) => `<${message}>`, key: 'a' });
          await ctx.update('again', { key: 'a' });
          await ctx.update('later', { template: '{functionName}: {message}', maxHoldMs: Infinity, deliver: 'silent' });
          return 'Done';
        },
      }),
    ]);
    await finish();
    expect(toldOf(session)).toEqual(['call_1: <$& {callId}>', 'call_1_update_1: work: later', 'call_1_final: Done']);
  });

  test('two tasks at once are told apart', async () => {
    const each = (name: string): Tool =>
      tool({
        name,
        execute: async (_args, { ctx }) => {
          await ctx.update(`${name} begins`);
          return await ctx.step('deed', () => `${name} done`);
        },
      });
    const { session, heard } = await begin([each('left'), each('right')]);
    await session.run({ userInput: 'Go' });
    for (const callId of ['call_1', 'call_2']) await heard((it) => it.type === 'task_ended' && it.callId === callId);
    expect(
      toldOf(session)
        .filter((line) => line.includes('_final'))
        .sort(),
    ).toEqual(['call_1_final: left done', 'call_2_final: right done']);
  });
});

describe('S1.4: how a body ends', () => {
  const ended: [how: string, execute: Tool['execute'], state: string, told: RegExp][] = [
    ['a value', () => ({ a: [1] }), 'completed', /^call_1: \{"a":\[1\]\}$/],
    ['undefined', () => undefined, 'completed', /^call_1: $/],
    ['ToolError', () => Promise.reject(new ToolError('No seats.')), 'failed', /^call_1 ! No seats\.$/],
    ['any other throw', () => Promise.reject(new TypeError('secret')), 'failed', /^call_1 ! (?!.*secret).*internal/],
    ['a throw of a non-Error', () => Promise.reject('secret' as unknown as Error), 'failed', /^call_1 ! (?!.*secret)/],
    ['StopResponse', () => Promise.reject(new StopResponse()), 'completed', /^call_1: $/],
    ['a returned ToolError', () => new ToolError('No seats.'), 'failed', /^call_1 ! No seats\.$/],
    ['what is no JSON', () => new Map(), 'failed', /^call_1 ! .*Map/],
    [
      'a handoff',
      () => handoff(new Agent({ name: 'billing', instructions: '' })),
      'failed',
      /^call_1 ! work wanted to hand over to the agent "billing", which a tool on a worker cannot do\.$/,
    ],
  ];
  test.each(ended)('%s', async (_how, execute, state, line) => {
    const { session, finish, heard } = await begin([tool({ name: 'work', execute })]);
    await finish();
    expect(await heard(({ type }) => type === 'task_ended')).toMatchObject({ state });
    expect(toldOf(session)).toEqual([expect.stringMatching(line)]);
  });

  test('what it threw is in the session’s error event, with the worker’s stack', async () => {
    const { finish, heard } = await begin([
      tool({ name: 'work', execute: () => Promise.reject(new TypeError('secret')) }),
    ]);
    await finish();
    const event = await heard(({ type }) => type === 'error');
    expect(event).toMatchObject({ source: 'tool', error: { name: 'TypeError', message: 'secret' } });
  });

  test('S1.3: arguments that the worker’s schema refuses, the body not run', async () => {
    const here = tool({ name: 'work', parameters: z.object({ n: z.number() }), execute: () => 'ran' });
    const there = tool({ name: 'work', parameters: z.object({ n: z.string() }), execute: () => 'ran' });
    const ingress = server.ingressUrl;
    worker = await startWorker(server, [durable(there, { ingress })]);
    talk = await startTalk({ tools: [durable(here, { ingress })], sessionId: 'schemas' }, { n: 1 });
    await talk.finish();
    expect(toldOf(talk.session)).toEqual([expect.stringMatching(/^call_1 ! .*n: .*string/)]);
  });
});

describe('ctx', () => {
  test('S6.6: ask goes to the user and back, checked by the body’s own schema', async () => {
    const { session, finish, heard } = await begin([
      tool({
        name: 'work',
        execute: async (_args, { ctx }) => {
          const { action, content } = await ctx.ask({ message: 'Which seat?', schema: question });
          return `${action} ${String(content?.seat)}`;
        },
      }),
    ]);
    const asked = (says: RegExp) => heard((it) => it.type === 'task_updated' && says.test(it.question ?? ''));
    const done = finish();
    await asked(/^Which seat\?$/);
    await expect(session.tasks.answer('call_1', 'accept', { seat: 1 })).rejects.toThrow('seat');
    await session.tasks.answer('call_1', 'accept', { seat: '1A' });
    await asked(/is taken/);
    await session.tasks.answer('call_1', 'accept', { seat: '12C' });
    await done;
    expect(toldOf(session).at(-1)).toBe('call_1_final: accept 12C');
  });

  test('S6.6: a question that nobody answers in time is cancelled', async () => {
    const { session, finish } = await begin([
      tool({
        name: 'work',
        execute: async (_args, { ctx }) => (await ctx.ask({ message: 'Well?', timeoutMs: 50 })).action,
      }),
    ]);
    await finish();
    expect(toldOf(session).at(-1)).toBe('call_1_final: cancel');
  });

  test('updates are told while a question is open', async () => {
    const { session, finish, heard } = await begin([
      tool({
        name: 'work',
        execute: async (_args, { ctx }) => {
          const answer = ctx.ask({ message: 'Well?' });
          await ctx.update('Meanwhile');
          await ctx.update('More');
          return (await answer).action;
        },
      }),
    ]);
    const done = finish();
    await heard((it) => it.type === 'task_updated' && it.message === 'More');
    await session.tasks.answer('call_1', 'decline');
    await done;
    expect(toldOf(session).at(-1)).toBe('call_1_final: decline');
  });

  test('what a body tells while a step stands is told at once', async () => {
    const told = Promise.withResolvers<void>();
    const again = Promise.withResolvers<void>();
    const { finish, session, heard } = await begin([
      tool({
        name: 'work',
        execute: async (_args, { ctx }) => {
          const standing = Promise.withResolvers<void>();
          const step = ctx.step('stand', () => {
            standing.resolve();
            return told.promise;
          });
          await standing.promise;
          await ctx.update('Still standing');
          await again.promise;
          await ctx.update('And yet');
          await step;
          return 'Done';
        },
      }),
    ]);
    const done = finish();
    await heard((it) => it.type === 'task_updated' && it.message === 'Still standing');
    again.resolve();
    await heard((it) => it.type === 'task_updated' && it.message === 'And yet');
    told.resolve();
    await done;
    expect(toldOf(session).at(-1)).toBe('call_1_final: Done');
  });

  test('steps side by side; one that throws throws in the body, once, and may be tried again', async () => {
    let tries = 0;
    const { session, finish } = await begin([
      tool({
        name: 'work',
        execute: async (_args, { ctx }) => {
          const [a, b] = await Promise.all([ctx.step('a', () => 1), ctx.step('b', () => ({ b: 2 }))]);
          const failed = await ctx
            .step('c', () => Promise.reject(new ToolError(`try ${String((tries += 1))}`)))
            .catch((error: unknown) => error);
          const again = await ctx.step('c', () => `done at try ${String((tries += 1))}`);
          const twice = await ctx.step('a', () => 1).catch((error: unknown) => (error as Error).message);
          return [a, b, failed instanceof ToolError && failed.message, again, twice];
        },
      }),
    ]);
    await finish();
    expect(toldOf(session)).toEqual([
      expect.stringMatching(/^call_1: \[1,\{"b":2\},"try 1","done at try 2","ctx\.step: this call has a step/),
    ]);
  });

  test('what cannot be done on a worker is refused by name', async () => {
    const { session, finish } = await begin([
      tool({
        name: 'work',
        execute: async (_args, { ctx }) => {
          const codes: unknown[] = [];
          const note = (error: unknown): void => void codes.push((error as { code?: unknown }).code);
          await ctx.foreground(() => 1).catch(note);
          await Promise.try(() => ctx.session).catch(note);
          await ctx.step('a', () => ctx.update('x').catch(note));
          await ctx.step('b', () => ctx.step('c', () => 1).catch(note));
          codes.push(await ctx.filler('Hm', () => 'filled'));
          await ctx.waitForPlayout();
          return codes;
        },
      }),
    ]);
    await finish();
    const outside = 'unsupported_outside_session';
    expect(toldOf(session)).toEqual([
      `call_1: ${JSON.stringify([outside, outside, 'invalid_option', 'invalid_option', 'filled'])}`,
    ]);
  });

  test('userData, the key and the call are those of the session', async () => {
    const work = tool<undefined, { name: string }>({
      name: 'work',
      execute: (_args, { ctx, toolCallId }) => ({
        user: ctx.userData,
        key: ctx.idempotencyKey,
        id: toolCallId,
        name: ctx.functionCall.name,
      }),
    });
    const remote = durable(work, { ingress: server.ingressUrl, userData: ({ name }) => ({ name }) });
    worker = await startWorker(server, [remote as Tool]);
    talk = await startTalk({ tools: [remote as Tool], sessionId: 'user-data', userData: { name: 'Ada', secret: 'x' } });
    await talk.finish();
    expect(toldOf(talk.session)).toEqual([
      'call_1: {"user":{"name":"Ada"},"key":"user-data/call_1","id":"call_1","name":"work"}',
    ]);
  });
});

describe('S5: a task that ends in the session', () => {
  /** A body that stands in a step until its signal fires, and what the signal then said. */
  function standing(more: object = {}): { tool: Tool; stood: Promise<void>; why: Promise<string> } {
    const stood = Promise.withResolvers<void>();
    const why = Promise.withResolvers<string>();
    return {
      stood: stood.promise,
      why: why.promise,
      tool: tool({
        ...more,
        name: 'work',
        execute: async (_args, { ctx }) => {
          let thrown: unknown;
          await ctx.update('Standing');
          await ctx
            .step('stand', ({ abortSignal }) => {
              stood.resolve();
              return untilAborted(abortSignal);
            })
            .catch((error: unknown) => (thrown = error));
          const refused = await ctx.step('next', () => 1).catch((error: unknown) => (error as { code?: string }).code);
          why.resolve(`${thrown instanceof TaskAbortedError ? thrown.why : ''} ${String(refused)}`);
        },
      }),
    };
  }

  test('S5.1, S5.3: cancelled, the worker’s signal fires and no step begins', async () => {
    const { tool: work, stood, why } = standing();
    const { session } = await begin([work]);
    await session.run({ userInput: 'Go' });
    await stood;
    await session.tasks.cancel('call_1');
    expect(await why).toBe('cancelled task_ended');
  });

  test('S5.1: the signal fires for what waits outside of a step, too', async () => {
    const begun = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<unknown>();
    const { session } = await begin([
      tool({
        name: 'work',
        execute: async (_args, { ctx, abortSignal }) => {
          await ctx.update('Begun');
          begun.resolve();
          await untilAborted(abortSignal).catch(() => undefined);
          ended.resolve(await ctx.update('Too late').catch((error: unknown) => (error as { code?: string }).code));
        },
      }),
    ]);
    await session.run({ userInput: 'Go' });
    await begun.promise;
    await session.tasks.cancel('call_1');
    expect(await ended.promise).toBe('task_ended');
  });

  test('S6.6: cancelled while it asks, ask rejects on the worker', async () => {
    const thrown = Promise.withResolvers<unknown>();
    const { session, heard } = await begin([
      tool({
        name: 'work',
        execute: async (_args, { ctx }) => {
          await ctx.ask({ message: 'Well?' }).catch((error: unknown) => thrown.resolve(error));
        },
      }),
    ]);
    void session.run({ userInput: 'Go' }).catch(() => undefined);
    await heard((it) => it.type === 'task_updated' && it.question === 'Well?');
    await session.tasks.cancel('call_1');
    expect(await thrown.promise).toMatchObject({ name: 'AbortError', why: 'cancelled' });
  });

  test('cancelled in Restate itself, the body ends and the session is told', async () => {
    const { tool: work, stood, why } = standing();
    const { session, heard } = await begin([work], { sessionId: 'operator' });
    await session.run({ userInput: 'Go' });
    await stood;
    const url = `${server.ingressUrl}/meanwhile_work/${encodeURIComponent('operator/call_1')}/run/send`;
    const headers = { 'content-type': 'application/json' };
    const known = (await (await fetch(url, { method: 'POST', headers, body: '{}' })).json()) as {
      invocationId: string;
    };
    await fetch(`${server.adminUrl}/invocations/${known.invocationId}/cancel`, { method: 'PATCH' });
    expect(await why).toBe('cancelled task_ended');
    expect(await heard(({ type }) => type === 'task_ended')).toMatchObject({ state: 'failed' });
  });

  test('a body that has ended listens for no abort any more', async () => {
    const clock = createVirtualClock();
    const work = tool({
      name: 'work',
      execute: async (_args, { ctx }) => {
        await ctx.update('One');
        await ctx.step('deed', () => 1);
        return 'Done';
      },
    });
    const remote = durable(work, { ingress: server.ingressUrl, clock });
    worker = await startWorker(server, [remote]);
    talk = await startTalk({ tools: [remote], sessionId: 'listening' });
    await talk.finish();
    const run = `${server.ingressUrl}/restate/workflow/meanwhile_work/${encodeURIComponent('listening/call_1')}/attach`;
    expect((await fetch(run)).status).toBe(200);
    expect(clock.pending()).toEqual([]);
  });

  test('S5.1: cancelled while no worker is there, the session waits for none, and the next one hears of it', async () => {
    const { tool: work, stood, why } = standing();
    const { session, log } = await begin([work]);
    const { port = 0 } = worker ?? {};
    await session.run({ userInput: 'Go' });
    await stood;
    await worker?.close();
    await session.tasks.cancel('call_1');
    await session.close();
    expect(log).toEqual([]);
    worker = await startWorker(server, [durable(work, { ingress: server.ingressUrl })], port);
    expect(await why).toMatch(/task_ended$/);
  });

  test('S5.5: timed out, the worker’s signal says so', async () => {
    const { tool: work, why } = standing({ timeoutMs: 300 });
    const { session, heard } = await begin([work]);
    await session.run({ userInput: 'Go' });
    expect(await heard(({ type }) => type === 'task_ended')).toMatchObject({ state: 'failed' });
    expect(await why).toBe('timeout task_ended');
  });
});
