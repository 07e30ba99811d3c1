/** The matchers, as `expect.extend` takes them. */
import { Agent, AgentSession, tool, type Receipt } from 'meanwhile';
import {
  createVirtualClock,
  meanwhileMatchers,
  scriptedModel,
  simulate,
  type MeanwhileMatchers,
  type SpokenOptions,
} from 'meanwhile/testing';
import { expect, expectTypeOf, test } from 'vitest';

declare module 'vitest' {
  // oxlint-disable-next-line no-unused-vars -- each declaration of the interface has the same parameters
  interface Matchers<R, T> extends MeanwhileMatchers<R> {}
}

expect.extend(meanwhileMatchers);

const getWeather = tool({ name: 'get_weather', description: 'Weather.', execute: () => 'real' });
const agent = () => new Agent({ name: 'travel', instructions: '', tools: [getWeather] });

const call = await simulate({
  app: { agent: agent(), llm: [{ calls: [{ name: 'get_weather' }] }, 'I am looking.', 'Sunny.'] },
  tools: { get_weather: [{ updates: 'Looking' }, { afterMs: 3000, returns: 'Sunny' }] },
  steps: [{ userSays: 'How is the weather?' }],
});

test('what holds, and what does not', () => {
  expect(call).toHaveSpoken('Sunny');
  expect(call).toHaveSpoken(/looking/, { times: 1 });
  expect(call).not.toHaveSpoken('Rain');
  expect(call).not.toHaveSpokenWhile('user speaking');
  expect(call).toHaveSpokenWhile('tool running');
  expect(call).toHaveBeenSilentFor(2000, { after: 'agent stops speaking' });
  expect(call).toHaveNoOverlap();
  expect(call).toHaveCalledTool('get_weather', {});
  expect(call).not.toHaveCalledTool('book_flight');
  expect(call).toHaveReceipt('get_weather', 'completed');
  expect(call).toHaveNoErrors();
});

test.each<[string, () => void]>([
  ['toHaveSpoken', () => expect(call).toHaveSpoken('Rain')],
  ['not.toHaveSpoken', () => expect(call).not.toHaveSpoken('Sunny')],
  ['toHaveSpokenWhile', () => expect(call).toHaveSpokenWhile('user speaking')],
  ['not.toHaveSpokenWhile', () => expect(call).not.toHaveSpokenWhile('tool running')],
  ['toHaveBeenSilentFor', () => expect(call).toHaveBeenSilentFor(5000)],
  ['not.toHaveBeenSilentFor', () => expect(call).not.toHaveBeenSilentFor(300)],
  ['not.toHaveNoOverlap', () => expect(call).not.toHaveNoOverlap()],
  ['toHaveCalledTool', () => expect(call).toHaveCalledTool('get_weather', { city: 'Oslo' })],
  ['not.toHaveCalledTool', () => expect(call).not.toHaveCalledTool('get_weather')],
  ['toHaveReceipt', () => expect(call).toHaveReceipt('get_weather', 'expired')],
  ['not.toHaveReceipt', () => expect(call).not.toHaveReceipt('get_weather', 'completed')],
  ['not.toHaveNoErrors', () => expect(call).not.toHaveNoErrors()],
])('%s says what was asked for, what there is, and where', (_name, run) => {
  expect(run).toThrowErrorMatchingSnapshot();
});

test.each<[string, () => void]>([
  ['a moment', () => expect(call).not.toHaveSpoken('Rain', { after: { userSays: 'Good bye' } })],
  ['a tool', () => expect(call).not.toHaveSpokenWhile({ tool: 'book_flight' })],
  ['a call', () => expect(call).not.toHaveReceipt('book_flight', 'completed')],
])('what never came says nothing, negated or not: %s', (_what, run) => {
  expect(run).toThrow(/That moment never came|book_flight never ran|There is no such call/);
});

test('a run and a list of events are conversations too; anything else is not', async () => {
  const clock = createVirtualClock();
  const session = new AgentSession({ llm: scriptedModel(['Hello.']), clock });
  await session.start({ agent: agent() });
  const run = await session.run({ userInput: 'Hi' });
  expect(run).toHaveSpoken('Hello');
  expect(run.events).toHaveSpoken('Hello');
  expect(() => expect('Hello').toHaveSpoken('Hello')).toThrow(
    'Expected a simulation, an observed session, a run or a list of events, got "Hello".',
  );
  await session.close();
});

test('the matchers have the types of the assertions', () => {
  expectTypeOf(expect(call).toHaveSpoken).parameter(0).toEqualTypeOf<string | RegExp>();
  expectTypeOf(expect(call).toHaveSpoken).parameter(1).toEqualTypeOf<SpokenOptions | undefined>();
  expectTypeOf(expect(call).toHaveReceipt).parameter(1).toEqualTypeOf<Receipt>();
  // @ts-expect-error -- there is no such receipt
  expect(() => expect(call).toHaveReceipt('get_weather', 'told')).toThrow();
});
