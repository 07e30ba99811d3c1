import { Agent, handoff, SessionClosedError, tool, type MeanwhileError } from 'meanwhile';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { byHand, drive, startTestSession } from '../support/session.ts';

const none = z.object({});

test('S10.2 a run ends when no call blocks, what was recorded meanwhile is told, and a handoff has arrived', async () => {
  const next = new Agent({ name: 'next', instructions: 'n', onEnter: () => void next.session.say('Next here.') });
  const move = tool({
    name: 'move',
    parameters: none,
    execute: async (_args, { ctx }) => {
      await ctx.update('Looking');
      await ctx.update('Found somebody');
      return handoff(next, { returns: 'Anna' });
    },
  });
  const t = await startTestSession([{ calls: [{ name: 'move', args: {} }] }, 'Looking.', 'It is Anna.'], {
    tools: [move],
  });
  const run = await drive(t.clock, t.session.run({ userInput: 'Go' }));
  expect(run.text).toBe('Looking.\nIt is Anna.\nNext here.');
  expect(t.session.currentAgent).toBe(next);
  expect(run.of('delivery_ended').map((event) => event.receipt)).toEqual(['superseded', 'completed']);
});

test('S10.2 neither a background body nor a question that waits for the user holds it', async () => {
  const ask = tool({
    name: 'ask',
    parameters: none,
    execute: async (_args, { ctx }) => {
      const { action } = await ctx.ask({ message: 'Window or aisle?' });
      return action;
    },
  });
  const search = tool({
    name: 'search',
    parameters: none,
    execute: async (_args, { ctx }) => {
      await ctx.update('began');
      await new Promise(() => undefined);
    },
  });
  const t = await startTestSession(
    [
      {
        calls: [
          { name: 'ask', args: {} },
          { name: 'search', args: {} },
        ],
      },
      'Window or aisle?',
    ],
    { tools: [ask, search] },
  );
  const run = await drive(t.clock, t.session.run({ userInput: 'Go' }));
  expect(run.text).toBe('Window or aisle?');
  expect(t.session.tasks.list().map((task) => task.state)).toEqual(['input_required', 'working']);
});

test('S10.2 a failed model is an event in the result, not a rejection', async () => {
  const t = await startTestSession([{ error: new Error('no quota') }]);
  const run = await drive(t.clock, t.session.run({ userInput: 'Hi' }));
  expect(run.errors).toEqual([expect.objectContaining({ message: 'no quota' })]);
});

test('S10.2 a second run while one is active, and a close, reject with typed errors', async () => {
  const gate = byHand();
  const t = await startTestSession([{ hang: gate.promise }]);
  const run = t.session.run({ userInput: 'Hi' });
  await t.clock.settle();
  await expect(t.session.run({ userInput: 'Again' })).rejects.toMatchObject({
    code: 'run_active',
  } satisfies Partial<MeanwhileError>);
  const closed = t.session.close();
  await expect(run).rejects.toThrow(SessionClosedError);
  await closed;
});

test('S10.3 the same script gives the same timeline each time, in no real time', async () => {
  const play = async (): Promise<string> => {
    const t = await startTestSession([{ calls: [{ name: 'slow', args: {} }] }, 'Working.', 'Done.'], {
      tools: [
        tool({
          name: 'slow',
          parameters: none,
          execute: async (_args, { ctx }) => {
            await ctx.update('began');
            await new Promise<void>((resolve) => t.clock.setTimeout(resolve, 600_000));
            return 'done';
          },
        }),
      ],
    });
    await drive(t.clock, t.session.run({ userInput: 'Go' }));
    expect(t.clock.pending().map((timer) => timer.inMs)).toEqual([600_000]);
    await t.clock.advance(600_100);
    await drive(t.clock, t.session.close());
    return JSON.stringify(t.records);
  };
  const first = await play();
  expect(await play()).toBe(first);
  expect(first).toContain('Done.');
});
