/** A caller hangs up while he books, and the process is killed; the next ones, on the same file, tell him once (S3.4, S8.7). */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { follow } from '../support/teller.ts';

interface News {
  readonly step?: number;
  readonly heard?: string;
  readonly receipt?: string;
  readonly received?: true;
  readonly idle?: true;
  readonly over?: true;
}

const caller = fileURLToPath(new URL('./caller.ts', import.meta.url));
const execArgv = ['--conditions=meanwhile-source', '--no-warnings'];
const children: ChildProcess[] = [];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meanwhile-hang-up-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  rmSync(folder, { recursive: true });
});

function start(sessionId: string, how: 'book' | 'restore' | 'call' | 'slow', lastStep = 0) {
  const child = fork(caller, [join(folder, 'calls.db'), sessionId, how, String(lastStep)], { execArgv });
  children.push(child);
  const teller = follow<News>(child);
  const hangUp = async (): Promise<News[]> => {
    child.send('hang up');
    return await teller.ended;
  };
  return { ...teller, hangUp };
}

const told = (news: readonly News[]): string[] => news.flatMap(({ heard }) => (heard?.includes('AB12') ? [heard] : []));

test.each([1, 3, 5])(
  'S8.7 killed after step %i of a booking that outlives its call: restored, it ends, and the next call tells it once',
  async (step) => {
    const booking = start('call-1', 'book', step);
    await booking.until((news) => news.some((each) => each.step === step));
    expect(told(await booking.kill())).toEqual([]);
    const restored = await start('call-1', 'restore').ended;
    expect(restored.at(-1)).toEqual({ over: true });
    expect(told(restored)).toEqual([]);
    const next = start('call-2', 'call');
    await next.until((news) => news.some(({ receipt }) => receipt === 'completed'));
    expect(told(await next.hangUp())).toEqual(['It is AB12.']);
    const last = start('call-3', 'call');
    await last.until((news) => news.some(({ idle }) => idle === true));
    expect((await last.hangUp()).map((news) => Object.keys(news)).flat()).toEqual(['idle', 'over']);
  },
  30_000,
);

test('S3.5 killed when it had collected the result: the call after that tells it, as something that he may have heard', async () => {
  expect((await start('call-1', 'book').ended).at(-1)).toEqual({ over: true });
  const dead = start('call-2', 'slow');
  await dead.until((news) => news.some(({ received }) => received === true));
  expect(told(await dead.kill())).toEqual([]);
  const next = start('call-3', 'call');
  await next.until((news) => news.some(({ receipt }) => receipt === 'completed'));
  expect(told(await next.hangUp())).toEqual(['As I said: AB12.']);
}, 30_000);
