/** What becomes of an activity's tasks at its end (S8.3): they move to the session, are cancelled, or are waited for. */
import type { Owner } from '../chat/records.ts';
import type { TaskState } from '../chat/state.ts';
import { bounded } from './bounded.ts';
import type { Roster } from './roster.ts';
import type { EngineDeps } from './seam.ts';

/** Resolves when they have moved or ended. All that they recorded moves with them. */
export async function leaveOwner(deps: EngineDeps, roster: Roster, owner: Owner, boundMs: number): Promise<void> {
  const { tasks } = deps.journal.state;
  const own = [...tasks.running.values()].filter((task) => task.owner === owner);
  const waited = own.filter((state) => leave(deps, roster, state) === 'wait');
  if (waited.length > 0) await waitFor(deps, roster, waited, boundMs);
  const left = new Set<string>();
  for (const task of tasks.running.values()) if (task.owner === owner) left.add(task.callId);
  for (const delivery of tasks.deliveries.values()) if (delivery.owner === owner) left.add(delivery.callId);
  for (const callId of left) deps.journal.commit({ type: 'task_moved', callId, owner: 'session' });
}

function leave(deps: EngineDeps, roster: Roster, state: TaskState): 'moved' | 'wait' {
  const task = roster.get(state.callId);
  const how = task?.tool.policy.onHandoff ?? 'move';
  if (how === 'wait' && task) return 'wait';
  deps.journal.commit({ type: 'task_moved', callId: state.callId, owner: 'session' });
  if (how === 'cancel' && task && !task.isProtected) task.cancel(true);
  return 'moved';
}

async function waitFor(deps: EngineDeps, roster: Roster, states: readonly TaskState[], boundMs: number): Promise<void> {
  // What one that waits itself is waiting for, only the next agent can give (S6.8).
  const over = states.flatMap((state) => {
    const task = roster.get(state.callId);
    return task ? Promise.race([task.whenEnded, task.whenWaiting]) : [];
  });
  await bounded(Promise.all(over), boundMs, deps.clock);
}
