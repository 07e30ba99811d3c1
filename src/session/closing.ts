/**
 * The end of a session (S8.7): `closeTimeoutMs` bounds all of it together, and after `closed` nothing is said or taken. What
 * goes on after that is `afterlife.ts`.
 */
import { SessionClosedError } from '../errors.ts';
import type { Activity } from './activity.ts';
import { AgentTask } from './agent-task.ts';
import { finishes } from './afterlife.ts';
import { bounded } from '../engine/bounded.ts';
import type { ExecutorClosing } from '../engine/executor.ts';
import type { Core } from './core.ts';
import { closeOpenSpeeches } from './open-ends.ts';

export interface Closing {
  readonly reason: string;
  /** Lets what is being said end. */
  readonly drain?: boolean;
  /** What comes after its last words is not kept, so that it can be restored as it was (docs/design/store.md). */
  readonly suspend?: boolean;
}

export async function closeSession(core: Core, how: Closing): Promise<void> {
  const { stage, idle, clock, options, keeping, afterlife, log } = core;
  const until = clock.now() + options.closeTimeoutMs;
  stage.close('closing');
  idle.close();
  for (const activity of stage.stack) if (activity.phase === 'here') activity.phase = 'ending';
  await bounded(inOrder(core, how), options.closeTimeoutMs, clock);
  if (how.suspend) core.keeper?.drop();
  end(core, how);
  if (log.state.status === 'finishing') {
    await bounded(afterlife.begin(), Math.max(0, until - clock.now()), clock);
  } else {
    await keeping?.close();
    afterlife.finish();
  }
}

async function inOrder(core: Core, how: Closing): Promise<void> {
  const { stage, executor, session, keeping } = core;
  await endSpeeches(core, how.drain ?? false);
  await executor.announcer.whenTold();
  if (keeping?.outbox) await keeping.outbox.close();
  const stop = (): Promise<void> => executor.close(how.reason, forTasks(core, how));
  if (how.suspend) await keeping?.handOver(() => void stop());
  const stopped = stop();
  for (const activity of [...stage.stack].reverse()) {
    if (stage.isClosed) return;
    fail(activity);
    await stage.exit(activity);
    activity.end();
  }
  await stopped;
  await session.sharedTools.close(
    [...executor.live].flatMap((task) => (task.hasEnded ? [] : (task.tool.toolsets ?? []))),
  );
}

/** What has not come to its own end by now is ended. */
function end(core: Core, how: Closing): void {
  const { stage, executor, session, speeches, users, floor, log } = core;
  const { reason } = how;
  for (const speech of [...speeches]) speech.cut('session');
  closeOpenSpeeches(core);
  void executor.close(reason, forTasks(core, how));
  executor.giveUp();
  for (const activity of [...stage.stack].reverse()) fail(activity);
  void session.sharedTools.close();
  users.close();
  floor.close();
  const { running, deliveries } = log.state.tasks;
  const goesOn = !how.suspend && running.size + deliveries.size > 0;
  log.commit({ type: goesOn ? 'session_ended' : 'session_closed', reason });
  stage.close('closed');
}

function forTasks(core: Core, { suspend = false }: Closing): ExecutorClosing {
  return suspend ? { stop: 'suspended' } : { goesOn: (tool) => finishes(core, tool) };
}

function fail({ agent }: Activity): void {
  if (agent instanceof AgentTask) agent.fail(new SessionClosedError(`AgentTask "${agent.name}"`));
}

/** What is being said is cut, or with `drain` ends; blocking calls are answered either way. */
async function endSpeeches({ speeches, executor }: Core, drain: boolean): Promise<void> {
  while (speeches.size > 0) {
    for (const speech of [...speeches]) {
      if (!drain) speech.cut('session');
      else if (speech.phase === 'tools') executor.turnToBackground(speech.id);
    }
    await Promise.race([...speeches].map((speech) => speech.nextPhase));
  }
}
