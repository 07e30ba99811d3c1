/** A state kept beside its records: when it is written, and that a restore from it is the same as one from all records. */
import { Agent, AgentSession, type SessionStore, type Snapshot } from 'meanwhile';
import { createVirtualClock, scriptedModel } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { createSessionState } from '../../src/chat/state.ts';
import { Snapshots } from '../../src/session/snapshots.ts';
import { memory } from '../../src/store/index.ts';
import { historyOf } from '../support/history.ts';
import { byHand } from '../support/session.ts';
import { moodyStore } from '../support/store.ts';

const travel = (): Agent => new Agent({ name: 'travel', instructions: 'You are a travel agent.' });

function subject() {
  const saved: Snapshot[] = [];
  const state = createSessionState();
  const given = { silent: true };
  const snapshots = new Snapshots({
    state: () => state,
    isSilent: () => given.silent,
    save: (snapshot) => Promise.resolve(void saved.push(snapshot)),
  });
  const lookAt = (seq: number): number[] => {
    state.seq = seq;
    snapshots.look();
    return saved.map((each) => each.seq);
  };
  return { snapshots, given, state, saved, lookAt };
}

describe('while a session lives one is written', () => {
  test('at 10,000 records, and then when there are twice as many', () => {
    const { lookAt } = subject();
    expect(lookAt(9999)).toEqual([]);
    expect(lookAt(10_001)).toEqual([10_001]);
    expect(lookAt(20_001)).toEqual([10_001]);
    expect(lookAt(20_002)).toEqual([10_001, 20_002]);
  });

  test('never while somebody speaks: it waits for the next record', () => {
    const { lookAt, given } = subject();
    given.silent = false;
    expect(lookAt(10_000)).toEqual([]);
    given.silent = true;
    expect(lookAt(10_004)).toEqual([10_004]);
  });

  test('in one that was restored from one, when there are twice as many as that held', () => {
    const { snapshots, lookAt } = subject();
    snapshots.begin(15_000);
    expect(lookAt(29_999)).toEqual([]);
    expect(lookAt(30_000)).toEqual([30_000]);
  });

  test('at a handover for a thousand records that the newest does not hold', async () => {
    const { snapshots, state, saved } = subject();
    snapshots.begin(5000);
    state.seq = 5999;
    await snapshots.beforeHandover();
    expect(saved).toEqual([]);
    state.seq = 6000;
    await snapshots.beforeHandover();
    expect(saved.map(({ seq }) => seq)).toEqual([6000]);
  });
});

describe('a session that is handed over', () => {
  const sessionId = 'call-7';
  async function talk(store: SessionStore, turns = 210) {
    const clock = createVirtualClock();
    const answers = Array.from({ length: turns }, (_, index) => `Answer ${String(index)}.`);
    const session = new AgentSession({
      llm: scriptedModel(answers, { clock }),
      store,
      sessionId,
      clock,
      contextLimit: 4,
    });
    await session.start({ agent: travel() });
    for (let turn = 0; turn < turns; turn += 1)
      await clock.runUntil(session.run({ userInput: `Question ${String(turn)}` }));
    return { session, clock };
  }

  function restore(store: SessionStore) {
    const clock = createVirtualClock();
    return AgentSession.restore({
      llm: scriptedModel(['Still here.'], { clock }),
      store,
      sessionId,
      clock,
      agents: { travel },
      takeOver: true,
    });
  }

  test('leaves its state; who restores it reads only what came after, and has what all records give', async () => {
    const store = memory({ clock: createVirtualClock() });
    const { session, clock } = await talk(store);
    const before = historyOf(session);
    expect(session.state.seq).toBeGreaterThan(1000);
    const activities = structuredClone(session.state.activities);
    await clock.runUntil(session.suspend());
    const kept = await store.snapshot(sessionId);
    expect(kept?.seq).toBe(await lastSeq(store));
    const asked: number[] = [];
    const watched = moodyStore(store);
    watched.read = (id, after, limit) => {
      asked.push(after);
      return store.read(id, after, limit);
    };
    const again = await restore(watched);
    // Once whether it is there at all, then from the snapshot on.
    expect(asked).toEqual([0, kept?.seq]);
    expect(historyOf(again)).toEqual(before);
    expect(again.state.activities).toEqual(activities);
    // Handed on at once it is kept already.
    let saved = 0;
    watched.saveSnapshot = () => Promise.resolve(void (saved += 1));
    await again.suspend();
    expect(saved).toBe(0);
  });

  test('and was long enough, has left it before', async () => {
    const store = memory({ clock: createVirtualClock() });
    const { session } = await talk(store, 2100);
    expect(session.state.seq).toBeGreaterThan(10_000);
    expect((await store.snapshot(sessionId))?.seq).toBeGreaterThanOrEqual(10_000);
  });

  test('that the store will not keep is restored from its records', async () => {
    const inner = memory({ clock: createVirtualClock() });
    const store = moodyStore(inner);
    store.saveSnapshot = () => Promise.reject(new Error('full'));
    const { session, clock } = await talk(store);
    const before = historyOf(session);
    await clock.runUntil(session.suspend());
    expect(await inner.snapshot(sessionId)).toBeUndefined();
    expect(historyOf(await restore(inner))).toEqual(before);
  });

  test('whose snapshot another build has written is restored from its records', async () => {
    const store = memory({ clock: createVirtualClock() });
    const { session, clock } = await talk(store);
    const before = historyOf(session);
    await clock.runUntil(session.suspend());
    const lease = await store.acquire(sessionId, { leaseMs: 1, takeOver: true });
    await store.saveSnapshot(lease, { seq: 3, data: '{"v":"99","state":["{",{}]}' });
    expect(historyOf(await restore(store))).toEqual(before);
  });

  test('waits no longer for a snapshot than for anything else of its store', async () => {
    const inner = memory({ clock: createVirtualClock() });
    const store = moodyStore(inner);
    store.saveSnapshot = () => byHand<never>().promise;
    const { session, clock } = await talk(store);
    const began = clock.now();
    await clock.runUntil(session.suspend());
    expect(clock.now() - began).toBe(2000);
    expect(historyOf(await restore(inner))).toHaveLength(420);
  });
});

async function lastSeq(store: SessionStore): Promise<number> {
  let last = 0;
  for (;;) {
    const records = await store.read('call-7', last);
    if (records.length === 0) return last;
    last += records.length;
  }
}
