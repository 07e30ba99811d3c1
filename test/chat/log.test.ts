/** The log: numbers and times, one order for everybody, and nothing after the end (S7.2, S8.7). */
import { expect, test } from 'vitest';
import { Log } from '../../src/chat/log.ts';
import type { SessionRecord } from '../../src/chat/records.ts';

const exiting = (activityId: string) => ({ type: 'agent_exiting', activityId }) as const;
const nameOf = (record: SessionRecord) => ('activityId' in record ? String(record.activityId) : record.type);

test('a record has its version, its number from 1, and the time of its clock', () => {
  let now = 5;
  const log = new Log({ now: () => now });
  expect(log.commit(exiting('a'))).toEqual({ type: 'agent_exiting', activityId: 'a', v: 1, seq: 1, at: 5 });
  now = 7;
  expect(log.commit(exiting('b'))).toMatchObject({ seq: 2, at: 7 });
  expect(log.state.seq).toBe(2);
});

test('S8.7 after the session was closed nothing is written and nobody is told', () => {
  const told: string[] = [];
  const log = new Log({ now: () => 0, sink: (record) => told.push(nameOf(record)) });
  log.commit({ type: 'session_closed', reason: 'asked' });
  expect(log.commit(exiting('late'))).toBeUndefined();
  expect(told).toEqual(['session_closed']);
  expect(log.state.seq).toBe(1);
});

test('S8.7 after the conversation has ended only what becomes of tasks is written', () => {
  const log = new Log({ now: () => 0 });
  log.commit({ type: 'session_ended', reason: 'hung up' });
  expect(log.commit(exiting('late'))).toBeUndefined();
  const message = { kind: 'message', id: 'm', role: 'user', parts: [], at: 0 } as const;
  expect(log.commit({ type: 'message_added', message })).toBeUndefined();
  expect(log.commit({ type: 'delivery_ended', id: 'x', receipt: 'accepted' })).toBeDefined();
  expect(log.commit({ type: 'session_closed', reason: 'finished' })).toBeDefined();
  expect(log.commit({ type: 'session_closed', reason: 'again' })).toBeUndefined();
});

test('the sink has a record before any observer, and each sees the state behind it', () => {
  const told: string[] = [];
  const log = new Log({ now: () => 0, sink: (record, state) => told.push(`sink ${nameOf(record)} ${state.seq}`) });
  log.observe((record, state) => told.push(`one ${nameOf(record)} ${state.seq}`));
  log.observe((record, state) => told.push(`two ${nameOf(record)} ${state.seq}`));
  log.commit(exiting('a'));
  expect(told).toEqual(['sink a 1', 'one a 1', 'two a 1']);
});

test('an observer that commits is served when all have seen the record before', () => {
  const told: string[] = [];
  const log = new Log({ now: () => 0 });
  log.observe((record) => {
    told.push(`one ${nameOf(record)}`);
    if (nameOf(record) === 'a') log.commit(exiting('b'));
  });
  log.observe((record) => told.push(`two ${nameOf(record)}`));
  log.commit(exiting('a'));
  log.commit(exiting('c'));
  expect(told).toEqual(['one a', 'two a', 'one b', 'two b', 'one c', 'two c']);
});

test('who stops observing hears no more, also in the middle of a record, and stopping twice stops nobody else', () => {
  const told: string[] = [];
  const log = new Log({ now: () => 0 });
  const stop = log.observe(() => {
    told.push('one');
    stop();
  });
  log.observe(() => told.push('two'));
  log.commit(exiting('a'));
  stop();
  log.commit(exiting('b'));
  expect(told).toEqual(['one', 'two', 'two']);
});

test('S7.2 a sink and an observer that throw are reported, and harm nobody', () => {
  const told: string[] = [];
  const failed: unknown[] = [];
  const throws = (what: string) => () => {
    throw new Error(what);
  };
  const log = new Log({
    now: () => 0,
    sink: throws('sink'),
    onObserverError: (error, record) => failed.push([(error as Error).message, record.seq]),
  });
  log.observe(throws('observer'));
  log.observe((record) => told.push(nameOf(record)));
  log.commit(exiting('a'));
  expect(told).toEqual(['a']);
  expect(failed).toEqual([
    ['sink', 1],
    ['observer', 1],
  ]);
  const without = new Log({ now: () => 0, onObserverError: (error) => failed.push(error) });
  without.commit(exiting('a'));
  expect(failed).toHaveLength(2);
  const alone = new Log({ now: () => 0, sink: throws('sink') });
  expect(alone.commit(exiting('a'))).toMatchObject({ seq: 1 });
});
