/** One call of the model on its way to an output. It may become a task, or be answered without one (S7.2). */
import type { JsonObject, ProviderMetadata } from '../chat/items.ts';
import type { EngineTool, FirstOutput, IncomingCall, StartedCall, TurnRef } from './seam.ts';
import type { Task } from './task.ts';

export class Call implements StartedCall {
  readonly callId: string;
  readonly wireId: string;
  readonly toolName: string;
  readonly providerMetadata?: ProviderMetadata;
  readonly argumentsText: string;
  readonly turn: TurnRef;
  readonly tool: EngineTool | undefined;
  input: JsonObject = {};
  task: Task | undefined;
  settled: FirstOutput | undefined;
  readonly #first = Promise.withResolvers<FirstOutput>();

  constructor(callId: string, incoming: IncomingCall, turn: TurnRef) {
    this.callId = callId;
    this.wireId = incoming.wireId;
    this.toolName = incoming.toolName;
    if (incoming.providerMetadata) this.providerMetadata = incoming.providerMetadata;
    this.argumentsText = incoming.argumentsText;
    this.turn = turn;
    this.tool = turn.tools.get(incoming.toolName);
  }

  get first(): Promise<FirstOutput> {
    return this.#first.promise;
  }

  /** Once; what comes later changes nothing. */
  settle(first: FirstOutput): boolean {
    if (this.settled) return false;
    this.settled = first;
    this.#first.resolve(first);
    return true;
  }
}
