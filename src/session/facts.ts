/** What quiet depends on, read off a session's parts (S6.1). */
import type { Activity } from './activity.ts';
import type { Core } from './core.ts';
import type { CurrentFacts, FloorFacts, OwnFacts, Talk } from './floor-rules.ts';
import type { SpeechHandle } from './speech-handle.ts';

/** It speaks, will speak, or is about to go on: only a turn with calls that have not settled is silent meanwhile. */
export function isActive(core: Core, speech: SpeechHandle): boolean {
  return speech.phase === 'tools' ? core.executor.unsettled(speech.id) === 0 : speech.phase !== 'done';
}

/** Of its calls, which have all settled, nothing is recorded yet, or it is about to answer them. */
function goesOn({ executor }: Core, { id, phase, step, interrupted }: SpeechHandle): boolean {
  return phase === 'tools' && (!interrupted || executor.madeCalls(id, step));
}

/** Who talks, or is about to. Asked for at every change, so it makes little. */
export function readTalk(core: Core): Talk {
  const { stage, mouth, users, speeches } = core;
  let pending = false;
  let answering = false;
  for (const speech of speeches) {
    // One that waits for the next agent is in no activity yet; a turn of a paused one goes on later.
    if (speech === mouth.holder || !isActive(core, speech) || stage.isPaused(speech)) continue;
    pending = true;
    answering ||= goesOn(core, speech);
  }
  return {
    speaking: mouth.holder !== undefined,
    pending,
    goesOn: answering,
    userSpeaking: users.isSpeaking,
    userAway: users.isAway,
    userTurn: users.turnIsOpen,
  };
}

/** `own`: what the floor knows itself. */
export function readFacts(core: Core, own: OwnFacts): FloorFacts {
  const { stage, users } = core;
  const { current } = stage;
  return {
    ...readTalk(core),
    ...own,
    current: current && currentFacts(core, current),
    closing: stage.isClosing,
    keptFor: users.keptFor,
    blocking: current?.blocking ?? 0,
  };
}

function currentFacts({ stage }: Core, { id, tellsDeliveries, isTask, lease }: Activity): CurrentFacts {
  return {
    activityId: id,
    paused: stage.stack.length === 1 ? nobody : stage.stack.slice(0, -1).map((activity) => activity.id),
    tellsDeliveries,
    isTask,
    underLease: lease?.active ? lease.callId : undefined,
  };
}

const nobody: readonly string[] = [];
