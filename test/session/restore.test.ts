/** A session that outlives its process. A crash is a session nobody goes on with: its clock stands, its lease is taken. */
import {
  Agent,
  AgentSession,
  AgentTask,
  createTextOutput,
  tool,
  Toolset,
  type RestoreOptions,
  StoreError,
  type SessionRecord,
  type SessionStore,
  type ToolSource,
} from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedStep } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { memory } from '../../src/store/index.ts';
import { historyOf } from '../support/history.ts';
import { byHand, startTestSession, type TestOptions } from '../support/session.ts';
import { moodyStore } from '../support/store.ts';

const call = { calls: [{ name: 'work' }] };
const sessionId = 'call-7';
const agents = { travel: () => new Agent({ name: 'travel', instructions: 'You are a travel agent.' }) };

async function begin(steps: readonly ScriptedStep[], options: TestOptions & { agent?: Agent } = {}) {
  const store = memory({ clock: createVirtualClock() });
  const t = await startTestSession(steps, { store, sessionId, ...options });
  return { ...t, store };
}

/** The next process. */
async function restore(
  store: ReturnType<typeof memory>,
  steps: readonly ScriptedStep[],
  options: Partial<RestoreOptions> = {},
) {
  const clock = createVirtualClock();
  const spoken: string[] = [];
  let line = '';
  const output = createTextOutput({
    onText: (text) => (line += text),
    onEnd: (_speech, cut) => {
      spoken.push(cut ? `${line}—` : line);
      line = '';
    },
  });
  const model = scriptedModel(steps, { clock });
  const records: SessionRecord[] = [];
  const session = await AgentSession.restore({
    llm: model,
    store,
    sessionId,
    agents,
    clock,
    output,
    takeOver: true,
    userAwayMs: Infinity,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    onRecord: (record) => records.push(record),
    ...options,
  });
  await clock.advance(100);
  const asked = (): string => JSON.stringify(model.calls.map(({ prompt }) => prompt));
  return { session, clock, spoken, records, asked };
}

const work = (execute: Parameters<typeof tool>[0]['execute'], more: object = {}): ToolSource => [
  tool({ ...more, name: 'work', execute }),
];

describe('what was said', () => {
  test('begins with an agent: no crash leaves a session to which nobody had come', async () => {
    const kept = memory({ clock: createVirtualClock() });
    const first: string[][] = [];
    const store = {
      ...moodyStore(kept),
      append: (...[lease, records]: Parameters<typeof kept.append>) => {
        first.push(records.map(({ type }) => type));
        return kept.append(lease, records);
      },
    };
    await startTestSession([], {
      store,
      sessionId,
      tools: [new Toolset({ id: 'slow', setup: () => Promise.resolve() })],
    });
    expect(first[0]?.slice(0, 2)).toEqual(['session_opened', 'agent_entered']);
  });

  test('comes back in the history and in the agent’s context, and the talk goes on', async () => {
    const before = await begin(['Hello.']);
    await before.clock.runUntil(before.session.run({ userInput: 'Hi' }));
    const { session, clock } = await restore(before.store, ['Still here.']);
    expect(session.currentAgent?.name).toBe('travel');
    expect(session.state).toEqual({ ...before.session.state, seq: before.session.state.seq + 1 });
    await clock.runUntil(session.run({ userInput: 'Are you there?' }));
    expect(historyOf(session)).toEqual([
      'user: Hi',
      'assistant: Hello.',
      'user: Are you there?',
      'assistant: Still here.',
    ]);
    expect(session.contextOf(session.currentAgent as Agent).toArray()).toEqual(session.history.toArray());
  });

  test('and was not answered is answered', async () => {
    const answer = byHand();
    const before = await begin([{ hang: answer.promise, text: 'Late.' }]);
    void before.session.run({ userInput: 'Anybody?' }).catch(() => undefined);
    await before.clock.settle();
    const { session, spoken } = await restore(before.store, ['Yes.']);
    expect(spoken).toEqual(['Yes.']);
    expect(historyOf(session)).toEqual(['user: Anybody?', 'assistant: Yes.']);
  });
});

describe('a task', () => {
  test('whose body died ends as failed, and the user is told', async () => {
    const tools = work(async (_args, { ctx }) => {
      await ctx.update('Searching.');
      await byHand().promise;
    });
    const before = await begin([call, 'I am searching.'], { tools });
    await before.clock.runUntil(before.session.run({ userInput: 'Go' }));
    const { session, spoken, records } = await restore(before.store, ['It was stopped.'], { tools });
    expect(records.filter(({ type }) => type === 'task_ended')).toMatchObject([{ state: 'failed', callId: 'call_1' }]);
    expect(historyOf(session).join('\n')).toMatch(/call_1_final.*stopped by a failure of the system/);
    expect(spoken).toEqual(['It was stopped.']);
    expect(records.filter(({ type }) => type === 'delivery_ended')).toMatchObject([{ receipt: 'completed' }]);
  });

  test('of an idempotent tool runs again with the same key and arguments, and its result is told', async () => {
    const runs: unknown[] = [];
    const tools = work(
      async (args, { ctx, toolCallId }) => {
        runs.push({ args, toolCallId, key: ctx.idempotencyKey, resumed: ctx.resumed });
        await ctx.update(ctx.resumed ? 'Again.' : 'First.');
        if (ctx.resumed) return 'Booked.';
        return await byHand().promise;
      },
      { idempotent: true },
    );
    const before = await begin([call, 'I am on it.'], { tools });
    await before.clock.runUntil(before.session.run({ userInput: 'Go' }));
    const { spoken, session } = await restore(before.store, ['It is booked.'], { tools });
    const same = { args: {}, toolCallId: 'call_1', key: 'call-7/call_1' };
    expect(runs).toEqual([
      { ...same, resumed: false },
      { ...same, resumed: true },
    ]);
    expect(spoken).toEqual(['It is booked.']);
    expect(historyOf(session).filter((line) => line.startsWith('call_1_final'))).toEqual(['call_1_final: Booked.']);
  });

  test('S1.4 that still blocked its turn has its call in the context, and is told what became of it', async () => {
    const tools = work(() => byHand().promise);
    const before = await begin([call], { tools });
    void before.session.run({ userInput: 'Go' }).catch(() => undefined);
    await before.clock.settle();
    expect(before.session.state.history).toHaveLength(1);
    const { session, spoken } = await restore(before.store, ['It failed.'], { tools });
    expect(historyOf(session)[1]).toMatch(/^call_1 ! .*stopped by a failure/);
    expect(spoken).toEqual(['It failed.']);
  });

  test('S5.6 whose output nobody had answered yet is told', async () => {
    const answer = byHand();
    const tools = work(() => 'Three flights.');
    const before = await begin([call, { text: 'Three', hang: answer.promise }], { tools });
    void before.session.run({ userInput: 'Go' }).catch(() => undefined);
    await before.clock.settle();
    const { spoken, records } = await restore(before.store, ['Three flights.'], { tools });
    expect(spoken).toEqual(['Three flights.']);
    expect(records.filter(({ type }) => type === 'delivery_ended')).toMatchObject([
      { id: 'call_1', receipt: 'completed' },
    ]);
  });

  test('whose result was recorded and not told is told, once', async () => {
    const done = byHand<string>();
    const tools = work(async (_args, { ctx }) => {
      await ctx.update('Searching.', { deliver: 'silent' });
      return await done.promise;
    });
    const before = await begin([call, 'I am searching.'], { tools });
    await before.clock.runUntil(before.session.run({ userInput: 'Go' }));
    before.session.userStartedSpeaking();
    done.resolve('Three flights.');
    await before.clock.settle();
    const { spoken, records, asked, session, clock } = await restore(before.store, ['Three flights are there.', 'x'], {
      tools,
    });
    expect(spoken).toEqual(['Three flights are there.']);
    expect(asked()).not.toContain('you may have told');
    expect(records.filter(({ type }) => type === 'delivery_ended')).toMatchObject([
      { id: 'call_1_final', receipt: 'completed' },
    ]);
    await clock.runUntil(session.waitForIdle());
    expect(spoken).toHaveLength(1);
  });

  test('S3.5 that was being told when the process died is told again, never as new', async () => {
    const done = byHand<string>();
    const tools = work(async (_args, { ctx }) => {
      await ctx.update('Searching.', { deliver: 'silent' });
      return await done.promise;
    });
    const answer = byHand();
    const before = await begin([call, { text: 'Three', hang: answer.promise }], { tools });
    await before.clock.runUntil(before.session.run({ userInput: 'Go' }));
    done.resolve('Three flights.');
    await before.clock.settle();
    await before.clock.advance(60);
    expect(before.records.some(({ type }) => type === 'delivery_taken')).toBe(true);
    expect(before.session.state.tasks.deliveries.get('call_1_final')?.taken).toBeDefined();
    const { spoken, asked } = await restore(before.store, ['As I said: three flights.'], { tools });
    expect(spoken).toEqual(['As I said: three flights.']);
    expect(asked()).toContain('you may have told the user already');
  });

  test('that waited for approval asks again, and then runs', async () => {
    let runs = 0;
    const tools = work(
      () => {
        runs += 1;
        return 'Paid.';
      },
      { needsApproval: true },
    );
    const before = await begin([call, 'May I?'], { tools });
    await before.clock.runUntil(before.session.run({ userInput: 'Pay' }));
    const { session, clock, spoken } = await restore(before.store, ['May I pay?', 'Paid.'], { tools });
    await clock.runUntil(session.tasks.answer('call_1', 'accept', {}));
    await clock.advance(200);
    expect(runs).toBe(1);
    expect(spoken).toEqual(['May I pay?', 'Paid.']);
  });
});

test('S8.7 a session that was suspended is restored at once, as it was, with nothing ended and nothing lost', async () => {
  const aborted: string[] = [];
  const done = byHand<string>();
  const tools = work(
    async (_args, { ctx, abortSignal }) => {
      abortSignal.addEventListener('abort', () => aborted.push('aborted'));
      await ctx.update('Searching.', { deliver: 'silent' });
      return ctx.resumed ? 'Booked.' : await done.promise;
    },
    { idempotent: true },
  );
  const before = await begin([call, 'Long words.'], { tools });
  await before.clock.runUntil(before.session.run({ userInput: 'Go' }));
  await before.clock.runUntil(before.session.suspend());
  expect(aborted).toEqual(['aborted']);
  expect(before.events.at(-1)).toMatchObject({ type: 'closed', reason: 'suspended' });
  const kept = await before.store.read(sessionId, 0);
  expect(kept.filter(({ type }) => ['task_ended', 'delivery_ended', 'session_closed'].includes(type))).toEqual([]);
  const { spoken } = await restore(before.store, ['It is booked.'], { tools, takeOver: false });
  expect(spoken).toEqual(['It is booked.']);
});

test('a session without a store cannot be suspended', async () => {
  const t = await startTestSession([]);
  expect(() => t.session.suspend()).toThrow(/no store/);
});

describe('who talks', () => {
  test('an AgentTask is over, and the agent under it goes on', async () => {
    const before = await begin([]);
    const task = new AgentTask({ name: 'email', instructions: 'Ask.' });
    void task.run(before.session).catch(() => undefined);
    await before.clock.settle();
    expect(before.session.currentAgent?.name).toBe('email');
    const { session } = await restore(before.store, []);
    expect(session.currentAgent?.name).toBe('travel');
    expect(session.state.stack).toHaveLength(1);
  });

  test('an agent that was being handed over is there again, made anew', async () => {
    const exit = byHand();
    const entered: string[] = [];
    const agent = new Agent({ name: 'travel', instructions: 'x', onExit: () => exit.promise });
    const before = await begin(['Hello.'], { agent });
    await before.clock.runUntil(before.session.run({ userInput: 'Hi' }));
    void before.session.updateAgent(new Agent({ name: 'next', instructions: 'n' })).catch(() => undefined);
    await before.clock.settle();
    const { session } = await restore(before.store, [], {
      agents: {
        travel: () => new Agent({ name: 'travel', instructions: 'x', onEnter: () => void entered.push('travel') }),
      },
    });
    expect(session.currentAgent?.name).toBe('travel');
    expect(entered).toEqual(['travel']);
    expect(session.contextOf(session.currentAgent as Agent).toArray()).toHaveLength(2);
  });

  test('without a way to make the agent nothing is written, and another may try', async () => {
    const before = await begin(['Hello.']);
    await before.clock.runUntil(before.session.run({ userInput: 'Hi' }));
    const kept = (await before.store.read(sessionId, 0)).length;
    await expect(restore(before.store, [], { agents: {} })).rejects.toThrow('has no "travel"');
    expect(await before.store.read(sessionId, 0)).toHaveLength(kept);
    await restore(before.store, [], { takeOver: false });
  });
});

describe('what is given', () => {
  const store = memory();
  const llm = scriptedModel([]);
  test.each([
    ['no store', { llm, sessionId, agents }, /store/],
    ['no id', { llm, store, agents }, /sessionId/],
    ['no agents', { llm, store, sessionId }, /agents/],
    ['agents that are no record', { llm, store, sessionId, agents: [] as never }, /agents/],
    ['a store that is none', { llm, store: {} as never, sessionId, agents }, /acquire/],
    ['an empty id', { llm, store, sessionId: '', agents }, /sessionId/],
    ['an option that is none', { llm, store, sessionId, agents, agent: 1 } as never, /agent/],
  ])('to restore is refused: %s', async (_what, options, message) => {
    const restored = AgentSession.restore(options as RestoreOptions);
    await expect(restored).rejects.toMatchObject({ code: 'invalid_option' });
    await expect(restored).rejects.toThrow(message);
  });

  test('an agent of another name than was recorded is refused', async () => {
    const before = await begin([]);
    const wrong = { travel: () => new Agent({ name: 'hotel', instructions: 'x' }) };
    await expect(restore(before.store, [], { agents: wrong })).rejects.toThrow('got one named "hotel"');
  });

  test('a session id holds without a store, too, and with one there is always one', async () => {
    const named = await startTestSession([], { sessionId: 'mine' });
    expect(named.session.state.sessionId).toBe('mine');
    const kept = await startTestSession([], { store: memory({ clock: createVirtualClock() }) });
    expect(kept.session.state.sessionId).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('the store', () => {
  test('S3.8 cut off from one of two processes that want the session has never two who speak', async () => {
    const clock = createVirtualClock();
    const data = memory({ clock });
    const line = moodyStore(data, 'network');
    const heard: { who: string; at: number }[] = [];
    const hears = (who: string) => createTextOutput({ onText: () => heard.push({ who, at: clock.now() }) });
    const old = await begin([], { store: line, clock, output: hears('old') });
    const talk = (): void => {
      try {
        void old.session.say('Anybody?');
      } catch {
        // It was closed.
      }
    };
    for (let second = 0; second < 30; second += 1) {
      if (second === 3) line.mood = 'hangs';
      if (second === 5) {
        const next = { llm: scriptedModel([], { clock }), store: data, sessionId, agents, clock, output: hears('new') };
        void AgentSession.restore(next).then((session) => session.say('Me.'));
      }
      if (second === 25) line.mood = 'works';
      talk();
      await clock.advance(1000);
    }
    const lastOld = heard.findLast(({ who }) => who === 'old')?.at ?? 0;
    const firstNew = heard.find(({ who }) => who === 'new')?.at ?? 0;
    expect(firstNew).toBeGreaterThan(lastOld);
    expect(heard.filter(({ who }) => who === 'old').length).toBeGreaterThan(5);
    expect(old.events.at(-1)).toMatchObject({ type: 'closed', reason: 'taken over' });
  });

  test('is held by a process that died: restoring waits for the end of its lease; by one that lives: it rejects', async () => {
    const clock = createVirtualClock();
    const store = memory({ clock });
    const before = await begin(['Hello.'], { store, leaseMs: 9000 });
    await before.clock.runUntil(before.session.run({ userInput: 'Hi' }));
    let restored: AgentSession | undefined;
    const next = { llm: scriptedModel([], { clock }), store, sessionId, agents, clock, userAwayMs: Infinity };
    void AgentSession.restore(next).then((session) => (restored = session));
    await clock.advance(8999);
    expect(restored).toBeUndefined();
    await clock.advance(1);
    expect(restored?.history.toArray()).toHaveLength(2);
    const third = AgentSession.restore(next);
    third.catch(() => undefined);
    await clock.advance(20_000);
    await expect(third).rejects.toMatchObject({ code: 'store_leased' });
  });

  test('of an unknown session, or one that was closed, restores nothing', async () => {
    const store = memory({ clock: createVirtualClock() });
    await expect(restore(store, [])).rejects.toMatchObject({ code: 'session_state' });
    expect(await store.read(sessionId, 0)).toEqual([]);
    const before = await begin([]);
    await before.session.close();
    await expect(restore(before.store, [])).rejects.toThrow('was closed');
  });

  test('has every record, and a start does not write over a session', async () => {
    const before = await begin(['Hello.']);
    await before.clock.runUntil(before.session.run({ userInput: 'Hi' }));
    expect(await before.store.read(sessionId, 0)).toEqual(before.records);
    await before.session.close();
    expect(await before.store.read(sessionId, 0)).toEqual(before.records);
    await expect(begin([], { store: before.store })).rejects.toMatchObject({ code: 'session_state' });
  });

  test('is followed from the first moment on by who prepares for it', async () => {
    const before = await begin([call, 'Working.'], {
      tools: work(
        async (_args, { ctx }) => {
          await ctx.update('Working.');
          await byHand().promise;
        },
        { idempotent: true },
      ),
    });
    await before.clock.runUntil(before.session.run({ userInput: 'Go' }));
    const heard: string[] = [];
    const ready = byHand();
    const asked = byHand();
    const restoring = restore(before.store, ['Done.'], {
      tools: work(() => 'Done.', { idempotent: true }),
      prepare: (session) => {
        session.on('*', ({ type }) => heard.push(type));
        asked.resolve();
        return ready.promise;
      },
    });
    await asked.promise;
    expect(heard).toEqual([]);
    ready.resolve();
    const { session } = await restoring;
    expect(heard).toContain('task_ended');
    expect(historyOf(session).at(-1)).toBe('assistant: Done.');
    await expect(restore(before.store, [], { prepare: 'it' as never })).rejects.toMatchObject({
      code: 'invalid_option',
    });
  });

  test('is read through the session: what its processes before recorded, the change of process, and what the store has not taken yet', async () => {
    const before = await begin(['Hello.']);
    await before.clock.runUntil(before.session.run({ userInput: 'Hi' }));
    const store = moodyStore(before.store);
    const { session, clock, records } = await restore(before.store, ['Still here.'], { store });
    const failing: SessionStore['append'] = () => Promise.reject(new StoreError('store_unavailable', 'It is full.'));
    store.append = failing;
    await clock.runUntil(session.run({ userInput: 'Are you there?' }));
    const all: SessionRecord[] = [];
    for (let more = await session.readRecords(0); more.length > 0; more = await session.readRecords(all.length))
      all.push(...more);
    expect(all).toEqual([...before.records, ...records]);
    expect(records[0]).toMatchObject({ type: 'session_restored', seq: before.session.state.seq + 1 });
    expect(await session.readRecords(all.length)).toEqual([]);
    const unkept = await startTestSession([]);
    expect([session.isKept, unkept.session.isKept]).toEqual([true, false]);
    await expect(unkept.session.readRecords(0)).rejects.toMatchObject({ code: 'session_state' });
  });

  test('S2.3 is waited for by the first sound and by ctx.update, not by what is decided', async () => {
    const data = memory({ clock: createVirtualClock() });
    const store = moodyStore(data);
    let updated = false;
    const tools = work(async (_args, { ctx }) => {
      await ctx.update('Searching.');
      updated = true;
      await byHand().promise;
    });
    const before = await begin(['Hello.', call, 'Searching.'], { store, tools });
    store.mood = 'hangs';
    const said = before.session.run({ userInput: 'Hi' });
    await before.clock.settle();
    expect(before.spoken).toEqual([]);
    expect(before.model.calls).toHaveLength(1);
    await before.clock.advance(2000);
    await before.clock.runUntil(said);
    expect(before.spoken).toEqual(['Hello.']);
    store.mood = 'works';
    await before.clock.advance(1000);
    store.mood = 'hangs';
    void before.session.run({ userInput: 'Go' }).catch(() => undefined);
    await before.clock.settle();
    expect([updated, before.session.state.tasks.running.size]).toEqual([false, 1]);
    await before.clock.advance(2000);
    expect(updated).toBe(true);
  });

  test('that fails is an event, and the conversation goes on', async () => {
    const data = memory({ clock: createVirtualClock() });
    const store = moodyStore(data);
    const before = await begin(['Hello.', 'Goodbye.'], { store });
    store.mood = 'fails';
    await before.clock.runUntil(before.session.run({ userInput: 'Hi' }));
    expect(before.spoken).toEqual(['Hello.']);
    expect(before.events.filter((event) => event.type === 'error')).toMatchObject([{ source: 'store' }]);
    store.mood = 'works';
    await before.clock.advance(1000);
    expect(await data.read(sessionId, 0)).toEqual(before.records);
  });

  test('gave the session to another process: this one says and does nothing more', async () => {
    const aborted: unknown[] = [];
    const tools = work(async (_args, { ctx, abortSignal }) => {
      abortSignal.addEventListener('abort', () => aborted.push('aborted'));
      await ctx.update('Searching.');
      await byHand().promise;
    });
    const before = await begin([call, 'Searching.'], { tools });
    await before.clock.runUntil(before.session.run({ userInput: 'Go' }));
    await before.store.acquire(sessionId, { leaseMs: 1000, takeOver: true });
    const kept = await before.store.read(sessionId, 0);
    await before.clock.advance(20_000);
    expect(before.events.at(-1)).toMatchObject({ type: 'closed', reason: 'taken over' });
    expect(aborted).toEqual(['aborted']);
    expect(await before.store.read(sessionId, 0)).toEqual(kept);
    expect(before.clock.pending()).toEqual([]);
  });

  test('over a network that is cut, nobody is heard from before the lease can have run out until it is renewed', async () => {
    const data = memory({ clock: createVirtualClock() });
    const store = moodyStore(data, 'network');
    const before = await begin(['Hello.', 'Back again.'], { store });
    store.mood = 'hangs';
    await before.clock.advance(12_000);
    void before.session.say('Is anybody there?');
    await before.clock.advance(60_000);
    expect(before.spoken).toEqual([]);
    store.mood = 'works';
    await before.clock.advance(10_000);
    expect(before.spoken).toEqual(['Is anybody there?']);
  });
});
