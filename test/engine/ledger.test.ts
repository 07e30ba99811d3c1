/** The ledger's decisions and its half of the fold: pure, no clock, no host. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DeliveryTerms, TaskEndState } from '../../src/chat/records.ts';
import type { TaskRecord } from '../../src/chat/items.ts';
import { Log } from '../../src/chat/log.ts';
import type { DeliveryState } from '../../src/chat/state.ts';
import { planReply, settle, survey, takeDue } from '../../src/engine/ledger.ts';
import type { Outcome } from '../../src/engine/seam.ts';

const start = 1_000_000;

/** A log in which tasks record things, one a millisecond. */
class Ledger {
  now = start;
  readonly log = new Log({ now: () => this.now });

  get tasks() {
    return this.log.state.tasks;
  }

  delivery(id: string): DeliveryState {
    const delivery = this.tasks.deliveries.get(id);
    if (!delivery) throw new Error(`Nothing is to be told of ${id}.`);
    return delivery;
  }

  begin(callId: string, { owner = 'session', supersedeKey }: { owner?: string; supersedeKey?: string } = {}): this {
    this.log.commit({
      type: 'task_started',
      callId,
      toolName: 'book',
      input: {},
      owner,
      activityId: 'activity_1',
      speechId: 'speech_1',
      step: 0,
      key: callId,
      ...(supersedeKey === undefined ? {} : { supersedeKey }),
    });
    this.log.commit({ type: 'task_backgrounded', callId, reason: 'update', output: { type: 'text', text: 'Began.' } });
    return this;
  }

  update(callId: string, delivery: DeliveryTerms = { mode: 'when_idle' }): string {
    this.now += 1;
    const record = this.#record(callId, 'update');
    this.log.commit({ type: 'task_updated', callId, record, delivery, message: 'Progress.' });
    return record.id;
  }

  ask(callId: string, delivery: DeliveryTerms = { mode: 'when_idle' }): string {
    this.now += 1;
    const record = this.#record(callId, 'question');
    this.log.commit({ type: 'task_asked', callId, record, delivery, question: { id: record.id, message: 'Which?' } });
    return record.id;
  }

  answer(callId: string, questionId: string): void {
    this.log.commit({ type: 'task_answered', callId, questionId, action: 'accept' });
  }

  end(callId: string, state: TaskEndState = 'completed', delivery: DeliveryTerms = { mode: 'when_idle' }): string {
    this.now += 1;
    const record = { ...this.#record(callId, 'final'), id: `${callId}_final` };
    this.log.commit({ type: 'task_ended', callId, state, output: record.output, record, delivery });
    return record.id;
  }

  takenBy(speechId: string, ...ids: string[]): void {
    this.log.commit({ type: 'delivery_taken', ids, covered: [], speechId });
  }

  /** Owner and level → what is due there. */
  due(): Record<string, readonly string[]> {
    return Object.fromEntries([...survey(this.tasks, this.now).groups].map(([key, group]) => [key, group.ids]));
  }

  over(): unknown[] {
    return [...survey(this.tasks, this.now).over];
  }

  take(serves: Parameters<typeof takeDue>[2] = () => true): string[] {
    return takeDue(this.tasks, this.now, serves).map((delivery) => delivery.id);
  }

  #record(callId: string, phase: TaskRecord['phase']): TaskRecord {
    const task = this.tasks.running.get(callId);
    if (!task) throw new Error(`${callId} does not run.`);
    const output = { type: 'text', text: `${phase} of ${callId}` } as const;
    const id = `${callId}_update_${String(task.updates + 1)}`;
    return { kind: 'record', id, callId, phase, toolName: 'book', input: {}, output, owner: task.owner, at: this.now };
  }
}

describe('when', () => {
  test('S3.1 when_idle waits for quiet, interrupt for nobody, silent is not told', () => {
    const ledger = new Ledger().begin('a').begin('b').begin('c');
    ledger.update('a');
    ledger.update('b', { mode: 'interrupt' });
    ledger.update('c', { mode: 'silent' });
    expect(ledger.due()).toEqual({ 'quiet session': ['a_update_1'], 'now session': ['b_update_1'] });
    expect(ledger.log.state.history.map((item) => item.kind === 'record' && item.id)).toContain('c_update_1');
  });

  test('S3.1 after maxHoldMs a record goes between two speeches', () => {
    const ledger = new Ledger().begin('a');
    ledger.update('a', { mode: 'when_idle', holdUntil: start + 5000 });
    ledger.now = start + 4999;
    expect(ledger.due()).toEqual({ 'quiet session': ['a_update_1'] });
    expect(survey(ledger.tasks, ledger.now).nextAt).toBe(start + 5000);
    ledger.now = start + 5000;
    expect(ledger.due()).toEqual({ 'gap session': ['a_update_1'] });
    expect(survey(ledger.tasks, ledger.now).nextAt).toBeUndefined();
  });

  test('S3.1 after expiresMs it is not told, and stays where it was recorded', () => {
    const ledger = new Ledger().begin('a');
    const id = ledger.update('a', { mode: 'interrupt', expiresAt: start + 5000 });
    expect(survey(ledger.tasks, ledger.now).nextAt).toBe(start + 5000);
    ledger.now = start + 5000;
    expect(ledger.due()).toEqual({});
    expect(ledger.take()).toEqual([]);
    expect(ledger.over()).toEqual([{ id, receipt: 'expired' }]);
    ledger.log.commit({ type: 'delivery_ended', id, receipt: 'expired' });
    expect(ledger.log.state.history).toHaveLength(1);
  });

  test('S3.1 what is being told does not expire', () => {
    const ledger = new Ledger().begin('a');
    const id = ledger.update('a', { mode: 'when_idle', expiresAt: start + 5000 });
    ledger.takenBy('speech_2', id);
    ledger.now = start + 6000;
    expect(survey(ledger.tasks, ledger.now)).toMatchObject({ over: [], nextAt: undefined });
  });

  test('S3.1 an open question does not expire', () => {
    const ledger = new Ledger().begin('a');
    const id = ledger.ask('a', { mode: 'when_idle', expiresAt: start + 10 });
    ledger.now = start + 10_000;
    expect(ledger.due()).toEqual({ 'quiet session a': [id] });
  });
});

describe('who takes what', () => {
  test('S3.2 everything due that may be told here goes together, in the order of recording', () => {
    const ledger = new Ledger()
      .begin('a')
      .begin('b', { owner: 'activity_1' })
      .begin('c', { owner: 'activity_2' })
      .begin('d');
    const ids = [ledger.end('d'), ledger.update('c'), ledger.update('b', { mode: 'interrupt' }), ledger.update('a')];
    expect(ledger.take()).toEqual(ids);
    expect(ledger.take((owner) => owner !== 'activity_2')).toEqual([ids[0], ids[2], ids[3]]);
    expect(ledger.take((_owner, level) => level === 'now')).toEqual([ids[2]]);
  });

  test('S3.2 one that came back keeps its place in the order', () => {
    const ledger = new Ledger().begin('a').begin('b');
    const first = ledger.update('a');
    ledger.takenBy('speech_2', first);
    const second = ledger.update('b');
    expect(ledger.take()).toEqual([second]);
    ledger.log.commit({ type: 'delivery_returned', id: first, attempts: 1 });
    expect(ledger.take()).toEqual([first, second]);
  });

  test('S3.2 a claim stands at the place of the oldest thing it is for', () => {
    const ledger = new Ledger().begin('a').begin('b');
    const first = ledger.update('a');
    const second = ledger.update('b');
    const group = survey(ledger.tasks, ledger.now).groups.get('quiet session');
    expect(group?.order).toBe(ledger.delivery(first).order);
    ledger.log.commit({ type: 'delivery_ended', id: first, receipt: 'expired' });
    expect(survey(ledger.tasks, ledger.now).groups.get('quiet session')?.order).toBe(ledger.delivery(second).order);
  });

  test('S3.2 S6.6 of questions one goes at a time, the oldest first', () => {
    const ledger = new Ledger().begin('a').begin('b').begin('c');
    const ids = [ledger.update('c'), ledger.ask('b'), ledger.ask('a')];
    expect(ledger.take()).toEqual(ids.slice(0, 2));
  });
});

describe('what an outcome means', () => {
  const policy = { maxAttempts: 3, retryDelayMs: 1000, knowsHeard: true };

  function due(change: Partial<DeliveryState> = {}): DeliveryState {
    const ledger = new Ledger().begin('a');
    return { ...ledger.delivery(ledger.end('a')), ...change };
  }

  const of = (outcome: Outcome, change: Partial<DeliveryState> = {}, wasCovered = false) =>
    settle(due(change), wasCovered, outcome, start, policy);

  test('S3.4 told to its end, or handed to a model that decides itself, it is over', () => {
    expect(of({ type: 'completed', heard: 'Booked.' })).toEqual({ type: 'ended', receipt: 'completed' });
    expect(of({ type: 'accepted' })).toEqual({ type: 'ended', receipt: 'accepted' });
  });

  test('S3.4 cut, it is due again with the text that was heard, at once', () => {
    expect(of({ type: 'interrupted', heard: 'Your flight' })).toEqual({
      type: 'returned',
      attempts: 1,
      heard: 'Your flight',
    });
    expect(of({ type: 'interrupted', heard: 'is booked' }, { attempts: 1, heard: 'Your flight' })).toEqual({
      type: 'returned',
      attempts: 2,
      heard: 'Your flight is booked',
    });
    expect(of({ type: 'interrupted', heard: 'and' }, { attempts: 2 })).toEqual({
      type: 'ended',
      receipt: 'interrupted',
    });
  });

  test('S3.4 cut before anything was heard costs no attempt, however often', () => {
    expect(of({ type: 'interrupted', heard: '' }, { attempts: 2, heard: 'Your' })).toEqual({
      type: 'returned',
      attempts: 2,
    });
  });

  test('S3.4 a failure is repeated after a delay that doubles, and ends as failed', () => {
    const failed: Outcome = { type: 'failed', error: new Error('down') };
    expect(of(failed)).toEqual({ type: 'returned', attempts: 1, notBefore: start + 1000 });
    expect(of(failed, { attempts: 1 })).toEqual({ type: 'returned', attempts: 2, notBefore: start + 2000 });
    expect(of(failed, { attempts: 2 })).toMatchObject({ type: 'ended', receipt: 'failed' });
  });

  test('S3.4 one that waits for its repeat is due no sooner', () => {
    const ledger = new Ledger().begin('a').begin('b');
    const id = ledger.update('a');
    ledger.takenBy('speech_2', id);
    ledger.log.commit({ type: 'delivery_returned', id, attempts: 1, notBefore: ledger.now + 1000 });
    expect(ledger.due()).toEqual({});
    expect(survey(ledger.tasks, ledger.now).nextAt).toBe(ledger.now + 1000);
    ledger.now += 1000;
    expect(ledger.due()).toEqual({ 'quiet session': [id] });
  });

  test('S3.5 an empty answer is skipped where it may be covered, and a failed attempt at tail', () => {
    expect(of({ type: 'nothing_said' }, {}, true)).toEqual({ type: 'ended', receipt: 'skipped' });
    expect(of({ type: 'nothing_said' })).toEqual({ type: 'returned', attempts: 1, notBefore: start + 1000 });
    expect(of({ type: 'nothing_said' }, { attempts: 2 })).toMatchObject({ type: 'ended', receipt: 'failed' });
  });

  test('S3.9 where a host cannot know what was heard, a cut counts', () => {
    const blind = { ...policy, knowsHeard: false };
    const cut: Outcome = { type: 'interrupted', heard: '' };
    expect(settle(due(), false, cut, start, blind)).toEqual({ type: 'returned', attempts: 1 });
    expect(settle(due({ attempts: 2 }), false, cut, start, blind)).toEqual({ type: 'ended', receipt: 'interrupted' });
  });

  test('S3.4 whatever happens, it ends after at most maxAttempts that were heard or failed', () => {
    const outcome = fc.oneof(
      fc.constant<Outcome>({ type: 'completed', heard: 'All.' }),
      fc.constant<Outcome>({ type: 'nothing_said' }),
      fc.string().map((heard): Outcome => ({ type: 'interrupted', heard })),
      fc.constant<Outcome>({ type: 'failed', error: 0 }),
    );
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 20 }), fc.integer({ min: 1, max: 5 }), (outcomes, maxAttempts) => {
        let delivery = due();
        let costly = 0;
        for (const each of outcomes) {
          const result = settle(delivery, false, each, start, { ...policy, maxAttempts });
          if (each.type !== 'interrupted' || each.heard !== '') costly += 1;
          if (result.type === 'ended') return;
          expect(costly).toBeLessThan(maxAttempts);
          delivery = { ...delivery, ...result };
        }
      }),
    );
  });
});

describe('what a reply is asked to do', () => {
  const none = () => undefined;

  function takenFrom(...make: ((ledger: Ledger) => string)[]): DeliveryState[] {
    const ledger = new Ledger().begin('a').begin('b');
    return make.map((each) => ledger.delivery(each(ledger)));
  }

  const progress = (ledger: Ledger) => ledger.update('a');
  const final = (ledger: Ledger) => ledger.end('b');

  test('S3.5 at tail: tell it; maybe covered: only what was not said; over both it names the new ones', () => {
    const taken = takenFrom(progress, final);
    expect(planReply(taken, new Set(), none)).toMatchObject({
      prompt: 'replyAtTail',
      callIds: 'a_update_1, b_final',
      newCallIds: '',
    });
    expect(planReply(taken, new Set(['a_update_1', 'b_final']), none)).toMatchObject({
      prompt: 'replyMaybeCovered',
      newCallIds: '',
    });
    expect(planReply(taken, new Set(['a_update_1']), none)).toMatchObject({
      prompt: 'replyMaybeCovered',
      newCallIds: 'b_final',
    });
  });

  test('S3.4 what was heard of an earlier attempt is said once, though two records were in it', () => {
    const taken = takenFrom(progress, final).map((each) => ({ ...each, heard: 'You have' }));
    expect(planReply(taken, new Set(['a_update_1', 'b_final']), none).heard).toBe('You have');
  });

  test('S3.7 a reply with a final may call tools, one with progress alone may not', () => {
    expect(planReply(takenFrom(progress), new Set(), none).toolChoice).toBe('none');
    expect(planReply(takenFrom(final), new Set(), none).toolChoice).toBe('auto');
    expect(planReply(takenFrom(progress, final), new Set(), none).toolChoice).toBe('auto');
  });

  test('S3.7 deliveryToolChoice overrides for its own records', () => {
    const of = (choices: Record<string, 'auto' | 'none'>) =>
      planReply(takenFrom(progress, final), new Set(), ({ callId }) => choices[callId]);
    expect(of({ b: 'none' }).toolChoice).toBe('none');
    expect(of({ a: 'auto', b: 'none' }).toolChoice).toBe('auto');
    expect(of({ a: 'none' }).toolChoice).toBe('auto');
    expect(planReply(takenFrom(progress), new Set(), () => 'auto').toolChoice).toBe('auto');
  });

  test('S3.7 a repeat of a reply that has called a tool calls none', () => {
    const taken = takenFrom(final).map((each) => ({ ...each, toolsCalled: true }));
    expect(planReply(taken, new Set(), () => 'auto').toolChoice).toBe('none');
  });
});

describe('what supersedes what', () => {
  const superseded = (...ids: string[]) => ids.map((id) => ({ id, receipt: 'superseded' }));

  test('S3.6 a later record of a call supersedes its earlier untold ones, its final included', () => {
    const ledger = new Ledger().begin('a').begin('b');
    const other = ledger.update('b');
    const first = ledger.update('a');
    const second = ledger.update('a');
    expect(ledger.over()).toEqual(superseded(first));
    const last = ledger.end('a');
    expect(ledger.over()).toEqual(superseded(first, second));
    expect(ledger.take()).toEqual([other, last]);
  });

  test('S3.6 a silent one supersedes nothing', () => {
    const ledger = new Ledger().begin('a');
    const first = ledger.update('a');
    ledger.update('a', { mode: 'silent' });
    ledger.end('a', 'completed', { mode: 'silent' });
    expect(ledger.over()).toEqual([]);
    expect(ledger.take()).toEqual([first]);
  });

  test('S3.6 an open question stands until it is answered', () => {
    const ledger = new Ledger().begin('a');
    const question = ledger.ask('a');
    const update = ledger.update('a');
    expect(ledger.over()).toEqual([]);
    expect(ledger.take()).toEqual([question, update]);
    ledger.answer('a', question);
    expect(ledger.over()).toEqual(superseded(question));
  });

  test('S3.6 with its task ends a question that nobody told', () => {
    const ledger = new Ledger().begin('a');
    const question = ledger.ask('a');
    ledger.end('a', 'completed', { mode: 'silent' });
    expect(ledger.over()).toEqual([{ id: question, receipt: 'dropped', reason: 'its task has ended' }]);
  });

  test('S3.6 what is being told is told: it is superseded only when it comes back', () => {
    const ledger = new Ledger().begin('a');
    const first = ledger.update('a');
    ledger.takenBy('speech_2', first);
    const second = ledger.update('a');
    expect(ledger.over()).toEqual([]);
    ledger.log.commit({ type: 'delivery_returned', id: first, attempts: 1, heard: 'Some' });
    expect(ledger.over()).toEqual(superseded(first));
    expect(ledger.take()).toEqual([second]);
  });

  test('S3.6 with a supersedeKey only the latest call counts, also for what earlier ones record later', () => {
    const ledger = new Ledger().begin('a', { supersedeKey: 'search' }).begin('x', { supersedeKey: 'other' });
    const early = ledger.update('a');
    const elsewhere = ledger.update('x');
    ledger.begin('b', { supersedeKey: 'search' });
    expect(ledger.over()).toEqual(superseded(early));
    const late = ledger.end('a');
    const latest = ledger.end('b');
    expect(ledger.over()).toEqual(superseded(early, late));
    expect(ledger.take()).toEqual([elsewhere, latest]);
  });

  test('S3.6 a call with the same key supersedes one that has ended, of however many before it', () => {
    const ledger = new Ledger().begin('a', { supersedeKey: 'search' });
    const first = ledger.end('a');
    ledger.begin('b', { supersedeKey: 'search' });
    const second = ledger.end('b');
    ledger.begin('c', { supersedeKey: 'search' });
    expect(ledger.over()).toEqual(superseded(first, second));
  });

  test('S3.6 an open question of an earlier call is asked all the same', () => {
    const ledger = new Ledger().begin('a', { supersedeKey: 'search' });
    const before = ledger.ask('a');
    ledger.begin('b', { supersedeKey: 'search' });
    expect(ledger.take()).toEqual([before]);
    ledger.answer('a', before);
    const after = ledger.ask('a');
    expect(ledger.take()).toEqual([after]);
  });

  test('S3.6 a cancelled task takes its untold records with it', () => {
    const ledger = new Ledger().begin('a');
    const first = ledger.update('a', { mode: 'interrupt' });
    ledger.end('a', 'cancelled', { mode: 'silent' });
    expect(ledger.over()).toEqual([{ id: first, receipt: 'dropped', reason: 'its task was cancelled' }]);
    expect(ledger.take()).toEqual([]);
  });

  test('S3.6 a receipt clears everything that was kept of it', () => {
    const ledger = new Ledger().begin('a', { supersedeKey: 'search' });
    const ids = [ledger.update('a'), ledger.ask('a'), ledger.end('a')];
    for (const id of ids) ledger.log.commit({ type: 'delivery_ended', id, receipt: 'completed' });
    const { deliveries, untold, stale } = ledger.tasks;
    expect([deliveries.size, untold.size, stale.size]).toEqual([0, 0, 0]);
  });

  test('S8.3 what a task recorded moves with it, whether it still runs or not', () => {
    const ledger = new Ledger().begin('a', { owner: 'activity_1' }).begin('b', { owner: 'activity_1' });
    const ids = [ledger.update('a'), ledger.end('b')];
    ledger.log.commit({ type: 'task_moved', callId: 'a', owner: 'session' });
    ledger.log.commit({ type: 'task_moved', callId: 'b', owner: 'session' });
    expect(ledger.due()).toEqual({ 'quiet session': ids });
  });
});
