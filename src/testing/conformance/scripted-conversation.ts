/**
 * The host's half of the seam, and the turns of an agent whose model, voice and user are moved by hand.
 *
 * One turn has the mouth at a time; a turn gives it back while its calls run. Who waits for the floor is served in the
 * order of asking, as soon as it is free: inside `claim`, where it is. That is as awkward as the seam allows.
 */
import type {
  Capabilities,
  Claim,
  ClaimRequest,
  Clock,
  Conversation,
  DeliveryReply,
  Engine,
  Floor,
  OfferedTools,
  Outcome,
  Owner,
  TaskRecord,
} from '../../index.ts';
import { ScriptedContext } from './scripted-context.ts';
import { ScriptedTurn } from './scripted-turn.ts';

interface Waiting extends ClaimRequest {
  readonly take: (floor: Floor) => void;
}

/** The model is asked; it answers by hand. */
export interface Asked {
  readonly turn: ScriptedTurn;
  readonly prompt: string;
  readonly toolChoice: 'auto' | 'none';
  /** How many items of the context it holds. */
  readonly position: number;
}

export class ScriptedConversation implements Conversation {
  readonly capabilities: Capabilities;
  /** Requests without an answer, oldest first. */
  asked: readonly Asked[] = [];
  readonly heard: string[] = [];
  readonly #clock: Clock;
  readonly #context = new ScriptedContext();
  #engine: Engine | undefined;
  #tools: OfferedTools | undefined;
  /** Who speaks, or is about to. */
  #mouth: ScriptedTurn | undefined;
  /** Turns that want the mouth: they go on, or answer the user. */
  #queue: ScriptedTurn[] = [];
  /** Turns whose calls run. */
  readonly #calling = new Set<ScriptedTurn>();
  #waiting: Waiting[] = [];
  #userSpeaks = false;
  #refused = 0;
  #turns = 0;
  #calls = 0;
  #closed = false;

  constructor(clock: Clock, capabilities: Capabilities) {
    this.#clock = clock;
    this.capabilities = capabilities;
  }

  start(engine: Engine, tools: OfferedTools): void {
    this.#engine = engine;
    this.#tools = tools;
  }

  // The host's half.

  append(_owner: Owner, records: readonly TaskRecord[]): void {
    if (this.#refused > 0) {
      this.#refused -= 1;
      throw new Error('The model cannot be reached.');
    }
    for (const record of records) this.#context.addRecord(record);
  }

  covered(id: string): boolean {
    return this.#context.covered(id);
  }

  claim(request: ClaimRequest, take: (floor: Floor) => void): Claim {
    const waiting = { ...request, take };
    this.#waiting = [...this.#waiting, waiting].sort((a, b) => a.order - b.order);
    const inMs = request.notBefore - this.#clock.now();
    const timer = inMs > 0 ? this.#clock.setTimeout(() => this.look(), inMs) : undefined;
    this.look();
    return {
      cancel: () => {
        this.#clock.clearTimeout(timer);
        this.#waiting = this.#waiting.filter((each) => each !== waiting);
      },
    };
  }

  handoff(): void {
    throw new Error('There is no other agent.');
  }

  handoffRefusal(): string {
    return 'there is no other agent.';
  }

  // The hands.

  get saying(): string | undefined {
    return this.#mouth?.saying;
  }

  userSays(text: string): void {
    this.interrupt();
    this.#context.add(`User: ${text}`);
    this.#queue.push(this.#newTurn(undefined));
    this.look();
  }

  userSpeaks(speaks: boolean): void {
    this.#userSpeaks = speaks;
    this.look();
  }

  /** What is being said, and every call that blocks. */
  interrupt(): void {
    for (const turn of [...this.#queue, ...this.#calling]) this.#cut(turn, 'user');
    if (this.#mouth) this.#cut(this.#mouth, 'user');
    this.look();
  }

  hears(text: string): void {
    if (this.#mouth) this.#mouth.heardSoFar = text;
  }

  /** What is being said has been heard. */
  ends(): void {
    const turn = this.#mouth;
    if (turn?.saying === undefined) return;
    this.#hear(turn, turn.saying);
    this.#end(turn, { type: 'completed', heard: turn.heard });
    this.look();
  }

  says(asked: Asked, text: string): void {
    this.#answer(asked);
    asked.turn.saying = text;
  }

  saysNothing(asked: Asked): void {
    this.#answer(asked);
    const { turn } = asked;
    const { heard } = turn;
    this.#end(turn, heard === '' ? { type: 'nothing_said' } : { type: 'completed', heard });
    this.look();
  }

  fails(asked: Asked, error: Error): void {
    this.#answer(asked);
    this.#end(asked.turn, { type: 'failed', error });
    this.look();
  }

  calls({ turn, ...asked }: Asked, toolName: string, argumentsText: string): void {
    this.#answer({ turn, ...asked });
    const engine = this.#requireEngine();
    this.#mouth = undefined;
    this.#calling.add(turn);
    const call = engine.start(
      { wireId: `call_${String((this.#calls += 1))}`, toolName, argumentsText },
      {
        speechId: turn.speechId,
        step: turn.step,
        activityId: 'agent',
        tools: this.#tools?.engineTools ?? new Map(),
        toolsAllowed: turn.toolChoice !== 'none',
        speech: turn,
      },
    );
    turn.toolsCalled = true;
    turn.call = call;
    this.#context.hold(call.callId);
    void call.first.then(() => {
      this.#collect(turn);
      this.look();
    });
    this.look();
  }

  refuseAppends(times: number): void {
    this.#refused = times;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const turn of [...this.#queue, ...this.#calling]) this.#cut(turn, 'system');
    if (this.#mouth) this.#cut(this.#mouth, 'system');
  }

  /** Serves whoever can be served: turns that go on before claims. */
  look(): void {
    while (!this.#closed && this.#step());
  }

  #step(): boolean {
    const next = this.#mouth ? undefined : this.#queue.shift();
    if (next) {
      this.#ask(next);
      return true;
    }
    const waiting = this.#nextClaim();
    if (!waiting) return false;
    this.#waiting = this.#waiting.filter((each) => each !== waiting);
    waiting.take(this.#floor());
    return true;
  }

  #nextClaim(): Waiting | undefined {
    const now = this.#clock.now();
    const open = this.#waiting.filter((each) => each.notBefore <= now);
    if (this.capabilities.turns === 'model') return open[0];
    if (this.#userSpeaks) return undefined;
    if (this.#mouth) {
      const cut = open.find((each) => each.level === 'now' && this.#mayCut(each));
      if (cut && this.#mouth) this.#cut(this.#mouth, 'system');
      return cut;
    }
    // Calls that have settled are about to be answered: that is no pause.
    if ([...this.#calling].some((turn) => turn.call?.settled)) return undefined;
    return open.find((each) => each.level !== 'quiet' || this.#calling.size === 0);
  }

  #mayCut(each: Waiting): boolean {
    const turn = this.#mouth;
    return this.capabilities.interrupt && !each.about().every((id) => turn && this.#context.held(id, turn.position));
  }

  #floor(): Floor {
    const turn = this.#newTurn(undefined);
    return {
      speechId: turn.speechId,
      serves: () => true,
      release: () => undefined,
      speak: (reply) => this.#speak(turn, reply),
    };
  }

  #speak(turn: ScriptedTurn, reply: DeliveryReply): Promise<Outcome> {
    turn.reply = reply;
    for (const id of reply.about) this.#context.release(id);
    if (this.capabilities.turns === 'runtime') {
      this.#ask(turn);
      return turn.outcome;
    }
    this.#queue.push(turn);
    return Promise.resolve({ type: 'accepted' });
  }

  #newTurn(reply: DeliveryReply | undefined): ScriptedTurn {
    return new ScriptedTurn(`speech_${String((this.#turns += 1))}`, reply, (turn) => this.#cut(turn, 'system'));
  }

  /** The turn has the mouth: its model is asked. */
  #ask(turn: ScriptedTurn): void {
    this.#mouth = turn;
    const { prompt, position } = this.#context.view(turn.step === 0 ? turn.reply?.instructions : undefined);
    turn.position = position;
    const toolChoice = this.capabilities.toolChoice ? turn.toolChoice : 'auto';
    this.asked = [...this.asked, { turn, prompt, toolChoice, position }];
  }

  #answer({ turn }: Asked): void {
    this.asked = this.asked.filter((each) => each.turn !== turn);
  }

  #hear(turn: ScriptedTurn, text: string): void {
    turn.saying = undefined;
    if (text === '') return;
    turn.heard = turn.heard === '' ? text : `${turn.heard} ${text}`;
    turn.untold = undefined;
    this.heard.push(text);
    this.#context.add(`Agent: ${text}`);
    this.#context.cover(turn.position);
  }

  #cut(turn: ScriptedTurn, by: 'user' | 'system'): void {
    if (turn.isOver) return;
    const engine = this.#requireEngine();
    if (turn.saying !== undefined) this.#hear(turn, turn.heardSoFar);
    if (by === 'user') engine.turnInterrupted(turn.speechId);
    else engine.turnToBackground(turn.speechId);
    this.#answer({ turn, prompt: '', toolChoice: 'auto', position: 0 });
    this.#collect(turn, false);
    this.#end(turn, { type: 'interrupted', heard: turn.heard });
  }

  /** The call has its output: both enter, and the turn goes on where a reply is wanted. */
  #collect(turn: ScriptedTurn, goesOn = true): void {
    const { call } = turn;
    if (!call?.settled || !this.#calling.delete(turn)) return;
    const { output, wantsReply } = call.settled;
    turn.call = undefined;
    this.#context.addCall(call.callId, `Call: ${call.toolName}(${JSON.stringify(call.input)})\nOutput: ${output.text}`);
    if (wantsReply) turn.untold = call.callId;
    if (!goesOn) return;
    turn.step += 1;
    if (wantsReply) this.#queue.push(turn);
    else this.#end(turn, turn.heard === '' ? { type: 'nothing_said' } : { type: 'completed', heard: turn.heard });
  }

  #end(turn: ScriptedTurn, outcome: Outcome): void {
    if (this.#mouth === turn) this.#mouth = undefined;
    this.#queue = this.#queue.filter((each) => each !== turn);
    const isWhole = outcome.type === 'completed' || outcome.type === 'nothing_said';
    turn.end(outcome);
    this.#requireEngine().turnEnded(turn.speechId, isWhole || turn.untold === undefined ? [] : [turn.untold]);
  }

  #requireEngine(): Engine {
    if (!this.#engine) throw new Error('The conversation has not been started.');
    return this.#engine;
  }
}
