/** Who may cancel (S5.2): the application always, the model and `replace` only what the tool allows. */
import { ToolError } from '../errors.ts';
import type { Roster } from './roster.ts';
import type { Cancellation, CancelRequester, Journal } from './seam.ts';
import type { Task } from './task.ts';

/** The prompt that says why not, or undefined. */
export function refusalOf(task: Task): 'taskNotCancellable' | 'taskProtected' | undefined {
  if (!task.tool.policy.allowCancellation) return 'taskNotCancellable';
  const inUninterruptibleSpeech = task.first === undefined && !task.turn.speech.allowInterruptions;
  return task.isProtected || inUninterruptibleSpeech ? 'taskProtected' : undefined;
}

/** By either id of a call that joined another (S4.4). Throws a ToolError where the requester may not. */
export function cancelTask(roster: Roster, journal: Journal, callId: string, by: CancelRequester): Cancellation {
  const task = roster.find(callId);
  if (!task || task.hasEnded)
    return { type: journal.state.tasks.ended.has(roster.idOf(callId)) ? 'finished' : 'not_found' };
  const refusal = by === 'model' ? refusalOf(task) : undefined;
  if (refusal) throw new ToolError(task.text(refusal, { callId }));
  task.cancel();
  return { type: 'cancelled', whenStopped: task.whenStopped };
}
