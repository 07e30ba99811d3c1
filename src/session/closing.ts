/** The end of a session (S8.7): `closeTimeoutMs` bounds all of it together, and after `closed` nothing is written. */
import { SessionClosedError } from '../errors.ts';
import type { Activity } from './activity.ts';
import { AgentTask } from './agent-task.ts';
import { bounded } from '../engine/bounded.ts';
import type { Core } from './core.ts';

export interface Closing {
  readonly reason: string;
  /** Lets what is being said end. */
  readonly drain?: boolean;
  /** What comes after its last words is not kept, so that it can be restored as it was (docs/design/store.md). */
  readonly suspend?: boolean;
}

export async function closeSession(core: Core, how: Closing): Promise<void> {
  const { stage, idle, clock, options } = core;
  stage.close('closing');
  idle.close();
  for (const activity of stage.stack) if (activity.phase === 'here') activity.phase = 'ending';
  await bounded(inOrder(core, how), options.closeTimeoutMs, clock);
  if (how.suspend) core.keeper?.drop();
  end(core, how);
  await core.keeper?.close();
}

async function inOrder(core: Core, { drain = false, suspend = false, reason }: Closing): Promise<void> {
  const { stage, executor, session } = core;
  await endSpeeches(core, drain);
  await executor.announcer.whenTold();
  if (suspend) await core.keeper?.close();
  const stopped = executor.close(reason, suspend ? 'suspended' : 'closed');
  for (const activity of [...stage.stack].reverse()) {
    if (stage.isClosed) return;
    fail(activity);
    await stage.exit(activity);
    activity.end();
  }
  await stopped;
  await session.sharedTools.close();
}

/** What has not come to its own end by now is ended. */
function end(
  { stage, executor, session, speeches, users, floor, log }: Core,
  { reason, suspend = false }: Closing,
): void {
  for (const speech of [...speeches]) speech.cut('session');
  void executor.close(reason, suspend ? 'suspended' : 'closed');
  executor.giveUp();
  for (const activity of [...stage.stack].reverse()) fail(activity);
  void session.sharedTools.close();
  users.close();
  floor.close();
  log.commit({ type: 'session_closed', reason });
  stage.close('closed');
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
