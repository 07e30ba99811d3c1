/**
 * The tasks' half of the fold: task states (S7.1), the ledger of deliveries (S3.4) and what superseded what (S3.6). No
 * arm looks at more than one call's deliveries, so that a thousand of them cost no more each than one.
 */
import { recordIds, type Output, type TaskRecord } from './items.ts';
import type { DeliveryTerms, SessionRecord } from './records.ts';
import type { EndedTask, Stale, TasksState, TaskState } from './state.ts';
import { add, emptyMap, emptySet, put, remove } from './tables.ts';

export function applyToTasks(tasks: TasksState, record: SessionRecord): void {
  switch (record.type) {
    case 'agent_entered':
      // A context from elsewhere: its calls are none of this session's, and their ids are used (S2.2).
      for (const item of record.items ?? []) {
        for (const id of item.kind === 'record' ? [item.callId] : recordIds(item))
          tasks.otherIds = add(tasks.otherIds, id);
      }
      return;
    case 'call_answered':
      tasks.otherIds = add(tasks.otherIds, record.callId);
      if (record.taskId !== undefined) tasks.joined = put(tasks.joined, record.callId, record.taskId);
      return;
    case 'task_started':
      return start(tasks, record);
    case 'task_validated': {
      const task = tasks.running.get(record.callId);
      if (!task) return;
      task.input = record.input;
      return setKeys(tasks, task, record);
    }
    case 'task_backgrounded': {
      const task = tasks.running.get(record.callId);
      if (!task) return;
      task.phase = 'background';
      if (!task.batched) task.output = record.output;
      if (record.quiet) task.quiet = true;
      if (record.message === undefined) task.goesOn = true;
      noteKey(task, record.key);
      setNewest(task, firstRecord(task, record), record.seq);
      return;
    }
    case 'task_updated':
    case 'task_asked': {
      const task = tasks.running.get(record.callId);
      if (!task) return;
      if (record.type === 'task_asked') task.question = record.question;
      else noteKey(task, record.key);
      if (!record.record) return;
      task.updates += 1;
      setNewest(task, record.record, record.seq);
      if (record.delivery) openLater(tasks, task, record.record, record.delivery, record.seq);
      return;
    }
    case 'task_stepped': {
      const task = tasks.running.get(record.callId);
      if (task) task.steps = put(task.steps ?? emptyMap(), record.name, record.value);
      return;
    }
    case 'task_answered': {
      const task = tasks.running.get(record.callId);
      if (task?.question?.id === record.questionId) delete task.question;
      if (task && record.key !== undefined) {
        const { action, content } = record;
        const answer = { action, ...(content === undefined ? {} : { content }) };
        task.answers = put(task.answers ?? emptyMap(), record.key, answer);
      }
      if (task && record.questionId === task.callId) task.outputIsStale = true;
      markStale(tasks, record.questionId, superseded);
      return;
    }
    case 'task_ended':
      return end(tasks, record);
    case 'task_moved':
      return move(tasks, record.callId, record.owner);
    case 'batch_added':
      for (const { callId } of record.batch.calls) {
        const running = tasks.running.get(callId);
        const task = running ?? tasks.ended.get(callId);
        if (!task) continue;
        task.batched = true;
        if (running) running.output = undefined;
        else (task as EndedTask).open = undefined;
      }
      return;
    case 'record_added':
    case 'delivery_opened':
      return open(tasks, record.record, record.delivery, record.seq, record.record.owner);
    case 'result_received':
      return receive(tasks, record);
    case 'delivery_taken':
      for (const id of record.ids) {
        const delivery = tasks.deliveries.get(id);
        if (delivery) delivery.taken = record.speechId;
      }
      return;
    case 'delivery_returned': {
      const delivery = tasks.deliveries.get(record.id);
      if (!delivery) return;
      delete delivery.taken;
      delivery.attempts = record.attempts;
      if (record.notBefore === undefined) delete delivery.notBefore;
      else delivery.notBefore = record.notBefore;
      if (record.heard !== undefined) delivery.heard = record.heard;
      if (record.toolsCalled) delivery.toolsCalled = true;
      return;
    }
    case 'delivery_ended': {
      const delivery = tasks.deliveries.get(record.id);
      if (!delivery) return;
      remove(tasks.deliveries, record.id);
      remove(tasks.stale, record.id);
      removeMember(tasks.untold, delivery.callId, record.id);
      return;
    }
    default:
      return;
  }
}

type Of<T extends SessionRecord['type']> = Extract<SessionRecord, { type: T }>;

function start(tasks: TasksState, record: Of<'task_started'>): void {
  const task: TaskState = {
    callId: record.callId,
    toolName: record.toolName,
    input: record.input,
    speechId: record.speechId,
    step: record.step,
    activityId: record.activityId,
    startedAt: record.at,
    order: record.seq,
    owner: record.owner,
    phase: 'blocking',
    updates: 0,
    newestOrder: 0,
    batched: false,
    outputIsStale: false,
  };
  tasks.running = put(tasks.running, record.callId, task);
  setKeys(tasks, task, record);
}

/** Known when its arguments have been validated: from then on it has duplicates, and supersedes earlier calls. */
function setKeys(
  tasks: TasksState,
  task: TaskState,
  { key, supersedeKey }: { key?: string; supersedeKey?: string },
): void {
  const { callId } = task;
  if (key === undefined) return;
  task.key = key;
  tasks.byKey = addMember(tasks.byKey, key, callId);
  if (supersedeKey === undefined) return;
  task.supersedeKey = supersedeKey;
  // What calls before the latest one recorded since is stale already.
  const latest = tasks.latest.get(supersedeKey);
  if (latest !== undefined && orderOf(tasks, latest) > task.order) return;
  if (latest !== undefined) markUntold(tasks, latest, superseded);
  tasks.latest = put(tasks.latest, supersedeKey, callId);
}

function orderOf(tasks: TasksState, callId: string): number {
  return (tasks.running.get(callId) ?? tasks.ended.get(callId))?.order ?? 0;
}

const superseded: Stale = { receipt: 'superseded' };

/** All that is untold of the call, an open question excepted. */
function markUntold(tasks: TasksState, callId: string, stale: Stale): void {
  const question = tasks.running.get(callId)?.question?.id;
  for (const id of tasks.untold.get(callId) ?? []) if (id !== question) markStale(tasks, id, stale);
}

function markStale(tasks: TasksState, id: string, stale: Stale): void {
  const delivery = tasks.deliveries.get(id);
  if (!delivery || delivery.stale) return;
  delivery.stale = stale;
  tasks.stale = add(tasks.stale, id);
}

function end(tasks: TasksState, record: Of<'task_ended'>): void {
  const task = tasks.running.get(record.callId);
  if (!task) return;
  const question = task.question?.id;
  delete task.question;
  if (record.state === 'cancelled' || question === task.callId || task.goesOn) task.outputIsStale = true;
  if (task.goesOn) markStale(tasks, task.callId, superseded);
  if (record.state === 'cancelled') {
    markUntold(tasks, record.callId, { receipt: 'dropped', reason: 'its task was cancelled' });
  }
  if (record.record && record.delivery) openLater(tasks, task, record.record, record.delivery, record.seq);
  if (question !== undefined) markStale(tasks, question, { receipt: 'dropped', reason: 'its task has ended' });
  remove(tasks.running, record.callId);
  if (task.key !== undefined) {
    removeMember(tasks.byKey, task.key, task.callId);
    if (record.replayable) tasks.replays = put(tasks.replays, task.key, task.callId);
  }
  tasks.ended = put(tasks.ended, record.callId, {
    callId: task.callId,
    toolName: task.toolName,
    activityId: task.activityId,
    speechId: task.speechId,
    step: task.step,
    batched: task.batched,
    order: task.order,
    state: record.state,
    endedAt: record.at,
    ...(task.supersedeKey === undefined ? {} : { supersedeKey: task.supersedeKey }),
    outputIsStale: task.outputIsStale,
    ...(task.outputIsCovered ? { outputIsCovered: true as const } : {}),
    ...(task.batched ? {} : { open: { input: task.input, output: callOutput(task, record) } }),
    ...(task.quiet || record.quiet ? { quiet: true as const } : {}),
    ...(record.replayable ? { replay: record.output } : {}),
  });
}

/** What its call was answered with: its end, unless it had gone to the background before. */
function callOutput(task: TaskState, record: Of<'task_ended'>): Output {
  if (task.output) return task.output;
  return record.quiet && record.state !== 'cancelled' ? { type: 'text', text: '' } : record.output;
}

function move(tasks: TasksState, callId: string, owner: string): void {
  const task = tasks.running.get(callId);
  if (task) task.owner = owner;
  for (const id of tasks.untold.get(callId) ?? []) {
    const delivery = tasks.deliveries.get(id);
    if (delivery) delivery.owner = owner;
  }
}

function setNewest(task: TaskState, record: TaskRecord, order: number): void {
  task.newest = record;
  task.newestOrder = order;
}

/** The call's own output, told as a record where its batch is not in the context. */
function firstRecord(task: TaskState, record: Of<'task_backgrounded'>): TaskRecord {
  return {
    kind: 'record',
    id: task.callId,
    callId: task.callId,
    phase: 'update',
    toolName: task.toolName,
    input: task.input,
    output: record.output,
    owner: task.owner,
    at: record.at,
  };
}

/** A later record takes the place of the earlier untold ones of its call, unless it is silent (S3.6). */
function openLater(tasks: TasksState, task: TaskState, record: TaskRecord, terms: DeliveryTerms, order: number): void {
  if (terms.mode === 'silent') return;
  if (task.question?.id !== task.callId) task.outputIsStale = true;
  markUntold(tasks, task.callId, superseded);
  open(tasks, record, terms, order, task.owner);
}

function open(tasks: TasksState, record: TaskRecord, terms: DeliveryTerms, order: number, owner: string): void {
  if (terms.mode === 'silent') return;
  const { id, callId } = record;
  tasks.untold = addMember(tasks.untold, callId, id);
  tasks.deliveries = put(tasks.deliveries, id, {
    id,
    callId,
    record,
    order,
    at: record.at,
    mode: terms.mode,
    ...(terms.holdUntil === undefined ? {} : { holdUntil: terms.holdUntil }),
    ...(terms.expiresAt === undefined ? {} : { expiresAt: terms.expiresAt }),
    owner,
    attempts: 0,
    toolsCalled: false,
    covered: id === callId && (tasks.running.get(callId) ?? tasks.ended.get(callId))?.outputIsCovered === true,
  });
  const key = (tasks.running.get(callId) ?? tasks.ended.get(callId))?.supersedeKey;
  const outdated = key !== undefined && tasks.latest.get(key) !== callId;
  if (outdated && record.phase !== 'question') markStale(tasks, id, superseded);
}

/** Where it was cut before, only the rest is told (S3.4). */
function receive(tasks: TasksState, { result, record, delivery, seq }: Of<'result_received'>): void {
  tasks.otherIds = add(tasks.otherIds, record.callId);
  tasks.received = put(tasks.received, record.id, result);
  open(tasks, record, delivery, seq, record.owner);
  const opened = tasks.deliveries.get(record.id);
  if (!opened) return;
  opened.attempts = result.attempts;
  if (result.heard !== undefined) opened.heard = result.heard;
}

function noteKey(task: TaskState, key: string | undefined): void {
  if (key !== undefined) task.updateKeys = add(task.updateKeys ?? emptySet(), key);
}

type Sets = ReadonlyMap<string, ReadonlySet<string>>;

function addMember(sets: Sets, key: string, member: string): Sets {
  return put(sets, key, add(sets.get(key) ?? emptySet(), member));
}

/** A set without members is no entry. */
function removeMember(sets: Sets, key: string, member: string): void {
  const members = sets.get(key);
  if (!members) return;
  remove(members, member);
  if (members.size === 0) remove(sets, key);
}
