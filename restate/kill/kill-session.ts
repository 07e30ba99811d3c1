/** The process of the session is killed; the next one restores it from SQLite. The tool runs in it, or in a worker. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { sqlite } from '../../src/store/sqlite.ts';
import { BookingFolder } from './folder.ts';
import type { Kill } from './kinds.ts';

const program = new URL('session.ts', import.meta.url);
const execArgv = ['--conditions=meanwhile-source', '--disable-warning=ExperimentalWarning'];

/** `ingress`: of the Restate that runs the tool; without one it runs in the session's process. */
export async function killSession(random: () => number, ingress?: string): Promise<Kill> {
  using folder = new BookingFolder();
  const start = (how: 'begin' | 'restore'): ChildProcess =>
    fork(program, [how, folder.database, folder.path, ...(ingress === undefined ? [] : [ingress])], { execArgv });
  const first = start('begin');
  const over = once(first, 'exit');
  await Promise.race([once(first, 'message'), over]);
  await Promise.race([pause(random() * lifeMs), over]);
  const hit = first.exitCode === null;
  first.kill('SIGKILL');
  await over;
  const store = sqlite(folder.database);
  try {
    const wasThere = (await store.read('call', 0, 1)).length > 0;
    const [code] = (await once(start(wasThere ? 'restore' : 'begin'), 'exit')) as [number | null];
    const { faults, ...counts } = await folder.judge(store, 'call/call_1', true);
    return { ...counts, hit, faults: code === 0 ? faults : [...faults, `the next process ended with ${String(code)}`] };
  } finally {
    await store.close();
  }
}

/** From a new process to a result that was told, about. */
const lifeMs = 250;
