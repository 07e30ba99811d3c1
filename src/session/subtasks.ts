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
    await Promise.race([spokenOut(core, parent), completed]);
    return await stage.change(async () => {
      // Completed, or its tool cancelled, while it waited for its turn.
      if (task.isDone) return undefined;
      if (parent.phase !== 'here' || stage.isClosing) refuse(core, task);
      return await stage.enter(task, parent, lease);
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

/** What the parent is saying ends first; a turn that waits for the caller's own call does not count. */
async function spokenOut(core: Core, parent: Activity): Promise<void> {
  for (;;) {
    const active = [...parent.speeches].filter((speech) => isActive(core, speech));
    if (active.length === 0) return;
    await Promise.race(active.map((speech) => speech.nextPhase));
  }
}
