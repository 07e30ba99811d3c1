/** Three nodes, of which one is killed while sessions book: they go on, and nothing is lost or told twice. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'vitest';
import { restateStore } from '../src/restate/store.ts';
import { whenOver } from './kill/booking.ts';
import { type RestateServer, startRestate } from './server.ts';
import { beginBooking, judgeBooking } from './store-booking.ts';
import { serveStore, type StoreEndpoint } from './store-endpoint.ts';

let folder: string;
let server: RestateServer;
let endpoint: StoreEndpoint;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'meanwhile-cluster-'));
  [server, endpoint] = await Promise.all([startRestate({ nodes: 3 }), serveStore()]);
  await server.register(endpoint.uri);
});
afterEach(async () => {
  await server.close();
  await endpoint.close();
  rmSync(folder, { recursive: true });
});

test('each of three nodes is killed while sessions book: no record is lost or doubled, each booking is told once', async () => {
  for (const victim of [0, 1, 2]) {
    // Enough that the victim leads the partition of some.
    const names = Array.from({ length: 8 }, (_, index) => `call-${String(victim)}-${String(index)}`);
    await Promise.all(server.nodes.flatMap(({ ingressUrl }) => names.map((name) => answers(name, ingressUrl))));
    const ingress = server.nodes.map(({ ingressUrl }) => ingressUrl);
    const calls = await Promise.all(names.map((name) => beginBooking(folder, name, ingress)));
    await Promise.all(calls.map((call) => call.halfway));
    await server.kill(victim);
    await Promise.all(calls.map(({ session }) => whenOver(session)));
    for (const call of calls) await judgeBooking(folder, call, ingress);
    await server.restart(victim);
  }
});

/** A cluster tells nobody that each node knows the services and that each partition has a leader. */
async function answers(name: string, ingress: string): Promise<void> {
  for (;;) {
    try {
      return void (await restateStore({ ingress }).read(name, 0));
    } catch {
      // Not yet.
    }
  }
}
