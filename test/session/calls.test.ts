/** A tool call: S1.1–S1.3, S1.6, S1.7, and calls that start as they arrive (S1.8). */
import { jsonSchema, tool as aiTool } from 'ai';
import { StopResponse, tool, type Tool } from 'meanwhile';
import { createVirtualClock, scriptedModel } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { historyOf, outputOf } from '../support/history.ts';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';

const echo = (execute: Tool['execute'], more: Partial<Parameters<typeof tool>[0]> = {}) =>
  tool({ ...more, name: 'work', execute });
const call = { calls: [{ name: 'work' }] };

function run(t: TestSession, userInput = 'Go') {
  return drive(t.clock, t.session.run({ userInput }));
}

function eventsOf(t: TestSession, type: string): string[] {
  return t.events.filter((event) => event.type === type).map((event) => JSON.stringify(event));
}

test('S1.1 a body that settles while it blocks is answered inline, and nothing is left to tell', async () => {
  const t = await startTestSession([call, 'It is done.'], { tools: [echo(async () => 'done')] });
  await run(t);
  expect(historyOf(t.session)).toEqual(['user: Go', 'call_1: done', 'assistant: It is done.']);
  expect(eventsOf(t, 'delivery_scheduled')).toEqual([]);
});

test('S1.1 the first update is the output of the call; the turn goes on while the body runs', async () => {
  const done = byHand<string>();
  const work = echo(async (_args, { ctx }) => {
    await ctx.update('looking');
    return done.promise;
  });
  const t = await startTestSession([call, 'I am looking.', 'It is done.'], { tools: [work] });
  await run(t);
  expect(t.spoken).toEqual(['I am looking.']);
  expect(outputOf(t.session, 'call_1')).toContain('looking');
  expect(t.session.tasks.get('call_1')).toMatchObject({ phase: 'background', state: 'working' });
  done.resolve('found');
  await t.clock.advance(100);
  expect(outputOf(t.session, 'call_1_final')).toBe('found');
  expect(t.spoken).toEqual(['I am looking.', 'It is done.']);
});

test('S1.1 S5.6 an interruption sends a blocking call to the background, and its body runs on', async () => {
  const done = byHand<string>();
  const t = await startTestSession([call, 'Yes?', 'It is done.'], { tools: [echo(() => done.promise)] });
  const first = t.session.sendMessage('Go');
  await t.clock.settle();
  expect(t.session.tasks.get('call_1')?.phase).toBe('blocking');
  const second = t.session.sendMessage('Hello?');
  await drive(t.clock, Promise.all([first, second]));
  await t.clock.settle();
  expect(historyOf(t.session)).toEqual([
    'user: Go',
    'call_1: work (call call_1) is still running. Its result is not known yet.',
    'user: Hello?',
    'assistant: Yes?',
  ]);
  done.resolve('found');
  await t.clock.advance(100);
  expect(t.spoken).toEqual(['Yes?', 'It is done.']);
});

test('S1.1 a call that has to queue goes to the background at once', async () => {
  const first = byHand<string>();
  const started: string[] = [];
  const work = tool({
    name: 'work',
    parameters: z.object({ of: z.string() }),
    maxConcurrency: { limit: 1 },
    execute: ({ of }) => {
      started.push(of);
      return of === 'a' ? first.promise : 'b is done';
    },
  });
  const calls = [
    { name: 'work', args: { of: 'a' } },
    { name: 'work', args: { of: 'b' } },
  ];
  const t = await startTestSession([{ calls }, 'Both are on.', 'b is done as well.'], { tools: [work] });
  const running = t.session.run({ userInput: 'Go' });
  await t.clock.settle();
  expect(started).toEqual(['a']);
  expect(t.session.tasks.list().map((task) => task.phase)).toEqual(['blocking', 'background']);
  first.resolve('a is done');
  await drive(t.clock, running);
  expect(started).toEqual(['a', 'b']);
  expect(outputOf(t.session, 'call_2')).toContain('waits for earlier calls');
  expect(outputOf(t.session, 'call_2_final')).toBe('b is done');
});

test('S1.8 S5.2 a body that disallows interruptions keeps the user waiting until its turn has ended', async () => {
  const done = byHand<string>();
  const work = echo(async (_args, { ctx }) => {
    ctx.disallowInterruptions();
    return await done.promise;
  });
  const t = await startTestSession([call, 'It is done.', 'Hello.'], { tools: [work] });
  void t.session.sendMessage('Go');
  await t.clock.settle();
  void t.session.sendMessage('Hello?');
  await t.clock.settle();
  expect(historyOf(t.session)).toEqual(['user: Go']);
  done.resolve('done');
  await t.clock.advance(0);
  expect(historyOf(t.session)).toEqual([
    'user: Go',
    'call_1: done',
    'assistant: It is done.',
    'user: Hello?',
    'assistant: Hello.',
  ]);
});

test('S1.1 S1.2 the answer to a call that has to queue wants a reply', async () => {
  const work = tool({
    name: 'work',
    parameters: z.object({}),
    maxConcurrency: { limit: 1 },
    onDuplicate: 'allow',
    execute: async (_args, { ctx }) => {
      await ctx.update('a is on');
      return await byHand().promise;
    },
  });
  const call = { calls: [{ name: 'work', args: {} }] };
  const t = await startTestSession([call, 'It is on.', call, 'That one waits.'], { tools: [work] });
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  await drive(t.clock, t.session.run({ userInput: 'Another' }));
  expect(t.spoken).toEqual(['It is on.', 'That one waits.']);
});

test('S1.1 an update that comes with the value does not send a settled call to the background', async () => {
  let late: Promise<void> | undefined;
  const work = echo((_args, { ctx }) => {
    queueMicrotask(() => void (late = ctx.update('too late')));
    return 'done';
  });
  const t = await startTestSession([call, 'It is done.'], { tools: [work] });
  await run(t);
  expect(historyOf(t.session)).toEqual(['user: Go', 'call_1: done', 'assistant: It is done.']);
  await expect(late).rejects.toMatchObject({ code: 'task_ended' });
});

test('S1.2 all calls of one step run at the same time, and the step ends with the last of them', async () => {
  const hands = { a: byHand<string>(), b: byHand<string>() };
  const started: string[] = [];
  const work = tool({
    name: 'work',
    parameters: z.object({ of: z.enum(['a', 'b']) }),
    execute: ({ of }) => {
      started.push(of);
      return hands[of].promise;
    },
  });
  const calls = [
    { name: 'work', args: { of: 'a' } },
    { name: 'work', args: { of: 'b' } },
  ];
  const t = await startTestSession([{ calls }, 'Both are done.'], { tools: [work] });
  const running = t.session.run({ userInput: 'Go' });
  await t.clock.settle();
  expect(started).toEqual(['a', 'b']);
  hands.b.resolve('b is done');
  await t.clock.settle();
  expect(t.model.calls.length).toBe(1);
  hands.a.resolve('a is done');
  await drive(t.clock, running);
  expect(historyOf(t.session)).toEqual([
    'user: Go',
    'call_1: a is done',
    'call_2: b is done',
    'assistant: Both are done.',
  ]);
});

test('S1.2 one output that wants a reply is enough for another step; none, and the turn ends', async () => {
  const quiet = tool({ name: 'quiet', execute: () => undefined });
  const stop = tool({
    name: 'stop',
    execute: () => {
      throw new StopResponse();
    },
  });
  const loud = tool({ name: 'loud', execute: () => 'news' });
  const steps = [
    { calls: [{ name: 'quiet' }, { name: 'stop' }] },
    { calls: [{ name: 'quiet' }, { name: 'loud' }] },
    'There is news.',
  ];
  const t = await startTestSession(steps, { tools: [quiet, stop, loud] });
  await run(t, 'First');
  expect(t.model.calls.length).toBe(1);
  await run(t, 'Second');
  expect(t.spoken).toEqual(['There is news.']);
  t.model.assertComplete();
});

test('S1.2 after maxToolSteps steps with calls the next runs with tool choice none', async () => {
  const t = await startTestSession([call, call, 'Enough.'], { tools: [echo(() => 'more')], maxToolSteps: 2 });
  await run(t);
  expect(t.model.calls.map((request) => request.toolChoice?.type)).toEqual(['auto', 'auto', 'none']);
  expect(t.spoken).toEqual(['Enough.']);
});

test('S1.2 unless the application says otherwise that is the fourth', async () => {
  const t = await startTestSession([call, call, call, 'That was enough.'], { tools: [echo(() => 'again')] });
  await run(t);
  expect(t.model.calls.map((request) => request.toolChoice?.type)).toEqual(['auto', 'auto', 'auto', 'none']);
});

test('S1.2 a call made in spite of none is not run and gets an error output', async () => {
  let runs = 0;
  const t = await startTestSession([call, call, 'Next.'], {
    tools: [echo(() => `run ${String((runs += 1))}`)],
    maxToolSteps: 1,
  });
  await run(t);
  expect(runs).toBe(1);
  expect(historyOf(t.session).slice(1)).toEqual([
    'call_1: run 1',
    'call_2 ! No tool may be called now; work was not run. Answer the user in words.',
  ]);
  await run(t, 'And?');
  expect(t.spoken).toEqual(['Next.']);
});

test('S1.2 a model that has no tools and calls one all the same does not go on for ever', async () => {
  const clock = createVirtualClock();
  const model = scriptedModel([], { clock, fallback: () => ({ calls: [{ name: 'ghost' }] }) });
  const t = await startTestSession([], { clock, model, maxToolSteps: 2 });
  await run(t);
  expect(t.model.calls.length).toBe(3);
  expect(t.session.tasks.list()).toEqual([]);
});

test('S1.3 malformed JSON is repaired where that is safe', async () => {
  const seen: unknown[] = [];
  const book = tool({
    name: 'book',
    parameters: z.object({ to: z.string() }),
    execute: (args) => void seen.push(args),
  });
  const t = await startTestSession([{ calls: [{ name: 'book', argsText: "{to: 'Rome',}" }] }], { tools: [book] });
  await run(t);
  expect(seen).toEqual([{ to: 'Rome' }]);
  expect(batches(t)[0]?.calls[0]?.input).toEqual({ to: 'Rome' });
});

test('S1.3 a call that the length limit cut off is not repaired and does not run', async () => {
  let ran = false;
  const pay = tool({
    name: 'pay',
    parameters: z.object({ amount: z.number().optional() }),
    execute: () => void (ran = true),
  });
  const cut = { calls: [{ name: 'pay', argsText: '{"amount": 100' }], finishReason: 'length' as const };
  const t = await startTestSession([cut, 'Again, please.'], { tools: [pay] });
  await run(t);
  expect(ran).toBe(false);
  expect(outputOf(t.session, 'call_1')).toBe(
    'The arguments of pay do not fit: the arguments were cut off before their end',
  );
  expect(t.spoken).toEqual(['Again, please.']);
});

test('S1.3 a call that the length limit cut off before its arguments began does not run', async () => {
  let ran = false;
  const pay = tool({
    name: 'pay',
    parameters: z.object({ amount: z.number().default(100) }),
    execute: () => void (ran = true),
  });
  const cut = { calls: [{ name: 'pay', argsText: '' }], finishReason: 'length' as const };
  const t = await startTestSession([cut, 'Again, please.'], { tools: [pay] });
  await run(t);
  expect(ran).toBe(false);
  expect(outputOf(t.session, 'call_1')).toContain('cut off');
});

test('S1.3 arguments that do not fit go back with field-level reasons, and the model sees what it had asked for', async () => {
  let ran = false;
  const parameters = z.object({ to: z.string(), seats: z.number().int() });
  const book = tool({ name: 'book', parameters, execute: () => void (ran = true) });
  const t = await startTestSession([{ calls: [{ name: 'book', args: { to: 7, seats: 'two' } }] }, 'Where to?'], {
    tools: [book],
  });
  await run(t);
  expect(ran).toBe(false);
  expect(outputOf(t.session, 'call_1')).toMatch(/^The arguments of book do not fit: to: .*; seats: /);
  expect(batches(t)[0]?.calls[0]?.input).toEqual({ to: 7, seats: 'two' });
  expect(t.events.find((event) => event.type === 'call_answered')).toMatchObject({
    reason: 'invalid',
    callId: 'call_1',
  });
  expect(eventsOf(t, 'task_started')).toEqual([]);
  expect(t.spoken).toEqual(['Where to?']);
});

test('S1.3 an unknown tool is answered with the names of the tools there are', async () => {
  const t = await startTestSession([{ calls: [{ name: 'fly', args: { to: 'Rome' } }] }, 'I cannot fly.'], {
    tools: [echo(() => 'x')],
  });
  await run(t);
  expect(outputOf(t.session, 'call_1')).toBe('There is no tool named "fly". Available tools: work.');
  expect(batches(t)[0]?.calls[0]?.input).toEqual({ to: 'Rome' });
  expect(t.events.find((event) => event.type === 'call_answered')).toMatchObject({ reason: 'unknown' });
});

test('S1.6 each yield of a generator is an update and its return value the result', async () => {
  const done = byHand<string>();
  const work = echo(async function* () {
    yield 'looking';
    yield { message: 'half way', progress: 1, total: 2 };
    return done.promise;
  });
  const t = await startTestSession([call, 'I am looking.', 'Half way.', 'It is done.'], { tools: [work] });
  await run(t);
  done.resolve('found');
  await t.clock.advance(100);
  expect(outputOf(t.session, 'call_1')).toContain('looking');
  expect(outputOf(t.session, 'call_1_update_1')).toContain('half way');
  expect(outputOf(t.session, 'call_1_final')).toBe('found');
});

test('S1.6 a generator that is not async is the same', async () => {
  const work = echo(function* () {
    yield 'looking';
    return 'found';
  });
  const t = await startTestSession([call, 'I am looking.', 'It is done.'], { tools: [work] });
  await run(t);
  await t.clock.advance(100);
  expect(outputOf(t.session, 'call_1_final')).toBe('found');
});

test('S1.5 S1.6 the iterator of a list is no generator, and no value either', async () => {
  const t = await startTestSession([call, 'That went wrong.'], { tools: [echo(() => new Map([['a', 1]]).keys())] });
  await run(t);
  expect(outputOf(t.session, 'call_1')).toMatch(/^work gave a result that cannot be told: /);
  expect(t.session.tasks.list()).toEqual([]);
});

test('S1.6 a yield that cannot be told throws where it stands, as an awaited update does', async () => {
  let caught: unknown;
  let cleaned = false;
  const work = echo(function* () {
    try {
      yield 10n;
    } catch (error) {
      caught = error;
    } finally {
      cleaned = true;
    }
    return 'went on';
  });
  const t = await startTestSession([call, 'It went on.'], { tools: [work] });
  await run(t);
  expect(caught).toMatchObject({ code: 'invalid_value' });
  expect(cleaned).toBe(true);
  expect(outputOf(t.session, 'call_1')).toBe('went on');
});

test('S1.6 the generator of a cancelled task is ended at its next yield, and cleans up', async () => {
  const go = byHand();
  const seen: string[] = [];
  const work = echo(async function* () {
    try {
      yield 'looking';
      await go.promise;
      yield 'never told';
      seen.push('went on');
    } finally {
      seen.push('cleaned up');
    }
  });
  const t = await startTestSession([call, 'I am looking.'], { tools: [work] });
  await run(t);
  const cancelling = t.session.tasks.cancel('call_1');
  await t.clock.settle();
  go.resolve();
  await drive(t.clock, cancelling);
  expect(seen).toEqual(['cleaned up']);
  expect(historyOf(t.session).some((line) => line.includes('never told'))).toBe(false);
});

test('S1.6 yields of an AI SDK tool are for observers, and the last one is the result', async () => {
  const search = aiTool({
    description: 'Searches.',
    inputSchema: jsonSchema<{ for: string }>({ type: 'object', properties: { for: { type: 'string' } } }),
    async *execute({ for: what }) {
      yield { status: 'searching', what };
      yield { status: 'found', what };
    },
  });
  const t = await startTestSession([{ calls: [{ name: 'search', args: { for: 'hotels' } }] }, 'Found.'], {
    tools: { search },
  });
  await run(t);
  expect(historyOf(t.session)).toEqual(['user: Go', 'call_1: {"status":"found","what":"hotels"}', 'assistant: Found.']);
  const seen = t.events.filter((event) => event.type === 'task_updated').map((event) => event.data);
  expect(seen).toEqual([
    { status: 'searching', what: 'hotels' },
    { status: 'found', what: 'hotels' },
  ]);
});

test('S1.7 autoBackgroundMs, counted from the call, sends a silent body to the background', async () => {
  const done = byHand<string>();
  const t = await startTestSession([call, 'It takes a while.', 'It is done.'], {
    tools: [echo(() => done.promise, { autoBackgroundMs: 3000 })],
  });
  const running = t.session.run({ userInput: 'Go' });
  await t.clock.advance(2999);
  expect(t.session.tasks.get('call_1')?.phase).toBe('blocking');
  await t.clock.advance(1);
  await drive(t.clock, running);
  expect(outputOf(t.session, 'call_1')).toBe('work (call call_1) is still running. Its result is not known yet.');
  expect(t.spoken).toEqual(['It takes a while.']);
  done.resolve('found');
  await t.clock.advance(100);
  expect(t.spoken).toEqual(['It takes a while.', 'It is done.']);
});

test('S1.7 a body that settles or updates before autoBackgroundMs leaves no timer', async () => {
  const t = await startTestSession([call, 'It is done.'], {
    tools: [echo(async () => 'done', { autoBackgroundMs: 3000 })],
  });
  await run(t);
  expect(t.clock.pending()).toEqual([]);
  expect(outputOf(t.session, 'call_1')).toBe('done');
});

test('S1.8 a call starts as its part arrives, while the model goes on', async () => {
  const rest = byHand();
  let started = false;
  const work = echo(() => {
    started = true;
    return 'done';
  });
  const t = await startTestSession(
    [{ text: 'One moment.', ...call, hang: rest.promise, hangAfter: 'end' }, 'It is done.'],
    { tools: [work] },
  );
  const running = t.session.run({ userInput: 'Go' });
  await t.clock.settle();
  expect(started).toBe(true);
  expect(t.session.history.length).toBe(1);
  rest.resolve();
  await drive(t.clock, running);
  expect(historyOf(t.session)).toEqual([
    'user: Go',
    'assistant: One moment.',
    'call_1: done',
    'assistant: It is done.',
  ]);
});

function batches(t: TestSession) {
  return [...t.session.history].flatMap((item) => (item.kind === 'batch' ? [item] : []));
}

test('S1.2 S1.3 S2.2 a call that is odd leaves a working session and an error event', async () => {
  const look = tool({ name: 'look', execute: () => 'seen' });
  const odd = (name: string, id: string) => ({ calls: [{ name, id }] });
  const t = await startTestSession(
    [
      odd('look', 'a'),
      'Seen.',
      odd('look', 'a'),
      'Seen again.',
      odd('nothing', 'b'),
      'There is none.',
      odd('look', 'c'),
      'Hello.',
    ],
    { tools: [look] },
  );
  await drive(t.clock, t.session.run({ userInput: 'Look' }));
  await drive(t.clock, t.session.run({ userInput: 'Look again' }));
  await drive(t.clock, t.session.run({ userInput: 'Do nothing' }));
  await drive(t.clock, t.session.generateReply({ toolChoice: 'none' }).done);
  await drive(t.clock, t.session.run({ userInput: 'Hello' }));
  const told = t.events.flatMap((event) =>
    event.type === 'error' ? [`${event.source} ${String(event.callId)} ${(event.error as Error).message}`] : [],
  );
  expect(told).toEqual([
    expect.stringMatching(/^call call_\d+ .*the id "a", which it had used before/),
    expect.stringMatching(/^call b The model called "nothing", which is no tool/),
    expect.stringMatching(/^call c The model called look though no tool might be called/),
  ]);
  expect(t.spoken).toEqual(['Seen.', 'Seen again.', 'There is none.', 'Hello.']);
});
