/** Who may cancel (S5.2): the application always, the model and `replace` only what the tool allows. */
import type { Task } from './task.ts';

export type CancelRequester = 'model' | 'application';

/** The prompt that says why not, or undefined. */
export function refusalOf(task: Task): 'taskNotCancellable' | 'taskProtected' | undefined {
  if (!task.tool.policy.allowCancellation) return 'taskNotCancellable';
  const inUninterruptibleSpeech = task.first === undefined && !task.turn.speech.allowInterruptions;
  return task.isProtected || inUninterruptibleSpeech ? 'taskProtected' : undefined;
}
