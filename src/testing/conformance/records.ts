/** What every case looks at when its talk has ended, and the records as a failing case shows them. */
import assert from 'node:assert/strict';
import type { SessionRecord } from '../../index.ts';
import type { VirtualClock } from '../virtual-clock.ts';

/** Each record that was to be told has one receipt, each call one output, and no timer is left (S1.4, S3.4, S8.7). */
export function checkRest(records: readonly SessionRecord[], clock: VirtualClock): void {
  const opened = new Set<string>();
  const receipts = new Map<string, string[]>();
  const running = new Set<string>();
  for (const record of records) {
    if (record.type === 'task_started') running.add(record.callId);
    if (record.type === 'task_ended')
      assert(running.delete(record.callId), `Expected task ${record.callId} to end once, after it started.`);
    if ('delivery' in record && record.delivery !== undefined && record.record) opened.add(record.record.id);
    if (record.type === 'delivery_ended') receipts.set(record.id, [...(receipts.get(record.id) ?? []), record.receipt]);
  }
  for (const id of opened) {
    const got = receipts.get(id) ?? [];
    assert.equal(got.length, 1, `Expected one receipt of ${id}, got ${got.length === 0 ? 'none' : got.join(', ')}.`);
  }
  assert.deepEqual([...running], [], 'Expected every task to have ended with the talk.');
  assert.equal(records.at(-1)?.type, 'session_closed', 'Expected nothing to be written after the end.');
  assert.deepEqual(clock.pending(), [], 'Expected no timer to be left.');
}

export function describe(records: readonly SessionRecord[]): string[] {
  const from = records[0]?.at ?? 0;
  return records.map((record) => `  ${String(record.at - from).padStart(6)} ms  ${record.type}${detail(record)}`);
}

function detail(record: SessionRecord): string {
  switch (record.type) {
    case 'task_updated':
      return ` ${record.record.id}`;
    case 'task_ended':
      return ` ${record.record?.id ?? record.callId} ${record.state}`;
    case 'delivery_taken':
      return ` ${record.ids.join(', ')}`;
    case 'delivery_ended':
      return ` ${record.id} ${record.receipt}`;
    case 'delivery_returned':
      return ` ${record.id} attempts ${String(record.attempts)}`;
    default:
      return 'callId' in record ? ` ${record.callId}` : '';
  }
}
