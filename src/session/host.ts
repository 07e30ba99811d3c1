/**
 * The built-in session as a host of the engine: its half of the seam (`engine/seam.ts`), the talk for the engine and,
 * for bodies, silence (S6.5), leases (S6.4) and playout (S6.8).
 */
import type {
  BodyHost,
  BodyRef,
  Capabilities,
  Claim,
  ClaimRequest,
  Conversation,
  DeliveryReply,
  Floor as FloorFace,
  HandoffIntent,
  Outcome,
} from '../engine/seam.ts';
import type { Task } from '../engine/task.ts';
import type { ToolsetHost } from '../engine/toolset-life.ts';
import type { AgentSession } from './agent-session.ts';
import { runAs, waitHere, type WaitsFor } from './ambient.ts';
import type { Activity } from './activity.ts';
import type { Core } from './core.ts';
import { mayBeServed } from './floor-rules.ts';
import { foreground, leaseOf } from './leases.ts';

const capabilities: Capabilities = {
  turns: 'runtime',
  interrupt: true,
  silentAppend: true,
  toolChoice: true,
  heard: 'exact',
};

export class SessionConversation implements Conversation {
  readonly capabilities = capabilities;
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** The record itself is what grew the context: folding it put it there. */
  append(): undefined {
    return undefined;
  }

  covered(id: string): boolean {
    return this.#core.log.state.tasks.deliveries.get(id)?.covered ?? false;
  }

  claim(request: ClaimRequest, take: (floor: FloorFace) => void): Claim {
    return claim(this.#core, request, take);
  }

  handoff(intent: HandoffIntent): void {
    this.#core.handoffs.whenQuiet(intent);
  }

  handoffRefusal(intent: HandoffIntent): string | undefined {
    return this.#core.handoffs.refusal(intent);
  }
}

function claim(core: Core, request: ClaimRequest, take: (floor: FloorFace) => void): Claim {
  const { owner, level, order, notBefore, about, asker } = request;
  const cancel = core.floor.wait({
    kind: 'delivery',
    owner,
    level,
    order,
    notBefore,
    about,
    lease: asker,
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
    serves: (owner, level, asker) => mayBeServed({ kind: 'delivery', owner, level, lease: asker }, core.floor.facts()),
    speak: (reply) => speak(core, activity, speechId, reply),
    release: () => core.floor.changed(),
  };
}

async function speak(core: Core, activity: Activity, speechId: string, reply: DeliveryReply): Promise<Outcome> {
  const { instructions, about } = reply;
  // `auto` may call tools, where the agent may at all.
  const toolChoice = activity.agent.options.toolChoice === 'none' ? 'none' : reply.toolChoice;
  return await core.speaking.reply(activity, { instructions, toolChoice, about, speechId, ahead: true }).done;
}

export class SessionToolsetHost implements ToolsetHost {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  get session(): AgentSession {
    return this.#core.session;
  }

  live(): Iterable<Task> {
    return this.#core.executor.live;
  }

  run<T>(fn: () => T, letGo: () => void): T {
    return runAs({ session: this.session, letGo: () => letGo() }, fn);
  }

  failed(fact: string, error: unknown): void {
    this.#core.report({ type: 'toolset_failed', fact, error });
  }
}

export class SessionBodyHost implements BodyHost {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  get session(): AgentSession {
    return this.#core.session;
  }

  get userData(): unknown {
    return this.#core.session.userData;
  }

  around<T>(body: BodyRef, fn: () => T): T {
    const { session, stage } = this.#core;
    const lease = stage.activity(body.activityId)?.lease;
    const running = {
      session,
      body,
      waits: () => body.waits(),
      letGo: (of: WaitsFor) => (of === 'close' ? body.letGo() : undefined),
      activityId: body.activityId,
      ...(lease ? { lease } : {}),
    };
    const { callId, toolName, speechId } = body;
    return runAs(running, () => this.#core.traced({ type: 'task', callId, toolName, speechId }, fn));
  }

  waits(body: BodyRef): () => void {
    return waitHere(body);
  }

  foreground<T>(body: BodyRef, fn: () => T | Promise<T>): Promise<T> {
    return foreground(this.#core, body, fn);
  }

  watchSilence(body: BodyRef, listener: (since: number | undefined) => void): () => void {
    const tell = (): void => listener(silenceFor(this.#core, body));
    tell();
    return this.#core.floor.watch(tell);
  }

  disallowInterruptions(body: BodyRef): void {
    speechOf(this.#core, body)?.disallowInterruptions();
  }

  async waitForPlayout(body: BodyRef): Promise<void> {
    const speech = speechOf(this.#core, body);
    while (speech?.step === body.step && speech.phase === 'speaking') await speech.nextPhase;
  }

  async sayFiller(body: BodyRef, text: string): Promise<boolean> {
    const { stage, speaking } = this.#core;
    if (silenceFor(this.#core, body) === undefined) return false;
    const result = await speaking.say(stage.current, text, {}, 'filler').done;
    return result.type !== 'failed' && 'heard' in result && result.heard !== '';
  }
}

/** Since when nobody has spoken; undefined while somebody does, or while nobody but a lease's holder may. */
function silenceFor(core: Core, body: BodyRef): number | undefined {
  const facts = core.floor.facts();
  const wish = { kind: 'filler', owner: body.owner(), level: 'quiet', lease: leaseOf(core, body) } as const;
  return !facts.closing && mayBeServed(wish, facts) ? facts.silentSince : undefined;
}

function speechOf(core: Core, body: BodyRef) {
  return [...core.speeches].find((speech) => speech.id === body.speechId);
}

/** Does the speech's last request hold all of the records? Then it is not cut for them (S3.1). */
export function requestHolds(core: Core, speechId: string, ids: readonly string[]): boolean {
  const speech = core.log.state.speeches.get(speechId);
  const context = speech && core.log.state.activities.get(speech.activityId)?.context;
  const request = speech && [...speech.requests.values()].at(-1);
  if (!context || !request) return ids.length === 0;
  return ids.every((id) => {
    const position = context.positions.get(id);
    return position !== undefined && position >= request.from && position < request.to;
  });
}
