import { Agent, AgentTask, MeanwhileError, tool, Toolset, type AgentSession, type RunContext } from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedStep } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createPlayback } from '../support/playback.ts';
import { byHand, drive, startTestSession, type TestOptions, type TestSession } from '../support/session.ts';

const none = z.object({});
const call = (...names: string[]) => ({ calls: names.map((name) => ({ name, args: {} })) });
const sessionOf = (ctx: RunContext) => ctx.session as unknown as AgentSession;

/** A tool that blocks. */
function blocking(name: string, body: (ctx: RunContext) => unknown) {
  return tool({ name, parameters: none, execute: (_args, { ctx }) => body(ctx) });
}

async function start(
  bodies: Record<string, (ctx: RunContext) => unknown>,
  steps: readonly ScriptedStep[],
  options: TestOptions & { agent?: Agent } = {},
) {
  const tools = Object.entries(bodies).map(([name, body]) => blocking(name, body));
  const t = await startTestSession([call(...Object.keys(bodies)), ...steps], { tools, ...options });
  await t.session.sendMessage('Go');
  await t.clock.settle();
  return t;
}

const ended = (t: TestSession) =>
  t.events.flatMap((event) => (event.type === 'task_ended' ? [`${event.toolName} ${event.state}`] : []));

describe('a call that waits does not count as blocking', () => {
  test('S6.8 for quiet: neither for itself nor for the other that does', async () => {
    const order: string[] = [];
    const wait = (name: string) => async (ctx: RunContext) => {
      await ctx.session.waitForIdle();
      order.push(name);
      return name;
    };
    const t = await start({ one: wait('one'), two: wait('two') }, ['Both.']);
    expect(order).toEqual(['one', 'two']);
    expect(t.spoken).toEqual(['Both.']);
  });

  test('S6.8 for the floor', async () => {
    const order: string[] = [];
    const lease = (name: string) => (ctx: RunContext) => ctx.foreground(() => (order.push(name), name));
    const t = await start({ one: lease('one'), two: lease('two') }, ['Both.']);
    expect(order).toEqual(['one', 'two']);
    expect(t.spoken).toEqual(['Both.']);
  });

  test('S6.8 but one that works does, for those that wait', async () => {
    const order: string[] = [];
    const works = byHand<string>();
    const t = await start(
      { waits: (ctx) => ctx.foreground(() => void order.push('mine')), works: () => works.promise },
      ['Found.'],
    );
    await t.clock.advance(1000);
    expect(order).toEqual([]);
    works.resolve('found');
    await t.clock.settle();
    expect(order).toEqual(['mine']);
  });

  test('S6.8 and counts again when it goes on', async () => {
    const order: string[] = [];
    const works = byHand<string>();
    const bodies = {
      first: async (ctx: RunContext) => {
        await ctx.session.waitForIdle();
        return await works.promise;
      },
      late: async (ctx: RunContext) => {
        await Promise.resolve();
        await ctx.session.waitForIdle();
        await ctx.foreground(() => void order.push('mine'));
      },
    };
    const t = await start(bodies, ['Found.']);
    await t.clock.advance(1000);
    expect(order).toEqual([]);
    works.resolve('found');
    await t.clock.settle();
    expect(order).toEqual(['mine']);
  });

  test('S6.8 for an AgentTask, whose own turns and deliveries go on', async () => {
    const found = byHand<string>();
    const look = tool({
      name: 'look',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('Looking');
        return await found.promise;
      },
    });
    const task = new AgentTask<string>({ name: 'ask', instructions: 'Ask.', tools: [look] });
    const t = await start({ outer: () => task.run() }, [call('look'), 'I look.', 'It is found.', 'Done.']);
    await t.session.sendMessage('Look');
    await t.clock.settle();
    found.resolve('found');
    await t.clock.advance(50);
    expect(t.spoken).toEqual(['I look.', 'It is found.']);
    task.complete('yes');
    await t.clock.settle();
    expect(t.spoken).toEqual(['I look.', 'It is found.', 'Done.']);
  });

  test('S6.8 for what it has said, by the session’s own words or by another reply', async () => {
    const order: string[] = [];
    const bodies = {
      says: async (ctx: RunContext) => {
        await ctx.session.generateReply({ instructions: 'Say that it takes a while.' }).waitForPlayout();
        order.push('heard');
        return 'found';
      },
    };
    const lease = tool({
      name: 'lease',
      parameters: none,
      execute: (_args, { ctx }) => ctx.foreground(() => void order.push('mine')),
    });
    const agent = new Agent({ instructions: 'Talk.', tools: [lease] });
    const t = await start(bodies, [call('lease'), 'Found.'], { agent });
    await t.clock.settle();
    expect(order).toEqual(['mine', 'heard']);
    expect(t.spoken).toEqual(['Found.']);
  });

  test('S6.8 its turn stays open', async () => {
    const t = await start(
      {
        waits: (ctx) => ctx.ask({ message: 'Which?' }),
        holds: (ctx) => (sessionOf(ctx).userStartedSpeaking(), ctx.session.waitForIdle()),
      },
      [],
    );
    expect(t.events.some((event) => event.type === 'speech_ended')).toBe(false);
    t.session.userStoppedSpeaking();
    await t.clock.settle();
    expect(ended(t)).toEqual(['holds completed']);
  });

  test('S6.8 S3.4 in a reply that tells something too: what it calls may wait for idle', async () => {
    const order: string[] = [];
    const found = byHand<string>();
    const slow = tool({
      name: 'slow',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('Looking');
        return await found.promise;
      },
    });
    const waits = blocking('waits', async (ctx) => {
      await ctx.session.waitForIdle();
      order.push('idle');
      return 'rested';
    });
    const t = await startTestSession(
      [call('slow'), 'I look.', { text: 'It is found.', ...call('waits') }, 'And rested.'],
      { tools: [slow, waits] },
    );
    await t.session.sendMessage('Go');
    await t.clock.settle();
    found.resolve('found');
    await t.clock.advance(50);
    expect(order).toEqual(['idle']);
    expect(t.spoken).toEqual(['I look.', 'It is found.', 'And rested.']);
  });
});

describe('a task never waits for itself', () => {
  test('S6.8 in a handoff that it awaits', async () => {
    const next = new Agent({ name: 'next', instructions: 'Go on.' });
    const order: string[] = [];
    const t = await start(
      {
        move: async (ctx) => {
          await sessionOf(ctx).updateAgent(next);
          order.push('moved');
          return 'moved';
        },
      },
      ['Moved, here is next.'],
    );
    await t.clock.advance(100);
    expect(order).toEqual(['moved']);
    expect(t.session.currentAgent).toBe(next);
    expect(ended(t)).toEqual(['move completed']);
  });

  test.each([[false], [true]])('S6.8 in a close that it awaits while it blocks, drain: %s', async (drain) => {
    const order: string[] = [];
    const t = await start(
      {
        end: async (ctx) => {
          await sessionOf(ctx).close({ drain });
          order.push('closed');
        },
      },
      ['Bye.'],
    );
    expect(order).toEqual(['closed']);
    expect(ended(t)).toEqual(['end cancelled']);
    expect(t.clock.pending()).toEqual([]);
  });

  test('S6.8 in a close that it awaits in the background, from a lease', async () => {
    const order: string[] = [];
    const t = await start(
      {
        end: async (ctx) => {
          await ctx.update('One moment');
          await ctx.foreground(async () => {
            await sessionOf(ctx).close();
            order.push('closed');
          });
        },
      },
      ['Ending.'],
    );
    await t.clock.settle();
    expect(order).toEqual(['closed']);
    expect(t.clock.pending()).toEqual([]);
  });

  test('S6.8 in the removal of its toolset, which is closed after it', async () => {
    const order: string[] = [];
    const own = blocking('own', async (ctx) => {
      await sessionOf(ctx).updateTools([]);
      order.push('removed');
      return 'removed';
    });
    class Kit extends Toolset {
      override close() {
        order.push('toolset closed');
      }
    }
    const t = await startTestSession([call('own'), 'Removed.'], { tools: [new Kit({ id: 'kit', tools: [own] })] });
    await t.session.sendMessage('Go');
    await t.clock.settle();
    expect(order).toEqual(['removed', 'toolset closed']);
    expect(t.spoken).toEqual(['Removed.']);
  });
});

describe('its own speech', () => {
  test('S6.8 awaiting it from a blocking call is a typed error', async () => {
    const errors: unknown[] = [];
    const t = await start(
      {
        own: async (ctx) => {
          await ctx.speechHandle.waitForPlayout().catch((error: unknown) => errors.push(error));
          return 'found';
        },
      },
      ['Found.'],
    );
    expect(errors).toEqual([expect.any(MeanwhileError)]);
    expect(errors).toEqual([expect.objectContaining({ code: 'circular_wait' })]);
    expect(t.spoken).toEqual(['Found.']);
  });

  test('S6.8 from the background it is none', async () => {
    const order: string[] = [];
    const t = await start(
      {
        own: async (ctx) => {
          await ctx.update('Looking');
          await ctx.speechHandle.waitForPlayout();
          order.push('heard');
        },
      },
      ['I look.'],
    );
    await t.clock.settle();
    expect(order).toEqual(['heard']);
  });

  test('S6.8 ctx.waitForPlayout waits for what this step says, and not for what later steps say', async () => {
    const clock = createVirtualClock();
    const playback = createPlayback(clock);
    const heard: [string, number][] = [];
    const again = byHand();
    const steps = [{ text: 'I will look it up', ...call('early') }, 'This is what I have found so far'];
    const early = blocking('early', async (ctx) => {
      await ctx.waitForPlayout();
      heard.push(['step', clock.now()]);
      await ctx.update('Looking');
      await again.promise;
      await ctx.waitForPlayout();
      heard.push(['again', clock.now()]);
    });
    const t = await startTestSession(steps, {
      tools: [early],
      clock,
      output: playback,
      model: scriptedModel(steps, { clock }),
    });
    const from = clock.now();
    await t.session.sendMessage('Go');
    await clock.advance(499);
    expect(heard).toEqual([]);
    await clock.advance(201);
    expect(playback.begun).toHaveLength(2);
    again.resolve();
    await clock.settle();
    expect(heard).toEqual([
      ['step', from + 500],
      ['again', from + 700],
    ]);
  });

  test('S6.8 and ends where the step is cut', async () => {
    const clock = createVirtualClock();
    const playback = createPlayback(clock);
    const order: string[] = [];
    const steps = [{ text: 'I will look it up', ...call('own') }, 'Yes?'];
    const own = blocking('own', async (ctx) => {
      await ctx.waitForPlayout();
      order.push('cut');
    });
    const t = await startTestSession(steps, {
      tools: [own],
      clock,
      output: playback,
      model: scriptedModel(steps, { clock }),
    });
    await t.session.sendMessage('Go');
    await clock.advance(250);
    void t.session.sendMessage('Stop');
    await clock.settle();
    expect(order).toEqual(['cut']);
    expect(playback.heard).toEqual(['I will—']);
  });
});

describe('a hook that waits does not count either', () => {
  test('S6.8 onEnter may wait for idle, also twice at once, and waits for another hook that works', async () => {
    const order: string[] = [];
    const works = byHand();
    const t = await startTestSession([], { agent: new Agent({ instructions: 'Talk.', onEnter: () => works.promise }) });
    const task: AgentTask<string> = new AgentTask<string>({
      name: 'ask',
      instructions: 'Ask.',
      onEnter: async () => {
        await Promise.all([task.session.waitForIdle(), task.session.waitForIdle()]);
        order.push('idle');
      },
    });
    void task.run(t.session);
    await t.clock.settle();
    expect(order).toEqual([]);
    works.resolve();
    await t.clock.settle();
    expect(order).toEqual(['idle']);
  });

  test('S6.8 one of an AgentTask may wait with the ctx of the tool that runs it', async () => {
    const order: string[] = [];
    const idle = async (ctx: RunContext) => {
      await ctx.update('Waiting');
      await ctx.foreground(async () => {
        order.push('other has the floor');
        await ctx.session.waitForIdle();
        order.push('other is done');
      });
    };
    const task = (ctx: RunContext) =>
      new AgentTask<string>({
        name: 'ask',
        instructions: 'Ask.',
        async onEnter() {
          await ctx.foreground(() => void order.push('mine'));
          (this as AgentTask<string>).complete('yes');
        },
      }).run();
    const t = await start({ idle, outer: async (ctx) => (await ctx.update('Asking'), await task(ctx)) }, [
      'I look.',
      'All done.',
    ]);
    await t.clock.advance(1000);
    expect(order).toEqual(['other has the floor', 'other is done', 'mine']);
  });

  test('S6.8 onUserTurnCompleted may wait for idle: its own turn does not hold it', async () => {
    const order: string[] = [];
    const agent: Agent = new Agent({
      instructions: 'Talk.',
      onUserTurnCompleted: async () => {
        await agent.session.waitForIdle();
        order.push('idle');
      },
    });
    const t = await startTestSession(['Hello.'], { agent });
    await t.session.sendMessage('Hi');
    await t.clock.settle();
    expect(order).toEqual(['idle']);
    expect(t.spoken).toEqual(['Hello.']);
  });

  test('S6.8 S8.4 it may run an AgentTask, which hears what the user says next', async () => {
    const task = new AgentTask<string>({
      name: 'ask',
      instructions: 'Ask.',
      onEnter: () => void task.session.say('Your name?'),
    });
    const named: string[] = [];
    const agent: Agent = new Agent({
      instructions: 'Talk.',
      onUserTurnCompleted: async (_ctx, { text }) => {
        if (named.length === 0) named.push(await task.run());
        return `${text} (I am ${String(named[0])})`;
      },
    });
    const t = await startTestSession(['Anna, right?', 'Hello Anna.'], { agent });
    const answered = t.session.sendMessage('Hi');
    await t.clock.settle();
    expect(t.session.currentAgent).toBe(task);
    await t.session.sendMessage('Anna');
    await t.clock.settle();
    expect(t.spoken).toEqual(['Your name?', 'Anna, right?']);
    task.complete('Anna');
    await drive(t.clock, answered);
    await t.clock.settle();
    expect(t.spoken).toEqual(['Your name?', 'Anna, right?', 'Hello Anna.']);
  });

  test('S6.8 what the user says while such a hook goes on waits for it', async () => {
    const [first, second] = [byHand(), byHand()];
    const seen: string[] = [];
    const agent: Agent = new Agent({
      instructions: 'Talk.',
      onUserTurnCompleted: async (_ctx, { text }) => {
        seen.push(text);
        if (text !== 'One') return;
        await agent.session.waitForIdle();
        first.resolve();
        await second.promise;
      },
    });
    const t = await startTestSession(['First.', 'Second.'], { agent });
    void t.session.sendMessage('One');
    await t.clock.settle();
    await first.promise;
    void t.session.sendMessage('Two');
    await t.clock.settle();
    expect(seen).toEqual(['One']);
    second.resolve();
    await t.clock.settle();
    expect(seen).toEqual(['One', 'Two']);
    expect(t.spoken.at(-1)).toBe('Second.');
  });
});
