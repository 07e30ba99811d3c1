/**
 * One call of the model on its way to an output (S7.2). It becomes a task, joins one (S4.4), is a companion's (S5.4),
 * or is answered without any of these.
 */
import type { JsonObject, ProviderMetadata } from '../chat/items.ts';
import { parseArguments } from '../tools/arguments.ts';
import type { EngineTool, FirstOutput, IncomingCall, StartedCall, TurnRef } from './seam.ts';
import type { Task } from './task.ts';

export type CallState =
  /** Its arguments are being validated. */
  | { readonly type: 'reading' }
  | { readonly type: 'task'; readonly task: Task }
  /** `told`: the record of that task that was its answer, where it did not wait for the task's own output. */
  | { readonly type: 'joined'; readonly to: Task; readonly told?: string }
  | { readonly type: 'companion'; readonly abort: AbortController };

export class Call implements StartedCall {
  readonly callId: string;
  readonly wireId: string;
  readonly toolName: string;
  readonly providerMetadata?: ProviderMetadata;
  readonly argumentsText: string;
  readonly turn: TurnRef;
  readonly tool: EngineTool | undefined;
  state: CallState = { type: 'reading' };
  settled: FirstOutput | undefined;
  #input: JsonObject | undefined;
  /** Made when somebody asks before it is settled. */
  #first: PromiseWithResolvers<FirstOutput> | undefined;

  constructor(callId: string, incoming: IncomingCall, turn: TurnRef) {
    this.callId = callId;
    this.wireId = incoming.wireId;
    this.toolName = incoming.toolName;
    if (incoming.providerMetadata) this.providerMetadata = incoming.providerMetadata;
    this.argumentsText = incoming.argumentsText;
    this.turn = turn;
    this.tool = turn.tools.get(incoming.toolName);
  }

  /** As the model gave it, whether it fits or not; empty where it is no JSON. */
  get input(): JsonObject {
    if (this.#input) return this.#input;
    const parsed = parseArguments(this.argumentsText, this.turn.cutOff?.() ?? false);
    this.#input = parsed.ok ? parsed.value : {};
    return this.#input;
  }

  set input(given: JsonObject) {
    this.#input = given;
  }

  get task(): Task | undefined {
    return this.state.type === 'task' ? this.state.task : undefined;
  }

  get first(): Promise<FirstOutput> {
    if (this.settled) return Promise.resolve(this.settled);
    this.#first ??= Promise.withResolvers();
    return this.#first.promise;
  }

  /** It has no output, and does not itself wait (S6.8). */
  get isBlocking(): boolean {
    if (this.settled) return false;
    return this.task?.isBlocking ?? true;
  }

  /** Once; what comes later changes nothing. */
  settle(first: FirstOutput): boolean {
    if (this.settled) return false;
    this.settled = first;
    this.#first?.resolve(first);
    return true;
  }
}
