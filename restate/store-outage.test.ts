/** One server and one worker, each of which dies while sessions book, and comes back. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'vitest';
import { whenOver } from './kill/booking.ts';
import { type RestateServer, startRestate } from './server.ts';
import { beginBooking, judgeBooking } from './store-booking.ts';
import { serveStore, type StoreEndpoint } from './store-endpoint.ts';

const names = ['one', 'two', 'three', 'four'];
let folder: string;
let server: RestateServer;
let worker: StoreEndpoint;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'meanwhile-outage-'));
  [server, worker] = await Promise.all([startRestate(), serveStore()]);
  await server.register(worker.uri);
});
afterEach(async () => {
  await server.close();
  await worker.close();
  rmSync(folder, { recursive: true });
});

const outages: readonly [who: string, dies: () => Promise<void>, isBack: () => Promise<void>][] = [
  ['the server', () => server.kill(), () => server.restart()],
  [
    'the worker',
    () => worker.close(),
    async () => {
      worker = await serveStore({ port: Number(new URL(worker.uri).port) });
    },
  ],
];

test.each(outages)(
  '%s dies: the sessions go on without it, and when it is back nothing is lost, doubled or told twice',
  async (_who, dies, isBack) => {
    const ingress = [server.ingressUrl];
    const calls = await Promise.all(names.map((name) => beginBooking(folder, name, ingress)));
    await Promise.all(calls.map((call) => call.halfway));
    await dies();
    await Promise.all(calls.map(({ session }) => whenOver(session)));
    await isBack();
    for (const call of calls) await judgeBooking(folder, call, ingress);
  },
);
