/** What the parts of one session share. It is wiring: no decisions are made here. */
import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { WireProfile } from '../chat/wire-profile.ts';
import type { Log } from '../chat/log.ts';
import type { Clock } from '../clock.ts';
import type { Executor } from '../engine/executor.ts';
import type { EngineReport } from '../engine/seam.ts';
import type { Prompts, Wording } from '../tools/prompts.ts';
import type { Agent } from './agent.ts';
import type { AgentSession } from './agent-session.ts';
import type { Afterlife } from './afterlife.ts';
import type { AgentSessionOptions, ContextLimit, Logger } from './options.ts';
import type { Events } from './events.ts';
import type { Floor } from './floor.ts';
import type { Handoffs } from './handoffs.ts';
import type { Hooks } from './hooks.ts';
import type { Idle } from './idle.ts';
import type { Keeper } from './keeper.ts';
import type { Keeping } from './keeping.ts';
import type { ModelWatch } from './model-watch.ts';
import type { Mouth } from './mouth.ts';
import type { Speaking } from './speaking.ts';
import type { SpeechHandle } from './speech-handle.ts';
import type { Stage } from './stage.ts';
import type { TracedWork } from './tracing.ts';
import type { Transcript } from './transcript.ts';
import type { UsageMeter } from './usage.ts';
import type { Users } from './users.ts';

export interface CoreOptions {
  readonly llm: LanguageModelV4;
  /** Undefined: a name that is good in this process only. */
  readonly sessionId: string | undefined;
  readonly maxToolSteps: number;
  readonly maxRetries: number;
  readonly quietMs: number;
  readonly closeTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly maxAttempts: number;
  readonly retryDelayMs: number;
  readonly whenSessionEnds: 'cancel' | 'finish';
  readonly onUndelivered: AgentSessionOptions['onUndelivered'];
  readonly userAwayMs: number | undefined;
  readonly prompts: Partial<Prompts>;
  /** Replaces what the table says of the model's wire. */
  readonly wire: Partial<WireProfile>;
  readonly contextLimit: ContextLimit | undefined;
}

export interface Core {
  readonly session: AgentSession;
  readonly clock: Clock;
  readonly log: Log;
  /** Set once it holds the session's lease; undefined without a store. */
  keeper: Keeper | undefined;
  /** Of a session that is kept; undefined without a store. */
  readonly keeping: Keeping | undefined;
  /** What goes on after its end. */
  readonly afterlife: Afterlife;
  readonly logger: Logger;
  readonly options: CoreOptions;
  readonly output: Transcript;
  /** The words that hold for this agent; one that fails is an event, and the default's hold (S9.1). `inner`: a toolset's. */
  wording(agent: Agent, inner?: readonly Partial<Prompts>[]): Wording;
  /** Runs it as the tracer wants it to be run (S7.3). */
  traced<T>(work: TracedWork, run: () => T): T;
  readonly events: Events;
  /** What the engine, or a toolset's own code, reports beside the records. */
  report(report: EngineReport): void;
  readonly executor: Executor;
  readonly floor: Floor;
  readonly mouth: Mouth;
  readonly modelWatch: ModelWatch;
  readonly stage: Stage;
  readonly handoffs: Handoffs;
  readonly speaking: Speaking;
  readonly users: Users;
  readonly idle: Idle;
  readonly hooks: Hooks;
  readonly usage: UsageMeter;
  /** Speeches that are not over. */
  readonly speeches: Set<SpeechHandle>;
  newId(prefix: string): string;
}
