import { Agent, AgentTask, AsyncToolset, defaultPrompts, handoff, tool, type Prompts } from 'meanwhile';
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
  const t = await startTestSession(['Hello.', { calls: [{ name: 'search', args: {} }] }, 'Began.', 'Found.'], {
    tools: [search],
  });
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
  const set = new AsyncToolset({
    id: 'set',
    tools: [make('a', 0), make('b', 1)],
    prompts: { replyAtTail: 'TOOLSET {callIds}' },
  });
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
  const t = await startTestSession([{ calls: [{ name: 'talk', args: {} }] }, 'Said.', 'Again.'], {
    tools: [talk],
    prompts: { update: 'SESSION {message}' },
  });
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  const texts = [...t.session.history].flatMap((item) =>
    item.kind === 'record' ? [item.output.text] : item.kind === 'batch' ? [item.calls[0]?.output.text] : [],
  );
  expect(texts).toHaveLength(3);
  expect(texts).toEqual(expect.arrayContaining(['CALL one', 'SESSION two']));
  expect(t.events).toContainEqual(expect.objectContaining({ type: 'error', source: 'prompt' }));
});

/** Every prompt throws an error with its own name. */
function failing(): Partial<Prompts> {
  const names = Object.keys(defaultPrompts) as (keyof Prompts)[];
  const entries = names.map((name) => [
    name,
    () => {
      throw new Error(name);
    },
  ]);
  return Object.fromEntries(entries) as Partial<Prompts>;
}

test('S9.1 wherever a template throws the default holds, and an error event says so', async () => {
  const answered = byHand();
  const slow = byHand();
  const next = new Agent({ name: 'next', instructions: 'n', prompts: failing() });
  const other = new Agent({ name: 'other', instructions: 'o' });
  const task = new AgentTask({ name: 'late', instructions: 't', prompts: failing() });
  const tools = [
    tool({
      name: 'ask',
      parameters: none,
      asks: true,
      execute: async (_args, { ctx }) => {
        await ctx.ask({ message: 'Which?', schema: { type: 'object', properties: { n: { type: 'number' } } } });
        answered.resolve();
      },
    }),
    tool({
      name: 'slow',
      parameters: none,
      onDuplicate: 'confirm',
      allowCancellation: true,
      execute: () => slow.promise,
    }),
    tool({ name: 'move', parameters: none, execute: () => handoff(next) }),
    tool({ name: 'move_too', parameters: none, execute: () => handoff(other) }),
    tool({ name: 'broken', parameters: none, execute: () => Promise.reject(new Error('inner')) }),
    tool({ name: 'gone', parameters: none, execute: () => 'was here' }),
  ];
  const calls = (...names: string[]) => ({ calls: names.map((name) => ({ name, args: {} })) });
  const t = await startTestSession(
    [
      calls('ask', 'broken', 'nothing', 'gone'),
      'Which?',
      {
        calls: [
          { name: 'answer_task', args: { call_id: 'call_1', action: 'accept', content: { n: 'x' } } },
          { name: 'cancel_task', args: { call_id: 'no' } },
        ],
      },
      'Once more.',
      calls('slow'),
      'Meanwhile.',
      calls('slow'),
      'Sure?',
      calls('move', 'move_too'),
      'Moved.',
    ],
    { agent: new Agent({ name: 'first', instructions: 'f', prompts: failing() }), prompts: failing(), tools },
  );
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  await t.session.updateTools(tools.filter((each) => each.name !== 'gone'));
  await drive(t.clock, t.session.run({ userInput: 'x' }));
  void t.session.sendMessage('Slow');
  await t.clock.advance(100);
  void t.session.generateReply({ instructions: 'Say something.' });
  await t.clock.advance(100);
  await drive(t.clock, t.session.run({ userInput: 'Again' }));
  await drive(t.clock, t.session.run({ userInput: 'Move' }));
  expect(t.session.currentAgent).toBe(next);
  await drive(t.clock, t.session.close());
  await expect(task.run(t.session)).rejects.toThrow(/"late" cannot run now/);
  const told = t.events.flatMap((event) =>
    event.type === 'error' && event.source === 'prompt' ? [(event.error as Error).message] : [],
  );
  const everywhere = [
    ...[
      'deliveryPolicy',
      'confirmParameter',
      'getRunningTasks',
      'cancelTask',
      'answerTask',
      'callIdParameter',
      'contentParameter',
    ],
    ...[
      'ask',
      'genericError',
      'unknownTool',
      'answerMisfit',
      'taskNotFound',
      'runningCalls',
      'goneTool',
      'duplicateConfirm',
    ],
    ...['handoffRefused', 'nothingSaid', 'errorPrefix', 'noReply', 'noOutput', 'systemMark'],
  ];
  expect([...new Set(told)].sort()).toEqual(expect.arrayContaining(everywhere.toSorted()));
  expect(t.spoken).toContain('Which?');
});

test('S9.1 what an answer must fit, and that it does not, are prompts', async () => {
  const ask = tool({
    name: 'ask',
    parameters: none,
    execute: async (_args, { ctx }) => {
      await ctx.ask({ message: 'Which?', schema: { type: 'object', properties: { n: { type: 'number' } } } });
    },
  });
  const prompts = {
    ask: 'ASK {message}{schema}',
    answerSchema: ' FITS {schema}',
    answerMisfit: 'MISFIT {callId} {reasons}',
  };
  const t = await startTestSession([{ calls: [{ name: 'ask', args: {} }] }, 'Which?'], { tools: [ask], prompts });
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  expect(JSON.stringify([...t.session.history])).toContain('ASK Which? FITS {');
  await expect(t.session.tasks.answer('call_1', 'accept', { n: 'x' })).rejects.toThrow(/^MISFIT call_1 .*n/);
});

test('S9.1 a per-call template that gives no text is replaced', async () => {
  const talk = tool({
    name: 'talk',
    parameters: none,
    execute: (_args, { ctx }) => ctx.update('one', { template: () => 5 as never }),
  });
  const t = await startTestSession([{ calls: [{ name: 'talk', args: {} }] }, 'Said.'], {
    tools: [talk],
    prompts: { update: 'SESSION {message}' },
  });
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  const batch = [...t.session.history].find((item) => item.kind === 'batch');
  expect(batch?.kind === 'batch' && batch.calls[0]?.output.text).toBe('SESSION one');
  expect(t.events).toContainEqual(expect.objectContaining({ type: 'error', source: 'prompt' }));
});
