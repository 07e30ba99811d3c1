import { Agent, AgentSession, tool } from 'meanwhile';
import { createVirtualClock, scriptedModel } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createPlayback } from '../support/playback.ts';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';

const none = z.object({});
const call = (...names: string[]) => ({ calls: names.map((name) => ({ name, args: {} })) });
const away = { userAwayMs: 10_000 };

function states(t: TestSession): string[] {
  return t.events.flatMap((event) => (event.type === 'user_state_changed' ? [event.state] : []));
}

/** How long from now until the user counts as away; undefined when he does not within a minute. */
async function awayIn(t: TestSession): Promise<number | undefined> {
  const from = t.clock.now();
  await t.clock.advance(60_000);
  const event = t.events.findLast((each) => each.type === 'user_state_changed');
  return event?.type === 'user_state_changed' && event.state === 'away' ? event.at - from : undefined;
}

test('S6.7 the user counts as away after userAwayMs of silence, 15 s by default, from the start on', async () => {
  expect(await awayIn(await startTestSession([], away))).toBe(10_000);
  expect(await awayIn(await startTestSession([], { userAwayMs: 15_000 }))).toBe(15_000);
  const clock = createVirtualClock();
  const session = new AgentSession({ llm: scriptedModel([]), clock });
  await session.start({ agent: new Agent({ instructions: 'Talk.' }) });
  expect(clock.pending().map(({ inMs }) => inMs)).toEqual([15_000]);
});

test('S6.7 never with Infinity', async () => {
  expect(await awayIn(await startTestSession([], { userAwayMs: Infinity }))).toBeUndefined();
});

test('S6.7 what anybody says starts the time over, from its end', async () => {
  const clock = createVirtualClock();
  const output = createPlayback(clock);
  const t = await startTestSession([], { ...away, clock, output, model: scriptedModel([], { clock }) });
  await clock.advance(9000);
  t.session.say('Are you still there?');
  await clock.advance(400);
  expect(await awayIn(t)).toBe(10_000);
});

test('S6.7 he is back when he speaks or writes', async () => {
  const t = await startTestSession(['Hello.'], away);
  await t.clock.advance(10_000);
  expect(t.session.userState).toBe('away');
  t.session.userStartedSpeaking();
  expect(t.session.userState).toBe('speaking');
  t.session.userStoppedSpeaking();
  expect(await awayIn(t)).toBe(10_000);
  void t.session.sendMessage('Hi');
  await t.clock.settle();
  expect(t.session.userState).toBe('listening');
  expect(states(t)).toEqual(['away', 'speaking', 'listening', 'away', 'listening']);
});

test('S6.7 while a tool runs he is not marked away; the time starts in full when the last one ends', async () => {
  const ends = [byHand(), byHand()];
  const made = ['one', 'two'].map((name, n) =>
    tool({
      name,
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('began');
        await ends[n]?.promise;
      },
    }),
  );
  const t = await startTestSession([call('one', 'two'), 'They run.'], { ...away, tools: made });
  void t.session.sendMessage('Go');
  await t.clock.advance(60_000);
  ends[0]?.resolve();
  await t.clock.advance(60_000);
  expect(states(t)).toEqual([]);
  ends[1]?.resolve();
  await t.clock.settle();
  expect(await awayIn(t)).toBe(10_000);
});

test('S6.7 also while a call blocks, and while one waits for an answer', async () => {
  const blocks = byHand<string>();
  const tools = [
    tool({ name: 'blocks', parameters: none, execute: () => blocks.promise }),
    tool({
      name: 'asks',
      parameters: none,
      execute: async (_args, { ctx }) => (await ctx.ask({ message: 'Which?' })).action,
    }),
  ];
  const t = await startTestSession([call('blocks'), 'Found.', call('asks'), 'Which?', 'Then not.'], { ...away, tools });
  void t.session.sendMessage('Go');
  await t.clock.advance(60_000);
  blocks.resolve('found');
  void t.session.sendMessage('And now');
  await t.clock.advance(60_000);
  expect(states(t)).toEqual([]);
  await t.session.tasks.answer('call_2', 'decline');
  await t.clock.advance(50);
  expect(await awayIn(t)).toBe(10_000);
});

test('S6.1 S6.7 a user who is away is told what is due', async () => {
  const t = await startTestSession(['Something new.'], away);
  await t.clock.advance(10_000);
  expect(t.session.userState).toBe('away');
  await drive(t.clock, t.session.waitForIdle());
  t.session.generateReply({ instructions: 'Say what is new.' });
  await t.clock.settle();
  expect(t.spoken).toEqual(['Something new.']);
});

test('S6.7 the time starts over with another agent, and runs on where nobody says a word', async () => {
  const left = byHand();
  const t = await startTestSession([], {
    ...away,
    agent: new Agent({ instructions: 'Talk.', onExit: () => left.promise }),
  });
  await t.clock.advance(9000);
  const switched = t.session.updateAgent(new Agent({ name: 'next', instructions: 'Go on.' }));
  await t.clock.advance(4000);
  expect(states(t)).toEqual([]);
  left.resolve();
  await drive(t.clock, switched);
  expect(await awayIn(t)).toBe(10_000);
});

test('S6.7 a task that ends between two agents does not make him stay for ever', async () => {
  const [left, end] = [byHand(), byHand()];
  const run = tool({
    name: 'run',
    parameters: none,
    onHandoff: 'move',
    execute: async (_args, { ctx }) => {
      await ctx.update('began', { deliver: 'silent' });
      await end.promise;
    },
  });
  const agent = new Agent({ instructions: 'Talk.', tools: [run], onExit: () => left.promise });
  const t = await startTestSession([call('run')], { ...away, agent });
  await t.session.sendMessage('Go');
  await t.clock.settle();
  const switched = t.session.updateAgent(new Agent({ name: 'next', instructions: 'Go on.' }));
  await t.clock.settle();
  end.resolve();
  await t.clock.settle();
  left.resolve();
  await drive(t.clock, switched);
  expect(await awayIn(t)).toBe(10_000);
});

test('S6.7 a closed session has no timer', async () => {
  const t = await startTestSession([], away);
  await drive(t.clock, t.session.close());
  expect(t.clock.pending()).toEqual([]);
  expect(states(t)).toEqual([]);
});
