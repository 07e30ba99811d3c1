/** `ctx.step`, `ctx.update(…, { key })` and `resume`: what a body does once, over any number of crashes. */
import {
  Agent,
  AgentSession,
  executeTool,
  MeanwhileError,
  tool,
  type SessionRecord,
  type SessionStore,
  type ToolSource,
} from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedStep } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { memory } from '../../src/store/index.ts';
import { byHand, startTestSession } from '../support/session.ts';
import { moodyStore } from '../support/store.ts';

const call = { calls: [{ name: 'work' }] };
const sessionId = 'call-7';
type Body = Parameters<typeof tool>[0]['execute'];

const work = (execute: Body, more: object = { idempotent: true }): ToolSource => [
  tool({ ...more, name: 'work', execute }),
];

async function begin(tools: ToolSource, store: SessionStore = memory({ clock: createVirtualClock() })) {
  const t = await startTestSession([call, 'I am at it.', 'Done.'], { tools, store, sessionId });
  await t.clock.runUntil(t.session.run({ userInput: 'Go' }));
  return { ...t, store };
}

async function restore(store: SessionStore, tools: ToolSource, steps: readonly ScriptedStep[] = ['Done.']) {
  const clock = createVirtualClock();
  const records: SessionRecord[] = [];
  const session = await AgentSession.restore({
    llm: scriptedModel(steps, { clock }),
    store,
    sessionId,
    agents: { travel: () => new Agent({ name: 'travel', instructions: 'You are a travel agent.' }) },
    tools,
    clock,
    takeOver: true,
    userAwayMs: Infinity,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    onRecord: (record) => records.push(record),
  });
  await clock.advance(100);
  return { session, clock, records };
}

const recordsOf = async (store: SessionStore, type: SessionRecord['type']): Promise<SessionRecord[]> =>
  (await store.read(sessionId, 0)).filter((record) => record.type === type);

describe('a step', () => {
  test('that was done is not done again by a body that runs again: it gets what the step gave', async () => {
    const done: string[] = [];
    const tools = work(async (_args, { ctx }) => {
      await ctx.update('Booking.');
      const seat = await ctx.step('hold a seat', () => (done.push('seat'), { seat: '12A', at: new Date(0) }));
      const paid = await ctx.step('pay', async () => {
        done.push('pay');
        return ctx.resumed ? 'paid' : await byHand<string>().promise;
      });
      const seen = { ...seat, paid };
      Object.assign(seat, { seat: 'changed by the body' });
      return seen;
    });
    const { store } = await begin(tools);
    const { records } = await restore(store, tools);
    expect(done).toEqual(['seat', 'pay', 'pay']);
    expect(records.find(({ type }) => type === 'task_ended')).toMatchObject({
      state: 'completed',
      output: { text: '{"seat":"12A","at":"1970-01-01T00:00:00.000Z","paid":"paid"}' },
    });
  });

  test('is kept before the body goes on', async () => {
    const store = moodyStore(memory({ clock: createVirtualClock() }));
    const after = byHand();
    let went = false;
    const tools = work(async (_args, { ctx }) => {
      await ctx.update('Booking.');
      await after.promise;
      await ctx.step('pay', () => 'paid');
      went = true;
    });
    const { clock } = await begin(tools, store);
    store.mood = 'hangs';
    after.resolve(undefined);
    await clock.advance(1999);
    expect(went).toBe(false);
    // Nobody waits any longer for a store that fails.
    await clock.advance(1);
    expect(went).toBe(true);
    store.mood = 'works';
    await clock.advance(1000);
    expect(await recordsOf(store, 'task_stepped')).toMatchObject([{ name: 'pay', value: 'paid' }]);
  });

  test('gives the body its error, and is done again when the body runs again', async () => {
    let tries = 0;
    const tools = work(async (_args, { ctx }) => {
      await ctx.update('Booking.');
      const told = await ctx
        .step('pay', () => {
          tries += 1;
          throw new Error('no money');
        })
        .catch((error: unknown) => String(error));
      if (!ctx.resumed) await byHand().promise;
      return told;
    });
    const { store } = await begin(tools);
    const { records } = await restore(store, tools);
    expect(tries).toBe(2);
    expect(records.find(({ type }) => type === 'task_ended')).toMatchObject({ output: { text: 'Error: no money' } });
  });

  test('that failed may be tried again under its name, and is kept when it succeeds', async () => {
    let tries = 0;
    const tools = work(async (_args, { ctx }) => {
      await ctx.update('Booking.');
      const pay = (): Promise<number> =>
        ctx.step('pay', () => {
          tries += 1;
          if (tries < 3) throw new Error('no money');
          return tries;
        });
      const paid = await pay().catch(pay).catch(pay);
      if (!ctx.resumed) await byHand().promise;
      return paid;
    });
    const { store } = await begin(tools);
    const { records } = await restore(store, tools);
    expect(tries).toBe(3);
    expect(records.find(({ type }) => type === 'task_ended')).toMatchObject({ output: { text: '3' } });
  });

  test('gives back JSON in the first run as in the second, and null for nothing', async () => {
    const run = await executeTool(
      tool({
        name: 'work',
        execute: async (_args, { ctx }) => [
          await ctx.step('date', () => new Date(0)),
          await ctx.step('nothing', () => undefined),
        ],
      }),
    );
    expect(run.output.text).toBe('["1970-01-01T00:00:00.000Z",null]');
  });

  test('S5.1 gets the signal of its task, and none begins after the end', async () => {
    const failures: unknown[] = [];
    let aborted: unknown;
    const tools = work(
      async (_args, { ctx }) => {
        await ctx.update('Booking.');
        await ctx.step('pay', async ({ abortSignal }) => {
          await new Promise((resolve) => abortSignal.addEventListener('abort', resolve));
          aborted = abortSignal.reason as unknown;
        });
        await ctx.step('mail', () => failures.push('mailed')).catch((error: unknown) => failures.push(error));
      },
      { allowCancellation: true },
    );
    const { session, clock, store } = await begin(tools);
    await session.tasks.cancel('call_1');
    await clock.settle();
    expect(aborted).toMatchObject({ why: 'cancelled' });
    expect(failures).toMatchObject([{ code: 'task_ended' }]);
    expect(await recordsOf(store, 'task_stepped')).toEqual([]);
  });

  test.each([
    ['a name that is empty', (ctx: StepContext) => ctx.step('', () => 1), /expected a name that is not empty, got ""/],
    ['what is no function', (ctx: StepContext) => ctx.step('pay', 1 as never), /expected a function, got 1/],
    [
      'a name twice',
      async (ctx: StepContext) => {
        await ctx.step('pay', () => 1);
        await ctx.step('pay', () => 2);
      },
      /has a step "pay"\. Give each step a name of its own/,
    ],
    [
      'what is no JSON',
      (ctx: StepContext) => ctx.step('pay', () => new Map()),
      /what "pay" gave cannot be kept: value is a Map.*It was done/,
    ],
  ])('refuses %s', async (_what, use, message) => {
    let refusal: unknown;
    await executeTool(
      tool({
        name: 'work',
        execute: async (_args, { ctx }) => {
          refusal = await Promise.resolve(use(ctx)).catch((error: unknown) => error);
        },
      }),
    );
    expect(refusal).toBeInstanceOf(MeanwhileError);
    expect(String(refusal)).toMatch(message);
  });
});

interface StepContext {
  step<T>(name: string, fn: () => T | Promise<T>): Promise<T>;
}

describe('an update with a key', () => {
  test('S2.1 is told once, whoever tells it again', async () => {
    const tools = work(async (_args, { ctx }) => {
      await ctx.update('Booking.', { key: '1' });
      await ctx.update('Still booking.', { key: '2' });
      await ctx.update('Still booking!', { key: '2' });
      if (ctx.resumed) await ctx.update('Nearly.', { key: '3' });
      await byHand().promise;
    });
    const { store } = await begin(tools);
    expect(await recordsOf(store, 'task_updated')).toMatchObject([{ message: 'Still booking.', key: '2' }]);
    const { records } = await restore(store, tools);
    expect(records.filter(({ type }) => type === 'task_updated')).toMatchObject([
      { message: 'Nearly.', record: { id: 'call_1_update_2' } },
    ]);
  });

  test('refuses a key that is no string', async () => {
    const run = await executeTool(
      tool({
        name: 'work',
        execute: (_args, { ctx }) => ctx.update('x', { key: 1 as never }).catch((error: unknown) => String(error)),
      }),
    );
    expect(run.output.text).toMatch(/ctx\.update: expected key to be a string, got 1/);
  });
});

describe('a question with a key', () => {
  test('S6.6 is asked once: a body that runs again gets the answer of before, as its schema has it', async () => {
    const got: unknown[] = [];
    const tools = work(async (_args, { ctx }) => {
      const schema = z.object({ seat: z.string().transform((seat) => seat.toUpperCase()) });
      got.push(await ctx.ask({ message: 'Which seat?', schema, key: 'seat' }));
      if (ctx.resumed) return 'Done.';
      return await byHand().promise;
    });
    const { session, clock, store } = await begin(tools);
    await session.tasks.answer('call_1', 'accept', { seat: '12a' });
    await clock.settle();
    const { records } = await restore(store, tools);
    const answer = { action: 'accept', content: { seat: '12A' } };
    expect(got).toEqual([answer, answer]);
    expect(records.filter(({ type }) => type === 'task_asked')).toEqual([]);
  });

  test('S6.6 that nobody had answered when the process died is asked again', async () => {
    const tools = work(async (_args, { ctx }) => await ctx.ask({ message: 'Which seat?', key: 'seat' }));
    const { store } = await begin(tools);
    const { session, records, clock } = await restore(store, tools, ['Which seat?', 'Fine.']);
    expect(records.filter(({ type }) => type === 'task_asked')).toHaveLength(1);
    await session.tasks.answer('call_1', 'decline');
    await clock.advance(100);
    expect(records.find(({ type }) => type === 'task_ended')).toMatchObject({
      output: { text: '{"action":"decline"}' },
    });
  });
});

describe('resume', () => {
  test('runs instead of the body, with its arguments, and only in a session that was restored', async () => {
    const ran: unknown[] = [];
    const tools: ToolSource = [
      tool({
        name: 'work',
        execute: async (_args, { ctx }) => {
          ran.push('execute');
          await ctx.update('Booking.');
          await byHand().promise;
        },
        resume: (args, { ctx }) => {
          ran.push({ args, key: ctx.idempotencyKey, resumed: ctx.resumed });
          return 'Picked up.';
        },
      }),
    ];
    const { store } = await begin(tools);
    const { records } = await restore(store, tools);
    expect(ran).toEqual(['execute', { args: {}, key: 'call-7/call_1', resumed: true }]);
    expect(records.find(({ type }) => type === 'task_ended')).toMatchObject({
      state: 'completed',
      output: { text: 'Picked up.' },
    });
  });

  test('must be a function', () => {
    expect(() => tool({ name: 'work', execute: () => 1, resume: 'again' as never })).toThrow(
      /expected resume to be a function, got "again"/,
    );
  });
});

describe('a session that is suspended', () => {
  test('S5.1 tells its bodies that they go on elsewhere', async () => {
    let why: unknown;
    const tools = work(async (_args, { ctx, abortSignal }) => {
      abortSignal.addEventListener('abort', () => {
        why = abortSignal.reason as unknown;
      });
      await ctx.update('Booking.');
      await byHand().promise;
    });
    const { session, clock } = await begin(tools);
    await clock.runUntil(session.suspend());
    expect(why).toMatchObject({ why: 'suspended' });
  });

  test.each([
    ['while it talks', false],
    ['when its conversation is over', true],
  ])('S5.1 %s, lets go of the session when its bodies know', async (_when, isOver) => {
    const data = memory({ clock: createVirtualClock() });
    const seen: string[] = [];
    const release: SessionStore['release'] = async (lease) => {
      seen.push('given back');
      await data.release(lease);
    };
    const body: Body = async (_args, { ctx, abortSignal }) => {
      abortSignal.addEventListener('abort', () => seen.push('aborted'));
      await ctx.update('Booking.');
      await byHand().promise;
    };
    const { session, clock } = await begin(work(body, { idempotent: true, whenSessionEnds: 'finish' }), {
      ...moodyStore(data),
      release,
    });
    if (isOver) await clock.runUntil(session.close());
    await clock.runUntil(session.suspend());
    expect(seen).toEqual(['aborted', 'given back']);
  });
});
