/** Duplicates (S4), in a conversation. */
import { Agent, AgentTask, AsyncToolset, handoff, tool, ToolError } from 'meanwhile';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { booking, heldTool, validatedLater, type HeldOptions } from '../support/held-tool.ts';
import { historyOf, outputOf } from '../support/history.ts';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';

const searching: HeldOptions = { first: ({ ctx, args }) => ctx.update(`Searching ${args.to}`) };

const say = (t: TestSession, text: string) => drive(t.clock, t.session.run({ userInput: text }));
const rest = async (t: TestSession) => {
  await t.clock.settle();
  await drive(t.clock, t.session.waitForIdle());
};
const answered = (t: TestSession) => t.events.flatMap((event) => (event.type === 'call_answered' ? [event] : []));
const deliveries = (t: TestSession) =>
  t.events.flatMap((event) => (event.type === 'delivery_ended' ? [`${event.id} ${event.receipt}`] : []));
const states = (t: TestSession) =>
  t.events.flatMap((event) => (event.type === 'task_ended' ? [`${event.callId} ${event.state}`] : []));

describe('S4.1 what is a duplicate', () => {
  test('S4.1 a tool that says nothing joins an equal call in the background: nothing is booked twice', async () => {
    const held = heldTool(searching);
    const t = await startTestSession([booking('Rome'), 'Searching.', booking('Rome'), 'Still at it.', 'Booked.'], {
      tools: [held.tool],
    });
    await say(t, 'Book Rome');
    await say(t, 'Is Rome booked?');
    expect(held.began).toEqual(['call_1']);
    expect(answered(t)).toMatchObject([{ callId: 'call_2', toolName: 'book', reason: 'joined', taskId: 'call_1' }]);
    held.bodies[0]?.end('Booked Rome');
    await rest(t);
    expect(t.spoken).toEqual(['Searching.', 'Still at it.', 'Booked.']);
    expect(deliveries(t)).toEqual(['call_1_final completed']);
    t.model.assertComplete();
  });

  test('S4.1 a tool that says nothing runs equal calls of one step', async () => {
    const held = heldTool();
    const t = await startTestSession([booking('Rome', 'Rome'), 'Two.'], { tools: [held.tool] });
    const run = t.session.run({ userInput: 'Twice, please' });
    await t.clock.settle();
    expect(held.began).toEqual(['call_1', 'call_2']);
    for (const body of held.bodies) body.end('Booked');
    await drive(t.clock, run);
  });

  test('S4.1 other arguments are no duplicate; the order of keys and what validation fills in do not count', async () => {
    const parameters = z.object({ to: z.string(), seats: z.number().default(1) });
    const began: unknown[] = [];
    const book = tool({
      name: 'book',
      parameters,
      onDuplicate: 'reject',
      execute: async (args, { ctx }) => {
        began.push(args);
        await ctx.update('Searching');
        await byHand().promise;
      },
    });
    const call = (args: object) => ({ calls: [{ name: 'book', args }] });
    const t = await startTestSession(
      [
        call({ to: 'Rome', seats: 1 }),
        'a',
        call({ seats: 1, to: 'Rome' }),
        'b',
        call({ to: 'Rome' }),
        'c',
        call({ to: 'Rome', seats: 2 }),
        'd',
      ],
      { tools: [book] },
    );
    for (const text of ['1', '2', '3', '4']) await say(t, text);
    expect(began).toEqual([
      { to: 'Rome', seats: 1 },
      { to: 'Rome', seats: 2 },
    ]);
    expect(answered(t).map((event) => event.reason)).toEqual(['duplicate', 'duplicate']);
  });

  test.each([
    ['name', 'name' as const],
    ['a function', ({ to }: { to: string }) => to.toLowerCase()],
  ])('S4.1 duplicateKey: %s', async (_, duplicateKey) => {
    const held = heldTool({ ...searching, onDuplicate: 'reject', duplicateKey: duplicateKey as never });
    const t = await startTestSession([booking('Rome', 'ROME'), 'One.'], { tools: [held.tool] });
    await say(t, 'Go');
    expect(held.began).toEqual(['call_1']);
  });

  test('S4.1 an AsyncToolset says it for its tools', async () => {
    const held = heldTool(searching);
    const travel = new AsyncToolset({ id: 'travel', tools: [held.tool], defaults: { onDuplicate: 'reject' } });
    const t = await startTestSession([booking('Rome', 'Rome'), 'One.'], { tools: [travel] });
    await say(t, 'Go');
    expect(held.began).toEqual(['call_1']);
  });

  test('S4.1 calls of another agent and calls that queue count', async () => {
    const held = heldTool({ ...searching, onDuplicate: 'reject', maxConcurrency: { limit: 1 } });
    class Ask extends AgentTask<string> {}
    const start = tool({
      name: 'start',
      execute: async (_args, { ctx }) => {
        await ctx.update('Asking');
        return await new Ask({ name: 'ask', instructions: 'Ask.', tools: [held.tool] }).run();
      },
    });
    const agent = new Agent({ name: 'travel', instructions: 'Travel.', tools: [held.tool, start] });
    const t = await startTestSession(
      [{ calls: [...booking('Rome', 'Oslo').calls, { name: 'start' }] }, 'Looking.', booking('Oslo'), 'It is queued.'],
      { agent },
    );
    await say(t, 'Go');
    await t.clock.settle();
    expect(t.session.currentAgent?.name).toBe('ask');
    await say(t, 'Oslo too');
    expect(held.began).toEqual(['call_1']);
    expect(outputOf(t.session, 'call_4')).toContain('call_2 book({"to":"Oslo"})');
  });
});

describe('S4.2 reject and confirm', () => {
  test('S4.2 reject answers with a normal output that lists the running calls', async () => {
    const held = heldTool({ ...searching, onDuplicate: 'reject' });
    const t = await startTestSession([booking('Rome'), 'Searching.', booking('Rome'), 'Already.'], {
      tools: [held.tool],
    });
    await say(t, 'Book Rome');
    await say(t, 'Book Rome');
    expect(answered(t)).toMatchObject([{ callId: 'call_2', reason: 'duplicate' }]);
    expect(historyOf(t.session)).toContainEqual(
      expect.stringMatching(/^call_2: Not started: .*\n- call_1 book\(\{"to":"Rome"\}\): .*Searching Rome/s),
    );
    expect(t.spoken).toEqual(['Searching.', 'Already.']);
  });

  const flagOf = (t: TestSession): unknown => {
    const declared = t.model.calls[0]?.tools?.[0];
    return declared?.type === 'function' ? declared.inputSchema : undefined;
  };

  test('S4.2 confirm asks, and with the flag the call runs; the body never sees it', async () => {
    const held = heldTool({ ...searching, onDuplicate: 'confirm' });
    const confirmed = { calls: [{ name: 'book', args: { to: 'Rome', confirm_duplicate: true } }] };
    const t = await startTestSession(
      [
        booking('Rome'),
        'Searching.',
        booking('Rome'),
        'A second one?',
        confirmed,
        'And again.',
        booking('Rome'),
        'A third one?',
      ],
      { tools: [held.tool] },
    );
    await say(t, 'Book Rome');
    await say(t, 'Book Rome');
    expect(outputOf(t.session, 'call_2')).toContain('confirm_duplicate');
    expect(outputOf(t.session, 'call_2')).toContain('- call_1 book');
    await say(t, 'Yes, a second one');
    expect(held.bodies.map((body) => body.args)).toEqual([{ to: 'Rome' }, { to: 'Rome' }]);
    expect(t.session.tasks.get('call_3')?.input).toEqual({ to: 'Rome' });
    await say(t, 'Book Rome');
    expect(outputOf(t.session, 'call_4')).toMatch(/- call_1 book.*\n.*\n- call_3 book/s);
    expect(flagOf(t)).toMatchObject({ required: ['to'], properties: { confirm_duplicate: { type: 'boolean' } } });
  });

  test('S4.2 without a duplicate the call just runs, in a strict schema too, where the flag is required and nullable', async () => {
    const held = heldTool({ ...searching, onDuplicate: 'confirm', strict: true });
    const call = (flag: boolean | null) => ({
      calls: [{ name: 'book', args: { to: 'Rome', confirm_duplicate: flag } }],
    });
    const t = await startTestSession([call(null), 'Searching.', call(null), 'A second one?', call(true), 'Two.'], {
      tools: [held.tool],
    });
    await say(t, 'Book Rome');
    expect(held.bodies.map((body) => body.args)).toEqual([{ to: 'Rome' }]);
    await say(t, 'Book Rome');
    expect(held.began).toEqual(['call_1']);
    await say(t, 'Yes');
    expect(held.began).toEqual(['call_1', 'call_3']);
    expect(flagOf(t)).toMatchObject({
      required: ['to', 'confirm_duplicate'],
      properties: { confirm_duplicate: { type: ['boolean', 'null'] } },
    });
  });

  test('S4.2 the model is shown its call as it made it', async () => {
    const held = heldTool({ ...searching, onDuplicate: 'confirm' });
    const args = { to: 'Rome', confirm_duplicate: true };
    const t = await startTestSession([{ calls: [{ name: 'book', args }] }, 'Searching.'], { tools: [held.tool] });
    await say(t, 'Book Rome');
    expect(JSON.stringify(t.model.prompts[1])).toContain(JSON.stringify(args));
  });
});

describe('S4.3 replace', () => {
  const replace: HeldOptions = { ...searching, onDuplicate: 'replace', allowCancellation: true };

  test('S4.3 cancels all matches, waits until they have stopped, then runs', async () => {
    const held = heldTool({ ...replace, duplicateKey: 'name', deaf: true });
    const t = await startTestSession([booking('Rome'), 'Searching Rome.', booking('Oslo'), 'Searching Oslo.'], {
      tools: [held.tool],
    });
    await say(t, 'Book Rome');
    const run = t.session.run({ userInput: 'No, Oslo' });
    await t.clock.settle();
    expect(states(t)).toEqual(['call_1 cancelled']);
    expect(held.bodies[0]?.signal.aborted).toBe(true);
    expect(held.began).toEqual(['call_1']);
    held.bodies[0]?.end();
    await drive(t.clock, run);
    expect(held.began).toEqual(['call_1', 'call_2']);
    expect(t.spoken).toEqual(['Searching Rome.', 'Searching Oslo.']);
  });

  test.each([
    [{ stopTimeoutMs: 700 }, 700],
    [{}, 2000],
  ])('S4.3 waits at most stopTimeoutMs: %o', async (options, limitMs) => {
    const held = heldTool({ ...replace, deaf: true });
    const t = await startTestSession([booking('Rome'), 'One.', booking('Rome'), 'Two.'], {
      tools: [held.tool],
      ...options,
    });
    await say(t, 'Book Rome');
    const run = t.session.run({ userInput: 'Again' });
    await t.clock.advance(limitMs - 1);
    expect(held.began).toEqual(['call_1']);
    await t.clock.advance(1);
    expect(held.began).toEqual(['call_1', 'call_2']);
    await drive(t.clock, run);
  });

  test.each([
    ['its tool does not allow it', { allowCancellation: false }, 'its tool does not allow it'],
    [
      'its body disallowed it',
      {
        first: ({ ctx }: { ctx: { disallowInterruptions(): void; update(m: string): unknown } }) => (
          ctx.disallowInterruptions(), ctx.update('x')
        ),
      },
      'may not be interrupted',
    ],
  ])('S4.3 if one may not be cancelled, nothing is, and the call gets an error: %s', async (_, more, reason) => {
    const other = heldTool({ ...replace, ...(more as object), duplicateKey: 'name' });
    const t = await startTestSession([booking('Rome'), 'Searching.', booking('Oslo'), 'That is not possible.'], {
      tools: [other.tool],
    });
    await say(t, 'Book Rome');
    await say(t, 'No, Oslo');
    expect(other.began).toEqual(['call_1']);
    expect(states(t)).toEqual([]);
    expect(historyOf(t.session)).toContainEqual(expect.stringMatching(/^call_2 ! Task "call_1" cannot be cancelled/));
    expect(outputOf(t.session, 'call_2')).toContain(reason);
    expect(t.spoken.at(-1)).toBe('That is not possible.');
  });

  test('S4.3 if one of two may not be cancelled, neither is', async () => {
    const both = heldTool({
      ...replace,
      onDuplicate: 'allow',
      duplicateKey: 'name',
      first: ({ ctx, args }) => {
        if (args.to === 'Oslo') ctx.disallowInterruptions();
        return ctx.update('Searching');
      },
    });
    const instead = heldTool({ ...replace, duplicateKey: 'name' });
    const steps = [booking('Rome', 'Oslo'), 'Searching.', booking('Bern'), 'That is not possible.'];
    const t = await startTestSession(steps, { tools: [both.tool] });
    await say(t, 'Book Rome and Oslo');
    await t.session.updateTools([instead.tool]);
    await say(t, 'Bern instead');
    expect(states(t)).toEqual([]);
    expect(both.bodies.map((body) => body.signal.aborted)).toEqual([false, false]);
    expect(instead.began).toEqual([]);
    expect(outputOf(t.session, 'call_3')).toBe('Task "call_2" cannot be cancelled now: it may not be interrupted.');
  });

  test('S4.3 who replaces a call that still waits for what it replaced waits for that as well', async () => {
    const held = heldTool({ ...replace, deaf: true });
    const t = await startTestSession([booking('Rome'), 'One.', booking('Rome'), booking('Rome'), 'Three.'], {
      tools: [held.tool],
    });
    await say(t, 'Book Rome');
    for (const text of ['Again', 'And again']) {
      void t.session.sendMessage(text);
      await t.clock.settle();
    }
    expect(states(t)).toEqual(['call_1 cancelled', 'call_2 cancelled']);
    expect(held.began).toEqual(['call_1']);
    held.bodies[0]?.end();
    await t.clock.advance(100);
    expect(held.began).toEqual(['call_1', 'call_3']);
    expect(t.spoken).toEqual(['One.', 'Three.']);
  });

  test('S4.3 a call of the same step is replaced too', async () => {
    const held = heldTool({ onDuplicate: 'replace', allowCancellation: true, duplicateKey: 'name' });
    const t = await startTestSession([booking('Rome', 'Oslo'), 'Oslo it is.'], { tools: [held.tool] });
    const run = t.session.run({ userInput: 'Go' });
    await t.clock.settle();
    expect(held.began).toEqual(['call_1', 'call_2']);
    held.bodies[1]?.end('Booked Oslo');
    await drive(t.clock, run);
    expect(states(t)).toEqual(['call_1 cancelled', 'call_2 completed']);
  });

  test.each(['reject', 'queue'] as const)(
    'S4.3 the call takes the place of what it replaces, past those who wait: %s',
    async (whenFull) => {
      const held = heldTool({ ...replace, maxConcurrency: { limit: 1, whenFull }, deaf: true });
      const waiting = whenFull === 'queue' ? booking('Rome', 'Oslo') : booking('Rome');
      const t = await startTestSession([waiting, 'One.', booking('Rome'), 'Two.'], { tools: [held.tool] });
      await say(t, 'Book');
      const run = t.session.run({ userInput: 'Rome again' });
      await t.clock.settle();
      expect(held.bodies.map((body) => body.args.to)).toEqual(['Rome']);
      held.bodies[0]?.end();
      await drive(t.clock, run);
      expect(held.bodies.map((body) => body.args.to)).toEqual(['Rome', 'Rome']);
      held.bodies[1]?.end();
      await t.clock.settle();
      expect(held.bodies.length).toBe(whenFull === 'queue' ? 3 : 2);
    },
  );

  test('S4.3 what needs approval replaces nothing before it is approved', async () => {
    const held = heldTool({
      ...replace,
      needsApproval: ({ to }: { to: string }) => to === 'Oslo',
      duplicateKey: 'name',
    });
    const answer = (action: string) => ({ calls: [{ name: 'answer_task', args: { call_id: 'call_2', action } }] });
    const t = await startTestSession(
      [booking('Rome'), 'Searching.', booking('Oslo'), 'May I?', answer('decline'), 'Then not.', 'Rome goes on.'],
      { tools: [held.tool] },
    );
    await say(t, 'Book Rome');
    await say(t, 'No, Oslo');
    expect(states(t)).toEqual([]);
    await say(t, 'No');
    expect(states(t)).toEqual(['call_2 completed']);
    expect(held.began).toEqual(['call_1']);
  });

  test('S4.3 what is approved replaces what runs by then', async () => {
    const held = heldTool({
      ...replace,
      needsApproval: ({ to }: { to: string }) => to === 'Oslo',
      duplicateKey: 'name',
    });
    const t = await startTestSession([booking('Rome'), 'Searching.', booking('Oslo'), 'May I?', 'Oslo then.'], {
      tools: [held.tool],
    });
    await say(t, 'Book Rome');
    await say(t, 'No, Oslo');
    await t.session.tasks.answer('call_2', 'accept');
    await t.clock.advance(100);
    expect(states(t)).toEqual(['call_1 cancelled']);
    expect(held.began).toEqual(['call_1', 'call_2']);
  });
});

describe('S4.4 join', () => {
  test('S4.4 while the task blocks, the new call waits and gets the same output; one side effect, one reply', async () => {
    const held = heldTool({ onDuplicate: 'join' });
    const t = await startTestSession([booking('Rome', 'Rome'), 'Booked once.'], { tools: [held.tool] });
    const run = t.session.run({ userInput: 'Go' });
    await t.clock.settle();
    expect(held.began).toEqual(['call_1']);
    expect(t.session.tasks.list().map((task) => task.callId)).toEqual(['call_1']);
    expect(t.session.tasks.get('call_2')?.callId).toBe('call_1');
    held.bodies[0]?.end('Booked Rome');
    await drive(t.clock, run);
    expect(historyOf(t.session).slice(1)).toEqual([
      'call_1: Booked Rome',
      'call_2: Booked Rome',
      'assistant: Booked once.',
    ]);
    expect(states(t)).toEqual(['call_1 completed']);
  });

  test('S4.4 both get the first update when the task goes to the background, and its result is told once', async () => {
    const go = byHand();
    const held = heldTool({
      onDuplicate: 'join',
      first: async ({ ctx }) => (await go.promise, await ctx.update('Searching')),
    });
    const t = await startTestSession([booking('Rome', 'Rome'), 'Searching.', 'Booked.'], { tools: [held.tool] });
    const run = t.session.run({ userInput: 'Go' });
    await t.clock.settle();
    go.resolve();
    await drive(t.clock, run);
    expect(outputOf(t.session, 'call_2')).toBe(outputOf(t.session, 'call_1'));
    held.bodies[0]?.end('Booked');
    await rest(t);
    expect(t.spoken).toEqual(['Searching.', 'Booked.']);
    expect(deliveries(t)).toEqual(['call_1_final completed']);
  });

  test('S3.1 S4.4 both get a first update that is silent, and neither wants a reply', async () => {
    const joined = heldTool({ onDuplicate: 'join' });
    const t = await startTestSession([booking('Rome', 'Rome'), 'Booked.'], { tools: [joined.tool] });
    const run = t.session.run({ userInput: 'Go' });
    await t.clock.settle();
    void joined.bodies[0]?.ctx.update('Searching', { deliver: 'silent' });
    await drive(t.clock, run);
    expect(outputOf(t.session, 'call_2')).toBe(outputOf(t.session, 'call_1'));
    expect(t.spoken).toEqual([]);
    joined.bodies[0]?.end('Booked');
    await rest(t);
    expect(t.spoken).toEqual(['Booked.']);
  });

  test('S4.4 from then on it is answered at once with the newest record', async () => {
    const held = heldTool({ ...searching, onDuplicate: 'join' });
    const t = await startTestSession([booking('Rome'), 'Searching.', 'Three found.', booking('Rome'), 'Still three.'], {
      tools: [held.tool],
    });
    await say(t, 'Go');
    await held.bodies[0]?.ctx.update('Found three');
    await t.clock.advance(100);
    await say(t, 'And?');
    expect(outputOf(t.session, 'call_2')).toMatch(/call_1.*Found three/s);
  });

  test.each(['call_1', 'call_2'])('S4.4 cancelling by either id cancels the one task: %s', async (id) => {
    const held = heldTool({ ...searching, onDuplicate: 'join', allowCancellation: true });
    const t = await startTestSession(
      [
        booking('Rome'),
        'Searching.',
        booking('Rome'),
        'Still.',
        { calls: [{ name: 'cancel_task', args: { call_id: id } }] },
        'Stopped.',
      ],
      { tools: [held.tool] },
    );
    for (const text of ['Go', 'Go', 'Stop it']) await say(t, text);
    expect(held.bodies[0]?.signal.aborted).toBe(true);
    expect(states(t)).toEqual(['call_1 cancelled']);
    expect(await t.session.tasks.cancel(id)).toBe(false);
  });

  test('S4.4 a call that waits with the task is answered when the task is cancelled', async () => {
    const held = heldTool({ onDuplicate: 'join' });
    const t = await startTestSession([booking('Rome', 'Rome')], { tools: [held.tool] });
    const run = t.session.run({ userInput: 'Go' });
    await t.clock.settle();
    expect(await t.session.tasks.cancel('call_2')).toBe(true);
    await drive(t.clock, run);
    expect(outputOf(t.session, 'call_2')).toMatch(/was cancelled before it finished/);
    expect(states(t)).toEqual(['call_1 cancelled']);
  });

  test('S4.4 it does not wait for a task that itself waits, so neither keeps the other from going on', async () => {
    const held = heldTool({ onDuplicate: 'join', first: ({ ctx }) => ctx.foreground(() => undefined) });
    const t = await startTestSession([booking('Rome', 'Rome'), 'Booked.'], { tools: [held.tool] });
    const run = t.session.run({ userInput: 'Go' });
    await t.clock.settle();
    held.bodies[0]?.end('Booked Rome');
    await drive(t.clock, run);
    expect(outputOf(t.session, 'call_1')).toBe('Booked Rome');
    expect(outputOf(t.session, 'call_2')).toContain('already running as call_1');
  });

  test('S4.4 an AgentTask may call what its parent’s call is waiting for', async () => {
    const inner = new AgentTask<string>({ name: 'ask', instructions: 'Ask.' });
    const held = heldTool({ onDuplicate: 'join', first: () => inner.run() });
    const t = await startTestSession([booking('Rome'), booking('Rome'), 'One moment.', 'Booked.'], {
      tools: [held.tool],
    });
    const first = t.session.sendMessage('Go');
    await t.clock.settle();
    await first;
    await say(t, 'And Rome?');
    expect(t.spoken).toEqual(['One moment.']);
    inner.complete('x');
    held.bodies[0]?.end('Booked Rome');
    await rest(t);
    expect(t.spoken).toEqual(['One moment.', 'Booked.']);
    expect(held.began).toEqual(['call_1']);
  });

  test('S4.4 interrupted, the call that waits gets what the task gets, and the result is told once', async () => {
    const held = heldTool({ onDuplicate: 'join' });
    const t = await startTestSession([booking('Rome', 'Rome'), 'Hello.', 'Booked.'], { tools: [held.tool] });
    const first = t.session.sendMessage('Go');
    await t.clock.settle();
    await first;
    await say(t, 'Hello?');
    expect(historyOf(t.session).slice(1, 3)).toEqual([
      expect.stringMatching(/^call_1: .*still running/),
      expect.stringMatching(/^call_2: .*still running/),
    ]);
    expect(answered(t).map((event) => event.reason)).toEqual(['joined']);
    held.bodies[0]?.end('Booked');
    await rest(t);
    expect(t.spoken).toEqual(['Hello.', 'Booked.']);
    expect(deliveries(t)).toEqual(['call_1_final completed']);
  });

  test('S4.4 the output that both got is told once when nobody had told it', async () => {
    const held = heldTool({ onDuplicate: 'join' });
    const t = await startTestSession(
      [booking('Rome', 'Rome'), { text: 'Booked', hang: byHand().promise }, 'Booked once.'],
      {
        tools: [held.tool],
      },
    );
    void t.session.sendMessage('Go');
    await t.clock.settle();
    held.bodies[0]?.end('Booked Rome');
    await t.clock.settle();
    await t.session.interrupt();
    await rest(t);
    expect(t.spoken).toEqual(['Booked once.']);
    expect(deliveries(t)).toEqual(['call_1 completed']);
  });

  test('S4.4 an answer nobody told is told, unless the task has told something since', async () => {
    for (const later of [false, true]) {
      const held = heldTool({ ...searching, onDuplicate: 'join' });
      const hang = byHand();
      const t = await startTestSession(
        [
          booking('Rome'),
          'Searching.',
          booking('Rome'),
          { text: 'Still at it', hang: hang.promise },
          'Hello.',
          'Told.',
        ],
        { tools: [held.tool] },
      );
      await say(t, 'Go');
      const second = t.session.sendMessage('And Rome?');
      await t.clock.settle();
      await second;
      if (later) held.bodies[0]?.end('Booked');
      await t.clock.settle();
      await say(t, 'Hello?');
      expect(t.spoken).toEqual(['Searching.', 'Hello.', 'Told.']);
      expect(deliveries(t)).toEqual([later ? 'call_1_final completed' : 'call_2 completed']);
    }
  });
});

test('S4.4 an answer nobody told gives way to what the task tells next', async () => {
  const held = heldTool({ ...searching, onDuplicate: 'join' });
  const t = await startTestSession(
    [booking('Rome'), 'Searching.', booking('Rome'), { text: 'Still at it', hang: byHand().promise }, 'Booked.'],
    { tools: [held.tool] },
  );
  await say(t, 'Go');
  void t.session.sendMessage('And Rome?');
  await t.clock.settle();
  await t.session.interrupt();
  held.bodies[0]?.end('Booked: ABC');
  await rest(t);
  expect(t.spoken).toEqual(['Searching.', 'Booked.']);
  expect(deliveries(t)).toEqual(['call_2 superseded', 'call_1_final completed']);
});

describe('S4.5 the window', () => {
  const windowed: HeldOptions = { duplicateWindowMs: 60_000 };
  const ends = (value: unknown): HeldOptions => ({ ...windowed, first: ({ end }) => end(value) });

  test('S4.5 an equal call after a successful end gets the earlier result, how old it is, and no new effect', async () => {
    const held = heldTool(ends('Booked: ABC'));
    const t = await startTestSession([booking('Rome'), 'Booked.', booking('Rome'), 'It is booked already.'], {
      tools: [held.tool],
    });
    await say(t, 'Book Rome');
    await t.clock.advance(30_000);
    await say(t, 'Book Rome');
    expect(held.began).toEqual(['call_1']);
    expect(answered(t)).toMatchObject([{ callId: 'call_2', reason: 'replayed', taskId: 'call_1' }]);
    expect(outputOf(t.session, 'call_2')).toMatch(/already done 30 seconds ago.*Booked: ABC/s);
    expect(t.spoken).toEqual(['Booked.', 'It is booked already.']);
  });

  test('S4.5 after the window it runs again', async () => {
    const held = heldTool(ends('Booked'));
    const t = await startTestSession([booking('Rome'), 'One.', booking('Rome'), 'Two.'], { tools: [held.tool] });
    await say(t, 'Book Rome');
    await t.clock.advance(60_001);
    await say(t, 'Book Rome');
    expect(held.began).toEqual(['call_1', 'call_2']);
  });

  test('S4.5 the result of a background task counts as well', async () => {
    const held = heldTool({ ...windowed, ...searching });
    const t = await startTestSession([booking('Rome'), 'Searching.', 'Booked.', booking('Rome'), 'It is.'], {
      tools: [held.tool],
    });
    await say(t, 'Book Rome');
    held.bodies[0]?.end('Booked: ABC');
    await rest(t);
    await say(t, 'Book Rome');
    expect(outputOf(t.session, 'call_2')).toContain('Booked: ABC');
  });

  test.each([
    ['an error', new ToolError('sold out')],
    ['a handoff', handoff(new Agent({ name: 'next', instructions: 'x' }), { returns: 'Over to next' })],
  ])('S4.5 %s is never replayed', async (_, value) => {
    const held = heldTool(ends(value));
    const t = await startTestSession([booking('Rome'), 'One.', booking('Rome'), 'Two.'], { tools: [held.tool] });
    await say(t, 'Book Rome');
    await say(t, 'Book Rome');
    expect(held.began).toEqual(['call_1', 'call_2']);
  });

  test('S4.5 a cancelled or declined call is never replayed', async () => {
    const held = heldTool({ ...windowed, ...searching, needsApproval: true });
    const t = await startTestSession(
      [
        booking('Rome'),
        'May I?',
        'Not booked.',
        booking('Rome'),
        'May I?',
        'x',
        'Searching.',
        booking('Rome'),
        'May I?',
      ],
      {
        tools: [held.tool],
      },
    );
    await say(t, 'Book Rome');
    await t.session.tasks.answer('call_1', 'decline');
    await rest(t);
    await say(t, 'Book it after all');
    expect(answered(t)).toEqual([]);
    await t.session.tasks.answer('call_2', 'accept');
    await t.clock.advance(100);
    await t.session.tasks.cancel('call_2');
    await rest(t);
    await say(t, 'Book Rome').catch(() => undefined);
    expect(answered(t)).toEqual([]);
  });

  test('S4.5 the confirm flag runs it regardless', async () => {
    const held = heldTool({ ...ends('Booked'), onDuplicate: 'confirm' });
    const again = { calls: [{ name: 'book', args: { to: 'Rome', confirm_duplicate: true } }] };
    const t = await startTestSession([booking('Rome'), 'One.', again, 'Two.'], { tools: [held.tool] });
    await say(t, 'Book Rome');
    await say(t, 'Another');
    expect(held.began).toEqual(['call_1', 'call_2']);
  });
});

describe('S4.6 calls of one step', () => {
  test('S4.6 with reject exactly one of two identical calls runs, the first', async () => {
    const held = heldTool({ onDuplicate: 'reject' });
    const t = await startTestSession([booking('Rome', 'Rome'), 'Once.'], { tools: [held.tool] });
    const run = t.session.run({ userInput: 'Go' });
    await t.clock.settle();
    held.bodies[0]?.end('Booked');
    await drive(t.clock, run);
    expect(held.began).toEqual(['call_1']);
    expect(outputOf(t.session, 'call_2')).toContain('Not started');
    expect(outputOf(t.session, 'call_1')).toBe('Booked');
  });

  test('S4.6 also when validation is asynchronous and the second is validated first', async () => {
    const gates = [byHand(), byHand()];
    const waiting = [...gates];
    const parameters = validatedLater(() => waiting.shift()?.promise);
    const held = heldTool({ onDuplicate: 'reject', parameters });
    const t = await startTestSession([booking('Rome', 'Rome'), 'Once.'], { tools: [held.tool] });
    const run = t.session.run({ userInput: 'Go' });
    await t.clock.settle();
    gates[1]?.resolve();
    await t.clock.settle();
    expect([held.began, answered(t)]).toEqual([[], []]);
    gates[0]?.resolve();
    await t.clock.settle();
    expect(held.began).toEqual(['call_1']);
    held.bodies[0]?.end('Booked');
    await drive(t.clock, run);
    expect(outputOf(t.session, 'call_2')).toContain('Not started');
  });

  test('S4.6 a call behind one that is validated asynchronously waits for it, one in another turn does not', async () => {
    const gate = byHand();
    const slow = heldTool({ parameters: validatedLater(() => gate.promise) });
    const began: string[] = [];
    const quick = tool({ name: 'quick', execute: (_args, { toolCallId }) => void began.push(toolCallId) });
    const t = await startTestSession(
      [{ calls: [...booking('Rome').calls, { name: 'quick' }] }, { calls: [{ name: 'quick' }] }],
      { tools: [slow.tool, quick] },
    );
    const first = t.session.sendMessage('Go');
    await t.clock.settle();
    await first;
    expect(began).toEqual([]);
    t.session.generateReply();
    await t.clock.settle();
    expect(began).toEqual(['call_3']);
    gate.resolve();
    await t.clock.settle();
    expect([slow.began, began]).toEqual([['call_1'], ['call_3', 'call_2']]);
  });

  test('S4.6 where validation is synchronous nothing yields between the calls, nor before their bodies', async () => {
    const order: string[] = [];
    const book = tool({
      name: 'book',
      parameters: z.object({ to: z.string() }),
      execute: ({ to }) => {
        order.push(to);
        queueMicrotask(() => order.push(`after ${to}`));
      },
    });
    // Repaired arguments are read when the step is whole: then both calls arrive in one go.
    const call = (to: string) => ({ name: 'book', argsText: `{to: "${to}"}` });
    const t = await startTestSession([{ calls: [call('Rome'), call('Oslo')] }], { tools: [book] });
    await say(t, 'Go');
    expect(order).toEqual(['Rome', 'Oslo', 'after Rome', 'after Oslo']);
  });

  test('S4.6 a body starts while the model is still speaking', async () => {
    const held = heldTool();
    const hang = byHand();
    const t = await startTestSession([{ ...booking('Rome'), hang: hang.promise, hangAfter: 'end' }, 'Booked.'], {
      tools: [held.tool],
    });
    const run = t.session.run({ userInput: 'Go' });
    await t.clock.settle();
    expect(held.began).toEqual(['call_1']);
    hang.resolve();
    held.bodies[0]?.end('Booked');
    await drive(t.clock, run);
  });
});
