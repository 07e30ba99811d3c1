/** What an interruption makes of a turn's calls (S5.6), in a conversation. */
import { APICallError } from '@ai-sdk/provider';
import { Agent, AgentTask, tool, ToolError } from 'meanwhile';
import { describe, expect, test } from 'vitest';
import { booking, heldTool, validatedLater, type HeldOptions } from '../support/held-tool.ts';
import { historyOf, outputOf } from '../support/history.ts';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';

const say = (t: TestSession, text: string) => drive(t.clock, t.session.run({ userInput: text }));
/** Says something and does not wait until the agent has done with it. */
const begin = async (t: TestSession, text: string) => {
  void t.session.sendMessage(text);
  await t.clock.settle();
};
const rest = async (t: TestSession) => {
  await t.clock.settle();
  await drive(t.clock, t.session.waitForIdle());
};
const states = (t: TestSession) =>
  t.events.flatMap((event) => (event.type === 'task_ended' ? [`${event.callId} ${event.state}`] : []));
const answered = (t: TestSession) =>
  t.events.flatMap((event) => (event.type === 'call_answered' ? [`${event.callId} ${event.reason}`] : []));
const deliveries = (t: TestSession) =>
  t.events.flatMap((event) => (event.type === 'delivery_ended' ? [`${event.id} ${event.receipt}`] : []));
const quick = (value: unknown, more: object = {}) => tool({ name: 'quick', ...more, execute: () => value });
const both = { calls: [{ name: 'quick' }, ...booking('Rome').calls] };

describe('S5.6 the tool phase of an interrupted turn', () => {
  test.each(['the user', 'interrupt()'])(
    'S5.6 ends at once, by %s: what has settled is recorded, what has not goes to the background',
    async (who) => {
      const held = heldTool();
      const t = await startTestSession(
        [both, ...(who === 'the user' ? ['Hello.'] : []), 'It is 7, and booked.', 'Booked.'],
        {
          tools: [quick('7'), held.tool],
        },
      );
      await begin(t, 'Go');
      if (who === 'the user') await begin(t, 'Hello?');
      else await t.session.interrupt();
      expect(historyOf(t.session).slice(0, 3)).toEqual([
        'user: Go',
        'call_1: 7',
        expect.stringMatching(/^call_2: .*still running/),
      ]);
      expect(t.session.tasks.list()).toMatchObject([{ callId: 'call_2', phase: 'background', state: 'working' }]);
      expect(held.bodies[0]?.signal.aborted).toBe(false);
      held.bodies[0]?.end('Booked: ABC');
      await rest(t);
      expect(outputOf(t.session, 'call_2_final')).toBe('Booked: ABC');
      expect(deliveries(t)).toContain('call_2_final completed');
    },
  );

  test('S5.6 with onInterrupt abort what has not settled is cancelled', async () => {
    const held = heldTool({ onInterrupt: 'abort' });
    const t = await startTestSession([booking('Rome'), 'Hello.'], { tools: [held.tool] });
    await begin(t, 'Go');
    await say(t, 'Hello?');
    expect(historyOf(t.session)).toEqual([
      'user: Go',
      expect.stringMatching(/^call_1: .*cancelled before it finished/),
      'user: Hello?',
      'assistant: Hello.',
    ]);
    expect(states(t)).toEqual(['call_1 cancelled']);
    expect(t.session.tasks.list()).toEqual([]);
  });

  test('S5.6 S6.6 a question that was answered before anybody told it is not asked any more', async () => {
    const asking = tool({
      name: 'asking',
      execute: async (_args, { ctx }) => (await ctx.ask({ message: 'Which?' }), await byHand().promise),
    });
    const held = heldTool();
    const t = await startTestSession([{ calls: [{ name: 'asking' }, ...booking('Rome').calls] }], {
      tools: [asking, held.tool],
    });
    await begin(t, 'Go');
    await t.session.tasks.answer('call_1', 'accept');
    await t.session.interrupt();
    await rest(t);
    expect(deliveries(t)).toEqual([]);
    expect(t.spoken).toEqual([]);
  });

  test('S5.6 S3.7 one that was asked first and cut is a question still: its reply may call no tools', async () => {
    const asking = tool({ name: 'asking', execute: async (_args, { ctx }) => await ctx.ask({ message: 'Which?' }) });
    const held = heldTool();
    const t = await startTestSession([{ calls: [{ name: 'asking' }, ...booking('Rome').calls] }, 'Which one?'], {
      tools: [asking, held.tool],
    });
    await begin(t, 'Go');
    await t.session.interrupt();
    await rest(t);
    expect(t.spoken).toEqual(['Which one?']);
    expect(t.model.calls.map((request) => request.toolChoice?.type)).toEqual(['auto', 'none']);
    expect(t.records).toContainEqual(
      expect.objectContaining({
        type: 'delivery_opened',
        record: expect.objectContaining({ phase: 'question' }) as object,
      }),
    );
  });

  test('S1.4 S5.6 an empty text is a value too: nobody having told it, it is a delivery', async () => {
    const held = heldTool();
    const t = await startTestSession([both, 'Nothing was found.'], { tools: [quick(''), held.tool] });
    await begin(t, 'Go');
    await t.session.interrupt();
    await rest(t);
    expect(deliveries(t)).toEqual(['call_1 completed']);
    expect(t.spoken).toEqual(['Nothing was found.']);
  });

  test('S5.6 what is in the background already is not touched', async () => {
    const held = heldTool({ onInterrupt: 'abort', first: ({ ctx }) => ctx.update('Searching') });
    const hang = byHand();
    const t = await startTestSession(
      [booking('Rome'), { text: 'Searching now', hang: hang.promise, hangAfter: 1 }, 'Hello.'],
      { tools: [held.tool] },
    );
    await begin(t, 'Go');
    await say(t, 'Hello?');
    expect(states(t)).toEqual([]);
    expect(t.session.tasks.get('call_1')).toMatchObject({ phase: 'background' });
  });

  test('S5.6 while the model still speaks: its words are cut, then the calls it had made', async () => {
    const held = heldTool();
    const hang = byHand();
    const t = await startTestSession(
      [{ text: 'Let me look', ...booking('Rome'), hang: hang.promise, hangAfter: 'end' }, 'Hello.', 'Booked.'],
      { tools: [held.tool] },
    );
    await begin(t, 'Go');
    await say(t, 'Hello?');
    expect(historyOf(t.session).slice(0, 4)).toEqual([
      'user: Go',
      'assistant: Let me look—',
      expect.stringMatching(/^call_1: .*still running/),
      'user: Hello?',
    ]);
    held.bodies[0]?.end('Booked');
    await rest(t);
    expect(t.spoken.at(-1)).toBe('Booked.');
  });

  test('S5.6 a turn that may not be interrupted goes on, and the user is answered when it ends', async () => {
    const held = heldTool();
    const agent = new Agent({ name: 'travel', instructions: 'Travel.', tools: [held.tool], allowInterruptions: false });
    const t = await startTestSession([booking('Rome'), 'Booked.', 'Hello.'], { agent });
    await begin(t, 'Go');
    await begin(t, 'Hello?');
    expect(t.session.tasks.get('call_1')).toMatchObject({ phase: 'blocking' });
    held.bodies[0]?.end('Booked');
    await rest(t);
    expect(t.spoken).toEqual(['Booked.', 'Hello.']);
  });

  test('S5.6 only the user interrupts: a delivery, a handoff and a failed model abort nothing', async () => {
    const abort: HeldOptions = { onInterrupt: 'abort' };
    const news = tool({
      name: 'news',
      deliver: 'interrupt',
      execute: async (_args, { ctx }) => (await ctx.update('Looking'), await go.promise),
    });
    const go = byHand<string>();
    const hang = byHand();

    const delivered = heldTool(abort);
    const one = await startTestSession(
      [
        { calls: [{ name: 'news' }] },
        'Looking.',
        { text: 'Let me', ...booking('Rome'), hang: hang.promise, hangAfter: 'end' },
        'News!',
      ],
      { tools: [news, delivered.tool] },
    );
    await say(one, 'News?');
    await begin(one, 'And Rome');
    go.resolve('It rains');
    await one.clock.advance(100);
    expect(one.spoken).toEqual(['Looking.', 'Let me—', 'News!']);
    expect(one.session.tasks.get('call_2')).toMatchObject({ state: 'working', phase: 'background' });

    const moved = heldTool(abort);
    const two = await startTestSession([booking('Rome'), 'Hello.'], {
      agent: new Agent({ name: 'a', instructions: 'A.', tools: [moved.tool] }),
    });
    await begin(two, 'Go');
    await drive(two.clock, two.session.updateAgent(new Agent({ name: 'b', instructions: 'B.' }), { cut: true }));
    expect(two.session.tasks.get('call_1')).toMatchObject({ state: 'working', phase: 'background' });

    const failed = heldTool(abort);
    const three = await startTestSession([{ ...booking('Rome'), failAfter: 'end' }], { tools: [failed.tool] });
    await say(three, 'Go');
    expect(three.session.tasks.get('call_1')).toMatchObject({ state: 'working', phase: 'background' });
  });

  test('S5.6 a paused activity’s turn is not interrupted by what the user says to the AgentTask', async () => {
    const inner = new AgentTask<string>({ name: 'ask', instructions: 'Ask.' });
    const held = heldTool({ onInterrupt: 'abort' });
    const ask = tool({ name: 'ask', onInterrupt: 'abort', execute: () => inner.run() });
    const t = await startTestSession(
      [{ calls: [{ name: 'ask' }, ...booking('Rome').calls] }, 'Which?', 'Once more?', 'Done.'],
      {
        tools: [ask, held.tool],
      },
    );
    await begin(t, 'Go');
    expect(t.session.currentAgent?.name).toBe('ask');
    await begin(t, 'Hm?');
    await begin(t, 'What?');
    expect(t.session.tasks.list().map((task) => task.phase)).toEqual(['blocking', 'blocking']);
    inner.complete('Anna');
    held.bodies[0]?.end('Booked');
    await rest(t);
    expect([outputOf(t.session, 'call_1'), outputOf(t.session, 'call_2')]).toEqual(['Anna', 'Booked']);
    expect(t.spoken).toEqual(['Which?', 'Once more?', 'Done.']);
    expect(states(t).toSorted()).toEqual(['call_1 completed', 'call_2 completed']);
  });
});

describe('S5.6 while agents change', () => {
  const leaving = async (interrupt: (t: TestSession) => unknown) => {
    const hang = byHand();
    const t = await startTestSession([{ text: 'Let me', hang: hang.promise, hangAfter: 'end' }, 'I am next.'], {
      agent: new Agent({ name: 'a', instructions: 'A.' }),
    });
    await begin(t, 'Go');
    void t.session.updateAgent(new Agent({ name: 'b', instructions: 'B.' }));
    await t.clock.settle();
    expect([t.spoken, t.session.currentAgent?.name === 'b']).toEqual([[], false]);
    interrupt(t);
    await rest(t);
    return t;
  };

  test('S5.6 what a leaving agent still says is cut by the user, who is answered by the next', async () => {
    const t = await leaving((it) => void it.session.sendMessage('Hello?'));
    expect(t.spoken).toEqual(['Let me—', 'I am next.']);
    expect(t.session.currentAgent?.name).toBe('b');
  });

  test('S1.8 S5.6 unless that may not be interrupted: he is answered when it has ended', async () => {
    const hang = byHand();
    const a = new Agent({ name: 'a', instructions: 'A.', allowInterruptions: false });
    const t = await startTestSession([{ text: 'Let me finish.', hang: hang.promise, hangAfter: 'end' }, 'I am next.'], {
      agent: a,
    });
    await begin(t, 'Go');
    void t.session.updateAgent(new Agent({ name: 'b', instructions: 'B.' }));
    await begin(t, 'Hello?');
    hang.resolve();
    await rest(t);
    expect(t.spoken).toEqual(['Let me finish.', 'I am next.']);
  });

  test('S5.6 and by interrupt()', async () => {
    const t = await leaving((it) => void it.session.interrupt());
    expect(t.spoken).toEqual(['Let me—']);
    expect(t.session.currentAgent?.name).toBe('b');
  });

  test('S5.6 a paused turn that is cut does not wait for the AgentTask to end', async () => {
    const inner = new AgentTask<string>({ name: 'ask', instructions: 'Ask.' });
    const ask = tool({
      name: 'ask',
      execute: async (_args, { ctx }) => (await ctx.update('Asking'), await inner.run()),
    });
    const held = heldTool();
    const t = await startTestSession([{ calls: [{ name: 'ask' }, ...booking('Rome').calls] }], {
      tools: [ask, held.tool],
    });
    const speech = t.session.generateReply();
    await t.clock.settle();
    expect(t.session.currentAgent?.name).toBe('ask');
    held.bodies[0]?.end('Booked');
    await t.clock.settle();
    expect(speech.phase).not.toBe('done');
    speech.interrupt();
    await t.clock.settle();
    expect(speech.phase).toBe('done');
  });
});

describe('S5.6 outputs that wanted a reply', () => {
  const stuck = () => ({ text: 'It is', hang: byHand().promise });

  test('S5.6 are deliveries when the turn was interrupted before anything was heard over them', async () => {
    const t = await startTestSession([{ calls: [{ name: 'quick' }] }, stuck(), 'It is 7.'], { tools: [quick('7')] });
    await begin(t, 'Go');
    await t.session.interrupt();
    await t.clock.advance(100);
    expect(t.spoken).toEqual(['It is 7.']);
    expect(deliveries(t)).toEqual(['call_1 completed']);
    expect(JSON.stringify(t.model.calls[2]?.prompt.at(-1))).toContain('call_1');
    t.model.assertComplete();
  });

  test('S5.6 are maybe covered once the user’s answer was made with them in view', async () => {
    const t = await startTestSession([{ calls: [{ name: 'quick' }] }, stuck(), 'Hello. It is 7.', ''], {
      tools: [quick('7')],
    });
    await begin(t, 'Go');
    await say(t, 'Hello?');
    expect(t.spoken).toEqual(['Hello. It is 7.']);
    expect(deliveries(t)).toEqual(['call_1 skipped']);
    t.model.assertComplete();
  });

  test('S5.6 are none when something was heard over them', async () => {
    const t = await startTestSession(
      [{ calls: [{ name: 'quick' }] }, { text: 'It is seven', hang: byHand().promise, hangAfter: 2 }],
      {
        tools: [quick('7')],
      },
    );
    await begin(t, 'Go');
    await t.session.interrupt();
    await rest(t);
    expect(t.spoken).toEqual(['It is—']);
    expect(t.events.filter((event) => event.type === 'delivery_scheduled')).toEqual([]);
  });

  test('S5.6 are deliveries when the model failed after them', async () => {
    const error = new APICallError({ message: 'bad', url: '', requestBodyValues: {}, isRetryable: false });
    const t = await startTestSession([{ calls: [{ name: 'quick' }] }, { error }, 'It is 7.'], { tools: [quick('7')] });
    await say(t, 'Go');
    expect(t.spoken).toEqual(['It is 7.']);
    expect(deliveries(t)).toEqual(['call_1 completed']);
    expect(t.events.filter((event) => event.type === 'error')).toMatchObject([{ source: 'model' }]);
  });

  test('S5.6 are deliveries when the model failed in the step that made them, what still ran goes to the background', async () => {
    const held = heldTool();
    const t = await startTestSession([{ ...both, failAfter: 'end' }, 'It is 7.', 'Booked.'], {
      tools: [quick('7'), held.tool],
    });
    await say(t, 'Go');
    expect(historyOf(t.session).slice(1)).toEqual([
      'call_1: 7',
      expect.stringMatching(/^call_2: .*still running/),
      'assistant: It is 7.',
    ]);
    held.bodies[0]?.end('Booked');
    await rest(t);
    expect(t.spoken).toEqual(['It is 7.', 'Booked.']);
  });

  test.each([
    ['an error of the arguments', { name: 'quick', args: { n: 'x' } }, 'call_1'],
    ['an unknown tool', { name: 'nothing' }, 'call_1'],
    ['a tool error, also of a silent tool', { name: 'fail' }, 'call_1'],
    ['a companion’s answer', { name: 'get_running_tasks' }, 'call_1'],
  ])('S5.6 that holds for %s', async (_, call, id) => {
    const fail = tool({
      name: 'fail',
      deliver: 'silent',
      allowCancellation: true,
      execute: () => new ToolError('sold out'),
    });
    const strict = tool({
      name: 'quick',
      parameters: { type: 'object', properties: { n: { type: 'number' } } },
      execute: () => 7,
    });
    const t = await startTestSession([{ calls: [call] }, stuck(), 'Told.'], { tools: [strict, fail] });
    await begin(t, 'Go');
    await t.session.interrupt();
    await t.clock.advance(100);
    expect(deliveries(t)).toEqual([`${id} completed`]);
  });

  test('S5.6 of a silent tool are in the context only, with a receipt', async () => {
    const t = await startTestSession([{ calls: [{ name: 'quick' }] }, stuck()], {
      tools: [quick('7', { deliver: 'silent' })],
    });
    await begin(t, 'Go');
    await t.session.interrupt();
    await rest(t);
    expect(deliveries(t)).toEqual(['call_1 silent']);
    expect(t.spoken).toEqual([]);
  });

  test.each([false, true])('S5.6 a first update is told, unless something newer was recorded: %s', async (newer) => {
    const held = heldTool({ first: ({ ctx }) => ctx.update('Searching') });
    const t = await startTestSession([booking('Rome'), stuck(), 'Told.'], { tools: [held.tool] });
    await begin(t, 'Go');
    if (newer) await held.bodies[0]?.ctx.update('Found three');
    await t.session.interrupt();
    await t.clock.advance(100);
    expect(deliveries(t)).toEqual([newer ? 'call_1_update_1 completed' : 'call_1 completed']);
    expect(t.spoken).toEqual(['Told.']);
  });

  test('S5.6 a question asked with the first update is still asked', async () => {
    const held = heldTool({ asks: true, first: ({ ctx }) => ctx.ask({ message: 'Which?' }) });
    const t = await startTestSession([booking('Rome'), stuck(), 'Which one?'], { tools: [held.tool] });
    await begin(t, 'Go');
    await t.session.interrupt();
    await t.clock.advance(100);
    expect(t.spoken).toEqual(['Which one?']);
    expect(t.session.tasks.get('call_1')).toMatchObject({ state: 'input_required' });
  });
});

describe('S5.6 a call whose arguments are still being validated', () => {
  /** Validated when the test says so. */
  function validating(options: HeldOptions = {}) {
    const gates = new Map<string, PromiseWithResolvers<void>>();
    const gate = (to: string) => {
      const known = gates.get(to) ?? byHand();
      gates.set(to, known);
      return known;
    };
    const parameters = validatedLater((value) => gate((value as { to: string }).to).promise);
    return { ...heldTool({ ...options, parameters }), gate };
  }

  /** The user says something else while the arguments of a first call are being validated. */
  async function interrupted(options: HeldOptions, after: string[], calls = booking('Rome')) {
    const held = validating(options);
    const t = await startTestSession([calls, 'Hello.', ...after], { tools: [held.tool] });
    await begin(t, 'Book Rome');
    await say(t, 'Hello?');
    return { held, t };
  }

  test('S5.6 goes on in the background: nothing that was asked for is lost', async () => {
    const { held, t } = await interrupted({}, ['Booked.']);
    expect(historyOf(t.session).slice(0, 2)).toEqual([
      'user: Book Rome',
      expect.stringMatching(/^call_1: .*still running/),
    ]);
    expect(t.session.tasks.list()).toMatchObject([
      { callId: 'call_1', phase: 'background', state: 'working', input: { to: 'Rome' } },
    ]);
    expect(JSON.stringify(t.model.prompts[1])).toContain('{"to":"Rome"}');
    expect(held.began).toEqual([]);
    held.gate('Rome').resolve();
    await t.clock.settle();
    expect(held.began).toEqual(['call_1']);
    expect(held.bodies[0]?.args).toEqual({ to: 'Rome' });
    await held.bodies[0]?.ctx.update('Found it');
    held.bodies[0]?.end('Booked: ABC');
    await rest(t);
    expect(outputOf(t.session, 'call_1_final')).toBe('Booked: ABC');
    expect(t.spoken).toEqual(['Hello.', 'Booked.']);
    expect(answered(t)).toEqual([]);
  });

  test('S5.6 arguments that do not fit are told then', async () => {
    const { held, t } = await interrupted({}, ['There is no such place.']);
    held.gate('Rome').reject(new Error('no such place'));
    await rest(t);
    expect(historyOf(t.session).at(-2)).toMatch(/^call_1_final ! The arguments of book do not fit: .*no such place/);
    expect([held.began, states(t)]).toEqual([[], ['call_1 failed']]);
    expect(t.spoken).toEqual(['Hello.', 'There is no such place.']);
  });

  test('S5.6 with onInterrupt abort it is cancelled, and its body never runs', async () => {
    const { held, t } = await interrupted({ onInterrupt: 'abort' }, []);
    held.gate('Rome').resolve();
    await rest(t);
    expect(outputOf(t.session, 'call_1')).toContain('cancelled before it finished');
    expect([held.began, t.session.tasks.list()]).toEqual([[], []]);
  });

  test.each(['cancelled', 'closed'] as const)('S5.6 %s before it was validated, its body never runs', async (how) => {
    const { held, t } = await interrupted({}, []);
    if (how === 'cancelled') expect(await t.session.tasks.cancel('call_1')).toBe(true);
    else await drive(t.clock, t.session.close());
    held.gate('Rome').resolve();
    await t.clock.settle();
    expect([held.began, states(t)]).toEqual([[], ['call_1 cancelled']]);
  });

  test('S5.6 it is judged when it is validated: a duplicate by then is told, or joined silently', async () => {
    for (const onDuplicate of ['reject', 'join'] as const) {
      const held = validating({ onDuplicate, duplicateKey: 'name' });
      held.gate('Oslo').resolve();
      const t = await startTestSession(
        [booking('Rome'), booking('Oslo'), ...(onDuplicate === 'reject' ? ['Oslo runs already.'] : [])],
        {
          tools: [held.tool],
        },
      );
      await begin(t, 'Book Rome');
      await begin(t, 'Oslo too');
      await t.session.interrupt();
      expect(held.began).toEqual(['call_2']);
      held.gate('Rome').resolve();
      await rest(t);
      expect(held.began).toEqual(['call_2']);
      expect(outputOf(t.session, 'call_1_final')).toMatch(/call_2/);
      expect(states(t)).toEqual(['call_1 completed']);
      expect(deliveries(t)).toEqual([onDuplicate === 'reject' ? 'call_1_final completed' : 'call_1_final silent']);
    }
  });

  test('S5.6 it has duplicates itself from then on, and may be replayed', async () => {
    const held = validating({ onDuplicate: 'reject', duplicateWindowMs: 60_000 });
    const t = await startTestSession(
      [booking('Rome'), 'Hello.', booking('Rome'), 'It runs.', 'Booked.', booking('Rome'), 'It is booked.'],
      { tools: [held.tool] },
    );
    await begin(t, 'Book Rome');
    await say(t, 'Hello?');
    held.gate('Rome').resolve();
    await say(t, 'Book Rome');
    expect(answered(t)).toEqual(['call_2 duplicate']);
    held.bodies[0]?.end('Booked: ABC');
    await rest(t);
    await say(t, 'Book Rome');
    expect(answered(t)).toEqual(['call_2 duplicate', 'call_3 replayed']);
    expect(held.began).toEqual(['call_1']);
  });

  test('S5.6 approval, a place and a supersede key work as for any call', async () => {
    const { held, t } = await interrupted(
      {
        needsApproval: true,
        maxConcurrency: { limit: 1 },
        supersedeKey: 'trip',
        first: ({ ctx }) => ctx.update('Found it'),
      },
      ['May I?', 'One.', 'May I too?', 'x', 'x'],
      booking('Rome', 'Oslo'),
    );
    for (const to of ['Rome', 'Oslo']) held.gate(to).resolve();
    await rest(t);
    await t.session.tasks.answer('call_1', 'accept');
    await t.session.tasks.answer('call_2', 'accept');
    await t.clock.settle();
    expect(held.began).toEqual(['call_1']);
    held.bodies[0]?.end('Rome booked');
    await rest(t);
    expect(held.began).toEqual(['call_1', 'call_2']);
    expect(deliveries(t)).toContain('call_1_final superseded');
  });

  test('S1.7 autoBackgroundMs is counted from the call here too', async () => {
    const held = validating({ autoBackgroundMs: 3000 });
    const t = await startTestSession([booking('Rome'), 'One moment.', 'Booked.'], { tools: [held.tool] });
    await begin(t, 'Book Rome');
    await t.clock.advance(2999);
    expect(t.spoken).toEqual([]);
    await t.clock.advance(1);
    expect(t.spoken).toEqual(['One moment.']);
    expect(t.session.tasks.get('call_1')).toMatchObject({ phase: 'background' });
    held.gate('Rome').resolve();
    await t.clock.settle();
    held.bodies[0]?.end('Booked: ABC');
    await rest(t);
    expect(t.spoken).toEqual(['One moment.', 'Booked.']);
  });

  test('S5.6 it moves with a handoff', async () => {
    const held = validating();
    const agent = new Agent({ name: 'a', instructions: 'A.', tools: [held.tool] });
    const t = await startTestSession([booking('Rome'), 'Booked.'], { agent });
    await begin(t, 'Go');
    await drive(t.clock, t.session.updateAgent(new Agent({ name: 'b', instructions: 'B.' })));
    held.gate('Rome').resolve();
    await t.clock.settle();
    held.bodies[0]?.end('Booked: ABC');
    await rest(t);
    expect(t.spoken).toEqual(['Booked.']);
  });
});
