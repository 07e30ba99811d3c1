/** Puts the parts of a session together. */
import { Log } from '../chat/log.ts';
import type { EngineReport } from '../engine/seam.ts';
import { Executor } from '../engine/executor.ts';
import { describeError, MeanwhileError } from '../errors.ts';
import { promptText } from '../tools/prompts.ts';
import type { Activity } from './activity.ts';
import type { AgentSession } from './agent-session.ts';
import { runAsNobody } from './ambient.ts';
import type { Core } from './core.ts';
import { Events, project, type Lookup, type SessionEvents } from './events.ts';
import { readFacts, readTalk } from './facts.ts';
import { Floor } from './floor.ts';
import { Handoffs } from './handoffs.ts';
import { Hooks } from './hooks.ts';
import { createBodyHost, createConversation, requestHolds } from './host.ts';
import { Idle } from './idle.ts';
import { Mouth } from './mouth.ts';
import { resolveOptions, type AgentSessionOptions } from './options.ts';
import { Speaking } from './speaking.ts';
import { Stage } from './stage.ts';
import { Transcript } from './transcript.ts';
import { UsageMeter } from './usage.ts';
import { Users } from './users.ts';

export function assemble(session: AgentSession, given: AgentSessionOptions): Core {
  const { core: options, engine, clock, logger, ...resolved } = resolveOptions(given);
  const output = new Transcript(resolved.output);
  const events = new Events(
    () => clock.now(),
    (error) => logger.error(`A listener threw: ${describeError(error)}`),
  );
  const log = new Log({
    now: () => clock.now(),
    ...(given.onRecord ? { sink: given.onRecord } : {}),
    onObserverError: (error) => core.report({ type: 'observer_failed', error }),
  });
  const ids = { last: 0 };
  const core = { session, clock, log, logger, options, output, events, speeches: new Set() } as unknown as {
    -readonly [K in keyof Core]: Core[K];
  };
  core.report = (report) => tell(core, report);
  core.traced = (work, run) => (session.tracer ? session.tracer.around(work, run) : run());
  core.wording =
    (agent, inner = []) =>
    (name, args) =>
      promptText([...inner, agent.options.prompts, options.prompts], name, args, (error) =>
        core.report({ type: 'prompt_failed', name, error }),
      );
  core.newId = (prefix) => `${prefix}_${String((ids.last += 1))}`;
  core.usage = new UsageMeter();
  core.hooks = new Hooks(() => core.floor.changed());
  core.mouth = new Mouth(() => core.floor.look());
  core.floor = new Floor({
    clock,
    quietMs: options.quietMs,
    talk: () => readTalk(core),
    current: () => core.stage.current?.id,
    facts: (own) => readFacts(core, own),
    cutFor: (about) => cutFor(core, about),
    onRest: () => {
      core.speaking.update();
      core.idle.look();
    },
  });
  core.executor = new Executor({
    journal: log,
    clock,
    conversation: createConversation(() => core),
    body: createBodyHost(() => core),
    options: engine,
    prompts: (activityId) => [core.stage.activity(activityId)?.agent.options.prompts, options.prompts],
    report: core.report,
    changed: () => core.floor.changed(),
  });
  core.stage = new Stage(core);
  core.handoffs = new Handoffs(core);
  core.speaking = new Speaking(core);
  core.users = new Users(core);
  core.idle = new Idle(core);
  core.floor.watch(() => core.users.look());
  const lookup: Lookup = {
    toolName: (callId) => core.executor.toolNameOf(callId),
    current: () => core.stage.current && describe(core.stage.current),
  };
  const emit: Events['emit'] = (...args) => events.emit(...args);
  log.observe((record) => {
    project(record, lookup, emit);
    if (record.type === 'task_asked') session.noteTool({ allowCancellation: false, asks: true, needsApproval: false });
    if (record.type === 'task_started' || record.type === 'task_ended') core.users.look();
  });
  return core;
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
