/** Who runs, and whose tools are kept (S4.4, S5.3): by hand-made tasks. */
import { expect, test } from 'vitest';
import { Roster } from '../../src/engine/roster.ts';
import { createSessionState } from '../../src/chat/state.ts';

const toolOf = (name: string) => ({ name }) as never;
const taskOf = (callId: string) => ({ callId, tool: toolOf(callId) }) as never;

function rosterOf() {
  const state = createSessionState();
  return { roster: new Roster({ state } as never), tasks: state.tasks };
}

test('S4.4 a task is found by its id, and by that of a call that joined it', () => {
  const { roster, tasks } = rosterOf();
  const [a, b] = [taskOf('a'), taskOf('b')];
  roster.add(a);
  roster.add(b);
  tasks.joined = new Map([['x', 'a']]);
  expect([...roster.live]).toEqual([a, b]);
  expect([roster.get('a'), roster.get('x'), roster.find('x'), roster.find('b')]).toEqual([a, undefined, a, b]);
  expect([roster.idOf('x'), roster.idOf('b')]).toEqual(['a', 'b']);
});

test('S5.3 what has stopped is gone; its tool is kept as long as it has something to tell', () => {
  const { roster, tasks } = rosterOf();
  for (const id of ['a', 'b']) roster.add(taskOf(id));
  tasks.untold = new Map([['a', new Set(['a_final'])]]);
  roster.stopped(taskOf('a'));
  roster.stopped(taskOf('b'));
  expect([...roster.live]).toEqual([]);
  expect([roster.toolOf('a'), roster.toolOf('b')]).toEqual([toolOf('a'), undefined]);
  roster.told('a');
  expect(roster.toolOf('a')).toEqual(toolOf('a'));
  tasks.untold = new Map();
  roster.told('a');
  expect(roster.toolOf('a')).toBeUndefined();
});

test('S5.3 the tool of a task that runs is known without anything to tell', () => {
  const { roster } = rosterOf();
  expect(roster.toolOf('a')).toBeUndefined();
  roster.told('a');
  roster.add(taskOf('a'));
  expect(roster.toolOf('a')).toEqual(toolOf('a'));
});
