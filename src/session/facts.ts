/** What quiet depends on, read off a session's parts (S6.1). */
import type { Core } from './core.ts';
import type { FloorFacts } from './floor-rules.ts';
import type { SpeechHandle } from './speech-handle.ts';

/** It speaks, will speak, or is about to go on: only a turn with calls that have not settled is silent meanwhile. */
export function isActive(core: Core, speech: SpeechHandle): boolean {
  return speech.phase === 'tools' ? core.executor.unsettled(speech.id) === 0 : speech.phase !== 'done';
}

/** Of its calls, which have all settled, nothing is recorded yet, or it is about to answer them. */
function goesOn({ executor }: Core, { id, phase, step, interrupted }: SpeechHandle): boolean {
  return phase === 'tools' && (!interrupted || executor.madeCalls(id, step));
}

export function readFacts(core: Core): Omit<FloorFacts, 'silentSince' | 'quietMs' | 'now' | 'leases'> {
  const { stage, mouth, users } = core;
  const { current } = stage;
  const paused = stage.stack.slice(0, -1);
  // One that waits for the next agent is in no activity yet; a turn of a paused one goes on later.
  const waiting = [...core.speeches].filter(
    (speech) =>
      speech !== mouth.holder && isActive(core, speech) && !paused.some(({ speeches }) => speeches.has(speech)),
  );
  return {
    current: current && {
      activityId: current.id,
      paused: paused.map((activity) => activity.id),
      tellsDeliveries: current.tellsDeliveries,
      isTask: current.isTask,
      underLease: current.lease?.active ? current.lease.callId : undefined,
    },
    closing: stage.isClosing,
    speaking: mouth.holder !== undefined,
    pending: waiting.length > 0,
    goesOn: waiting.some((speech) => goesOn(core, speech)),
    userSpeaking: users.isSpeaking,
    userAway: users.isAway,
    userTurn: users.turnIsOpen,
    keptFor: users.keptFor,
    blocking: current?.blocking ?? 0,
  };
}
