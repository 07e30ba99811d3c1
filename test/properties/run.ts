/**
 * Draws sessions in one process a core until so many have been looked at, or the time is up, or one breaks an invariant:
 * then it prints a test that shows it again.
 *
 *     npm run properties                 two minutes: a fixed seed in one process, a random one in the others
 *     npm run soak                       a million sessions
 *
 * SECONDS, RUNS, WORKERS and SEED (of the random ones) in the environment change that. The exit code is 1 when something
 * was found.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Order, Told } from './worker.ts';

const { env } = process;
const isSoak = process.argv.includes('--soak');
const seconds = Number(env['SECONDS'] ?? (isSoak ? Infinity : 120));
const runs = Number(env['RUNS'] ?? (isSoak ? 1_000_000 : Infinity));
const count = Number(env['WORKERS'] ?? availableParallelism());
const seed = Number(env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** Sessions are drawn in batches, each of a seed of its own. */
const batch = 1000;
const fixedSeed = 20_261_120;
/** Sessions are short and throw a lot: most of what they make is garbage at once, and nobody reads a stack. */
const cheaper = ['--max-semi-space-size=64', '--stack-trace-limit=1'];
/** A session takes a few milliseconds: a worker that is silent for so long hangs. */
const hungMs = 300_000;

const startedAt = performance.now();
const workers = new Set<ChildProcess>();
let ordered = 0;
let ran = 0;
let failures = 0;
let printedAt = startedAt;

const isOver = (): boolean => failures > 0 || ordered >= runs || performance.now() - startedAt >= seconds * 1000;

function work(index: number): Promise<void> {
  const isFixed = !isSoak && index === 0;
  const first = isFixed ? fixedSeed : seed + index * 1_000_003;
  console.log(`process ${String(index + 1)}: seeds from ${String(first)}${isFixed ? ' (fixed)' : ''}`);
  const worker = fork(join(import.meta.dirname, 'worker.ts'), { execArgv: [...process.execArgv, ...cheaper] });
  workers.add(worker);
  const { promise, resolve } = Promise.withResolvers<void>();
  let batches = 0;
  let watchdog: NodeJS.Timeout | undefined;
  const next = (): void => {
    clearTimeout(watchdog);
    if (isOver()) return void worker.disconnect();
    const order: Order = {
      seed: first + batches,
      runs: Math.min(batch, runs - ordered),
      // fast-check arms a timer for it that keeps what every session left until it fires: never a far one.
      ...(seconds === Infinity ? {} : { limitMs: Math.max(1, seconds * 1000 - (performance.now() - startedAt)) }),
      thorough: !isSoak,
    };
    ordered += order.runs;
    batches += 1;
    watchdog = setTimeout(() => {
      fail(`A session of seed ${String(order.seed)} does not end: process ${String(index + 1)} has been silent.`);
      worker.kill('SIGKILL');
    }, hungMs);
    worker.send(order);
  };
  worker.on('message', (told: Told) => {
    ran += told.ran;
    if (told.report !== undefined) fail(told.report);
    else print();
    next();
  });
  worker.on('exit', (code) => {
    clearTimeout(watchdog);
    workers.delete(worker);
    if (code !== 0 && failures === 0) fail(`Process ${String(index + 1)} ended with code ${String(code)}.`);
    resolve();
  });
  next();
  return promise;
}

function fail(text: string): void {
  failures += 1;
  console.log(`\n${text}\n`);
}

function print(): void {
  const now = performance.now();
  if (now - printedAt < 10_000) return;
  printedAt = now;
  console.log(line());
}

function line(): string {
  const took = (performance.now() - startedAt) / 1000;
  const of = runs === Infinity ? '' : ` of ${runs.toLocaleString('en')}`;
  return `${ran.toLocaleString('en')}${of} sessions in ${took.toFixed(0)} s, ${(ran / took).toFixed(0)} a second`;
}

await Promise.all(Array.from({ length: count }, (_, index) => work(index)));
console.log(`properties: ${line()}, ${failures === 0 ? 'every invariant held' : 'an invariant was broken'}`);
process.exitCode = failures > 0 ? 1 : 0;
