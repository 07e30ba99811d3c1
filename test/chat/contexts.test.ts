/** How items get into contexts (S2.3, S8.8, S8.9): each record once, behind its call, in the order of recording. */
import { describe, expect, test } from 'vitest';
import type { Item } from '../../src/chat/items.ts';
import { appendHistory, appendItem, appendTold, stepKey } from '../../src/chat/contexts.ts';
import { createContextState } from '../../src/chat/state.ts';
import { batchOf, messageOf, nameOf, recordOf, Story } from './story.ts';

const namesOf = (items: readonly Item[]) => items.map(nameOf);

describe('an item', () => {
  test('S2.3 stands at the end; a record stands there once, and where it was first', () => {
    const context = createContextState();
    const message = messageOf('m', 'user', 'Hi');
    for (const item of [message, batchOf('t', 'u'), recordOf('t_final'), recordOf('t_final'), message]) {
      appendItem(context, item);
    }
    expect(namesOf(context.items)).toEqual(['Hi', 'batch_t_u', 't_final', 'Hi']);
    expect([...context.positions]).toEqual([
      ['t', 1],
      ['u', 1],
      ['t_final', 2],
    ]);
  });

  test('S2.3 a batch whose call was told before keeps the place of that', () => {
    const context = createContextState();
    for (const item of [recordOf('t'), batchOf('t')]) appendItem(context, item);
    expect(context.positions.get('t')).toBe(0);
    expect(namesOf(context.items)).toEqual(['t', 'batch_t']);
  });
});

describe('a history', () => {
  const contextOf = (...history: Item[]) => {
    const context = createContextState();
    appendHistory(context, history);
    return namesOf(context.items);
  };

  test('S8.8 a record that was written before its call’s batch stands right behind that, in order', () => {
    const told = ['t_update_1', 'u_update_1', 't_update_2'].map((id) => recordOf(id));
    const said = messageOf('m', 'user', 'Hi');
    expect(contextOf(...told, said, batchOf('t', 'u'), recordOf('t_final'))).toEqual([
      'Hi',
      'batch_t_u',
      't_update_1',
      'u_update_1',
      't_update_2',
      't_final',
    ]);
  });

  test('S8.8 one whose batch never came stands where it is', () => {
    expect(contextOf(recordOf('t_update_1'), messageOf('m', 'user', 'Hi'))).toEqual(['t_update_1', 'Hi']);
  });

  test('S8.8 one behind its batch stands where it is', () => {
    expect(contextOf(batchOf('t'), messageOf('m', 'user', 'Hi'), recordOf('t_final'))).toEqual([
      'batch_t',
      'Hi',
      't_final',
    ]);
  });
});

test('S2.3 a step is one of one speech', () => {
  expect(stepKey('speech_1', 2)).toBe('speech_1/2');
});

describe('a record of a task', () => {
  test('S8.8 enters the context of its owner, wherever it was called', () => {
    const story = new Story().enter('a', { context: 'empty' }).enter('b', { context: 'empty' });
    story.start('t', { owner: 'a', activityId: 'x' }).update('t_update_1', 'a');
    story.start('s', { activityId: 'x' }).update('s_update_1').update('z_update_1', 'gone');
    expect(story.context('a')).toEqual(['t_update_1']);
    expect(story.context('b')).toEqual(['s_update_1']);
    expect(story.state.between).toEqual([]);
  });

  test('S2.3 the first is the call’s own output where its step is open, and an item elsewhere', () => {
    const story = new Story().enter('a').start('t').background('t', 'Began.');
    story.tell({ type: 'record_added', record: recordOf('t'), delivery: { mode: 'silent' } });
    expect(story.context('a')).toEqual([]);
    story.tell({ type: 'batch_added', activityId: 'a', batch: batchOf('t') });
    expect(story.context('a')).toEqual(['batch_t']);
  });

  test('S2.3 steps are held apart', () => {
    const story = new Story().enter('a').start('t').start('u', { step: 1 });
    story.background('t', 'x').background('u', 'x').update('t_update_1').update('u_update_1');
    story.tell({ type: 'batch_added', activityId: 'a', batch: batchOf('t') });
    expect(story.context('a')).toEqual(['batch_t', 't_update_1']);
    story.tell({ type: 'batch_added', activityId: 'a', batch: { ...batchOf('u'), step: 1 } });
    expect(story.context('a')).toEqual(['batch_t', 't_update_1', 'batch_u', 'u_update_1']);
  });

  test('S8.8 told while its step is open it comes with what its call told before, and no more', () => {
    const context = createContextState();
    const held = ['t_update_1', 'u_update_1', 't_update_2', 't_update_3'].map((id) => recordOf(id));
    context.held = new Map([['speech_1/0', held]]);
    appendTold(context, held[2]!);
    expect(namesOf(context.items)).toEqual(['t_update_1', 't_update_2']);
    appendTold(context, recordOf('w_final'));
    expect(namesOf(context.items)).toEqual(['t_update_1', 't_update_2', 'w_final']);
  });
});

describe('an agent that becomes current', () => {
  /** Tasks of the session and of one agent, called elsewhere, with something told and untold. */
  const before = () => {
    const story = new Story().start('s', { activityId: 'x' }).start('o', { owner: 'x', activityId: 'x' });
    story.background('s', 'Began.').background('o', 'Began.');
    story.update('s_update_1').update('o_update_1', 'x').update('s_update_2');
    story.tell({ type: 'delivery_ended', id: 's_update_1', receipt: 'superseded' });
    story.state.between.splice(0);
    return story;
  };

  test('S8.8 gets what is untold of the session’s, and of what runs the newest; nothing of another’s', () => {
    expect(before().enter('a', { context: 'empty' }).context('a')).toEqual(['s_update_2']);
    const told = before().tell({ type: 'delivery_ended', id: 's_update_2', receipt: 'completed' });
    expect(told.enter('a', { context: 'empty' }).context('a')).toEqual(['s_update_2']);
    expect(told.end('s').enter('b', { context: 'empty' }).context('b')).toEqual([]);
  });

  test('S8.8 what is untold of a task that has ended as well, unless it is another’s', () => {
    const ended = before().end('s').end('o');
    expect(ended.enter('a', { context: 'empty' }).context('a')).toEqual(['s_update_2']);
  });

  test('S8.8 nothing of a task that has told nothing', () => {
    expect(new Story().start('s', { activityId: 'x' }).enter('a', { context: 'empty' }).context('a')).toEqual([]);
  });

  test('S8.8 in the order of recording, whatever it is for', () => {
    const story = new Story().start('r', { activityId: 'x' }).start('s', { activityId: 'x' });
    story.background('r', 'Began.').update('r_update_1').background('s', 'Began.').update('s_update_1');
    story.tell({ type: 'delivery_ended', id: 'r_update_1', receipt: 'completed' });
    story.state.between.splice(0);
    expect(story.enter('a', { context: 'empty' }).context('a')).toEqual(['r_update_1', 's_update_1']);
  });
});

test('S8.9 what an AgentTask inherited does not come back to its parent', () => {
  const story = new Story().enter('a');
  story.tell({ type: 'message_added', activityId: 'a', message: messageOf('m', 'user', 'Hi') });
  story.enter('ask', { parent: 'a' });
  story.tell({ type: 'message_added', activityId: 'ask', message: messageOf('n', 'user', 'In it') });
  story.tell({ type: 'agent_left', activityId: 'ask', merge: 'all' });
  expect(story.context('a')).toEqual(['Hi', 'In it']);
});
