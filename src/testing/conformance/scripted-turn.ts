/** One turn of the agent in the scripted conversation: words, calls, and again while an output wants a reply. */
import type { DeliveryReply, Outcome, SpeechRef, StartedCall } from '../../index.ts';

const maxSteps = 3;

export class ScriptedTurn implements SpeechRef {
  readonly speechId: string;
  readonly allowInterruptions = true;
  /** What it was asked to tell; undefined where it answers the user. */
  reply: DeliveryReply | undefined;
  step = 0;
  /** How much of the context its newest request held. */
  position = 0;
  /** The call that runs. */
  call: StartedCall | undefined;
  /** An output that wanted a reply, until something of that was heard. */
  untold: string | undefined;
  saying: string | undefined;
  /** Of what is being said. */
  heardSoFar = '';
  heard = '';
  toolsCalled = false;
  readonly #cut: (turn: ScriptedTurn) => void;
  readonly #outcome = Promise.withResolvers<Outcome>();
  #ended: Outcome | undefined;

  constructor(speechId: string, reply: DeliveryReply | undefined, cut: (turn: ScriptedTurn) => void) {
    this.speechId = speechId;
    this.reply = reply;
    this.#cut = cut;
  }

  get id(): string {
    return this.speechId;
  }

  get toolChoice(): 'auto' | 'none' {
    return this.step >= maxSteps ? 'none' : (this.reply?.toolChoice ?? 'auto');
  }

  get isOver(): boolean {
    return this.#ended !== undefined;
  }

  get interrupted(): boolean {
    return this.#ended?.type === 'interrupted';
  }

  get outcome(): Promise<Outcome> {
    return this.#outcome.promise;
  }

  end(outcome: Outcome): void {
    const { toolsCalled } = this;
    this.#ended = outcome;
    this.#outcome.resolve(outcome.type === 'accepted' || !toolsCalled ? outcome : { ...outcome, toolsCalled });
  }

  async waitForPlayout(): Promise<void> {
    await this.#outcome.promise;
  }

  interrupt(): void {
    this.#cut(this);
  }
}
