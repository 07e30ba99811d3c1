/**
 * Every call of every tool goes through here (S1.1): arguments, then duplicates, then approval and places, then the
 * body. The calls of one step are judged in the model's order without a yield between (S4.6); only a validation that
 * is itself asynchronous makes the next one wait.
 */
import { describeError, StopResponse, ToolError } from '../errors.ts';
import type { JsonObject, Output, TaskRecord } from '../chat/items.ts';
import type { AnsweredReason, Owner } from '../chat/records.ts';
import type { TaskState } from '../chat/state.ts';
import { promptText, type PromptArgs, type Prompts, type RunningCall } from '../tools/prompts.ts';
import { toText } from '../tools/text.ts';
import { Announcer } from './announcer.ts';
import { Call } from './call.ts';
import { refusalOf, type CancelRequester } from './cancelling.ts';
import { judgeDuplicate, type DuplicateVerdict } from './duplicates.ts';
import { cancelled, declined, endingOfThrow } from './ending.ts';
import { chooseCallId } from './ids.ts';
import { Places } from './limits.ts';
import { Outbox } from './outbox.ts';
import { Questions } from './questions.ts';
import type { CallArguments, EngineDeps, EngineTool, IncomingCall, Parsed, StartedCall, Tasks, TurnRef } from './seam.ts';
import { Task } from './task.ts';

/** A call whose arguments fit. */
interface Wanted {
  readonly tool: EngineTool;
  readonly args: CallArguments;
  readonly key: string;
  readonly supersedeKey: string | undefined;
}

export class Executor implements Tasks {
  readonly announcer: Announcer;
  readonly #deps: EngineDeps;
  readonly #questions: Questions;
  readonly #places = new Places();
  /** Tasks whose bodies run, whether their tasks have ended or not. */
  readonly #live = new Map<string, Task>();
  /** The tools of calls that can still be told. */
  readonly #tools = new Map<string, EngineTool>();
  readonly #calls = new Map<string, Call[]>();
  /** Steps in which an asynchronous validation is under way: the calls behind it wait. */
  readonly #gates = new Map<string, Promise<void>>();
  readonly #reserved = new Set<string>();
  #closed = false;

  constructor(deps: Omit<EngineDeps, 'questions' | 'outbox'>) {
    const questions = { ask: (...args: Parameters<Questions['ask']>) => this.#questions.ask(...args) };
    const outbox = new Outbox(
      (owner, records) => deps.conversation.append(owner, records),
      (error) => deps.report({ type: 'append_failed', error }),
    );
    this.#deps = { ...deps, questions, outbox };
    this.#questions = new Questions(this.#deps);
    this.announcer = new Announcer(this.#deps, (callId) => this.#tools.get(callId));
  }

  /** Tasks whose bodies run or are stopping. */
  get live(): Iterable<Task> {
    return this.#live.values();
  }

  find(callId: string): Task | undefined {
    return this.#live.get(this.#deps.journal.state.tasks.joined.get(callId) ?? callId);
  }

  toolNameOf(callId: string): string {
    const { running, ended } = this.#deps.journal.state.tasks;
    return (running.get(callId) ?? ended.get(callId))?.toolName ?? '';
  }

  start(incoming: IncomingCall, turn: TurnRef): StartedCall {
    const call = new Call(this.#newId(incoming.wireId), incoming, turn);
    const calls = this.#calls.get(turn.speechId);
    if (calls) calls.push(call);
    else this.#calls.set(turn.speechId, [call]);
    this.#prepare(call);
    return call;
  }

  blocking(speechId: string): number {
    let count = 0;
    for (const call of this.#calls.get(speechId) ?? []) {
      if (!call.settled && (call.task ? call.task.isBlocking : true)) count += 1;
    }
    return count;
  }

  /** Calls of the speech that have no output yet, waiting ones included. */
  unsettled(speechId: string): number {
    return (this.#calls.get(speechId) ?? []).filter((call) => !call.settled).length;
  }

  /** The call has its output, or itself waits. */
  async whenFree(callId: string): Promise<void> {
    await this.#live.get(callId)?.whenFree;
  }

  /** The calls of the speech that block, for a note to a model that must not repeat them (S9.1). */
  runningCalls(speechIds: Iterable<string>): RunningCall[] {
    const found: RunningCall[] = [];
    for (const speechId of speechIds) {
      for (const call of this.#calls.get(speechId) ?? []) {
        if (call.task && !call.task.hasEnded) found.push(toRunningCall(call.task));
      }
    }
    return found;
  }

  turnInterrupted(speechId: string): void {
    for (const call of this.#calls.get(speechId) ?? []) {
      if (call.settled) continue;
      const { task } = call;
      if (!task) {
        // Still being validated or joined to another: nothing of it ran, so nothing is lost by not starting it.
        this.#answer(call, 'refused', { type: 'text', text: this.#text(call, 'cancelled', named(call)) }, false);
      } else if (task.tool.policy.onInterrupt === 'abort') task.stop(cancelled, 'interrupted');
      else task.background('interrupted');
    }
  }

  turnEnded(speechId: string, untold: readonly string[]): void {
    const calls = this.#calls.get(speechId) ?? [];
    this.#calls.delete(speechId);
    for (const call of calls) {
      this.#reserved.delete(call.callId);
      if (untold.includes(call.callId)) this.#openDelivery(call);
    }
  }

  async cancel(callId: string, by: CancelRequester): Promise<'cancelled' | 'not_found' | 'finished'> {
    const { tasks } = this.#deps.journal.state;
    const id = tasks.joined.get(callId) ?? callId;
    const task = this.#live.get(id);
    if (!task || task.hasEnded) return tasks.ended.has(id) ? 'finished' : 'not_found';
    const refusal = by === 'model' ? refusalOf(task) : undefined;
    if (refusal) throw new ToolError(task.text(refusal, { callId }));
    task.cancel();
    this.#sweep(id);
    await task.whenStopped;
    return 'cancelled';
  }

  async answer(callId: string, action: 'accept' | 'decline' | 'cancel', content: unknown): Promise<void> {
    const id = this.#deps.journal.state.tasks.joined.get(callId) ?? callId;
    const task = this.#live.get(id);
    const noQuestion = promptText([...(task?.tool.prompts ?? [])], 'noQuestion', { callId });
    await this.#questions.answer(id, action, content, noQuestion);
    this.announcer.look();
  }

  async ownerEnded(owner: Owner, boundMs: number): Promise<void> {
    const own = [...this.#deps.journal.state.tasks.running.values()].filter((task) => task.owner === owner);
    const waited = own.filter((state) => this.#leave(state) === 'wait');
    if (waited.length > 0) await this.#waitFor(waited, boundMs);
    const { running, deliveries } = this.#deps.journal.state.tasks;
    const left = new Set<string>();
    for (const task of running.values()) if (task.owner === owner) left.add(task.callId);
    for (const delivery of deliveries.values()) if (delivery.owner === owner) left.add(delivery.callId);
    for (const callId of left) this.#deps.journal.commit({ type: 'task_moved', callId, owner: 'session' });
    this.announcer.look();
  }

  /** Tasks end as cancelled whatever their bodies then do; what is untold is dropped. Resolves when the bodies stopped. */
  async close(reason: string, except?: string): Promise<void> {
    this.#closed = true;
    const live = [...this.#live.values()];
    for (const task of live) task.stop(cancelled, 'closed');
    this.announcer.close();
    for (const id of [...this.#deps.journal.state.tasks.deliveries.keys()]) {
      this.#deps.journal.commit({ type: 'delivery_ended', id, receipt: 'dropped', reason });
    }
    await Promise.all(live.filter((task) => task.callId !== except).map((task) => task.whenStopped));
  }

  #prepare(call: Call): void {
    const { tool, turn } = call;
    if (!turn.toolsAllowed) return this.#refuse(call, 'refused', 'notAllowed', { functionName: call.toolName }, false);
    if (!tool) {
      const available = [...turn.tools.keys()].join(', ') || 'none';
      return this.#refuse(call, 'unknown', 'unknownTool', { functionName: call.toolName, available });
    }
    let parsed: Parsed | Promise<Parsed>;
    try {
      parsed = tool.parse(call.argumentsText, turn.cutOff?.() ?? false);
    } catch (error) {
      parsed = { ok: false, reasons: describeError(error) };
    }
    const key = `${turn.speechId}/${String(turn.step)}`;
    const gate = this.#gates.get(key);
    if (!gate && !(parsed instanceof Promise)) return this.#judge(call, tool, parsed);
    const settled = Promise.resolve(parsed).catch((error: unknown): Parsed => ({ ok: false, reasons: describeError(error) }));
    const next = Promise.resolve(gate).then(async () => {
      const result = await settled;
      if (this.#gates.get(key) === next) this.#gates.delete(key);
      if (!call.settled) this.#judge(call, tool, result);
    });
    this.#gates.set(key, next);
  }

  /** Not a yield from here to the body's first line, unless something must be waited for. */
  #judge(call: Call, tool: EngineTool, parsed: Parsed): void {
    if (!parsed.ok) {
      if (parsed.error !== undefined) this.#report(call, parsed.error);
      return this.#refuse(call, 'invalid', 'badArguments', { functionName: tool.name, reasons: parsed.reasons });
    }
    call.input = parsed.given;
    if (this.#closed) return this.#refuse(call, 'refused', 'cancelled', named(call), false);
    if (tool.companion) return this.#runCompanion(call, tool);
    let wanted: Wanted;
    try {
      wanted = { tool, args: parsed, key: tool.keyOf(parsed), supersedeKey: tool.supersedeKeyOf(parsed) };
    } catch (error) {
      this.#report(call, error);
      return this.#refuse(call, 'refused', 'genericError', { functionName: tool.name });
    }
    this.#begin(call, wanted);
  }

  #begin(call: Call, wanted: Wanted): void {
    const { tool, key, args } = wanted;
    const query = { key, confirmed: args.confirmed, policy: tool.policy, now: this.#deps.clock.now() };
    const verdict = judgeDuplicate(this.#deps.journal.state.tasks, query);
    if (verdict.type === 'run') return this.#admit(call, wanted, []);
    if (verdict.type !== 'replace') return this.#answerDuplicate(call, tool, verdict);
    const matches = verdict.running.flatMap((state) => this.#live.get(state.callId) ?? []);
    const protectedOne = matches.find((task) => refusalOf(task) !== undefined);
    const refusal = protectedOne && refusalOf(protectedOne);
    if (refusal) return this.#refuse(call, 'refused', refusal, { callId: protectedOne.callId });
    for (const task of matches) {
      task.cancel();
      this.#sweep(task.callId);
    }
    this.#admit(call, wanted, matches);
  }

  #answerDuplicate(call: Call, tool: EngineTool, verdict: Exclude<DuplicateVerdict, { type: 'run' | 'replace' }>): void {
    const functionName = tool.name;
    switch (verdict.type) {
      case 'reject':
      case 'confirm': {
        const runningCalls = verdict.running.map(describeRunning).join('\n');
        const name = verdict.type === 'reject' ? 'duplicateReject' : 'duplicateConfirm';
        return this.#answer(call, 'duplicate', { type: 'text', text: this.#text(call, name, { functionName, runningCalls }) });
      }
      case 'replay': {
        const age = describeAge(verdict.ageMs);
        const text = this.#text(call, 'duplicateReplay', { functionName, age, output: verdict.output.text });
        return this.#answer(call, 'replayed', { type: 'text', text }, true, verdict.callId);
      }
      case 'join':
        return this.#join(call, tool, verdict.callId);
    }
  }

  /** While the running task blocks, the new call waits for the same output (S4.4). */
  #join(call: Call, tool: EngineTool, callId: string): void {
    const original = this.#live.get(callId);
    const newest = original?.state?.newest;
    if (original?.first && newest) {
      const text = this.#text(call, 'duplicateJoin', { functionName: tool.name, callId, output: newest.output.text });
      return this.#answer(call, 'joined', { type: 'text', text }, true, callId);
    }
    const blocking = [...this.#calls.values()].flat().find((other) => other.callId === callId);
    if (!blocking) return this.#refuse(call, 'refused', 'genericError', { functionName: tool.name });
    this.#deps.journal.commit({ type: 'call_answered', callId: call.callId, toolName: tool.name, reason: 'joined', taskId: callId });
    void blocking.first.then(({ output, wantsReply }) => {
      if (call.settle({ output, wantsReply, background: false })) this.#deps.changed();
    });
  }

  /** The call becomes a task; its body starts now, or when what stands before it is done. */
  #admit(call: Call, wanted: Wanted, replaced: readonly Task[]): void {
    const { tool } = wanted;
    const { maxConcurrency } = tool.policy;
    const full = maxConcurrency !== undefined && this.#places.isFull(tool.name, maxConcurrency.limit);
    if (full && maxConcurrency.whenFull === 'reject') {
      return this.#refuse(call, 'refused', 'queueFull', { functionName: tool.name, limit: String(maxConcurrency.limit) });
    }
    const task = this.#register(call, wanted);
    if (replaced.length > 0) void this.#afterReplaced(task, replaced);
    else this.#askOrPlace(task);
  }

  #register(call: Call, { tool, args, key, supersedeKey }: Wanted): Task {
    const { callId, turn } = call;
    const { input, value } = args;
    const { speechId, step, activityId } = turn;
    const task = new Task(
      this.#deps,
      {
        onFirst: (first) => call.settle(first),
        onStopped: () => this.#stopped(task),
        onRecorded: () => this.#recorded(task.callId),
      },
      { callId, input, value },
      tool,
      turn,
    );
    call.task = task;
    this.#live.set(callId, task);
    this.#tools.set(callId, tool);
    this.#deps.journal.commit({
      type: 'task_started',
      callId,
      toolName: tool.name,
      input,
      owner: tool.owner,
      activityId,
      speechId,
      step,
      key,
      ...(supersedeKey === undefined ? {} : { supersedeKey }),
    });
    if (supersedeKey !== undefined) this.announcer.look();
    task.armAutoBackground();
    return task;
  }

  async #afterReplaced(task: Task, replaced: readonly Task[]): Promise<void> {
    await Promise.all(replaced.map((other) => other.whenStopped));
    this.#askOrPlace(task);
  }

  #askOrPlace(task: Task): void {
    let needed: boolean | PromiseLike<boolean>;
    try {
      needed = task.tool.needsApproval(task.value);
    } catch (thrown) {
      return task.end(endingOfThrow(thrown));
    }
    if (needed === false) return this.#place(task);
    void this.#approve(task, needed);
  }

  /** Asked before the body starts, for exactly these arguments; declined, the body never runs (S6.6). */
  async #approve(task: Task, needed: boolean | PromiseLike<boolean>): Promise<void> {
    try {
      if (await needed) {
        const message = task.text('approval', { functionName: task.tool.name, arguments: JSON.stringify(task.input) });
        const { action } = await this.#questions.ask(task, { message }, true);
        if (action !== 'accept') return task.end(declined);
      }
    } catch (thrown) {
      return task.end(endingOfThrow(thrown));
    }
    this.#place(task);
  }

  #place(task: Task): void {
    const { maxConcurrency } = task.tool.policy;
    if (maxConcurrency === undefined || task.hasEnded) return task.run();
    const { name } = task.tool;
    if (!this.#places.isFull(name, maxConcurrency.limit)) {
      this.#places.take(name);
      return this.#runInPlace(task, name);
    }
    const leaveQueue = this.#places.wait(name, () => this.#runInPlace(task, name));
    void task.whenEnded.then(leaveQueue);
    task.background('queued');
  }

  #runInPlace(task: Task, name: string): void {
    void task.whenStopped.then(() => this.#places.leave(name));
    task.run();
  }

  #runCompanion(call: Call, tool: EngineTool): void {
    const settle = (output: Output): void => this.#answer(call, 'companion', output);
    const fail = (error: unknown): void => {
      if (error instanceof ToolError) return settle({ type: 'error', text: error.message });
      if (error instanceof StopResponse) return settle({ type: 'text', text: '' });
      this.#report(call, error);
      settle({ type: 'error', text: this.#text(call, 'genericError', { functionName: tool.name }) });
    };
    const tell = (value: unknown): void => {
      const text = toText(value);
      settle(text.ok ? { type: 'text', text: text.text } : { type: 'error', text: text.reason });
    };
    void (async () => await tool.run(call.input, { ctx: undefined as never, toolCallId: call.callId, abortSignal: new AbortController().signal }))().then(tell, fail);
  }

  #answer(call: Call, reason: AnsweredReason, output: Output, wantsReply = true, taskId?: string): void {
    if (call.settled) return;
    this.#deps.journal.commit({
      type: 'call_answered',
      callId: call.callId,
      toolName: call.toolName,
      reason,
      ...(taskId === undefined ? {} : { taskId }),
    });
    call.settle({ output, wantsReply, background: false });
    this.#deps.changed();
  }

  #report(call: Call, error: unknown): void {
    this.#deps.report({ type: 'tool_failed', callId: call.callId, toolName: call.toolName, error });
  }

  #refuse<Name extends keyof Prompts>(call: Call, reason: AnsweredReason, name: Name, args: PromptArgs<Name>, wantsReply = true): void {
    this.#answer(call, reason, { type: 'error', text: this.#text(call, name, args) }, wantsReply);
  }

  #text<Name extends keyof Prompts>(call: Call, name: Name, args: PromptArgs<Name>): string {
    const layers = [...(call.tool?.prompts ?? []), ...this.#deps.prompts(call.turn.activityId)];
    return promptText(layers, name, args, (error) => this.#deps.report({ type: 'prompt_failed', name, error }));
  }

  /** An output that nobody told: a delivery under the call's own id, unless something newer was recorded since. */
  #openDelivery(call: Call): void {
    const { settled, tool } = call;
    if (!settled || settled.output.text === '') return;
    const { running, ended, callIds } = this.#deps.journal.state.tasks;
    const state = running.get(call.callId);
    if (state && state.newest?.id !== call.callId) return;
    if (!state && settled.background && ended.has(call.callId)) return;
    if (!callIds.has(call.callId)) return;
    const now = this.#deps.clock.now();
    const wanted = tool?.policy.deliver ?? 'when_idle';
    const loud = settled.output.type === 'error' || state?.question?.id === call.callId;
    const mode = wanted === 'silent' && loud ? 'when_idle' : wanted;
    if (mode === 'silent') return;
    const owner = call.task?.owner ?? call.tool?.owner ?? call.turn.activityId;
    const record: TaskRecord = {
      kind: 'record',
      id: call.callId,
      callId: call.callId,
      phase: state?.question?.id === call.callId ? 'question' : settled.background ? 'update' : 'final',
      toolName: call.toolName,
      input: call.input,
      output: settled.output,
      owner,
      at: now,
    };
    const { maxHoldMs, expiresMs } = tool?.policy ?? {};
    this.#deps.journal.commit({
      type: 'delivery_opened',
      callId: call.callId,
      record,
      delivery: {
        mode,
        ...(maxHoldMs === undefined ? {} : { holdUntil: now + maxHoldMs }),
        ...(expiresMs === undefined ? {} : { expiresAt: now + expiresMs }),
      },
    });
    this.#recorded(call.callId);
  }

  #recorded(callId: string): void {
    this.#sweep(callId);
    this.announcer.recorded();
    this.#deps.changed();
  }

  /** Ends what a later record or the end of its task made stale, unless it is being told right now. */
  #sweep(callId: string): void {
    const { running, deliveries } = this.#deps.journal.state.tasks;
    const task = running.get(callId);
    const ids = task ? [...task.untold] : [...deliveries.values()].filter((d) => d.callId === callId).map((d) => d.id);
    for (const id of ids) {
      const delivery = deliveries.get(id);
      if (!delivery?.stale || delivery.taken !== undefined) continue;
      const dropped = delivery.stale === 'dropped';
      this.#deps.journal.commit({
        type: 'delivery_ended',
        id,
        receipt: delivery.stale,
        ...(dropped ? { reason: 'its task was cancelled' } : {}),
      });
    }
  }

  #stopped(task: Task): void {
    this.#live.delete(task.callId);
    this.#forgetTool(task.callId);
    this.#deps.changed();
  }

  #forgetTool(callId: string): void {
    for (const delivery of this.#deps.journal.state.tasks.deliveries.values()) if (delivery.callId === callId) return;
    this.#tools.delete(callId);
  }

  #leave(state: TaskState): 'moved' | 'wait' {
    const task = this.#live.get(state.callId);
    const how = task?.tool.policy.onHandoff ?? 'move';
    if (how === 'wait' && task) return 'wait';
    this.#deps.journal.commit({ type: 'task_moved', callId: state.callId, owner: 'session' });
    if (how === 'cancel' && task && !task.isProtected) {
      task.cancel(true);
      this.#sweep(state.callId);
    }
    return 'moved';
  }

  async #waitFor(states: readonly TaskState[], boundMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#deps.clock.setTimeout(resolve, boundMs);
    const ended = states.map((state) => this.#live.get(state.callId)?.whenEnded);
    await Promise.race([promise, Promise.all(ended)]);
    this.#deps.clock.clearTimeout(timer);
  }

  #newId(wireId: string): string {
    const { state } = this.#deps.journal;
    const id = chooseCallId(wireId, (used) => state.tasks.callIds.has(used) || this.#reserved.has(used), state.seq + 1);
    this.#reserved.add(id);
    return id;
  }
}

function named(call: Call): { functionName: string; callId: string } {
  return { functionName: call.toolName, callId: call.callId };
}

function toRunningCall(task: Task): RunningCall {
  return {
    callId: task.callId,
    toolName: task.tool.name,
    arguments: JSON.stringify(task.input),
    message: task.state?.newest?.output.text ?? '',
  };
}

function describeRunning(task: TaskState): string {
  const newest = task.newest ? `: ${task.newest.output.text}` : '';
  return `- ${task.callId} ${task.toolName}(${JSON.stringify(task.input satisfies JsonObject)})${newest}`;
}

function describeAge(ageMs: number): string {
  const seconds = Math.round(ageMs / 1000);
  return seconds < 90 ? `${String(seconds)} seconds` : `${String(Math.round(seconds / 60))} minutes`;
}
