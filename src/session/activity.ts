/** One stay of an agent in a session: its tools, its open speeches, its view for the model (S8). */
import type { ActivityState } from '../chat/state.ts';
import { Latch } from '../engine/latch.ts';
import type { Agent } from './agent.ts';
import { AgentTask } from './agent-task.ts';
import type { Lease } from './ambient.ts';
import type { Core } from './core.ts';
import type { SpeechHandle } from './speech-handle.ts';
import type { Toolbox } from './toolbox.ts';
import { ModelView } from './model-view.ts';

/** `ending`: handed over or closed, so no new turns, and open ones take no further step; `exiting`: its `onExit` has begun. */
export type ActivityPhase = 'here' | 'ending' | 'exiting' | 'gone';

export class Activity {
  readonly id: string;
  readonly agent: Agent;
  readonly parent: Activity | undefined;
  /** The lease its AgentTask was started under. */
  readonly lease: Lease | undefined;
  readonly toolbox: Toolbox;
  readonly view: ModelView;
  readonly speeches = new Set<SpeechHandle>();
  readonly #core: Core;
  readonly #ended = new Latch();
  phase: ActivityPhase = 'here';
  /** Its way out, once it has begun. */
  exit: Promise<void> | undefined;
  /** The agent it hands over to. */
  successor: Agent | undefined;
  /** Resolves when the last of its AgentTasks has ended: they run one after another. */
  subtask: Promise<void> | undefined;

  constructor(core: Core, id: string, agent: Agent, toolbox: Toolbox, parent?: Activity, lease?: Lease) {
    this.#core = core;
    this.id = id;
    this.agent = agent;
    this.toolbox = toolbox;
    this.parent = parent;
    this.lease = lease;
    this.view = new ModelView(core, this);
  }

  get state(): ActivityState | undefined {
    return this.#core.log.state.activities.get(this.id);
  }

  get isTask(): boolean {
    return this.agent instanceof AgentTask;
  }

  get tellsDeliveries(): boolean {
    return this.agent instanceof AgentTask && this.agent.options.tellsDeliveries === true;
  }

  get whenEnded(): Promise<void> {
    return this.#ended.opened;
  }

  /** Calls of its open turns that block and do not wait themselves. */
  get blocking(): number {
    let count = 0;
    for (const speech of this.speeches) if (speech.phase === 'tools') count += this.#core.executor.blocking(speech.id);
    return count;
  }

  /** Resolves when it is quiet for this agent; rejects with ActivityEndedError when its activity ends (S6.3). */
  async waitForIdle(): Promise<void> {
    await this.#core.idle.wait(this);
  }

  end(): void {
    this.phase = 'gone';
    this.#core.hooks.activityEnded(this.id);
    this.#ended.open();
  }
}
