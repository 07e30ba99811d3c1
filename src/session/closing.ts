/** The end of a session (S8.7): `closeTimeoutMs` bounds all of it together, and after `closed` nothing is written. */
import { SessionClosedError } from '../errors.ts';
import { AgentTask } from './agent-task.ts';
import { whoRuns } from './ambient.ts';
import { bounded } from './bounded.ts';
import type { Core } from './core.ts';

export async function closeSession(core: Core, drain: boolean, reason: string): Promise<void> {
  const { stage, idle, users, floor, executor, log, clock, options, session } = core;
  const caller = whoRuns()?.body?.callId;
  stage.close('closing');
  idle.close();
  for (const activity of stage.stack) activity.phase = 'ending';
  const orderly = async (): Promise<void> => {
    await endSpeeches(core, drain);
    const stopped = executor.close(reason, caller);
    for (const activity of [...stage.stack].reverse()) {
      if (activity.agent instanceof AgentTask) activity.agent.fail(new SessionClosedError(`AgentTask "${activity.agent.name}"`));
      await stage.exit(activity);
      activity.end();
    }
    await stopped;
    await session.sharedTools.close();
  };
  await bounded(orderly(), options.closeTimeoutMs, clock);
  void executor.close(reason, caller);
  for (const speech of [...core.speeches]) speech.cut('session');
  users.close();
  floor.close();
  log.commit({ type: 'session_closed', reason });
  stage.close('closed');
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
