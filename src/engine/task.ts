/**
 * One running task: the shell round a body (S1.1, S1.4, S2.4), its signal (S5.1) and its end
 * (S5.3, S5.5).
 *
 * What it is and what it told stands in the journal's state; here are only the things that cannot be recorded: the
 * body, its signal, its timers, and the promise of the call's output. Every change goes through three transitions:
 * `background`, `record` and `end`.
 */
import type { TimerHandle } from '../clock.ts';
import { TaskAbortedError, TaskEndedError } from '../errors.ts';
import type { JsonObject, Output, TaskRecord } from '../chat/items.ts';
import type { BackgroundReason, DeliveryTerms, Owner } from '../chat/records.ts';
import type { TaskState } from '../chat/state.ts';
import type { Progress } from '../tools/faces.ts';
import { promptText, type PromptArgs, type Prompts } from '../tools/prompts.ts';
import { BodyLimits } from './body-limits.ts';
import { TaskRef } from './body-ref.ts';
import { cancelled, endingOfThrow, endingOfValue, type Ending } from './ending.ts';
import { drain, isGenerator } from './generator.ts';
import { Latch } from './latch.ts';
import { BodyContext } from './run-context.ts';
import type { BodyRef, EngineDeps, EngineTool, FirstOutput, HandoffIntent, TurnRef } from './seam.ts';
import { isNothing, outputOf, termsOf, type Delivering } from './telling.ts';
import { firstTold, laterTold, quietIf, type Said } from './told.ts';

/** What a task is made of. */
export interface TaskCall {
  readonly callId: string;
  readonly input: JsonObject;
  readonly value: unknown;
  /** Called once: the call's output is there. */
  readonly settle: (first: FirstOutput) => void;
}

export interface TaskHooks {
  /** The body has stopped, or never will be waited for again. */
  onStopped(task: Task): void;
  /** The ledger may have changed. */
  onRecorded(): void;
}

export type StopReason = TaskAbortedError['why'];

type BodyState = 'not_started' | 'running' | 'stopped';

export class Task {
  readonly callId: string;
  readonly tool: EngineTool;
  readonly turn: TurnRef;
  /** As the model gave them, without the confirm flag. */
  input: JsonObject;
  /** The arguments after validation: what the body gets. */
  value: unknown;
  /** Clock time in ms. */
  readonly startedAt: number;
  /** Messages as they were given to `update`. */
  readonly updates: unknown[] = [];
  progress: Progress = {};
  /** Its body ran before, in a process that died. */
  resumed = false;
  first: FirstOutput | undefined;
  readonly #deps: EngineDeps;
  readonly #hooks: TaskHooks;
  /** Let go of once it has its output: a task may run for hours, its call is a matter of the turn. */
  #settleCall: TaskCall['settle'] | undefined;
  /** Made when somebody asks for the signal: most bodies never look at it. */
  #abort: AbortController | undefined;
  readonly #limits: BodyLimits;
  readonly #stopped = new Latch();
  readonly #letGo = new Latch();
  readonly #ended = new Latch();
  readonly #free = new Latch();
  #onUpdate: Set<() => void> | undefined;
  #body: BodyState = 'not_started';
  #ending: Ending | undefined;
  #stopTimer: TimerHandle | undefined;
  #waits = 0;
  #waiting = new Latch();
  #protected = false;

  constructor(deps: EngineDeps, hooks: TaskHooks, call: TaskCall, tool: EngineTool, turn: TurnRef) {
    this.#deps = deps;
    this.#hooks = hooks;
    this.#settleCall = call.settle;
    this.callId = call.callId;
    this.input = call.input;
    this.value = call.value;
    this.tool = tool;
    this.turn = turn;
    this.startedAt = deps.clock.now();
    this.#limits = new BodyLimits(deps.clock, tool.policy, (ending) => this.stop(ending, 'timeout'));
  }

  get state(): TaskState | undefined {
    return this.#deps.journal.state.tasks.running.get(this.callId);
  }

  get owner(): Owner {
    return this.state?.owner ?? this.tool.owner;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get hasEnded(): boolean {
    return this.#ending !== undefined;
  }

  get endState(): string {
    return this.#ending?.state ?? 'working';
  }

  /** It ended, but its body has not stopped. */
  get isStopping(): boolean {
    return this.#ending !== undefined && this.#body === 'running';
  }

  /** Its call still blocks its turn and it is not itself waiting for something (S6.8). */
  get isBlocking(): boolean {
    return this.first === undefined && this.#waits === 0;
  }

  /** Nobody is there any more to tell its progress to. */
  get #isUnheard(): boolean {
    return this.#deps.journal.state.status === 'finishing';
  }

  get isProtected(): boolean {
    return this.#protected;
  }

  get whenStopped(): Promise<void> {
    return this.#stopped.opened;
  }

  /** The same for the end of the session: for that a body that itself waits for it is not waited for (S6.8). */
  get whenOver(): Promise<void> {
    return Promise.race([this.#stopped.opened, this.#letGo.opened]);
  }

  /** Its call has its output, or it waits for something itself. */
  get whenFree(): Promise<void> {
    return this.#free.opened;
  }

  /** Resolves when it waits for something itself, at once while it does. */
  get whenWaiting(): Promise<void> {
    return this.#waiting.opened;
  }

  get whenEnded(): Promise<void> {
    return this.#ended.opened;
  }

  /** The face of this body for those who must know whose code runs. */
  readonly ref: BodyRef = new TaskRef(this);

  protect(): void {
    this.#protected = true;
  }

  /** Its arguments fit; known late when it had gone to the background before (S5.6). */
  validated(args: { readonly input: JsonObject; readonly value: unknown }): void {
    this.input = args.input;
    this.value = args.value;
  }

  /** From now until the result is called, it waits and so does not count as blocking. */
  waits(): () => void {
    this.#waits += 1;
    this.#free.open();
    this.#waiting.open();
    this.#deps.changed();
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#waits -= 1;
      if (this.#waits === 0) this.#waiting = new Latch();
      this.#deps.changed();
    };
  }

  text<Name extends keyof Prompts>(name: Name, args: PromptArgs<Name>): string {
    const layers = [...this.tool.prompts, ...this.#deps.prompts(this.turn.activityId)];
    return promptText(layers, name, args, (error) => this.#deps.report({ type: 'prompt_failed', name, error }));
  }

  reportTemplate(error: unknown): void {
    this.#deps.report({ type: 'prompt_failed', name: 'update', error });
  }

  /** Its call was answered in the process before this one, and its body begins anew. */
  resume(): void {
    this.first = { output: { type: 'text', text: '' }, wantsReply: false, background: true };
    this.resumed = true;
    this.#free.open();
    this.#settleCall = undefined;
  }

  /** Starts the body, unless the task has ended before its first line (S5.1). */
  run(): void {
    if (this.hasEnded) return this.#bodyStopped();
    this.#body = 'running';
    if (!this.state?.question) this.#limits.go();
    let result: unknown;
    let isLater: boolean;
    try {
      result = this.#deps.body.around(this.ref, () => this.#start());
      isLater = isThenable(result);
    } catch (thrown) {
      this.end(endingOfThrow(thrown));
      return this.#bodyStopped();
    }
    if (!isLater) {
      this.end(endingOfValue(result));
      return this.#bodyStopped();
    }
    void Promise.resolve(result)
      .then(
        (value) => this.end(endingOfValue(value)),
        (thrown: unknown) => this.end(endingOfThrow(thrown)),
      )
      .then(() => this.#bodyStopped());
  }

  /** The call's output is `output` and the body runs on. First come, first served: a settled call stays as it is. */
  background(reason: BackgroundReason, output?: Output): void {
    if (this.first || this.hasEnded) return;
    const prompt = reason === 'queued' ? 'queued' : 'backgrounded';
    const told = output ?? {
      type: 'text',
      text: this.text(prompt, { functionName: this.tool.name, callId: this.callId }),
    };
    this.#deps.journal.commit({
      type: 'task_backgrounded',
      callId: this.callId,
      reason,
      output: told,
      ...quietIf(reason === 'interrupted'),
    });
    this.#settle({
      output: told,
      wantsReply: reason !== 'interrupted',
      background: true,
      terms: this.#terms({}, false),
    });
  }

  /** One thing to tell (S2.1, S2.2). The first is the call's own output. */
  record(output: Output, how: Delivering, said: Said): Promise<void> | undefined {
    const task = this.state;
    if (!task || this.hasEnded) throw new TaskEndedError(this.callId, this.endState);
    this.#touch();
    const { callId } = this;
    const terms = this.#terms(this.#isUnheard ? { deliver: 'silent' } : how, said.phase === 'question');
    if (!this.first) {
      for (const body of firstTold(callId, output, said, terms)) this.#deps.journal.commit(body);
      this.#settle({ output, wantsReply: terms.mode !== 'silent', background: true, terms });
      return undefined;
    }
    const record = this.#toRecord(`${callId}_update_${String(task.updates + 1)}`, said.phase, output);
    this.#deps.journal.commit(laterTold(record, said, terms));
    return this.#append(record, terms);
  }

  /** The one terminal event and record of this task (S1.4). What comes later is refused. */
  end(ending: Ending, how: { aloud?: boolean; stop?: StopReason } = {}): void {
    if (this.#ending) return;
    const owner = this.owner;
    this.#ending = ending;
    this.#limits.off();
    const refusal = ending.handoff && this.#deps.conversation.handoffRefusal(this.#intent(ending.handoff));
    const names = { functionName: this.tool.name, callId: this.callId };
    const refused =
      ending.handoff && refusal !== undefined ? { agent: ending.handoff.name, reason: refusal } : undefined;
    const output = outputOf(ending.told, names, (name, args) => this.text(name, args), refused);
    if (this.first) this.#endInBackground(ending, output, owner, how.aloud ?? false, refused !== undefined);
    else this.#endBlocking(ending, output, refused !== undefined);
    if (ending.error !== undefined) {
      this.#deps.report({ type: 'tool_failed', callId: this.callId, toolName: this.tool.name, error: ending.error });
    }
    if (how.stop) this.#controller.abort(new TaskAbortedError(this.callId, how.stop));
    if (this.#body === 'not_started') this.#bodyStopped();
    this.#ended.open();
    this.#deps.changed();
  }

  /** Ended by somebody else: the signal fires, and the body has `stopTimeoutMs` to stop. */
  stop(ending: Ending, stop: StopReason, aloud = false): void {
    if (this.hasEnded) return;
    this.end(ending, { stop, aloud });
    if (this.#body !== 'running') return;
    const { stopTimeoutMs } = this.#deps.options;
    this.#stopTimer = this.#deps.clock.setTimeout(() => {
      this.#deps.report({ type: 'tool_stuck', callId: this.callId, toolName: this.tool.name, stopTimeoutMs });
      this.giveUp();
    }, stopTimeoutMs);
  }

  /** Nobody waits for its body to stop any more. */
  giveUp(): void {
    this.#deps.clock.clearTimeout(this.#stopTimer);
    this.#stopTimer = undefined;
    this.#stopped.open();
  }

  /** Its body waits for the end of the session. */
  letGo(): void {
    this.#letGo.open();
  }

  cancel(aloud = false): void {
    this.stop(cancelled, 'cancelled', aloud);
  }

  /** How far it is, with a message that is told. */
  advance(progress: Progress): void {
    this.progress = { ...this.progress, ...progress };
  }

  /** For observers only; counts as progress (S2.1). */
  note(progress: Progress): void {
    if (this.hasEnded) throw new TaskEndedError(this.callId, this.endState);
    this.#touch();
    this.progress = { ...this.progress, ...progress };
    this.#deps.report({ type: 'progress', callId: this.callId, toolName: this.tool.name, progress });
  }

  /** Called on every update, until the result is called. */
  onUpdate(listener: () => void): () => void {
    const listeners = (this.#onUpdate ??= new Set());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Time in `input_required` counts for no limit (S5.5). */
  holdLimits(): void {
    this.#limits.hold();
  }

  resumeLimits(): void {
    if (this.#body !== 'running' || this.hasEnded) return;
    this.#limits.go();
  }

  #start(): unknown {
    const ctx = new BodyContext(this, this.#deps);
    const result = this.tool.run(this.value, {
      ctx,
      toolCallId: this.callId,
      get abortSignal() {
        return ctx.abortSignal;
      },
    });
    if (!isGenerator(result)) return result;
    return drain(
      result,
      (message) => ctx.update(message),
      () => this.hasEnded,
    );
  }

  get #controller(): AbortController {
    return (this.#abort ??= new AbortController());
  }

  #touch(): void {
    this.#limits.touch();
    if (this.#onUpdate) for (const listener of this.#onUpdate) listener();
  }

  #settle(first: FirstOutput): void {
    if (this.first) return;
    this.first = first;
    this.#free.open();
    this.#settleCall?.(first);
    this.#settleCall = undefined;
    this.#deps.changed();
  }

  #endBlocking(ending: Ending, output: Output, refused: boolean): void {
    this.#deps.journal.commit({
      type: 'task_ended',
      callId: this.callId,
      state: ending.state,
      output,
      ...this.#replayable(ending),
      ...quietIf(!ending.wantsReply && !refused),
    });
    this.#settle({
      output: isNothing(ending.told) && !refused ? { type: 'text', text: '' } : output,
      wantsReply: ending.wantsReply || refused,
      background: false,
      terms: this.#terms({}, ending.aloud === 'always' || refused),
      ...(ending.handoff && !refused ? { handoff: this.#intent(ending.handoff) } : {}),
    });
  }

  #endInBackground(ending: Ending, output: Output, owner: Owner, aloud: boolean, refused: boolean): void {
    const record = this.#toRecord(`${this.callId}_final`, 'final', output, owner);
    const silent = !aloud && !refused && ending.aloud === 'never';
    const loud = aloud || refused || ending.aloud === 'always';
    const terms = this.#terms(silent ? { deliver: 'silent' } : {}, loud);
    this.#deps.journal.commit({
      type: 'task_ended',
      callId: this.callId,
      state: ending.state,
      output,
      record,
      delivery: terms,
      ...this.#replayable(ending),
    });
    void this.#append(record, terms);
    if (ending.handoff && !refused) this.#deps.conversation.handoff(this.#intent(ending.handoff));
  }

  #replayable(ending: Ending): { replayable?: true } {
    const wanted = this.tool.policy.duplicateWindowMs !== undefined && ending.replayable === true && !ending.handoff;
    return wanted ? { replayable: true } : {};
  }

  #intent(agent: NonNullable<Ending['handoff']>): HandoffIntent {
    return { agent, callId: this.callId, toolName: this.tool.name, activityId: this.turn.activityId };
  }

  #toRecord(id: string, phase: TaskRecord['phase'], output: Output, owner: Owner = this.owner): TaskRecord {
    const { callId, input } = this;
    return {
      kind: 'record',
      id,
      callId,
      phase,
      toolName: this.tool.name,
      input,
      output,
      owner,
      at: this.#deps.clock.now(),
    };
  }

  #terms(how: Delivering, neverSilent: boolean): DeliveryTerms {
    return termsOf(this.tool.policy, how, this.#deps.clock.now(), neverSilent);
  }

  /** Shows the record to the host's model. */
  #append(record: TaskRecord, terms: DeliveryTerms): Promise<void> | undefined {
    if (terms.mode === 'silent')
      this.#deps.journal.commit({ type: 'delivery_ended', id: record.id, receipt: 'silent' });
    const pushed = this.#deps.outbox.push(record);
    this.#hooks.onRecorded();
    return pushed;
  }

  #bodyStopped(): void {
    if (this.#body === 'stopped') return;
    this.#body = 'stopped';
    this.giveUp();
    this.#hooks.onStopped(this);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
