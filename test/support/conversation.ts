/**
 * Hosts in a test, written against `engine/seam.ts` alone.
 *
 * `ScriptedConversation` decides itself when somebody speaks: the test says when the user or the agent has the floor and
 * how what is being said ends. It is as awkward as the seam allows: a free floor is handed over inside `claim`, and
 * the next claim is served before the engine learns how the last reply ended.
 *
 * `ModelConversation` is a model that decides itself when to speak, and can be given no item without an answer.
 */
import type {
  Capabilities,
  Claim,
  ClaimRequest,
  Conversation,
  DeliveryReply,
  EngineTool,
  Floor,
  HandoffIntent,
  Outcome,
  RunOptions,
  ToolPolicy,
  TurnRef,
} from '../../src/engine/seam.ts';

type Clock = { now(): number; setTimeout(fn: () => void, delayMs: number): object };
type TaskRecord = Parameters<Conversation['append']>[1][number];

interface Waiting extends ClaimRequest {
  readonly take: (floor: Floor) => void;
}

export interface Reply extends DeliveryReply {
  /** Ids of the records that its request held. */
  readonly request: readonly string[];
  readonly at: number;
}

interface Speech {
  readonly request: readonly string[];
  readonly settle: (outcome: Outcome) => void;
}

export class ScriptedConversation implements Conversation {
  readonly capabilities: Capabilities;
  /** Every reply that was asked for, in order. */
  readonly replies: Reply[] = [];
  /** The records that the model has been shown. */
  readonly shown: TaskRecord[] = [];
  readonly handoffs: HandoffIntent[] = [];
  /** How often the floor was handed over and given back unused. */
  released = 0;
  /** Whose turn it is to speak: what belongs to others is not told here. */
  current = 'activity_1';
  /** The activity that a reply is said to be of, if any. */
  activityId: string | undefined;
  /** What was heard when the agent's own speech is cut. */
  heardWhenCut = '';
  /** Runs inside `speak`, before it returns. */
  onSpeak: () => void = () => undefined;
  readonly #clock: Clock;
  readonly #covered = new Set<string>();
  #waiting: Waiting[] = [];
  #speech: Speech | undefined;
  #userSpeaks = false;
  #isBusy = false;

  constructor(clock: Clock, capabilities: Partial<Capabilities> = {}) {
    this.#clock = clock;
    this.capabilities = {
      turns: 'runtime',
      interrupt: true,
      silentAppend: true,
      toolChoice: true,
      heard: 'exact',
      ...capabilities,
    };
  }

  get last(): Reply {
    const reply = this.replies.at(-1);
    if (!reply) throw new Error('No reply has been asked for.');
    return reply;
  }

  /** What each reply was about. */
  get told(): (readonly string[])[] {
    return this.replies.map((reply) => reply.about);
  }

  get claims(): readonly Pick<ClaimRequest, 'owner' | 'level' | 'order'>[] {
    return this.#waiting.map(({ owner, level, order }) => ({ owner, level, order }));
  }

  append(_owner: string, records: readonly TaskRecord[]): void {
    this.shown.push(...records);
  }

  covered(id: string): boolean {
    return this.#covered.has(id);
  }

  claim(request: ClaimRequest, take: (floor: Floor) => void): Claim {
    const waiting = { ...request, take };
    this.#waiting = [...this.#waiting, waiting].sort((a, b) => a.order - b.order);
    const inMs = request.notBefore - this.#clock.now();
    if (inMs > 0) this.#clock.setTimeout(() => this.#look(), inMs);
    this.#look();
    return {
      cancel: () => {
        this.#waiting = this.#waiting.filter((each) => each !== waiting);
      },
    };
  }

  handoff(intent: HandoffIntent): void {
    this.handoffs.push(intent);
  }

  handoffRefusal(): undefined {
    return undefined;
  }

  get agentIsSpeaking(): boolean {
    return this.#speech !== undefined;
  }

  /** The agent begins to say something of its own; its request holds what has been shown so far. */
  agentSpeaks(): void {
    this.#speech = { request: this.shown.map((record) => record.id), settle: () => undefined };
  }

  /** What is being said ends; of what its request held, something was heard or nothing. */
  ends(outcome: Outcome): void {
    const speech = this.#speech;
    if (!speech) throw new Error('Nobody speaks.');
    this.#speech = undefined;
    if ('heard' in outcome && outcome.heard !== '') for (const id of speech.request) this.#covered.add(id);
    speech.settle(outcome);
    this.#look();
  }

  userSpeaks(speaks: boolean): void {
    this.#userSpeaks = speaks;
    this.#look();
  }

  /** A blocking call, say: it is not quiet, but between two speeches. */
  isBusy(busy: boolean): void {
    this.#isBusy = busy;
    this.#look();
  }

  /** For something that changed on the engine's side. */
  changed(): void {
    this.#look();
  }

  #look(): void {
    for (let next = this.#next(); next; next = this.#next()) {
      const served = next;
      this.#waiting = this.#waiting.filter((each) => each !== served);
      served.take(this.#floor());
    }
  }

  #next(): Waiting | undefined {
    if (this.#userSpeaks) return undefined;
    const open = this.#waiting.filter((each) => this.#isPlaceOf(each.owner) && each.notBefore <= this.#clock.now());
    if (this.#speech) {
      const { request } = this.#speech;
      const mayCut = (each: Waiting): boolean =>
        each.level === 'now' && !each.about().every((id) => request.includes(id));
      if (this.capabilities.interrupt && open.some(mayCut))
        this.ends({ type: 'interrupted', heard: this.heardWhenCut });
      return undefined;
    }
    return open.find((each) => each.level !== 'quiet' || !this.#isBusy);
  }

  #isPlaceOf(owner: string): boolean {
    return owner === 'session' || owner === this.current;
  }

  #floor(): Floor {
    return {
      speechId: `speech_${String(this.replies.length + 1)}`,
      ...(this.activityId === undefined ? {} : { activityId: this.activityId }),
      serves: (owner) => this.#isPlaceOf(owner),
      release: () => {
        this.released += 1;
      },
      speak: (reply) => {
        if (this.#speech) throw new Error('Somebody speaks already.');
        const { promise, resolve } = Promise.withResolvers<Outcome>();
        const request = this.shown.map((record) => record.id);
        this.replies.push({ ...reply, request, at: this.#clock.now() });
        this.#speech = { request, settle: resolve };
        this.onSpeak();
        return promise;
      },
    };
  }
}

/** What goes to a model that answers by itself: each call once, and items that it cannot take silently. */
export class ModelConversation implements Conversation {
  readonly capabilities: Capabilities = {
    turns: 'model',
    interrupt: false,
    silentAppend: false,
    toolChoice: false,
    heard: 'unknown',
  };
  /** Call id → the answers that went over the wire. */
  readonly answers = new Map<string, string[]>();
  readonly items: string[] = [];
  /** Requests for a reply, for what the model had not answered by itself. */
  readonly asked: (readonly string[])[] = [];
  readonly #repliesToItems: boolean;

  /** `repliesToItems`: an item alone makes it speak; otherwise it has to be asked. */
  constructor(repliesToItems: boolean) {
    this.#repliesToItems = repliesToItems;
  }

  answer(callId: string, text: string): void {
    this.answers.set(callId, [...(this.answers.get(callId) ?? []), text]);
  }

  append(_owner: string, records: readonly TaskRecord[]): void {
    for (const record of records) this.items.push(record.id);
  }

  /** It cannot know. */
  covered(): boolean {
    return false;
  }

  claim(_request: ClaimRequest, take: (floor: Floor) => void): Claim {
    take({
      speechId: 'speech_of_the_model',
      serves: () => true,
      release: () => undefined,
      speak: (reply) => {
        if (!this.#repliesToItems) this.asked.push(reply.about);
        return Promise.resolve({ type: 'accepted' });
      },
    });
    return { cancel: () => undefined };
  }

  handoff(): void {
    throw new Error('There is one model and no other agent.');
  }

  handoffRefusal(): string {
    return 'there is no other agent.';
  }
}

const policy: ToolPolicy = {
  onDuplicate: 'allow',
  duplicateWindowMs: undefined,
  allowCancellation: true,
  autoBackgroundMs: undefined,
  timeoutMs: undefined,
  noProgressTimeoutMs: undefined,
  maxConcurrency: undefined,
  deliver: 'when_idle',
  maxHoldMs: undefined,
  expiresMs: undefined,
  onInterrupt: 'background',
  onHandoff: 'move',
  idempotent: false,
  whenSessionEnds: undefined,
  deliveryToolChoice: undefined,
};

export interface EngineToolOptions
  extends Partial<ToolPolicy>,
    Partial<Pick<EngineTool, 'owner' | 'toolset' | 'prompts'>> {
  readonly supersedeKey?: string;
}

/** A tool as the engine is given it, of whatever arguments. */
export function engineTool(
  name: string,
  run: (options: RunOptions) => unknown,
  options: EngineToolOptions = {},
): EngineTool {
  const { owner = 'session', toolset, prompts = [], supersedeKey, ...changed } = options;
  return {
    name,
    owner,
    prompts,
    ...(toolset ? { toolset } : {}),
    policy: { ...policy, ...changed },
    parse: () => ({ ok: true, given: {}, input: {}, value: {}, confirmed: false }),
    keyOf: () => name,
    supersedeKeyOf: () => supersedeKey,
    needsApproval: () => false,
    run: (_value, given) => run(given),
  };
}

export function turnOf(speechId: string, tools: readonly EngineTool[], toolsAllowed = true): TurnRef {
  return {
    speechId,
    step: 0,
    activityId: 'activity_1',
    tools: new Map(tools.map((tool) => [tool.name, tool])),
    toolsAllowed,
    speech: {
      id: speechId,
      interrupted: false,
      allowInterruptions: true,
      waitForPlayout: () => Promise.resolve(),
      interrupt: () => undefined,
    },
  };
}
