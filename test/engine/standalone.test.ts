/** A tool without a session (S1.9). */
import { jsonSchema, tool as aiTool } from 'ai';
import {
  Agent,
  executeTool,
  handoff,
  StopResponse,
  tool,
  ToolError,
  type TaskAbortedError,
  type RunContext,
  type Tool,
} from 'meanwhile';
import { createVirtualClock } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { z as z3 } from 'zod3';
import { byHand, drive } from '../support/session.ts';

const parameters = z.object({ to: z.string(), seats: z.coerce.number().default(1) });
const work = (execute: Tool['execute'], more: Partial<Parameters<typeof tool>[0]> = {}) =>
  tool({ ...more, name: 'work', execute });

test('S1.9 the body gets what validation made of the arguments, and its value becomes text', async () => {
  const book = tool({ name: 'book', parameters, execute: (args) => ({ booked: args }) });
  const run = await executeTool(book, { to: 'Rome', seats: '2' });
  expect(run).toEqual({
    state: 'completed',
    output: { type: 'text', text: '{"booked":{"to":"Rome","seats":2}}' },
    updates: [],
  });
});

test('S1.9 arguments may be what a model wrote, and are repaired as they would be', async () => {
  const book = tool({ name: 'book', parameters, execute: (args) => args });
  expect((await executeTool(book, "{to: 'Rome',}")).output.text).toBe('{"to":"Rome","seats":1}');
});

test('S1.9 arguments that do not fit give what a model would be told; the body never ran', async () => {
  let ran = false;
  const book = tool({ name: 'book', parameters, execute: () => (ran = true) });
  const run = await executeTool(book, { to: 7 });
  expect(run).toMatchObject({
    state: 'failed',
    output: { type: 'error', text: expect.stringMatching(/^The arguments of book do not fit: to: /) as string },
  });
  expect(ran).toBe(false);
});

test('S1.9 a schema that has to be loaded is, and one that is asynchronous is waited for', async () => {
  const old = tool({ name: 'old', parameters: z3.object({ n: z3.number() }), execute: ({ n }) => n + 1 });
  expect((await executeTool(old, { n: 1 })).output.text).toBe('2');
  const slow = tool({
    name: 'slow',
    parameters: z.object({ n: z.number().refine(async (n) => n > 1, 'too small') }),
    execute: ({ n }) => n,
  });
  expect((await executeTool(slow, { n: 1 })).output.text).toContain('n: too small');
});

const endings: readonly (readonly [name: string, body: () => unknown, state: string, output: object])[] = [
  ['nothing', () => undefined, 'completed', { type: 'text', text: '' }],
  ['a ToolError', () => new ToolError('Full.'), 'failed', { type: 'error', text: 'Full.' }],
  ['a StopResponse', () => Promise.reject(new StopResponse()), 'completed', { type: 'text', text: '' }],
  [
    'what JSON cannot express',
    () => 10n,
    'failed',
    { type: 'error', text: expect.stringContaining('BigInt') as string },
  ],
];
test.each(endings)('S1.9 S1.4 a body that ends with %s ends as in a session', async (_name, body, state, output) => {
  expect(await executeTool(work(body))).toEqual({ state, output, updates: [] });
});

test('S1.9 an unexpected error is masked in the output and given beside it', async () => {
  const error = new Error('secret');
  const run = await executeTool(work(() => Promise.reject(error)));
  expect(run).toEqual({
    state: 'failed',
    output: { type: 'error', text: 'work failed because of an internal error.' },
    updates: [],
    error,
  });
});

test('S1.9 updates are collected, with what a model would be told', async () => {
  const body = work(async (_args, { ctx }) => {
    await ctx.update('one');
    await ctx.update({ progress: 1, total: 2 });
    await ctx.update({ message: 'two', progress: 2 });
    await ctx.update({ flights: 3 });
    await expect(ctx.update(10n)).rejects.toMatchObject({ code: 'invalid_value' });
    return 'done';
  });
  const { updates, output, state } = await executeTool(body, {}, { prompts: { update: '{functionName}: {message}' } });
  expect(updates).toEqual([
    { message: 'one', text: 'work: one' },
    { message: { progress: 1, total: 2 } },
    { message: { message: 'two', progress: 2 }, text: 'work: two' },
    { message: { flights: 3 }, text: '{"flights":3}' },
  ]);
  expect({ output, state }).toEqual({ output: { type: 'text', text: 'done' }, state: 'completed' });
});

test('S1.9 after an update an empty end is told as the final record would be', async () => {
  const run = await executeTool(work(async (_args, { ctx }) => ctx.update('one')));
  expect(run.output.text).toBe('work (call call_1) has finished.');
});

test('S1.9 S1.6 generators and AI SDK tools run as they do in a session', async () => {
  const generator = work(function* () {
    yield 'one';
    return 'done';
  });
  expect(await executeTool(generator)).toMatchObject({ output: { text: 'done' }, updates: [{ message: 'one' }] });
  const search = aiTool({
    inputSchema: jsonSchema<{ n: number }>({ type: 'object', properties: { n: { type: 'number' } } }),
    async *execute({ n }) {
      yield n;
      yield n + 1;
    },
  });
  expect(await executeTool(search, { n: 1 }, { name: 'search' })).toMatchObject({
    output: { text: '2' },
    updates: [{ message: { data: 1 } }, { message: { data: 2 } }],
  });
});

test('S1.9 limits and cancellation hold, and the signal fires', async () => {
  const clock = createVirtualClock();
  const reasons: unknown[] = [];
  const stuck = work(
    (_args, { abortSignal }) => {
      abortSignal.addEventListener('abort', () => reasons.push((abortSignal.reason as TaskAbortedError).why));
      return byHand().promise;
    },
    { timeoutMs: 1000 },
  );
  expect(await drive(clock, executeTool(stuck, {}, { clock }))).toMatchObject({
    state: 'failed',
    output: { text: 'work did not finish within 1000 ms and was stopped.' },
  });
  const abort = new AbortController();
  const run = executeTool(stuck, {}, { clock, abortSignal: abort.signal });
  await clock.settle();
  abort.abort();
  expect(await run).toMatchObject({
    state: 'cancelled',
    output: { type: 'text', text: expect.stringContaining('was cancelled before it finished') as string },
  });
  expect(reasons).toEqual(['timeout', 'cancelled']);
  await clock.runUntilIdle();
});

test('S1.9 aborted before, the body does not start', async () => {
  let ran = false;
  const run = await executeTool(
    work(() => (ran = true)),
    {},
    { abortSignal: AbortSignal.abort() },
  );
  expect(run.state).toBe('cancelled');
  expect(ran).toBe(false);
});

test('S1.9 a handoff is in the result', async () => {
  const agent = new Agent({ instructions: 'x' });
  expect(await executeTool(work(() => handoff(agent, { returns: 'Through.' })))).toMatchObject({
    handoff: agent,
    output: { text: 'Through.' },
  });
  const late = work(async (_args, { ctx }) => {
    await ctx.update('one');
    return agent;
  });
  expect((await executeTool(late)).handoff).toBe(agent);
});

const refused: readonly (readonly [name: string, use: (ctx: RunContext) => unknown])[] = [
  ['ask', (ctx) => ctx.ask({ message: 'Which?' })],
  ['foreground', (ctx) => ctx.foreground(() => 'never')],
  ['session', (ctx) => ctx.session.tasks],
];
test.each(refused)('S1.9 ctx.%s is refused with a typed error', async (_name, use) => {
  let thrown: unknown;
  const body = work(async (_args, { ctx }) => {
    try {
      await use(ctx);
    } catch (error) {
      thrown = error;
    }
  });
  await executeTool(body);
  expect(thrown).toMatchObject({ name: 'MeanwhileError', code: 'unsupported_outside_session' });
});

test('S1.9 the rest of ctx works: user data, fillers that nobody hears, playout', async () => {
  const body = work(async (_args, { ctx, toolCallId }) => {
    ctx.disallowInterruptions();
    await ctx.waitForPlayout();
    const filled = await ctx.filler('One moment.', { delayMs: 0 }, () => 'filled');
    return [filled, ctx.userData, toolCallId, ctx.functionCall.args];
  });
  const run = await executeTool(body, { a: 1 }, { userData: { name: 'Ann' }, toolCallId: 'mine' });
  expect(run.output.text).toBe('["filled",{"name":"Ann"},"mine",{"a":1}]');
});

test('S1.9 a tool that needs approval is not run without it', async () => {
  let ran = 0;
  const pay = work(() => (ran += 1), { needsApproval: true });
  await expect(executeTool(pay)).rejects.toMatchObject({ code: 'unsupported_outside_session' });
  expect(ran).toBe(0);
  expect((await executeTool(pay, {}, { approved: true })).output.text).toBe('1');
});

test('S1.9 what is no tool, or no JSON, is refused', async () => {
  await expect(executeTool({ execute: 1 } as never)).rejects.toMatchObject({ code: 'invalid_definition' });
  await expect(
    executeTool(
      work(() => 1),
      { n: 10n },
    ),
  ).rejects.toMatchObject({ code: 'invalid_value' });
});
