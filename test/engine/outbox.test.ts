/** Records on their way to the host's model (S2.5). */
import type { TaskRecord } from 'meanwhile';
import { expect, test } from 'vitest';
import { Outbox } from '../../src/engine/outbox.ts';
import { ScriptedConversation } from '../support/conversation.ts';
import { TestEngine } from '../support/engine.ts';
import { byHand } from '../support/session.ts';

function record(id: string, owner = 'session'): TaskRecord {
  return {
    kind: 'record',
    id,
    callId: 'call_1',
    phase: 'update',
    toolName: 'work',
    input: {},
    output: { type: 'text', text: id },
    owner,
    at: 0,
  };
}

/** A host that answers each append as the test says, in order, and afterwards takes everything. */
function createHost(...answers: readonly (() => void | Promise<void>)[]) {
  const shown: string[] = [];
  const failures: unknown[] = [];
  const rest = [...answers];
  const append = (owner: string, records: readonly TaskRecord[]): void | Promise<void> => {
    shown.push(`${owner}: ${records.map(({ id }) => id).join(' ')}`);
    return rest.shift()?.();
  };
  return { outbox: new Outbox(append, (error) => failures.push(error)), shown, failures };
}

const refusing = () => Promise.reject(new Error('the socket is closed'));

test('S2.5 a record is shown at once, and once', async () => {
  const { outbox, shown } = createHost();
  const pushed = outbox.push(record('a'));
  expect(shown).toEqual(['session: a']);
  await pushed;
  await outbox.flush();
  expect(shown).toEqual(['session: a']);
});

test('S2.5 a push that fails is reported, harms nobody, and is repeated with the next one', async () => {
  const { outbox, shown, failures } = createHost(refusing);
  await outbox.push(record('a'));
  expect(failures).toMatchObject([{ message: 'the socket is closed' }]);
  await outbox.push(record('b'));
  expect(shown).toEqual(['session: a', 'session: a b']);
});

test('S2.5 there is nothing to wait for where the host has answered, and all of it where it has not', async () => {
  const [first, second] = [byHand(), byHand()] as const;
  const { outbox, failures } = createHost(
    () => undefined,
    () => first.promise,
    () => second.promise,
    refusing,
    refusing,
  );
  expect(outbox.flush()).toBeUndefined();
  expect(outbox.push(record('a'))).toBeUndefined();
  let isOver = false;
  const pushed = outbox.push(record('b'));
  void pushed?.then(() => (isOver = true));
  await Promise.resolve();
  expect(isOver).toBe(false);
  first.resolve();
  expect(await pushed).toBeUndefined();
  const other = outbox.push(record('c'));
  second.reject(new Error('no'));
  await other;
  await outbox.push(record('d', 'x'));
  expect(failures).toHaveLength(3);
  expect(outbox.flush()).toBeUndefined();
});

test('S2.5 so it is where several owners are shown what was kept for them', async () => {
  const gate = byHand();
  const open = () => gate.promise;
  const { outbox, shown } = createHost(refusing, refusing, refusing, open, () => undefined);
  await outbox.push(record('a', 'x'));
  await outbox.push(record('b', 'y'));
  let isOver = false;
  void outbox.flush()?.then(() => (isOver = true));
  for (let n = 0; n < 9; n += 1) await Promise.resolve();
  expect([isOver, shown.slice(3)]).toEqual([false, ['x: a', 'y: b']]);
  gate.resolve();
  for (let n = 0; n < 9; n += 1) await Promise.resolve();
  expect(isOver).toBe(true);
  const taking = createHost(refusing, refusing, refusing);
  await taking.outbox.push(record('a', 'x'));
  await taking.outbox.push(record('b', 'y'));
  expect(taking.outbox.flush()).toBeUndefined();
});

test('S2.5 a host that throws is one that fails', async () => {
  const { outbox, shown, failures } = createHost(() => {
    throw new Error('no');
  });
  await outbox.push(record('a'));
  await outbox.flush();
  expect(shown).toEqual(['session: a', 'session: a']);
  expect(failures).toHaveLength(1);
});

test('S2.5 pushes that fail while others are on their way keep the order of recording', async () => {
  const answers = [byHand(), byHand(), byHand()] as const;
  const { outbox, shown } = createHost(...answers.map((answer) => () => answer.promise));
  const pushed = ['a', 'b', 'c'].map((id) => outbox.push(record(id)));
  answers[2].reject(new Error('no'));
  answers[0].reject(new Error('no'));
  answers[1].resolve();
  await Promise.all(pushed.filter((each) => each !== undefined));
  await outbox.flush();
  expect(shown.at(-1)).toBe('session: a c');
});

test('S2.5 records of several owners are shown to each', async () => {
  const { outbox, shown } = createHost(refusing, refusing, refusing);
  for (const [id, owner] of [
    ['a', 'x'],
    ['b', 'x'],
    ['c', 'y'],
  ] as const)
    await outbox.push(record(id, owner));
  expect(shown).toEqual(['x: a', 'x: a b', 'x: a b', 'y: c']);
  await outbox.flush();
  expect(shown.slice(4)).toEqual(['x: a b']);
});

/** A host whose model cannot be reached while `isDown`. */
class Unreachable extends ScriptedConversation {
  isDown = false;
  override append(owner: string, records: readonly TaskRecord[]): void {
    if (this.isDown) throw new Error('the socket is closed');
    super.append(owner, records);
  }
}

test('S2.5 a failing push does not break the tool: the record stays, and is pushed again before the next reply', async () => {
  const engine = new TestEngine((clock) => new Unreachable(clock));
  const job = engine.job();
  engine.host.isDown = true;
  await job.ctx.update('Half way.');
  expect(engine.reports).toMatchObject([{ type: 'append_failed', error: { message: 'the socket is closed' } }]);
  expect(engine.log.state.history.map((item) => item.id)).toEqual([`${job.callId}_update_1`]);
  expect(engine.host.shown).toEqual([]);
  engine.host.isDown = false;
  await engine.clock.advance(50);
  expect(engine.host.last).toMatchObject({ about: [`${job.callId}_update_1`], request: [`${job.callId}_update_1`] });
  engine.host.ends({ type: 'completed', heard: 'Half way.' });
  job.end.resolve('Done.');
  await engine.clock.advance(50);
  expect(engine.host.shown.map(({ id }) => id)).toEqual([`${job.callId}_update_1`, `${job.callId}_final`]);
});
