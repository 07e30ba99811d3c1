/**
 * The calls of each open turn: how many block (S6.8), what an interruption makes of them, and what nobody told of them
 * when the turn ended (S5.6).
 */
import { isUsedId } from '../chat/state.ts';
import { emptyMap, put, remove } from '../chat/tables.ts';
import type { RunningCall } from '../tools/prompts.ts';
import type { Admission } from './admission.ts';
import type { Answers } from './answers.ts';
import type { Call } from './call.ts';
import { cancelled } from './ending.ts';
import { chooseCallId } from './ids.ts';
import type { Roster } from './roster.ts';
import type { EngineDeps } from './seam.ts';
import { untoldOutput } from './untold.ts';

export interface TurnsPorts {
  readonly deps: EngineDeps;
  readonly roster: Roster;
  readonly answers: Answers;
  readonly admission: Admission;
  /** The ledger may have changed. */
  readonly recorded: () => void;
}

export class Turns {
  readonly #ports: TurnsPorts;
  /** By speech. */
  #calls: ReadonlyMap<string, Call[]> = emptyMap();
  /** Ids of calls that no record holds yet: only where something is asynchronous are there any. */
  #reserved: Set<string> | undefined;

  constructor(ports: TurnsPorts) {
    this.#ports = ports;
  }

  newId(wireId: string): string {
    const { state } = this.#ports.deps.journal;
    const isUsed = (id: string): boolean => isUsedId(state.tasks, id) || this.#reserved?.has(id) === true;
    return chooseCallId(wireId, isUsed, state.seq + 1);
  }

  /** No other call gets its id, whatever becomes of it. */
  reserve({ callId }: Call): void {
    if (!isUsedId(this.#ports.deps.journal.state.tasks, callId)) (this.#reserved ??= new Set()).add(callId);
  }

  add(call: Call): void {
    const { speechId } = call.turn;
    const calls = this.#calls.get(speechId);
    if (calls) calls.push(call);
    else this.#calls = put(this.#calls, speechId, [call]);
  }

  blocking(speechId: string): number {
    return this.#of(speechId).filter((call) => call.isBlocking).length;
  }

  madeCalls(speechId: string, step: number): boolean {
    return this.#of(speechId).some((call) => call.turn.step === step);
  }

  unsettled(speechId: string): number {
    return this.#of(speechId).filter((call) => !call.settled).length;
  }

  /** Tasks whose calls no context holds yet. */
  running(speechIds: Iterable<string>): RunningCall[] {
    return [...speechIds].flatMap((speechId) =>
      this.#of(speechId).flatMap(({ task }) => {
        const state = task?.state;
        if (!state || state.batched) return [];
        const { callId, toolName, input, newest } = state;
        return [{ callId, toolName, arguments: JSON.stringify(input), message: newest?.output.text ?? '' }];
      }),
    );
  }

  /** `abortable`: the user interrupted, so that `onInterrupt: 'abort'` holds. In the order of the calls. */
  endToolPhase(speechId: string, abortable: boolean): void {
    for (const call of this.#of(speechId)) if (!call.settled) this.#endCall(call, abortable);
  }

  ended(speechId: string, untold: readonly string[]): void {
    const calls = this.#of(speechId);
    remove(this.#calls, speechId);
    for (const call of calls) {
      this.#reserved?.delete(call.callId);
      if (untold.includes(call.callId)) this.#deliver(call);
    }
  }

  #of(speechId: string): readonly Call[] {
    return this.#calls.get(speechId) ?? [];
  }

  #endCall(call: Call, abortable: boolean): void {
    const { admission, answers } = this.#ports;
    const { state, tool } = call;
    const aborts = abortable && tool?.policy.onInterrupt === 'abort';
    switch (state.type) {
      case 'task':
        return aborts ? state.task.stop(cancelled, 'interrupted') : state.task.background('interrupted');
      case 'joined':
        return admission.settleJoined(call, state.to, false);
      case 'companion':
        state.abort.abort();
        return answers.cancel(call);
      case 'reading':
        return aborts || !tool || tool.companion
          ? answers.cancel(call)
          : admission.toBackground(call, tool, 'interrupted');
    }
  }

  #deliver(call: Call): void {
    const { deps, roster, recorded } = this.#ports;
    const untold = untoldOutput(call, deps.journal.state.tasks, deps.clock.now());
    if (!untold) return;
    const { record, terms } = untold;
    if (terms.mode === 'silent') {
      deps.journal.commit({ type: 'delivery_ended', id: record.id, receipt: 'silent' });
      return;
    }
    deps.journal.commit({ type: 'delivery_opened', callId: record.callId, record, delivery: terms });
    if (call.tool) roster.keepTool(record.callId, call.tool);
    recorded();
  }
}
