/** `walk`: what happened in a run, one after the other. */
import { Agent, AgentSession, handoff, tool, ToolError, type RunResult } from 'meanwhile';
import { createVirtualClock, scriptedModel, walk, type ScriptedStep, type WalkEvent } from 'meanwhile/testing';
import { expect, expectTypeOf, onTestFinished, test } from 'vitest';
import { z } from 'zod';

const bookTable = tool({
  name: 'book_table',
  description: 'Books a table.',
  parameters: z.object({ restaurant: z.string(), seats: z.number() }),
  execute: async (_args, { ctx }) => {
    await ctx.update('Calling');
    return 'At eight.';
  },
});
const billing = new Agent({ name: 'billing', instructions: '' });
const transfer = tool({
  name: 'transfer',
  description: 'Transfers.',
  execute: () => handoff(billing, { returns: 'One moment.' }),
});
const broken = tool({
  name: 'broken',
  description: 'Breaks.',
  execute: () => {
    throw new ToolError('Out of order.');
  },
});

async function runOf(steps: readonly ScriptedStep[]): Promise<RunResult> {
  const clock = createVirtualClock();
  const session = new AgentSession({ llm: scriptedModel(steps, { clock }), clock, logger: silent });
  await session.start({ agent: new Agent({ name: 'host', instructions: '', tools: [bookTable, transfer, broken] }) });
  onTestFinished(() => session.close());
  return await clock.runUntil(session.run({ userInput: 'A table for two at Roma, please.' }));
}
const ignore = (): void => undefined;
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore };

const booked = () =>
  runOf([
    { calls: [{ name: 'book_table', args: { restaurant: 'Roma', seats: 2 } }] },
    'I am calling Roma.',
    'At eight.',
  ]);

test('event by event', async () => {
  walk(await booked())
    .next('tool_call', { name: 'book_table', args: { restaurant: 'Roma' } })
    .next('tool_update', { message: 'Calling' })
    .next('tool_result', { state: 'completed', text: /eight/ })
    .next('agent_message', { text: 'I am calling Roma.', cut: false })
    .next('agent_message', ({ text }) => text.includes('eight'))
    .next('delivery', { receipt: 'completed' })
    .noMore();
});

test('past what does not matter', async () => {
  const path = walk(await booked());
  path
    .contains('delivery')
    .skipIf('error')
    .skipIf('tool_call')
    .noMore('tool_call')
    .skipTo('agent_message', { text: /eight/ });
  expect(path.rest.map(({ type }) => type)).toEqual(['delivery']);
});

test('what the user says is passed over, unless it is asked for', async () => {
  walk(await booked())
    .next('user_message', { text: /Roma/ })
    .next('tool_call');
  walk(await booked())
    .next('tool_call')
    .noMore('user_message');
});

test('a handoff, a failed tool, an unknown one, a failed model', async () => {
  const path = walk(
    await runOf([
      { calls: [{ name: 'broken' }, { name: 'nothing' }] },
      { calls: [{ name: 'transfer' }] },
      { error: new Error('the provider is down') },
    ]),
  );
  expect(path.next('tool_call').event.name).toBe('broken');
  path
    .next('tool_result', { name: 'broken', state: 'failed', text: /Out of order/ })
    .next('tool_call_answered', { name: 'nothing', reason: 'unknown' })
    .next('tool_call', { name: 'transfer' })
    .next('tool_result', { state: 'completed' })
    .next('error', { source: 'model', error: { message: 'the provider is down' } })
    .skipTo('agent_changed', { agent: 'billing' });
});

test.each<[string, (run: RunResult) => unknown]>([
  ['another kind', (run) => walk(run).next('agent_message')],
  ['another member', (run) => walk(run).next('tool_call', { name: 'book_table', args: { seats: 3 } })],
  ['a function that says no', (run) => walk(run).next('tool_call', ({ args }) => args['seats'] === 3)],
  ['a function that throws', (run) => walk(run).next('tool_call', ({ args }) => expect(args['seats']).toBe(3))],
  ['none ahead', (run) => walk(run).next('tool_call').skipTo('error')],
  ['none contained', (run) => walk(run).contains('delivery', { receipt: 'expired' })],
  ['more', (run) => walk(run).skipTo('agent_message').noMore()],
  ['more of a kind', (run) => walk(run).noMore('agent_message', { text: /Roma/ })],
  ['past the end', (run) => walk(run).skipTo('delivery').next('agent_message')],
])('what it prints: %s', async (_what, fails) => {
  const run = await booked();
  expect(() => fails(run)).toThrowErrorMatchingSnapshot();
});

test('the kind of an event says what it has', async () => {
  const path = walk(await booked());
  expect(() => path.event).toThrow('Call next() first');
  const { event } = path.next('tool_call');
  expectTypeOf(event).toEqualTypeOf<WalkEvent<'tool_call'>>();
  expectTypeOf(event.args).toEqualTypeOf<Readonly<Record<string, unknown>>>();
  expectTypeOf(path.contains('delivery').event.receipt).toEqualTypeOf<WalkEvent<'delivery'>['receipt']>();
  path.next('tool_update', ({ message }) => expectTypeOf(message).toEqualTypeOf<string | undefined>());
  // @ts-expect-error -- a message has no receipt
  expect(() => path.next('agent_message', { receipt: 'completed' })).toThrow();
  // @ts-expect-error -- there is no such kind
  expect(() => path.next('function_call')).toThrow();
});
