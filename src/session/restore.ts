/**
 * A session brought back from its store: the fold of what was kept, then the records that close what a crash left open
 * (`recover.ts`), then everything that cannot be recorded is made again: the agent on stage, its tools, the bodies that may
 * run again, the claims for what is still to be told.
 */
import { apply } from '../chat/fold.ts';
import { stateFromText } from '../chat/snapshot.ts';
import { createSessionState, type ActivityState, type SessionState, type TaskState } from '../chat/state.ts';
import type { SessionStore } from '../chat/store.ts';
import type { CollectedResult } from '../chat/undelivered.ts';
import type { TurnRef } from '../engine/seam.ts';
import { MeanwhileError } from '../errors.ts';
import type { SpeechRef } from '../tools/faces.ts';
import { checkEach, flag, isRecord, record, show, typed } from '../tools/options.ts';
import { createToolbox } from './toolbox.ts';
import type { Activity } from './activity.ts';
import { Agent } from './agent.ts';
import type { AgentSession } from './agent-session.ts';
import type { Core } from './core.ts';
import { closeOpenEnds } from './open-ends.ts';
import type { AgentSessionOptions } from './options.ts';
import { staysOnStage } from './recover.ts';
import type { Prepared } from './stage.ts';

/** What an agent is made again from. */
export interface RestoredAgent<UserData = unknown> {
  /** As it was recorded: the new one must have the same. */
  readonly name: string;
  readonly sessionId: string;
  readonly userData: UserData;
}

export type AgentFactories<UserData = unknown> = Readonly<Record<string, (args: RestoredAgent<UserData>) => Agent>>;

export interface RestoreOptions<UserData = unknown> extends AgentSessionOptions<UserData> {
  readonly store: SessionStore;
  readonly sessionId: string;
  /** How each agent is made, by its name. */
  readonly agents: AgentFactories<UserData>;
  /** Takes the session from a process that is known to be dead, without waiting for the end of its lease. Default false. */
  readonly takeOver?: boolean;
  /**
   * Called with the session before it takes anything from the store, and waited for: what listens from here on misses nothing
   * of what happens when it goes on.
   */
  readonly prepare?: (session: AgentSession<UserData>) => void | Promise<void>;
}

const fn = typed('a function of the session', (value) => typeof value === 'function');

/** Throws MeanwhileError `invalid_option`. The rest is checked as a session's options are. */
export function checkRestore<UserData>(options: RestoreOptions<UserData>): RestoreOptions<UserData> {
  const given: Record<string, unknown> = isRecord(options) ? { ...options } : {};
  checkEach('restore', given, { agents: record, takeOver: flag, prepare: fn }, 'invalid_option');
  for (const [name, what] of [
    ['store', 'the store it was kept in'],
    ['sessionId', 'its id in the store'],
    ['agents', '{ name: () => agent } for each agent that may have been talking'],
  ] as const)
    if (given[name] === undefined)
      throw new MeanwhileError('invalid_option', `restore: expected ${name}, ${what}, got nothing.`);
  return options;
}

interface Restoring {
  readonly store: SessionStore;
  readonly agents: AgentFactories;
  readonly takeOver: boolean;
}

/** Into a session that is new. Resolves when the agent is on stage; rejects with nothing written and the lease given back. */
export async function restoreInto(core: Core, { store, agents, takeOver }: Restoring): Promise<void> {
  const { keeping, session, stage, log } = core;
  const sessionId = keeping?.sessionId ?? '';
  // To ask for a session that is not there does not make it.
  if ((await store.read(sessionId, 0, 1)).length === 0) requireOpen(log.state, sessionId);
  await keeping?.takeOver(takeOver);
  try {
    // Nobody else writes to it any more.
    const { state, from } = await readState(store, sessionId);
    keeping?.snapshots.begin(from);
    requireOpen(state, sessionId);
    // What another session tells by now this one does not tell.
    const collected = await collectAgain(core, state);
    const { stays, name = '' } = lastAgent(state);
    const agent = makeAgent(agents, { name, sessionId, userData: session.userData });
    const prepare = async (): Promise<Prepared> => {
      await session.sharedTools.setUp();
      const activityId = stays?.id ?? core.newId('activity');
      return { activityId, toolbox: await createToolbox(core, agent, activityId) };
    };
    if (state.status === 'finishing') finish(core, state, agent, await prepare());
    else await stage.change(async () => goOn(core, state, agent, await prepare(), stays !== undefined, collected));
  } catch (error) {
    await core.keeper?.close();
    throw error;
  }
}

/** Without a yield: when somebody else's code runs, all of it is there. */
function goOn(
  core: Core,
  state: SessionState,
  agent: Agent,
  prepared: Prepared,
  stays: boolean,
  collected: readonly CollectedResult[],
): void {
  const { stage, executor, log, speaking, keeping } = core;
  log.state = state;
  log.commit({ type: 'session_restored' });
  const again = closeOpenEnds(core, agent, prepared.toolbox.engineTools);
  const activity = stays ? stage.bringBack(agent, prepared) : stage.enter(agent, prepared);
  executor.keepTools(activity.toolbox.engineTools);
  keeping?.outbox?.receive(collected);
  for (const task of again) void executor.resume(task, turnOf(task, activity));
  executor.announcer.look();
  if (stays && isUnanswered(log.state, activity.id)) speaking.reply(activity, {});
}

/** The conversation was over: nobody enters, its tasks come to their end, and their results are handed over. */
function finish(core: Core, state: SessionState, agent: Agent, prepared: Prepared): void {
  const { stage, executor, log, afterlife } = core;
  log.state = state;
  log.commit({ type: 'session_restored' });
  const again = closeOpenEnds(core, agent, prepared.toolbox.engineTools);
  const activity = stage.bringBack(agent, prepared);
  stage.close('closed');
  executor.keepTools(activity.toolbox.engineTools);
  void executor.close('closed', { goesOn: () => true });
  for (const task of again) void executor.resume(task, turnOf(task, activity));
  void afterlife.begin();
}

async function collectAgain({ keeping }: Core, { status, tasks }: SessionState): Promise<readonly CollectedResult[]> {
  if (status !== 'open') return [];
  if (keeping?.outbox) return await keeping.outbox.collect();
  if (![...tasks.received.keys()].some((id) => tasks.deliveries.has(id))) return [];
  throw new MeanwhileError(
    'invalid_option',
    'restore: expected the userKey it was started with, since it has results from the user’s outbox; got nothing.',
  );
}

/** A session's state as it was kept, and where the snapshot ended that it was read from. Rejects with `store_corrupt`, `store_newer_version`, `store_unavailable`. */
async function readState(
  store: SessionStore,
  sessionId: string,
): Promise<{ readonly state: SessionState; readonly from: number }> {
  const snapshot = await store.snapshot(sessionId);
  const state = (snapshot && stateFromText(snapshot.data)) ?? createSessionState();
  const from = state.seq;
  for (;;) {
    const records = await store.read(sessionId, state.seq);
    if (records.length === 0) return { state, from };
    for (const record of records) apply(state, record);
  }
}

/** Throws where what was kept is no session that can go on. */
function requireOpen(state: SessionState, sessionId: string): void {
  if (state.status === 'open' || state.status === 'finishing') return;
  const fact = state.status === 'new' ? 'is not in the store' : 'was closed';
  throw new MeanwhileError('session_state', `restore: session ${sessionId} ${fact}. Start a new AgentSession.`);
}

/** Throws where no agent can be made of this name. */
function makeAgent<UserData>(agents: AgentFactories<UserData>, args: RestoredAgent<UserData>): Agent {
  const make = Object.hasOwn(agents, args.name) ? agents[args.name] : undefined;
  const known = Object.keys(agents).join(', ') || 'none';
  if (typeof make !== 'function')
    throw new MeanwhileError(
      'invalid_option',
      `restore: agents has no ${show(args.name)}, which was talking; it has: ${known}. Add it.`,
    );
  const agent: unknown = make(args);
  if (agent instanceof Agent && agent.name === args.name) return agent;
  const got = agent instanceof Agent ? `one named ${show(agent.name)}` : show(agent);
  throw new MeanwhileError(
    'invalid_option',
    `restore: agents[${show(args.name)}] must make an agent of that name, got ${got}.`,
  );
}

/** Who talks next: who stayed, or, made anew, who was last there. */
function lastAgent(state: SessionState): {
  readonly stays: ActivityState | undefined;
  readonly name: string | undefined;
} {
  const stays = staysOnStage(state);
  const [outermost] = state.stack;
  return {
    stays,
    name: stays?.agent ?? (outermost === undefined ? state.lastAgent : state.activities.get(outermost)?.agent),
  };
}

/** The turn it was called in is over; its task goes on by itself. */
function turnOf(task: TaskState, activity: Activity): TurnRef {
  return {
    speechId: task.speechId,
    step: task.step,
    activityId: activity.id,
    tools: activity.toolbox.engineTools,
    toolsAllowed: true,
    speech: spokenBefore(task.speechId),
    model: activity.view.ref,
  };
}

function spokenBefore(id: string): SpeechRef {
  return {
    id,
    interrupted: true,
    allowInterruptions: true,
    waitForPlayout: () => Promise.resolve(),
    interrupt: () => undefined,
  };
}

/** The user's last words, to which nobody has answered yet and nothing else is about to. */
function isUnanswered(state: SessionState, activityId: string): boolean {
  const items = state.activities.get(activityId)?.context.items ?? [];
  const last = items.findLast((item) => item.kind === 'message' && item.role !== 'system');
  return last?.kind === 'message' && last.role === 'user' && state.tasks.deliveries.size === 0;
}
