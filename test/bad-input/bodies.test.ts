/** Bodies that do what no body should: whatever they return, throw or do late, the call is answered once (S1.4, S2.4, S5.3). */
import { Agent, tool, ToolError, type RunContext } from 'meanwhile';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { historyOf } from '../support/history.ts';
import { byHand, drive, startTestSession, type TestOptions, type TestSession } from '../support/session.ts';

const none = z.object({});
const bodyOf = (body: (ctx: RunContext<unknown>) => unknown) =>
  tool({ name: 'job', parameters: none, execute: (_args, { ctx }) => body(ctx as RunContext<unknown>) });
const call = { calls: [{ name: 'job' }] };
const endsOf = (t: TestSession) => t.events.flatMap((event) => (event.type === 'task_ended' ? [event.state] : []));

async function startWith(body: (ctx: RunContext<unknown>) => unknown, options: TestOptions = {}): Promise<TestSession> {
  return await startTestSession([call, 'Well.'], { tools: [bodyOf(body)], ...options });
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const hostile = (): object =>
  new Proxy(
    {},
    {
      get: () => {
        throw new Error('no');
      },
      has: () => {
        throw new Error('no');
      },
      getPrototypeOf: () => {
        throw new Error('no');
      },
      ownKeys: () => {
        throw new Error('no');
      },
    },
  );

class Hostile extends Error {
  override get message(): string {
    throw new Error('no');
  }
  override get stack(): string {
    throw new Error('no');
  }
}

const values: [string, () => unknown][] = [
  ['a revoked proxy', revoked],
  ['a proxy that throws', hostile],
  ['a promise of a proxy that throws', () => Promise.resolve([hostile()])],
  [
    'a then that throws when it is read',
    () => ({
      get then() {
        throw new Error('no');
      },
    }),
  ],
  [
    'a then that throws when it is called',
    () => ({
      then() {
        throw new Error('no');
      },
    }),
  ],
  ['a then that rejects with undefined', () => ({ then: (_: unknown, no: (e: unknown) => void) => no(undefined) })],
  [
    'a then that answers twice',
    () => ({ then: (yes: (v: unknown) => void, no: (e: unknown) => void) => (yes('a'), yes('b'), no('c')) }),
  ],
  [
    'a generator whose next throws',
    () => ({
      next() {
        throw new Error('no');
      },
      [Symbol.iterator]() {
        return this;
      },
    }),
  ],
  [
    'a generator that gives no result',
    () => ({
      next: () => undefined,
      [Symbol.iterator]() {
        return this;
      },
    }),
  ],
  ['an Error that cannot be read', () => new Hostile()],
  [
    'a thrown Error that cannot be read',
    () => {
      throw new Hostile();
    },
  ],
  [
    'a thrown proxy',
    () => {
      throw hostile();
    },
  ],
  [
    'a thrown undefined',
    () => {
      throw undefined;
    },
  ],
  ['a rejected null', () => Promise.reject(null)],
  [
    'a thrown symbol',
    () => {
      throw Symbol('no');
    },
  ],
  [
    'a thrown object without a prototype',
    () => {
      throw Object.create(null);
    },
  ],
  ['a ToolError without words', () => new ToolError(undefined as unknown as string)],
  ['a ToolError whose message is no string', () => Object.assign(new ToolError('x'), { message: { a: 1 } })],
];

test.each(values)('S1.4 %s ends the task once, and the call is answered', async (_name, make) => {
  const t = await startWith(() => make());
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  expect(endsOf(t).length).toBe(1);
  expect(t.session.tasks.list()).toEqual([]);
  const batch = [...t.session.history].find((item) => item.kind === 'batch');
  expect(typeof batch?.calls[0]?.output.text).toBe('string');
  await t.session.close();
  expect(t.clock.pending()).toEqual([]);
});

test.each(values)('S1.4 %s after an update: told once', async (_name, make) => {
  const go = byHand();
  const t = await startWith(async (ctx) => {
    await ctx.update('Began');
    await go.promise;
    return make();
  });
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  go.resolve();
  await t.clock.settle();
  expect(endsOf(t).length).toBe(1);
  expect(t.session.tasks.list()).toEqual([]);
  await drive(t.clock, t.session.close());
  expect(t.clock.pending()).toEqual([]);
});

const late: [string, (ctx: RunContext<unknown>) => unknown][] = [
  ['update', (ctx) => ctx.update('Late')],
  ['update for observers', (ctx) => ctx.update({ progress: 1 })],
  ['ask', (ctx) => ctx.ask({ message: 'Late?' })],
  ['foreground', (ctx) => ctx.foreground(() => 'late')],
];

test.each(late)('S2.4 ctx.%s after the end is refused with a typed error and changes nothing', async (_name, act) => {
  let given: RunContext<unknown> | undefined;
  const t = await startWith((ctx) => ((given = ctx), 'done'));
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  const before = t.records.length;
  await expect(act(given!)).rejects.toMatchObject({ code: 'task_ended' });
  void act(given!);
  await t.clock.advance(1000);
  expect(t.records.length).toBe(before);
});

test('S2.4 a filler after the end says nothing, and its function runs', async () => {
  let given: RunContext<unknown> | undefined;
  const t = await startWith((ctx) => ((given = ctx), 'done'));
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  const work = byHand<string>();
  const filled = given!.filler('One moment', { delayMs: 10 }, () => work.promise);
  await t.clock.advance(1000);
  work.resolve('late');
  expect(await filled).toBe('late');
  expect(t.spoken).toEqual(['Well.']);
  expect(t.clock.pending()).toEqual([]);
});

test('S5.3 a cancelled body cannot make its speech uninterruptible', async () => {
  const stuck = byHand();
  let given: RunContext<unknown> | undefined;
  const t = await startTestSession([{ calls: [{ name: 'job' }, { name: 'other' }] }, 'Yes.'], {
    tools: [
      bodyOf(async (ctx) => ((given = ctx), await stuck.promise)),
      tool({ name: 'other', parameters: none, execute: () => byHand().promise }),
    ],
  });
  void t.session.sendMessage('Go');
  await t.clock.settle();
  void t.session.tasks.cancel('call_1');
  await t.clock.settle();
  given!.disallowInterruptions();
  void t.session.sendMessage('Stop');
  await t.clock.settle();
  expect(t.spoken).toEqual(['Yes.']);
});

test('S1.4 a body that settles twice in its own way counts once', async () => {
  const t = await startWith(async (ctx) => {
    void ctx.update('Began');
    void ctx.update('Went on');
    return 'done';
  });
  void t.session.sendMessage('Go');
  await t.clock.advance(5000);
  expect(historyOf(t.session).filter((line) => line.startsWith('call_1'))).toHaveLength(3);
});

test('S3.4 a tool that changes what it returned, or was given, changes no record', async () => {
  const result = { seats: ['1A'] };
  const t = await startWith(() => result);
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  result.seats.push('1B');
  expect(historyOf(t.session)).toContain('call_1: {"seats":["1A"]}');
});

test('S1.3 a body may change its own arguments, nested ones too', async () => {
  const parameters = { type: 'object', properties: { legs: { type: 'array', items: { type: 'object' } } } } as const;
  const job = tool({
    name: 'job',
    parameters,
    execute: ({ legs = [] }) => {
      for (const leg of legs) leg['to'] = 'home';
      legs.push({ from: 'Oslo' });
      return legs.length;
    },
  });
  const t = await startTestSession([{ calls: [{ name: 'job', args: { legs: [{ from: 'Rome' }] } }] }, 'Well.'], {
    tools: [job],
  });
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  expect(historyOf(t.session)).toContain('call_1: 2');
});

test('S5.3 a body that ignores its signal and then returns a handoff does not switch agents', async () => {
  const go = byHand();
  const other = new Agent({ name: 'other', instructions: 'Other.' });
  const t = await startWith(async (ctx) => {
    await ctx.update('Began');
    await go.promise;
    return other;
  });
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  void t.session.tasks.cancel('call_1');
  go.resolve();
  await t.clock.advance(3000);
  expect(t.session.currentAgent?.name).toBe('travel');
});

test('S5.3 a body that never stops after its cancellation frees its place after stopTimeoutMs, and is forgotten when it ends', async () => {
  const bodies: PromiseWithResolvers<void>[] = [];
  const job = tool({
    name: 'job',
    parameters: none,
    onDuplicate: 'allow',
    maxConcurrency: { limit: 1, whenFull: 'queue' },
    execute: async (_args, { ctx }) => {
      const hold = byHand();
      bodies.push(hold);
      await ctx.update('Began');
      await hold.promise;
    },
  });
  const t = await startTestSession([{ calls: [{ name: 'job' }, { name: 'job' }] }, 'Well.'], { tools: [job] });
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  expect(bodies.length).toBe(1);
  void t.session.tasks.cancel('call_1');
  await t.clock.advance(2000);
  expect(bodies.length).toBe(2);
  expect(t.session.tasks.list().map((each) => each.phase)).toEqual(['stopping', 'background']);
  bodies[0]!.resolve();
  await t.clock.settle();
  expect(t.session.tasks.list().map((each) => each.phase)).toEqual(['background']);
});
