/**
 * The fold: `apply(state, record)` changes the state in place and has no other effect. Each arm does one thing to the
 * talk (history, contexts, speeches: here) and one to the tasks (`fold-tasks.ts`). The talk comes
 * first: a task that ends is still there when its last record finds its place.
 */
import {
  appendHistory,
  appendItem,
  appendTaskRecord,
  appendTold,
  bringUpToDate,
  mergeIntoParent,
  releaseHeld,
} from './contexts.ts';
import { applyToTasks } from './fold-tasks.ts';
import { messageText, recordIds, type Batch, type Item, type Message } from './items.ts';
import { RECORD_VERSION, type SessionRecord } from './records.ts';
import {
  createContextState,
  createSessionState,
  currentActivity,
  type SessionState,
  type TasksState,
} from './state.ts';
import { put, remove } from './tables.ts';

export function apply(state: SessionState, record: SessionRecord): SessionState {
  state.seq = record.seq;
  applyToTalk(state, record);
  applyToTasks(state.tasks, record);
  return state;
}

/** The state that a log of records tells. Throws a RangeError on a record of a version it cannot read. */
export function fold(records: Iterable<SessionRecord>): SessionState {
  const state = createSessionState();
  for (const record of records) {
    if (record.v !== RECORD_VERSION) {
      throw new RangeError(
        `Record ${String(record.seq)} has version ${String(record.v)}; this build reads version ${String(RECORD_VERSION)}. Upgrade meanwhile.`,
      );
    }
    apply(state, record);
  }
  return state;
}

function applyToTalk(state: SessionState, record: SessionRecord): void {
  switch (record.type) {
    case 'session_opened':
      state.sessionId = record.sessionId;
      state.status = 'open';
      return;
    case 'session_ended':
      state.status = 'finishing';
      return;
    case 'session_closed':
      state.status = 'closed';
      return;
    case 'agent_entered':
      return enterAgent(state, record);
    case 'agent_exiting': {
      const activity = state.activities.get(record.activityId);
      if (activity) activity.exiting = true;
      return;
    }
    case 'agent_left':
      return leaveAgent(state, record);
    case 'message_added':
      return addMessage(state, record.activityId, record.message, record.step);
    case 'batch_added':
      return addBatch(state, record.activityId, record.batch);
    case 'speech_opened':
      state.speeches = put(state.speeches, record.speechId, {
        id: record.speechId,
        activityId: record.activityId,
        kind: record.kind,
        about: record.about ?? [],
        requests: new Map(),
      });
      return;
    case 'request_made':
      state.speeches.get(record.speechId)?.requests.set(record.step, { from: record.from, to: record.to });
      return;
    case 'speech_closed':
      remove(state.speeches, record.speechId);
      return;
    case 'task_updated':
    case 'task_asked':
    case 'task_ended':
    case 'record_added':
    case 'result_received':
      if (record.record) {
        state.history.push(record.record);
        appendTaskRecord(state, record.record);
      }
      return;
    case 'delivery_taken':
      return enterTaken(state, record.activityId, record.ids);
    default:
      return;
  }
}

type Entered = Extract<SessionRecord, { type: 'agent_entered' }>;

function enterAgent(state: SessionState, record: Entered): void {
  const context = createContextState();
  for (const item of record.items ?? []) appendItem(context, item);
  if (record.context === 'inherit') appendHistory(context, state.history);
  const activity = {
    id: record.activityId,
    agent: record.agent,
    ...(record.parent === undefined ? {} : { parent: record.parent }),
    context,
    startedAtItem: context.items.length,
    exiting: false,
  };
  state.activities.set(record.activityId, activity);
  state.stack = state.stack.concat(record.activityId);
  if (record.parent === undefined) state.lastAgent = record.agent;
  bringUpToDate(state, activity);
}

type Left = Extract<SessionRecord, { type: 'agent_left' }>;

function leaveAgent(state: SessionState, record: Left): void {
  const activity = state.activities.get(record.activityId);
  if (!activity) return;
  state.activities.delete(record.activityId);
  state.stack = state.stack.filter((id) => id !== record.activityId);
  const parent = activity.parent === undefined ? undefined : state.activities.get(activity.parent);
  if (!parent) return;
  if (record.merge !== 'none') mergeIntoParent(state, activity, parent, record.merge === 'all');
  if (currentActivity(state) === parent) bringUpToDate(state, parent);
}

function addMessage(
  state: SessionState,
  activityId: string | undefined,
  message: Message,
  step: number | undefined,
): void {
  state.history.push(message);
  const activity = activityId === undefined ? undefined : state.activities.get(activityId);
  if (activity) appendItem(activity.context, message);
  if (message.role !== 'assistant' || step === undefined || messageText(message) === '') return;
  const request = message.speechId === undefined ? undefined : state.speeches.get(message.speechId)?.requests.get(step);
  if (!activity || !request) return;
  const { context } = activity;
  const { items, coveredFrom, coveredTo } = context;
  // Only what nothing was heard over before: neither a long context nor a full ledger is gone through for each message.
  cover(state.tasks, items.slice(request.from, Math.min(request.to, coveredFrom)));
  cover(state.tasks, items.slice(Math.max(request.from, coveredTo), request.to));
  context.coveredFrom = coveredTo === 0 ? request.from : Math.min(coveredFrom, request.from);
  context.coveredTo = Math.max(coveredTo, request.to);
}

function cover(tasks: TasksState, items: readonly Item[]): void {
  for (const item of items) {
    for (const id of recordIds(item)) {
      const delivery = tasks.deliveries.get(id);
      if (delivery) delivery.covered = true;
      const task = tasks.running.get(id) ?? tasks.ended.get(id);
      if (task) task.outputIsCovered = true;
    }
  }
}

function addBatch(state: SessionState, activityId: string, batch: Batch): void {
  state.history.push(batch);
  const activity = state.activities.get(activityId);
  if (!activity) return;
  appendItem(activity.context, batch);
  releaseHeld(activity.context, batch);
}

/** An agent that tells a record has it in its context (S8.8). */
function enterTaken(state: SessionState, activityId: string | undefined, ids: readonly string[]): void {
  const context = activityId === undefined ? undefined : state.activities.get(activityId)?.context;
  if (!context) return;
  for (const id of ids) {
    const delivery = state.tasks.deliveries.get(id);
    if (delivery) appendTold(context, delivery.record);
  }
}
