/**
 * How items get into contexts (S2.3, S8.8, S8.9). A context only grows at its end, and holds each record once.
 */
import { recordIds, type Batch, type Item, type TaskRecord } from './items.ts';
import { currentActivity, type ActivityState, type ContextState, type SessionState } from './state.ts';
import { put, remove } from './tables.ts';

export function appendItem(context: ContextState, item: Item): void {
  const ids = recordIds(item);
  if (item.kind === 'record' && context.positions.has(item.id)) return;
  const position = context.items.push(item) - 1;
  for (const id of ids) if (!context.positions.has(id)) context.positions = put(context.positions, id, position);
}

/** All that was said so far. A record that was written before its call's batch stands right behind that, as elsewhere. */
export function appendHistory(context: ContextState, history: readonly Item[]): void {
  const batches = new Map<string, Item>();
  for (const item of history) if (item.kind === 'batch') for (const { callId } of item.calls) batches.set(callId, item);
  const early = new Map<Item, TaskRecord[]>();
  for (const item of history) {
    const batch = item.kind === 'record' && !context.positions.has(item.callId) ? batches.get(item.callId) : undefined;
    if (item.kind === 'record' && batch) early.set(batch, [...(early.get(batch) ?? []), item]);
    else for (const each of [item, ...(early.get(item) ?? [])]) appendItem(context, each);
  }
}

export function stepKey(speechId: string, step: number): string {
  return `${speechId}/${String(step)}`;
}

/** A record enters the context of its owner's agent; one of the session's the current agent's, or the next one's (S8.8). */
export function appendTaskRecord(state: SessionState, record: TaskRecord): void {
  const activity = record.owner === 'session' ? currentActivity(state) : state.activities.get(record.owner);
  if (activity) appendRecord(state, activity, record);
  else if (record.owner === 'session') state.between.push({ order: state.seq, record });
}

/** At once; or right behind its call's batch, which holds the first record itself, where that is still to come. */
function appendRecord(state: SessionState, activity: ActivityState, record: TaskRecord): void {
  const { context } = activity;
  const task = state.tasks.running.get(record.callId) ?? state.tasks.ended.get(record.callId);
  if (!task || task.batched || task.activityId !== activity.id) return appendItem(context, record);
  if (record.id === record.callId) return;
  const key = stepKey(task.speechId, task.step);
  const held = context.held.get(key);
  if (held) held.push(record);
  else context.held = put(context.held, key, [record]);
}

/** Told while its call's step is open (another call of it waits): with what the same call recorded before. */
export function appendTold(context: ContextState, record: TaskRecord): void {
  const held = [...context.held.values()].flat();
  const before = held.slice(0, held.indexOf(record) + 1);
  for (const item of before) if (item.kind === 'record' && item.callId === record.callId) appendItem(context, item);
  appendItem(context, record);
}

export function releaseHeld(context: ContextState, batch: Batch): void {
  const key = stepKey(batch.speechId, batch.step);
  const held = context.held.get(key);
  if (!held) return;
  remove(context.held, key);
  for (const item of held) appendItem(context, item);
}

/**
 * What an agent must know when it becomes current: for each session-owned task the untold records and, if it runs, its
 * newest one, and what came while nobody was current (S8.8), in the order of recording.
 */
export function bringUpToDate(state: SessionState, activity: ActivityState): void {
  const missing: { order: number; record: TaskRecord }[] = state.between.splice(0);
  for (const delivery of state.tasks.deliveries.values()) {
    if (delivery.owner === 'session') missing.push({ order: delivery.order, record: delivery.record });
  }
  for (const task of state.tasks.running.values()) {
    if (task.owner === 'session' && task.newest) missing.push({ order: task.newestOrder, record: task.newest });
  }
  missing.sort((a, b) => a.order - b.order);
  for (const { record } of missing) appendRecord(state, activity, record);
}

/** What was said in an AgentTask, and every record of the session's it received, go to its parent (S8.9). */
export function mergeIntoParent(
  state: SessionState,
  from: ActivityState,
  into: ActivityState,
  withCalls: boolean,
): void {
  for (const item of from.context.items.slice(from.startedAtItem)) {
    if (item.kind === 'record') {
      if (withCalls || item.owner === 'session') appendRecord(state, into, item);
    } else if (withCalls || item.kind === 'message') appendItem(into.context, item);
  }
}
