/**
 * A session in which anything may happen: tools whose bodies wait for the next order, a model of changing moods, a voice,
 * and a user who talks when he likes. The actions are data, so that fast-check can shrink what goes wrong.
 */
import fc from 'fast-check';
import {
  Agent,
  AgentSession,
  type AgentSessionOptions,
  AgentTask,
  handoff,
  StopResponse,
  tool,
  ToolError,
  type Logger,
  type RunContext,
  type SessionEvent,
  type SessionRecord,
  type SessionState,
  type SpeechOutput,
  type Tool,
} from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedAnswer, type VirtualClock } from 'meanwhile/testing';
import { z } from 'zod';
import { apply } from '../../src/chat/fold.ts';
import { createSessionState } from '../../src/chat/state.ts';
import { isDeepStrictEqual } from 'node:util';
import { createPlayback } from '../support/playback.ts';
import { byHand } from '../support/session.ts';

export type Order =
  | 'update'
  | 'silent'
  | 'urgent'
  | 'progress'
  | 'ask'
  | 'lease'
  | 'sub'
  | 'idle'
  | 'filler'
  | 'say'
  | 'protect'
  | 'hand over';
export type Ending = 'return' | 'nothing' | 'throw' | 'tool error' | 'stop' | 'handoff';
export type Mood = 'talks' | 'calls' | 'is silent' | 'fails' | 'breaks off' | 'hangs';

export type Action =
  | { do: 'order'; body: number; what: Order }
  | { do: 'end'; body: number; how: Ending }
  | { do: 'answer'; task: number; action: 'accept' | 'decline' }
  | { do: 'cancel'; task: number }
  | {
      do:
        | 'complete'
        | 'release'
        | 'speak'
        | 'speak over'
        | 'pause'
        | 'interrupt'
        | 'run task'
        | 'idle'
        | 'say'
        | 'reply'
        | 'close';
    }
  | { do: 'message'; mood: Mood; tools: readonly number[] }
  | { do: 'mood'; mood: Mood }
  | { do: 'agent'; cut: boolean }
  | { do: 'tools'; keep: readonly boolean[] }
  | { do: 'wait'; ms: number };

export interface ToolPlan {
  readonly of: 'session' | 'agent';
  readonly onHandoff: 'move' | 'cancel' | 'wait';
  readonly onInterrupt: 'background' | 'abort';
  readonly deaf: boolean;
  readonly limit: boolean;
  readonly hold: boolean;
  readonly more: 'nothing' | 'join' | 'replace' | 'auto' | 'timeout' | 'approval' | 'supersede';
}

/** What an agent's hooks do. */
export type Hooks = 'nothing' | 'greets' | 'asks' | 'says goodbye' | 'waits' | 'hands over' | 'is fixed';

export interface Plan {
  readonly tools: readonly ToolPlan[];
  /** Of the agents, in the order in which they are made. */
  readonly hooks: readonly Hooks[];
  readonly actions: readonly Action[];
}

const mood = fc.constantFrom<Mood>('talks', 'talks', 'talks', 'calls', 'is silent', 'fails', 'breaks off', 'hangs');
const nth = fc.nat(5);

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('order' as const),
      body: nth,
      what: fc.constantFrom<Order>(
        'update',
        'update',
        'update',
        'silent',
        'urgent',
        'progress',
        'ask',
        'lease',
        'sub',
        'idle',
        'filler',
        'say',
        'protect',
        'hand over',
      ),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      body: nth,
      how: fc.constantFrom<Ending>('return', 'return', 'return', 'nothing', 'throw', 'tool error', 'stop', 'handoff'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('message' as const),
      mood: fc.constantFrom<Mood>('calls', 'calls', 'calls', 'calls', 'talks', 'hangs', 'fails', 'breaks off'),
      tools: fc.array(nth, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 20, 60, 150, 450, 1200, 4000) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...([
          'complete',
          'complete',
          'complete',
          'release',
          'release',
          'release',
          'speak',
          'speak over',
          'pause',
          'pause',
        ] as const),
        ...(['pause', 'interrupt', 'run task', 'idle', 'say', 'reply'] as const),
      ),
    }) as fc.Arbitrary<Action>,
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      task: nth,
      action: fc.constantFrom('accept' as const, 'decline' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), task: nth }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('mood' as const), mood }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('agent' as const), cut: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('tools' as const),
      keep: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    }),
  },
);

const toolPlan: fc.Arbitrary<ToolPlan> = fc.record({
  of: fc.constantFrom('session' as const, 'agent' as const),
  onHandoff: fc.constantFrom('move' as const, 'move' as const, 'cancel' as const, 'wait' as const),
  onInterrupt: fc.constantFrom('background' as const, 'background' as const, 'abort' as const),
  deaf: fc.boolean(),
  limit: fc.boolean(),
  hold: fc.boolean(),
  more: fc.constantFrom<ToolPlan['more']>(
    'nothing',
    'nothing',
    'join',
    'replace',
    'auto',
    'timeout',
    'approval',
    'supersede',
  ),
});

const hooks = fc.constantFrom<Hooks>(
  'nothing',
  'nothing',
  'nothing',
  'greets',
  'asks',
  'says goodbye',
  'waits',
  'hands over',
  'is fixed',
);

export const plan: fc.Arbitrary<Plan> = fc
  .record({
    tools: fc.array(toolPlan, { minLength: 1, maxLength: 4 }),
    hooks: fc.array(hooks, { minLength: 1, maxLength: 3 }),
    first: fc.array(nth, { minLength: 1, maxLength: 4 }),
    actions: fc.array(action, { minLength: 3, maxLength: 50, size: 'max' }),
    closeAt: fc.option(fc.nat(60), { freq: 2, nil: null }),
  })
  .map(({ tools, hooks: each, first, actions, closeAt }) => ({
    tools,
    hooks: each,
    actions: [{ do: 'message' as const, mood: 'calls' as const, tools: first }, ...withClose(actions, closeAt)],
  }));

function withClose(actions: readonly Action[], at: number | null): readonly Action[] {
  if (at === null || at >= actions.length) return actions;
  return [...actions.slice(0, at), { do: 'close' as const }, ...actions.slice(at)];
}

interface Body {
  order(what: Order): void;
  end(how: Ending): void;
}

const ignore = (): void => undefined;
const quiet: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

export class World {
  readonly clock: VirtualClock = createVirtualClock();
  readonly records: SessionRecord[] = [];
  readonly events: SessionEvent[] = [];
  /** What must never be, with the record or the moment at which it was. */
  readonly wrong: string[] = [];
  readonly session: AgentSession;
  readonly #plans: readonly ToolPlan[];
  readonly #hooks: readonly Hooks[];
  readonly #shadow = createSessionState();
  readonly #bodies: Body[] = [];
  readonly #tasks = new Set<AgentTask<string>>();
  readonly #gates = new Set<() => void>();
  readonly #waits = new Map<Promise<unknown>, string>();
  readonly #sharedTools: Tool[];
  readonly #agentTools: Tool[];
  readonly #speeches = new Map<string, string>();
  #mood: Mood = 'talks';
  #calls: readonly number[] = [];
  #agents = 0;

  /** `watch`: told of each record after the checks. */
  constructor({ tools: plans, hooks: each }: Omit<Plan, 'actions'>, watch?: AgentSessionOptions['onRecord']) {
    this.#plans = plans;
    this.#hooks = each;
    const tools = plans.map((each, index) => ({ of: each.of, tool: this.#tool(each, index) }));
    this.#sharedTools = tools.filter(({ of }) => of === 'session').map((each) => each.tool);
    this.#agentTools = tools.filter(({ of }) => of === 'agent').map((each) => each.tool);
    this.session = new AgentSession({
      llm: scriptedModel([], { clock: this.clock, fallback: () => this.#answer() }),
      clock: this.clock,
      output: this.#output(),
      tools: this.#sharedTools,
      logger: quiet,
      quietMs: 100,
      retryDelayMs: 300,
      onRecord: (record, state) => {
        this.#check(record, state);
        watch?.(record, state);
      },
    });
    this.session.on('*', (event) => this.events.push(event));
    this.session.on('speech_created', ({ speechId, activityId }) => this.#speeches.set(speechId, activityId));
  }

  /** What has been asked for and has not settled. */
  get open(): string[] {
    return [...this.#waits.values()];
  }

  async start(): Promise<void> {
    await this.session.start({ agent: this.#agent() });
  }

  async play(actions: readonly Action[]): Promise<void> {
    for (const each of actions) {
      this.#do(each);
      if (each.do === 'wait') await this.clock.advance(each.ms);
      else await this.clock.settle();
    }
  }

  /** The user falls silent, the model behaves, everybody who waits gets what he waits for, and every body ends. */
  async calm(): Promise<void> {
    this.#mood = 'talks';
    this.session.userStoppedSpeaking();
    for (let round = 0; round < 40; round += 1) {
      for (const task of this.session.tasks.list()) {
        if (task.state === 'input_required')
          this.#watch('answer', this.session.tasks.answer(task.callId, 'accept', {}));
      }
      for (const open of [...this.#gates]) open();
      for (const task of [...this.#tasks]) this.#complete(task);
      for (const body of [...this.#bodies]) body.end('return');
      await this.clock.advance(2000);
    }
  }

  #do(each: Action): void {
    const { session } = this;
    switch (each.do) {
      case 'order':
        return this.#body(each.body)?.order(each.what);
      case 'end':
        return this.#body(each.body)?.end(each.how);
      case 'answer':
        return this.#watch('answer', session.tasks.answer(this.#callId(each.task), each.action, {}));
      case 'cancel':
        return this.#watch('cancel', session.tasks.cancel(this.#callId(each.task)));
      case 'complete': {
        const [task] = this.#tasks;
        return task && this.#complete(task);
      }
      case 'release': {
        const [open] = this.#gates;
        return open?.();
      }
      case 'speak':
        return session.userStartedSpeaking();
      case 'speak over':
        session.userStartedSpeaking();
        return this.#watch('interrupt', session.interrupt());
      case 'pause':
        return session.userStoppedSpeaking();
      case 'interrupt':
        return this.#watch('interrupt', session.interrupt());
      case 'run task':
        return this.#watch('AgentTask', this.#newTask().run(session));
      case 'idle':
        return this.#watch('idle', session.waitForIdle());
      case 'say':
        return this.#try(() => this.#watch('say', session.say('Some words of the application.').done));
      case 'reply':
        return this.#try(() => this.#watch('reply', session.generateReply({ instructions: 'Say something.' }).done));
      case 'close':
        return this.#watch('close', session.close());
      case 'message':
        this.#mood = each.mood;
        this.#calls = each.tools;
        return this.#watch('message', session.sendMessage('Hello'));
      case 'mood':
        this.#mood = each.mood;
        return;
      case 'agent':
        return this.#watch('handoff', session.updateAgent(this.#agent(), { cut: each.cut }));
      case 'tools': {
        const kept = this.#sharedTools.filter((_tool, index) => each.keep[index]);
        return this.#watch('tools', session.updateTools(kept));
      }
      case 'wait':
        return;
    }
  }

  #try(act: () => void): void {
    try {
      act();
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'session_closed') throw error;
    }
  }

  #watch(what: string, promise: Promise<unknown>): void {
    this.#waits.set(promise, what);
    const settled = (): void => void this.#waits.delete(promise);
    promise.then(settled, settled);
  }

  #callId(index: number): string {
    const tasks = this.session.tasks.list();
    return tasks[index % Math.max(1, tasks.length)]?.callId ?? 'none';
  }

  #body(index: number): Body | undefined {
    return this.#bodies[index % Math.max(1, this.#bodies.length)];
  }

  #agent(): Agent {
    const does = this.#hooks[this.#agents % this.#hooks.length];
    this.#agents += 1;
    const agent: Agent = new Agent({
      name: `agent ${String(this.#agents)}`,
      instructions: 'Talk.',
      tools: this.#agentTools,
      ...(does === 'is fixed' ? { allowInterruptions: false } : {}),
      ...(does === 'greets' ? { onEnter: () => void this.#watch('greeting', agent.session.generateReply().done) } : {}),
      ...(does === 'waits' ? { onEnter: async () => await agent.session.waitForIdle() } : {}),
      ...(does === 'asks' ? { onEnter: async () => void (await this.#newTask().run()) } : {}),
      ...(does === 'says goodbye'
        ? { onExit: async () => await agent.session.say('Goodbye for now.').waitForPlayout() }
        : {}),
      ...(does === 'hands over'
        ? { onUserTurnCompleted: async () => await agent.session.updateAgent(this.#agent()) }
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

  #tool(each: ToolPlan, index: number): Tool {
    return tool({
      name: `job${String(index)}`,
      parameters: z.object({}),
      onDuplicate: 'allow',
      allowCancellation: true,
      onHandoff: each.onHandoff,
      onInterrupt: each.onInterrupt,
      ...(each.limit ? { maxConcurrency: { limit: 1 } } : {}),
      ...(each.hold ? { maxHoldMs: 500 } : {}),
      ...(each.more === 'join' || each.more === 'replace' ? { onDuplicate: each.more } : {}),
      ...(each.more === 'auto' ? { autoBackgroundMs: 100 } : {}),
      ...(each.more === 'timeout' ? { timeoutMs: 2000, noProgressTimeoutMs: 1000 } : {}),
      ...(each.more === 'approval' ? { needsApproval: true } : {}),
      ...(each.more === 'supersede' ? { supersedeKey: 'key' } : {}),
      execute: async (_args, { ctx }) => await this.#run(ctx, each.deaf),
    });
  }

  /** Does what it is told, one thing after another, until it is told to end, or is aborted and hears it. */
  async #run(ctx: RunContext, deaf: boolean): Promise<unknown> {
    const orders: Order[] = [];
    let ending: Ending | undefined;
    let told = byHand();
    const tell = (): void => {
      told.resolve();
    };
    const body: Body = {
      order: (what) => (orders.push(what), tell()),
      end: (how) => ((ending ??= how), tell()),
    };
    this.#bodies.push(body);
    if (!deaf) ctx.abortSignal.addEventListener('abort', () => ((ending ??= 'nothing'), tell()));
    for (;;) {
      const what = orders.shift();
      if (what !== undefined) await this.#obey(ctx, what).catch(ignore);
      else if (ending !== undefined) {
        this.#bodies.splice(this.#bodies.indexOf(body), 1);
        return this.#finish(ending);
      } else {
        told = byHand();
        await told.promise;
      }
    }
  }

  async #obey(ctx: RunContext, what: Order): Promise<unknown> {
    switch (what) {
      case 'update':
        return await ctx.update('News');
      case 'silent':
        return await ctx.update('Whisper', { deliver: 'silent' });
      case 'urgent':
        return await ctx.update('Alarm', { deliver: 'interrupt' });
      case 'progress':
        return await ctx.update({ progress: 1, total: 2 });
      case 'ask':
        return await ctx.ask({ message: 'Which?' });
      case 'lease':
        return await ctx.foreground(() => this.#gate());
      case 'sub':
        return await this.#newTask().run();
      case 'idle':
        return await ctx.session.waitForIdle();
      case 'filler':
        return await ctx.filler('One moment.', { delayMs: 50 }, () => this.#gate());
      case 'say':
        return await ctx.session.say('Words of a tool.').waitForPlayout();
      case 'protect':
        return ctx.disallowInterruptions();
      case 'hand over':
        return await ctx.session.updateAgent(this.#agent());
    }
  }

  #finish(how: Ending): unknown {
    switch (how) {
      case 'return':
        return 'A result.';
      case 'nothing':
        return undefined;
      case 'throw':
        throw new Error('broken');
      case 'tool error':
        throw new ToolError('refused');
      case 'stop':
        throw new StopResponse();
      case 'handoff':
        return handoff(this.#agent(), { returns: 'I put you through.' });
    }
  }

  async #gate(): Promise<void> {
    const { promise, resolve } = byHand();
    const open = (): void => {
      this.#gates.delete(open);
      resolve();
    };
    this.#gates.add(open);
    await promise;
  }

  #answer(): ScriptedAnswer {
    const text = 'There is something to say.';
    switch (this.#mood) {
      case 'talks':
        return { text, delayMs: 120 };
      case 'calls': {
        this.#mood = 'talks';
        return {
          text: 'One moment.',
          calls: this.#calls.map((n) => ({ name: `job${String(n % this.#plans.length)}` })),
        };
      }
      case 'is silent':
        return {};
      case 'fails':
        return { error: new Error('down') };
      case 'breaks off':
        return { text, failAfter: 2 };
      case 'hangs':
        return { text, hang: this.#gate(), hangAfter: 1 };
    }
  }

  /** A paused agent does not begin to speak (S8.4), and what is due not while the user speaks (S3.8). */
  #output(): SpeechOutput {
    const playback = createPlayback(this.clock);
    return {
      open: (speech) => {
        const { stack, speeches, activities } = this.session.state;
        const { about = [], requests } = speeches.get(speech.speechId) ?? {};
        const madeCalls = this.records.some(
          (record) => record.type === 'task_started' && record.speechId === speech.speechId,
        );
        if (this.session.userState === 'speaking' && about.length > 0 && requests?.size === 1 && !madeCalls) {
          this.wrong.push(`${speech.speechId} is begun while the user speaks`);
        }
        const activity = this.#speeches.get(speech.speechId) ?? '';
        const over = stack.includes(activity) ? stack.slice(stack.indexOf(activity) + 1) : [];
        if (over.some((id) => activities.get(id)?.exiting === false))
          this.wrong.push(`${speech.agent} speaks while it is paused`);
        return playback.open(speech);
      },
    };
  }

  #check(record: SessionRecord, state: SessionState): void {
    const copy = JSON.parse(JSON.stringify(record)) as SessionRecord;
    this.records.push(copy);
    apply(this.#shadow, copy);
    if (!isDeepStrictEqual(this.#shadow, state)) this.wrong.push(`the fold differs after ${JSON.stringify(record)}`);
    if (record.type === 'delivery_taken') this.#checkTaken(record, state);
  }

  /** Not over the user (S3.8), and all that is due of the same owner together, of questions one (S3.2, S6.6). */
  #checkTaken(record: Extract<SessionRecord, { type: 'delivery_taken' }>, state: SessionState): void {
    if (this.session.userState === 'speaking') this.wrong.push(`told while the user speaks: ${record.ids.join()}`);
    const all = [...state.tasks.deliveries.values()];
    const owners = new Set(all.filter(({ id }) => record.ids.includes(id)).map(({ owner }) => owner));
    for (const each of all) {
      const isDue = each.taken === undefined && each.stale === undefined && (each.notBefore ?? 0) <= record.at;
      if (
        isDue &&
        owners.has(each.owner) &&
        each.record.phase !== 'question' &&
        state.stack.length === 1 &&
        state.tasks.deliveries.size > 0
      ) {
        if (this.session.floor !== 'user' && typeof this.session.floor !== 'object')
          this.wrong.push(`left behind: ${each.id} by ${record.ids.join()}`);
      }
    }
  }
}
