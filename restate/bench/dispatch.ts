/** From the call of a durable tool to its first update in the session's process, and whole bookings by the second. */
import cluster from 'node:cluster';
import { once } from 'node:events';
import { durable } from '../../src/restate/index.ts';
import { startRestate, type RestateServer } from '../server.ts';
import { bookingTool } from './booking.ts';
import { book } from './remote.ts';

export interface DispatchFigures {
  readonly firstUpdateMs: { readonly p50: number; readonly p99: number };
  /** Five steps, five updates and a result each, 64 under way at once. */
  readonly bookingsPerSecond: readonly { readonly workers: number; readonly bookings: number }[];
}

const underWay = 64;

export async function measureDispatch({ calls = 300, seconds = 10 } = {}): Promise<DispatchFigures> {
  const one = await withWorkers(1, (server) => firstUpdates(server, calls));
  const bookingsPerSecond: { workers: number; bookings: number }[] = [];
  for (const workers of [1, 2, 4])
    bookingsPerSecond.push({ workers, bookings: await withWorkers(workers, (server) => throughput(server, seconds)) });
  return { firstUpdateMs: one, bookingsPerSecond };
}

async function firstUpdates({ ingressUrl: ingress }: RestateServer, calls: number) {
  const remote = durable(bookingTool, { ingress });
  const times: number[] = [];
  for (let n = -30; n < calls; n += 1) {
    const began = performance.now();
    let first: number | undefined;
    await book(remote, `first/${String(n)}`, () => (first ??= performance.now() - began));
    // The first ones compile and connect.
    if (n >= 0 && first !== undefined) times.push(first);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor((times.length - 1) * share)] ?? NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

async function throughput({ ingressUrl: ingress }: RestateServer, seconds: number): Promise<number> {
  const remote = durable(bookingTool, { ingress });
  let number = 0;
  let done = 0;
  const warmUntil = performance.now() + 2_000;
  const until = warmUntil + seconds * 1000;
  const caller = async (): Promise<void> => {
    while (performance.now() < until) {
      await book(remote, `many/${String((number += 1))}`);
      if (performance.now() > warmUntil && performance.now() < until) done += 1;
    }
  };
  await Promise.all(Array.from({ length: underWay }, caller));
  return done / seconds;
}

async function withWorkers<T>(count: number, run: (server: RestateServer) => Promise<T>): Promise<T> {
  const server = await startRestate();
  cluster.setupPrimary({
    exec: new URL('worker.ts', import.meta.url).pathname,
    args: ['0'],
    execArgv: ['--conditions=meanwhile-source', '--disable-warning=ExperimentalWarning'],
  });
  const workers = Array.from({ length: count }, () => cluster.fork());
  // To each of a cluster any free port is the same.
  const [[port]] = (await Promise.all(workers.map((worker) => once(worker, 'message')))) as [[number]];
  try {
    await server.register(`http://127.0.0.1:${String(port)}`);
    return await run(server);
  } finally {
    for (const worker of workers) worker.process.kill('SIGKILL');
    await server.close();
  }
}

if (import.meta.main) console.log(JSON.stringify(await measureDispatch(), undefined, 2));
