/** Toolsets added, removed and changed at the wrong moment (S8.6). */
import { Agent, tool, Toolset, type ToolsetContext, type RunContext } from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedStep } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { byHand, drive, startTestSession, type TestOptions, type TestSession } from '../support/session.ts';

const none = z.object({});
const call = (...names: string[]) => ({ calls: names.map((name) => ({ name })) });
const bodyOf = (name: string, body: (ctx: RunContext) => unknown = () => name) =>
  tool({ name, parameters: none, onDuplicate: 'allow', execute: (_args, { ctx }) => body(ctx) });

async function going(
  steps: readonly ScriptedStep[],
  options: TestOptions & { agent?: Agent } = {},
): Promise<TestSession> {
  const clock = createVirtualClock();
  const model = scriptedModel(steps, { clock, fallback: () => 'Well.' });
  return await startTestSession([], { ...options, clock, model });
}

/** Says when it is set up and closed. */
function counted(id: string, options: { tools?: ReturnType<typeof bodyOf>[]; until?: Promise<unknown> } = {}) {
  const seen: string[] = [];
  const set = new Toolset({
    id,
    tools: options.tools ?? [],
    setup: async () => {
      seen.push('setup');
      await options.until;
    },
    close: () => void seen.push('close'),
  });
  return { set, seen };
}

const offered = (t: TestSession) => (t.model.calls.at(-1)?.tools ?? []).map(({ name }) => name);

test('S8.6 two updates at once set a toolset up once', async () => {
  const gate = byHand();
  const { set, seen } = counted('set', { until: gate.promise, tools: [bodyOf('one')] });
  const t = await going([]);
  const updates = [t.session.updateTools([set]), t.session.updateTools([set])];
  gate.resolve();
  await Promise.all(updates);
  await drive(t.clock, t.session.run({ userInput: 'Hi' }));
  expect(offered(t)).toEqual(['one']);
  await drive(t.clock, t.session.close());
  expect(seen).toEqual(['setup', 'close']);
});

test('S8.6 one that comes back while its tasks still hold it lives twice, one life after the other', async () => {
  const done = byHand<string>();
  const { set, seen } = counted('set', {
    tools: [bodyOf('one', async (ctx) => (await ctx.update('Began'), await done.promise))],
  });
  const t = await going([call('one')], { tools: [set] });
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  await t.session.updateTools([]);
  const back = t.session.updateTools([set]);
  await t.clock.settle();
  expect(seen).toEqual(['setup']);
  done.resolve('found');
  await t.clock.settle();
  await back;
  expect(seen).toEqual(['setup', 'close', 'setup']);
  await drive(t.clock, t.session.close());
  expect(seen).toEqual(['setup', 'close', 'setup', 'close']);
});

test('S8.6 tools that came later in it hold its close as well', async () => {
  const done = byHand<string>();
  let context: ToolsetContext | undefined;
  let closed = false;
  const set = new Toolset({ id: 'set', setup: (ctx) => void (context = ctx), close: () => void (closed = true) });
  const t = await going([call('late')], { tools: [set] });
  context!.updateTools([bodyOf('late', async (ctx) => (await ctx.update('Began'), await done.promise))]);
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  context!.updateTools([]);
  await t.session.updateTools([]);
  await t.clock.settle();
  expect(closed).toBe(false);
  done.resolve('found');
  await t.clock.settle();
  expect(closed).toBe(true);
});

test('S8.6 tools in it that clash with others are refused when they come, and nothing is lost', async () => {
  let context: ToolsetContext | undefined;
  const set = new Toolset({ id: 'set', tools: [bodyOf('two')], setup: (ctx) => void (context = ctx) });
  const t = await going([], { tools: [bodyOf('one'), set] });
  expect(() => context!.updateTools([bodyOf('one')])).toThrow('two different tools');
  await drive(t.clock, t.session.run({ userInput: 'Hi' }));
  expect(offered(t)).toEqual(['one', 'two']);
});

test('S8.6 tools that clash are refused as a whole, and the old ones stay', async () => {
  const t = await going([], { tools: [bodyOf('one')] });
  await expect(t.session.updateTools([bodyOf('two'), bodyOf('two')])).rejects.toThrow('two different tools');
  await drive(t.clock, t.session.run({ userInput: 'Hi' }));
  expect(offered(t)).toEqual(['one']);
});

test('S8.6 the same toolset in two agents and the session lives once in each place, and each closes after its own tasks', async () => {
  const done = byHand<string>();
  const { set, seen } = counted('set', {
    tools: [bodyOf('one', async (ctx) => (await ctx.update('Began'), await done.promise))],
  });
  const first = new Agent({ name: 'first', instructions: 'x', tools: [set] });
  const t = await going([call('one')], { agent: first });
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  await drive(t.clock, t.session.updateAgent(new Agent({ name: 'next', instructions: 'x', tools: [set] })));
  await t.clock.settle();
  expect(seen).toEqual(['setup', 'setup']);
  done.resolve('found');
  await t.clock.settle();
  expect(seen).toEqual(['setup', 'setup', 'close']);
  await drive(t.clock, t.session.close());
  expect(seen).toEqual(['setup', 'setup', 'close', 'close']);
});

test.each(['throws', 'rejects with undefined'])(
  'S8.6 a close that %s is an event, and the rest closes',
  async (how) => {
    const { set, seen } = counted('good');
    const bad = new Toolset({
      id: 'bad',
      close: () => {
        if (how === 'throws') throw new Error('no');
        return Promise.reject(undefined);
      },
    });
    const t = await going([], { tools: [bad, set] });
    await drive(t.clock, t.session.close());
    expect(seen).toEqual(['setup', 'close']);
    expect(t.events.filter((event) => event.type === 'error')).toHaveLength(1);
  },
);

test('S8.6 a setup that hangs costs only its own tools: those beside it are offered as soon as they can be', async () => {
  const gate = byHand();
  const { set } = counted('slow', { until: gate.promise, tools: [bodyOf('slow')] });
  const t = await going([]);
  const added = t.session.updateTools([bodyOf('fast'), set]);
  added.catch(() => undefined);
  await t.clock.settle();
  await drive(t.clock, t.session.run({ userInput: 'Hi' }));
  expect(offered(t)).toEqual(['fast']);
  gate.resolve();
  await added;
  await drive(t.clock, t.session.run({ userInput: 'And?' }));
  expect(offered(t)).toEqual(['fast', 'slow']);
});

test('S8.6 a setup that waits for quiet, says something or sends a message does not hold the start', async () => {
  const order: string[] = [];
  const set = new Toolset({
    id: 'set',
    tools: [bodyOf('one')],
    setup: async ({ session }) => {
      session.say('Hello.');
      await session.waitForIdle();
      order.push('idle');
    },
  });
  const t = await going([], {
    agent: new Agent({ instructions: 'x', tools: [set], onEnter: () => void order.push('entered') }),
  });
  await t.clock.settle();
  expect(order).toEqual(['entered', 'idle']);
  expect(t.spoken).toEqual(['Hello.']);
  await drive(t.clock, t.session.run({ userInput: 'Hi' }));
  expect(offered(t)).toEqual(['one']);
});

test('S8.6 a setup that changes the session’s tools at once is set up once all the same', async () => {
  let setups = 0;
  const set: Toolset = new Toolset({
    id: 'set',
    tools: [bodyOf('one')],
    setup: async ({ session }) => {
      setups += 1;
      await (session as unknown as TestSession['session']).updateTools([set, bodyOf('two')]);
    },
  });
  const t = await going([]);
  await t.session.updateTools([set]);
  expect(setups).toBe(1);
  await drive(t.clock, t.session.run({ userInput: 'Hi' }));
  await drive(t.clock, t.session.close());
});
