/**
 * The stage: who is on it, and how one agent follows another (S8.2, S8.3).
 *
 * Activities form a stack; only the innermost can be current, and nobody is between an `onExit` and the next `onEnter`.
 * Changes run one after another in one chain, on nobody's behalf: what a tool asks for does not run as the tool.
 */
import { ActivityEndedError, describeError, SessionClosedError } from '../errors.ts';
import type { BodyRef } from '../engine/seam.ts';
import { ChatContext } from '../chat/chat-context.ts';
import { Activity } from './activity.ts';
import type { Agent } from './agent.ts';
import { AgentTask } from './agent-task.ts';
import { runAs, runAsNobody, type Lease, type Running } from './ambient.ts';
import { bounded } from '../engine/bounded.ts';
import type { Core } from './core.ts';
import type { SpeechHandle } from './speech-handle.ts';
import { createToolbox, type Toolbox } from './toolbox.ts';

/** What an agent needs to enter. */
export interface Prepared {
  readonly activityId: string;
  readonly toolbox: Toolbox;
}

export class Stage {
  /** From the outermost to the innermost. The list is never changed but replaced: whoever goes through it is not disturbed. */
  stack: readonly Activity[] = [];
  readonly #core: Core;
  #waiting: (() => void)[] = [];
  #onClosed: readonly (() => void)[] = [];
  #chain: Promise<unknown> = Promise.resolve();
  #changes = 0;
  #status: 'open' | 'closing' | 'closed' = 'open';

  constructor(core: Core) {
    this.#core = core;
  }

  get current(): Activity | undefined {
    const top = this.stack.at(-1);
    return top?.phase === 'here' ? top : undefined;
  }

  /** An agent is on its way in or out. */
  get isChanging(): boolean {
    return this.#changes > 0;
  }

  get isClosing(): boolean {
    return this.#status !== 'open';
  }

  get isClosed(): boolean {
    return this.#status === 'closed';
  }

  /** It is a speech of an agent whose AgentTask runs. */
  isPaused(speech: SpeechHandle): boolean {
    for (let index = this.stack.length - 2; index >= 0; index -= 1)
      if (this.stack[index]?.speeches.has(speech)) return true;
    return false;
  }

  activity(id: string): Activity | undefined {
    return this.stack.find((activity) => activity.id === id);
  }

  activityOf(agent: Agent): Activity | undefined {
    return this.stack.findLast((activity) => activity.agent === agent);
  }

  /** Undefined when the session closes first. */
  async whenCurrent(): Promise<Activity | undefined> {
    while (!this.isClosing) {
      if (this.current) return this.current;
      await this.whenChanged();
    }
    return undefined;
  }

  /** Resolves when no AgentTask runs over the activity, or it is no more. */
  async whenOnTop(activity: Activity): Promise<void> {
    while (!this.isClosing && this.stack.includes(activity) && this.stack.at(-1) !== activity) await this.whenChanged();
  }

  /** Calls `listener` at the very end, or now; returns the way to stop. */
  onClosed(listener: () => void): () => void {
    if (this.isClosed) listener();
    else this.#onClosed = [...this.#onClosed, listener];
    return () => {
      this.#onClosed = this.#onClosed.filter((other) => other !== listener);
    };
  }

  /** What `promise` gives; a SessionClosedError where the session is closed first. */
  async unlessClosed<T>(promise: Promise<T>, what: string): Promise<T> {
    const { promise: closed, reject } = Promise.withResolvers<never>();
    const stop = this.onClosed(() => reject(new SessionClosedError(what)));
    try {
      return await Promise.race([promise, closed]);
    } finally {
      stop();
    }
  }

  /**
   * Runs one change after the other; the session is not idle meanwhile. A failure reaches who asked. Rejects with
   * SessionClosedError where the session is closed first.
   */
  change<T>(fn: () => Promise<T>): Promise<T> {
    this.#changes += 1;
    const next = runAsNobody(() => this.#chain.then(fn)).finally(() => {
      this.#changes -= 1;
      this.wake();
    });
    this.#chain = next.catch(() => undefined);
    return this.unlessClosed(next, 'a change of agents');
  }

  /** A change is on its way: the session is not idle until the result is called. */
  expectChange(): () => void {
    this.#changes += 1;
    return () => {
      this.#changes -= 1;
      this.wake();
    };
  }

  /** The call that asked for a change settles first, unless it itself waits, and so is answered inline. */
  afterCall(body: BodyRef | undefined): Promise<void> {
    return body?.isBlocking() ? this.#core.executor.whenFree(body.callId) : Promise.resolve();
  }

  async handOver(agent: Agent, cut: boolean): Promise<void> {
    for (const activity of this.stack) activity.successor = agent;
    const [outermost] = this.stack;
    if (outermost) await this.leave(outermost, cut);
    this.enter(agent, await this.prepare(agent));
  }

  /** Sets up its tools, before it enters. */
  async prepare(agent: Agent): Promise<Prepared> {
    const activityId = this.#core.newId('activity');
    const toolbox = this.isClosing ? undefined : await createToolbox(this.#core, agent, activityId);
    if (toolbox && !this.isClosing) return { activityId, toolbox };
    toolbox?.release();
    throw new SessionClosedError(`agent "${agent.name}"`);
  }

  /** Without a yield: it is current when this returns. */
  enter(agent: Agent, { activityId: id, toolbox }: Prepared, parent?: Activity, lease?: Lease): Activity {
    const { log, executor, session } = this.#core;
    const activity = new Activity(this.#core, id, agent, toolbox, parent, lease);
    const chatCtx = agent.options.chatCtx ?? (agent instanceof AgentTask ? 'empty' : 'inherit');
    agent.enterSession(session);
    this.stack = this.stack.concat(activity);
    log.commit({
      type: 'agent_entered',
      activityId: id,
      agent: agent.name,
      ...(parent ? { parent: parent.id } : {}),
      context: chatCtx === 'inherit' ? 'inherit' : 'empty',
      ...(chatCtx instanceof ChatContext ? { items: chatCtx.toArray() } : {}),
    });
    executor.announcer.look();
    void this.#hook(activity, 'onEnter', lease ? { lease } : {});
    this.wake();
    return activity;
  }

  /** It was on stage when its process died, and is current when this returns; nobody enters (`restore.ts`). */
  bringBack(agent: Agent, { activityId, toolbox }: Prepared): Activity {
    const activity = new Activity(this.#core, activityId, agent, toolbox);
    agent.enterSession(this.#core.session);
    this.stack = this.stack.concat(activity);
    this.wake();
    return activity;
  }

  /** And the AgentTasks that run over it, innermost first (S8.4). */
  async leave(activity: Activity, cut: boolean): Promise<void> {
    const leaving = this.stack.slice(this.stack.indexOf(activity));
    // All of them at once: what is under an AgentTask does not become current on the way out.
    for (const each of leaving) each.phase = 'ending';
    for (const each of leaving.reverse()) await this.#leave(each, cut);
  }

  /** What is being said ends, blocking calls go to the background, `onExit`, then its tasks (S8.3). */
  async #leave(activity: Activity, cut: boolean): Promise<void> {
    const { executor, options, log, handoffs } = this.#core;
    this.wake();
    await this.#drain(activity, cut);
    if (activity.agent instanceof AgentTask) activity.agent.fail(new ActivityEndedError(activity.agent.name));
    await this.exit(activity);
    await executor.ownerEnded(activity.id, options.closeTimeoutMs);
    const keepCalls = activity.agent instanceof AgentTask && activity.agent.options.keepToolCalls === true;
    this.stack = this.stack.filter((other) => other !== activity);
    log.commit({
      type: 'agent_left',
      activityId: activity.id,
      merge: !activity.parent ? 'none' : keepCalls ? 'all' : 'messages',
    });
    handoffs.left(activity);
    activity.end();
    activity.toolbox.release();
    executor.announcer.look();
    this.wake();
  }

  /** `onExit`, and what it says, once; bounded by `closeTimeoutMs`. */
  exit(activity: Activity): Promise<void> {
    activity.exit ??= this.#exit(activity);
    return activity.exit;
  }

  async #exit(activity: Activity): Promise<void> {
    const { clock, options, log } = this.#core;
    activity.phase = 'exiting';
    log.commit({ type: 'agent_exiting', activityId: activity.id });
    const { promise: letGo, resolve } = Promise.withResolvers<void>();
    const exited = async (): Promise<void> => {
      await Promise.race([this.#hook(activity, 'onExit', { letGo: () => resolve() }), letGo]);
      await Promise.all([...activity.speeches].map((speech) => speech.done));
    };
    await bounded(exited(), options.closeTimeoutMs, clock, this);
    // Nothing begins in it any more, and what still goes on is cut: what that recorded goes the way of all the rest.
    activity.phase = 'gone';
    for (const speech of [...activity.speeches]) speech.cut('session');
    await Promise.all([...activity.speeches].map((speech) => speech.done));
  }

  close(status: 'closing' | 'closed'): void {
    this.#status = status;
    if (status === 'closed') {
      for (const activity of this.stack) activity.end();
      for (const listener of this.#onClosed) listener();
      this.#onClosed = [];
    }
    this.wake();
  }

  /** Who waits for a change looks again. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
    this.#core.floor.changed();
  }

  /** Resolves when somebody has come or gone. */
  whenChanged(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    return promise;
  }

  /** Until its open speeches are over: their words are heard (or cut), their calls answered. */
  async #drain(activity: Activity, cut: boolean): Promise<void> {
    while (activity.speeches.size > 0) {
      for (const speech of [...activity.speeches]) {
        if (cut) speech.cut('session');
        else if (speech.phase === 'tools') this.#core.executor.turnToBackground(speech.id);
      }
      await Promise.race([...activity.speeches].map((speech) => speech.nextPhase));
    }
  }

  async #hook(activity: Activity, name: 'onEnter' | 'onExit', more: Pick<Running, 'lease' | 'letGo'>): Promise<void> {
    const { hooks, session, logger, events } = this.#core;
    const run = hooks.begin(activity.id);
    const running = { session, activityId: activity.id, hook: name, waits: () => run.waits(), ...more };
    try {
      await runAs(running, async () => await activity.agent[name]());
    } catch (error) {
      logger.error(`${name} of ${activity.agent.name} threw: ${describeError(error)}`);
      events.emit('error', { source: 'hook', error });
    } finally {
      run.end();
    }
  }
}
