/**
 * The engine's front: every call of every tool goes through here (S1.1). Each step of a call's way has its own file:
 * its arguments (`reading.ts`), what becomes of it (`admission.ts`), what stands before its body (`starting.ts`), the
 * body (`task.ts`), the turn it blocks (`turns.ts`), the telling of what it recorded (`announcer.ts`).
 */
import type { AnswerAction, Owner } from '../chat/records.ts';
import { isUsedId, type TaskState } from '../chat/state.ts';
import { promptText, type RunningCall } from '../tools/prompts.ts';
import { Admission } from './admission.ts';
import { Announcer } from './announcer.ts';
import { Answers } from './answers.ts';
import { armAutoBackground } from './auto-background.ts';
import { Call } from './call.ts';
import { cancelTask } from './cancelling.ts';
import { cancelled } from './ending.ts';
import { leaveOwner } from './leaving.ts';
import { Outbox } from './outbox.ts';
import { Questions } from './questions.ts';
import { Reading } from './reading.ts';
import { Roster } from './roster.ts';
import type {
  Cancellation,
  CancelRequester,
  EngineDeps,
  EngineTool,
  IncomingCall,
  StartedCall,
  Tasks,
  TurnRef,
} from './seam.ts';
import { Starting } from './starting.ts';
import type { Task } from './task.ts';
import { Turns } from './turns.ts';

export interface ExecutorClosing {
  /** What bodies are told: `suspended`: it goes on in another process. Default `closed`. */
  readonly stop?: 'closed' | 'suspended';
  /** Do a tool's tasks run to their end, and are their results kept in the ledger, to be handed over? Default: no. */
  readonly goesOn?: (tool: EngineTool | undefined) => boolean;
}

export class Executor implements Tasks {
  readonly announcer: Announcer;
  readonly #deps: EngineDeps;
  /** Made with the first question: most sessions ask none. */
  #questions: Questions | undefined;
  readonly #roster: Roster;
  readonly #answers: Answers;
  readonly #admission: Admission;
  readonly #reading: Reading;
  readonly #turns: Turns;
  #closed = false;

  constructor(given: Omit<EngineDeps, 'questions' | 'outbox'>) {
    const questions = { ask: (...args: Parameters<Questions['ask']>) => this.#asking.ask(...args) };
    const outbox = new Outbox(
      (owner, records) => given.conversation.append(owner, records),
      (error) => given.report({ type: 'append_failed', error }),
    );
    const deps = { ...given, questions, outbox };
    const roster = new Roster(deps.journal);
    const answers = new Answers(deps);
    const recorded = (): void => {
      this.announcer.recorded();
      deps.changed();
    };
    const starting = new Starting(deps, roster);
    this.#admission = new Admission({ deps, roster, answers, starting, recorded, isClosed: () => this.#closed });
    this.#deps = deps;
    this.#roster = roster;
    this.#answers = answers;
    this.#reading = new Reading((...read) => this.#admission.take(...read));
    this.#turns = new Turns({ deps, roster, answers, admission: this.#admission, recorded });
    this.announcer = new Announcer(deps, roster);
  }

  get #asking(): Questions {
    return (this.#questions ??= new Questions(this.#deps, () => this.announcer.look()));
  }

  /** Tasks whose bodies run or are stopping. */
  get live(): Iterable<Task> {
    return this.#roster.live;
  }

  /** By its own id, or that of a call that joined it. */
  find(callId: string): Task | undefined {
    return this.#roster.find(callId);
  }

  toolNameOf(callId: string): string {
    const { running, ended } = this.#deps.journal.state.tasks;
    return (running.get(callId) ?? ended.get(callId))?.toolName ?? '';
  }

  start(incoming: IncomingCall, turn: TurnRef): StartedCall {
    const call = new Call(this.#turns.newId(incoming.wireId), incoming, turn);
    this.#turns.add(call);
    const { tool, toolName: functionName } = call;
    this.#noteOddities(call);
    if (!turn.toolsAllowed)
      this.#answers.refuse(call, 'refused', 'notAllowed', { functionName }, { wantsReply: false });
    else if (tool) {
      this.#reading.read(call, tool);
      armAutoBackground(call, this.#deps.clock, this.#admission);
    } else {
      const available = [...turn.tools.keys()].join(', ') || 'none';
      this.#answers.refuse(call, 'unknown', 'unknownTool', { functionName, available });
    }
    this.#turns.reserve(call);
    return call;
  }

  /** The conversation goes on; who watches it can tell what the model did. */
  #noteOddities({ callId, wireId, toolName, tool, turn }: Call): void {
    if (turn.toolsAllowed && tool && wireId === callId) return;
    const note = (fact: string): void => this.#deps.report({ type: 'call_odd', callId, toolName, fact });
    if (!turn.toolsAllowed) note(`called ${toolName} though no tool might be called`);
    else if (!tool) note(`called "${toolName}", which is no tool`);
    if (wireId !== callId && isUsedId(this.#deps.journal.state.tasks, wireId))
      note(`gave the call of ${toolName} the id "${wireId}", which it had used before`);
  }

  blocking(speechId: string): number {
    return this.#turns.blocking(speechId);
  }

  /** Calls of the speech that have no output yet, waiting ones included. */
  unsettled(speechId: string): number {
    return this.#turns.unsettled(speechId);
  }

  /** Did this step make calls? */
  madeCalls(speechId: string, step: number): boolean {
    return this.#turns.madeCalls(speechId, step);
  }

  /** The call has its output, or itself waits. */
  async whenFree(callId: string): Promise<void> {
    await this.#roster.get(callId)?.whenFree;
  }

  /** Running calls that no context holds yet, for a note to a model that must not repeat them (S9.1). */
  runningCalls(speechIds: Iterable<string>): RunningCall[] {
    return this.#turns.running(speechIds);
  }

  /** A task of a process that died runs again, from its body's start. */
  async resume(state: TaskState, turn: TurnRef): Promise<void> {
    const tool = turn.tools.get(state.toolName);
    if (tool) await this.#admission.resume(state, tool, turn);
  }

  /** Of calls that were made before the session was restored, and are still to be told. */
  keepTools(tools: TurnRef['tools']): void {
    for (const { callId, record } of this.#deps.journal.state.tasks.deliveries.values()) {
      const tool = tools.get(record.toolName);
      if (tool) this.#roster.keepTool(callId, tool);
    }
  }

  turnInterrupted(speechId: string): void {
    this.#turns.endToolPhase(speechId, true);
  }

  turnToBackground(speechId: string): void {
    this.#turns.endToolPhase(speechId, false);
  }

  turnEnded(speechId: string, untold: readonly string[]): void {
    this.#turns.ended(speechId, untold);
  }

  cancel(callId: string, by: CancelRequester): Cancellation {
    return cancelTask(this.#roster, this.#deps.journal, callId, by);
  }

  async answer(callId: string, action: AnswerAction, content: unknown, signal?: AbortSignal): Promise<void> {
    const task = this.#roster.find(callId);
    const noQuestion =
      task?.text('noQuestion', { callId }) ??
      promptText(this.#deps.prompts(''), 'noQuestion', { callId }, (error) =>
        this.#deps.report({ type: 'prompt_failed', name: 'noQuestion', error }),
      );
    await this.#asking.answer(this.#roster.idOf(callId), action, content, noQuestion, signal);
  }

  async ownerEnded(owner: Owner, boundMs: number): Promise<void> {
    await leaveOwner(this.#deps, this.#roster, owner, boundMs);
    this.announcer.look();
  }

  /**
   * Tasks end as cancelled whatever their bodies then do, and what is untold is dropped, what `goesOn` excepted. Resolves when
   * the bodies stopped that were told to.
   */
  async close(reason: string, { stop = 'closed', goesOn = () => false }: ExecutorClosing = {}): Promise<void> {
    this.#closed = true;
    const live = [...this.#roster.live];
    const stopping = live.filter((task) => !canGoOn(task) || !goesOn(task.tool));
    for (const task of stopping) task.stop(cancelled, stop);
    this.announcer.close();
    this.#dropUntold(reason, goesOn);
    this.#asking.close();
    await Promise.all(stopping.map((task) => task.whenOver));
  }

  /** Results stay that `goesOn`, and those of earlier sessions. */
  #dropUntold(reason: string, goesOn: (tool: EngineTool | undefined) => boolean): void {
    const { journal } = this.#deps;
    const { deliveries, ended, received } = journal.state.tasks;
    this.announcer.sweep();
    for (const { id, callId, record } of deliveries.values()) {
      const isResult = record.phase === 'final' && ended.has(callId);
      if (received.has(id) || (isResult && goesOn(this.#roster.toolOf(callId)))) continue;
      journal.commit({ type: 'delivery_ended', id, receipt: 'dropped', reason });
    }
  }

  /** Of those that were told to stop. */
  giveUp(): void {
    for (const task of this.#roster.live) if (task.hasEnded) task.giveUp();
  }
}

/** Its body has begun, or will without the user. */
function canGoOn({ state }: Task): boolean {
  return state?.key !== undefined && state.question?.approval !== true;
}
