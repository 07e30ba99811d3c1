/** What becomes of a call that may be a duplicate (S4): pure, over the tasks' state. */
import { describe, expect, test } from 'vitest';
import { Log } from '../../src/chat/log.ts';
import type { SessionRecord } from '../../src/chat/records.ts';
import {
  describeAge,
  describeRunning,
  earlierDuplicates,
  judgeDuplicate,
  type DuplicateQuery,
} from '../../src/engine/duplicates.ts';

type Started = Extract<SessionRecord, { type: 'task_started' }>;
type Mode = DuplicateQuery['policy']['onDuplicate'];

const key = 'book {"to":"Rome"}';

/** A log of calls of one tool. */
class Calls {
  now = 0;
  readonly log = new Log({ now: () => this.now });

  get tasks() {
    return this.log.state.tasks;
  }

  start(callId: string, more: Partial<Pick<Started, 'key' | 'owner' | 'speechId' | 'activityId'>> = {}): this {
    const place = { owner: 'session', activityId: 'activity_1', speechId: 'speech_1', step: 0 };
    this.log.commit({ type: 'task_started', callId, toolName: 'book', input: { to: 'Rome' }, ...place, key, ...more });
    return this;
  }

  background(callId: string, reason: 'update' | 'queued' = 'update', text = 'Searching.'): this {
    this.log.commit({ type: 'task_backgrounded', callId, reason, output: { type: 'text', text } });
    return this;
  }

  end(callId: string, state: 'completed' | 'failed' | 'cancelled' = 'completed', replayable = true): this {
    const output = { type: 'text' as const, text: `${callId} is done.` };
    this.log.commit({ type: 'task_ended', callId, state, output, ...(replayable ? { replayable: true } : {}) });
    return this;
  }

  judge(mode: Mode, more: { confirmed?: boolean; windowMs?: number; key?: string } = {}) {
    const policy = { onDuplicate: mode, duplicateWindowMs: more.windowMs };
    const { confirmed = false } = more;
    return judgeDuplicate(this.tasks, { key: more.key ?? key, confirmed, policy, now: this.now });
  }
}

const modes: readonly Mode[] = [undefined, 'allow', 'join', 'reject', 'replace', 'confirm'];

describe('S4.1 the order and the modes', () => {
  test.each(modes)('S4.1 without a duplicate the call runs: %s', (mode) => {
    expect(new Calls().judge(mode)).toEqual({ type: 'run' });
    expect(new Calls().start('a', { key: 'book {"to":"Oslo"}' }).judge(mode)).toEqual({ type: 'run' });
  });

  test('S4.1 a tool that says nothing joins what is in the background already, and allows otherwise', () => {
    const calls = new Calls().start('a').start('b');
    expect(calls.judge(undefined)).toEqual({ type: 'run' });
    expect(calls.background('b').judge(undefined)).toEqual({ type: 'join', callId: 'b' });
  });

  test('S4.1 join takes the oldest, also while it blocks; allow never asks', () => {
    const calls = new Calls().start('a').start('b');
    expect(calls.judge('join')).toEqual({ type: 'join', callId: 'a' });
    expect(calls.background('a').judge('allow')).toEqual({ type: 'run' });
  });

  test.each(['reject', 'replace', 'confirm'] as const)(
    'S4.1 %s finds all that run, queued ones and those of any scope included',
    (mode) => {
      const calls = new Calls()
        .start('a', { owner: 'activity_1' })
        .start('b', { owner: 'activity_2', activityId: 'activity_2', speechId: 'speech_7' })
        .background('b', 'queued')
        .start('c');
      calls.end('c');
      const verdict = calls.judge(mode);
      expect(verdict.type).toBe(mode);
      expect('running' in verdict && verdict.running.map((task) => task.callId)).toEqual(['a', 'b']);
    },
  );

  test('S4.1 the confirm flag comes first, then what runs, then the window', () => {
    const calls = new Calls().start('a').end('a').start('b');
    expect(calls.judge('confirm', { confirmed: true, windowMs: 1000 })).toEqual({ type: 'run' });
    expect(calls.judge('confirm', { windowMs: 1000 }).type).toBe('confirm');
    expect(calls.judge('allow', { windowMs: 1000 }).type).toBe('replay');
    expect(calls.end('b').judge('confirm', { windowMs: 1000 }).type).toBe('replay');
  });
});

test('S4.3 a call replaces those made before it, not itself and not later ones', () => {
  const calls = new Calls().start('a').start('other', { key: 'book {}' }).start('b').start('c');
  expect(earlierDuplicates(calls.tasks, 'a')).toEqual([]);
  expect(earlierDuplicates(calls.tasks, 'b')).toEqual(['a']);
  expect(earlierDuplicates(calls.end('a').tasks, 'c')).toEqual(['b']);
  expect(earlierDuplicates(calls.tasks, 'unknown')).toEqual([]);
});

describe('S4.5 the window', () => {
  const done = () => new Calls().start('a').end('a');

  test('S4.5 an equal call within it gets the earlier result and its age', () => {
    const calls = done();
    calls.now = 60_000;
    const output = { type: 'text', text: 'a is done.' };
    expect(calls.judge(undefined, { windowMs: 60_000 })).toEqual({
      type: 'replay',
      callId: 'a',
      output,
      ageMs: 60_000,
    });
    calls.now += 1;
    expect(calls.judge(undefined, { windowMs: 60_000 })).toEqual({ type: 'run' });
  });

  test('S4.5 the age counts from the end, not from the beginning of the session', () => {
    const calls = new Calls().start('a');
    calls.now = 5000;
    calls.end('a').now = 5100;
    expect(calls.judge(undefined, { windowMs: 1000 })).toMatchObject({ type: 'replay', ageMs: 100 });
  });

  test('S4.5 without a window, with other arguments and with the confirm flag it runs', () => {
    expect(done().judge(undefined)).toEqual({ type: 'run' });
    expect(done().judge(undefined, { windowMs: 1000, key: 'book {}' })).toEqual({ type: 'run' });
    expect(done().judge('confirm', { windowMs: 1000, confirmed: true })).toEqual({ type: 'run' });
  });

  test('S4.5 only a successful end is answered with, the last one', () => {
    const calls = done().start('b').end('b', 'failed', false);
    expect(calls.judge(undefined, { windowMs: 1000 })).toMatchObject({ type: 'replay', callId: 'a' });
    calls.start('c').end('c');
    expect(calls.judge(undefined, { windowMs: 1000 })).toMatchObject({ type: 'replay', callId: 'c' });
    const failed = new Calls().start('a').end('a', 'cancelled', false);
    expect(failed.judge(undefined, { windowMs: 1000 })).toEqual({ type: 'run' });
  });

  test.each([
    [0, '0 seconds'],
    [1_400, '1 second'],
    [89_000, '89 seconds'],
    [90_000, '2 minutes'],
    [120_000, '2 minutes'],
    [3_600_000, '60 minutes'],
    [5_340_000, '89 minutes'],
    [5_400_000, '2 hours'],
    [7_200_000, '2 hours'],
  ])('S4.5 says how old it is: %d ms', (ageMs, text) => {
    expect(describeAge(ageMs)).toBe(text);
  });
});

test('S4.2 a running call is one line: its id, its arguments, what it said last', () => {
  const calls = new Calls().start('a');
  const line = () => [...calls.tasks.running.values()].map(describeRunning).join();
  expect(line()).toBe('- a book({"to":"Rome"})');
  calls.background('a');
  expect(line()).toBe('- a book({"to":"Rome"}): Searching.');
});

describe('S5.6 a task whose arguments are validated late', () => {
  const pending = () => {
    const calls = new Calls();
    const { key: _key, ...unkeyed } = {
      toolName: 'book',
      input: {},
      owner: 'session',
      activityId: 'a1',
      speechId: 's1',
      step: 0,
      key,
    };
    calls.log.commit({ type: 'task_started', callId: 'a', ...unkeyed });
    return calls;
  };

  test('S5.6 is nobody’s duplicate before, and one of its key from then on', () => {
    const calls = pending();
    expect(calls.judge('reject')).toEqual({ type: 'run' });
    expect(earlierDuplicates(calls.tasks, 'a')).toEqual([]);
    calls.log.commit({ type: 'task_validated', callId: 'a', input: { to: 'Rome' }, key });
    expect(calls.judge('reject')).toMatchObject({ type: 'reject', running: [{ callId: 'a', input: { to: 'Rome' } }] });
    calls.end('a');
    expect(calls.judge('reject', { windowMs: 10 })).toMatchObject({ type: 'replay', callId: 'a' });
    expect([...calls.tasks.byKey]).toEqual([]);
  });

  test('S5.6 supersedes calls made before it, and is superseded by those made since', () => {
    const calls = pending();
    const second = { toolName: 'book', input: {}, owner: 'session', activityId: 'a1', speechId: 's1', step: 0 };
    calls.log.commit({ type: 'task_started', callId: 'b', ...second, key: 'book 2', supersedeKey: 'trip' });
    calls.log.commit({ type: 'task_validated', callId: 'a', input: {}, key, supersedeKey: 'trip' });
    expect([...calls.tasks.latest]).toEqual([['trip', 'b']]);
    calls.log.commit({ type: 'task_started', callId: 'c', ...second, key: 'book 3', supersedeKey: 'trip' });
    expect([...calls.tasks.latest]).toEqual([['trip', 'c']]);
  });

  test('S5.6 ends without ever having had a key', () => {
    const calls = pending().end('a', 'failed', false);
    expect(calls.tasks.ended.get('a')).toMatchObject({ state: 'failed' });
  });
});
