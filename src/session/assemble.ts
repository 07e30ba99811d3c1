/** Puts the parts of a session together. */
import { Log, type LogObserver } from '../chat/log.ts';
import type { RecordBody, SessionRecord } from '../chat/records.ts';
import type { SessionState } from '../chat/state.ts';
import type { EngineReport, Journal } from '../engine/seam.ts';
import { Executor } from '../engine/executor.ts';
import { describeError, MeanwhileError } from '../errors.ts';
import { promptText, type Prompts, type Wording } from '../tools/prompts.ts';
import type { Activity } from './activity.ts';
import { Afterlife } from './afterlife.ts';
import type { Agent } from './agent.ts';
import type { AgentSession } from './agent-session.ts';
import { runAsNobody } from './ambient.ts';
import type { Core } from './core.ts';
import { Events, project, type Lookup, type SessionEvents } from './events.ts';
import { readFacts, readTalk } from './facts.ts';
import { Floor, type FloorPorts } from './floor.ts';
import type { FloorFacts, OwnFacts, Talk } from './floor-rules.ts';
import { Handoffs } from './handoffs.ts';
import { Hooks } from './hooks.ts';
import { requestHolds, SessionBodyHost, SessionConversation } from './host.ts';
import { Idle } from './idle.ts';
import type { Keeper } from './keeper.ts';
import { Keeping } from './keeping.ts';
import { ModelWatch } from './model-watch.ts';
import { Mouth } from './mouth.ts';
import { resolveOptions, type AgentSessionOptions } from './options.ts';
import { Speaking } from './speaking.ts';
import { Stage } from './stage.ts';
import type { TracedWork } from './tracing.ts';
import { Transcript } from './transcript.ts';
import { UsageMeter } from './usage.ts';
import { Users } from './users.ts';

export function assemble(session: AgentSession, given: AgentSessionOptions): Core {
  return new SessionCore(session, given);
}

class SessionCore implements Core, Lookup {
  readonly session: AgentSession;
  readonly clock: Core['clock'];
  readonly logger: Core['logger'];
  readonly options: Core['options'];
  readonly output: Transcript;
  readonly events: Events;
  readonly log: Log;
  readonly usage = new UsageMeter();
  readonly speeches: Core['speeches'] = new Set();
  readonly hooks: Hooks;
  readonly modelWatch = new ModelWatch();
  readonly mouth: Mouth;
  readonly floor: Floor;
  readonly executor: Executor;
  readonly stage: Stage;
  readonly handoffs: Handoffs;
  readonly speaking: Speaking;
  readonly users: Users;
  readonly idle: Idle;
  keeper: Keeper | undefined;
  readonly keeping: Keeping | undefined;
  readonly afterlife: Afterlife;
  #lastId = 0;

  constructor(session: AgentSession, given: AgentSessionOptions) {
    const { core: options, engine, clock, logger, output } = resolveOptions(given);
    const now = (): number => clock.now();
    const changed = (): void => this.floor.changed();
    this.session = session;
    this.clock = clock;
    this.logger = logger;
    this.options = options;
    this.output = new Transcript(output);
    this.events = new Events(now, (error) => logger.error(`A listener threw: ${describeError(error)}`));
    this.log = new Log({
      now,
      ...(given.store ? { sink: keptBy(this, given.onRecord) } : given.onRecord ? { sink: given.onRecord } : {}),
      onObserverError: (error) => this.report({ type: 'observer_failed', error }),
    });
    this.keeping = given.store && new Keeping(this, given.store, given);
    this.afterlife = new Afterlife(this, given.userKey);
    this.hooks = new Hooks(changed);
    this.mouth = new Mouth(() => this.floor.look());
    this.floor = new Floor(new FloorSide(this));
    this.executor = new Executor({
      journal: given.store ? new KeptJournal(this) : this.log,
      clock,
      conversation: new SessionConversation(this),
      body: new SessionBodyHost(this),
      options: engine,
      prompts: (activityId) => [this.stage.activity(activityId)?.agent.options.prompts, options.prompts],
      report: (report) => this.report(report),
      changed,
    });
    this.stage = new Stage(this);
    this.handoffs = new Handoffs(this);
    this.speaking = new Speaking(this);
    this.users = new Users(this);
    this.idle = new Idle(this);
    this.floor.watch(() => this.users.look());
    const emit: Events['emit'] = (...args) => this.events.emit(...args);
    this.log.observe((record) => {
      project(record, this, emit);
      if (record.type === 'task_asked')
        session.noteTool({ allowCancellation: false, asks: true, needsApproval: false });
      if (record.type === 'task_started' || record.type === 'task_ended') this.users.look();
    });
  }

  report(report: EngineReport): void {
    tell(this, report);
  }

  traced<T>(work: TracedWork, run: () => T): T {
    const { tracer } = this.session;
    return tracer ? tracer.around(work, run) : run();
  }

  wording(agent: Agent, inner: readonly Partial<Prompts>[] = []): Wording {
    return (name, args) =>
      promptText([...inner, agent.options.prompts, this.options.prompts], name, args, (error) =>
        this.report({ type: 'prompt_failed', name, error }),
      );
  }

  /** In a restored session, new by the number of the records that were there before. */
  newId(prefix: string): string {
    this.#lastId += 1;
    const before = this.keeper?.lease.seq ?? 0;
    return before > 0 ? `${prefix}_${String(before)}_${String(this.#lastId)}` : `${prefix}_${String(this.#lastId)}`;
  }

  toolName(callId: string): string {
    return this.executor.toolNameOf(callId);
  }

  current(): SessionEvents['agent_changed'] | undefined {
    return this.stage.current && describe(this.stage.current);
  }
}

/** The log as a session's tools see it that is kept. */
class KeptJournal implements Journal {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  get state(): SessionState {
    return this.#core.log.state;
  }

  commit(body: RecordBody): SessionRecord | undefined {
    return this.#core.log.commit(body);
  }

  whenKept(): Promise<void> | undefined {
    return this.#core.keeper?.whenKept();
  }
}

function keptBy(core: Core, onRecord: LogObserver | undefined): LogObserver {
  return (record, state) => {
    core.keeper?.take(record);
    onRecord?.(record, state);
  };
}

/** What the floor asks the session, and has it do. */
class FloorSide implements FloorPorts {
  readonly clock: Core['clock'];
  readonly quietMs: number;
  readonly #core: Core;

  constructor(core: Core) {
    this.clock = core.clock;
    this.quietMs = core.options.quietMs;
    this.#core = core;
  }

  talk(): Talk {
    return readTalk(this.#core);
  }

  current(): string | undefined {
    return this.#core.stage.current?.id;
  }

  facts(own: OwnFacts): FloorFacts {
    return readFacts(this.#core, own);
  }

  cutFor(about: readonly string[]): void {
    cutFor(this.#core, about);
  }

  onRest(): void {
    this.#core.speaking.update();
    this.#core.idle.look();
  }
}

function describe({ id, agent, parent }: Activity): SessionEvents['agent_changed'] {
  return { activityId: id, agent: agent.name, ...(parent ? { parent: parent.id } : {}) };
}

/** `interrupt` cuts the agent's own speech, unless that may not be cut or its request held the record (S3.1). */
function cutFor(core: Core, about: readonly string[]): void {
  const { holder } = core.mouth;
  if (!holder?.allowInterruptions || holder.interrupted || requestHolds(core, holder.id, about)) return;
  runAsNobody(() => holder.cut('session'));
}

function tell(core: Core, report: EngineReport): void {
  const { events, logger } = core;
  switch (report.type) {
    case 'tool_failed':
      logger.error(`Tool ${report.toolName} (${report.callId}) failed: ${stackOf(report.error)}`);
      return events.emit('error', { source: 'tool', error: report.error, callId: report.callId });
    case 'call_odd': {
      const error = new MeanwhileError(
        'model_misbehaved',
        `The model ${report.fact}. The call was answered and the session goes on.`,
      );
      logger.debug(error.message);
      return events.emit('error', { source: 'call', error, callId: report.callId });
    }
    case 'tool_stuck':
      return logger.warn(
        `Tool ${report.toolName} (${report.callId}) did not stop within ${String(report.stopTimeoutMs)} ms. Let it honour its abortSignal.`,
      );
    case 'progress': {
      const { progress, total, data } = report.progress;
      const known = {
        ...(progress === undefined ? {} : { progress }),
        ...(total === undefined ? {} : { total }),
        ...(data === undefined ? {} : { data }),
      };
      return events.emit('task_updated', { callId: report.callId, toolName: report.toolName, ...known });
    }
    case 'filler_failed':
      logger.error(`A filler failed: ${describeError(report.error)}`);
      return events.emit('error', { source: 'filler', error: report.error, callId: report.callId });
    case 'toolset_failed':
      logger.error(`${report.fact}: ${describeError(report.error)}`);
      return events.emit('error', { source: 'toolset', error: report.error });
    case 'observer_failed':
      return logger.error(`Telling a record failed: ${describeError(report.error)}`);
    case 'append_failed':
      return events.emit('error', { source: 'append', error: report.error });
    case 'prompt_failed':
      logger.error(`The prompt "${report.name}" failed; the default was used: ${describeError(report.error)}`);
      return events.emit('error', { source: 'prompt', error: report.error });
    case 'delivery_failed':
      return events.emit('error', { source: 'delivery', error: report.error });
  }
}

function stackOf(error: unknown): string {
  try {
    return error instanceof Error && error.stack ? error.stack : describeError(error);
  } catch {
    return describeError(error);
  }
}
