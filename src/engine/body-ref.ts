/** The face of a running body for those who must know whose code runs (S6.8). It follows its task: nothing is copied. */
import type { BodyRef } from './seam.ts';
import type { Task } from './task.ts';

export function refOf(task: Task): BodyRef {
  return {
    get callId() {
      return task.callId;
    },
    get toolName() {
      return task.tool.name;
    },
    get activityId() {
      return task.turn.activityId;
    },
    get speechId() {
      return task.turn.speechId;
    },
    get step() {
      return task.turn.step;
    },
    get input() {
      return task.input;
    },
    get abortSignal() {
      return task.signal;
    },
    get whenEnded() {
      return task.whenEnded;
    },
    waits: () => task.waits(),
    letGo: () => task.letGo(),
    isBlocking: () => task.first === undefined,
    owner: () => task.owner,
  };
}
