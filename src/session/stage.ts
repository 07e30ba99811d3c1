/**
 * The stage: which agent is current, and how one follows another (S8.2–S8.5, S8.7).
 *
 * Activities form a stack; only the innermost can be current, and nobody is between an `onExit` and the next `onEnter`.
 * Changes run one after another in one chain.
 */
import { ActivityEndedError, describeError, MeanwhileError, SessionClosedError, ToolError } from '../errors.ts';
import type { BodyRef, HandoffIntent } from '../engine/seam.ts';
import type { SayOptions } from '../tools/faces.ts';
import { Activity } from './activity.ts';
import { Agent } from './agent.ts';
import { AgentTask } from './agent-task.ts';
import { runAs, runAsNobody, whoRuns, type Lease } from './ambient.ts';
import { bounded } from './bounded.ts';
import { ChatContext } from '../chat/chat-context.ts';
import type { Core } from './core.ts';
import type { AgentState } from './events.ts';
import { runSay, type SayPlan } from './say.ts';
import { SpeechHandle } from './speech-handle.ts';
import { createToolbox } from './toolbox.ts';
import { Turn, type TurnPlan } from './turn.ts';

export interface ReplyPlan extends TurnPlan {
  readonly allowInterruptions?: boolean;
  /** Records it tells (a delivery). */
  readonly about?: readonly string[];
  readonly speechId?: string;
}

export class Stage {
  readonly #core: Core;
  readonly stack: Activity[] = [];
  #chain: Promise<unknown> = Promise.resolve();
  #changes = 0;
  #closing = false;
  #closed = false;
  #agentState: AgentState = 'initializing';
  #hasSpoken = false;
  readonly #onCurrent = new Set<() => void>();
  /** A handoff that has been promised: the first of an activity wins (S8.5). */
  readonly #promised = new Map<string, Agent>();

  constructor(core: Core) {
    this.#core = core;
  }

  get current(): Activity | undefined {
    const top = this.stack.at(-1);
    return top && !top.ending && !top.hasEnded ? top : undefined;
  }

  /** An agent is on its way in or out. */
  get isChanging(): boolean {
    return this.#changes > 0;
  }

  get isClosing(): boolean {
    return this.#closing;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get agentState(): AgentState {
    return this.#agentState;
  }

  activity(id: string): Activity | undefined {
    return this.stack.find((activity) => activity.id === id);
  }

  activityOf(agent: Agent): Activity | undefined {
    return this.stack.findLast((activity) => activity.agent === agent);
  }

  /** Undefined when the session closes first. */
  async whenCurrent(): Promise<Activity | undefined> {
    while (!this.#closing) {
      const { current } = this;
      if (current) return current;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onCurrent.add(resolve);
      await promise;
      this.#onCurrent.delete(resolve);
    }
    return undefined;
  }

  /** Why a call made there may not switch agents any more (S8.5). */
  handoffRefusal(activityId: string): string | undefined {
    const activity = this.activity(activityId);
    if (!activity || activity.ending || this.#closing) return 'the agent that called it is no longer current.';
    return undefined;
  }

  start(agent: Agent): Promise<void> {
    return this.#change(async () => {
      await this.#enter(agent, undefined);
    });
  }

  /** A reply of the activity's agent. Starts without yielding when nobody speaks (S3.3). */
  reply(activity: Activity | undefined, plan: ReplyPlan): SpeechHandle {
    const speech = new SpeechHandle(plan.speechId ?? this.#core.newId('speech'), 'reply');
    this.#begin(speech, activity, plan.allowInterruptions, plan.about, (place) => new Turn(this.#core, place, speech, plan).run());
    return speech;
  }

  say(activity: Activity | undefined, text: SayPlan['text'], options: SayOptions, kind: 'say' | 'filler' = 'say'): SpeechHandle {
    const speech = new SpeechHandle(this.#core.newId('speech'), kind);
    const plan = { text, addToChatCtx: options.addToChatCtx ?? true };
    this.#begin(speech, activity, options.allowInterruptions, undefined, (place) => runSay(this.#core, place, speech, plan));
    return speech;
  }

  /** Where `say` and `generateReply` speak; undefined while one agent follows another. Throws when nobody will come. */
  speaker(what: string): Activity | undefined {
    const hook = this.#hookActivity();
    if (hook) return hook;
    if (this.#closing) throw new SessionClosedError(what);
    if (this.stack.length > 0 || this.isChanging) return this.current;
    throw new MeanwhileError('session_state', `${what}: the session has not been started. Await session.start({ agent }) first.`);
  }

  /** After an update: the switch waits for quiet, right behind the delivery of what was returned. */
  handoffWhenQuiet(intent: HandoffIntent): void {
    this.#core.floor.wait({
      kind: 'handoff',
      owner: intent.activityId,
      level: 'quiet',
      order: this.#core.log.state.seq,
      serve: () => this.#switch(intent),
    });
  }

  /** In a turn: what was returned has been told; the switch follows. */
  handoffAfterTurn(intent: HandoffIntent, activity: Activity): void {
    if (activity.ending || activity.hasEnded) return;
    this.#switch(intent);
  }

  updateAgent(agent: Agent, options: { cut?: boolean } = {}): Promise<void> {
    if (this.#closing) throw new SessionClosedError('updateAgent');
    if (!(agent instanceof Agent)) {
      throw new MeanwhileError('invalid_value', `updateAgent: expected an Agent, got ${typeof agent}.`);
    }
    if (this.stack[0]?.agent === agent && this.stack.length === 1 && !this.stack[0].ending) return Promise.resolve();
    const settled = this.#settled(whoRuns()?.body);
    return this.#change(async () => {
      await settled;
      if (!this.#closing) await this.#handOver(agent, options.cut ?? false);
    });
  }

  /** S8.4. Resolves when its parent is current again. */
  async runTask(task: AgentTask, completed: Promise<void>): Promise<void> {
    const running = whoRuns();
    const parent = this.#parentFor(running?.activityId, task);
    const wait = running?.waits?.();
    const turn = parent.tasks;
    const { promise, resolve } = Promise.withResolvers<void>();
    parent.tasks = turn.then(() => promise);
    try {
      await turn;
      await this.#runTask(task, parent, completed, running?.lease?.active ? running.lease : undefined);
    } catch (error) {
      task.fail(error instanceof Error ? error : new Error(describeError(error)));
      throw error;
    } finally {
      resolve();
      wait?.();
    }
  }

  /** The first words of a stretch were put out. */
  spoke(): void {
    this.#hasSpoken = true;
    this.updateAgentState();
  }

  updateAgentState(): void {
    const { mouth, events } = this.#core;
    if (!mouth.holder) this.#hasSpoken = false;
    const speaking = mouth.holder !== undefined && this.#hasSpoken;
    const state: AgentState = this.stack.length === 0 ? 'initializing' : speaking ? 'speaking' : this.#isThinking() ? 'thinking' : 'listening';
    if (state === this.#agentState) return;
    const was = this.#agentState;
    this.#agentState = state;
    events.emit('agent_state_changed', { state, was });
  }

  /** No more input, no more replies. What is being said is cut, or drained. */
  async close(drain: boolean): Promise<void> {
    const { speeches, options, clock, executor } = this.#core;
    const caller = whoRuns()?.body?.callId;
    this.#closing = true;
    this.#wake();
    const closing = async (): Promise<void> => {
      if (!drain) for (const speech of [...speeches]) speech.cut();
      const open = [...speeches].filter((speech) => !this.#isOwnSpeech(speech));
      for (const speech of open) if (speech.phase === 'tools') executor.turnInterrupted(speech.id);
      await Promise.all(open.map((speech) => speech.done));
      for (const activity of [...this.stack].reverse()) {
        if (activity.agent instanceof AgentTask) activity.agent.fail(new SessionClosedError(`AgentTask "${activity.agent.name}"`));
        activity.ending = true;
        await this.#exit(activity);
        activity.end();
      }
      await executor.close('closed', caller);
    };
    await bounded(closing(), options.closeTimeoutMs, clock);
    void executor.close('closed', caller);
    this.#closed = true;
    for (const activity of this.stack) activity.end();
  }

  #isOwnSpeech(speech: SpeechHandle): boolean {
    const body = whoRuns()?.body;
    return body?.speechId === speech.id && body.isBlocking();
  }

  #begin(
    speech: SpeechHandle,
    activity: Activity | undefined,
    allowInterruptions: boolean | undefined,
    about: readonly string[] | undefined,
    run: (activity: Activity) => Promise<void>,
  ): void {
    this.#core.speeches.add(speech);
    if (activity) {
      if (allowInterruptions === false || activity.agent.options.allowInterruptions === false) speech.disallowInterruptions();
      const { id, kind } = speech;
      activity.speeches.add(speech);
      this.#core.log.commit({ type: 'speech_opened', speechId: id, activityId: activity.id, kind, ...(about ? { about } : {}) });
      this.#core.floor.changed();
      void run(activity);
      return;
    }
    void this.whenCurrent().then((place) => {
      if (place && !speech.interrupted) return this.#begin(speech, place, allowInterruptions, about, run);
      this.#core.speeches.delete(speech);
      speech.finish({ type: 'interrupted', heard: '', toolsCalled: false });
    });
  }

  /** A speech is on its way, or a call blocks. A turn whose calls only wait leaves the agent listening. */
  #isThinking(): boolean {
    const { speeches, executor } = this.#core;
    return [...speeches].some((speech) => speech.phase !== 'tools' || executor.blocking(speech.id) > 0);
  }

  #switch(intent: HandoffIntent): void {
    const refusal = this.handoffRefusal(intent.activityId);
    if (refusal || !(intent.agent instanceof Agent)) return;
    const agent = intent.agent;
    const from = this.activity(intent.activityId);
    if (from) from.ending = true;
    void this.#change(() => this.#handOver(agent, false));
  }

  /** Runs one change after the other; the session is not idle meanwhile. */
  #change(fn: () => Promise<void>): Promise<void> {
    this.#changes += 1;
    const next = runAsNobody(() => this.#chain.then(fn)).finally(() => {
      this.#changes -= 1;
      this.#core.floor.changed();
    });
    this.#chain = next.catch((error: unknown) => {
      this.#core.logger.error(`A change of agents failed: ${describeError(error)}`);
      this.#core.events.emit('error', { source: 'hook', error });
    });
    return next;
  }

  async #handOver(agent: Agent, cut: boolean): Promise<void> {
    for (const activity of [...this.stack].reverse()) await this.#leave(activity, cut);
    if (!this.#closing) await this.#enter(agent, undefined);
  }

  async #enter(agent: Agent, parent: Activity | undefined, lease?: Lease): Promise<Activity> {
    const { log } = this.#core;
    const id = this.#core.newId('activity');
    const toolbox = await createToolbox(this.#core, agent, id);
    const activity = new Activity(this.#core, id, agent, toolbox, parent, lease?.callId);
    const chatCtx = agent.options.chatCtx ?? (agent instanceof AgentTask ? 'empty' : 'inherit');
    agent.enterSession(this.#core.session);
    this.stack.push(activity);
    log.commit({
      type: 'agent_entered',
      activityId: id,
      agent: agent.name,
      ...(parent ? { parent: parent.id } : {}),
      context: chatCtx === 'inherit' ? 'inherit' : 'empty',
      ...(chatCtx instanceof ChatContext ? { items: chatCtx.toArray() } : {}),
    });
    this.#core.executor.announcer.look();
    void this.#hook(activity, 'onEnter', lease);
    this.#wake();
    this.#core.floor.changed();
    this.updateAgentState();
    return activity;
  }

  /** What is being said ends, blocking calls go to the background, `onExit`, then its tasks (S8.3). */
  async #leave(activity: Activity, cut: boolean): Promise<void> {
    const { executor, options, log } = this.#core;
    activity.ending = true;
    this.#core.floor.changed();
    await this.#drain(activity, cut);
    if (activity.agent instanceof AgentTask) activity.agent.fail(new ActivityEndedError(activity.agent.name));
    await this.#exit(activity);
    await executor.ownerEnded(activity.id, options.closeTimeoutMs);
    const merge = !activity.parent ? 'none' : activity.agent instanceof AgentTask && activity.agent.options.keepToolCalls ? 'all' : 'messages';
    this.stack.splice(this.stack.indexOf(activity), 1);
    log.commit({ type: 'agent_left', activityId: activity.id, merge });
    activity.end();
    activity.toolbox.release();
    executor.announcer.look();
  }

  async #drain(activity: Activity, cut: boolean): Promise<void> {
    for (;;) {
      const open = [...activity.speeches].filter((speech) => !this.#isOwnSpeech(speech));
      if (open.length === 0) return;
      for (const speech of open) {
        if (cut) speech.cut();
        else if (speech.phase === 'tools') this.#core.executor.turnInterrupted(speech.id);
      }
      await Promise.race(open.map((speech) => speech.nextPhase));
    }
  }

  async #exit(activity: Activity): Promise<void> {
    this.#core.log.commit({ type: 'agent_exiting', activityId: activity.id });
    const { clock, options } = this.#core;
    await bounded(this.#hook(activity, 'onExit'), options.closeTimeoutMs, clock);
    const last = [...activity.speeches];
    await bounded(Promise.all(last.map((speech) => speech.done)), options.closeTimeoutMs, clock);
  }

  async #hook(activity: Activity, name: 'onEnter' | 'onExit', lease?: Lease): Promise<void> {
    const { hooks, session, logger, events } = this.#core;
    const done = hooks.begin();
    const running = {
      session,
      activityId: activity.id,
      hook: name,
      waits: () => hooks.waits(),
      ...(lease ? { lease } : {}),
    };
    try {
      await runAs(running, async () => await activity.agent[name]());
    } catch (error) {
      logger.error(`${name} of ${activity.agent.name} threw: ${describeError(error)}`);
      events.emit('error', { source: 'hook', error });
    } finally {
      done();
    }
  }

  async #runTask(task: AgentTask, parent: Activity, completed: Promise<void>, lease: Lease | undefined): Promise<void> {
    let activity: Activity | undefined;
    await this.#spokenOut(parent);
    await this.#change(async () => {
      this.#refuseIfEnding(parent, task);
      activity = await this.#enter(task, parent, lease);
    });
    await completed;
    if (!activity || activity.hasEnded || this.#closing) return;
    const ended = activity;
    await this.#settled(task.completedBy);
    if (ended.hasEnded) return;
    ended.ending = true;
    await this.#change(async () => {
      if (!ended.hasEnded && !this.#closing) await this.#leave(ended, false);
      this.#wake();
    });
  }

  #parentFor(activityId: string | undefined, task: AgentTask): Activity {
    const parent = activityId === undefined ? this.current : this.activity(activityId);
    const owner = parent ?? this.current;
    if (!owner || owner.ending || owner.hasEnded || this.#closing) this.#refuseTask(task);
    return owner;
  }

  #refuseIfEnding(parent: Activity, task: AgentTask): void {
    if (parent.ending || parent.hasEnded || this.#closing) this.#refuseTask(task);
  }

  #refuseTask(task: AgentTask): never {
    throw new ToolError(`"${task.name}" cannot run now: the conversation is being handed over or closed.`);
  }

  /** Waits until the parent has said what it is saying, its own call's turn apart. */
  async #spokenOut(parent: Activity): Promise<void> {
    for (;;) {
      const speaking = [...parent.speeches].filter((speech) => speech.phase !== 'tools');
      if (speaking.length === 0) return;
      await Promise.race(speaking.map((speech) => speech.nextPhase));
    }
  }

  /** The call that completes an AgentTask, or switches agents, settles first and so is answered inline. */
  #settled(body: BodyRef | undefined): Promise<void> {
    return body?.isBlocking() ? this.#core.executor.whenFree(body.callId) : Promise.resolve();
  }

  #hookActivity(): Activity | undefined {
    const running = whoRuns();
    return running?.hook && running.activityId !== undefined ? this.activity(running.activityId) : undefined;
  }

  #wake(): void {
    for (const resolve of [...this.#onCurrent]) resolve();
  }
}
