/**
 * The front door: one conversation of a user with agents whose tools run in the background. Each method is a few lines
 * into the part that does it; `assemble.ts` puts the parts together.
 */
import { ChatContext } from '../chat/chat-context.ts';
import type { SessionRecord } from '../chat/records.ts';
import type { SessionState } from '../chat/state.ts';
import { companionsFor, type CompanionGroup } from '../engine/companions.ts';
import { createDirectory, type Directory } from '../engine/directory.ts';
import { MeanwhileError, SessionClosedError } from '../errors.ts';
import type { ReplyOptions, SayOptions, TaskDirectory, ToolSession } from '../tools/faces.ts';
import { flattenTools } from '../tools/flatten.ts';
import type { EffectivePolicy } from '../tools/policy.ts';
import type { ToolSource } from '../tools/toolset.ts';
import type { Activity } from './activity.ts';
import type { Agent } from './agent.ts';
import type { AgentTask } from './agent-task.ts';
import { whoRuns } from './ambient.ts';
import { assemble } from './assemble.ts';
import { closeSession } from './closing.ts';
import type { Core } from './core.ts';
import type { AgentState, SessionEvent, SessionEventName, UserState } from './events.ts';
import { holderOf, type FloorHolder } from './floor-rules.ts';
import { agentRefusal, checkContent, checkOptions, checkReply, checkSay } from './given.ts';
import type { ModelListener } from './model-watch.ts';
import type { AgentSessionOptions, Logger } from './options.ts';
import { checkTextListener, type TextListener } from './output.ts';
import { overridesHere, unknownTool, type Override } from './overrides.ts';
import { checkRestore, restoreInto, type AgentFactories, type RestoreOptions } from './restore.ts';
import { RunResult } from './run-result.ts';
import { SharedTools } from './shared-tools.ts';
import { runAgentTask } from './subtasks.ts';
import type { SpeechHandle } from './speech-handle.ts';
import { SessionTasks } from './tasks.ts';
import type { SessionTracer } from './tracing.ts';
import type { SessionUsage } from './usage.ts';
import type { UserContent } from './users.ts';

export class AgentSession<UserData = unknown> implements ToolSession<UserData>, AsyncDisposable {
  readonly userData: UserData;
  readonly tasks: TaskDirectory;
  /** @internal */
  readonly sharedTools: SharedTools;
  /** @internal */
  readonly tracer: SessionTracer | undefined;
  /** @internal Once a tool that may be cancelled, or that asks, has been seen, the companions stay (S5.4). */
  readonly companions = new Set<CompanionGroup>();
  readonly #core: Core;
  readonly #madeIn = overridesHere();
  readonly #overrides: Override[] = [];
  #closing: Promise<void> | undefined;
  #running = false;
  #started = false;

  /** Throws MeanwhileError `invalid_option`, `unsupported_model` or `invalid_definition`. */
  constructor(options: AgentSessionOptions<UserData>) {
    this.userData = options?.userData as UserData;
    this.#core = assemble(this, options);
    this.tasks = new SessionTasks(this.#core);
    this.sharedTools = new SharedTools(this.#core, options.tools);
    this.tracer = options.tracer?.(this);
    for (const tool of flattenTools(options.tools)) this.noteTool(tool.policy);
  }

  /** Sets up the session's toolsets and lets the agent enter. Resolves when its `onEnter` has begun. */
  async start(options: { readonly agent: Agent }): Promise<void> {
    if (this.#closing) throw new SessionClosedError('start');
    if (this.#started)
      throw new MeanwhileError(
        'session_state',
        'start: the session was started before. Use updateAgent() to switch agents.',
      );
    const refusal = agentRefusal(options?.agent);
    if (refusal)
      throw new MeanwhileError(
        'invalid_option',
        `start: ${refusal} Write session.start({ agent: new Agent({ instructions }) }).`,
      );
    const { stage, keeping, keeper } = this.#core;
    this.#started = true;
    try {
      if (keeping && !keeper) await keeping.begin();
      await stage.change(async () => {
        await this.sharedTools.setUp();
        const prepared = await stage.prepare(options.agent);
        // In one go: no crash leaves a session to which nobody had come.
        this.#open();
        stage.enter(options.agent, prepared);
      });
      void keeping?.outbox?.look();
    } catch (error) {
      // What was wrong with the agent can be mended.
      this.#started = false;
      throw error;
    }
  }

  #open(): void {
    const { log, options } = this.#core;
    if (log.state.status !== 'new') return;
    log.commit({ type: 'session_opened', sessionId: options.sessionId ?? this.#core.newId('session') });
  }

  /**
   * Brings back a session whose process died, from its store: what was said, the agent that talked, the tasks, what is still
   * to be told. Resolves when that agent is on stage.
   *
   * What was being told when the process died is told again as *maybe covered*. A task whose body died runs again where its
   * tool is `idempotent`, else it ends as failed, and the user is told. An AgentTask ends, since who awaited it is gone; the
   * agent under it goes on. Its agent's `onEnter` is not run again, unless it was just being handed over.
   *
   * Rejects with StoreError (`store_leased` while another process lives, `store_corrupt`, `store_newer_version`,
   * `store_unavailable`), with MeanwhileError `session_state` for a session that is not there or was closed, and
   * `invalid_option` where `agents` cannot make the agent.
   *
   * ```ts
   * const session = await AgentSession.restore({
   *   llm,
   *   store: sqlite('calls.db'),
   *   sessionId,
   *   agents: { booking: () => new BookingAgent() },
   * });
   * ```
   */
  static async restore<UserData>(options: RestoreOptions<UserData>): Promise<AgentSession<UserData>> {
    const { agents, takeOver = false, prepare, ...rest } = checkRestore(options);
    const session = new AgentSession<UserData>(rest);
    await prepare?.(session);
    await restoreInto(session.#core, { agents: agents as AgentFactories, takeOver, store: rest.store });
    session.#started = true;
    if (session.#core.stage.isClosed) session.#closing = Promise.resolve();
    return session;
  }

  /** Everything that has been said and told, in order: a snapshot. */
  get history(): ChatContext {
    return new ChatContext(this.#core.log.state.history);
  }

  get usage(): SessionUsage {
    return this.#core.usage.sum;
  }

  get logger(): Logger {
    return this.#core.logger;
  }

  get agentState(): AgentState {
    return this.#core.speaking.state;
  }

  get userState(): UserState {
    return this.#core.users.state;
  }

  /** Undefined between two agents. */
  get currentAgent(): Agent | undefined {
    return this.#core.stage.current?.agent;
  }

  /** Undefined between two agents. */
  get currentActivity(): Activity | undefined {
    return this.#core.stage.current;
  }

  /** @internal What the companions see. */
  get directory(): Directory {
    return createDirectory(this.#core.executor, this.#core.clock);
  }

  /** Who has the floor (S6). */
  get floor(): FloorHolder {
    return holderOf(this.#core.floor.facts());
  }

  /** Shows the agent's words as they go to the output, whatever that is; returns the way to stop. */
  watchText(listener: TextListener): () => void {
    checkTextListener('watchText', listener);
    return this.#core.output.watch(listener);
  }

  /** Shows what models are sent and answer; returns the way to stop. One that throws harms nobody. */
  watchModel(listener: ModelListener): () => void {
    return this.#core.modelWatch.watch(listener);
  }

  /** Calls `listener` with each record from now on, after it can be read in the state; returns the way to stop. One that throws harms nobody. */
  watchRecords(listener: (record: SessionRecord) => void): () => void {
    if (typeof listener !== 'function')
      throw new MeanwhileError('invalid_option', `watchRecords: expected a function, got ${typeof listener}.`);
    return this.#core.log.observe((record) => listener(record));
  }

  /**
   * The records behind the one with the number `after`, oldest first, also those of the processes before this one: some of
   * them, none at the end. Rejects with StoreError, and with MeanwhileError `session_state` where it has no store.
   */
  async readRecords(after: number): Promise<readonly SessionRecord[]> {
    const { keeping } = this.#core;
    if (!keeping)
      throw new MeanwhileError(
        'session_state',
        'readRecords: the session has no store. Give it one, or use watchRecords() from the start.',
      );
    return await keeping.read(after);
  }

  /** Is it kept in a store? */
  get isKept(): boolean {
    return this.#core.keeping !== undefined;
  }

  /** Says these words, bypassing the model. */
  say(text: string | AsyncIterable<string>, options: SayOptions = {}): SpeechHandle {
    checkSay(text, options);
    return this.#core.speaking.say(this.#core.speaking.placeFor('say'), text, options);
  }

  /** Asks the model for a reply. `instructions` hold for this reply only. */
  generateReply(options: ReplyOptions = {}): SpeechHandle {
    checkReply(options);
    const { speaking } = this.#core;
    return speaking.reply(speaking.placeFor('generateReply'), options);
  }

  /** What the user says or writes. Interrupts the agent where it may; resolves with the speech that answers, if one does. */
  async sendMessage(content: UserContent): Promise<SpeechHandle | undefined> {
    this.#requireOpen('sendMessage');
    checkContent('sendMessage', content);
    return await this.#core.users.say(content);
  }

  /** The user has begun to speak: nothing is told until he has stopped. */
  userStartedSpeaking(): void {
    this.#core.users.startedSpeaking();
  }

  userStoppedSpeaking(): void {
    this.#core.users.stoppedSpeaking();
  }

  /** Cuts what the agent says, also one that is leaving; resolves when that is recorded. Rejects when it may not be interrupted. */
  async interrupt(): Promise<void> {
    const speeches = [...(this.#core.stage.stack.at(-1)?.speeches ?? [])];
    for (const speech of speeches) speech.interrupt();
    await Promise.all(speeches.map((speech) => speech.done));
  }

  /** Hands over to another agent when what is being said has ended, or at once with `cut`. */
  updateAgent(agent: Agent, options: { readonly cut?: boolean } = {}): Promise<void> {
    const done = this.#core.handoffs.updateAgent(agent, options.cut ?? false);
    done.catch(() => undefined);
    return done;
  }

  /** Replaces the session's tools. New toolsets are set up; one that is gone is closed after the last task of its tools. */
  async updateTools(tools: ToolSource): Promise<void> {
    this.#requireOpen('updateTools');
    const { stage } = this.#core;
    whoRuns()?.letGo?.('change');
    await stage.unlessClosed(this.sharedTools.update(tools), 'updateTools');
  }

  /** Plays one user input and resolves when the session has come to rest (S10.2). */
  async run(options: { readonly userInput?: UserContent } = {}): Promise<RunResult> {
    this.#requireOpen('run');
    checkOptions('run', options, { userInput: () => undefined });
    if (options.userInput !== undefined) checkContent('run', options.userInput);
    if (this.#running) throw new MeanwhileError('run_active', 'run: another run is active. Await it first.');
    this.#running = true;
    const events: SessionEvent[] = [];
    const stop = this.#core.events.on('*', (event) => events.push(event));
    try {
      if (options.userInput !== undefined) await this.#core.users.say(options.userInput);
      await this.#core.idle.wait();
      return new RunResult(events);
    } finally {
      stop();
      this.#running = false;
    }
  }

  /** Resolves when it is quiet and nothing waits that could be served without the user; goes on over a handoff (S6.3). */
  async waitForIdle(): Promise<void> {
    await this.#core.idle.wait();
  }

  /** Calls `listener` for each event of that name (`'*'`: all); returns the way to stop. */
  on<Name extends SessionEventName>(name: Name, listener: (event: SessionEvent<Name>) => void): () => void;
  on(name: '*', listener: (event: SessionEvent) => void): () => void;
  on(name: SessionEventName | '*', listener: (event: never) => void): () => void {
    return this.#core.events.on(name, listener as (event: SessionEvent) => void);
  }

  /**
   * Ends the conversation (S8.7). `drain` lets what is being said end. Resolves after at most `closeTimeoutMs`; what then goes
   * on (`whenSessionEnds: 'finish'`) is `finished`.
   */
  close(options: { readonly drain?: boolean; readonly reason?: string } = {}): Promise<void> {
    whoRuns()?.letGo?.('close');
    this.#closing ??= closeSession(this.#core, { drain: options.drain ?? false, reason: options.reason ?? 'closed' });
    return this.#closing;
  }

  /**
   * Resolves when nothing of it is left: after `close()` at once, or when the last task has come to its end whose tool says
   * `whenSessionEnds: 'finish'`, and its result is handed over. A tool's own body cannot wait for it.
   */
  get finished(): Promise<void> {
    return this.#core.afterlife.whenFinished;
  }

  /**
   * Ends it in this process, so that another can restore it at once: what is being said is cut, bodies are aborted, and
   * neither is kept as an end. Throws MeanwhileError `session_state` where it has no store.
   */
  suspend(): Promise<void> {
    if (!this.#core.keeping)
      throw new MeanwhileError('session_state', 'suspend: the session has no store. Give it one, or close() it.');
    return this.leave('suspended');
  }

  /** @internal It goes on elsewhere, also where only its tasks do. */
  async leave(reason: string): Promise<void> {
    this.#closing ??= closeSession(this.#core, { suspend: true, reason });
    await this.#closing;
    await this.#core.afterlife.leave();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What an agent has in its context, as of now. */
  contextOf(agent: Agent): ChatContext {
    const activity = this.#core.stage.activityOf(agent);
    return new ChatContext(activity?.state?.context.items ?? []);
  }

  /** @internal `AgentTask.run`. */
  async runTask(task: AgentTask, completed: Promise<void>): Promise<void> {
    await runAgentTask(this.#core, task, completed);
  }

  /** @internal What its records add up to. */
  get state(): SessionState {
    return this.#core.log.state;
  }

  /** @internal */
  noteTool(policy: Pick<EffectivePolicy, 'allowCancellation' | 'asks' | 'needsApproval'>): void {
    for (const group of companionsFor(policy)) this.companions.add(group);
  }

  /** @internal Other bodies for the tools of an agent here, outermost first. */
  overridesOf(agent: Agent): readonly Override[] {
    return [...new Set([...this.#madeIn, ...this.#overrides, ...agent.overrides, ...overridesHere()])];
  }

  /** @internal */
  addOverride(override: Override): void {
    const known = new Set([...this.#core.stage.stack.flatMap((each) => each.toolbox.names), ...this.sharedTools.names]);
    const unknown = Object.keys(override.bodies).find((name) => !known.has(name));
    if (unknown !== undefined) throw unknownTool(unknown, 'the session', known);
    this.#overrides.push(override);
  }

  /** @internal */
  removeOverride(override: Override): void {
    this.#overrides.splice(this.#overrides.indexOf(override), 1);
  }

  #requireOpen(what: string): void {
    if (this.#closing) throw new SessionClosedError(what);
    if (!this.#started)
      throw new MeanwhileError(
        'session_state',
        `${what}: the session has not been started. Await session.start({ agent }) first.`,
      );
  }
}
