/** What a user was not told in one session is told in his next one, once (S3.4, S3.5, S8.8). */
import { Agent, AgentSession, StoreError, tool, Toolset, type SessionStore } from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedStep, type VirtualClock } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { memory, type MemoryStore } from '../../src/store/index.ts';
import { booked, waiting } from '../support/booking.ts';
import { historyOf } from '../support/history.ts';
import { createPlayback } from '../support/playback.ts';
import { createTestSession, drive, startTestSession, type TestOptions, type TestSession } from '../support/session.ts';
import { moodyStore } from '../support/store.ts';

const kept = (): MemoryStore => memory({ clock: createVirtualClock() });

/** Ada books, hangs up, and the booking ends. */
async function hungUp(store: SessionStore, options: TestOptions = {}) {
  const t = await booked({ store, ...options });
  await drive(t.clock, t.session.close());
  t.done.resolve('AB12');
  await drive(t.clock, t.session.finished);
  return t;
}

async function calls(
  store: SessionStore,
  steps: readonly ScriptedStep[],
  options: TestOptions & { agent?: Agent } = {},
): Promise<TestSession> {
  const t = await startTestSession(steps, { store, sessionId: 'call-2', userKey: 'ada', clock: later(), ...options });
  await t.clock.advance(100);
  return t;
}

/** Some minutes later. */
const later = () => createVirtualClock({ startAt: createVirtualClock().now() + 300_000 });

/** Tools that are not there before the lease has been renewed. */
const slowTools = (clock: VirtualClock): Toolset =>
  new Toolset({ id: 'slow', tools: [], setup: () => new Promise((resolve) => void clock.setTimeout(resolve, 8000)) });

const receipts = (t: TestSession) =>
  t.records.flatMap((it) => (it.type === 'delivery_ended' ? [`${it.receipt} ${it.reason ?? ''}`.trim()] : []));
const asked = (t: TestSession, n: number) => JSON.stringify(t.model.calls[n]?.prompt);
const received = (t: TestSession) => t.records.filter(({ type }) => type === 'result_received');

describe('the next session', () => {
  test('S3.2 S8.8 tells it at the first quiet moment, in the words of now, and the outbox is empty', async () => {
    const store = kept();
    await hungUp(store);
    const t = await calls(store, ['Your booking is through: AB12.']);
    expect(t.spoken).toEqual(['Your booking is through: AB12.']);
    expect(receipts(t)).toEqual(['completed']);
    const line = historyOf(t.session).find((each) => each.includes('AB12'));
    expect(line).toMatch(
      /^earlier_\d+_final: From an earlier conversation with the user: book \{\} ended 5 minutes ago.* AB12$/,
    );
    expect(t.session.contextOf(t.session.currentAgent as Agent).toArray()).toHaveLength(2);
    expect(asked(t, 0)).toContain('earlier_');
    await drive(t.clock, t.session.close());
    expect(typesOf(t).slice(-2)).toEqual(['agent_exiting', 'session_closed']);
    expect(await waiting(store)).toEqual([]);
    expect((await calls(store, [], { sessionId: 'call-3' })).spoken).toEqual([]);
  });

  test('S3.2 tells all that waits in one reply, also an error, in the order of posting', async () => {
    const store = kept();
    const two = [await booked({ store }), await booked({ store, sessionId: 'call-1b' })];
    for (const each of two) await drive(each.clock, each.session.close());
    two[0]?.done.resolve('AB12');
    two[1]?.done.reject(new Error('secret'));
    for (const each of two) await drive(each.clock, each.session.finished);
    const t = await calls(store, ['All of it.']);
    expect(t.spoken).toEqual(['All of it.']);
    expect(t.records.flatMap((it) => (it.type === 'delivery_taken' ? [it.ids.length] : []))).toEqual([2]);
    const lines = historyOf(t.session).filter((line) => line.startsWith('earlier'));
    expect(lines.map((line) => line.includes(' ! '))).toEqual([false, true]);
    expect(lines.join('')).not.toContain('secret');
  });

  test('S3.8 greets first', async () => {
    const store = kept();
    await hungUp(store);
    const agent = new Agent({
      name: 'travel',
      instructions: 'Talk.',
      onEnter: () => void t.session.say('Hello, Ada.'),
    });
    const clock = later();
    const t = createTestSession(['And AB12 is booked.'], { store, sessionId: 'call-2', userKey: 'ada', clock });
    await t.session.start({ agent });
    await clock.advance(200);
    expect(t.spoken).toEqual(['Hello, Ada.', 'And AB12 is booked.']);
  });

  test('of another user is told nothing, nor one without a userKey', async () => {
    const store = kept();
    await hungUp(store);
    expect(received(await calls(store, [], { userKey: 'bob' }))).toEqual([]);
    const nobody = await startTestSession([], { store, sessionId: 'call-3' });
    await nobody.clock.advance(20_000);
    expect(received(nobody)).toEqual([]);
    expect(await waiting(store)).toHaveLength(1);
  });

  test('that is there already is told when its lease is renewed', async () => {
    const store = kept();
    const t = await calls(store, ['AB12 is booked.']);
    await hungUp(store);
    await t.clock.advance(5_100);
    expect(t.spoken).toEqual(['AB12 is booked.']);
    await drive(t.clock, t.session.close());
    expect(t.clock.pending()).toEqual([]);
  });

  test('whose tools take long to come is told of it when somebody is there to tell it', async () => {
    const store = kept();
    await hungUp(store);
    const clock = later();
    const options = { store, sessionId: 'call-2', userKey: 'ada', clock, tools: [slowTools(clock)] };
    const t = createTestSession(['AB12 is booked.'], options);
    await drive(clock, t.session.start({ agent: new Agent({ name: 'travel', instructions: 'Talk.' }) }));
    await clock.advance(100);
    expect(typesOf(t).slice(0, 3)).toEqual(['session_opened', 'agent_entered', 'result_received']);
    expect(t.spoken).toEqual(['AB12 is booked.']);
  });

  test('is not told what has expired meanwhile', async () => {
    const store = kept();
    const first = await booked({ store }, { whenSessionEnds: 'finish', expiresMs: 60_000 });
    await drive(first.clock, first.session.close());
    first.done.resolve('AB12');
    await drive(first.clock, first.session.finished);
    const t = await calls(store, []);
    expect([t.spoken, receipts(t)]).toEqual([[], ['expired']]);
    expect(await waiting(store)).toEqual([]);
  });

  test('S9.1 has words of its own for it', async () => {
    const store = kept();
    await hungUp(store);
    const t = await calls(store, ['Told.'], {
      prompts: { earlierResult: ({ functionName, output, arguments: args }) => `${functionName}(${args}) = ${output}` },
    });
    expect(historyOf(t.session)[0]).toMatch(/^earlier_\d+_final: book\(\{\}\) = AB12$/);
  });
});

describe('exactly once', () => {
  test('S3.4 of two sessions of one user that start at the same moment, one tells it', async () => {
    const store = kept();
    await hungUp(store);
    const start = (sessionId: string, from: SessionStore) =>
      calls(from, ['AB12 is booked.'], { sessionId, clock: later() });
    const both = await Promise.all([start('call-2', store), start('call-3', store.reopen())]);
    expect(both.flatMap(({ spoken }) => spoken)).toEqual(['AB12 is booked.']);
    for (const t of both) await t.clock.advance(20_000);
    expect(both.flatMap(({ spoken }) => spoken)).toHaveLength(1);
  });

  test('S3.4 S3.5 the user hangs up again while he is told: the next session tells the rest, with what he heard', async () => {
    const store = kept();
    await hungUp(store);
    const clock = later();
    const second = await calls(store, ['Your flight is booked under AB12.'], { clock, output: createPlayback(clock) });
    await clock.advance(210);
    await drive(clock, second.session.close());
    await drive(clock, second.session.finished);
    expect(receipts(second)).toEqual(['accepted outbox']);
    expect(await waiting(store)).toMatchObject([
      { deliveryId: 'call-1/call_1_final', sessionId: 'call-1', attempts: 1, heard: 'Your flight' },
    ]);
    const third = await calls(store, ['It is booked under AB12.'], { sessionId: 'call-3' });
    expect(third.spoken).toEqual(['It is booked under AB12.']);
    expect(asked(third, 0)).toContain('the user had heard: \\"Your flight\\"');
    expect(await waiting(store)).toEqual([]);
  });

  test('S3.4 and before he is told: it waits as it did', async () => {
    const store = kept();
    await hungUp(store);
    const before = await waiting(store);
    const second = await startTestSession([], { store, sessionId: 'call-2', userKey: 'ada', clock: later() });
    second.session.userStartedSpeaking();
    await second.clock.advance(1000);
    expect(received(second)).toHaveLength(1);
    await drive(second.clock, second.session.close());
    await drive(second.clock, second.session.finished);
    expect(await waiting(store)).toEqual(before);
    expect((await calls(store, ['AB12.'], { sessionId: 'call-3' })).spoken).toEqual(['AB12.']);
  });

  test('S3.4 after maxAttempts over all sessions it is told no more', async () => {
    const store = kept();
    await hungUp(store, { maxAttempts: 2 });
    for (const sessionId of ['call-2', 'call-3']) {
      const clock = later();
      const t = await calls(store, ['Your flight is booked under AB12.'], {
        clock,
        sessionId,
        maxAttempts: 2,
        output: createPlayback(clock),
      });
      await clock.advance(210);
      await drive(clock, t.session.close());
      await drive(clock, t.session.finished);
    }
    expect(await waiting(store)).toEqual([]);
  });

  test('closed while it still collects, it gives back what it gets', async () => {
    const store = kept();
    await hungUp(store);
    const t = await startTestSession([], { store, sessionId: 'call-2', userKey: 'ada', clock: later() });
    await drive(t.clock, t.session.close());
    await drive(t.clock, t.session.finished);
    expect(t.spoken).toEqual([]);
    expect(await waiting(store)).toHaveLength(1);
  });
});

describe('a store that fails', () => {
  test('is asked again when the lease is renewed; the conversation goes on', async () => {
    const data = kept();
    await hungUp(data);
    let works = false;
    const failing = {
      ...moodyStore(data),
      collect: (...args: Parameters<SessionStore['collect']>) =>
        works ? data.collect(...args) : Promise.reject(new StoreError('store_unavailable', 'It is full.')),
    };
    const t = await calls(failing, ['Hello.', 'AB12 is booked.']);
    await drive(t.clock, t.session.run({ userInput: 'Hi' }));
    expect(t.spoken).toEqual(['Hello.']);
    expect(t.events).toContainEqual(expect.objectContaining({ type: 'error', source: 'store' }));
    works = true;
    await t.clock.advance(6000);
    expect(t.spoken).toEqual(['Hello.', 'AB12 is booked.']);
  });

  test('loses the answer to a settling: it is settled all the same, once', async () => {
    const data = kept();
    await hungUp(data);
    const store = moodyStore(data);
    const t = await calls(store, [{ text: 'AB12 is booked.' }], {});
    expect(t.spoken).toEqual(['AB12 is booked.']);
    store.mood = 'loses answers';
    await t.clock.advance(100);
    store.mood = 'works';
    await t.clock.advance(6000);
    await drive(t.clock, t.session.close());
    expect(await waiting(data)).toEqual([]);
  });
});

describe('a process that dies', () => {
  const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const agents = { travel: () => new Agent({ name: 'travel', instructions: 'Talk.' }) };
  const restore = async (store: SessionStore, steps: readonly ScriptedStep[], more: object = {}) => {
    const clock = later();
    const llm = scriptedModel(steps, { clock });
    const records: string[] = [];
    const session = await AgentSession.restore({
      llm,
      store,
      agents,
      clock,
      sessionId: 'call-1',
      userKey: 'ada',
      takeOver: true,
      userAwayMs: Infinity,
      logger: quiet,
      onRecord: (record) => void records.push(record.type),
      ...more,
    });
    await clock.advance(100);
    return { session, clock, llm, records };
  };

  test.each([
    ['runs again where it may', true, /AB12, again/],
    ['ends as failed where it may not', false, /stopped by a failure/],
  ] as const)(
    'S8.7 while a body finishes: restored, it %s, nobody enters, and the result is handed over',
    async (_what, idempotent, text) => {
      const store = kept();
      const body = (): unknown => 'AB12, again';
      const before = await booked({ store }, { whenSessionEnds: 'finish', idempotent });
      await drive(before.clock, before.session.close());
      const tools = [tool({ name: 'book', idempotent, execute: body })];
      const after = await restore(store, [], { tools });
      await drive(after.clock, after.session.finished);
      expect(after.records.filter((type) => ['agent_entered', 'speech_opened', 'request_made'].includes(type))).toEqual(
        [],
      );
      expect(after.records.at(-1)).toBe('session_closed');
      expect(await waiting(store)).toMatchObject([
        { deliveryId: 'call-1/call_1_final', output: { text: expect.stringMatching(text) as string } },
      ]);
      await expect(after.session.sendMessage('Hello?')).rejects.toThrow(/closed/);
      await expect(restore(store, [])).rejects.toThrow(/was closed/);
    },
  );

  test('S8.7 and one that is suspended: the body is aborted, and the next process goes on at once', async () => {
    const store = kept();
    const before = await booked({ store }, { whenSessionEnds: 'finish', idempotent: true });
    await drive(before.clock, before.session.close());
    await drive(before.clock, before.session.suspend());
    expect(before.ctx.abortSignal.reason).toMatchObject({ why: 'suspended' });
    await drive(before.clock, before.session.finished);
    expect(before.clock.pending()).toEqual([]);
    const tools = [tool({ name: 'book', idempotent: true, execute: () => 'AB12, again' })];
    const after = await restore(store, [], { tools, takeOver: false });
    await drive(after.clock, after.session.finished);
    expect(await waiting(store)).toMatchObject([{ output: { text: 'AB12, again' } }]);
  });

  test.each([
    ['hangs', () => new Promise<never>(() => undefined)],
    ['throws', () => Promise.reject(new Error('No mail.'))],
  ])(
    'S8.7 and whose onUndelivered %s: it is suspended with no timer left, and the next process calls its own',
    async (_how, onUndelivered) => {
      const store = kept();
      const before = await booked({ store, onUndelivered, maxAttempts: 100 });
      before.session.userStartedSpeaking();
      before.done.resolve('AB12');
      await before.clock.settle();
      const closed = before.session.close();
      await before.clock.advance(100);
      const suspended = before.session.suspend();
      await drive(before.clock, Promise.all([closed, suspended, before.session.finished]));
      expect(before.clock.pending()).toEqual([]);
      expect(before.records.filter(({ type }) => type === 'delivery_ended').at(-1)).not.toMatchObject({
        receipt: 'accepted',
      });
      const given: string[] = [];
      const after = await restore(store, [], {
        takeOver: false,
        onUndelivered: ({ deliveryId }: { deliveryId: string }) => void given.push(deliveryId),
      });
      await drive(after.clock, after.session.finished);
      expect(given).toEqual(['call-1/call_1_final']);
    },
  );

  test('S3.5 with a result that it had collected: the user’s next session tells it, as one he may have heard', async () => {
    const storeClock = createVirtualClock();
    const store = memory({ clock: storeClock });
    await hungUp(store);
    const dead = await calls(store, ['AB12 is booked.'], { output: createPlayback(createVirtualClock()) });
    expect(received(dead)).toHaveLength(1);
    const early = await calls(store, [], { sessionId: 'call-3' });
    await early.clock.advance(6000);
    expect(early.spoken).toEqual([]);
    await storeClock.advance(15_000);
    const next = await calls(store, ['As I may have said: AB12.'], { sessionId: 'call-4' });
    expect(next.spoken).toEqual(['As I may have said: AB12.']);
    expect(asked(next, 0)).toContain('you may have told the user already');
    const back = await restore(store, [], { sessionId: 'call-2' });
    await back.clock.advance(6000);
    expect(back.llm.calls).toHaveLength(0);
    await drive(back.clock, back.session.close());
    expect(await waiting(store)).toEqual([]);
  });

  test('S3.4 with a result that it had told, and the store had not settled: restored, it settles it and tells nothing', async () => {
    const store = kept();
    await hungUp(store);
    const settle = () => Promise.reject(new StoreError('store_unavailable', 'It is full.'));
    const dead = await calls({ ...moodyStore(store), settle }, ['AB12 is booked.']);
    expect([dead.spoken, receipts(dead)]).toEqual([['AB12 is booked.'], ['completed']]);
    const back = await restore(store, [], { sessionId: 'call-2' });
    expect(back.llm.calls).toHaveLength(0);
    await drive(back.clock, back.session.close());
    expect(await waiting(store)).toEqual([]);
  });

  test('S3.4 and is restored while a result comes: it is told, and not taken for one that another session has', async () => {
    const store = kept();
    const before = await calls(store, []);
    await drive(before.clock, before.session.suspend());
    const clock = later();
    const llm = scriptedModel(['AB12 is booked.'], { clock });
    const options = { llm, store, agents, clock, sessionId: 'call-2', userKey: 'ada', tools: [slowTools(clock)] };
    const restored = AgentSession.restore({ ...options, logger: quiet, userAwayMs: Infinity });
    await clock.advance(1000);
    await hungUp(store);
    await clock.advance(10_000);
    const session = await restored;
    await clock.advance(6000);
    expect(llm.calls).toHaveLength(1);
    expect(JSON.stringify(llm.calls[0]?.prompt)).toContain('AB12');
    await drive(clock, session.close());
    expect(await waiting(store)).toEqual([]);
  });

  test('a session that has collected results wants its userKey again', async () => {
    const store = kept();
    await hungUp(store);
    await calls(store, ['AB12 is booked.'], { output: createPlayback(createVirtualClock()) });
    await expect(restore(store, [], { sessionId: 'call-2', userKey: undefined })).rejects.toThrow(/userKey/);
  });
});

function typesOf(t: TestSession): string[] {
  return t.records.map(({ type }) => type);
}
