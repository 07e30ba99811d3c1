/** Models that fail, break off or stream garbage, and input that has to wait (S1.8). */
import { APICallError, type LanguageModelV4, type LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { Agent, tool, type Tool } from 'meanwhile';
import { createVirtualClock, type ScriptedModel } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { historyOf, outputOf } from '../support/history.ts';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';

const call = { calls: [{ name: 'work' }] };
const work = (execute: Tool['execute'], more: Partial<Parameters<typeof tool>[0]> = {}) =>
  tool({ ...more, name: 'work', execute });

function overloaded(isRetryable = true): APICallError {
  return new APICallError({
    message: 'overloaded',
    url: 'https://example.test',
    requestBodyValues: {},
    statusCode: 529,
    isRetryable,
  });
}

describe('input that has to wait', () => {
  const polite = () =>
    new Agent({ name: 'travel', instructions: 'You are a travel agent.', allowInterruptions: false });

  test('S1.8 input while the speech may not be interrupted is kept, and answered when it ends', async () => {
    const rest = byHand();
    const t = await startTestSession(
      [{ text: 'Please listen to this.', hang: rest.promise, hangAfter: 2 }, 'Both, then.'],
      { agent: polite() },
    );
    void t.session.sendMessage('Hi');
    await t.clock.settle();
    const answers = [t.session.sendMessage('Rome'), t.session.sendMessage('and Paris')];
    await t.clock.settle();
    expect(historyOf(t.session)).toEqual(['user: Hi']);
    rest.resolve();
    const [first, second] = await drive(t.clock, Promise.all(answers));
    await t.clock.settle();
    expect(first).toBe(second);
    expect(historyOf(t.session)).toEqual([
      'user: Hi',
      'assistant: Please listen to this.',
      'user: Rome',
      'user: and Paris',
      'assistant: Both, then.',
    ]);
  });

  test('S1.8 it is answered before what is due meanwhile', async () => {
    const rest = byHand();
    const go = byHand();
    const body = work(async (_args, { ctx }) => {
      await ctx.update('working');
      await go.promise;
      return 'found';
    });
    const steps = [
      { text: 'Please listen.', ...call },
      { text: 'It is on.', hang: rest.promise, hangAfter: 1 },
      'Rome, then.',
      'It is found.',
    ];
    const t = await startTestSession(steps, { agent: polite(), tools: [body] });
    void t.session.sendMessage('Hi');
    await t.clock.settle();
    void t.session.sendMessage('Rome');
    go.resolve();
    await t.clock.advance(200);
    rest.resolve();
    await t.clock.advance(200);
    expect(t.spoken).toEqual(['Please listen.', 'It is on.', 'Rome, then.', 'It is found.']);
  });
});

describe('repeats', () => {
  test('S1.8 a failure that can be retried is repeated on the session\u2019s clock, unheard', async () => {
    const t = await startTestSession([{ error: overloaded() }, { error: overloaded() }, 'Hello.']);
    const running = t.session.run({ userInput: 'Hi' });
    await t.clock.advance(499);
    expect(t.model.calls.length).toBe(1);
    await t.clock.advance(1);
    expect(t.model.calls.length).toBe(2);
    await t.clock.advance(1000);
    await drive(t.clock, running);
    expect(historyOf(t.session)).toEqual(['user: Hi', 'assistant: Hello.']);
    expect(errors(t)).toEqual([]);
    expect(t.model.prompts[2]).toEqual(t.model.prompts[0]);
  });

  test('S1.8 after maxRetries the turn ends with an error event, the user\u2019s message is kept, and the next is answered', async () => {
    const error = overloaded();
    const t = await startTestSession([{ error }, { error }, { error }, 'Here I am.']);
    const run = await drive(t.clock, t.session.run({ userInput: 'Hi' }));
    expect(run.errors).toEqual([error]);
    expect(t.model.calls.length).toBe(3);
    await drive(t.clock, t.session.run({ userInput: 'Are you there?' }));
    expect(historyOf(t.session)).toEqual(['user: Hi', 'user: Are you there?', 'assistant: Here I am.']);
  });

  test('S1.8 maxRetries is the application\u2019s to set', async () => {
    const t = await startTestSession([{ error: overloaded() }], { maxRetries: 0 });
    await drive(t.clock, t.session.run({ userInput: 'Hi' }));
    expect(errors(t)).toHaveLength(1);
    t.model.assertComplete();
  });

  test('S1.8 a failure that cannot be retried is not', async () => {
    const t = await startTestSession([{ error: overloaded(false) }]);
    await drive(t.clock, t.session.run({ userInput: 'Hi' }));
    expect(errors(t)).toHaveLength(1);
    expect(t.clock.pending()).toEqual([]);
    t.model.assertComplete();
  });

  test('S1.8 nothing is repeated once a word was put out; what was heard stays, as cut', async () => {
    const broken = {
      text: 'I can book you a flight.',
      failAfter: 2,
      error: overloaded(),
      reasoning: 'Hm.',
      providerMetadata: { x: { id: '1' } },
    };
    const t = await startTestSession([broken, 'As I said.']);
    await drive(t.clock, t.session.run({ userInput: 'Hi' }));
    expect(historyOf(t.session)).toEqual(['user: Hi', 'assistant: I can\u2014']);
    expect(JSON.stringify([...t.session.history])).not.toContain('"x"');
    expect(errors(t)).toHaveLength(1);
    await drive(t.clock, t.session.run({ userInput: 'Go on' }));
    expect(t.spoken).toEqual(['I can', 'As I said.']);
  });

  test('S1.8 nothing is repeated once a call has started', async () => {
    let runs = 0;
    const t = await startTestSession([{ ...call, failAfter: 'end', error: overloaded() }, 'It ran.'], {
      tools: [work(() => `run ${String((runs += 1))}`)],
    });
    await drive(t.clock, t.session.run({ userInput: 'Go' }));
    expect(runs).toBe(1);
    expect(outputOf(t.session, 'call_1')).toBe('run 1');
  });

  test('S1.8 reasoning is nothing put out: that of the failed attempt is forgotten', async () => {
    const t = await startTestSession([
      { reasoning: 'Wrong.', failAfter: 'end', error: overloaded() },
      { reasoning: 'Right.', text: 'Hello.' },
    ]);
    await drive(t.clock, t.session.run({ userInput: 'Hi' }));
    expect([...t.session.history].at(-1)).toMatchObject({
      parts: [
        { type: 'reasoning', text: 'Right.' },
        { type: 'text', text: 'Hello.' },
      ],
    });
  });

  test('S1.8 an interruption ends the wait for a repeat', async () => {
    const t = await startTestSession([{ error: overloaded() }, 'Yes?']);
    void t.session.sendMessage('Hi');
    await t.clock.advance(100);
    await drive(t.clock, t.session.run({ userInput: 'Hello?' }));
    expect(t.clock.pending()).toEqual([]);
    expect(historyOf(t.session)).toEqual(['user: Hi', 'user: Hello?', 'assistant: Yes?']);
    expect(errors(t)).toEqual([]);
  });
});

describe('answers that break off', () => {
  test('S1.8 before a word was put out, the answer is asked for again', async () => {
    const broken = byHand();
    broken.reject(new TypeError('terminated'));
    const t = await startTestSession([{ text: 'Hello.', hang: broken.promise }, 'Hello.']);
    await drive(t.clock, t.session.run({ userInput: 'Hi' }));
    expect(t.spoken).toEqual(['Hello.']);
    expect(errors(t)).toEqual([]);
  });

  test('S1.8 a stream that ends without a finish part is an error, not an answer', async () => {
    const t = await startTestSession([], { ...streaming([[words('I can book')], [words('Yes.'), finish]]) });
    await drive(t.clock, t.session.run({ userInput: 'Hi' }));
    expect(historyOf(t.session)).toEqual(['user: Hi', 'assistant: I can book\u2014']);
    expect(errors(t)).toMatchObject([{ code: 'model_failed' }]);
    await drive(t.clock, t.session.run({ userInput: 'And?' }));
    expect(t.spoken).toEqual(['I can book', 'Yes.']);
  });

  test('S1.8 the finish reason error is one, though the provider gave no error part', async () => {
    const failed = {
      type: 'finish',
      finishReason: { unified: 'error', raw: 'MALFORMED_FUNCTION_CALL' },
      usage,
    } as LanguageModelV4StreamPart;
    const t = await startTestSession([], { ...streaming([[failed], [failed], [failed]]) });
    await drive(t.clock, t.session.run({ userInput: 'Hi' }));
    expect(errors(t)).toMatchObject([
      { code: 'model_failed', message: expect.stringContaining('MALFORMED_FUNCTION_CALL') as string },
    ]);
  });

  test('S1.8 S5.6 after a call: what ran stays and is answered', async () => {
    const slow = byHand<string>();
    const quick = tool({ name: 'quick', execute: () => 'quick is done' });
    const broken = { calls: [{ name: 'quick' }, { name: 'work' }], failAfter: 'end' as const };
    const t = await startTestSession([broken, 'Quick is done.', 'Slow is done.'], {
      tools: [quick, work(() => slow.promise)],
    });
    const run = await drive(t.clock, t.session.run({ userInput: 'Go' }));
    expect(run.errors).toHaveLength(1);
    expect(historyOf(t.session)).toEqual([
      'user: Go',
      'call_1: quick is done',
      'call_2: work (call call_2) is still running. Its result is not known yet.',
      'assistant: Quick is done.',
    ]);
    slow.resolve('slow is done');
    await t.clock.advance(100);
    expect(t.spoken).toEqual(['Quick is done.', 'Slow is done.']);
  });

  test('S1.8 a call with broken arguments in an answer that broke off does not run', async () => {
    let runs = 0;
    const broken = {
      text: 'One moment.',
      calls: [{ name: 'work', argsText: '{to: "Rome"}' }],
      failAfter: 'end' as const,
    };
    const t = await startTestSession([broken], { tools: [work(() => (runs += 1))] });
    await drive(t.clock, t.session.run({ userInput: 'Go' }));
    expect(runs).toBe(0);
    expect(historyOf(t.session)).toEqual(['user: Go', 'assistant: One moment.\u2014']);
  });

  test('S1.8 what is due stays due when the user\u2019s turn fails', async () => {
    const go = byHand();
    const body = work(async (_args, { ctx }) => {
      await ctx.update('working');
      await go.promise;
      return 'found';
    });
    const rest = byHand();
    const failing = { text: 'Well', failAfter: 'end' as const, hang: rest.promise };
    const t = await startTestSession([call, 'On it.', failing, 'It is found.'], { tools: [body] });
    await drive(t.clock, t.session.run({ userInput: 'Go' }));
    void t.session.sendMessage('And?');
    await t.clock.settle();
    go.resolve();
    await t.clock.advance(100);
    rest.resolve();
    await t.clock.advance(100);
    expect(t.spoken).toEqual(['On it.', 'Well', 'It is found.']);
    expect(errors(t)).toHaveLength(1);
  });
});

describe('interrupted while it streams', () => {
  test('S1.8 a part that was waiting when the turn was interrupted comes too late', async () => {
    const ran: string[] = [];
    const first = tool({
      name: 'first',
      execute: (_args, { ctx }) => {
        ran.push('first');
        void ctx.session.interrupt();
      },
    });
    const second = tool({ name: 'second', execute: () => void ran.push('second') });
    const parts = [toolCall('a', 'first'), toolCall('b', 'second'), words('Late words.'), finish];
    const t = await startTestSession([], { tools: [first, second], ...streaming([parts]) });
    await drive(t.clock, t.session.run({ userInput: 'Go' }));
    expect(ran).toEqual(['first']);
    expect(t.spoken).toEqual([]);
  });

  test('S1.8 a model that never answers, and never stops, does not hold the conversation', async () => {
    const deaf: LanguageModelV4['doStream'] = () => byHand<never>().promise;
    const t = await startTestSession([], { ...streaming([deaf, [words('Yes?'), finish]]) });
    void t.session.sendMessage('Hi');
    await t.clock.settle();
    await drive(t.clock, t.session.run({ userInput: 'Hello?' }));
    expect(historyOf(t.session)).toEqual(['user: Hi', 'user: Hello?', 'assistant: Yes?']);
  });
});

describe('garbage', () => {
  const garbage: readonly (readonly [name: string, parts: readonly unknown[], ends: 'error' | 'well'])[] = [
    ['nothing at all', [], 'error'],
    ['null for a part', [null, finish], 'error'],
    ['a part of no known type', [{ type: 'surprise' }, words('Hm.'), finish], 'well'],
    ['words that are none', [{ type: 'text-delta', id: '1' }, words('Hm.'), finish], 'well'],
    ['a call without anything', [{ type: 'tool-call' }, finish], 'error'],
    ['a call of a name that no tool has', [toolCall('a', 'no such tool!'), finish], 'error'],
    ['arguments that are no JSON', [toolCall('a', 'work', 'oh "no'), finish], 'well'],
    ['an error that is undefined', [{ type: 'error', error: undefined }], 'error'],
    ['words behind the finish', [words('Hm.'), finish, words('More.')], 'well'],
  ];
  test.each(garbage)('S1.8 %s leaves a working session', async (_name, parts, ends) => {
    const ghost = [words('Sorry.'), finish];
    const isCall = JSON.stringify(parts).includes('tool-call');
    const streams = [parts, ...(isCall ? [ghost] : []), [words('Fine.'), finish]];
    const t = await startTestSession([], { tools: [work(() => 'done')], maxRetries: 0, ...streaming(streams) });
    const run = await drive(t.clock, t.session.run({ userInput: 'Hi' }));
    expect(run.errors).toHaveLength(ends === 'error' ? 1 : 0);
    for (const error of run.errors) expect(error).toBeInstanceOf(Error);
    await drive(t.clock, t.session.run({ userInput: 'Well?' }));
    expect(t.spoken.at(-1)).toBe('Fine.');
    expect(t.spoken.join()).not.toContain('undefined');
  });

  test('S1.8 a model that throws instead of answering is an error event', async () => {
    const t = await startTestSession([
      () => {
        throw new TypeError('no such prompt');
      },
      'Fine.',
    ]);
    const run = await drive(t.clock, t.session.run({ userInput: 'Hi' }));
    expect(run.errors).toMatchObject([{ message: 'no such prompt' }]);
    await drive(t.clock, t.session.run({ userInput: 'Well?' }));
    expect(t.spoken).toEqual(['Fine.']);
  });
});

const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
const finish = { type: 'finish', finishReason: { unified: 'stop', raw: 'stop' }, usage } as LanguageModelV4StreamPart;

function words(delta: string): LanguageModelV4StreamPart {
  return { type: 'text-delta', id: '1', delta };
}

function toolCall(toolCallId: string, toolName: string, input = '{}'): LanguageModelV4StreamPart {
  return { type: 'tool-call', toolCallId, toolName, input };
}

/** A model whose n-th answer is the n-th list of parts, all of them there at once, or what the n-th function gives. */
function streaming(answers: readonly (readonly unknown[] | LanguageModelV4['doStream'])[]) {
  const clock = createVirtualClock();
  const streams = answers.map((parts) =>
    typeof parts === 'function'
      ? parts
      : () => {
          const stream = new ReadableStream<LanguageModelV4StreamPart>({
            start(controller) {
              for (const part of parts) controller.enqueue(part as LanguageModelV4StreamPart);
              controller.close();
            },
          });
          return Promise.resolve({ stream });
        },
  );
  let asked = 0;
  const doStream: LanguageModelV4['doStream'] = (options) =>
    streams[(asked += 1) - 1]?.(options) ?? Promise.reject(new Error('There is no further answer.'));
  const model = { specificationVersion: 'v4', provider: 'garbage', modelId: 'garbage', supportedUrls: {}, doStream };
  return { clock, model: model as unknown as ScriptedModel };
}

function errors(t: TestSession): unknown[] {
  return t.events.flatMap((event) => (event.type === 'error' ? [event.error] : []));
}
