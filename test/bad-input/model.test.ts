/** Models that do what no model should: the session goes on, and says what was wrong (S1.8, Bad input). */
import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { tool } from 'meanwhile';
import { createVirtualClock, scriptedModel } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { historyOf } from '../support/history.ts';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';

type DoStream = (options: LanguageModelV4CallOptions) => unknown;
const never = new Promise<never>(() => undefined);
const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 1, text: 1, reasoning: undefined },
};
const finish = { type: 'finish', finishReason: { unified: 'stop', raw: 'stop' }, usage } as const;
const words = (text: string, id = 't'): LanguageModelV4StreamPart[] => [
  { type: 'text-start', id },
  { type: 'text-delta', id, delta: text },
  { type: 'text-end', id },
];

function streamOf(...parts: unknown[]): { stream: ReadableStream<LanguageModelV4StreamPart> } {
  return {
    stream: new ReadableStream({
      start: (controller) => {
        for (const part of parts) controller.enqueue(part as LanguageModelV4StreamPart);
        controller.close();
      },
    }),
  };
}

/** Answers so until it is mended, and then "Well." */
async function startWith(bad: DoStream, times = 1): Promise<TestSession & { mend: () => void }> {
  const clock = createVirtualClock();
  const model = scriptedModel([], { clock, fallback: () => 'Well.' });
  let left = times;
  const odd: LanguageModelV4 = {
    ...model,
    doStream: (options) =>
      ((left -= 1) >= 0 ? bad : model.doStream)(options) as ReturnType<LanguageModelV4['doStream']>,
  };
  const job = tool({ name: 'job', parameters: z.object({}), execute: () => 'found' });
  const t = await startTestSession([], { clock, model: odd as never, tools: [job] });
  return { ...t, mend: () => (left = 0) };
}

const errorsOf = (t: TestSession) => t.events.flatMap((event) => (event.type === 'error' ? [event.source] : []));

const broken: [string, DoStream][] = [
  ['gives nothing', () => undefined],
  ['gives a promise of nothing', async () => null],
  ['gives no stream', async () => ({})],
  [
    'throws instead of rejecting',
    () => {
      throw new Error('no');
    },
  ],
  ['rejects with undefined', () => Promise.reject(undefined)],
  ['rejects with null', () => Promise.reject(null)],
  [
    'gives a stream that is taken',
    async () => {
      const it = streamOf(finish);
      it.stream.getReader();
      return it;
    },
  ],
  [
    'gives a stream that errors with undefined',
    async () => ({ stream: new ReadableStream({ start: (controller) => controller.error(undefined) }) }),
  ],
  ['gives null as a part', async () => streamOf(null, finish)],
  ['gives a finish without a reason', async () => streamOf({ type: 'finish' })],
  [
    'gives a stream whose cancel throws',
    async () => ({
      stream: new ReadableStream({
        pull: (controller) => controller.enqueue({ type: 'error', error: 'no' } as LanguageModelV4StreamPart),
        cancel: () => {
          throw new Error('no');
        },
      }),
    }),
  ],
  ['gives an error part of nothing', async () => streamOf({ type: 'error', error: undefined })],
];

test.each(broken)('S1.8 one that %s: an error event, and the next message is answered', async (_name, answer) => {
  const t = await startWith(answer, Infinity);
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  t.mend();
  expect(errorsOf(t)).toEqual(['model']);
  await drive(t.clock, t.session.run({ userInput: 'Again' }));
  expect(t.spoken).toEqual(['Well.']);
  await t.session.close();
  expect(t.clock.pending()).toEqual([]);
});

const odd: [string, DoStream, string[]][] = [
  ['words without a start', async () => streamOf({ type: 'text-delta', id: 'x', delta: 'Hello.' }, finish), ['Hello.']],
  [
    'an unknown part',
    async () => streamOf({ type: 'raw', rawValue: {} }, { type: 'telepathy' }, ...words('Hello.'), finish),
    ['Hello.'],
  ],
  ['two finish parts', async () => streamOf(...words('Hello.'), finish, finish), ['Hello.']],
  [
    'words behind the finish',
    async () => streamOf(...words('Hello.'), finish, ...words(' And more.', 'u')),
    ['Hello. And more.'],
  ],
  ['empty words', async () => streamOf(...words(''), ...words('Hello.', 'u'), finish), ['Hello.']],
  ['a finish without usage', async () => streamOf(...words('Hello.'), { ...finish, usage: undefined }), ['Hello.']],
  [
    'words of no string',
    async () => streamOf({ type: 'text-delta', id: 'x', delta: 5 }, ...words('Hello.', 'u'), finish),
    [],
  ],
];

test.each(odd)('S1.8 one that streams %s', async (_name, answer, said) => {
  const t = await startWith(answer);
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  if (said.length > 0) expect(t.spoken).toEqual(said);
  await drive(t.clock, t.session.run({ userInput: 'Again' }));
  expect(t.spoken.at(-1)).toBe('Well.');
});

const callOf = (part: object) => ({ type: 'tool-call', toolCallId: 'x', toolName: 'job', input: '{}', ...part });

test.each<[string, object]>([
  ['without an id', { toolCallId: undefined }],
  ['whose id is a number', { toolCallId: 5 }],
  ['whose id is as long as a book', { toolCallId: 'x'.repeat(100_000) }],
  ['whose id is that of a record', { toolCallId: 'x_final' }],
  ['without a name', { toolName: undefined }],
  ['whose name is an object', { toolName: {} }],
  ['named __proto__', { toolName: '__proto__' }],
  ['named constructor', { toolName: 'constructor' }],
  ['whose arguments are an object', { input: {} }],
  ['whose arguments are undefined', { input: undefined }],
  ['whose arguments are null', { input: 'null' }],
  ['whose arguments are a list', { input: '[]' }],
  ['whose arguments hold __proto__', { input: '{"__proto__":{"x":1}}' }],
  ['whose arguments never end', { input: '{"a":'.repeat(5000) }],
])('S1.3 S2.2 a call %s is answered once, and the session goes on', async (_name, part) => {
  const t = await startWith(async () =>
    streamOf(callOf(part), { ...finish, finishReason: { unified: 'tool-calls', raw: 'x' } }),
  );
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  const batch = [...t.session.history].find((item) => item.kind === 'batch');
  expect(batch?.calls).toHaveLength(1);
  expect(batch?.calls[0]?.callId).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  expect(t.spoken).toEqual(['Well.']);
  expect(t.session.state.tasks.running.size).toBe(0);
});

test('S2.2 two calls of one id in one step are two calls, each with its output', async () => {
  const t = await startWith(async () =>
    streamOf(callOf({}), callOf({}), { ...finish, finishReason: { unified: 'tool-calls', raw: 'x' } }),
  );
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  const batch = [...t.session.history].find((item) => item.kind === 'batch');
  expect(new Set(batch?.calls.map((call) => call.callId)).size).toBe(2);
  expect(t.spoken).toEqual(['Well.']);
});

test('S1.8 S5.6 one that answers after it was aborted: what it says then is heard by nobody, and its stream is closed', async () => {
  const late = byHand();
  let cancelled = false;
  const t = await startWith(async () => {
    await late.promise;
    return {
      stream: new ReadableStream(
        {
          pull: (controller) =>
            controller.enqueue({ type: 'text-delta', id: 'x', delta: 'late ' } as LanguageModelV4StreamPart),
          cancel: () => void (cancelled = true),
        },
        { highWaterMark: 0 },
      ),
    };
  });
  void t.session.sendMessage('Go');
  await t.clock.settle();
  await drive(t.clock, t.session.run({ userInput: 'Stop' }));
  late.resolve();
  await t.clock.settle();
  expect(historyOf(t.session)).toEqual(['user: Go', 'user: Stop', 'assistant: Well.']);
  expect(cancelled).toBe(true);
});

test('S1.8 one that rejects after it was aborted harms nobody', async () => {
  const late = byHand();
  const t = await startWith(() =>
    late.promise.then(() => {
      throw new Error('late');
    }),
  );
  void t.session.sendMessage('Go');
  await t.clock.settle();
  await drive(t.clock, t.session.run({ userInput: 'Stop' }));
  late.resolve();
  await t.clock.settle();
  expect(errorsOf(t)).toEqual([]);
  expect(t.spoken).toEqual(['Well.']);
});

test('S8.7 one that never answers and ignores its signal does not hold a close', async () => {
  const t = await startWith(() => never);
  void t.session.sendMessage('Go');
  await t.clock.settle();
  const before = t.clock.now();
  await drive(t.clock, t.session.close());
  expect(t.clock.now()).toBe(before);
  expect(t.clock.pending()).toEqual([]);
});

test('S1.8 one that calls back into the session while it is asked', async () => {
  let t: TestSession | undefined;
  const later = await startWith(async () => {
    void t?.session.interrupt();
    void t?.session.sendMessage('By the way');
    t?.session.say('Hm.');
    return streamOf(...words('Hello.'), finish);
  });
  t = later;
  void t.session.sendMessage('Go');
  await t.clock.advance(1000);
  await drive(t.clock, t.session.waitForIdle());
  const users = historyOf(t.session).filter((line) => line.startsWith('user'));
  expect(users).toEqual(['user: Go', 'user: By the way']);
  expect(t.spoken).toContain('Well.');
});

test('S1.2 one that calls a tool in every step, though told not to, is stopped after maxToolSteps', async () => {
  const clock = createVirtualClock();
  const model = scriptedModel([], { clock, fallback: () => ({ calls: [{ name: 'job' }] }) });
  const job = tool({ name: 'job', parameters: z.object({}), execute: () => 'found' });
  const t = await startTestSession([], { clock, model, tools: [job] });
  await drive(clock, t.session.run({ userInput: 'Go' }));
  expect(model.calls.length).toBeLessThanOrEqual(5);
});

test('S3.4 one that calls a tool in each reply that tells something does not go on for ever', async () => {
  const clock = createVirtualClock();
  const model = scriptedModel([], { clock, fallback: () => ({ calls: [{ name: 'job' }] }) });
  const job = tool({
    name: 'job',
    parameters: z.object({}),
    onDuplicate: 'allow',
    execute: async (_args, { ctx }) => {
      await ctx.update('Began');
      return 'found';
    },
  });
  const t = await startTestSession([], { clock, model, tools: [job], retryDelayMs: 100 });
  void t.session.sendMessage('Go');
  await clock.advance(10_000);
  const tasks = t.events.filter((event) => event.type === 'task_started').length;
  const seconds = model.calls.length;
  expect(tasks).toBeLessThan(200);
  expect(seconds).toBeLessThan(1000);
  await drive(clock, t.session.close());
});
