/** The table of S1.4 as a pure function. */
import { Agent, handoff, StopResponse, ToolError } from 'meanwhile';
import { expect, test } from 'vitest';
import {
  answered,
  cancelled,
  declined,
  endingOfThrow,
  endingOfValue,
  timedOut,
  type Ending,
} from '../../src/engine/ending.ts';

const agent = new Agent({ name: 'billing', instructions: 'x' });
const brief = ({ state, told, wantsReply, aloud, handoff: to }: Ending) => ({
  state,
  told: 'output' in told ? `${told.output.type}: ${told.output.text}` : told.prompt,
  wantsReply,
  aloud,
  ...(to ? { to: to.name } : {}),
});
const told = (text: string) => ({ state: 'completed', told: `text: ${text}`, wantsReply: true, aloud: 'as_tool' });
const silent = { state: 'completed', told: 'finished', wantsReply: false, aloud: 'never' };
const failed = (text: string) => ({ state: 'failed', told: text, wantsReply: true, aloud: 'always' });

const values: readonly (readonly [name: string, value: unknown, ending: object])[] = [
  ['a text', 'done', told('done')],
  ['an empty text', '', told('')],
  ['zero', 0, told('0')],
  ['false', false, told('false')],
  ['an object', { a: 1 }, told('{"a":1}')],
  ['undefined', undefined, silent],
  ['null', null, silent],
  ['a ToolError', new ToolError('Full.'), failed('error: Full.')],
  ['an Error', new Error('secret'), failed('genericError')],
  ['a StopResponse', new StopResponse(), silent],
  ['an agent', agent, { ...silent, to: 'billing' }],
  ['a handoff', handoff(agent), { ...silent, to: 'billing' }],
  ['a handoff that returns', handoff(agent, { returns: 'Through.' }), { ...told('Through.'), to: 'billing' }],
  ['a handoff that returns an empty text', handoff({ agent, returns: '' }), { ...silent, to: 'billing' }],
  [
    'a handoff that returns a ToolError',
    handoff(agent, { returns: new ToolError('Full.') }),
    { ...failed('error: Full.'), to: 'billing' },
  ],
  ['an agent inside another value', { next: [agent] }, failed('badValue')],
  ['what JSON cannot express', [10n], failed('badValue')],
];

test.each(values)('S1.4 a body that returns %s', (_name, value, ending) => {
  expect(brief(endingOfValue(value))).toEqual(ending);
});

const thrown: readonly (readonly [name: string, value: unknown, ending: object])[] = [
  ['a ToolError', new ToolError('Full. {callId}'), failed('error: Full. {callId}')],
  ['an Error', new Error('secret'), failed('genericError')],
  ['a text', 'secret', failed('genericError')],
  ['undefined', undefined, failed('genericError')],
  ['null', null, failed('genericError')],
  ['a StopResponse', new StopResponse(), silent],
  ['an agent', agent, failed('genericError')],
];

test.each(thrown)('S1.4 a body that throws %s', (_name, value, ending) => {
  expect(brief(endingOfThrow(value))).toEqual(ending);
});

test('S1.4 only an unexpected error has something for the log', () => {
  const error = new Error('secret');
  expect(endingOfThrow(error).error).toBe(error);
  expect(endingOfThrow('text').error).toBe('text');
  expect(endingOfThrow(undefined).error).toBeInstanceOf(Error);
  for (const expected of [new ToolError('Full.'), new StopResponse()])
    expect(endingOfThrow(expected)).not.toHaveProperty('error');
  expect(endingOfValue([10n])).not.toHaveProperty('error');
});

test('S1.4 cancelled wants no reply, a time limit does and names itself', () => {
  expect(brief(cancelled)).toEqual({ state: 'cancelled', told: 'cancelled', wantsReply: false, aloud: 'never' });
  expect(brief(timedOut('timedOut', 5000))).toEqual(failed('timedOut'));
  expect(timedOut('timedOut', 5000).told).toHaveProperty('limitMs', 5000);
});

test('S6.6 declined, it is told as the tool says, and wants a reply', () => {
  expect(brief(declined)).toEqual({ state: 'completed', told: 'declined', wantsReply: true, aloud: 'as_tool' });
});

test('S5.6 a call that was answered otherwise ends with that answer', () => {
  const text = { type: 'text', text: 'It runs already.' } as const;
  expect(brief(answered(text, true))).toEqual(told('It runs already.'));
  expect(brief(answered(text, false))).toEqual({ ...told('It runs already.'), wantsReply: false, aloud: 'never' });
  expect(brief(answered({ type: 'error', text: 'Full.' }, false))).toEqual(failed('error: Full.'));
});

test('S4.5 only a value, or none, is something that an equal call may be answered with', () => {
  for (const value of ['done', undefined]) expect(endingOfValue(value)).toHaveProperty('replayable', true);
  for (const ending of [cancelled, declined, endingOfThrow('x'), endingOfValue(new ToolError('x'))]) {
    expect(ending).not.toHaveProperty('replayable');
  }
});

test('S1.4 an agent in the wrong place says where, and what to return instead', () => {
  expect(endingOfValue({ next: [agent] }).told).toEqual({
    prompt: 'badValue',
    reason: 'it holds the agent "billing" inside another value; return handoff(agent, { returns }) instead',
  });
  expect(endingOfValue(handoff(agent, { returns: { next: agent } as never })).told).toEqual({
    prompt: 'badValue',
    reason: 'its `returns` holds an agent',
  });
});

test('S1.4 what cannot be read is an unexpected error, with its cause for the log', () => {
  const cause = new Error('no');
  const proxy = new Proxy(
    {},
    {
      getPrototypeOf: () => {
        throw cause;
      },
    },
  );
  const { state, told: words, error } = endingOfThrow(proxy);
  expect({ state, words }).toEqual({ state: 'failed', words: { prompt: 'genericError' } });
  expect(error).toMatchObject({ message: 'What the tool returned or threw cannot be read.', cause });
  expect(endingOfThrow(null).error).toMatchObject({ message: 'A tool threw null.' });
});
