/**
 * An output that wanted a reply and got none before its turn ended is a delivery from then on, under the call's own id
 * (S5.6), unless what it says was or will be told by something newer. Pure.
 */
import type { TaskRecord } from '../chat/items.ts';
import type { DeliveryTerms } from '../chat/records.ts';
import type { TasksState } from '../chat/state.ts';
import type { Call } from './call.ts';

export interface Untold {
  readonly record: TaskRecord;
  readonly terms: DeliveryTerms;
}

export function untoldOutput(call: Call, tasks: TasksState, now: number): Untold | undefined {
  const { settled, tool } = call;
  if (!settled || !isNewest(call, tasks)) return undefined;
  const callId = call.state.type === 'joined' ? call.state.to.callId : call.callId;
  const isQuestion = tasks.running.get(callId)?.question?.id === call.callId;
  return {
    record: {
      kind: 'record',
      id: call.callId,
      callId,
      phase: isQuestion ? 'question' : settled.background ? 'update' : 'final',
      toolName: call.toolName,
      input: call.input,
      output: settled.output,
      owner: call.task?.owner ?? tool?.owner ?? call.turn.activityId,
      at: now,
    },
    terms: settled.terms ?? { mode: 'when_idle' },
  };
}

/** Nothing newer of its task was recorded. A call that joined has nothing to tell but what the task has told last. */
function isNewest(call: Call, tasks: TasksState): boolean {
  const { state } = call;
  if (state.type === 'joined') {
    return state.told !== undefined && tasks.running.get(state.to.callId)?.newest?.id === state.told;
  }
  const task = tasks.running.get(call.callId) ?? tasks.ended.get(call.callId);
  return task === undefined || !task.outputIsStale;
}
