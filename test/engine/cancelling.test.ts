/** Who may cancel (S5.2): by hand-made tasks. */
import { ToolError } from 'meanwhile';
import { expect, test } from 'vitest';
import { cancelTask, refusalOf } from '../../src/engine/cancelling.ts';

function taskOf(
  more: { may?: boolean; isProtected?: boolean; first?: object; interruptible?: boolean; hasEnded?: boolean } = {},
) {
  const { may = true, isProtected = false, first, interruptible = true, hasEnded = false } = more;
  let cancelled = 0;
  const task = {
    tool: { policy: { allowCancellation: may } },
    turn: { speech: { allowInterruptions: interruptible } },
    isProtected,
    first,
    hasEnded,
    whenStopped: Promise.resolve(),
    cancel: () => void (cancelled += 1),
    text: (name: string, args: object) => `${name} ${JSON.stringify(args)}`,
  };
  return { task: task as never, times: () => cancelled };
}

const first = {};

test.each<[string, Parameters<typeof taskOf>[0], string | undefined]>([
  ['may be cancelled', {}, undefined],
  ['may not, whatever else', { may: false, isProtected: true }, 'taskNotCancellable'],
  ['has said that it may not', { isProtected: true, first }, 'taskProtected'],
  ['blocks a speech that may not be interrupted', { interruptible: false }, 'taskProtected'],
  ['no longer blocks it', { interruptible: false, first }, undefined],
  ['is in the background', { first }, undefined],
])('S5.2 a task that %s', (_name, more, refusal) => {
  expect(refusalOf(taskOf(more).task)).toBe(refusal);
});

function cancel(task: never, by: 'model' | 'application', ended: readonly string[] = []) {
  const roster = {
    find: (id: string) => (id === 'x' ? undefined : task),
    idOf: (id: string) => (id === 'j' ? 'a' : id),
  };
  const journal = { state: { tasks: { ended: new Set(ended) } } };
  return (callId: string) => cancelTask(roster as never, journal as never, callId, by);
}

test('S5.2 the application always may, the model what the tool allows: each refusal says why', () => {
  const allowed = taskOf();
  expect(cancel(allowed.task, 'model')('a')).toEqual({ type: 'cancelled', whenStopped: Promise.resolve() });
  expect(allowed.times()).toBe(1);
  const refused = taskOf({ may: false });
  expect(() => cancel(refused.task, 'model')('a')).toThrow(new ToolError('taskNotCancellable {"callId":"a"}'));
  expect(refused.times()).toBe(0);
  expect(cancel(refused.task, 'application')('a').type).toBe('cancelled');
  expect(refused.times()).toBe(1);
});

test('S5.2 what has ended is finished, also by the id of a call that joined it; all else is not found', () => {
  const { task, times } = taskOf({ hasEnded: true });
  expect(cancel(task, 'model', ['a'])('j')).toEqual({ type: 'finished' });
  expect(cancel(task, 'model')('j')).toEqual({ type: 'not_found' });
  expect(cancel(task, 'application', ['a'])('x')).toEqual({ type: 'not_found' });
  expect(times()).toBe(0);
});
