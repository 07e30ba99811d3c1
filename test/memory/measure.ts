/**
 * What sessions leave on the heap, and what they do while they wait, measured in a process of its own.
 *
 *     node --expose-gc --conditions=meanwhile-source test/memory/measure.ts [CALLS] [SESSIONS] [WAITING]
 *
 * Prints JSON: bytes beyond the records for each of CALLS finished background calls; bytes for each session that was
 * opened and closed in the second half of a simulated day of SESSIONS sessions; and of WAITING sessions that wait for a
 * day with a result each, the timers that are armed, how often they ask the time or arm a timer, the records they write,
 * and the share of a processor that the process uses for two seconds of real time.
 */
import { setImmediate as nextTick, setTimeout as realSleep } from 'node:timers/promises';
import { createVirtualClock, type VirtualClock } from 'meanwhile/testing';
import { bodies, startTalk } from './talk.ts';
import { startWaiting } from './waiting.ts';

export interface Left {
  /** Of one session's conversation: what is held beside its items. */
  readonly beyondRecords: number;
  readonly afterClose: number;
  /** Undefined where none are to wait. */
  readonly waiting: Quiet | undefined;
}

export interface Quiet {
  readonly sessions: number;
  readonly timers: number;
  readonly clockUses: number;
  readonly records: number;
  readonly cpuPercent: number;
}

const [calls = '10000', sessions = '1000', waiting = '10000'] = process.argv.slice(2);
const left: Left = {
  beyondRecords: await afterCalls(Number(calls)),
  afterClose: await afterDay(Number(sessions)),
  waiting: Number(waiting) > 0 ? await whileWaiting(Number(waiting)) : undefined,
};
console.log(JSON.stringify(left));

/** One conversation: each turn calls a tool that goes to the background, whose result is told. */
async function afterCalls(count: number): Promise<number> {
  const clock = createVirtualClock();
  const { session, call } = await startTalk(clock);
  const play = async (turns: number): Promise<void> => {
    for (let turn = 0; turn < turns; turn += 1) {
      call('update');
      await clock.advance(60);
    }
  };
  // As many before: tables double, and so the same share of it falls on each.
  await play(count);
  const itemsBefore = session.history.length;
  const before = await heapUsed();
  await play(count);
  const grown = (await heapUsed()) - before;
  const items = JSON.stringify(session.history.toArray().slice(itemsBefore));
  const beforeItems = await heapUsed();
  const copy = JSON.parse(items) as { kind: string; phase?: string }[];
  const ofItems = (await heapUsed()) - beforeItems;
  const finals = copy.filter(({ phase }) => phase === 'final').length;
  if (finals !== count) throw new Error(`Expected ${String(count)} results in the history, got ${String(finals)}.`);
  await clock.runUntil(session.close());
  return Math.round((grown - ofItems) / count);
}

/** Each hour as many sessions come, talk and go; what is left at its end must not grow. */
async function afterDay(count: number): Promise<number> {
  const clock = createVirtualClock();
  const hours = 24;
  const perHour = Math.ceil(count / hours);
  let before = 0;
  for (let hour = 0; hour < hours; hour += 1) {
    if (hour === hours / 2) before = await heapUsed();
    const visits = Array.from({ length: perHour }, (_, n) => visit(clock, n, (n / perHour) * 3_000_000));
    await clock.advance(3_600_000);
    await Promise.all(visits);
  }
  const after = await heapUsed();
  const { length } = clock.pending();
  if (length > 0) throw new Error(`Expected no timer to be armed after the day, got ${String(length)}.`);
  return Math.round((after - before) / ((perHour * hours) / 2));
}

async function whileWaiting(count: number): Promise<Quiet> {
  const { clock, uses, records } = await startWaiting(createVirtualClock(), count);
  const before = { uses: uses(), records: records() };
  await clock.advance(86_400_000);
  await heapUsed();
  // The collector sweeps behind itself for a while.
  await realSleep(1000);
  const from = process.cpuUsage();
  await realSleep(2000);
  const { user, system } = process.cpuUsage(from);
  return {
    sessions: count,
    timers: clock.pending().length,
    clockUses: uses() - before.uses,
    records: records() - before.records,
    cpuPercent: Math.round((user + system) / 2000) / 10,
  };
}

/** Every kind of tool once, some of them interrupted; then it closes, whatever still runs. */
async function visit(clock: VirtualClock, n: number, inMs: number): Promise<void> {
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimeout(resolve, ms));
  await sleep(inMs);
  const { session, call } = await startTalk(clock);
  for (const [index, name] of Object.keys(bodies).entries()) {
    call(name);
    await sleep(2000);
    if ((index + n) % 4 === 0) void session.interrupt();
  }
  call('slow');
  await sleep(n % 2 === 0 ? 30_000 : 200_000);
  await session.close();
}

async function heapUsed(): Promise<number> {
  if (!globalThis.gc) throw new Error('Expected --expose-gc.');
  for (let count = 0; count < 4; count += 1) {
    await nextTick();
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}
