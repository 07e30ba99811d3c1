/** A caller who hangs up: what goes on, and whom its result is handed to (S8.7). */
import {
  Agent,
  AsyncToolset,
  StoreError,
  tool,
  ToolError,
  Toolset,
  type AgentSession,
  type Undelivered,
} from 'meanwhile';
import { createVirtualClock } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { memory } from '../../src/store/index.ts';
import { booked, booking, call, waiting } from '../support/booking.ts';
import { createPlayback } from '../support/playback.ts';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';
import { moodyStore } from '../support/store.ts';

/** A handler that notes what it is given. */
function handler() {
  const given: Undelivered[] = [];
  return { given, onUndelivered: (each: Undelivered) => void given.push(each) };
}

const typesOf = (t: TestSession, after = ''): string[] => {
  const types = t.records.map((record) => record.type as string);
  return types.slice(types.indexOf(after) + 1);
};

const receiptsOf = (t: TestSession) =>
  t.records.flatMap((record) =>
    record.type === 'delivery_ended' ? [`${record.id} ${record.receipt} ${record.reason ?? ''}`.trim()] : [],
  );

async function isOver(t: TestSession): Promise<void> {
  await drive(t.clock, t.session.finished);
  expect(t.clock.pending()).toEqual([]);
  expect(t.records.at(-1)?.type).toBe('session_closed');
  expect(t.events.at(-1)?.type).toBe('closed');
  expect(t.events.filter(({ type }) => type === 'closed')).toHaveLength(1);
  const written = t.records.length;
  await t.clock.advance(100_000);
  expect(t.records).toHaveLength(written);
}

test('S8.7 without a word of it, a task is cancelled, and the records are as ever', async () => {
  const { given, onUndelivered } = handler();
  const t = await booked({ onUndelivered }, {});
  await drive(t.clock, t.session.close());
  expect(t.ctx.abortSignal.aborted).toBe(true);
  await isOver(t);
  expect(typesOf(t, 'task_ended')).toEqual(['delivery_ended', 'agent_exiting', 'session_closed']);
  t.done.resolve('AB12');
  await t.clock.settle();
  expect(given).toEqual([]);
});

describe('a task that is to finish', () => {
  test('S8.7 runs to its end, and its result is handed over', async () => {
    const { given, onUndelivered } = handler();
    const t = await booked({ onUndelivered, userData: { mail: 'ada@x' } });
    await drive(t.clock, t.session.close({ reason: 'hung up' }));
    expect(t.events.at(-1)).toMatchObject({ type: 'closed', reason: 'hung up' });
    expect(t.ctx.abortSignal.aborted).toBe(false);
    expect(t.session.state.status).toBe('finishing');
    await t.clock.advance(1000);
    const endedAt = t.clock.now();
    t.done.resolve('AB12');
    await isOver(t);
    expect(given).toEqual([
      {
        deliveryId: 'call-1/call_1_final',
        sessionId: 'call-1',
        userKey: 'ada',
        userData: { mail: 'ada@x' },
        toolCallId: 'call_1',
        toolName: 'book',
        args: {},
        output: { type: 'text', text: 'AB12' },
        state: 'completed',
        endedAt,
        attempts: 0,
      },
    ]);
    expect(receiptsOf(t).at(-1)).toBe('call_1_final accepted onUndelivered');
    expect(typesOf(t, 'session_ended')).toEqual(['task_ended', 'delivery_ended', 'session_closed']);
    expect(t.spoken).toEqual(['I am booking.']);
  });

  test('S8.7 takes no time of the close, nor does its toolset, which is closed after it (S8.6)', async () => {
    const closed: string[] = [];
    const done = byHand<string>();
    const tools = [
      new Toolset({
        id: 'travel',
        tools: [booking(async (ctx) => (await ctx.update('Booking.'), await done.promise))],
        close: () => void closed.push('travel'),
      }),
      new Toolset({ id: 'idle', close: () => void closed.push('idle') }),
    ];
    const { onUndelivered } = handler();
    const t = await startTestSession([call, 'I am booking.'], { tools, onUndelivered });
    await drive(t.clock, t.session.run({ userInput: 'Book it' }));
    const before = t.clock.now();
    await drive(t.clock, t.session.close());
    expect(t.clock.now()).toBe(before);
    expect(closed).toEqual(['idle']);
    done.resolve('AB12');
    await isOver(t);
    expect(closed).toEqual(['idle', 'travel']);
  });

  test('S8.7 that fails is handed over as well; one that ends without a value is not', async () => {
    const { given, onUndelivered } = handler();
    const failing = await booked({ onUndelivered });
    await drive(failing.clock, failing.session.close());
    failing.done.reject(new ToolError('Sold out.'));
    await isOver(failing);
    expect(given).toMatchObject([{ state: 'failed', output: { type: 'error', text: 'Sold out.' } }]);
    const silent = await booked({ onUndelivered });
    await drive(silent.clock, silent.session.close());
    silent.done.resolve(undefined);
    await isOver(silent);
    expect(given).toHaveLength(1);
  });

  test('S8.7 that still blocked its turn goes on all the same', async () => {
    const { given, onUndelivered } = handler();
    const done = byHand<string>();
    const t = await startTestSession([call], { onUndelivered, tools: [booking(() => done.promise)] });
    void t.session.run({ userInput: 'Book it' }).catch(() => undefined);
    await t.clock.settle();
    await drive(t.clock, t.session.close());
    done.resolve('AB12');
    await isOver(t);
    expect(given).toMatchObject([{ toolCallId: 'call_1', output: { text: 'AB12' } }]);
  });

  test.each([
    ['the session', { whenSessionEnds: 'finish' }, {}, true],
    ['its tool against the session', { whenSessionEnds: 'finish' }, { whenSessionEnds: 'cancel' }, false],
  ] as const)('S8.7 as %s says', async (_who, session, its, goesOn) => {
    const { given, onUndelivered } = handler();
    const t = await booked({ onUndelivered, ...session }, its);
    await drive(t.clock, t.session.close());
    expect(t.ctx.abortSignal.aborted).toBe(!goesOn);
    t.done.resolve('AB12');
    await isOver(t);
    expect(given).toHaveLength(goesOn ? 1 : 0);
  });

  test('S8.7 as its AsyncToolset says', async () => {
    const { given, onUndelivered } = handler();
    const done = byHand<string>();
    const body = booking(async (ctx) => (await ctx.update('Booking.'), await done.promise), {});
    const tools = [new AsyncToolset({ id: 'travel', defaults: { whenSessionEnds: 'finish' }, tools: [body] })];
    const t = await startTestSession([call, 'I am booking.'], { tools, onUndelivered });
    await drive(t.clock, t.session.run({ userInput: 'Book it' }));
    await drive(t.clock, t.session.close());
    done.resolve('AB12');
    await isOver(t);
    expect(given).toHaveLength(1);
  });

  test('S2.4 S6.4 S6.5 S6.6 has nobody to talk to: it reports in silence, and what it asks is cancelled', async () => {
    const { given, onUndelivered } = handler();
    const t = await booked({ onUndelivered });
    await drive(t.clock, t.session.close());
    await t.ctx.update('Half way.');
    expect(await t.ctx.ask({ message: 'Window?' })).toEqual({ action: 'cancel' });
    await expect(t.ctx.foreground(() => 'x')).rejects.toThrow(/closed/);
    const slow = byHand<string>();
    const filled = t.ctx.filler('Hm', { delayMs: 10, intervalMs: 10 }, () => slow.promise);
    await t.clock.advance(100);
    slow.resolve('y');
    expect(await filled).toBe('y');
    expect(() => t.session.say('Hello?')).toThrow(/closed/);
    await t.ctx.waitForPlayout();
    t.done.resolve('AB12');
    await isOver(t);
    expect(given).toMatchObject([{ output: { text: 'AB12' } }]);
    expect(receiptsOf(t).slice(-2)).toEqual(['call_1_update_1 silent', 'call_1_final accepted onUndelivered']);
    expect(t.spoken).toEqual(['I am booking.']);
  });

  test('S6.6 that was asking is answered with cancel', async () => {
    const { given, onUndelivered } = handler();
    const t = await startTestSession([call, 'Which seat?'], {
      onUndelivered,
      tools: [booking(async (ctx) => (await ctx.ask({ message: 'Window?' })).action)],
    });
    await drive(t.clock, t.session.run({ userInput: 'Book it' }));
    await drive(t.clock, t.session.close());
    await isOver(t);
    expect(given.map(({ output }) => output.text)).toEqual(['cancel']);
  });

  test('S6.4 that waits for the floor is refused at the close', async () => {
    const { given, onUndelivered } = handler();
    const t = await booked({ onUndelivered });
    t.session.userStartedSpeaking();
    const waits = t.ctx.foreground(() => 'x');
    await t.clock.settle();
    await drive(t.clock, t.session.close());
    await expect(waits).rejects.toThrow(/closed/);
    t.done.resolve('AB12');
    await isOver(t);
    expect(given).toHaveLength(1);
  });

  test('S6.6 and waits for approval is not run: nobody can approve it any more', async () => {
    const { given, onUndelivered } = handler();
    let runs = 0;
    const t = await startTestSession([call, 'May I?'], {
      onUndelivered,
      tools: [booking(() => (runs += 1), { whenSessionEnds: 'finish', needsApproval: true })],
    });
    await drive(t.clock, t.session.run({ userInput: 'Book it' }));
    await drive(t.clock, t.session.close());
    await isOver(t);
    expect([runs, given]).toEqual([0, []]);
    expect(t.records.filter(({ type }) => type === 'task_ended')).toMatchObject([{ state: 'cancelled' }]);
  });

  test('S5.5 that waits for its place gets it, and a limit of time holds', async () => {
    const { given, onUndelivered } = handler();
    const first = byHand<string>();
    const bodies = [() => first.promise, () => new Promise<never>(() => undefined)];
    const t = await startTestSession([{ calls: [{ name: 'book' }, { name: 'book', args: { n: 2 } }] }, 'Both.'], {
      onUndelivered,
      tools: [
        tool({
          name: 'book',
          whenSessionEnds: 'finish',
          onDuplicate: 'allow',
          maxConcurrency: { limit: 1 },
          timeoutMs: 60_000,
          execute: async (_args, { ctx }) => (await ctx.update('Booking.'), await bodies.shift()?.()),
        }),
      ],
    });
    await drive(t.clock, t.session.run({ userInput: 'Book it' }));
    await drive(t.clock, t.session.close());
    await t.clock.advance(30_000);
    first.resolve('AB12');
    await t.clock.settle();
    expect(bodies).toEqual([]);
    await t.clock.advance(59_000);
    expect(given.map(({ output }) => output.text)).toEqual(['AB12']);
    await t.clock.advance(1_000);
    await isOver(t);
    expect(given.map(({ output }) => output.type)).toEqual(['text', 'error']);
  });

  test('S5.2 can still be cancelled by the application', async () => {
    const { given, onUndelivered } = handler();
    const t = await booked({ onUndelivered });
    await drive(t.clock, t.session.close());
    const cancelled = t.session.tasks.cancel('call_1');
    expect(t.ctx.abortSignal.aborted).toBe(true);
    t.done.resolve('too late');
    expect(await drive(t.clock, cancelled)).toBe(true);
    await isOver(t);
    expect(given).toEqual([]);
  });

  test('S6.8 whose body ends the session itself does not wait for itself', async () => {
    const { given, onUndelivered } = handler();
    const t = await startTestSession([call, 'I am booking.'], {
      onUndelivered,
      tools: [
        booking(async (ctx) => (await ctx.update('Booking.'), await (ctx.session as AgentSession).close(), 'AB12')),
      ],
    });
    void t.session.sendMessage('Book it').catch(() => undefined);
    await isOver(t);
    expect(given).toMatchObject([{ output: { text: 'AB12' } }]);
  });
});

describe('what was recorded and not told', () => {
  test('S3.4 a result is handed over, an update is dropped', async () => {
    const { given, onUndelivered } = handler();
    const t = await booked({ onUndelivered });
    t.session.userStartedSpeaking();
    await t.ctx.update('Nearly there.');
    t.done.resolve('AB12');
    await t.clock.settle();
    const other = await booked({ onUndelivered, sessionId: 'call-2' });
    other.session.userStartedSpeaking();
    await other.ctx.update('Nearly there.');
    for (const each of [t, other]) await drive(each.clock, each.session.close());
    await isOver(t);
    expect(given).toMatchObject([{ deliveryId: 'call-1/call_1_final', output: { text: 'AB12' } }]);
    expect(receiptsOf(other).at(-1)).toBe('call_1_update_1 dropped closed');
    other.done.resolve(undefined);
    await isOver(other);
  });

  test('S8.7 with no body left, the close waits until it is handed over', async () => {
    const { given, onUndelivered } = handler();
    const t = await booked({ onUndelivered });
    t.session.userStartedSpeaking();
    t.done.resolve('AB12');
    await t.clock.settle();
    await drive(t.clock, t.session.close());
    expect(given).toHaveLength(1);
    expect(t.session.state.status).toBe('closed');
    await isOver(t);
  });

  test('S3.4 a result that was cut while it was told is handed over with what was heard', async () => {
    const { given, onUndelivered } = handler();
    const clock = createVirtualClock();
    const t = await booked({ onUndelivered, clock, output: createPlayback(clock) }, undefined, [
      'Your flight is AB12.',
    ]);
    t.done.resolve('AB12');
    await t.clock.advance(275);
    await drive(t.clock, t.session.close());
    await isOver(t);
    expect(given).toMatchObject([{ attempts: 1, heard: 'Your flight' }]);
  });

  test('S3.1 a result that has expired is not handed over', async () => {
    const { given, onUndelivered } = handler();
    const t = await booked({ onUndelivered }, { whenSessionEnds: 'finish', expiresMs: 0 });
    await drive(t.clock, t.session.close());
    t.done.resolve('AB12');
    await isOver(t);
    expect(given).toEqual([]);
    expect(receiptsOf(t).at(-1)).toBe('call_1_final expired');
  });

  test('S5.6 an output that nobody had answered yet is handed over', async () => {
    const { given, onUndelivered } = handler();
    const answer = byHand();
    const t = await startTestSession([call, { text: 'It is', hang: answer.promise }], {
      onUndelivered,
      tools: [booking(() => 'AB12')],
    });
    void t.session.run({ userInput: 'Book it' }).catch(() => undefined);
    await t.clock.settle();
    await drive(t.clock, t.session.close());
    await isOver(t);
    expect(given).toMatchObject([{ toolCallId: 'call_1', output: { text: 'AB12' }, state: 'completed' }]);
  });

  test('S5.6 S8.7 nor when the time for draining was over before the answer came', async () => {
    const { given, onUndelivered } = handler();
    const answer = byHand();
    const t = await startTestSession([call, { text: 'It is', hang: answer.promise }], {
      onUndelivered,
      tools: [booking(() => 'AB12')],
      closeTimeoutMs: 1000,
    });
    void t.session.run({ userInput: 'Book it' }).catch(() => undefined);
    await t.clock.settle();
    await drive(t.clock, t.session.close({ drain: true }));
    await isOver(t);
    expect(given).toMatchObject([{ toolCallId: 'call_1', output: { text: 'AB12' }, state: 'completed' }]);
    expect(t.records.some(({ type }) => type === 'batch_added')).toBe(true);
  });

  test('S1.3 an answer to a call that was no task is not handed over', async () => {
    const { given, onUndelivered } = handler();
    const answer = byHand();
    const t = await startTestSession([{ calls: [{ name: 'nonsense' }] }, { text: 'x', hang: answer.promise }], {
      onUndelivered,
      whenSessionEnds: 'finish',
    });
    void t.session.run({ userInput: 'Go' }).catch(() => undefined);
    await t.clock.settle();
    await drive(t.clock, t.session.close());
    await isOver(t);
    expect(given).toEqual([]);
  });
});

describe('onUndelivered', () => {
  test('that throws is called again, on the session’s clock, with the same deliveryId; then it is not any more', async () => {
    const at: number[] = [];
    const ids = new Set<string>();
    const t = await booked({
      maxAttempts: 3,
      retryDelayMs: 1000,
      onUndelivered: ({ deliveryId }) => {
        at.push(t.clock.now());
        ids.add(deliveryId);
        throw new Error('No mail today.');
      },
    });
    await drive(t.clock, t.session.close());
    t.done.resolve('AB12');
    const start = t.clock.now();
    await isOver(t);
    expect(at.map((each) => each - start)).toEqual([0, 1000, 3000]);
    expect(ids.size).toBe(1);
    expect(receiptsOf(t).at(-1)).toMatch(/^call_1_final failed .*No mail today/);
    expect(t.log.join('\n')).toContain('No mail today');
  });

  test('that fails leaves the result to the outbox, where there is one', async () => {
    const store = memory({ clock: createVirtualClock() });
    const t = await booked({
      store,
      maxAttempts: 1,
      onUndelivered: async () => await Promise.reject(new Error('No mail today.')),
    });
    await drive(t.clock, t.session.close());
    t.done.resolve('AB12');
    await isOver(t);
    expect(receiptsOf(t).at(-1)).toBe('call_1_final accepted outbox');
    expect(await waiting(store)).toMatchObject([{ deliveryId: 'call-1/call_1_final' }]);
  });

  test('that hangs is given up; the close does not wait for it', async () => {
    let calls = 0;
    const t = await booked({
      maxAttempts: 2,
      onUndelivered: () => ((calls += 1), new Promise<never>(() => undefined)),
    });
    t.session.userStartedSpeaking();
    t.done.resolve('AB12');
    await t.clock.settle();
    const before = t.clock.now();
    await drive(t.clock, t.session.close());
    expect(t.clock.now() - before).toBe(5000);
    await isOver(t);
    expect(calls).toBe(2);
    expect(receiptsOf(t).at(-1)).toMatch(/^call_1_final failed/);
  });

  test('of a session without a name gets a deliveryId that is nobody else’s', async () => {
    const { given, onUndelivered } = handler();
    for (const n of [1, 2]) {
      const t = await startTestSession([call, 'I am booking.'], {
        onUndelivered,
        tools: [booking(async (ctx) => (await ctx.update('Booking.'), await done.promise))],
      });
      const done = byHand<number>();
      await drive(t.clock, t.session.run({ userInput: 'Book it' }));
      await drive(t.clock, t.session.close());
      done.resolve(n);
      await isOver(t);
    }
    expect(new Set(given.map(({ deliveryId }) => deliveryId)).size).toBe(2);
  });
});

test('S3.4 where nobody can be told, the result is dropped with the reason, and it is logged', async () => {
  for (const options of [{}, { store: memory({ clock: createVirtualClock() }), userKey: undefined }]) {
    const { userKey, ...given } = { userKey: 'ada', ...options };
    const t = await startTestSession([call, 'I am booking.'], {
      ...given,
      ...(userKey === undefined ? {} : { userKey }),
      tools: [booking(async (ctx) => (await ctx.update('Booking.'), await done.promise))],
    });
    const done = byHand<string>();
    await drive(t.clock, t.session.run({ userInput: 'Book it' }));
    await drive(t.clock, t.session.close());
    done.resolve('AB12');
    await isOver(t);
    expect(receiptsOf(t).at(-1)).toMatch(
      /^call_1_final dropped .*give the session onUndelivered, or a store and a userKey/,
    );
    expect(t.log.join('\n')).toContain('call_1_final');
  }
});

describe('orders', () => {
  test('S8.7 closed twice, with reasons of their own, it ends once', async () => {
    const { given, onUndelivered } = handler();
    const t = await booked({ onUndelivered });
    const closes = [t.session.close({ reason: 'one' }), t.session.close({ reason: 'two' })];
    await drive(t.clock, Promise.all(closes));
    await t.session.close();
    t.done.resolve('AB12');
    await isOver(t);
    expect(given).toHaveLength(1);
    expect(t.events.at(-1)).toMatchObject({ reason: 'one' });
  });

  test('S8.7 nothing is said or taken any more, though records are', async () => {
    const { onUndelivered } = handler();
    const t = await booked({ onUndelivered });
    await drive(t.clock, t.session.close());
    await expect(t.session.sendMessage('Hello?')).rejects.toThrow(/closed/);
    await expect(t.session.run({ userInput: 'Hello?' })).rejects.toThrow(/closed/);
    await expect(t.session.updateAgent(new Agent({ name: 'x', instructions: 'x' }))).rejects.toThrow(/closed/);
    t.session.userStartedSpeaking();
    t.done.resolve('AB12');
    await isOver(t);
    const allowed = ['task_updated', 'task_ended', 'delivery_ended', 'session_closed'];
    expect(typesOf(t, 'session_ended').filter((type) => !allowed.includes(type))).toEqual([]);
  });

  test('S2.3 nobody is given a result that the store has not kept: a crash could take it back', async () => {
    const { given, onUndelivered } = handler();
    const data = memory({ clock: createVirtualClock() });
    const gate = byHand();
    let isSlow = false;
    const slow = {
      ...moodyStore(data),
      append: async (...args: Parameters<typeof data.append>) => (
        isSlow && (await gate.promise), await data.append(...args)
      ),
    };
    const t = await booked({ store: slow, onUndelivered });
    await drive(t.clock, t.session.close());
    isSlow = true;
    t.done.resolve('AB12');
    await t.clock.advance(1000);
    expect(given).toEqual([]);
    gate.resolve();
    await isOver(t);
    expect(given).toHaveLength(1);
  });

  test('S3.4 while the store keeps no records nothing is posted: restored, the session would tell it as well', async () => {
    const data = memory({ clock: createVirtualClock() });
    let isFull = false;
    const full = {
      ...moodyStore(data),
      append: async (...args: Parameters<typeof data.append>) => {
        if (isFull) throw new StoreError('store_unavailable', 'There is no room left.');
        await data.append(...args);
      },
    };
    const t = await booked({ store: full });
    await drive(t.clock, t.session.close());
    isFull = true;
    t.done.resolve('AB12');
    await t.clock.advance(60_000);
    expect(await waiting(data)).toEqual([]);
    isFull = false;
    await t.clock.advance(2000);
    await isOver(t);
    expect(await waiting(data)).toHaveLength(1);
    expect((await data.read('call-1', 0, Infinity)).at(-1)?.type).toBe('session_closed');
  });

  test('S8.7 while the store keeps no records it is suspended all the same', async () => {
    const store = moodyStore(memory({ clock: createVirtualClock() }));
    const t = await booked({ store, onUndelivered: () => undefined });
    await drive(t.clock, t.session.close());
    store.mood = 'fails';
    t.done.resolve('AB12');
    await t.clock.advance(1000);
    await drive(t.clock, t.session.suspend());
    await drive(t.clock, t.session.finished);
    expect(t.clock.pending()).toEqual([]);
  });

  test('the store fails when the result is posted: it is asked until it takes it', async () => {
    const data = memory({ clock: createVirtualClock() });
    const store = moodyStore(data);
    const t = await booked({ store });
    await drive(t.clock, t.session.close());
    store.mood = 'fails';
    t.done.resolve('AB12');
    await t.clock.advance(20_000);
    expect(t.session.state.status).toBe('finishing');
    store.mood = 'loses answers';
    await t.clock.advance(60_000);
    store.mood = 'works';
    await t.clock.advance(60_000);
    await isOver(t);
    expect(await waiting(data)).toHaveLength(1);
  });
});
