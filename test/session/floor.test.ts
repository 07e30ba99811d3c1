import { ActivityEndedError, Agent, AgentSession, AgentTask, handoff, SessionClosedError, tool } from 'meanwhile';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createVirtualClock, scriptedModel, type ScriptedStep } from 'meanwhile/testing';
import { createPlayback } from '../support/playback.ts';
import { byHand, drive, startTestSession, type TestOptions, type TestSession } from '../support/session.ts';

const none = z.object({});
const call = (...names: string[]) => ({ calls: names.map((name) => ({ name, args: {} })) });

/** Updates once, and ends by the test's hand. */
function background(name: string, options: Partial<Parameters<typeof tool>[0]> = {}) {
  const end = byHand<unknown>();
  const made = tool({
    ...options,
    name,
    parameters: none,
    execute: async (_args, { ctx }) => {
      await ctx.update('began');
      return await end.promise;
    },
  });
  return { tool: made, end };
}

/** A session whose words take 100 ms each. */
async function startSpoken(
  steps: readonly ScriptedStep[],
  options: TestOptions & { agent?: Agent; medium?: 'voice' } = {},
) {
  const clock = createVirtualClock();
  const playback = createPlayback(clock);
  const { medium, ...rest } = options;
  const output = medium ? { medium, open: playback.open.bind(playback) } : playback;
  const t = await startTestSession(steps, { ...rest, clock, output, model: scriptedModel(steps, { clock }) });
  return { ...t, playback };
}

const say = (t: TestSession, text: string) => drive(t.clock, t.session.run({ userInput: text }));

/** Is the promise settled once everything that can happen now has happened? */
async function stateOf(t: TestSession, promise: Promise<unknown>): Promise<'open' | 'resolved' | 'rejected'> {
  let state: 'open' | 'resolved' | 'rejected' = 'open';
  promise.then(
    () => (state = 'resolved'),
    () => (state = 'rejected'),
  );
  await t.clock.settle();
  return state;
}

const at = (t: TestSession, from: number) => t.clock.now() - from;

describe('silent and quiet', () => {
  test('S6.1 what is due waits until the agent has spoken', async () => {
    const slow = background('slow');
    const t = await startSpoken([call('slow'), 'One two three four', 'It is done'], { tools: [slow.tool] });
    void t.session.sendMessage('Go');
    await t.clock.advance(100);
    slow.end.resolve('ready');
    await t.clock.advance(200);
    expect(t.playback.begun).toHaveLength(1);
    await t.clock.advance(200);
    expect(t.playback.begun).toHaveLength(2);
    expect(t.playback.heard[0]).toBe('One two three four');
  });

  test('S6.1 and until the user has spoken', async () => {
    const slow = background('slow');
    const t = await startTestSession([call('slow'), 'Running.', 'It is done.'], { tools: [slow.tool] });
    await say(t, 'Go');
    t.session.userStartedSpeaking();
    slow.end.resolve('ready');
    await t.clock.advance(60_000);
    expect(t.spoken).toEqual(['Running.']);
    t.session.userStoppedSpeaking();
    await t.clock.settle();
    expect(t.spoken).toEqual(['Running.', 'It is done.']);
  });

  test('S6.1 and while his turn is open: said, and looked at by the agent', async () => {
    const slow = background('slow');
    const looked = byHand();
    let looks = 0;
    const agent = new Agent({
      instructions: 'Talk.',
      tools: [slow.tool],
      onUserTurnCompleted: async () => ((looks += 1) > 1 ? await looked.promise : undefined),
    });
    const t = await startTestSession([call('slow'), 'Running.', 'You said so.', 'It is done.'], { agent });
    await say(t, 'Go');
    void t.session.sendMessage('Well');
    await t.clock.settle();
    slow.end.resolve('ready');
    await t.clock.advance(1000);
    expect(t.spoken).toEqual(['Running.']);
    looked.resolve();
    await t.clock.settle();
    expect(t.spoken.slice(0, 2)).toEqual(['Running.', 'You said so.']);
  });

  test('S6.1 text counts as quiet at once, voice after 400 ms of silence', async () => {
    const told = async (medium?: 'voice', quietMs?: number) => {
      const slow = background('slow');
      const options = {
        tools: [slow.tool],
        ...(medium ? { medium } : {}),
        ...(quietMs === undefined ? {} : { quietMs }),
      };
      const t = await startSpoken([call('slow'), 'Running', 'Done'], options);
      void t.session.sendMessage('Go');
      await t.clock.advance(99);
      slow.end.resolve('ready');
      await t.clock.advance(1);
      const from = t.clock.now();
      await t.clock.advance(2000);
      return (t.playback.begun[1]?.at ?? 0) - from;
    };
    expect(await told()).toBe(49);
    expect(await told('voice')).toBe(400);
    expect(await told('voice', 1000)).toBe(1000);
    expect(await told(undefined, 1000)).toBe(1000);
  });

  test('S6.1 silence starts over with every speech', async () => {
    const slow = background('slow');
    const t = await startSpoken([call('slow'), 'Running', 'Done'], { tools: [slow.tool], quietMs: 400 });
    await say(t, 'Go');
    slow.end.resolve('ready');
    const from = t.clock.now();
    t.session.say('By the way');
    await t.clock.advance(699);
    expect(t.playback.begun.map(({ speech }) => speech.kind)).toEqual(['reply', 'say']);
    await t.clock.advance(1);
    expect(t.playback.begun.map((each) => each.at - from)).toEqual([-500, 0, 700]);
  });

  test('S6.1 it is not quiet while a call of the open turn blocks', async () => {
    const slow = background('slow');
    const blocks = byHand<string>();
    const blocking = tool({ name: 'blocking', parameters: none, execute: () => blocks.promise });
    const t = await startTestSession([call('slow'), 'Running.', call('blocking'), 'Both are done.'], {
      tools: [slow.tool, blocking],
    });
    await say(t, 'Go');
    void t.session.sendMessage('And the other');
    await t.clock.settle();
    slow.end.resolve('ready');
    await t.clock.advance(5000);
    expect(t.spoken).toEqual(['Running.']);
    blocks.resolve('ready too');
    await t.clock.settle();
    expect(t.spoken).toEqual(['Running.', 'Both are done.']);
  });

  test('S6.1 what the application wants said between two agents is said before anything else', async () => {
    const slow = background('slow');
    const left = byHand();
    const next = new Agent({ name: 'next', instructions: 'Go on.' });
    const agent = new Agent({ instructions: 'Talk.', onExit: () => left.promise });
    const t = await startTestSession([call('slow'), 'Running.', 'It is done.'], { agent, tools: [slow.tool] });
    await say(t, 'Go');
    const switched = t.session.updateAgent(next);
    await t.clock.settle();
    slow.end.resolve('ready');
    await t.clock.advance(100);
    t.session.say('One moment.');
    await t.clock.settle();
    left.resolve();
    await drive(t.clock, switched);
    await drive(t.clock, t.session.waitForIdle());
    expect(t.spoken).toEqual(['Running.', 'One moment.', 'It is done.']);
  });
});

describe('by events', () => {
  test('S6.2 a thousand waiting tasks arm no timer', async () => {
    const waiting = ['quiet', 'floor', 'answer', 'nothing'];
    const never = byHand();
    const wait = tool({
      name: 'wait',
      parameters: z.object({ n: z.number() }),
      execute: async ({ n }, { ctx }) => {
        await ctx.update('waits', { deliver: 'silent' });
        const kind = waiting[n % waiting.length];
        if (kind === 'quiet') await ctx.session.waitForIdle();
        else if (kind === 'floor') await ctx.foreground(() => 'mine');
        else if (kind === 'answer') await ctx.ask({ message: 'Which?' });
        else await never.promise;
      },
    });
    const calls = Array.from({ length: 1000 }, (_, n) => ({ name: 'wait', args: { n } }));
    const clock = createVirtualClock();
    const session = new AgentSession({
      llm: scriptedModel([{ calls }, 'They wait.'], { clock }),
      clock,
      tools: [wait],
      quietMs: 100,
      userAwayMs: Infinity,
    });
    await session.start({ agent: new Agent({ instructions: 'Talk.' }) });
    void session.sendMessage('Go');
    session.userStartedSpeaking();
    await clock.advance(100);
    expect(session.tasks.list()).toHaveLength(1000);
    expect(clock.pending()).toEqual([]);
  });

  test('S6.2 one timer waits for quietMs to pass, whoever waits', async () => {
    const wait = tool({
      name: 'wait',
      parameters: none,
      onDuplicate: 'allow',
      execute: async (_args, { ctx }) => {
        await ctx.update('waits', { deliver: 'silent' });
        await ctx.foreground(() => byHand().promise);
      },
    });
    const t = await startTestSession([call('wait', 'wait', 'wait'), ''], { tools: [wait], quietMs: 100 });
    await t.session.sendMessage('Go');
    await t.clock.settle();
    expect(t.clock.pending().map(({ inMs }) => inMs)).toEqual([100]);
  });
});

describe('waitForIdle', () => {
  test('S6.3 of the session resolves when it is quiet and nothing waits that could be served', async () => {
    const slow = background('slow');
    const t = await startTestSession([call('slow'), 'Running.', 'It is done.'], { tools: [slow.tool], quietMs: 400 });
    void t.session.sendMessage('Go');
    const idle = t.session.waitForIdle();
    expect(await stateOf(t, idle)).toBe('open');
    await t.clock.advance(399);
    slow.end.resolve('ready');
    await t.clock.advance(1);
    expect(await stateOf(t, idle)).toBe('open');
    await t.clock.advance(49);
    expect(t.spoken).toEqual(['Running.', 'It is done.']);
    await t.clock.advance(399);
    expect(await stateOf(t, idle)).toBe('open');
    await t.clock.advance(1);
    expect(await stateOf(t, idle)).toBe('resolved');
  });

  test('S6.3 it waits for what is told again after a failure, and for no task that has nothing to tell', async () => {
    const slow = background('slow');
    const other = background('other');
    const steps = [call('slow', 'other'), 'Running.', { error: new Error('down') }, 'It is done.'];
    const t = await startTestSession(steps, { tools: [slow.tool, other.tool], maxRetries: 0 });
    await say(t, 'Go');
    slow.end.resolve('ready');
    const from = t.clock.now();
    await t.clock.settle();
    await drive(t.clock, t.session.waitForIdle());
    expect(t.spoken).toEqual(['Running.', 'It is done.']);
    expect(at(t, from)).toBe(1050);
  });

  test('S6.3 a question that was asked does not hold it', async () => {
    const ask = tool({
      name: 'ask',
      parameters: none,
      execute: async (_args, { ctx }) => (await ctx.ask({ message: 'Which?' })).action,
    });
    const t = await startTestSession([call('ask'), 'Which one?'], { tools: [ask] });
    await say(t, 'Go');
    expect(await stateOf(t, t.session.waitForIdle())).toBe('resolved');
  });

  test('S6.3 it goes on over a handoff; that of the activity rejects with a typed error', async () => {
    const left = byHand();
    const desk = new Agent({ name: 'desk', instructions: 'Talk.', onExit: () => left.promise });
    const next = new Agent({
      name: 'next',
      instructions: 'Go on.',
      onEnter: () => void next.session.say('I am here.'),
    });
    const t = await startTestSession([], { agent: desk });
    t.session.userStartedSpeaking();
    const [session, activity] = [t.session.waitForIdle(), t.session.currentActivity?.waitForIdle()];
    const ended = expect(activity).rejects.toThrow(ActivityEndedError);
    const switched = t.session.updateAgent(next);
    t.session.userStoppedSpeaking();
    expect(await stateOf(t, session)).toBe('open');
    left.resolve();
    await drive(t.clock, switched);
    await ended;
    expect(await stateOf(t, session)).toBe('resolved');
    expect(t.spoken).toEqual(['I am here.']);
  });

  test('S6.3 that of a paused activity waits until it is current again', async () => {
    const task = new AgentTask<string>({ name: 'ask', instructions: 'Ask.' });
    const t = await startTestSession([]);
    const activity = t.session.currentActivity;
    const ran = task.run(t.session);
    await t.clock.settle();
    const idle = activity?.waitForIdle() ?? Promise.reject(new Error('no activity'));
    const session = t.session.waitForIdle();
    expect(await stateOf(t, session)).toBe('resolved');
    expect(await stateOf(t, idle)).toBe('open');
    task.complete('yes');
    await drive(t.clock, ran);
    expect(await stateOf(t, idle)).toBe('resolved');
  });

  test('S6.3 both reject when the session closes, and from then on', async () => {
    const t = await startTestSession([]);
    const { currentActivity } = t.session;
    t.session.userStartedSpeaking();
    const waits = [t.session.waitForIdle(), currentActivity?.waitForIdle()];
    const rejected = Promise.all(waits.map((wait) => expect(wait).rejects.toThrow(SessionClosedError)));
    await drive(t.clock, t.session.close());
    await rejected;
    await expect(t.session.waitForIdle()).rejects.toThrow(SessionClosedError);
    await expect(currentActivity?.waitForIdle()).rejects.toThrow(SessionClosedError);
  });

  test('S6.3 S6.8 a call that waited for an activity that ended blocks again', async () => {
    const [entered, release] = [byHand(), byHand<string>()];
    const task = new AgentTask<string>({ name: 'ask', instructions: 'Ask.', onEnter: () => entered.resolve() });
    const outer = tool({
      name: 'outer',
      parameters: none,
      execute: async (_args, { ctx }) => {
        const ran = task.run();
        await entered.promise;
        const { currentActivity } = ctx.session as AgentSession;
        await expect(currentActivity?.waitForIdle()).rejects.toThrow(ActivityEndedError);
        await ran;
        return await release.promise;
      },
    });
    const t = await startTestSession([call('outer'), 'Done.'], { tools: [outer] });
    t.session.userStartedSpeaking();
    void t.session.sendMessage('Go');
    await t.clock.settle();
    expect(t.session.currentAgent).toBe(task);
    task.complete('yes');
    await t.clock.settle();
    t.session.userStoppedSpeaking();
    await t.clock.settle();
    const idle = t.session.waitForIdle();
    expect(await stateOf(t, idle)).toBe('open');
    release.resolve('ok');
    await drive(t.clock, idle);
    expect(t.spoken).toEqual(['Done.']);
  });

  test('S6.3 nothing is armed when nobody waits any more', async () => {
    const t = await startTestSession(['Hello there.'], { quietMs: 1000 });
    await t.session.sendMessage('Hi');
    const idle = t.session.waitForIdle();
    await t.clock.settle();
    expect(t.clock.pending()).toHaveLength(1);
    t.session.userStartedSpeaking();
    await t.clock.settle();
    expect(t.clock.pending()).toEqual([]);
    t.session.userStoppedSpeaking();
    await drive(t.clock, idle);
    expect(t.clock.pending()).toEqual([]);
  });
});

describe('in the order of asking', () => {
  test('S6.9 leases, deliveries and a handoff after an update are served one at a time, as they asked', async () => {
    const order: string[] = [];
    const next = new Agent({ name: 'next', instructions: 'Go on.', onEnter: () => void order.push('handoff') });
    const go = new Map(['first', 'result', 'second', 'move'].map((name) => [name, byHand<unknown>()]));
    const taken = byHand();
    const task = (name: string, then: (ctx: { foreground: (fn: () => unknown) => Promise<unknown> }) => unknown) =>
      tool({
        name,
        parameters: none,
        execute: async (_args, { ctx }) => {
          await ctx.update('began');
          await go.get(name)?.promise;
          return await then(ctx);
        },
      });
    const tools = [
      task('first', (ctx) => ctx.foreground(async () => (order.push('first lease'), await taken.promise))),
      task('result', () => 'found'),
      task('second', (ctx) => ctx.foreground(() => void order.push('second lease'))),
      task('move', () => handoff(next)),
    ];
    const told = (text: string) => () => (order.push(text), text);
    const t = await startTestSession([call('first', 'result', 'second', 'move'), 'Running.', told('It is found.')], {
      tools,
    });
    await say(t, 'Go');
    t.session.userStartedSpeaking();
    for (const each of go.values()) {
      each.resolve(undefined);
      await t.clock.advance(10);
    }
    expect(order).toEqual([]);
    t.session.userStoppedSpeaking();
    await t.clock.advance(100);
    expect(order).toEqual(['first lease']);
    taken.resolve();
    await drive(t.clock, t.session.waitForIdle());
    expect(order).toEqual(['first lease', 'It is found.', 'second lease', 'handoff']);
  });

  test('S6.9 what asks while a record waits for others to join it does not overtake it', async () => {
    const order: string[] = [];
    const slow = background('slow');
    const mine = byHand();
    const lease = tool({
      name: 'lease',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('began');
        await mine.promise;
        await ctx.foreground(() => void order.push('lease'));
      },
    });
    const told = () => (order.push('told'), 'It is done.');
    const t = await startTestSession([call('slow', 'lease'), 'Running.', told], { tools: [slow.tool, lease] });
    await say(t, 'Go');
    const from = t.clock.now();
    slow.end.resolve('ready');
    await t.clock.advance(10);
    mine.resolve();
    await t.clock.advance(39);
    expect(order).toEqual([]);
    await drive(t.clock, t.session.waitForIdle());
    expect(order).toEqual(['told', 'lease']);
    expect(at(t, from)).toBe(50);
  });

  test('S6.9 all that is due goes with the oldest', async () => {
    const [one, two] = [background('one'), background('two')];
    const free = byHand();
    const order: string[] = [];
    const lease = tool({
      name: 'lease',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('began');
        await free.promise;
        await ctx.foreground(() => void order.push('lease'));
      },
    });
    const told = () => (order.push('told'), 'Both.');
    const t = await startTestSession([call('one', 'two', 'lease'), 'Running.', told], {
      tools: [one.tool, two.tool, lease],
    });
    await say(t, 'Go');
    t.session.userStartedSpeaking();
    one.end.resolve(1);
    await t.clock.advance(100);
    free.resolve();
    await t.clock.advance(100);
    two.end.resolve(2);
    await t.clock.advance(100);
    t.session.userStoppedSpeaking();
    await drive(t.clock, t.session.waitForIdle());
    expect(order).toEqual(['told', 'lease']);
  });
});
