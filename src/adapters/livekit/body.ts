/** What a tool's body may do with the talk in a LiveKit session (S6.4, S6.5, S6.8). */
import { TaskEndedError, type BodyHost, type BodyRef, type Engine } from '../../index.ts';
import type { Floor } from './floor.ts';
import type { Speeches } from './speeches.ts';
import type { LiveKitSession, LiveKitToolOptions } from './surface.ts';

export interface BodyPorts {
  readonly session: LiveKitSession;
  readonly floor: Floor;
  readonly speeches: Speeches;
  readonly engine: () => Engine;
}

export function createBody({ session, floor, speeches, engine }: BodyPorts): Partial<BodyHost> {
  return {
    session,
    get userData() {
      return userDataOf(session);
    },
    foreground: async (body, fn) => {
      if (floor.holds(body.callId)) return await fn();
      // What was recorded before stands before it (S6.9).
      engine().claimDue();
      const giveBack = await takeFloor(floor, body, engine().state.seq);
      try {
        return await fn();
      } finally {
        giveBack();
      }
    },
    watchSilence: (body, listener) => {
      const tell = (): void => listener(floor.silentSince(body.callId));
      tell();
      return floor.watch(tell);
    },
    disallowInterruptions: (body) => {
      const handle = contextOf(speeches, body)?.speechHandle;
      if (handle && !handle.interrupted) handle.allowInterruptions = false;
    },
    waitForPlayout: async (body) => {
      await contextOf(speeches, body)?.waitForPlayout();
    },
    sayFiller: async (body, text) => {
      if (floor.silentSince(body.callId) === undefined) return false;
      const handle = session.say(text);
      const { promise: said, resolve } = Promise.withResolvers<void>();
      handle.addDoneCallback(() => resolve());
      await said;
      return handle.chatItems.length > 0;
    },
  };
}

/** Waits for quiet; the call does not count as blocking meanwhile. Given back with the end of its task at the latest. */
async function takeFloor(floor: Floor, body: BodyRef, order: number): Promise<() => void> {
  const goOn = body.waits();
  const { promise, resolve, reject } = Promise.withResolvers<() => void>();
  const leave = floor.wait({
    kind: 'lease',
    level: 'quiet',
    order,
    serve: () => {
      const giveBack = floor.hold(body.callId);
      void body.whenEnded.then(giveBack);
      resolve(giveBack);
    },
  });
  void body.whenEnded.then(() => {
    leave();
    reject(body.abortSignal.reason ?? new TaskEndedError(body.callId, 'ended'));
  });
  return await promise.finally(goOn);
}

/** Undefined when its turn is over. */
function contextOf(speeches: Speeches, { speechId, step }: BodyRef): LiveKitToolOptions['ctx'] | undefined {
  return speeches.open.find(({ id }) => id === speechId)?.contexts.get(step);
}

function userDataOf(session: LiveKitSession): unknown {
  try {
    return session.userData;
  } catch {
    return undefined;
  }
}
