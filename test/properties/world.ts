/**
 * A session in which anything may happen: tools whose bodies wait for the next order, a model of changing moods, a voice,
 * and a user who talks when he likes. It does what the plan says and keeps what must be looked at.
 */
import {
  Agent,
  AgentSession,
  AgentTask,
  tool,
  Toolset,
  type Logger,
  type SessionEvent,
  type SpokenInfo,
  type Tool,
  type ToolSource,
} from 'meanwhile';
import { Body, late, lateMark, type BodyPorts } from './body.ts';
import { ShuffledClock } from './clock.ts';
import { MoodyModel, type WrittenCall } from './model.ts';
import type { Action, Call, Plan, ToolPlan } from './plan.ts';
import { settled, type Shuffle } from './shuffle.ts';
import type { Watch } from './watch.ts';
import { Voice } from './voice.ts';

type ToolEntry = Extract<ToolSource, readonly unknown[]>[number];

const ignore = (): void => undefined;
const quiet: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

const standMs = 4000;

/** Told to the model for one request only. */
const prompts = {
  replyAtTail: `${lateMark} Tell the user {callIds}.`,
  replyMaybeCovered: `${lateMark} Tell the user {callIds}, new {newCallIds}, heard {heard}.`,
  runningCalls: `${lateMark} Running: {runningCalls}`,
};

export class World {
  readonly clock: ShuffledClock;
  readonly session: AgentSession;
  readonly watch: Watch;
  readonly #shuffle: Shuffle;
  readonly #plan: Plan;
  readonly #onStill: (world: World) => void;
  readonly #model: MoodyModel;
  readonly #voice: Voice;
  readonly #ports: BodyPorts;
  readonly #bodies: Body[] = [];
  readonly #tasks = new Set<AgentTask<string>>();
  readonly #gates = new Set<() => void>();
  readonly #waits = new Map<Promise<unknown>, string>();
  /** By its `deliveryId`, each time: what was left when the session had ended. */
  readonly given: string[] = [];
  readonly #sharedTools: readonly ToolEntry[];
  readonly #agentTools: readonly ToolEntry[];
  #calls: readonly Call[] = [];
  #agents = 0;
  #inputs = 0;
  #closing = false;

  /** `onStill`: called when nobody has done anything for a while. */
  constructor(plan: Plan, shuffle: Shuffle, watch: Watch, onStill: (world: World) => void) {
    this.#plan = plan;
    this.#onStill = onStill;
    this.#shuffle = shuffle;
    this.watch = watch;
    this.clock = new ShuffledClock(shuffle, plan.setting.timersAsWhoSet);
    this.#ports = {
      shuffle,
      newAgent: () => this.#agent(),
      newTask: () => this.#newTask(),
      gate: () => this.#gate(),
      leased: (callId, holds) => watch.leased(callId, holds),
      watch: (what, promise) => this.#await(what, promise),
      close: () => this.close(false),
      says: (text, inTime) => watch.says(text, inTime),
      recorded: (text) => void watch.recorded.add(text),
      wrong: (invariant, fact) => watch.wrong(invariant, fact),
    };
    const tools = plan.tools.map((each, index) => ({ of: each.of, entry: this.#entry(each, index) }));
    this.#sharedTools = tools.filter(({ of }) => of === 'session').map(({ entry }) => entry);
    this.#agentTools = tools.filter(({ of }) => of === 'agent').map(({ entry }) => entry);
    this.#model = new MoodyModel(plan.setting.wire, {
      clock: this.clock,
      shuffle,
      onRequest: (request) => watch.request(request),
      calls: () => this.#calls.map((call) => this.#write(call)),
      gate: () => this.#gate(),
    });
    this.#voice = new Voice({
      clock: this.clock,
      shuffle,
      slow: plan.setting.slowOutput,
      onOpen: (speech: SpokenInfo) => watch.opened(speech),
      onWrite: () => watch.wrote(),
    });
    this.session = new AgentSession({
      llm: this.#model,
      clock: this.clock,
      output: this.#voice,
      tools: this.#sharedTools,
      logger: quiet,
      prompts,
      quietMs: plan.setting.quietMs,
      retryDelayMs: 300,
      onRecord: (record, state) => watch.record(record, state),
      onUndelivered: async ({ deliveryId }) => {
        await shuffle.pass('undelivered');
        this.given.push(deliveryId);
      },
    });
    watch.session = this.session;
    this.session.on('*', (event: SessionEvent) => watch.event(event));
  }

  /** What has been asked for and has not settled. */
  get open(): string[] {
    return [...this.#waits.values()];
  }

  /** Its end has been asked for. */
  get isClosing(): boolean {
    return this.#closing;
  }

  async start(): Promise<void> {
    const started = this.session.start({ agent: this.#agent() });
    await this.clock.runUntil(started, 60_000);
    await started;
  }

  async play(actions: readonly Action[]): Promise<void> {
    for (const each of actions) {
      if (each.do === 'wait') await this.clock.advance(each.ms);
      else if (each.do === 'stand') await this.stand(each.release);
      else {
        this.#do(each);
        await this.#shuffle.turn('script');
      }
    }
  }

  /** Nobody does anything for a while, and what can go on by itself does. */
  async stand(release = false): Promise<void> {
    if (release) this.#release();
    await this.clock.runUntil(new Promise(ignore), standMs);
    if (!this.#closing) this.#onStill(this);
  }

  /**
   * The user falls silent, the model behaves, everybody who waits gets what he waits for, and every body ends. False: the
   * session does not come to rest all the same.
   */
  async calm(): Promise<boolean> {
    const { tasks } = this.session;
    this.#model.mood = 'talks';
    this.#voice.how = 'works';
    this.session.userStoppedSpeaking();
    for (let round = 0; round < 40; round += 1) {
      for (const { callId, state } of tasks.list())
        if (state === 'input_required') this.#await('answer', tasks.answer(callId, 'accept', {}));
      await this.release();
      // What ends while it is being asked for has something to tell: it is asked for again.
      const isOver = this.#isOver();
      const idle = this.session.waitForIdle();
      idle.catch(ignore);
      const rests = await this.clock.runUntil(idle, 2000);
      if (rests && isOver && this.#isOver()) return true;
    }
    return false;
  }

  /** No body runs, and nobody waits for anything. */
  #isOver(): boolean {
    return (
      this.#bodies.length +
        this.#tasks.size +
        this.#gates.size +
        this.#waits.size +
        this.session.tasks.list().length ===
      0
    );
  }

  /** Everybody who waits for the script goes on, and every body ends that can. */
  async release(): Promise<void> {
    for (const open of this.#gates) open();
    for (const task of this.#tasks) this.#complete(task);
    for (const body of this.#bodies) body.end('return');
    await this.drain();
  }

  #release(): void {
    const [open] = this.#gates;
    open?.();
  }

  /** After the close: until no body is left, of those that did not listen either. */
  async releaseAll(): Promise<void> {
    for (let round = 0; round < 100 && this.#bodies.length + this.#gates.size > 0; round += 1) await this.release();
  }

  close(drain: boolean): Promise<void> {
    this.#closing = true;
    const closed = this.session.close({ drain });
    this.#await('close', closed);
    return closed;
  }

  /** Until nobody is left who could go on by himself. */
  async drain(): Promise<void> {
    await settled();
    while (await this.#shuffle.next());
  }

  #do(each: Exclude<Action, { do: 'wait' | 'stand' }>): void {
    const { session } = this;
    switch (each.do) {
      case 'order':
        return this.#body(each.body)?.order(each.what);
      case 'end':
        return this.#body(each.body)?.end(each.how);
      case 'answer':
        return this.#await('answer', session.tasks.answer(this.#callId(each.task), each.action, {}));
      case 'cancel':
        return this.#cancel(this.#callId(each.task));
      case 'complete': {
        const [task] = this.#tasks;
        return task && this.#complete(task);
      }
      case 'release':
        return this.#release();
      case 'speak':
        return session.userStartedSpeaking();
      case 'speak over':
        session.userStartedSpeaking();
        return this.#await('interrupt', session.interrupt());
      case 'pause':
        return session.userStoppedSpeaking();
      case 'interrupt':
        return this.#await('interrupt', session.interrupt());
      case 'run task':
        return this.#await('AgentTask', this.#newTask().run(session));
      case 'idle':
        return this.#await('idle', session.waitForIdle());
      case 'say':
        return this.#try(() => this.#await('say', session.say('Some words.').done));
      case 'reply':
        return this.#try(() => this.#await('reply', session.generateReply({ instructions: late('Talk.') }).done));
      case 'close':
        return void this.close(each.drain);
      case 'message':
        this.#model.mood = each.mood;
        this.#calls = each.calls;
        return this.#await('message', session.sendMessage(this.#input()));
      case 'run':
        this.#model.mood = each.mood;
        this.#calls = each.calls;
        return this.#run();
      case 'mood':
        this.#model.mood = each.mood;
        this.#model.latencyMs = each.latencyMs;
        return;
      case 'output':
        this.#voice.how = each.how;
        return;
      case 'agent':
        return this.#await('handoff', session.updateAgent(this.#agent(), { cut: each.cut }));
      case 'tools':
        return this.#await('tools', session.updateTools(this.#sharedTools.filter((_tool, index) => each.keep[index])));
    }
  }

  /** The end of the session does not wait for what goes on after it. */
  #cancel(callId: string): void {
    const cancelled = this.session.tasks.cancel(callId);
    if (this.#closing) cancelled.catch(ignore);
    else this.#await('cancel', cancelled);
  }

  /** One that is refused has taken nothing. */
  #run(): void {
    const text = this.#input();
    const run = this.session.run({ userInput: text });
    this.#await('run', run);
    run.catch((error: unknown) => {
      if ((error as { code?: unknown }).code === 'run_active') this.watch.inputs.delete(text);
    });
  }

  #try(act: () => void): void {
    try {
      act();
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'session_closed') throw error;
    }
  }

  #await(what: string, promise: Promise<unknown>): void {
    this.#waits.set(promise, what);
    const over = (): void => void this.#waits.delete(promise);
    promise.then(over, over);
  }

  #input(): string {
    const text = `Input ${String((this.#inputs += 1))}.`;
    this.watch.inputs.add(text);
    return text;
  }

  #callId(index: number): string {
    const tasks = this.session.tasks.list();
    return tasks[index % Math.max(1, tasks.length)]?.callId ?? 'none';
  }

  #body(index: number): Body | undefined {
    return this.#bodies[index % Math.max(1, this.#bodies.length)];
  }

  #write(call: Call): WrittenCall {
    const toolName = (n: number): string => `job${String(n % this.#plan.tools.length)}`;
    switch (call.to) {
      case 'tool':
        return { toolName: toolName(call.tool), input: `{"n":${String(call.n)}}` };
      case 'tool, confirmed':
        return { toolName: toolName(call.tool), input: `{"n":${String(call.n)},"confirm_duplicate":true}` };
      case 'tool, misused':
        return { toolName: toolName(call.tool), input: '{"n":"many"}' };
      case 'nothing':
        return { toolName: 'no_such_tool', input: '{}' };
      case 'list':
        return { toolName: 'get_running_tasks', input: '{}' };
      case 'cancel':
        return { toolName: 'cancel_task', input: JSON.stringify({ call_id: this.#callId(call.task) }) };
      case 'answer': {
        const { action } = call;
        const answer = { call_id: this.#callId(call.task), action, ...(action === 'accept' ? { content: {} } : {}) };
        return { toolName: 'answer_task', input: JSON.stringify(answer) };
      }
    }
  }

  #agent(): Agent {
    const does = this.#plan.hooks[this.#agents % this.#plan.hooks.length];
    this.#agents += 1;
    const pass = (): Promise<void> => this.#shuffle.pass('hook');
    const agent: Agent = new Agent({
      name: `agent ${String(this.#agents)}`,
      instructions: 'Talk.',
      tools: this.#agentTools,
      ...(does === 'is fixed' ? { allowInterruptions: false } : {}),
      ...(does === 'greets' ? { onEnter: () => this.#await('greeting', agent.session.generateReply().done) } : {}),
      ...(does === 'waits'
        ? {
            onEnter: async () => {
              await pass();
              await agent.session.waitForIdle();
            },
          }
        : {}),
      ...(does === 'asks' ? { onEnter: async () => void (await this.#newTask().run()) } : {}),
      ...(does === 'says goodbye'
        ? {
            onExit: async () => {
              await agent.session.say('Goodbye for now.').waitForPlayout();
              await pass();
            },
          }
        : {}),
      ...(does === 'hands over'
        ? {
            onUserTurnCompleted: async () => {
              await pass();
              await agent.session.updateAgent(this.#agent());
            },
          }
        : {}),
    });
    return agent;
  }

  #newTask(): AgentTask<string> {
    const task = new AgentTask<string>({ name: 'subtask', instructions: 'Ask.', tools: this.#agentTools });
    this.#tasks.add(task);
    return task;
  }

  #complete(task: AgentTask<string>): void {
    this.#tasks.delete(task);
    try {
      task.complete('yes');
    } catch {
      // It was ended by somebody else.
    }
  }

  #entry(each: ToolPlan, index: number): ToolEntry {
    const made = this.#tool(each, index);
    if (!each.inSet) return made;
    const life = async (change: 1 | -1): Promise<void> => {
      await this.#shuffle.pass('toolset');
      this.watch.toolsets += change;
    };
    return new Toolset({ id: `set${String(index)}`, tools: [made], setup: () => life(1), close: () => life(-1) });
  }

  #tool(each: ToolPlan, index: number): Tool {
    const { onHandoff, onInterrupt, deliver, onDuplicate, limit, more } = each;
    return tool({
      name: `job${String(index)}`,
      parameters: more === 'late arguments' ? lateArguments(this.#shuffle) : numbered,
      allowCancellation: true,
      onHandoff,
      onInterrupt,
      deliver,
      ...(each.finishes ? { whenSessionEnds: 'finish' } : {}),
      ...(limit === 'none' ? {} : { maxConcurrency: { limit: 1, whenFull: limit } }),
      ...(each.hold ? { maxHoldMs: 500 } : {}),
      ...(onDuplicate === 'window' ? { duplicateWindowMs: 3000 } : {}),
      ...(onDuplicate === 'window' || onDuplicate === 'default' ? {} : { onDuplicate }),
      ...(more === 'auto' ? { autoBackgroundMs: 100 } : {}),
      ...(more === 'timeout' ? { timeoutMs: 2000 } : {}),
      ...(more === 'no progress' ? { noProgressTimeoutMs: 1000 } : {}),
      ...(more === 'approval' ? { needsApproval: true } : {}),
      ...(more === 'supersede' ? { supersedeKey: 'key' } : {}),
      execute: (_args, { ctx }) => {
        this.watch.signal(ctx.abortSignal);
        if (more === 'at once') return 'There it is.';
        const body = new Body(this.#ports, ctx);
        this.#bodies.push(body);
        return body.run(each.deaf).finally(() => this.#bodies.splice(this.#bodies.indexOf(body), 1));
      },
    });
  }

  async #gate(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const open = (): void => {
      this.#gates.delete(open);
      resolve();
    };
    this.#gates.add(open);
    await promise;
    await this.#shuffle.pass('gate');
  }
}

const numbered = {
  type: 'object',
  properties: { n: { type: 'integer' } },
  required: ['n'],
  additionalProperties: false,
} as const;

/** Arguments whose validation takes its time. */
function lateArguments(shuffle: Shuffle) {
  return {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: async (value: unknown) => {
        await shuffle.pass('arguments');
        return typeof (value as { n?: unknown }).n === 'number' ? { value } : { issues: [{ message: 'not a number' }] };
      },
      jsonSchema: { input: () => ({ ...numbered }), output: () => ({ ...numbered }) },
    },
  };
}
