/** AgentTasks over their parents (S8.4). Those of one activity run one after another. */
import { describeError, ToolError } from '../errors.ts';
import type { Activity } from './activity.ts';
import type { AgentTask } from './agent-task.ts';
import { leaseHere, requireLiveBody, whoRuns, type Lease } from './ambient.ts';
import type { Core } from './core.ts';
import { isActive } from './facts.ts';

/** Resolves when its parent is current again; rejects where its parent is being handed over or closed. */
export async function runAgentTask(core: Core, task: AgentTask, completed: Promise<void>): Promise<void> {
  const running = whoRuns();
  const lease = leaseHere();
  const goOn = running?.waits?.();
  const over = Promise.withResolvers<void>();
  const signal = running?.body?.abortSignal;
  // A cancelled tool's AgentTask ends with it (S5.3); on a close all end in their order.
  const onAbort = (): void => {
    if (!core.stage.isClosing) task.fail(asError(signal?.reason));
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    requireLiveBody();
    const parent = parentOf(core, running?.activityId, task);
    const { subtask: before } = parent;
    const mine = before ? before.then(() => over.promise) : over.promise;
    parent.subtask = mine;
    void mine.then(() => {
      if (parent.subtask === mine) parent.subtask = undefined;
    });
    if (before) await waitForTurn(Promise.race([before, completed]), running?.held);
    await runOver(core, parent, task, completed, lease);
  } catch (error) {
    task.fail(asError(error));
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    over.resolve();
    goOn?.();
  }
}

/** The AgentTask before it may need the floor: a tool that holds it gives it back meanwhile (S6.8). */
async function waitForTurn(turn: Promise<void>, held: Lease | undefined): Promise<void> {
  await (held?.active ? held.without(() => turn) : turn);
}

async function runOver(
  core: Core,
  parent: Activity,
  task: AgentTask,
  completed: Promise<void>,
  lease: Lease | undefined,
): Promise<void> {
  const activity = await enterOver(core, parent, task, completed, lease);
  if (!activity) return;
  await completed;
  await leaveFrom(core, activity, task);
}

/** Nothing is at rest between the parent's last word and the AgentTask's first. */
async function enterOver(
  core: Core,
  parent: Activity,
  task: AgentTask,
  completed: Promise<void>,
  lease: Lease | undefined,
): Promise<Activity | undefined> {
  const { stage } = core;
  const arrived = stage.expectChange();
  try {
    // In the chain of changes it is asked again: no need to hold the others up until then.
    await Promise.race([spokenOut(core, parent), completed]);
    return await stage.change(async () => {
      // Completed, or its tool cancelled, while it waited for its turn; or its parent is on the way out.
      const isOff = (): boolean => task.isDone || parent.phase !== 'here' || stage.isClosing;
      const prepared = isOff() ? undefined : await stage.prepare(task);
      while (prepared && !isOff()) {
        const before = inTheWay(core, parent);
        if (before.length === 0) return stage.enter(task, prepared, parent, lease);
        await Promise.race([...before, completed]);
      }
      prepared?.toolbox.release();
      if (!task.isDone) refuse(core, task);
      return undefined;
    });
  } finally {
    arrived();
  }
}

async function leaveFrom(core: Core, activity: Activity, task: AgentTask): Promise<void> {
  const { stage } = core;
  const left = stage.expectChange();
  try {
    await stage.afterCall(task.completedBy);
    if (activity.phase !== 'here') return await activity.whenEnded;
    activity.phase = 'ending';
    await stage.change(async () => {
      if (!stage.isClosing && stage.stack.includes(activity)) await stage.leave(activity, false);
    });
  } finally {
    left();
  }
}

/** Where the caller's tool or hook belongs; for a task that has moved to the session, whoever is current. */
function parentOf(core: Core, activityId: string | undefined, task: AgentTask): Activity {
  const { stage } = core;
  const parent = (activityId === undefined ? undefined : stage.activity(activityId)) ?? stage.current;
  if (!parent || parent.phase !== 'here' || stage.isClosing) refuse(core, task);
  return parent;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(describeError(error));
}

function refuse(core: Core, task: AgentTask): never {
  throw new ToolError(core.wording(task)('agentTaskRefused', { agent: task.name }));
}

async function spokenOut(core: Core, parent: Activity): Promise<void> {
  for (let before = inTheWay(core, parent); before.length > 0; before = inTheWay(core, parent))
    await Promise.race(before);
}

/**
 * What the parent is saying, and what the user has said to it, come first; a turn or a hook that waits for the caller
 * does not count. One promise for each that settles when it may be over.
 */
function inTheWay(core: Core, parent: Activity): Promise<void>[] {
  const active = [...parent.speeches].filter((speech) => isActive(core, speech));
  return [...active.map((speech) => speech.nextPhase), ...core.users.answering];
}
