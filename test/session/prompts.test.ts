import { Agent, AsyncToolset, tool } from 'meanwhile';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { byHand, drive, startTestSession } from '../support/session.ts';

const none = z.object({});

test('S9.1 S3.7 the delivery policy stands in the instructions from the start, and the system prompt stays byte-identical', async () => {
  const end = byHand<string>();
  const search = tool({
    name: 'search',
    parameters: none,
    execute: async (_args, { ctx }) => {
      await ctx.update('began');
      return await end.promise;
    },
  });
  const t = await startTestSession(['Hello.', { calls: [{ name: 'search', args: {} }] }, 'Began.', 'Found.'], { tools: [search] });
  await drive(t.clock, t.session.run({ userInput: 'Hi' }));
  await drive(t.clock, t.session.run({ userInput: 'Search' }));
  end.resolve('x');
  await t.clock.advance(100);
  const systems = t.model.calls.map((call) => call.prompt[0]);
  expect(new Set(systems.map((system) => JSON.stringify(system))).size).toBe(1);
  expect(JSON.stringify(systems[0])).toContain('go on in the background');
  expect(t.model.calls).toHaveLength(4);
});

test('S9.1 an AsyncToolset’s reply prompts hold when all records of the reply are its own', async () => {
  const ends = [byHand<string>(), byHand<string>(), byHand<string>()];
  const make = (name: string, index: number) =>
    tool({
      name,
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('began');
        return await ends[index]?.promise;
      },
    });
  const set = new AsyncToolset({ id: 'set', tools: [make('a', 0), make('b', 1)], prompts: { replyAtTail: 'TOOLSET {callIds}' } });
  const calls = ['a', 'b', 'c'].map((name) => ({ name, args: {} }));
  const agent = new Agent({ instructions: 'x', prompts: { replyAtTail: 'AGENT {callIds}' } });
  const t = await startTestSession([{ calls }, 'Began.', 'One.', 'Two.'], { agent, tools: [set, make('c', 2)] });
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  ends[0]?.resolve('A');
  await t.clock.advance(100);
  ends[1]?.resolve('B');
  ends[2]?.resolve('C');
  await t.clock.advance(100);
  const last = (index: number) => JSON.stringify(t.model.calls[index]?.prompt.at(-1));
  expect(last(2)).toContain('TOOLSET call_1_final');
  expect(last(3)).toContain('AGENT call_2_final, call_3_final');
});

test('S9.1 a per-call template beats all, and one that throws is replaced, with an error event', async () => {
  const talk = tool({
    name: 'talk',
    parameters: none,
    execute: async (_args, { ctx }) => {
      await ctx.update('one', { template: 'CALL {message}' });
      await ctx.update('two', {
        template: () => {
          throw new Error('oops');
        },
      });
    },
  });
  const t = await startTestSession([{ calls: [{ name: 'talk', args: {} }] }, 'Said.', 'Again.'], { tools: [talk], prompts: { update: 'SESSION {message}' } });
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  const texts = [...t.session.history].flatMap((item) =>
    item.kind === 'record' ? [item.output.text] : item.kind === 'batch' ? [item.calls[0]?.output.text] : [],
  );
  expect(texts).toHaveLength(3);
  expect(texts).toEqual(expect.arrayContaining(['CALL one', 'SESSION two']));
  expect(t.events).toContainEqual(expect.objectContaining({ type: 'error', source: 'prompt' }));
});
