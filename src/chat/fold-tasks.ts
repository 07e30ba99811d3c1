/** The tasks' half of the fold: task states (S7.1) and the ledger of deliveries (S3.4). */
import type { TaskRecord } from './items.ts';
import type { DeliveryTerms, SessionRecord } from './records.ts';
import type { DeliveryState, TasksState, TaskState } from './state.ts';

export function applyToTasks(tasks: TasksState, record: SessionRecord): void {
  switch (record.type) {
    case 'call_answered':
      tasks.callIds.add(record.callId);
      if (record.taskId !== undefined) tasks.joined.set(record.callId, record.taskId);
      return;
    case 'task_started':
      return start(tasks, record);
    case 'task_backgrounded': {
      const task = tasks.running.get(record.callId);
      if (!task) return;
      task.phase = 'background';
      setNewest(task, firstRecord(task, record), record.seq);
      return;
    }
    case 'task_updated':
    case 'task_asked': {
      const task = tasks.running.get(record.callId);
      if (!task) return;
      if (record.type === 'task_asked') task.question = record.question;
      if (!record.record) return;
      task.updates += 1;
      setNewest(task, record.record, record.seq);
      if (record.delivery) open(tasks, record.record, record.delivery, record.seq, task.owner);
      return;
    }
    case 'task_answered': {
      const task = tasks.running.get(record.callId);
      if (task?.question?.id === record.questionId) delete task.question;
      const asked = tasks.deliveries.get(record.questionId);
      if (asked) asked.stale = 'superseded';
      return;
    }
    case 'task_ended':
      return end(tasks, record);
    case 'task_moved':
      return move(tasks, record.callId, record.owner);
    case 'batch_added':
      for (const call of record.batch.calls) {
        const task = tasks.running.get(call.callId);
        if (task) task.batched = true;
      }
      return;
    case 'record_added':
    case 'delivery_opened':
      return open(tasks, record.record, record.delivery, record.seq, record.record.owner);
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
      tasks.deliveries.delete(record.id);
      tasks.running.get(delivery.callId)?.untold.delete(record.id);
      return;
    }
    default:
      return;
  }
}

type Of<T extends SessionRecord['type']> = Extract<SessionRecord, { type: T }>;

function start(tasks: TasksState, record: Of<'task_started'>): void {
  const { supersedeKey } = record;
  tasks.callIds.add(record.callId);
  tasks.running.set(record.callId, {
    callId: record.callId,
    toolName: record.toolName,
    input: record.input,
    key: record.key,
    ...(supersedeKey === undefined ? {} : { supersedeKey }),
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
    untold: new Set(),
  });
  const sameKey = tasks.byKey.get(record.key);
  if (sameKey) sameKey.add(record.callId);
  else tasks.byKey.set(record.key, new Set([record.callId]));
  if (supersedeKey === undefined) return;
  tasks.latest.set(supersedeKey, record.seq);
  for (const delivery of tasks.deliveries.values()) {
    if (delivery.supersedeKey === supersedeKey && !isOpenQuestion(tasks, delivery)) delivery.stale = 'superseded';
  }
}

function isOpenQuestion(tasks: TasksState, delivery: DeliveryState): boolean {
  return tasks.running.get(delivery.callId)?.question?.id === delivery.id;
}

function end(tasks: TasksState, record: Of<'task_ended'>): void {
  const task = tasks.running.get(record.callId);
  if (!task) return;
  delete task.question;
  if (record.record && record.delivery) open(tasks, record.record, record.delivery, record.seq, task.owner);
  if (record.state === 'cancelled') {
    for (const id of task.untold) {
      const delivery = tasks.deliveries.get(id);
      if (delivery && id !== record.record?.id) delivery.stale = 'dropped';
    }
  }
  tasks.running.delete(record.callId);
  const sameKey = tasks.byKey.get(task.key);
  sameKey?.delete(task.callId);
  if (sameKey?.size === 0) tasks.byKey.delete(task.key);
  if (record.replayable) tasks.replays.set(task.key, task.callId);
  tasks.ended.set(record.callId, {
    callId: task.callId,
    toolName: task.toolName,
    key: task.key,
    state: record.state,
    endedAt: record.at,
    ...(record.replayable ? { replay: record.output } : {}),
  });
}

function move(tasks: TasksState, callId: string, owner: string): void {
  const task = tasks.running.get(callId);
  if (task) task.owner = owner;
  for (const delivery of tasks.deliveries.values()) if (delivery.callId === callId) delivery.owner = owner;
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

/** A later record makes the earlier untold ones of its call stale, open questions excepted (S3.6). */
function open(tasks: TasksState, record: TaskRecord, terms: DeliveryTerms, order: number, owner: string): void {
  if (terms.mode === 'silent') return;
  const task = tasks.running.get(record.callId);
  for (const id of task?.untold ?? []) {
    const earlier = tasks.deliveries.get(id);
    if (earlier && earlier.id !== task?.question?.id) earlier.stale = 'superseded';
  }
  const key = task?.supersedeKey;
  const outdated = task && key !== undefined && (tasks.latest.get(key) ?? 0) > task.order && record.phase !== 'question';
  tasks.deliveries.set(record.id, {
    id: record.id,
    callId: record.callId,
    record,
    order,
    at: record.at,
    mode: terms.mode,
    ...(terms.holdUntil === undefined ? {} : { holdUntil: terms.holdUntil }),
    ...(terms.expiresAt === undefined ? {} : { expiresAt: terms.expiresAt }),
    ...(key === undefined ? {} : { supersedeKey: key }),
    ...(outdated ? { stale: 'superseded' } : {}),
    owner,
    attempts: 0,
    toolsCalled: false,
    covered: false,
  });
  task?.untold.add(record.id);
}
