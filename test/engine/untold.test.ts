/** What of a turn's outputs is told after it, where it got no reply (S5.6): by hand-made calls. */
import { describe, expect, test } from 'vitest';
import { untoldOutput } from '../../src/engine/untold.ts';
import { createSessionState } from '../../src/chat/state.ts';

const output = { type: 'text', text: 'Found.' } as const;

function callOf(more: object = {}) {
  return {
    callId: 'c',
    toolName: 'book',
    input: { to: 'Rome' },
    state: { type: 'reading' },
    settled: { output, wantsReply: true, background: false },
    tool: { owner: 'desk' },
    turn: { activityId: 'activity_1' },
    ...more,
  } as never;
}

function tasksOf(running: Record<string, object> = {}, ended: Record<string, object> = {}) {
  const { tasks } = createSessionState();
  tasks.running = new Map(Object.entries(running)) as never;
  tasks.ended = new Map(Object.entries(ended)) as never;
  return tasks;
}

const phaseOf = (call: never, tasks = tasksOf()) => untoldOutput(call, tasks, 5)?.record.phase;

test('S5.6 it is a record under the call’s own id, with the terms it had', () => {
  expect(untoldOutput(callOf(), tasksOf(), 5)).toEqual({
    record: {
      kind: 'record',
      id: 'c',
      callId: 'c',
      phase: 'final',
      toolName: 'book',
      input: { to: 'Rome' },
      output,
      owner: 'desk',
      at: 5,
    },
    terms: { mode: 'when_idle' },
  });
  const terms = { mode: 'interrupt', holdUntil: 9 };
  expect(untoldOutput(callOf({ settled: { output, background: false, terms } }), tasksOf(), 5)?.terms).toEqual(terms);
});

test('S5.6 it belongs to whom the task belongs now, else the tool, else the turn', () => {
  const ownerOf = (more: object) => untoldOutput(callOf(more), tasksOf(), 5)?.record.owner;
  expect(ownerOf({ task: { owner: 'session' } })).toBe('session');
  expect(ownerOf({})).toBe('desk');
  expect(ownerOf({ tool: undefined })).toBe('activity_1');
});

describe('its phase', () => {
  const background = callOf({ settled: { output, background: true } });

  test('S5.6 is final, an update, or the question that it still is', () => {
    expect(phaseOf(callOf())).toBe('final');
    expect(phaseOf(background)).toBe('update');
    expect(phaseOf(background, tasksOf({ c: { question: { id: 'c' } } }))).toBe('question');
    expect(phaseOf(background, tasksOf({ c: { question: { id: 'c_update_1' } } }))).toBe('update');
    expect(phaseOf(background, tasksOf({ c: {} }))).toBe('update');
  });
});

describe('there is nothing to tell', () => {
  test('S5.6 of what has not settled', () => {
    expect(phaseOf(callOf({ settled: undefined }))).toBeUndefined();
  });

  test('S5.6 where something newer of the task was recorded, whether it runs or not', () => {
    expect(phaseOf(callOf(), tasksOf({ c: { outputIsStale: true } }))).toBeUndefined();
    expect(phaseOf(callOf(), tasksOf({}, { c: { outputIsStale: true } }))).toBeUndefined();
    expect(phaseOf(callOf(), tasksOf({ c: { outputIsStale: false } }))).toBe('final');
  });

  test('S4.4 of a call that joined, but what the task has told last', () => {
    const joined = (told: string | undefined) => callOf({ state: { type: 'joined', to: { callId: 't' }, told } });
    const told = untoldOutput(joined('t_update_1'), tasksOf({ t: { newest: { id: 't_update_1' } } }), 5);
    expect(told?.record).toMatchObject({ id: 'c', callId: 't' });
    expect(phaseOf(joined('t_update_1'), tasksOf({ t: { newest: { id: 't_update_2' } } }))).toBeUndefined();
    expect(phaseOf(joined('t_update_1'), tasksOf())).toBeUndefined();
    expect(phaseOf(joined(undefined), tasksOf({ t: {} }))).toBeUndefined();
    expect(phaseOf(joined('t_update_1'), tasksOf({ t: {} }))).toBeUndefined();
  });
});
