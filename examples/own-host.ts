/** The engine on a host of its own: a chat loop that is no AgentSession. `new Chat(model, tools).says('Find hotels')`. */
import {
  createEngine,
  systemClock,
  tool,
  type Claim,
  type ClaimRequest,
  type Clock,
  type Conversation,
  type DeliveryReply,
  type Engine,
  type Floor,
  type OfferedTools,
  type Outcome,
  type StartedCall,
  type TaskRecord,
} from 'meanwhile';

/** Stands for your model: given the talk so far, it says something or calls tools. */
export type Model = (talk: readonly string[], tools: OfferedTools['declared']) => Promise<Answer>;
export interface Answer {
  readonly text?: string;
  readonly calls?: readonly { readonly id: string; readonly name: string; readonly args: object }[];
}

export class Chat implements Conversation {
  readonly capabilities = {
    turns: 'runtime',
    interrupt: false,
    silentAppend: true,
    toolChoice: true,
    heard: 'exact',
  } as const;
  /** What the model is shown. */
  readonly talk: string[] = [];
  readonly #positions = new Map<string, number>();
  #coveredTo = 0;
  #waiting: { readonly request: ClaimRequest; readonly take: (floor: Floor) => void }[] = [];
  #turns: Promise<unknown> = Promise.resolve();
  #open = 0;
  #count = 0;
  readonly #model: Model;
  readonly #clock: Clock;
  readonly #print: (line: string) => void;
  readonly engine: Engine;
  #tools: OfferedTools | undefined;

  constructor(model: Model, print: (line: string) => void, clock: Clock = systemClock) {
    this.#model = model;
    this.#print = print;
    this.#clock = clock;
    this.engine = createEngine({ conversation: this, clock, onChange: () => queueMicrotask(() => this.#look()) });
  }

  async offer(tools: Parameters<Engine['tools']>[0]): Promise<void> {
    this.#tools = await this.engine.tools(tools);
  }

  /** The user writes. Rejects where the model fails. */
  async says(text: string): Promise<void> {
    const outcome = await this.#turn(`speech_${String((this.#count += 1))}`, () => this.talk.push(`user: ${text}`));
    if (outcome.type === 'failed') throw outcome.error;
  }

  append(_owner: string, records: readonly TaskRecord[]): void {
    for (const { id, output } of records) {
      this.#positions.set(id, this.talk.length);
      this.talk.push(`${id}: ${output.text}`);
    }
  }

  covered(id: string): boolean {
    return (this.#positions.get(id) ?? Infinity) < this.#coveredTo;
  }

  claim(request: ClaimRequest, take: (floor: Floor) => void): Claim {
    const waiting = { request, take };
    this.#waiting = [...this.#waiting, waiting].sort((a, b) => a.request.order - b.request.order);
    const timer = this.#clock.setTimeout(() => this.#look(), request.notBefore - this.#clock.now());
    return {
      cancel: () => {
        this.#clock.clearTimeout(timer);
        this.#waiting = this.#waiting.filter((each) => each !== waiting);
      },
    };
  }

  handoff(): void {
    throw new Error('This chat has one agent.');
  }

  handoffRefusal(): string {
    return 'this chat has one agent.';
  }

  /** The floor is free while no turn is open: whoever waits longest gets it. */
  #look(): void {
    const next =
      this.#open > 0 ? undefined : this.#waiting.find(({ request }) => request.notBefore <= this.#clock.now());
    if (!next) return;
    this.#waiting = this.#waiting.filter((each) => each !== next);
    const speechId = `speech_${String((this.#count += 1))}`;
    next.take({
      speechId,
      serves: () => true,
      speak: (reply) => this.#turn(speechId, () => undefined, reply),
      release: () => this.#look(),
    });
  }

  /** One turn after the other: the model is asked until no output wants a reply. */
  #turn(speechId: string, begin: () => void, reply?: DeliveryReply): Promise<Outcome> {
    this.#open += 1;
    const turn = this.#turns.then(async () => {
      begin();
      const { outcome, untold } = await this.#run(speechId, reply);
      this.engine.turnEnded(speechId, untold);
      this.#open -= 1;
      this.#look();
      return outcome;
    });
    this.#turns = turn;
    return turn;
  }

  /** `untold`: calls whose outputs wanted a reply, where the model failed before it gave one. */
  async #run(speechId: string, reply?: DeliveryReply): Promise<{ outcome: Outcome; untold: readonly string[] }> {
    let heard = '';
    let untold: readonly string[] = [];
    let toolsCalled = false;
    for (let step = 0; ; step += 1) {
      const position = this.talk.length;
      const late = step === 0 && reply ? [reply.instructions] : [];
      const toolsAllowed = reply?.toolChoice !== 'none';
      try {
        const answer = await this.#model([...this.talk, ...late], toolsAllowed ? (this.#tools?.declared ?? []) : []);
        if (answer.text !== undefined) {
          heard += answer.text;
          this.#coveredTo = position;
          this.talk.push(`agent: ${answer.text}`);
          this.#print(answer.text);
        }
        const calls = (answer.calls ?? []).map(({ id, name, args }) =>
          this.engine.start(
            { wireId: id, toolName: name, argumentsText: JSON.stringify(args) },
            {
              speechId,
              step,
              activityId: 'chat',
              tools: this.#tools?.engineTools ?? new Map(),
              toolsAllowed,
              speech: speechOf(speechId),
            },
          ),
        );
        toolsCalled ||= calls.length > 0;
        untold = await this.#collect(calls);
        if (untold.length === 0) break;
      } catch (error) {
        return { outcome: { type: 'failed', error, toolsCalled }, untold };
      }
    }
    const outcome: Outcome =
      heard === '' ? { type: 'nothing_said', toolsCalled } : { type: 'completed', heard, toolsCalled };
    return { outcome, untold: [] };
  }

  /** A step's calls and outputs enter together. Those that want a reply. */
  async #collect(calls: readonly StartedCall[]): Promise<readonly string[]> {
    const firsts = await Promise.all(calls.map((call) => call.first));
    for (const { callId, toolName, input } of calls)
      this.talk.push(`call ${callId}: ${toolName}(${JSON.stringify(input)})`);
    for (const [index, { output }] of firsts.entries()) this.talk.push(`${calls[index]?.callId ?? ''}: ${output.text}`);
    return calls.filter((_call, index) => firsts[index]?.wantsReply === true).map(({ callId }) => callId);
  }
}

/** Nothing here is ever cut. */
function speechOf(id: string) {
  return {
    id,
    interrupted: false,
    allowInterruptions: false,
    waitForPlayout: () => Promise.resolve(),
    interrupt: () => undefined,
  };
}

export const findHotels = (search: () => Promise<string>) =>
  tool({
    name: 'find_hotels',
    description: 'Looks for hotels.',
    execute: async (_args, { ctx }) => {
      await ctx.update('Looking for hotels');
      return await search();
    },
  });
