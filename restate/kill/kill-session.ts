/** The process of a session is killed; the next one restores it from SQLite. The tool runs in it, or on a worker. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { sqlite } from '../../src/store/sqlite.ts';
import type { Told } from './booking.ts';
import { allRecords, type Folder } from './folder.ts';
import { execArgv, type Kill } from './kinds.ts';
import { judge } from './judge.ts';
import type { SessionTask } from './session.ts';

const program = new URL('session.ts', import.meta.url);

/** `lifeMs`: from a new process to a result that was told, about. */
export async function killSession(
  folder: Folder,
  number: number,
  moment: { readonly lifeMs: number; readonly random: () => number; readonly ingress?: string },
): Promise<Kill> {
  const sessionId = `call-${String(number)}`;
  const database = folder.file(`${sessionId}.db`);
  const { deeds } = folder;
  const told = folder.file(`${sessionId}.told`);
  const { ingress } = moment;
  const start = (how: SessionTask['how']): ChildProcess => {
    const task: SessionTask = { how, sessionId, database, deeds, told, ...(ingress === undefined ? {} : { ingress }) };
    return fork(program, [JSON.stringify(task)], { execArgv });
  };
  const first = start('begin');
  const over = once(first, 'exit');
  await Promise.race([once(first, 'message'), over]);
  await Promise.race([pause(moment.random() * moment.lifeMs), over]);
  const hit = first.exitCode === null;
  first.kill('SIGKILL');
  await over;
  const store = sqlite(database);
  try {
    const wasThere = (await store.read(sessionId, 0, 1)).length > 0;
    const [code] = (await once(start(wasThere ? 'restore' : 'begin'), 'exit')) as [number | null];
    const { faults, ...counts } = judge({
      records: await allRecords(store, sessionId),
      deeds: folder.deedsOf(`${sessionId}/call_1`),
      told: folder.lines(`${sessionId}.told`) as Told[],
      speakerDied: true,
    });
    return { ...counts, hit, faults: code === 0 ? faults : [...faults, `the next process ended with ${String(code)}`] };
  } finally {
    await store.close();
  }
}
