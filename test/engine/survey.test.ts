/** What stands in the ledger, one delivery at a time (S3.1, S3.2, S3.4 to S3.7): states made by hand, no log. */
import { describe, expect, test } from 'vitest';
import { createSessionState, type DeliveryState, type TasksState } from '../../src/chat/state.ts';
import { planReply, settle, standingOf, survey, takeDue } from '../../src/engine/ledger.ts';

const now = 1000;
let count = 0;

function delivery(id: string, more: Partial<DeliveryState> = {}): DeliveryState {
  count += 1;
  const [callId = id] = id.split('_final');
  const output = { type: 'text', text: id } as const;
  return {
    id,
    callId,
    record: { id, callId, toolName: 'book', phase: 'final', output } as unknown as DeliveryState['record'],
    order: count,
    at: now,
    mode: 'when_idle',
    owner: 'session',
    attempts: 0,
    toolsCalled: false,
    covered: false,
    ...more,
  };
}

/** In the map's own order, whatever the order of recording. */
function tasksOf(...deliveries: DeliveryState[]): TasksState {
  const { tasks } = createSessionState();
  tasks.deliveries = new Map(deliveries.map((each) => [each.id, each]));
  return tasks;
}

/** The same, one of them the open question of its task. */
function asking(open: DeliveryState, ...others: DeliveryState[]): TasksState {
  const tasks = tasksOf(open, ...others);
  tasks.running = new Map([[open.callId, { question: { id: open.id, message: 'Which?' } } as never]]);
  return tasks;
}

describe('where a delivery stands', () => {
  test('S3.4 one that is being told is taken, one that waits for its repeat says until when', () => {
    expect(standingOf(delivery('a', { taken: 'speech_1' }), false, now)).toEqual({ type: 'taken' });
    expect(standingOf(delivery('a', { notBefore: now + 1 }), false, now)).toEqual({ type: 'later', at: now + 1 });
    expect(standingOf(delivery('a', { notBefore: now }), false, now)).toEqual({ type: 'due', level: 'quiet' });
  });

  test('S3.1 it expires, and goes between two speeches, in the very moment it says', () => {
    expect(standingOf(delivery('a', { expiresAt: now }), false, now)).toEqual({ type: 'over', receipt: 'expired' });
    expect(standingOf(delivery('a', { expiresAt: now + 1 }), false, now).type).toBe('due');
    expect(standingOf(delivery('a', { holdUntil: now }), false, now)).toEqual({ type: 'due', level: 'gap' });
    expect(standingOf(delivery('a', { holdUntil: now + 1 }), false, now)).toEqual({ type: 'due', level: 'quiet' });
  });

  test('S3.1 what may interrupt does not interrupt its like, which would cut it in turn', () => {
    const waiting = delivery('b', { mode: 'interrupt' });
    const levels = (told: DeliveryState): string[] => [...survey(tasksOf(told, waiting), now).groups.keys()];
    expect(levels(delivery('a', { mode: 'interrupt', taken: 'speech_1' }))).toEqual(['gap session']);
    expect(levels(delivery('a', { mode: 'when_idle', taken: 'speech_1' }))).toEqual(['now session']);
    expect(levels(delivery('a', { mode: 'interrupt', notBefore: now + 1 }))).toEqual(['now session']);
  });

  test('S3.6 one that is over keeps its reason, and has none where there is none', () => {
    const stale = delivery('a', { stale: { receipt: 'dropped', reason: 'its task was cancelled' } });
    const expired = delivery('b', { expiresAt: now });
    expect(survey(tasksOf(stale, expired), now).over).toStrictEqual([
      { id: 'a', receipt: 'dropped', reason: 'its task was cancelled' },
      { id: 'b', receipt: 'expired' },
    ]);
  });
});

describe('when to look again', () => {
  test('S6.2 at the earliest moment at which anything changes, in whatever order it stands', () => {
    const at = (...deliveries: DeliveryState[]) => survey(tasksOf(...deliveries), now).nextAt;
    expect(at(delivery('a', { holdUntil: now + 3, expiresAt: now + 2 }))).toBe(now + 2);
    expect(at(delivery('a', { holdUntil: now + 2, expiresAt: now + 3 }))).toBe(now + 2);
    expect(at(delivery('a', { holdUntil: now + 5 }), delivery('b', { holdUntil: now + 4 }))).toBe(now + 4);
    expect(at(delivery('a', { holdUntil: now + 4 }), delivery('b', { holdUntil: now + 5 }))).toBe(now + 4);
    expect(at(delivery('a', { holdUntil: now + 4 }), delivery('b'))).toBe(now + 4);
    expect(at(delivery('a', { notBefore: now + 4 }))).toBe(now + 4);
  });

  test('S6.2 never for what is past, is being told, or waits for nothing', () => {
    const past = delivery('a', { holdUntil: now });
    const taken = delivery('b', { taken: 'speech_1', holdUntil: now + 1 });
    expect(survey(tasksOf(past, taken, delivery('c')), now).nextAt).toBeUndefined();
  });
});

describe('what goes together', () => {
  test('S3.2 a group is as old as its oldest record, also where that came to the ledger later', () => {
    const [older, newer] = [delivery('a', { at: 1 }), delivery('b', { at: 2 })];
    for (const tasks of [tasksOf(older, newer), tasksOf(newer, older)]) {
      const { groups } = survey(tasks, now);
      expect(groups.get('quiet session')).toMatchObject({ order: older.order, at: 1 });
    }
  });

  test('S3.2 a reply takes them in the order of recording, whatever the ledger’s', () => {
    const [older, newer] = [delivery('a'), delivery('b')];
    const taken = takeDue(tasksOf(newer, older), now, () => true).map(({ id }) => id);
    expect(taken).toEqual(['a', 'b']);
  });

  test('S6.6 an open question has a group of its own that names its task; another has none to name', () => {
    const { groups } = survey(asking(delivery('a'), delivery('b')), now);
    expect([...groups.values()].map(({ asker, ids }) => ({ asker, ids }))).toEqual([
      { asker: 'a', ids: ['a'] },
      { asker: undefined, ids: ['b'] },
    ]);
    expect(groups.get('quiet session')).not.toHaveProperty('asker');
  });

  test('S3.2 only what is due and what the floor serves is taken, with the level and the asker it is for', () => {
    const seen: unknown[] = [];
    const tasks = asking(delivery('a', { mode: 'interrupt' }), delivery('b', { notBefore: now + 1 }));
    const serves = (...given: unknown[]) => (seen.push(given), false);
    expect(takeDue(tasks, now, serves)).toEqual([]);
    expect(seen).toEqual([['session', 'now', 'a']]);
  });
});

describe('what a reply is asked', () => {
  test('S3.5 it names its records, with a comma between them, and those that are new', () => {
    const taken = [delivery('a'), delivery('b'), delivery('c')];
    expect(planReply(taken, new Set(['a']), () => undefined)).toEqual({
      prompt: 'replyMaybeCovered',
      callIds: 'a, b, c',
      newCallIds: 'b, c',
      heard: '',
      toolChoice: 'auto',
    });
  });

  test('S3.4 what was heard of each is one text', () => {
    const taken = [delivery('a', { heard: 'Five' }), delivery('b', { heard: 'flights' })];
    expect(planReply(taken, new Set(), () => undefined).heard).toBe('Five flights');
  });

  test('S3.7 one that has called a tool before keeps the whole reply from calling any', () => {
    const taken = [delivery('a', { toolsCalled: true }), delivery('b')];
    expect(planReply(taken, new Set(), () => 'auto').toolChoice).toBe('none');
    expect(planReply([delivery('c')], new Set(), () => 'none').toolChoice).toBe('none');
  });
});

describe('what an outcome means', () => {
  const policy = { maxAttempts: 2, retryDelayMs: 1000, knowsHeard: true };

  test('S3.4 a last attempt that failed says why', () => {
    const last = delivery('a', { attempts: 1 });
    expect(settle(last, false, { type: 'nothing_said' }, now, policy)).toEqual({
      type: 'ended',
      receipt: 'failed',
      reason: 'nothing was said',
    });
    expect(settle(last, false, { type: 'failed', error: 'x' }, now, policy)).toEqual({
      type: 'ended',
      receipt: 'failed',
      reason: 'the model failed',
    });
  });

  test('S3.4 what was heard of two attempts is one text, without empty ones', () => {
    const cut = (heard: string | undefined, text: string) =>
      settle(delivery('a', heard === undefined ? {} : { heard }), false, { type: 'interrupted', heard: text }, now, {
        ...policy,
        knowsHeard: false,
      });
    expect(cut('Five', 'flights')).toEqual({ type: 'returned', attempts: 1, heard: 'Five flights' });
    expect(cut(undefined, 'flights')).toEqual({ type: 'returned', attempts: 1, heard: 'flights' });
    expect(cut('', 'flights')).toEqual({ type: 'returned', attempts: 1, heard: 'flights' });
    expect(cut('Five', '')).toEqual({ type: 'returned', attempts: 1, heard: 'Five' });
    expect(cut(undefined, '')).toStrictEqual({ type: 'returned', attempts: 1 });
  });
});
