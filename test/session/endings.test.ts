/** How a body ends and what everyone learns of it (S1.4), and values as text (S1.5). */
import { Agent, handoff, StopResponse, tool, ToolError, type Tool } from 'meanwhile';
import { describe, expect, test } from 'vitest';
import { historyOf, outputOf } from '../support/history.ts';
import { partsOf } from '../support/prompt.ts';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';

const call = { calls: [{ name: 'work' }] };
const work = (execute: Tool['execute'], more: Partial<Parameters<typeof tool>[0]> = {}) =>
  tool({ ...more, name: 'work', execute });

/** The same ending while the call blocks, and after an update. */
interface Ending {
  readonly name: string;
  readonly body: () => unknown;
  readonly state: 'completed' | 'failed';
  /** The output while blocking. */
  readonly inline: string;
  readonly reply: boolean;
  /** The `_final` record. */
  readonly final: string;
  readonly told: boolean;
  /** How many errors the application hears of. */
  readonly errors?: number;
}

const throws = (thrown: unknown) => () => {
  throw thrown;
};
const masked = 'work failed because of an internal error.';
const finished = 'work (call call_1) has finished.';

const endings: readonly Ending[] = [
  {
    name: 'a value',
    body: () => ({ seat: '12A' }),
    state: 'completed',
    inline: '{"seat":"12A"}',
    reply: true,
    final: '{"seat":"12A"}',
    told: true,
  },
  { name: 'an empty text', body: () => '', state: 'completed', inline: '', reply: true, final: '', told: true },
  {
    name: 'undefined',
    body: () => undefined,
    state: 'completed',
    inline: '',
    reply: false,
    final: finished,
    told: false,
  },
  { name: 'null', body: () => null, state: 'completed', inline: '', reply: false, final: finished, told: false },
  {
    name: 'a ToolError',
    body: throws(new ToolError('The card was declined.')),
    state: 'failed',
    inline: '! The card was declined.',
    reply: true,
    final: '! The card was declined.',
    told: true,
  },
  {
    name: 'another error',
    body: throws(new Error('secret: pg://root')),
    state: 'failed',
    inline: `! ${masked}`,
    reply: true,
    final: `! ${masked}`,
    told: true,
    errors: 1,
  },
  {
    name: 'a thrown text',
    body: throws('secret'),
    state: 'failed',
    inline: `! ${masked}`,
    reply: true,
    final: `! ${masked}`,
    told: true,
    errors: 1,
  },
  {
    name: 'a thrown undefined',
    body: throws(undefined),
    state: 'failed',
    inline: `! ${masked}`,
    reply: true,
    final: `! ${masked}`,
    told: true,
    errors: 1,
  },
  {
    name: 'a StopResponse',
    body: throws(new StopResponse()),
    state: 'completed',
    inline: '',
    reply: false,
    final: finished,
    told: false,
  },
  {
    name: 'a returned ToolError',
    body: () => new ToolError('Full.'),
    state: 'failed',
    inline: '! Full.',
    reply: true,
    final: '! Full.',
    told: true,
  },
  {
    name: 'a returned Error',
    body: () => new Error('secret'),
    state: 'failed',
    inline: `! ${masked}`,
    reply: true,
    final: `! ${masked}`,
    told: true,
    errors: 1,
  },
  {
    name: 'a returned StopResponse',
    body: () => new StopResponse(),
    state: 'completed',
    inline: '',
    reply: false,
    final: finished,
    told: false,
  },
];

describe.each(endings)('S1.4 $name', ({ body, state, inline, reply, final, told, errors = 0 }) => {
  test('while it blocks', async () => {
    const t = await startTestSession(reply ? [call, 'So it is.'] : [call], { tools: [work(async () => await body())] });
    await run(t);
    expect(lineOf(t, 'call_1')).toBe(line('call_1', inline));
    expect(t.spoken).toEqual(reply ? ['So it is.'] : []);
    checkEnd(t, state, errors);
    expect(historyOf(t.session).filter((each) => each.startsWith('call_1'))).toHaveLength(1);
  });

  test('in the background', async () => {
    const go = byHand();
    const late = work(async (_args, { ctx }) => {
      await ctx.update('working');
      await go.promise;
      return await body();
    });
    const t = await startTestSession(told ? [call, 'I am on it.', 'So it is.'] : [call, 'I am on it.'], {
      tools: [late],
    });
    await run(t);
    go.resolve();
    await t.clock.advance(100);
    expect(lineOf(t, 'call_1_final')).toBe(line('call_1_final', final));
    expect(t.spoken).toEqual(told ? ['I am on it.', 'So it is.'] : ['I am on it.']);
    expect(receipts(t)).toEqual([told ? 'completed' : 'silent']);
    checkEnd(t, state, errors);
    expect(historyOf(t.session).filter((each) => each.startsWith('call_1'))).toHaveLength(2);
  });
});

test('S1.4 the details of an unexpected error are in the log and the event, and nowhere else', async () => {
  const error = new Error('secret: pg://root');
  const t = await startTestSession([call, 'It failed.'], { tools: [work(throws(error))] });
  await run(t);
  expect(t.events.find((event) => event.type === 'error')).toMatchObject({ source: 'tool', callId: 'call_1', error });
  expect(t.log.join()).toContain('secret');
  expect(t.log.join()).toContain('endings.test.ts');
  expect(JSON.stringify(t.records)).not.toContain('secret');
  expect(JSON.stringify(t.model.prompts)).not.toContain('secret');
});

test('S1.4 a ToolError and a StopResponse leave no line in the log', async () => {
  const bodies = [throws(new ToolError('Full.')), throws(new StopResponse())];
  const t = await startTestSession([call, 'It is full.', call], { tools: [work(() => bodies.shift()?.())] });
  await run(t);
  await run(t);
  expect(t.log).toEqual([]);
});

test('S1.4 an event of an error is told when the end can be read', async () => {
  const t = await startTestSession([call, 'It failed.'], { tools: [work(throws(new Error('x')))] });
  const seen: unknown[] = [];
  t.session.on('error', () => seen.push(t.session.state.tasks.ended.get('call_1')?.state));
  await run(t);
  expect(seen).toEqual(['failed']);
});

test('S1.4 S8.5 handoff with returns: told by the old agent, then the switch', async () => {
  const billing = new Agent({ name: 'billing', instructions: 'You do billing.' });
  const t = await startTestSession([call, 'Putting you through.'], {
    tools: [work(() => handoff(billing, { returns: 'Put through to billing.' }))],
  });
  await run(t);
  expect(historyOf(t.session)).toEqual([
    'user: Go',
    'call_1: Put through to billing.',
    'assistant: Putting you through.',
  ]);
  expect(t.session.currentAgent).toBe(billing);
  checkEnd(t, 'completed', 0);
});

test('S1.4 S8.5 handoff without returns: no reply, then the switch', async () => {
  const billing = new Agent({ name: 'billing', instructions: 'You do billing.' });
  const t = await startTestSession([call], { tools: [work(() => handoff(billing))] });
  await run(t);
  expect(historyOf(t.session)).toEqual(['user: Go', 'call_1: ']);
  expect(t.session.currentAgent).toBe(billing);
});

test('S1.4 S8.5 handoff after an update: returns is delivered, then the switch', async () => {
  const go = byHand();
  const billing = new Agent({ name: 'billing', instructions: 'You do billing.' });
  const late = work(async (_args, { ctx }) => {
    await ctx.update('asking');
    await go.promise;
    return handoff(billing, { returns: 'Billing is free.' });
  });
  const t = await startTestSession([call, 'I am asking.', 'Billing is free now.'], { tools: [late] });
  await run(t);
  go.resolve();
  await t.clock.advance(100);
  expect(outputOf(t.session, 'call_1_final')).toBe('Billing is free.');
  expect(t.spoken).toEqual(['I am asking.', 'Billing is free now.']);
  expect(t.session.currentAgent).toBe(billing);
});

test('S1.4 cancelled while it blocks: the output says so, and no reply follows', async () => {
  const t = await startTestSession([call], { tools: [work((_args, { abortSignal }) => untilAborted(abortSignal))] });
  const running = t.session.run({ userInput: 'Go' });
  await t.clock.settle();
  await drive(t.clock, t.session.tasks.cancel('call_1'));
  await drive(t.clock, running);
  expect(outputOf(t.session, 'call_1')).toContain('was cancelled before it finished');
  expect(t.spoken).toEqual([]);
  checkEnd(t, 'cancelled', 0);
});

test('S1.4 cancelled in the background: a silent record says so', async () => {
  const late = work(async (_args, { ctx, abortSignal }) => {
    await ctx.update('working');
    await untilAborted(abortSignal);
  });
  const t = await startTestSession([call, 'I am on it.'], { tools: [late] });
  await run(t);
  await drive(t.clock, t.session.tasks.cancel('call_1'));
  await t.clock.advance(1000);
  expect(outputOf(t.session, 'call_1_final')).toContain('was cancelled before it finished');
  expect(receipts(t)).toEqual(['silent']);
  expect(t.spoken).toEqual(['I am on it.']);
  checkEnd(t, 'cancelled', 0);
});

test('S1.4 timed out while it blocks: an error that names the limit, and a reply', async () => {
  const t = await startTestSession([call, 'It took too long.'], {
    tools: [work((_args, { abortSignal }) => untilAborted(abortSignal), { timeoutMs: 5000 })],
  });
  await run(t);
  expect(lineOf(t, 'call_1')).toBe('call_1 ! work did not finish within 5000 ms and was stopped.');
  expect(t.spoken).toEqual(['It took too long.']);
  checkEnd(t, 'failed', 0);
});

test('S1.4 timed out in the background: the same, told', async () => {
  const late = work(
    async (_args, { ctx, abortSignal }) => {
      await ctx.update('working');
      await untilAborted(abortSignal);
    },
    { timeoutMs: 5000, deliver: 'silent' },
  );
  const t = await startTestSession([call, 'It took too long.'], { tools: [late] });
  await run(t);
  await t.clock.advance(6000);
  expect(lineOf(t, 'call_1_final')).toBe('call_1_final ! work did not finish within 5000 ms and was stopped.');
  expect(t.spoken).toEqual(['It took too long.']);
  checkEnd(t, 'failed', 0);
});

test('S1.4 what a body does after its end changes nothing: one record, one terminal event', async () => {
  const go = byHand<string>();
  const t = await startTestSession([call, 'It took too long.'], {
    tools: [work(() => go.promise, { timeoutMs: 5000 })],
  });
  await run(t);
  go.resolve('late');
  await t.clock.advance(5000);
  expect(JSON.stringify(t.records)).not.toContain('late');
  checkEnd(t, 'failed', 0);
});

test('S1.4 no request ever holds a call without its output', async () => {
  const slow = work(() => byHand().promise, { onDuplicate: 'allow' });
  const steps = [{ text: 'One moment.', ...call }, 'Yes?', call, 'Still here.'];
  const t = await startTestSession(steps, { tools: [slow] });
  for (const text of ['Go', 'Hello?', 'Again', 'Hello?']) {
    void t.session.sendMessage(text);
    await t.clock.advance(10);
  }
  for (const prompt of t.model.prompts) {
    const parts = partsOf(prompt);
    const calls = parts.flatMap((part) => (part.type === 'tool-call' ? [part.toolCallId] : []));
    expect(parts.flatMap((part) => (part.type === 'tool-result' ? [part.toolCallId] : []))).toEqual(calls);
  }
  expect(t.model.prompts.length).toBe(4);
});

const untold: readonly (readonly [name: string, value: () => unknown, reason: string])[] = [
  ['a cycle', () => Object.assign([], { 0: {} }).map((each) => Object.assign(each, { self: each })), 'cycle'],
  ['a BigInt', () => ({ sum: 10n }), 'BigInt'],
  ['a function', () => ({ deep: [() => 1] }), 'function'],
  ['a symbol', () => [Symbol('x')], 'symbol'],
  ['a Map', () => ({ seats: new Map() }), 'Map'],
  ['a Set', () => new Set([1]), 'Set'],
  ['binary data', () => ({ image: new Uint8Array(3) }), 'binary'],
  ['NaN', () => ({ price: Number.NaN }), 'NaN'],
  [
    'a getter that throws',
    () => ({
      get price(): number {
        throw new Error('secret');
      },
    }),
    'cannot be read',
  ],
];

test.each(untold)('S1.5 %s is an explicit error output', async (_name, value, reason) => {
  const t = await startTestSession([call, 'It cannot be told.'], { tools: [work(value)] });
  await run(t);
  expect(lineOf(t, 'call_1')).toMatch(/^call_1 ! work gave a result that cannot be told: /);
  expect(lineOf(t, 'call_1')).toContain(reason);
  expect(JSON.stringify(t.model.prompts)).not.toMatch(/secret|\[object/);
  checkEnd(t, 'failed', reason === 'cannot be read' ? 1 : 0);
});

test.each(untold)('S1.5 %s in an update rejects, records nothing, and the call still blocks', async (_name, value) => {
  let refused: unknown;
  const late = work(async (_args, { ctx }) => {
    await ctx.update(value()).catch((error: unknown) => (refused = error));
    return 'done';
  });
  const t = await startTestSession([call, 'Done.'], { tools: [late] });
  await run(t);
  expect(refused).toMatchObject({ code: 'invalid_value' });
  expect(historyOf(t.session)).toEqual(['user: Go', 'call_1: done', 'assistant: Done.']);
  expect(t.events.filter((event) => event.type === 'task_updated')).toEqual([]);
});

const converted: readonly (readonly [value: unknown, text: string])[] = [
  ['as it is {callId} $& \u{1F6EB}\u0000', 'as it is {callId} $& \u{1F6EB}\u0000'],
  [0, '0'],
  [false, 'false'],
  [[1, undefined, { a: undefined, b: null }], '[1,null,{"b":null}]'],
  [new Date(0), '"1970-01-01T00:00:00.000Z"'],
  [{ toJSON: () => 'by itself' }, '"by itself"'],
];

test.each(converted)(
  'S1.5 %j becomes text the same way in a result, an update and a final record',
  async (value, text) => {
    const late = work(async (_args, { ctx }) => {
      if (typeof value !== 'string') await ctx.update(value);
      else await ctx.update(value, { template: ({ message }) => message });
      return value;
    });
    const inline = tool({ name: 'inline', execute: () => value });
    const steps = [{ calls: [{ name: 'inline' }, { name: 'work' }] }, 'I am on it.', 'Done.'];
    const t = await startTestSession(steps, { tools: [inline, late] });
    await run(t);
    await t.clock.advance(100);
    const told = historyOf(t.session).filter((each) => each.startsWith('call_'));
    expect(told.toSorted()).toEqual([`call_1: ${text}`, `call_2: ${text}`, `call_2_final: ${text}`]);
  },
);

function run(t: TestSession) {
  return drive(t.clock, t.session.run({ userInput: 'Go' }));
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

function lineOf(t: TestSession, id: string): string | undefined {
  return historyOf(t.session).find((each) => each.startsWith(`${id}:`) || each.startsWith(`${id} !`));
}

function line(id: string, output: string): string {
  return output.startsWith('! ') ? `${id} ${output}` : `${id}: ${output}`;
}

function receipts(t: TestSession): string[] {
  return t.records.flatMap((record) => (record.type === 'delivery_ended' ? [record.receipt] : []));
}

/** Exactly one terminal event of that state. */
function checkEnd(t: TestSession, state: string, errors: number): void {
  expect(t.events.flatMap((event) => (event.type === 'task_ended' ? [event.state] : []))).toEqual([state]);
  expect(t.events.filter((event) => event.type === 'error')).toHaveLength(errors);
}
