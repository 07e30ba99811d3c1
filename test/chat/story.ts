/** Records made by hand, and the state that they tell. */
import { apply } from '../../src/chat/fold.ts';
import type { Batch, Item, Message, TaskRecord } from '../../src/chat/items.ts';
import { messageText } from '../../src/chat/items.ts';
import type { DeliveryTerms, RecordBody, SessionRecord } from '../../src/chat/records.ts';
import { createSessionState, type SessionState } from '../../src/chat/state.ts';

export const when: DeliveryTerms = { mode: 'when_idle' };

export const messageOf = (id: string, role: Message['role'], text: string, speechId?: string): Message => ({
  kind: 'message',
  id,
  role,
  parts: text === '' ? [] : [{ type: 'text', text }],
  at: 0,
  ...(speechId === undefined ? {} : { speechId }),
});

export const recordOf = (id: string, owner = 'session', phase: TaskRecord['phase'] = 'update'): TaskRecord => ({
  kind: 'record',
  id,
  callId: id.replace(/_(update_\d+|final)$/, ''),
  phase,
  toolName: 'book',
  input: {},
  output: { type: 'text', text: id },
  owner,
  at: 0,
});

export const batchOf = (...callIds: string[]): Batch => ({
  kind: 'batch',
  id: `batch_${callIds.join('_')}`,
  at: 0,
  speechId: 'speech_1',
  step: 0,
  calls: callIds.map((callId) => ({ callId, toolName: 'book', input: {}, output: { type: 'text', text: 'Began.' } })),
});

/** A session in which things are recorded, one a millisecond. */
export class Story {
  readonly state: SessionState = createSessionState();
  readonly records: SessionRecord[] = [];

  tell(...bodies: RecordBody[]): this {
    for (const body of bodies) {
      const record: SessionRecord = { ...body, v: 1, seq: this.state.seq + 1, at: 1000 + this.state.seq };
      this.records.push(record);
      apply(this.state, record);
    }
    return this;
  }

  enter(activityId: string, more: Partial<Extract<RecordBody, { type: 'agent_entered' }>> = {}): this {
    return this.tell({ type: 'agent_entered', activityId, agent: activityId, context: 'inherit', ...more });
  }

  start(callId: string, more: Partial<Extract<RecordBody, { type: 'task_started' }>> = {}): this {
    return this.tell({
      type: 'task_started',
      callId,
      toolName: 'book',
      input: { to: 'Rome' },
      owner: 'session',
      activityId: 'a',
      speechId: 'speech_1',
      step: 0,
      key: `key of ${callId}`,
      ...more,
    });
  }

  background(callId: string, message?: string): this {
    const output = { type: 'text', text: 'Began.' } as const;
    const words = message === undefined ? {} : { message };
    return this.tell({ type: 'task_backgrounded', callId, reason: 'update', output, ...words });
  }

  update(id: string, owner = 'session', delivery = when): this {
    const record = recordOf(id, owner);
    return this.tell({ type: 'task_updated', callId: record.callId, record, delivery, message: id });
  }

  ask(id: string): this {
    const record = recordOf(id, 'session', 'question');
    const question = { id, message: 'Which?' };
    return this.tell({ type: 'task_asked', callId: record.callId, record, question, delivery: when });
  }

  end(callId: string, more: Partial<Extract<RecordBody, { type: 'task_ended' }>> = {}): this {
    const output = { type: 'text', text: 'Done.' } as const;
    return this.tell({ type: 'task_ended', callId, state: 'completed', output, ...more });
  }

  endTold(callId: string, state: 'completed' | 'cancelled' = 'completed'): this {
    return this.end(callId, { state, record: recordOf(`${callId}_final`, 'session', 'final'), delivery: when });
  }

  /** What an activity knows: texts of messages, ids of batches and records. */
  context(activityId: string): string[] {
    return (this.state.activities.get(activityId)?.context.items ?? []).map(nameOf);
  }

  delivery(id: string) {
    const delivery = this.state.tasks.deliveries.get(id);
    if (!delivery) throw new Error(`${id} is not in the ledger.`);
    return delivery;
  }

  task(callId: string) {
    const task = this.state.tasks.running.get(callId) ?? this.state.tasks.ended.get(callId);
    if (!task) throw new Error(`There is no task ${callId}.`);
    return task;
  }

  stale(): string[] {
    return [...this.state.tasks.deliveries.values()].flatMap(({ id, stale }) =>
      stale ? [`${id} ${stale.receipt}${'reason' in stale ? `: ${stale.reason}` : ''}`] : [],
    );
  }
}

export const nameOf = (item: Item): string => (item.kind === 'message' ? messageText(item) : item.id);
