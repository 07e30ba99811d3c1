/** The built-in session as a host of the engine: its half of the seam (`engine/seam.ts`). */
import { SessionClosedError, TaskEndedError } from '../errors.ts';
import type { BodyHost, BodyRef, Capabilities, Claim, ClaimRequest, Conversation, DeliveryReply, Floor as FloorFace, Outcome } from '../engine/seam.ts';
import { runAs, runUnder, whoRuns, type Lease } from './ambient.ts';
import type { Activity } from './activity.ts';
import type { Core } from './core.ts';
import { isPlaceOf } from './floor-rules.ts';
import type { SpeechResult } from './speech-handle.ts';

const capabilities: Capabilities = { turns: 'runtime', interrupt: true, silentAppend: true, toolChoice: true, heard: 'exact' };

/** `core` is asked for late: the engine is one of its parts. */
export function createConversation(core: () => Core): Conversation {
  return {
    capabilities,
    // The record itself is what grew the context: folding it put it there.
    append: () => undefined,
    covered: (id) => core().log.state.tasks.deliveries.get(id)?.covered ?? false,
    claim: (request, take) => claim(core(), request, take),
    handoff: (intent) => core().handoffs.whenQuiet(intent),
    handoffRefusal: (intent) => core().handoffs.refusal(intent),
  };
}

function claim(core: Core, request: ClaimRequest, take: (floor: FloorFace) => void): Claim {
  const { owner, level, order, about } = request;
  const cancel = core.floor.wait({
    kind: 'delivery',
    owner,
    level,
    order,
    about,
    serve: () => {
      const { current } = core.stage;
      if (current) take(createFloor(core, current));
    },
  });
  return { cancel };
}

function createFloor(core: Core, activity: Activity): FloorFace {
  const speechId = core.newId('speech');
  return {
    speechId,
    activityId: activity.id,
    prompts: [activity.agent.options.prompts, core.options.prompts],
    serves: (owner, level) => {
      const { current, leases } = core.floor.facts();
      if (!current) return false;
      const underLease = leases.length > 0;
      return isPlaceOf({ kind: 'delivery', owner, level }, current) && (!underLease || owner === current.activityId);
    },
    speak: (reply) => speak(core, activity, speechId, reply),
    release: () => core.floor.changed(),
  };
}

async function speak(core: Core, activity: Activity, speechId: string, reply: DeliveryReply): Promise<Outcome> {
  const { instructions, toolChoice, about } = reply;
  const speech = core.speaking.reply(activity, { instructions, toolChoice, about, speechId });
  return toOutcome(await speech.done);
}

function toOutcome(result: SpeechResult): Outcome {
  return result;
}

export function createBodyHost(core: () => Core): BodyHost {
  return {
    get session() {
      return core().session;
    },
    get userData() {
      return core().session.userData;
    },
    around: (body, fn) => {
      const { session, tracer } = core();
      const running = { session, body, waits: () => body.waits(), activityId: body.activityId };
      return runAs(running, () => (tracer ? tracer.around(body, fn) : fn()));
    },
    foreground: (body, fn) => foreground(core(), body, fn),
    watchSilence: (_body, listener) => core().session.watchSilence(listener),
    disallowInterruptions: (body) => speechOf(core(), body)?.disallowInterruptions(),
    waitForPlayout: async (body) => {
      const speech = speechOf(core(), body);
      while (speech && (speech.phase === 'queued' || speech.phase === 'speaking')) await speech.nextPhase;
    },
    sayFiller: async (_body, text) => {
      const { stage, speaking, floor } = core();
      const { current } = stage;
      if (!current || floor.silentSince === undefined || floor.leases.length > 0 || stage.isClosing) return false;
      const result = await speaking.say(current, text, {}, 'filler').done;
      return result.type !== 'failed' && 'heard' in result && result.heard !== '';
    },
  };
}

function speechOf(core: Core, body: BodyRef) {
  return [...core.speeches].find((speech) => speech.id === body.speechId);
}

/** Waits for quiet, holds the floor, gives it back on every exit and with the end of its task (S6.4). */
async function foreground<T>(core: Core, body: BodyRef, fn: () => T | Promise<T>): Promise<T> {
  if (whoRuns()?.lease?.active && whoRuns()?.lease?.callId === body.callId) return await fn();
  const lease: Lease = { callId: body.callId, active: false };
  const wait = body.waits();
  await lend(core, body, lease);
  const giveBack = (): void => {
    if (!lease.active) return;
    lease.active = false;
    const index = core.floor.leases.indexOf(lease.callId);
    if (index >= 0) core.floor.leases.splice(index, 1);
    body.abortSignal.removeEventListener('abort', giveBack);
    core.floor.changed();
  };
  body.abortSignal.addEventListener('abort', giveBack, { once: true });
  try {
    return await runUnder(lease, async () => await fn());
  } finally {
    giveBack();
    wait();
  }
}

function lend(core: Core, body: BodyRef, lease: Lease): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (core.stage.isClosing) throw new SessionClosedError('foreground');
  const leave = core.floor.wait({
    kind: 'lease',
    // Asked for each time: a handoff may have moved the task.
    get owner() {
      return body.owner();
    },
    level: 'quiet',
    order: core.log.state.seq,
    serve: () => {
      body.abortSignal.removeEventListener('abort', onAbort);
      lease.active = true;
      core.floor.leases.push(lease.callId);
      resolve();
    },
  });
  const onAbort = (): void => {
    leave();
    reject(body.abortSignal.reason ?? new TaskEndedError(body.callId, 'cancelled'));
  };
  if (body.abortSignal.aborted) onAbort();
  else body.abortSignal.addEventListener('abort', onAbort, { once: true });
  return promise;
}

/** Does the speech's last request hold one of the records? Then it is not cut for them (S3.1). */
export function requestHolds(core: Core, speechId: string, ids: readonly string[]): boolean {
  const speech = core.log.state.speeches.get(speechId);
  const context = speech && core.log.state.activities.get(speech.activityId)?.context;
  const request = speech && [...speech.requests.values()].at(-1);
  if (!context || !request) return false;
  return ids.some((id) => {
    const position = context.positions.get(id);
    return position !== undefined && position >= request.from && position < request.to;
  });
}
