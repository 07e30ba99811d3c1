/**
 * A process of its own that writes to a session: `writer.ts PATH NAME COUNT HOW`. It tells its parent what became of it,
 * as `{ holder: token }`, `{ kept: seq }` after each record, and at the end `{ refused: code }` or `{ done: true }`.
 */
import type { SessionRecord } from '../../src/index.ts';
import { StoreError } from '../../src/index.ts';
import { sqlite } from '../../src/store/sqlite.ts';

const [path = '', name = '', count = '', how = ''] = process.argv.slice(2);

const tell = (what: object): unknown => process.send?.(what);

try {
  // One that writes all the time leaves another little room to write.
  const store = sqlite(path, { busyTimeoutMs: 30_000 });
  const lease = await store.acquire('call', { leaseMs: 60_000, takeOver: how === 'take-over' });
  tell({ holder: lease.token });
  for (let seq = lease.seq + 1; seq <= lease.seq + Number(count); seq += 1) {
    await store.append(lease, [recordOf(seq)]);
    tell({ kept: seq });
    // The parent may have something to do with it meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
  }
  tell({ done: true });
  await store.close();
} catch (error) {
  tell({ refused: error instanceof StoreError ? error.code : String(error), message: String(error) });
}
process.disconnect?.();

function recordOf(seq: number): SessionRecord {
  const text = `${name} ${'x'.repeat(200)}`;
  const message = {
    kind: 'message',
    id: `item_${String(seq)}`,
    role: 'user',
    parts: [{ type: 'text', text }],
    at: seq,
  } as const;
  return { v: 1, seq, at: seq, type: 'message_added', message };
}
