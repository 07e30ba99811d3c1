/** Observes a session that goes on: any session, on any clock, with any output. */
import type { AgentSession, SpokenInfo } from '../index.ts';
import type { Note } from './notes.ts';
import { Observation, type ObservationOptions } from './observation.ts';

interface Now {
  now(): number;
}

/**
 * Notes everything that happens in the session from now on. `clock` is the session's own. Words count from when the first
 * was put out until the output says that they are over. `using seen = observe(session, { clock })` stops at the end of
 * its scope.
 */
export function observe(
  session: AgentSession,
  options: ObservationOptions & { readonly clock: Now },
): Observation & Disposable {
  const { clock } = options;
  const observation = new Observation({ startAt: clock.now(), ...options });
  const note = (noted: Note): void => observation.take(noted);
  const stops = [session.on('*', note), watchWords(session, clock, note)];
  return Object.assign(observation, { [Symbol.dispose]: () => stops.forEach((stop) => stop()) });
}

/** Notes when words begin and are over, as they pass by on their way to the output. Returns the way to stop. */
export function watchWords(session: AgentSession, clock: Now, note: (note: Note) => void): () => void {
  const written = new Map<string, string>();
  const begin = (speech: SpokenInfo): void => {
    written.set(speech.speechId, '');
    note({ type: 'words_begun', at: clock.now(), speech });
  };
  return session.watchText({
    onText: (text, speech) => {
      const { speechId } = speech;
      if (!written.has(speechId)) begin(speech);
      written.set(speechId, `${written.get(speechId) ?? ''}${text}`);
    },
    onEnd: ({ speechId }, cut) => {
      const text = written.get(speechId);
      if (text === undefined) return;
      written.delete(speechId);
      note({ type: 'words_over', at: clock.now(), speechId, cut, written: text });
    },
  });
}
