/** The fold, arm by arm (S2.3, S3.5, S3.6, S8.2, S8.8, S8.9). */
import { describe, expect, test } from 'vitest';
import { fold } from '../../src/chat/fold.ts';
import type { RecordBody, SessionRecord } from '../../src/chat/records.ts';
import { createSessionState, isUsedId } from '../../src/chat/state.ts';
import { batchOf, messageOf, nameOf, recordOf, Story, when } from './story.ts';

const says = (text: string, activityId: string | undefined, more: object = {}): RecordBody => ({
  type: 'message_added',
  message: messageOf(`m_${text}`, 'user', text),
  ...(activityId === undefined ? {} : { activityId }),
  ...more,
});

describe('the session', () => {
  test('it is opened and closed, and a log tells the same state', () => {
    const story = new Story().tell({ type: 'session_opened', sessionId: 's_1' });
    expect(story.state).toMatchObject({ sessionId: 's_1', status: 'open', seq: 1 });
    story.tell({ type: 'session_closed', reason: 'asked' });
    expect(story.state).toMatchObject({ status: 'closed', seq: 2 });
    expect(fold(story.records)).toEqual(story.state);
  });

  test('a record of another version is refused, with what to do', () => {
    const record = { type: 'session_opened', sessionId: 's', v: 2, seq: 7, at: 0 } as unknown as SessionRecord;
    expect(() => fold([record])).toThrow(
      new RangeError('Record 7 has version 2; this build reads version 1. Upgrade meanwhile.'),
    );
  });

  test('a kind of record that it does not know changes nothing but the number', () => {
    const story = new Story().tell({ type: 'of tomorrow' } as never);
    expect(story.state).toEqual({ ...createSessionState(), seq: 1 });
  });
});

describe('agents', () => {
  test('S8.8 one that inherits has what was said so far, another begins empty, a given context stands in front', () => {
    const given = messageOf('g', 'user', 'Given');
    const story = new Story().tell(says('Hi', undefined)).enter('a').enter('b', { context: 'empty' });
    story.enter('c', { items: [given] }).enter('d', { items: [given], context: 'empty' });
    expect(['a', 'b', 'c', 'd'].map((id) => story.context(id))).toEqual([['Hi'], [], ['Given', 'Hi'], ['Given']]);
    expect(story.state.activities.get('c')).toMatchObject({ startedAtItem: 2, exiting: false, agent: 'c' });
    expect(story.state.activities.get('a')).not.toHaveProperty('parent');
    expect(story.state.stack).toEqual(['a', 'b', 'c', 'd']);
  });

  test('S2.2 the calls of a given context are none of this session’s, and their ids are used', () => {
    const items = [batchOf('x', 'y'), recordOf('z_final'), messageOf('m', 'user', 'Hi')];
    expect([...new Story().enter('a', { items }).state.tasks.otherIds]).toEqual(['x', 'y', 'z']);
  });

  test('S8.2 one on its way out is not current: what is recorded then is the next one’s', () => {
    const story = new Story().enter('a').start('t').background('t');
    story.tell({ type: 'batch_added', activityId: 'a', batch: batchOf('t') });
    story.tell({ type: 'agent_exiting', activityId: 'a' }).update('t_update_1');
    expect(story.state.between.map(({ record }) => record.id)).toEqual(['t_update_1']);
    expect(story.state.activities.get('a')).toHaveProperty('exiting', true);
    expect(story.state.stack).toEqual(['a']);
    story.tell({ type: 'agent_exiting', activityId: 'gone' });
    story.tell({ type: 'agent_left', activityId: 'a', merge: 'none' }).enter('b', { context: 'empty' });
    expect(story.context('b')).toEqual(['t_update_1']);
    expect(story.state.stack).toEqual(['b']);
    expect(story.state.between).toEqual([]);
    expect([...story.state.activities.keys()]).toEqual(['b']);
  });

  test.each([
    ['none', []],
    ['messages', ['In it', 's_update_1']],
    ['all', ['In it', 'batch_u', 'u_update_1', 's_update_1']],
  ] as const)('S8.9 when an AgentTask ends its parent gets: %s', (merge, expected) => {
    const story = new Story().enter('a').start('s').background('s');
    story.tell({ type: 'batch_added', activityId: 'a', batch: batchOf('s') });
    const before = story.context('a').length;
    story.enter('ask', { parent: 'a', context: 'empty' }).tell(says('In it', 'ask'));
    story.start('u', { owner: 'ask', activityId: 'ask', step: 1 }).background('u');
    story.tell({ type: 'batch_added', activityId: 'ask', batch: { ...batchOf('u'), step: 1 } });
    story.update('u_update_1', 'ask').update('s_update_1');
    for (const id of ['s_update_1', 'u_update_1']) story.tell({ type: 'delivery_ended', id, receipt: 'completed' });
    story.end('u').end('s').tell({ type: 'agent_left', activityId: 'ask', merge });
    expect(story.context('a').slice(before)).toEqual(expected);
    expect(story.state.stack).toEqual(['a']);
  });

  test('S8.8 a parent that is current again gets what is untold of the session’s, one that is not does not', () => {
    const story = new Story().enter('a', { context: 'empty' }).enter('b', { parent: 'a', context: 'empty' });
    story.start('s', { activityId: 'x' }).background('s', 'Began.').enter('c', { parent: 'b', context: 'empty' });
    story.update('s_update_1').tell({ type: 'agent_left', activityId: 'b', merge: 'none' });
    expect(story.context('a')).toEqual([]);
    story.enter('d', { parent: 'a', context: 'empty' }).tell({ type: 'agent_left', activityId: 'c', merge: 'none' });
    story.tell({ type: 'agent_left', activityId: 'd', merge: 'none' });
    expect(story.context('a')).toEqual(['s_update_1']);
  });

  test('S8.9 a parent that is not current again is brought up to date when it is', () => {
    const story = new Story().enter('a').enter('b', { parent: 'a' }).enter('c', { parent: 'b', context: 'empty' });
    story.tell({ type: 'agent_left', activityId: 'b', merge: 'none' });
    expect(story.state.stack).toEqual(['a', 'c']);
    story.tell(
      { type: 'agent_left', activityId: 'c', merge: 'all' },
      { type: 'agent_left', activityId: 'x', merge: 'all' },
    );
    expect(story.state.stack).toEqual(['a']);
  });
});

describe('what was said and called', () => {
  test('S2.3 a message is in the history, and in the context it was said in', () => {
    const story = new Story().enter('a').enter('b').tell(says('Hi', 'a'), says('All', undefined), says('Gone', 'x'));
    expect(story.state.history.map(nameOf)).toEqual(['Hi', 'All', 'Gone']);
    expect(story.context('a')).toEqual(['Hi']);
    expect(story.context('b')).toEqual([]);
  });

  test('S2.3 what a task tells while its step is open stands right behind the step', () => {
    const story = new Story().enter('a').start('t').background('t').update('t_update_1').update('t_update_2');
    expect(story.context('a')).toEqual([]);
    expect(story.state.history.map(nameOf)).toEqual(['t_update_1', 't_update_2']);
    story.tell({ type: 'batch_added', activityId: 'a', batch: batchOf('t') }).update('t_update_3');
    expect(story.context('a')).toEqual(['batch_t', 't_update_1', 't_update_2', 't_update_3']);
    expect(story.state.activities.get('a')?.context.held.size).toBe(0);
    story.enter('b');
    expect(story.context('b')).toEqual(story.context('a'));
  });

  test('S2.3 a batch of an agent that has left is in the history all the same', () => {
    const story = new Story().start('t').tell({ type: 'batch_added', activityId: 'x', batch: batchOf('t', 'unknown') });
    expect(story.state.history.map(nameOf)).toEqual(['batch_t_unknown']);
    expect(story.task('t').batched).toBe(true);
  });

  test('S8.8 an agent that tells a record has it in its context, with what its call told before', () => {
    const story = new Story().enter('a').start('t').background('t').update('t_update_1').update('t_update_2');
    story.tell({ type: 'delivery_taken', ids: ['t_update_2', 'gone'], covered: [], speechId: 's', activityId: 'a' });
    expect(story.context('a')).toEqual(['t_update_1', 't_update_2']);
    expect(story.delivery('t_update_2').taken).toBe('s');
    const other = new Story().start('u').background('u').update('u_update_1').enter('b', { context: 'empty' });
    other.tell({ type: 'delivery_taken', ids: ['u_update_1'], covered: [], speechId: 's' });
    expect(other.delivery('u_update_1').taken).toBe('s');
  });
});

describe('speeches and what they cover', () => {
  const talking = (kind: 'reply' | 'say' = 'reply') =>
    new Story()
      .enter('a')
      .start('t')
      .background('t')
      .tell({ type: 'batch_added', activityId: 'a', batch: batchOf('t') })
      .update('t_update_1')
      .tell({ type: 'speech_opened', speechId: 's', activityId: 'a', kind });
  const request = (from: number, to: number, step = 0): RecordBody => ({
    type: 'request_made',
    speechId: 's',
    activityId: 'a',
    step,
    from,
    to,
  });
  const heard = (text: string, more: Partial<Extract<RecordBody, { type: 'message_added' }>> = {}): RecordBody => ({
    type: 'message_added',
    activityId: 'a',
    message: messageOf('m', 'assistant', text, 's'),
    step: 0,
    ...more,
  });

  test('S3.5 it is open with what it is about and the requests it made, until it closes', () => {
    const story = talking().tell(request(0, 2));
    expect(story.state.speeches.get('s')).toEqual({
      id: 's',
      activityId: 'a',
      kind: 'reply',
      about: [],
      requests: new Map([[0, { from: 0, to: 2 }]]),
    });
    story.tell({ type: 'speech_closed', speechId: 's', outcome: 'completed' }, request(0, 2));
    expect(story.state.speeches.size).toBe(0);
    story.tell({ type: 'speech_opened', speechId: 'r', activityId: 'a', kind: 'say', about: ['x'] });
    expect(story.state.speeches.get('r')?.about).toEqual(['x']);
  });

  test('S3.5 what its request held is covered when something of it was heard', () => {
    const story = talking().tell(request(0, 2), heard('Found'));
    expect(story.delivery('t_update_1').covered).toBe(true);
    expect(story.state.activities.get('a')?.context).toMatchObject({ coveredFrom: 0, coveredTo: 2 });
  });

  test('S3.5 what lies before or behind the request is not', () => {
    expect(talking().tell(request(0, 1), heard('x')).delivery('t_update_1').covered).toBe(false);
    expect(talking().tell(request(2, 3), heard('x')).delivery('t_update_1').covered).toBe(false);
    expect(talking().tell(request(1, 2), heard('x')).delivery('t_update_1').covered).toBe(true);
  });

  test('S3.5 two requests cover from the first to the last of both', () => {
    const story = talking().tell(request(1, 2), heard('x'));
    expect(story.state.activities.get('a')?.context).toMatchObject({ coveredFrom: 1, coveredTo: 2 });
    story.tell(request(0, 3, 1), heard('y', { step: 1 }));
    expect(story.state.activities.get('a')?.context).toMatchObject({ coveredFrom: 0, coveredTo: 3 });
    story.tell(request(1, 2, 2), heard('z', { step: 2 }));
    expect(story.state.activities.get('a')?.context).toMatchObject({ coveredFrom: 0, coveredTo: 3 });
  });

  test('S3.5 what lies between two requests is covered by neither', () => {
    const story = talking().tell(request(3, 4), heard('x'), request(0, 1, 1), heard('y', { step: 1 }));
    expect(story.delivery('t_update_1').covered).toBe(false);
  });

  test.each<[string, RecordBody]>([
    ['nothing was heard', heard('')],
    ['the user said it', heard('x', { message: messageOf('m', 'user', 'x', 's') })],
    ['no model did', { ...heard('x'), step: undefined } as never],
    ['another step did', heard('x', { step: 1 })],
    ['another speech did', heard('x', { message: messageOf('m', 'assistant', 'x', 'other') })],
    ['no speech did', heard('x', { message: messageOf('m', 'assistant', 'x') })],
    ['it was said elsewhere', heard('x', { activityId: 'gone' })],
  ])('S3.5 nothing is covered where %s', (_name, body) => {
    const story = talking().tell(request(0, 2), body);
    expect(story.delivery('t_update_1').covered).toBe(false);
    expect(story.state.activities.get('a')?.context.coveredTo).toBe(0);
  });
});

describe('a task', () => {
  test('S7.1 begins with nothing told', () => {
    const { state } = new Story().start('t', { supersedeKey: 'trip' });
    expect(state.tasks.running.get('t')).toEqual({
      callId: 't',
      toolName: 'book',
      input: { to: 'Rome' },
      key: 'key of t',
      supersedeKey: 'trip',
      speechId: 'speech_1',
      step: 0,
      activityId: 'a',
      startedAt: 1000,
      order: 1,
      owner: 'session',
      phase: 'blocking',
      updates: 0,
      newestOrder: 0,
      batched: false,
      outputIsStale: false,
    });
    expect(['t', 'u'].map((id) => isUsedId(state.tasks, id))).toEqual([true, false]);
  });

  test('S2.2 goes to the background with its first record under its own id', () => {
    const story = new Story().start('t').background('t', 'Began.');
    expect(story.task('t')).toMatchObject({
      phase: 'background',
      updates: 0,
      newestOrder: 2,
      newest: {
        kind: 'record',
        id: 't',
        callId: 't',
        phase: 'update',
        toolName: 'book',
        input: { to: 'Rome' },
        at: 1001,
      },
    });
    expect(story.task('t')).not.toHaveProperty('goesOn');
    expect(new Story().start('t').background('t').task('t')).toHaveProperty('goesOn', true);
  });

  test('S2.2 counts its later records; one without words counts for nothing', () => {
    const story = new Story().start('t').background('t').update('t_update_1');
    story.tell({ type: 'task_asked', callId: 't', question: { id: 't_update_2', message: 'Which?' } });
    expect(story.task('t')).toMatchObject({ updates: 1, newestOrder: 3, question: { id: 't_update_2' } });
    expect(story.update('t_update_2', 'session', { mode: 'silent' }).task('t')).toMatchObject({ updates: 2 });
    expect(story.state.tasks.deliveries.has('t_update_2')).toBe(false);
  });

  test('S7.1 ends with what is kept of it, under no key any more', () => {
    const story = new Story().start('t', { supersedeKey: 'trip', key: 'k' }).start('u', { key: 'k' });
    story.end('t', { replayable: true });
    expect(story.state.tasks.ended.get('t')).toStrictEqual({
      callId: 't',
      toolName: 'book',
      activityId: 'a',
      speechId: 'speech_1',
      step: 0,
      batched: false,
      order: 1,
      state: 'completed',
      endedAt: 1002,
      supersedeKey: 'trip',
      outputIsStale: false,
      open: { input: story.state.tasks.running.get('u')?.input, output: { type: 'text', text: 'Done.' } },
      replay: { type: 'text', text: 'Done.' },
    });
    expect([...story.state.tasks.running.keys()]).toEqual(['u']);
    expect(story.state.tasks.byKey.get('k')).toEqual(new Set(['u']));
    expect(story.state.tasks.replays.get('k')).toBe('t');
    story.end('u');
    expect(story.state.tasks.byKey.size).toBe(0);
    expect(story.state.tasks.ended.get('u')).not.toHaveProperty('replay');
    expect(story.state.tasks.ended.get('u')).not.toHaveProperty('supersedeKey');
    expect(story.state.tasks.replays.get('k')).toBe('t');
  });

  test('S4.4 a call that joined another is known by both ids', () => {
    const { tasks } = new Story().tell(
      { type: 'call_answered', callId: 'x', toolName: 'book', reason: 'joined', taskId: 't' },
      { type: 'call_answered', callId: 'y', toolName: 'book', reason: 'invalid' },
    ).state;
    expect([...tasks.joined]).toEqual([['x', 't']]);
    expect([...tasks.otherIds]).toEqual(['x', 'y']);
    expect(['x', 'y', 't'].map((id) => isUsedId(tasks, id))).toEqual([true, true, false]);
  });

  test('what is recorded of a task that is none changes nothing', () => {
    const story = new Story();
    story.background('x').update('x_update_1').endTold('x');
    story.tell(
      { type: 'task_validated', callId: 'x', input: {}, key: 'k' },
      { type: 'task_moved', callId: 'x', owner: 'a' },
      { type: 'task_answered', callId: 'x', questionId: 'x', action: 'accept' },
      { type: 'delivery_returned', id: 'x', attempts: 1 },
      { type: 'delivery_ended', id: 'x', receipt: 'completed' },
    );
    expect(story.state.tasks).toEqual(createSessionState().tasks);
  });
});

describe('the ledger', () => {
  test('S3.4 a delivery begins with no attempt, its terms as they were given', () => {
    const story = new Story()
      .start('t')
      .background('t')
      .update('t_update_1', 'session', { mode: 'interrupt', holdUntil: 5, expiresAt: 6 });
    expect(story.delivery('t_update_1')).toStrictEqual({
      id: 't_update_1',
      callId: 't',
      record: recordOf('t_update_1'),
      order: 3,
      at: 0,
      mode: 'interrupt',
      holdUntil: 5,
      expiresAt: 6,
      owner: 'session',
      attempts: 0,
      toolsCalled: false,
      covered: false,
    });
    expect(Object.keys(new Story().start('t').update('t_update_1').delivery('t_update_1'))).not.toContain('holdUntil');
    expect(Object.keys(new Story().start('t').update('t_update_1').delivery('t_update_1'))).not.toContain('expiresAt');
  });

  test('S3.4 one that came back has what it cost, what was heard, and when it is due', () => {
    const story = new Story().start('t').background('t').update('t_update_1');
    story.tell({ type: 'delivery_taken', ids: ['t_update_1'], covered: [], speechId: 's' });
    story.tell({
      type: 'delivery_returned',
      id: 't_update_1',
      attempts: 1,
      notBefore: 9,
      heard: 'Five',
      toolsCalled: true,
    });
    expect(story.delivery('t_update_1')).toMatchObject({ attempts: 1, notBefore: 9, heard: 'Five', toolsCalled: true });
    expect(story.delivery('t_update_1')).not.toHaveProperty('taken');
    story.tell({ type: 'delivery_returned', id: 't_update_1', attempts: 2 });
    expect(story.delivery('t_update_1')).toMatchObject({ attempts: 2, heard: 'Five', toolsCalled: true });
    expect(story.delivery('t_update_1')).not.toHaveProperty('notBefore');
  });

  test('S3.4 a receipt clears all that was kept of it, and leaves the call’s others', () => {
    const story = new Story().start('t').background('t').ask('t_update_1').update('t_update_2');
    expect(story.state.tasks.untold.get('t')).toEqual(new Set(['t_update_1', 't_update_2']));
    story.endTold('t');
    expect(story.stale()).toEqual(['t_update_1 superseded', 't_update_2 superseded']);
    expect(story.state.tasks.stale.size).toBe(2);
    story.tell({ type: 'delivery_ended', id: 't_update_1', receipt: 'dropped' });
    story.tell({ type: 'delivery_ended', id: 't_update_2', receipt: 'superseded' });
    expect(story.state.tasks.stale.size).toBe(0);
    expect(story.state.tasks.untold.get('t')).toEqual(new Set(['t_final']));
    story.tell({ type: 'delivery_ended', id: 't_final', receipt: 'completed' });
    expect(story.state.tasks.untold.size).toBe(0);
  });

  test('S3.6 a cancelled task’s untold records are dropped, its own output is not told any more', () => {
    const story = new Story().start('t').background('t', 'Began.').update('t_update_1').endTold('t', 'cancelled');
    expect(story.stale()).toEqual(['t_update_1 dropped: its task was cancelled']);
    expect(story.task('t').outputIsStale).toBe(true);
    expect(new Story().start('t').end('t').task('t').outputIsStale).toBe(false);
    expect(new Story().start('t').end('t', { state: 'cancelled' }).task('t').outputIsStale).toBe(true);
  });

  test('S3.6 that it goes on is moot at its end', () => {
    const opened = (message?: string) => {
      const story = new Story().start('t').background('t', message);
      return story.tell({ type: 'delivery_opened', callId: 't', record: recordOf('t'), delivery: when }).end('t');
    };
    expect(opened().stale()).toEqual(['t superseded']);
    expect(opened().task('t').outputIsStale).toBe(true);
    expect(opened('Searching.').stale()).toEqual([]);
    expect(opened('Searching.').task('t').outputIsStale).toBe(false);
  });

  test('S6.6 a question is an item like any other', () => {
    const story = new Story().enter('a').start('t', { activityId: 'b' }).background('t', 'Began.').ask('t_update_1');
    expect(story.context('a')).toEqual(['t_update_1']);
    expect(story.state.history.map(nameOf)).toEqual(['t_update_1']);
  });

  test('S6.6 an open question stands; answered, it is superseded, and no other', () => {
    const story = new Story().start('t').background('t', 'Began.').ask('t_update_1').update('t_update_2');
    expect(story.stale()).toEqual([]);
    story.tell({ type: 'task_answered', callId: 't', questionId: 'other', action: 'accept' });
    expect(story.task('t')).toHaveProperty('question');
    story.tell({ type: 'task_answered', callId: 't', questionId: 't_update_1', action: 'accept' });
    expect(story.task('t')).not.toHaveProperty('question');
    expect(story.stale()).toEqual(['t_update_1 superseded']);
  });

  test('S6.6 an open question whose task ends without a word more is dropped', () => {
    const story = new Story().start('t').background('t', 'Began.').ask('t_update_1').end('t');
    expect(story.stale()).toEqual(['t_update_1 dropped: its task has ended']);
  });

  test('S6.6 a question that is its call’s own output is not told any more when it is answered, or its task ends', () => {
    const asked = () => {
      const story = new Story().start('t').background('t', 'Which?');
      return story.tell({ type: 'task_asked', callId: 't', question: { id: 't', message: 'Which?' } });
    };
    expect(asked().task('t').outputIsStale).toBe(false);
    expect(asked().update('t_update_1').task('t').outputIsStale).toBe(false);
    expect(asked().end('t').task('t').outputIsStale).toBe(true);
    const answered = asked().tell({ type: 'task_answered', callId: 't', questionId: 't', action: 'accept' });
    expect(answered.task('t').outputIsStale).toBe(true);
  });

  test('S3.6 with a later call of its supersedeKey, what an earlier one tells is stale at once', () => {
    const story = new Story().start('t', { supersedeKey: 'trip' }).background('t').update('t_update_1');
    story.start('u', { supersedeKey: 'trip' }).update('t_update_2').background('u').update('u_update_1');
    expect(story.stale()).toEqual(['t_update_1 superseded', 't_update_2 superseded']);
    story.end('t').tell({ type: 'record_added', record: recordOf('t_final'), delivery: when });
    expect(story.stale()).toContain('t_final superseded');
    story.ask('u_update_2').start('v', { supersedeKey: 'trip' });
    expect(story.stale()).toContain('u_update_1 superseded');
    expect(story.stale()).not.toContain('u_update_2 superseded');
  });

  test('S8.3 what a task recorded moves with it', () => {
    const story = new Story().start('t', { owner: 'a' }).background('t').update('t_update_1', 'a');
    story.tell({ type: 'task_moved', callId: 't', owner: 'session' });
    expect(story.task('t')).toHaveProperty('owner', 'session');
    expect(story.delivery('t_update_1').owner).toBe('session');
  });

  test('S8.3 a record added to the ledger belongs to whom it says', () => {
    const story = new Story()
      .enter('a')
      .tell({ type: 'record_added', record: recordOf('t_final', 'a'), delivery: when });
    expect(story.delivery('t_final').owner).toBe('a');
    expect(story.context('a')).toEqual(['t_final']);
    story.tell({ type: 'record_added', record: recordOf('u_final', 'a'), delivery: { mode: 'silent' } });
    expect(story.state.tasks.deliveries.has('u_final')).toBe(false);
  });

  test('S6.6 an answer to another question leaves the call’s own output to be told', () => {
    const story = new Story().start('t').background('t', 'Began.');
    const question = { id: 't_update_1', message: 'Which?' };
    story.tell({ type: 'task_asked', callId: 't', record: recordOf('t_update_1', 'session', 'question'), question });
    story.tell({ type: 'task_answered', callId: 't', questionId: 't_update_1', action: 'accept' });
    expect(story.task('t').outputIsStale).toBe(false);
    story.tell({ type: 'task_answered', callId: 't', questionId: 't_update_1', action: 'accept' });
    expect(story.task('t')).not.toHaveProperty('question');
  });

  test('S3.6 what a call tells later takes the place of its own output', () => {
    const story = new Story().start('t').background('t', 'Began.').update('t_update_1', 'session', { mode: 'silent' });
    expect(story.task('t').outputIsStale).toBe(false);
    expect(story.update('t_update_2').task('t').outputIsStale).toBe(true);
  });

  test('S3.4 a reply that called no tool says so', () => {
    const story = new Story().start('t').background('t').update('t_update_1');
    story.tell({ type: 'delivery_returned', id: 't_update_1', attempts: 1 });
    expect(story.delivery('t_update_1').toolsCalled).toBe(false);
  });

  test('S3.1 an end that is recorded without terms is not told', () => {
    const story = new Story()
      .start('t')
      .background('t', 'Began.')
      .end('t', { record: recordOf('t_final') });
    expect([...story.state.tasks.deliveries.keys()]).toEqual([]);
    expect(new Story().start('t').end('t', { delivery: when }).state.tasks.deliveries.size).toBe(0);
  });

  test('S4.5 a call whose arguments were never validated is answered with by none', () => {
    const { callId, ...rest } = { callId: 't', toolName: 'book', input: {}, owner: 'session', activityId: 'a' };
    const story = new Story().tell({ type: 'task_started', callId, ...rest, speechId: 'speech_1', step: 0 });
    expect(story.end('t', { replayable: true }).state.tasks.replays.size).toBe(0);
  });

  test('S5.6 the output of a call that has ended is told like any other', () => {
    const story = new Story().start('t').end('t');
    story.tell({ type: 'delivery_opened', callId: 't', record: recordOf('t'), delivery: when });
    expect(story.delivery('t').covered).toBe(false);
  });

  test('S3.5 what was heard over a call’s own output covers it where it is told later, and nothing else', () => {
    const told = (...bodies: RecordBody[]) => {
      const story = new Story().enter('a').start('t').start('u').background('t', 'Began.').background('u', 'Began.');
      story.tell({ type: 'batch_added', activityId: 'a', batch: batchOf('t') });
      story.tell({ type: 'batch_added', activityId: 'a', batch: { ...batchOf('u'), step: 1 } });
      story.tell({ type: 'speech_opened', speechId: 's', activityId: 'a', kind: 'reply' });
      story.tell({ type: 'request_made', speechId: 's', activityId: 'a', step: 0, from: 0, to: 1 }, ...bodies);
      for (const callId of ['t', 'u']) {
        story.tell({ type: 'delivery_opened', callId, record: recordOf(callId), delivery: when });
      }
      return story.update('t_update_1').update('u_update_1');
    };
    const heard: RecordBody = {
      type: 'message_added',
      activityId: 'a',
      message: messageOf('m', 'assistant', 'It has begun', 's'),
      step: 0,
    };
    const covered = (story: Story) =>
      [...story.state.tasks.deliveries.values()].filter((each) => each.covered).map(({ id }) => id);
    expect(covered(told(heard))).toEqual(['t']);
    expect(covered(told())).toEqual([]);
  });
});
