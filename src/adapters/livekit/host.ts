/**
 * A LiveKit session as a host of the engine: its half of the seam (`Conversation`). Decisions are the engine's; here
 * stands what LiveKit's events mean for it.
 */
import type {
  Capabilities,
  Claim,
  ClaimRequest,
  Clock,
  Conversation,
  DeliveryReply,
  Engine,
  EngineTool,
  FirstOutput,
  Floor as FloorFace,
  HandoffIntent,
  Outcome,
  SpeechRef,
  StartedCall,
  TaskRecord,
} from '../../index.ts';
import { ActivityIds, isAgentTask, LiveKitAgentRef } from './agents.ts';
import { untoldOf, writeOutputs } from './calls.ts';
import { Contexts } from './contexts.ts';
import { Floor, type FloorFacts } from './floor.ts';
import { isInToolPhase, outcomeOf, Speeches, type Speech } from './speeches.ts';
import type { ItemAdded, LiveKitAgent, LiveKitLlm, LiveKitSession, LiveKitToolOptions } from './surface.ts';

const capabilities: Capabilities = {
  turns: 'runtime',
  interrupt: true,
  silentAppend: true,
  toolChoice: true,
  // With audio, LiveKit maps the playback position back to words.
  heard: 'estimate',
};

export interface HostOptions {
  readonly session: LiveKitSession;
  readonly llm: LiveKitLlm;
  readonly clock: Clock;
  readonly quietMs: number | undefined;
  readonly userTurnMs: number;
  /** Asked for late: the engine is made with this host. */
  readonly engine: () => Engine;
  readonly engineTools: () => ReadonlyMap<string, EngineTool>;
  /** A context could not be passed on. */
  readonly onContextFailed: (error: unknown) => void;
}

export class LiveKitHost implements Conversation {
  readonly capabilities = capabilities;
  readonly floor: Floor;
  readonly speeches: Speeches;
  readonly #options: HostOptions;
  readonly #contexts: Contexts;
  readonly #activities = new ActivityIds();
  readonly #replies = new Map<Speech, (outcome: Outcome) => void>();
  /** The agent whose activity the session has switched to last. */
  #arrived: LiveKitAgent | undefined;
  #userTurnUntil: number | undefined;
  #userSpoke = false;
  #replyCount = 0;

  constructor(options: HostOptions) {
    const { session, llm, clock, engine } = options;
    this.#options = options;
    this.#contexts = new Contexts({ llm, history: () => session.history, engine });
    this.#arrived = this.#current;
    this.floor = new Floor({ clock, facts: () => this.#facts(), cut: (about) => this.#cut(about) });
    this.speeches = new Speeches(session, {
      shown: () => (this.#agentState === 'none' ? 0 : this.#contexts.shown),
      onCreated: () => this.floor.changed(),
      onInterrupted: ({ id }) => {
        engine().turnInterrupted(id);
        this.floor.changed();
      },
      onHeard: ({ asked, knows }) => (asked ? this.#contexts.cover(knows) : undefined),
      onEnded: (speech) => this.#speechEnded(speech),
    });
    session.on('conversation_item_added', (event) => this.#itemAdded(event));
    session.on('function_tools_executed', (event) =>
      writeOutputs(
        event,
        this.speeches.open.flatMap(({ calls }) => calls.map(({ started }) => started)),
      ),
    );
    session.on('agent_state_changed', () => this.floor.changed());
    session.on('user_state_changed', () => this.#userChanged());
    session.on('user_input_transcribed', () => this.#userTurnOpened());
    session.on('user_transcription_timeout', () => this.#userTurnTaken());
  }

  /** LiveKit calls one of our tools. */
  #start(toolName: string, options: LiveKitToolOptions): StartedCall {
    const { engine, engineTools, session } = this.#options;
    const { toolCallId, ctx } = options;
    const speech = this.speeches.of(ctx.speechHandle);
    const step = ctx.speechHandle.numSteps - 1;
    speech.contexts.set(step, ctx);
    const started = engine().start(
      { wireId: toolCallId, toolName, argumentsText: ctx.functionCall.args },
      {
        speechId: speech.id,
        step,
        activityId: this.#activities.of(session.currentAgent),
        tools: engineTools(),
        toolsAllowed: true,
        speech: toSpeechRef(speech),
      },
    );
    speech.calls.push({ started, step });
    void started.first.then(() => this.floor.changed());
    this.floor.changed();
    return started;
  }

  /** The engine's answer. A handoff is not LiveKit's, which forgets it when another tool of the step ends later. */
  async answer(toolName: string, options: LiveKitToolOptions): Promise<FirstOutput> {
    const { handoff, ...first } = await this.#start(toolName, options).first;
    if (!handoff) return first;
    const speech = this.speeches.of(options.ctx.speechHandle);
    const reason = this.#refusalIn(speech, handoff);
    if (reason === undefined) {
      speech.handoff ??= handoff;
      return first;
    }
    const refused = this.#options.engine().text('handoffRefused', { agent: handoff.agent.name, reason });
    const text = first.output.text === '' ? refused : `${first.output.text}\n${refused}`;
    return { ...first, wantsReply: true, output: { type: 'error', text } };
  }

  /** The first handoff of a turn counts, and the same agent again is no second (S8.5). */
  #refusalIn({ handoff: first }: Speech, { agent, activityId }: HandoffIntent): string | undefined {
    if (!first || agentOf(first) === agentOf({ agent })) return this.handoffRefusal({ agent, activityId });
    return `it is already being handed over to ${first.agent.name}.`;
  }

  append(_owner: string, records: readonly TaskRecord[]): Promise<void> {
    return this.#contexts.show(this.#options.session.currentAgent, records);
  }

  covered(id: string): boolean {
    return this.#contexts.isCovered(id);
  }

  forget(id: string): void {
    this.#contexts.forget(id);
  }

  claim({ level, order, notBefore, asker, about }: ClaimRequest, take: (floor: FloorFace) => void): Claim {
    const serve = (): void => take(this.#face(asker));
    const cancel = this.floor.wait({ kind: 'delivery', level, order, notBefore, lease: asker, about, serve });
    return { cancel };
  }

  handoff(intent: HandoffIntent): void {
    const { engine } = this.#options;
    // What was recorded before stands before it (S6.9).
    engine().claimDue();
    this.floor.wait({ kind: 'handoff', level: 'quiet', order: engine().state.seq, serve: () => this.#switch(intent) });
  }

  #switch(intent: HandoffIntent): void {
    const agent = agentOf(intent);
    if (agent && this.handoffRefusal(intent) === undefined) this.#options.session.updateAgent(agent);
  }

  handoffRefusal({ agent, activityId }: Pick<HandoffIntent, 'activityId' | 'agent'>): string | undefined {
    if (!agentOf({ agent })) return 'it is no agent of LiveKit. Return a voice.Agent or llm.handoff({ agent }).';
    const current = this.#current;
    return current && this.#activities.of(current) === activityId
      ? undefined
      : 'the agent that made the call is no longer current.';
  }

  close(): void {
    this.floor.close();
    for (const resolve of this.#replies.values()) resolve({ type: 'interrupted', heard: '' });
    this.#replies.clear();
  }

  get #current(): LiveKitAgent | undefined {
    try {
      return this.#options.session.currentAgent;
    } catch {
      return undefined;
    }
  }

  /** From `updateAgent` on the next agent is the session's, long before its activity is; between the two nobody is. */
  get #agentState(): FloorFacts['agent'] {
    const agent = this.#current;
    if (!agent || agent !== this.#arrived || this.#options.session._closing === true) return 'none';
    try {
      return agent.getActivityOrThrow().schedulingPaused ? 'arriving' : 'here';
    } catch {
      return 'arriving';
    }
  }

  #facts(): FloorFacts {
    const { session, engine, quietMs } = this.#options;
    const open = this.speeches.open;
    const inTools = open.filter(isInToolPhase);
    const agent = this.#current;
    return {
      agent: this.#agentState,
      inTask: agent !== undefined && isAgentTask(agent),
      // Its words may still be playing when its calls are being waited for.
      speaking: open.length > inTools.length || (open.length > 0 && session.agentState === 'speaking'),
      blocking: inTools.some(({ id }) => engine().blocking(id) > 0),
      userSpeaking: session.userState === 'speaking',
      userTurnUntil: session.userState === 'away' ? undefined : this.#userTurnUntil,
      quietMs: quietMs ?? (session.input.audio ? 400 : 0),
    };
  }

  #face(asker: string | undefined): FloorFace {
    const speechId = `delivery_${String((this.#replyCount += 1))}`;
    const inTask = this.#facts().inTask;
    return {
      speechId,
      serves: (_owner, level, other) =>
        (!inTask || level !== 'quiet') && (other === undefined || other === asker || !this.floor.holds(other)),
      speak: (reply) => this.#speak(speechId, reply),
      release: () => this.floor.changed(),
    };
  }

  /** The reply is asked for before the first yield (S3.3). */
  #speak(speechId: string, { instructions, toolChoice }: DeliveryReply): Promise<Outcome> {
    const { session } = this.#options;
    const agent = session.currentAgent;
    const handle = session.generateReply(
      answersInChat(agent)
        ? { chatCtx: this.#contexts.withInstructions(agent, instructions), toolChoice }
        : { instructions, toolChoice },
    );
    const speech = this.speeches.of(handle);
    speech.id = speechId;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.#replies.set(speech, resolve);
    return promise;
  }

  #cut(about: readonly string[]): void {
    const speech = this.speeches.open.find((each) => !isInToolPhase(each));
    if (!speech?.handle.allowInterruptions || speech.handle.interrupted) return;
    if (speech.asked && this.#contexts.held(speech.knows, about)) return;
    speech.handle.interrupt();
  }

  #speechEnded(speech: Speech): void {
    const { engine } = this.#options;
    const { calls, handle, failure, heardStep, id } = speech;
    this.#watch(this.#answerCut(speech));
    const isUnfinished = handle.interrupted || failure !== undefined;
    engine().turnEnded(id, isUnfinished ? untoldOf(calls, heardStep) : []);
    this.#replies.get(speech)?.(outcomeOf(speech));
    this.#replies.delete(speech);
    if (speech.handoff) this.#switch(speech.handoff);
    this.floor.gap();
  }

  /** LiveKit leaves a call whose turn was cut without an output. */
  async #answerCut({ calls, handle }: Speech): Promise<void> {
    const answered = new Set(handle.chatItems.map((item) => item.type === 'function_call_output' && item.callId));
    const left = calls.filter(({ started }) => !answered.has(started.wireId));
    const agent = this.#current;
    if (left.length === 0 || !agent) return;
    const outputs = await Promise.all(left.map(({ started }) => started.first));
    await this.#contexts.answer(
      agent,
      left.map(({ started }, index) => ({
        callId: started.wireId,
        name: started.toolName,
        output: outputs[index]?.output.text ?? '',
        isError: outputs[index]?.output.type === 'error',
      })),
    );
  }

  #itemAdded({ item }: ItemAdded): void {
    if (item.type === 'message' && item.role === 'user') this.#userTurnTaken();
    if (item.type !== 'agent_handoff') return;
    const agent = this.#current;
    if (!agent || agent.id !== item.newAgentId) return;
    this.#arrived = agent;
    this.#watch(this.#contexts.arrived(agent));
  }

  #watch(given: Promise<void>): void {
    void given.catch(this.#options.onContextFailed).then(() => this.floor.changed());
  }

  #userChanged(): void {
    const { userState } = this.#options.session;
    if (this.#userSpoke && userState === 'listening') this.#userTurnOpened();
    this.#userSpoke = userState === 'speaking';
    this.floor.changed();
  }

  #userTurnOpened(): void {
    this.#userTurnUntil = this.#options.clock.now() + this.#options.userTurnMs;
    this.floor.changed();
  }

  #userTurnTaken(): void {
    this.#userTurnUntil = undefined;
    this.floor.changed();
  }
}

function agentOf({ agent }: Pick<HandoffIntent, 'agent'>): LiveKitAgent | undefined {
  return agent instanceof LiveKitAgentRef ? agent.agent : undefined;
}

/** A realtime model has a conversation of its own: it takes instructions, and no context. */
function answersInChat(agent: LiveKitAgent): boolean {
  const model = agent.getActivityOrThrow().llm;
  return typeof (Object(model) as { chat?: unknown }).chat === 'function';
}

function toSpeechRef({ handle }: Speech): SpeechRef {
  return {
    id: handle.id,
    get interrupted() {
      return handle.interrupted;
    },
    get allowInterruptions() {
      return handle.allowInterruptions;
    },
    waitForPlayout: () => handle.waitForPlayout(),
    interrupt: () => {
      handle.interrupt();
    },
  };
}
