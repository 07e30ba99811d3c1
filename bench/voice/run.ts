/**
 * Calls by voice through the real server, with models that take no time: what is left is ours.
 *
 *     npm run bench:voice                       1 and 50 calls, half a minute each
 *     npm run bench:voice -- --calls 50 --minutes 10
 *     npm run bench:voice -- --recorded      recorded speech, heard by Silero; the latency has the silence in it
 *                                            that ends a turn
 *
 * Server and callers are two processes on one machine, so the callers' own delay is in the figures.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildIfStale } from '../build.ts';
import { readMachine } from '../machine.ts';

interface Memory {
  readonly heapUsed: number;
  readonly rss: number;
  readonly external: number;
  readonly cpu: { readonly user: number; readonly system: number };
}

interface Figures {
  readonly calls: number;
  readonly seconds: number;
  readonly turns: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly frames: number;
  /** Later than 20 ms for their moment of playback. */
  readonly lateFrames: number;
  readonly latestMs: number;
  readonly unansweredTurns: number;
  readonly memoryPerCallKiB: number;
  readonly memoryGrowthKiB: number;
  readonly serverCpuPercent: number;
}

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1,50' },
    minutes: { type: 'string', default: '0.5' },
    recorded: { type: 'boolean', default: false },
  },
});

const root = join(import.meta.dirname, '../..');
buildIfStale(root, (text) => process.stderr.write(`${text}\n`));
// They measure what was built.
const { Caller, silenceWindows } = await import('./caller.ts');
const { tone } = await import('./sound.ts');

const saying = values.recorded
  ? { speech: await (await import('./recorded.ts')).recordedSpeech(), silence: 0 }
  : { speech: tone(30), silence: silenceWindows };
const results: Figures[] = [];
for (const calls of values.calls.split(',').map(Number))
  results.push(await measure(calls, Number(values.minutes) * 60));
const folder = join(import.meta.dirname, '../results');
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, 'voice.json'),
  JSON.stringify({ machine: readMachine(), date: new Date().toISOString(), results }, undefined, 2),
);
console.log(JSON.stringify(results, undefined, 2));

async function measure(calls: number, seconds: number): Promise<Figures> {
  const server = fork(join(import.meta.dirname, 'server.ts'), values.recorded ? ['silero'] : [], {
    execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
  });
  const [{ port }] = (await once(server, 'message')) as [{ port: number }];
  const empty = await memoryOf(server);
  const callers = Array.from({ length: calls }, () => new Caller(`ws://127.0.0.1:${String(port)}/meanwhile`, saying));
  await Promise.all(callers.map((caller) => caller.open()));
  callers.forEach((caller, index) => caller.speak((index / calls) * 3_000));
  // What is compiled and cached with the first turns is not a call's own.
  await wait(Math.min(20, seconds / 2));
  const warm = await memoryOf(server);
  for (const { figures } of callers) {
    figures.latencies.length = 0;
    figures.lateness.length = 0;
  }
  await wait(seconds);
  const after = await memoryOf(server);
  for (const caller of callers) caller.stop();
  server.kill();
  return {
    calls,
    seconds,
    ...summary(callers),
    memoryPerCallKiB: (total(warm) - total(empty)) / 1024 / calls,
    memoryGrowthKiB: (total(after) - total(warm)) / 1024,
    serverCpuPercent: ((cpuMs(after) - cpuMs(warm)) / (seconds * 1000)) * 100,
  };
}

function summary(
  callers: readonly InstanceType<typeof Caller>[],
): Pick<Figures, 'turns' | 'latencyMs' | 'frames' | 'lateFrames' | 'latestMs' | 'unansweredTurns'> {
  const latencies = callers.flatMap(({ figures }) => figures.latencies).sort((a, b) => a - b);
  const lateness = callers.flatMap(({ figures }) => figures.lateness);
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? NaN;
  return {
    turns: latencies.length,
    latencyMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
    frames: lateness.length,
    lateFrames: lateness.filter((ms) => ms > 20).length,
    latestMs: lateness.reduce((most, ms) => Math.max(most, ms), 0),
    unansweredTurns: callers.reduce((sum, { figures }) => sum + figures.missing, 0),
  };
}

function total({ heapUsed, external }: Memory): number {
  return heapUsed + external;
}

function cpuMs({ cpu }: Memory): number {
  return (cpu.user + cpu.system) / 1000;
}

async function memoryOf(server: ChildProcess): Promise<Memory> {
  server.send('memory');
  const [memory] = (await once(server, 'message')) as [Memory];
  return memory;
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
