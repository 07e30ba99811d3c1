/** Limits (S5.5), in a conversation. */
import { TaskEndedError, ToolError, tool } from 'meanwhile';
import { describe, expect, test } from 'vitest';
import { booking, heldTool, type HeldOptions } from '../support/held-tool.ts';
import { historyOf, outputOf } from '../support/history.ts';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';

const searching: HeldOptions = { first: ({ ctx }) => ctx.update('Searching') };

const say = (t: TestSession, text: string) => drive(t.clock, t.session.run({ userInput: text }));
const rest = async (t: TestSession) => {
  await t.clock.settle();
  await drive(t.clock, t.session.waitForIdle());
};
const states = (t: TestSession) =>
  t.events.flatMap((event) => (event.type === 'task_ended' ? [`${event.callId} ${event.state}`] : []));

describe('S5.5 timeoutMs', () => {
  test('S5.5 while it blocks, the call gets an error that names the limit, and a reply', async () => {
    const held = heldTool({ timeoutMs: 800 });
    const t = await startTestSession([booking('Rome'), 'It took too long.'], { tools: [held.tool] });
    await say(t, 'Go');
    expect(historyOf(t.session)).toContain('call_1 ! book did not finish within 800 ms and was stopped.');
    expect(states(t)).toEqual(['call_1 failed']);
    expect(t.spoken).toEqual(['It took too long.']);
    expect(t.log).toEqual([]);
  });

  test.each([undefined, 'silent'] as const)(
    'S5.5 in the background the same is told, also with deliver %s',
    async (deliver) => {
      const held = heldTool({ ...searching, timeoutMs: 800, ...(deliver ? { deliver } : {}) });
      const t = await startTestSession([booking('Rome'), ...(deliver ? [] : ['Searching.']), 'It took too long.'], {
        tools: [held.tool],
      });
      await say(t, 'Go');
      await t.clock.advance(799);
      expect(states(t)).toEqual([]);
      await t.clock.advance(100);
      expect(outputOf(t.session, 'call_1_final')).toBe('book did not finish within 800 ms and was stopped.');
      expect(t.spoken.at(-1)).toBe('It took too long.');
    },
  );

  test('S5.5 it bounds the body from its start: waiting for a place or for approval does not count', async () => {
    const held = heldTool({ timeoutMs: 500, maxConcurrency: { limit: 1 }, ...searching });
    const asking = heldTool({ name: 'buy', timeoutMs: 500, needsApproval: true });
    const calls = [...booking('Rome', 'Oslo').calls, { name: 'buy', args: { to: 'x' } }];
    const t = await startTestSession([{ calls }, 'So.', 'x', 'x', 'x'], { tools: [held.tool, asking.tool] });
    await say(t, 'Go');
    await t.clock.advance(400);
    held.bodies[0]?.end('Booked');
    await t.session.tasks.answer('call_3', 'accept');
    await t.clock.advance(499);
    expect(states(t)).toEqual(['call_1 completed']);
    await t.clock.advance(1);
    expect(states(t)).toEqual(['call_1 completed', 'call_2 failed', 'call_3 failed']);
  });

  test('S5.5 a timed-out body is aborted and what it still gives is refused', async () => {
    const held = heldTool({ ...searching, timeoutMs: 800, deaf: true });
    const t = await startTestSession([booking('Rome'), 'Searching.', 'Too long.'], { tools: [held.tool] });
    await say(t, 'Go');
    await t.clock.advance(1000);
    await rest(t);
    expect(held.bodies[0]?.signal.aborted).toBe(true);
    const before = t.records.length;
    await expect(held.bodies[0]!.ctx.update('Found it!')).rejects.toThrow(TaskEndedError);
    held.bodies[0]?.end('Booked: ABC');
    await t.clock.advance(10_000);
    expect(t.records.length).toBe(before);
    expect(t.spoken).toEqual(['Searching.', 'Too long.']);
  });

  test('S5.5 a body that ends in time leaves no timer', async () => {
    const held = heldTool({ timeoutMs: 800, noProgressTimeoutMs: 300, first: ({ end }) => end('Booked') });
    const t = await startTestSession([booking('Rome'), 'Booked.'], { tools: [held.tool] });
    await say(t, 'Go');
    expect(t.clock.pending()).toEqual([]);
  });
});

describe('S5.5 noProgressTimeoutMs', () => {
  test('S5.5 is reset by every update, told or for observers', async () => {
    const held = heldTool({ ...searching, noProgressTimeoutMs: 500 });
    const t = await startTestSession([booking('Rome'), 'a', 'b', 'Nothing came.'], { tools: [held.tool] });
    await say(t, 'Go');
    await t.clock.advance(400);
    await held.bodies[0]?.ctx.update('Found three');
    await t.clock.advance(400);
    await held.bodies[0]?.ctx.update({ progress: 1 });
    await t.clock.advance(499);
    expect(states(t)).toEqual([]);
    await t.clock.advance(1);
    expect(states(t)).toEqual(['call_1 failed']);
    expect(outputOf(t.session, 'call_1_final')).toBe('book made no progress for 500 ms and was stopped.');
    expect(held.bodies[0]?.signal.aborted).toBe(true);
  });

  test('S5.5 is reset by what a generator yields', async () => {
    const steps = [byHand(), byHand()];
    const count = tool({
      name: 'count',
      noProgressTimeoutMs: 500,
      execute: async function* () {
        yield 'one';
        await steps[0]?.promise;
        yield 'two';
        await steps[1]?.promise;
        return 'three';
      },
    });
    const t = await startTestSession([{ calls: [{ name: 'count' }] }, 'One.', 'Two.', 'Three.'], { tools: [count] });
    await say(t, 'Go');
    for (const step of steps) {
      await t.clock.advance(450);
      step.resolve();
      await t.clock.settle();
    }
    await rest(t);
    expect(states(t)).toEqual(['call_1 completed']);
  });
});

describe('S5.5 neither counts time in input_required', () => {
  test.each(['timeoutMs', 'noProgressTimeoutMs'] as const)('S5.5 %s', async (name) => {
    const asked = byHand();
    const held = heldTool({
      [name]: 500,
      asks: true,
      first: async ({ ctx }) => {
        await asked.promise;
        await ctx.ask({ message: 'Which?' });
      },
    });
    const t = await startTestSession([booking('Rome'), 'Which?', 'x', 'x'], { tools: [held.tool] });
    void t.session.sendMessage('Go');
    await t.clock.advance(400);
    asked.resolve();
    await t.clock.advance(60_000);
    expect(t.session.tasks.get('call_1')).toMatchObject({ state: 'input_required' });
    await t.session.tasks.answer('call_1', 'accept', {});
    // A question is an update: `noProgressTimeoutMs` begins again, `timeoutMs` goes on.
    const left = name === 'timeoutMs' ? 100 : 500;
    await t.clock.advance(left - 1);
    expect(states(t)).toEqual([]);
    await t.clock.advance(1);
    expect(states(t)).toEqual(['call_1 failed']);
  });
});

describe('S5.5 maxConcurrency', () => {
  test('S5.5 a queued call goes to the background at once, and starts in the order of the calls', async () => {
    const held = heldTool({ maxConcurrency: { limit: 2 } });
    const t = await startTestSession([booking('Rome', 'Oslo', 'Paris', 'Bern'), 'Two run.', 'x', 'x', 'x'], {
      tools: [held.tool],
    });
    void t.session.sendMessage('Go');
    await t.clock.settle();
    expect(held.bodies.map((body) => body.args.to)).toEqual(['Rome', 'Oslo']);
    expect(t.session.tasks.list().map((task) => task.phase)).toEqual([
      'blocking',
      'blocking',
      'background',
      'background',
    ]);
    held.bodies[1]?.end('Oslo booked');
    await t.clock.settle();
    expect(held.bodies.map((body) => body.args.to)).toEqual(['Rome', 'Oslo', 'Paris']);
    held.bodies[0]?.end(new ToolError('Rome is full'));
    await rest(t);
    expect(held.bodies.map((body) => body.args.to)).toEqual(['Rome', 'Oslo', 'Paris', 'Bern']);
    expect(outputOf(t.session, 'call_3')).toContain('waits for earlier calls');
    expect(outputOf(t.session, 'call_2')).toBe('Oslo booked');
    held.bodies[2]?.end('Paris booked');
    await rest(t);
    expect(outputOf(t.session, 'call_3_final')).toBe('Paris booked');
  });

  test('S5.5 with reject the call gets an error at once, and none is kept waiting', async () => {
    const held = heldTool({ ...searching, maxConcurrency: { limit: 1, whenFull: 'reject' } });
    const t = await startTestSession([booking('Rome', 'Oslo'), 'Only Rome.', booking('Oslo'), 'Now Oslo.', 'x'], {
      tools: [held.tool],
    });
    await say(t, 'Go');
    expect(historyOf(t.session)).toContain('call_2 ! book was not started: 1 calls of it are running already.');
    expect(t.events.filter((event) => event.type === 'call_answered')).toMatchObject([
      { callId: 'call_2', reason: 'refused' },
    ]);
    await t.session.tasks.cancel('call_1');
    await say(t, 'Oslo again');
    expect(held.bodies.map((body) => body.args.to)).toEqual(['Rome', 'Oslo']);
  });

  test('S5.5 with reject one that was approved when the place was taken gets the error then', async () => {
    const held = heldTool({ ...searching, needsApproval: true, maxConcurrency: { limit: 1, whenFull: 'reject' } });
    const t = await startTestSession([booking('Rome', 'Oslo'), 'May I?', 'x', 'x', 'x', 'x', 'x'], {
      tools: [held.tool],
    });
    await say(t, 'Go');
    await t.session.tasks.answer('call_2', 'accept');
    await t.session.tasks.answer('call_1', 'accept');
    await rest(t);
    expect(held.bodies.map((body) => body.args.to)).toEqual(['Oslo']);
    expect(outputOf(t.session, 'call_1_final')).toBe('book was not started: 1 calls of it are running already.');
  });

  test('S5.5 the limit is the tool’s own', async () => {
    const book = heldTool({ ...searching, maxConcurrency: { limit: 1 } });
    const buy = heldTool({ ...searching, name: 'buy', maxConcurrency: { limit: 1 } });
    const calls = ['book', 'buy'].map((name) => ({ name, args: { to: 'Rome' } }));
    const t = await startTestSession([{ calls }, 'Both.'], { tools: [book.tool, buy.tool] });
    await say(t, 'Go');
    expect([book.began, buy.began]).toEqual([['call_1'], ['call_2']]);
  });

  test('S5.5 who is cancelled while it queues leaves the queue', async () => {
    const held = heldTool({ ...searching, maxConcurrency: { limit: 1 } });
    const t = await startTestSession([booking('Rome', 'Oslo', 'Paris'), 'One.', 'x'], { tools: [held.tool] });
    await say(t, 'Go');
    await t.session.tasks.cancel('call_2');
    await t.session.tasks.cancel('call_1');
    await t.clock.settle();
    expect(held.bodies.map((body) => body.args.to)).toEqual(['Rome', 'Paris']);
  });

  test('S5.5 a body that does not stop gives its place back after stopTimeoutMs', async () => {
    const held = heldTool({ ...searching, timeoutMs: 500, maxConcurrency: { limit: 1 }, deaf: true });
    const t = await startTestSession([booking('Rome', 'Oslo'), 'One.', 'Too long.'], {
      tools: [held.tool],
      stopTimeoutMs: 700,
    });
    await say(t, 'Go');
    await t.clock.advance(500 + 699);
    expect(held.began).toEqual(['call_1']);
    await t.clock.advance(1);
    expect(held.began).toEqual(['call_1', 'call_2']);
  });
});
