/**
 * What becomes of a call whose arguments were read (S4): an answer, a place beside a running task, or a task of its own.
 * There is no yield from here to the body's first line, unless something stands before it (`starting.ts`).
 *
 * A call that went to the background before its arguments were validated is a task already (S5.6): it is judged like any
 * other, and an answer is its end.
 */
import type { TaskState } from '../chat/state.ts';
import type { Answers } from './answers.ts';
import type { Call } from './call.ts';
import { refusalOf } from './cancelling.ts';
import { runCompanion } from './companion-call.ts';
import { describeAge, describeRunning, judgeDuplicate, type DuplicateVerdict } from './duplicates.ts';
import { answered, endingOfThrow, type Ending } from './ending.ts';
import type { Roster } from './roster.ts';
import type { CallArguments, EngineDeps, EngineTool, FirstOutput, Parsed, TurnRef } from './seam.ts';
import type { Starting } from './starting.ts';
import { Task, type TaskHooks } from './task.ts';

/** A call whose arguments fit. */
interface Wanted {
  readonly tool: EngineTool;
  readonly args: CallArguments;
  readonly key: string;
  readonly supersedeKey: string | undefined;
}

export interface AdmissionPorts {
  readonly deps: EngineDeps;
  readonly roster: Roster;
  readonly answers: Answers;
  readonly starting: Starting;
  /** The ledger may have changed. */
  readonly recorded: () => void;
  readonly isClosed: () => boolean;
}

export class Admission implements TaskHooks {
  readonly #ports: AdmissionPorts;

  constructor(ports: AdmissionPorts) {
    this.#ports = ports;
  }

  take(call: Call, tool: EngineTool, parsed: Parsed): void {
    const { answers, isClosed } = this.#ports;
    if (call.task ? call.task.hasEnded : call.settled) return;
    if (!parsed.ok) {
      if (parsed.error !== undefined) answers.report(call, parsed.error);
      return answers.refuse(call, 'invalid', 'badArguments', { functionName: tool.name, reasons: parsed.reasons });
    }
    call.input = parsed.given;
    if (isClosed()) return answers.cancel(call);
    if (tool.companion) return runCompanion(call, tool, answers);
    let wanted: Wanted;
    try {
      wanted = { tool, args: parsed, key: tool.keyOf(parsed), supersedeKey: tool.supersedeKeyOf(parsed) };
    } catch (error) {
      answers.report(call, error);
      return answers.refuse(call, 'refused', 'genericError', { functionName: tool.name });
    }
    this.#judge(call, wanted);
  }

  /** Its arguments are read anew: what they were validated to is not recorded. */
  async resume(state: TaskState, tool: EngineTool, turn: TurnRef): Promise<void> {
    const { deps, roster, starting } = this.#ports;
    const { callId, input } = state;
    const task = new Task(deps, this, { callId, input, value: undefined, settle: () => undefined }, tool, turn);
    task.resume();
    roster.add(task);
    try {
      const parsed = await tool.parse(JSON.stringify(input), false);
      if (!parsed.ok) return task.end(this.#misfit(task, parsed.reasons));
      task.validated({ input, value: parsed.value });
      starting.start(task, false);
    } catch (error) {
      task.end(endingOfThrow(error));
    }
  }

  /** A newer build wants other arguments. */
  #misfit(task: Task, reasons: string): Ending {
    const text = task.text('badArguments', { functionName: task.tool.name, reasons });
    return answered({ type: 'error', text }, true);
  }

  onStopped(task: Task): void {
    const { roster, deps } = this.#ports;
    roster.stopped(task);
    deps.changed();
  }

  onRecorded(): void {
    this.#ports.recorded();
  }

  /** Its arguments are still being validated: it goes on as a background task (S5.6). */
  toBackground(call: Call, tool: EngineTool, reason: 'interrupted' | 'auto'): void {
    this.#register(call, tool, { input: call.input, value: undefined }).background(reason);
  }

  /** A call that joined another is answered with that one's output, or with what there is while that one waits (S4.4). */
  settleJoined(call: Call, to: Task, wantsReply = true): void {
    if (call.settled) return;
    if (to.first) call.settle({ output: to.first.output, wantsReply: to.first.wantsReply, background: false });
    else call.settle({ output: this.#joinedOutput(call, to), wantsReply, background: false });
    this.#ports.deps.changed();
  }

  #judge(call: Call, wanted: Wanted): void {
    const { tool, key, args } = wanted;
    const { journal, clock } = this.#ports.deps;
    const query = { key, confirmed: args.confirmed, policy: tool.policy, now: clock.now() };
    const verdict = judgeDuplicate(journal.state.tasks, query);
    switch (verdict.type) {
      case 'run':
        return this.#admit(call, wanted, []);
      case 'join':
        return this.#join(call, tool, verdict.callId);
      case 'replace': {
        const matches = verdict.running.flatMap((state) => this.#ports.roster.get(state.callId) ?? []);
        return this.#replace(call, wanted, matches);
      }
      default:
        return this.#answer(call, tool, verdict);
    }
  }

  #answer(
    call: Call,
    tool: EngineTool,
    verdict: Extract<DuplicateVerdict, { type: 'reject' | 'confirm' | 'replay' }>,
  ): void {
    const { answers } = this.#ports;
    const functionName = tool.name;
    if (verdict.type === 'replay') {
      const age = describeAge(verdict.ageMs);
      const text = answers.text(call, 'duplicateReplay', { functionName, age, output: verdict.output.text });
      return answers.give(call, 'replayed', { type: 'text', text }, { taskId: verdict.callId });
    }
    const name = verdict.type === 'reject' ? 'duplicateReject' : 'duplicateConfirm';
    const runningCalls = verdict.running.map(describeRunning).join('\n');
    answers.give(call, 'duplicate', { type: 'text', text: answers.text(call, name, { functionName, runningCalls }) });
  }

  /** If one may not be cancelled, none is (S4.3). */
  #replace(call: Call, wanted: Wanted, matches: readonly Task[]): void {
    const kept = matches.find((task) => refusalOf(task) !== undefined);
    const refusal = kept && refusalOf(kept);
    if (refusal) return this.#ports.answers.refuse(call, 'refused', refusal, { callId: kept.callId });
    this.#admit(call, wanted, matches);
  }

  #join(call: Call, tool: EngineTool, taskId: string): void {
    const { roster, answers, deps } = this.#ports;
    const to = roster.get(taskId);
    if (!to) return answers.refuse(call, 'refused', 'genericError', { functionName: tool.name });
    // It had gone to the background itself: the one task will tell.
    if (call.task) return answers.give(call, 'joined', this.#joinedOutput(call, to), { wantsReply: false });
    if (to.first) {
      const told = to.state?.newest?.id;
      call.state = { type: 'joined', to, ...(told === undefined ? {} : { told }) };
      return answers.give(call, 'joined', this.#joinedOutput(call, to), { taskId });
    }
    call.state = { type: 'joined', to };
    deps.journal.commit({ type: 'call_answered', callId: call.callId, toolName: tool.name, reason: 'joined', taskId });
    void to.whenFree.then(() => this.settleJoined(call, to));
  }

  #joinedOutput(call: Call, to: Task): { type: 'text'; text: string } {
    const { callId, tool } = to;
    const functionName = tool.name;
    const output = to.state?.newest?.output.text ?? to.text('backgrounded', { functionName, callId });
    return { type: 'text', text: this.#ports.answers.text(call, 'duplicateJoin', { functionName, callId, output }) };
  }

  /** The call becomes a task; its body starts now, or when what stands before it is done. */
  #admit(call: Call, wanted: Wanted, replaced: readonly Task[]): void {
    const { tool, args } = wanted;
    const { answers, starting } = this.#ports;
    if (starting.turnsAway(tool, replaced)) {
      const limit = String(tool.policy.maxConcurrency?.limit);
      return answers.refuse(call, 'refused', 'queueFull', { functionName: tool.name, limit });
    }
    const task = call.task ? this.#validated(call.task, wanted) : this.#register(call, tool, args, wanted);
    starting.start(task, replaced.length > 0);
  }

  #register(call: Call, tool: EngineTool, args: Pick<CallArguments, 'input' | 'value'>, wanted?: Wanted): Task {
    const { deps, roster, recorded } = this.#ports;
    const { callId, turn } = call;
    const { speechId, step, activityId } = turn;
    const settle = (first: FirstOutput): boolean => call.settle(first);
    const task = new Task(deps, this, { callId, ...args, settle }, tool, turn);
    call.state = { type: 'task', task };
    roster.add(task);
    const key = wanted ? keysOf(wanted) : {};
    const { owner, name: toolName } = tool;
    deps.journal.commit({
      type: 'task_started',
      callId,
      toolName,
      input: args.input,
      owner,
      activityId,
      speechId,
      step,
      ...key,
    });
    if (wanted?.supersedeKey !== undefined) recorded();
    return task;
  }

  #validated(task: Task, wanted: Wanted): Task {
    const { deps, recorded } = this.#ports;
    const { callId } = task;
    task.validated(wanted.args);
    deps.journal.commit({ type: 'task_validated', callId, input: wanted.args.input, ...keysOf(wanted) });
    if (wanted.supersedeKey !== undefined) recorded();
    return task;
  }
}

function keysOf({ key, supersedeKey }: Wanted): { key: string; supersedeKey?: string } {
  return { key, ...(supersedeKey === undefined ? {} : { supersedeKey }) };
}
