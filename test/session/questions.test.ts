import {
  Agent,
  AgentTask,
  MeanwhileError,
  TaskEndedError,
  tool,
  ToolError,
  type Answer,
  type AskOptions,
  type RunContext,
} from 'meanwhile';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { z as z3 } from 'zod3';
import { outputOf } from '../support/history.ts';
import { byHand, drive, startTestSession, type TestOptions, type TestSession } from '../support/session.ts';

const none = z.object({});
const call = (...names: string[]) => ({ calls: names.map((name) => ({ name, args: {} })) });
const answerTask = (call_id: string, action: string, content?: unknown) => ({
  calls: [{ name: 'answer_task', args: { call_id, action, ...(content === undefined ? {} : { content }) } }],
});
const say = (t: TestSession, text: string) => drive(t.clock, t.session.run({ userInput: text }));
const seats = z.object({ seats: z.number().int() });

/** A tool that asks and gives what it was answered; `answers` has it too, with what `ask` was rejected with. */
function asking(options: AskOptions<unknown>, policy: Partial<Parameters<typeof tool>[0]> = {}, name = 'book') {
  const answers: unknown[] = [];
  const made = tool({
    ...policy,
    name,
    parameters: none,
    execute: async (_args, { ctx }) => {
      try {
        const answer = await ctx.ask(options);
        answers.push(answer);
        return answer;
      } catch (error) {
        answers.push(error);
        throw error;
      }
    },
  });
  return { tool: made, answers };
}

async function asked(
  options: AskOptions<unknown>,
  steps: Parameters<typeof startTestSession>[0],
  more: TestOptions & { agent?: Agent } = {},
) {
  const { tool: made, answers } = asking(options);
  const t = await startTestSession([call('book'), 'How many seats?', ...steps], { tools: [made], ...more });
  await say(t, 'Book it');
  return { t, answers };
}

const toolsOf = (t: TestSession, n: number) => (t.model.calls[n]?.tools ?? []).map(({ name }) => name);
const stateOf = (t: TestSession, callId = 'call_1') => t.session.tasks.get(callId)?.state;
const questions = (t: TestSession) =>
  t.events.flatMap((event) => (event.type === 'task_updated' && event.question !== undefined ? [event.question] : []));

describe('a question', () => {
  test('S6.6 S7.1 sends the call to the background, is told like any update, and the task waits for input', async () => {
    const { t } = await asked({ message: 'How many seats?', schema: seats }, []);
    expect(t.spoken).toEqual(['How many seats?']);
    expect(outputOf(t.session, 'call_1')).toContain('How many seats?');
    expect(t.session.tasks.get('call_1')).toMatchObject({
      state: 'input_required',
      phase: 'background',
      question: { id: 'call_1', message: 'How many seats?', schema: { properties: { seats: { type: 'integer' } } } },
    });
  });

  test('S6.6 after an update it is a record of its own, and a delivery', async () => {
    const go = byHand();
    const book = tool({
      name: 'book',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('Looking');
        await go.promise;
        return await ctx.ask({ message: 'How many seats?' });
      },
    });
    const t = await startTestSession([call('book'), 'I look.', 'How many?'], { tools: [book] });
    await say(t, 'Book it');
    go.resolve();
    await t.clock.advance(50);
    expect(t.spoken).toEqual(['I look.', 'How many?']);
    expect(outputOf(t.session, 'call_1_update_1')).toContain('How many seats?');
    expect(questions(t)).toEqual(['How many seats?']);
  });

  test('S6.6 one question per reply: of two asked in one step one is told with the step, the other after it', async () => {
    const [one, two] = [asking({ message: 'Which one?' }, {}, 'one'), asking({ message: 'Which two?' }, {}, 'two')];
    const t = await startTestSession([call('one', 'two'), 'Which one?', 'Which two?'], { tools: [one.tool, two.tool] });
    await say(t, 'Both');
    expect(outputOf(t.session, 'call_1')).toContain('Which one?');
    expect(outputOf(t.session, 'call_2')).not.toContain('Which two?');
    expect(outputOf(t.session, 'call_2_update_1')).toContain('Which two?');
    expect(t.spoken).toEqual(['Which one?', 'Which two?']);
    expect(t.events.flatMap((event) => (event.type === 'speech_created' ? [event.about ?? []] : []))).toEqual([
      [],
      ['call_2_update_1'],
    ]);
  });

  test('S6.6 of several due at once a reply takes the oldest, with all else that is due', async () => {
    const go = byHand();
    const late = (name: string, body: (ctx: RunContext) => unknown) =>
      tool({
        name,
        parameters: none,
        execute: async (_args, { ctx }) => {
          await ctx.update(`${name} began`);
          await go.promise;
          return await body(ctx);
        },
      });
    const tools = [
      late('one', (ctx) => ctx.ask({ message: 'One?' })),
      late('two', (ctx) => ctx.ask({ message: 'Two?' })),
      late('three', () => 'found'),
    ];
    const t = await startTestSession([call('one', 'two', 'three'), 'They run.', 'One? And found.', 'Two?'], { tools });
    await say(t, 'Go');
    go.resolve();
    await t.clock.advance(200);
    const about = t.events.flatMap((event) => (event.type === 'speech_created' && event.about ? [event.about] : []));
    expect(about).toEqual([['call_1_update_1', 'call_3_final'], ['call_2_update_1']]);
  });

  test('S6.6 while open it is neither expired nor superseded', async () => {
    const go = byHand();
    const book = tool({
      name: 'book',
      parameters: none,
      expiresMs: 1000,
      supersedeKey: 'book',
      onDuplicate: 'allow',
      execute: async (_args, { ctx }) => {
        await ctx.update('Looking');
        await go.promise;
        void ctx.ask({ message: 'How many seats?' });
        await ctx.update('Meanwhile');
        await byHand().promise;
      },
    });
    const t = await startTestSession([call('book'), 'I look.', 'Again.', 'How many?'], { tools: [book] });
    await say(t, 'Book it');
    t.session.userStartedSpeaking();
    go.resolve();
    await t.clock.advance(5000);
    await t.session.sendMessage('Another one');
    await t.clock.settle();
    t.session.userStoppedSpeaking();
    await t.clock.advance(100);
    const ended = t.events.flatMap((event) =>
      event.type === 'delivery_ended' ? [`${event.id} ${event.receipt}`] : [],
    );
    expect(ended.filter((line) => line.startsWith('call_1_update_1'))).toEqual(['call_1_update_1 completed']);
  });

  test('S6.6 it is never silent', async () => {
    const { tool: book } = asking({ message: 'How many seats?' }, { deliver: 'silent' });
    const t = await startTestSession([call('book'), 'How many?'], { tools: [book] });
    await say(t, 'Book it');
    expect(t.spoken).toEqual(['How many?']);
  });

  test('S6.6 a second question of one task waits for the answer before it', async () => {
    const order: unknown[] = [];
    const book = tool({
      name: 'book',
      parameters: none,
      execute: async (_args, { ctx }) => {
        order.push(
          ...(await Promise.all([ctx.ask({ message: 'First?' }), ctx.ask({ message: 'Second?' })])).map(
            ({ action }) => action,
          ),
        );
      },
    });
    const t = await startTestSession([call('book'), 'First?', 'Second?'], { tools: [book] });
    await say(t, 'Go');
    expect(questions(t)).toEqual(['First?']);
    await t.session.tasks.answer('call_1', 'accept');
    await t.clock.advance(100);
    expect(questions(t)).toEqual(['First?', 'Second?']);
    await t.session.tasks.answer('call_1', 'decline');
    await t.clock.settle();
    expect(order).toEqual(['accept', 'decline']);
  });

  test('S6.6 the user may talk of other things meanwhile', async () => {
    const { t } = await asked({ message: 'How many seats?' }, ['It is noon.']);
    await say(t, 'What time is it?');
    expect(t.spoken).toEqual(['How many seats?', 'It is noon.']);
    expect(stateOf(t)).toBe('input_required');
  });

  test('S6.6 it stays open over a pause and a handoff', async () => {
    const agent = new Agent({ instructions: 'Book.', tools: [asking({ message: 'How many seats?' }).tool] });
    const t = await startTestSession(
      [call('book'), 'How many seats?', answerTask('call_1', 'accept', { seats: 2 }), 'Noted.', 'Booked.'],
      { agent },
    );
    await say(t, 'Book it');
    const task = new AgentTask<string>({ name: 'ask', instructions: 'Ask.' });
    const ran = task.run(t.session);
    await t.clock.settle();
    expect(stateOf(t)).toBe('input_required');
    task.complete('done');
    await drive(t.clock, ran);
    await drive(t.clock, t.session.updateAgent(new Agent({ name: 'next', instructions: 'Go on.' })));
    expect(stateOf(t)).toBe('input_required');
    await say(t, 'Two');
    await t.clock.advance(100);
    expect(t.spoken).toEqual(['How many seats?', 'Noted.', 'Booked.']);
  });
});

describe('the answer of the model', () => {
  test('S6.6 answer_task gives it, and the tool goes on', async () => {
    const { t, answers } = await asked({ message: 'How many seats?', schema: seats }, [
      answerTask('call_1', 'accept', { seats: 2 }),
      'Noted.',
      'Booked.',
    ]);
    await say(t, 'Two please');
    await t.clock.advance(100);
    expect(answers).toEqual([{ action: 'accept', content: { seats: 2 } }]);
    expect(t.spoken).toEqual(['How many seats?', 'Noted.', 'Booked.']);
  });

  test.each(['decline', 'cancel'])('S6.6 %s comes without content', async (action) => {
    const { t, answers } = await asked({ message: 'How many seats?', schema: seats }, [
      answerTask('call_1', action, { seats: 2 }),
      'Noted.',
      'Then not.',
    ]);
    await say(t, 'Never mind');
    expect(answers).toEqual([{ action }]);
  });

  test('S6.6 content that does not fit goes back with reasons, and the question stays open', async () => {
    const steps = [
      answerTask('call_1', 'accept', { seats: 'two' }),
      answerTask('call_1', 'accept', { seats: 2 }),
      'Noted.',
      'Booked.',
    ];
    const { t, answers } = await asked({ message: 'How many seats?', schema: seats }, steps);
    await say(t, 'Two please');
    expect(outputOf(t.session, 'call_2')).toMatch(/seats/);
    expect(answers).toEqual([{ action: 'accept', content: { seats: 2 } }]);
  });

  test('S6.6 a call that asks nothing, or does not exist, is told so', async () => {
    const { t } = await asked({ message: 'How many seats?' }, [answerTask('call_7', 'accept', {}), 'Hm.']);
    await say(t, 'Two please');
    expect(outputOf(t.session, 'call_2')).toContain('call_7');
    expect(stateOf(t)).toBe('input_required');
  });

  test('S6.6 answer_task is offered from the start where a tool says that it asks, or needs approval', async () => {
    for (const policy of [{ asks: true }, { needsApproval: true }]) {
      const t = await startTestSession(['Hello.'], { tools: [asking({ message: '?' }, policy).tool] });
      await say(t, 'Hi');
      expect(toolsOf(t, 0)).toEqual(['book', 'answer_task']);
    }
  });

  test('S6.6 else from the first question on', async () => {
    const { t } = await asked({ message: 'How many seats?' }, ['Hello.']);
    await say(t, 'Hi');
    expect(toolsOf(t, 0)).toEqual(['book']);
    expect(toolsOf(t, 1)).toEqual(['book', 'answer_task']);
    expect(toolsOf(t, 2)).toEqual(['book', 'answer_task']);
  });
});

describe('the answer of the application', () => {
  test('S6.6 session.tasks.answer gives it, checked the same way', async () => {
    const { t, answers } = await asked({ message: 'How many seats?', schema: seats }, ['Booked.']);
    await expect(t.session.tasks.answer('call_1', 'accept', { seats: 'two' })).rejects.toThrow(/seats/);
    expect(stateOf(t)).toBe('input_required');
    await t.session.tasks.answer('call_1', 'accept', { seats: 2 });
    await t.clock.advance(100);
    expect(answers).toEqual([{ action: 'accept', content: { seats: 2 } }]);
    expect(t.spoken).toEqual(['How many seats?', 'Booked.']);
  });

  test('S6.6 where nothing is asked it is refused', async () => {
    const { t } = await asked({ message: 'How many seats?' }, ['Booked.']);
    await t.session.tasks.answer('call_1', 'accept', {});
    await expect(t.session.tasks.answer('call_1', 'accept', {})).rejects.toThrow(ToolError);
    await expect(t.session.tasks.answer('call_9', 'accept', {})).rejects.toThrow(ToolError);
  });

  test('S6.6 S7.2 a listener that hears of the question may answer it at once', async () => {
    const go = byHand();
    const answers: Answer<unknown>[] = [];
    const book = tool({
      name: 'book',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('Looking');
        await go.promise;
        answers.push(await ctx.ask({ message: 'How many seats?' }));
      },
    });
    const t = await startTestSession([call('book'), 'I look.'], { tools: [book] });
    t.session.on('task_updated', ({ callId, question }) => {
      if (question !== undefined) void t.session.tasks.answer(callId, 'accept', { seats: 2 });
    });
    await say(t, 'Book it');
    go.resolve();
    await t.clock.advance(100);
    expect(answers).toEqual([{ action: 'accept', content: { seats: 2 } }]);
    expect(t.spoken).toEqual(['I look.']);
  });

  test('S6.6 S9.1 an answered question is not told any more', async () => {
    const go = byHand();
    const book = tool({
      name: 'book',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('Looking');
        await go.promise;
        await ctx.ask({ message: 'How many seats?' });
      },
    });
    const t = await startTestSession([call('book'), 'I look.'], { tools: [book] });
    await say(t, 'Book it');
    t.session.userStartedSpeaking();
    go.resolve();
    await t.clock.advance(100);
    await t.session.tasks.answer('call_1', 'accept');
    t.session.userStoppedSpeaking();
    await t.clock.advance(100);
    expect(t.spoken).toEqual(['I look.']);
    expect(t.events.flatMap((event) => (event.type === 'delivery_ended' ? [event.receipt] : []))).toContain(
      'superseded',
    );
  });
});

describe('what ask resolves and rejects with', () => {
  test('S6.6 without a schema any content, and {} for none', async () => {
    const { t, answers } = await asked({ message: 'Which?' }, ['Booked.']);
    await t.session.tasks.answer('call_1', 'accept');
    await t.clock.settle();
    expect(answers).toEqual([{ action: 'accept', content: {} }]);
  });

  test('S6.6 S2.3 what a schema makes of the content is the tool’s; the log has it as it was given', async () => {
    const when = z.object({ day: z.string().transform((text) => new Date(text)) });
    const { t, answers } = await asked({ message: 'When?', schema: when }, ['Booked.']);
    await t.session.tasks.answer('call_1', 'accept', { day: '2026-01-02' });
    await t.clock.settle();
    expect(answers).toEqual([{ action: 'accept', content: { day: new Date('2026-01-02') } }]);
    expect(t.records.find((record) => record.type === 'task_answered')).toMatchObject({
      content: { day: '2026-01-02' },
    });
  });

  test('S6.6 a schema that must be loaded first is told to the model all the same', async () => {
    const { tool: book } = asking({ message: 'How many seats?', schema: z3.object({ seats: z3.number() }) as never });
    const t = await startTestSession([call('book'), 'How many?'], { tools: [book] });
    await import('@ai-sdk/provider-utils');
    void t.session.sendMessage('Book it');
    await t.clock.settle();
    expect(stateOf(t)).toBe('input_required');
    expect(t.session.tasks.get('call_1')?.question?.schema).toMatchObject({
      properties: { seats: { type: 'number' } },
    });
  });

  test('S6.6 cancel when its timeoutMs passed', async () => {
    const { t, answers } = await asked({ message: 'How many seats?', timeoutMs: 30_000 }, ['Nobody said.']);
    await t.clock.advance(29_999);
    expect(answers).toEqual([]);
    await t.clock.advance(1);
    expect(answers).toEqual([{ action: 'cancel' }]);
    await t.clock.advance(100);
    expect(t.spoken).toEqual(['How many seats?', 'Nobody said.']);
  });

  test('S6.6 one that nobody was asked in time is told no more', async () => {
    const go = byHand();
    const order: string[] = [];
    const book = tool({
      name: 'book',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('Looking');
        await go.promise;
        order.push((await ctx.ask({ message: 'How many seats?', timeoutMs: 1000 })).action);
        await ctx.session.waitForIdle();
        order.push('idle');
      },
    });
    const t = await startTestSession([call('book'), 'I look.'], { tools: [book] });
    await say(t, 'Book it');
    t.session.userStartedSpeaking();
    go.resolve();
    await t.clock.advance(1000);
    expect(t.events.at(-1)).toMatchObject({ type: 'delivery_ended', id: 'call_1_update_1', receipt: 'superseded' });
    t.session.userStoppedSpeaking();
    await t.clock.settle();
    expect(order).toEqual(['cancel', 'idle']);
    expect(t.spoken).toEqual(['I look.']);
  });

  test('S6.6 a timeout that was not needed leaves no timer, and Infinity arms none', async () => {
    const { t } = await asked({ message: 'How many seats?', timeoutMs: 30_000 }, ['Booked.']);
    await t.session.tasks.answer('call_1', 'accept');
    await t.clock.advance(100);
    expect(t.clock.pending()).toEqual([]);
    const never = await asked({ message: 'How many seats?', timeoutMs: Infinity }, []);
    expect(never.t.clock.pending()).toEqual([]);
  });

  test('S6.6 it rejects when its task ends: cancelled', async () => {
    const { t, answers } = await asked({ message: 'How many seats?', timeoutMs: 60_000 }, []);
    await t.session.tasks.cancel('call_1');
    expect(answers).toEqual([expect.objectContaining({ why: 'cancelled' })]);
    expect(t.clock.pending()).toEqual([]);
    await expect(t.session.tasks.answer('call_1', 'accept')).rejects.toThrow(ToolError);
  });

  test('S6.6 it rejects when its task ends: the body returned without it', async () => {
    const rejected: unknown[] = [];
    const book = tool({
      name: 'book',
      parameters: none,
      execute: (_args, { ctx }) => {
        void ctx.ask({ message: 'How many seats?' }).catch((error: unknown) => rejected.push(error));
        return 'booked one';
      },
    });
    const t = await startTestSession([call('book'), 'Booked.', 'Booked one.'], { tools: [book] });
    await say(t, 'Book it');
    await t.clock.advance(100);
    expect(rejected).toEqual([expect.any(TaskEndedError)]);
    expect(t.session.tasks.list()).toEqual([]);
  });

  test('S6.6 it rejects when its task ends: the session closes', async () => {
    const { t, answers } = await asked({ message: 'How many seats?' }, []);
    await drive(t.clock, t.session.close());
    expect(answers).toEqual([expect.objectContaining({ why: 'closed' })]);
  });

  test.each([
    [{ message: 42 as never }, 'message'],
    [{ message: 'x', timeoutMs: -1 }, 'timeoutMs'],
    [{ message: 'x', schema: 'text' as never }, 'schema'],
  ])('S6.6 what cannot be asked is refused: %j', async (options, what) => {
    const { tool: book, answers } = asking(options);
    const t = await startTestSession([call('book'), 'It failed.'], { tools: [book] });
    await say(t, 'Book it');
    expect(answers).toEqual([expect.any(MeanwhileError)]);
    expect(String(answers[0])).toContain(what);
    expect(stateOf(t)).toBeUndefined();
  });
});

describe('limits', () => {
  test('S5.5 S6.6 time in which an answer is waited for does not count', async () => {
    const { tool: book } = asking({ message: 'How many seats?' }, { timeoutMs: 1000, noProgressTimeoutMs: 500 });
    const t = await startTestSession([call('book'), 'How many?', 'Booked.'], { tools: [book] });
    await say(t, 'Book it');
    await t.clock.advance(600_000);
    expect(stateOf(t)).toBe('input_required');
    await t.session.tasks.answer('call_1', 'accept');
    await t.clock.advance(100);
    expect(t.spoken).toEqual(['How many?', 'Booked.']);
  });

  test('S5.5 S6.6 they go on with the answer', async () => {
    const book = tool({
      name: 'book',
      parameters: none,
      timeoutMs: 1000,
      execute: async (_args, { ctx }) => {
        await ctx.ask({ message: 'How many seats?' });
        await byHand().promise;
      },
    });
    const t = await startTestSession([call('book'), 'How many?', 'It took too long.'], { tools: [book] });
    await say(t, 'Book it');
    await t.clock.advance(5000);
    await t.session.tasks.answer('call_1', 'accept');
    await t.clock.advance(999);
    expect(stateOf(t)).toBe('working');
    await t.clock.advance(1);
    expect(t.events.findLast((event) => event.type === 'task_ended')).toMatchObject({ state: 'failed' });
  });
});

describe('approval', () => {
  const paying = (needsApproval: boolean | ((args: { amount: number }) => boolean | Promise<boolean>)) => {
    const ran: number[] = [];
    const pay = tool({
      name: 'pay',
      parameters: z.object({ amount: z.number() }),
      needsApproval,
      execute: ({ amount }) => {
        ran.push(amount);
        return `paid ${String(amount)}`;
      },
    });
    return { pay, ran };
  };
  const payCall = (amount: number) => ({ calls: [{ name: 'pay', args: { amount } }] });

  test('S6.6 asks before the body starts, for exactly these arguments, and then it runs', async () => {
    const { pay, ran } = paying(true);
    const t = await startTestSession([payCall(5), 'May I pay 5?', answerTask('call_1', 'accept'), 'Paying.', 'Paid.'], {
      tools: [pay],
    });
    await say(t, 'Pay');
    expect([ran, stateOf(t)]).toEqual([[], 'input_required']);
    expect(outputOf(t.session, 'call_1')).toContain('{"amount":5}');
    await say(t, 'Yes');
    await t.clock.advance(100);
    expect(ran).toEqual([5]);
    expect(t.spoken).toEqual(['May I pay 5?', 'Paying.', 'Paid.']);
  });

  test.each(['decline', 'cancel'] as const)('S6.6 answered with %s, the body never runs', async (action) => {
    const { pay, ran } = paying(true);
    const t = await startTestSession([payCall(5), 'May I?', 'Then not.'], { tools: [pay] });
    await say(t, 'Pay');
    await t.session.tasks.answer('call_1', action);
    await t.clock.advance(100);
    expect(ran).toEqual([]);
    expect(t.spoken).toEqual(['May I?', 'Then not.']);
    expect(t.session.tasks.list()).toEqual([]);
  });

  test('S6.6 only where the function says so, of the arguments', async () => {
    const { pay, ran } = paying(({ amount }) => amount > 10);
    const t = await startTestSession(
      [{ calls: [...payCall(5).calls, ...payCall(50).calls] }, 'May I pay 50?', 'Paid.'],
      { tools: [pay] },
    );
    await say(t, 'Pay');
    expect(ran).toEqual([5]);
    expect(stateOf(t, 'call_2')).toBe('input_required');
  });

  test('S6.6 cancelled while it waits, the body never runs', async () => {
    const { pay, ran } = paying(() => Promise.resolve(true));
    const t = await startTestSession([payCall(5), 'May I?'], { tools: [pay] });
    await say(t, 'Pay');
    await t.session.tasks.cancel('call_1');
    await t.clock.advance(100);
    expect(ran).toEqual([]);
  });
});
