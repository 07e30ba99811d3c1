import { Agent, AgentTask, TaskEndedError, tool, ToolError, type RunContext, type TaskAbortedError } from 'meanwhile';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';

const none = z.object({});
const call = (...names: string[]) => ({ calls: names.map((name) => ({ name, args: {} })) });
const say = (t: TestSession, text: string) => drive(t.clock, t.session.run({ userInput: text }));

/** A tool that goes to the background first. */
function background(name: string, body: (ctx: RunContext) => unknown) {
  return tool({
    name,
    parameters: none,
    execute: async (_args, { ctx }) => {
      await ctx.update(`${name} began`);
      return await body(ctx);
    },
  });
}

/** Starts its tools in the background, with a word from the agent. */
async function started(
  bodies: Record<string, (ctx: RunContext) => unknown>,
  steps: Parameters<typeof startTestSession>[0],
  agent?: Agent,
) {
  const tools = Object.entries(bodies).map(([name, body]) => background(name, body));
  const t = await startTestSession([call(...Object.keys(bodies)), 'Running.', ...steps], {
    tools,
    ...(agent ? { agent } : {}),
  });
  await t.session.sendMessage('Go');
  await t.clock.settle();
  return t;
}

describe('a lease', () => {
  test('S6.4 waits for quiet, then has the floor while fn runs, and gives what fn gives', async () => {
    const order: string[] = [];
    const go = byHand();
    const t = await started(
      {
        lease: async (ctx) => {
          await go.promise;
          order.push(await ctx.foreground(() => 'mine'));
        },
      },
      [],
    );
    t.session.userStartedSpeaking();
    go.resolve();
    await t.clock.advance(1000);
    expect(order).toEqual([]);
    t.session.userStoppedSpeaking();
    await t.clock.settle();
    expect(order).toEqual(['mine']);
  });

  test('S6.4 holds back deliveries, also those that interrupt or were held too long, and tells them when it is given back', async () => {
    const over = byHand();
    const [plain, urgent] = [byHand<string>(), byHand<string>()];
    const bodies = {
      lease: (ctx: RunContext) => ctx.foreground(() => over.promise),
      plain: () => plain.promise,
      urgent: async (ctx: RunContext) => {
        await urgent.promise;
        await ctx.update('Now!', { deliver: 'interrupt' });
        await ctx.update('Soon!', { maxHoldMs: 10 });
        await byHand().promise;
      },
    };
    const t = await started(bodies, ['All of it.']);
    plain.resolve('ready');
    urgent.resolve('ready');
    await t.clock.advance(60_000);
    expect(t.spoken).toEqual(['Running.']);
    over.resolve();
    await t.clock.settle();
    expect(t.spoken).toEqual(['Running.', 'All of it.']);
  });

  test('S6.4 never holds back the user: his turn is answered as always', async () => {
    const over = byHand();
    const t = await started({ lease: (ctx) => ctx.foreground(() => over.promise) }, ['I am listening.']);
    await t.session.sendMessage('Are you there?');
    await t.clock.settle();
    expect(t.spoken).toEqual(['Running.', 'I am listening.']);
    over.resolve();
    await drive(t.clock, t.session.waitForIdle());
  });

  test('S6.4 S6.9 only one at a time, in the order of asking', async () => {
    const order: string[] = [];
    const ends = [byHand(), byHand()];
    const lease = (n: number) => (ctx: RunContext) =>
      ctx.foreground(
        async () => (order.push(`begin ${String(n)}`), await ends[n]?.promise, order.push(`end ${String(n)}`)),
      );
    const t = await started({ one: lease(0), two: lease(1) }, []);
    ends[1]?.resolve();
    await t.clock.settle();
    expect(order).toEqual(['begin 0']);
    ends[0]?.resolve();
    await t.clock.settle();
    expect(order).toEqual(['begin 0', 'end 0', 'begin 1', 'end 1']);
  });

  test.each([
    ['ends', () => undefined, undefined],
    ['rejects', () => Promise.reject(new ToolError('no')), new ToolError('no')],
    [
      'throws',
      () => {
        throw new ToolError('no');
      },
      new ToolError('no'),
    ],
  ])(
    'S6.4 is given back when fn %s, though the task goes on, and the error is the tool’s own',
    async (_, fn, error) => {
      const order: unknown[] = [];
      const bodies = {
        one: async (ctx: RunContext) => {
          order.push(
            await ctx.foreground(fn).then(
              () => undefined,
              (thrown: unknown) => thrown,
            ),
          );
          await byHand().promise;
        },
        two: (ctx: RunContext) => ctx.foreground(() => void order.push('two')),
      };
      await started(bodies, []);
      expect(order).toEqual([error, 'two']);
    },
  );

  test.each([
    ['is cancelled', (t: TestSession) => void t.session.tasks.cancel('call_1')],
    ['times out', (t: TestSession) => t.clock.advance(5000)],
  ])('S6.4 ends with its task: the task %s', async (_, end) => {
    const other = byHand<string>();
    const lease = tool({
      name: 'lease',
      parameters: none,
      timeoutMs: 5000,
      execute: async (_args, { ctx }) => {
        await ctx.update('began');
        await ctx.foreground(() => byHand().promise);
      },
    });
    const t = await startTestSession([call('lease', 'other'), 'Running.', 'Something new.'], {
      tools: [lease, background('other', () => other.promise)],
    });
    await t.session.sendMessage('Go');
    await t.clock.settle();
    other.resolve('ready');
    await t.clock.advance(100);
    expect(t.spoken).toEqual(['Running.']);
    await end(t);
    await t.clock.advance(100);
    expect(t.spoken).toEqual(['Running.', 'Something new.']);
  });

  test('S6.4 ends with its task: the body returns and leaves it behind', async () => {
    const t = await started(
      {
        lease: async (ctx) => {
          const began = byHand();
          void ctx.foreground(() => (began.resolve(), byHand().promise));
          await began.promise;
          return 'ready';
        },
      },
      ['It is ready.'],
    );
    await t.clock.advance(50);
    expect(t.spoken).toEqual(['Running.', 'It is ready.']);
  });

  test('S6.4 a task that ends while it waits for the floor never gets it', async () => {
    const order: string[] = [];
    const go = byHand();
    const t = await started(
      {
        lease: async (ctx) => {
          await go.promise;
          await ctx
            .foreground(() => void order.push('mine'))
            .catch((error: unknown) => order.push((error as TaskAbortedError).why));
        },
      },
      [],
    );
    t.session.userStartedSpeaking();
    go.resolve();
    await t.clock.settle();
    await t.session.tasks.cancel('call_1');
    t.session.userStoppedSpeaking();
    await t.clock.settle();
    expect(order).toEqual(['cancelled']);
  });

  test('S6.4 a task that has ended is refused', async () => {
    const kept: RunContext[] = [];
    const t = await started({ lease: (ctx) => void kept.push(ctx) }, []);
    await expect(kept[0]?.foreground(() => 'mine')).rejects.toThrow(TaskEndedError);
    await t.session.close();
  });

  test('S6.4 in an agent that is not current it is waited for until it is', async () => {
    const order: string[] = [];
    const go = byHand();
    const own = background('own', async (ctx) => {
      await go.promise;
      await ctx.foreground(() => void order.push('mine'));
    });
    const task = new AgentTask<string>({ name: 'ask', instructions: 'Ask.' });
    const t = await startTestSession([call('own'), 'Running.'], {
      agent: new Agent({ instructions: 'Talk.', tools: [own] }),
    });
    await say(t, 'Go');
    const ran = task.run(t.session);
    await t.clock.settle();
    go.resolve();
    await t.clock.advance(1000);
    expect(order).toEqual([]);
    task.complete('ok');
    await drive(t.clock, ran);
    await t.clock.settle();
    expect(order).toEqual(['mine']);
  });
});

describe('inside a lease', () => {
  test('S6.4 the task’s own waits do not wait for it', async () => {
    const order: string[] = [];
    const t = await started(
      {
        lease: (ctx) =>
          ctx.foreground(async () => {
            await ctx.session.waitForIdle();
            order.push('idle');
            await ctx.foreground(() => void order.push('nested'));
            await ctx.session.say('Listen.').waitForPlayout();
            order.push('said');
            await ctx.update('more', { deliver: 'silent' });
            await ctx.session.waitForIdle();
            order.push('idle again');
          }),
      },
      [],
    );
    expect(order).toEqual(['idle', 'nested', 'said', 'idle again']);
    expect(t.spoken).toEqual(['Running.', 'Listen.']);
  });

  test('S6.4 not even when something is due that only the end of the lease can tell', async () => {
    const order: string[] = [];
    const over = byHand();
    const t = await started(
      {
        lease: (ctx) =>
          ctx.foreground(async () => {
            await ctx.update('Half of it is done');
            await ctx.session.waitForIdle();
            order.push('idle');
            await over.promise;
          }),
      },
      ['Half of it.'],
    );
    await t.clock.advance(1000);
    expect(order).toEqual(['idle']);
    expect(t.spoken).toEqual(['Running.']);
    over.resolve();
    await drive(t.clock, t.session.waitForIdle());
    expect(t.spoken).toEqual(['Running.', 'Half of it.']);
  });

  test('S6.4 S6.6 a question that is asked under it is told under it, and nothing else', async () => {
    const order: string[] = [];
    const other = byHand<string>();
    const bodies = {
      lease: (ctx: RunContext) =>
        ctx.foreground(async () => {
          order.push((await ctx.ask({ message: 'Which one?' })).action);
          await byHand().promise;
        }),
      other: () => other.promise,
    };
    const t = await started(bodies, ['Which one?', 'Noted.']);
    other.resolve('ready');
    await t.clock.advance(1000);
    expect(t.spoken).toEqual(['Running.', 'Which one?']);
    await t.session.sendMessage('The first');
    await t.session.tasks.answer('call_1', 'accept');
    await t.clock.advance(1000);
    expect(order).toEqual(['accept']);
    expect(t.spoken).toEqual(['Running.', 'Which one?', 'Noted.']);
  });

  test('S6.4 the application’s wait is for its end', async () => {
    const over = byHand();
    const t = await started({ lease: (ctx) => ctx.foreground(() => over.promise) }, []);
    let idle = false;
    void t.session.waitForIdle().then(() => (idle = true));
    await t.clock.advance(1000);
    expect(idle).toBe(false);
    over.resolve();
    await t.clock.settle();
    expect(idle).toBe(true);
  });

  test('S6.4 work that outlives fn has no part in it', async () => {
    const order: string[] = [];
    const [late, other] = [byHand(), byHand()];
    const bodies = {
      one: async (ctx: RunContext) => {
        let outliving: Promise<unknown> = Promise.resolve();
        await ctx.foreground(() => {
          outliving = late.promise.then(async () => {
            order.push('late asks');
            await ctx.foreground(() => void order.push('late'));
          });
        });
        order.push('back');
        await outliving;
      },
      two: (ctx: RunContext) => ctx.foreground(async () => (order.push('two'), await other.promise)),
    };
    const t = await started(bodies, []);
    late.resolve();
    await t.clock.advance(1000);
    expect(order).toEqual(['back', 'two', 'late asks']);
    other.resolve();
    await t.clock.settle();
    expect(order).toEqual(['back', 'two', 'late asks', 'late']);
  });

  test('S6.4 two leases of one task follow each other', async () => {
    const order: string[] = [];
    const first = byHand();
    const t = await started(
      {
        lease: (ctx) =>
          Promise.all([
            ctx.foreground(async () => (order.push('first'), await first.promise)),
            ctx.foreground(() => void order.push('second')),
          ]),
      },
      ['Both.'],
    );
    await t.clock.advance(1000);
    expect(order).toEqual(['first']);
    first.resolve();
    await drive(t.clock, t.session.waitForIdle());
    expect(order).toEqual(['first', 'second']);
  });
});

describe('an AgentTask under a lease', () => {
  /** A task that takes the floor for an AgentTask, another task with something to tell, and the AgentTask's own tools. */
  async function startUnderLease(
    own: ReturnType<typeof tool>[],
    steps: Parameters<typeof startTestSession>[0],
    onEnter?: (task: AgentTask) => unknown,
    current?: Agent,
  ) {
    const other = byHand<string>();
    const task: AgentTask<string> = new AgentTask<string>({
      name: 'ask',
      instructions: 'Ask.',
      tools: own,
      onEnter: async () => void (await onEnter?.(task as AgentTask)),
    });
    const bodies = {
      lease: (ctx: RunContext) => ctx.foreground(() => task.run()),
      other: () => other.promise,
    };
    const t = await started(bodies, steps);
    expect(t.session.currentAgent).toBe(current ?? task);
    return { t, task, other };
  }

  test('S6.4 its own deliveries are told, all others wait', async () => {
    const own = byHand<string>();
    const { t, task, other } = await startUnderLease(
      [background('own', () => own.promise)],
      [call('own'), 'I look.', 'Own result.', 'The rest.'],
    );
    other.resolve('ready');
    await t.session.sendMessage('Look it up');
    await t.clock.advance(1000);
    own.resolve('found');
    await t.clock.advance(1000);
    expect(t.spoken).toEqual(['Running.', 'I look.', 'Own result.']);
    task.complete('yes');
    await drive(t.clock, t.session.waitForIdle());
    expect(t.spoken).toEqual(['Running.', 'I look.', 'Own result.', 'The rest.']);
  });

  test('S6.4 a tool called in it may take the floor, and waits for nothing it is itself part of', async () => {
    const order: string[] = [];
    const own = tool({
      name: 'own',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.session.waitForIdle();
        order.push('idle');
        await ctx.foreground(async () => {
          order.push('mine');
          await ctx.session.waitForIdle();
        });
        order.push('back');
        return 'found';
      },
    });
    const { t, task } = await startUnderLease([own], [call('own'), 'Found.']);
    await t.session.sendMessage('Look it up');
    await t.clock.advance(1000);
    expect(order).toEqual(['idle', 'mine', 'back']);
    expect(t.spoken).toEqual(['Running.', 'Found.']);
    task.complete('yes');
    await t.clock.settle();
  });

  test('S6.4 its hooks wait for nothing they are part of, and an AgentTask that they run is under it too', async () => {
    const order: string[] = [];
    const found = byHand<string>();
    const inner = new AgentTask<string>({
      name: 'inner',
      instructions: 'Ask more.',
      tools: [background('own', () => found.promise)],
    });
    const hook = async (task: AgentTask) => {
      await task.session.waitForIdle();
      order.push('idle');
      await inner.run();
      order.push('inner done');
    };
    const { t, task } = await startUnderLease([], [call('own'), 'I look.', 'Own result.'], hook, inner);
    expect(order).toEqual(['idle']);
    await t.session.sendMessage('Look it up');
    await t.clock.settle();
    found.resolve('found');
    await t.clock.advance(100);
    expect(t.spoken).toEqual(['Running.', 'I look.', 'Own result.']);
    inner.complete('more');
    await t.clock.settle();
    expect(order).toEqual(['idle', 'inner done']);
    task.complete('yes');
    await t.clock.settle();
  });

  test('S6.4 S8.4 where it must wait for another AgentTask, the floor is given back until then', async () => {
    const order: string[] = [];
    const [go, begun] = [byHand(), byHand()];
    const tasks = ['one', 'two'].map(
      (name) =>
        new AgentTask<string>({
          name,
          instructions: 'Ask.',
          async onEnter() {
            await (this as AgentTask).session.waitForIdle();
            order.push(`${name} at rest`);
          },
        }),
    );
    const bodies = {
      plain: async () => {
        await go.promise;
        const ran = tasks[0]?.run();
        begun.resolve();
        await ran;
      },
      lease: (ctx: RunContext) =>
        ctx.foreground(async () => {
          order.push('lease');
          go.resolve();
          await begun.promise;
          await tasks[1]?.run();
        }),
    };
    const t = await started(bodies, ['All done.']);
    expect(order).toEqual(['lease', 'one at rest']);
    tasks[0]?.complete('yes');
    await t.clock.settle();
    expect(order).toEqual(['lease', 'one at rest', 'two at rest']);
    expect(t.session.floor).toEqual({ callId: 'call_2' });
    tasks[1]?.complete('yes');
    await drive(t.clock, t.session.waitForIdle());
    expect(t.session.floor).toBe('nobody');
  });

  test('S6.4 an AgentTask that a tool called in it runs is under it too', async () => {
    const found = byHand<string>();
    const inner = new AgentTask<string>({
      name: 'inner',
      instructions: 'Ask more.',
      tools: [background('own', () => found.promise)],
    });
    const more = tool({ name: 'more', parameters: none, execute: () => inner.run() });
    const steps = [call('more'), call('own'), 'I look.', 'Own result.', 'More it is.'];
    const { t, task } = await startUnderLease([more], steps);
    await t.session.sendMessage('More');
    await t.clock.settle();
    expect(t.session.currentAgent).toBe(inner);
    await t.session.sendMessage('Look it up');
    await t.clock.settle();
    found.resolve('found');
    await t.clock.advance(100);
    expect(t.spoken).toEqual(['Running.', 'I look.', 'Own result.']);
    inner.complete('more');
    await t.clock.settle();
    expect(t.spoken).toEqual(['Running.', 'I look.', 'Own result.', 'More it is.']);
    task.complete('yes');
    await t.clock.settle();
  });
});
