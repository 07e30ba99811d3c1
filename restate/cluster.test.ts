/** Three nodes, of which one is killed while sessions book: they go on, and nothing is lost or told twice. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentSession, fold, type SessionRecord } from '../src/index.ts';
import { restateStore } from '../src/restate/store.ts';
import { scriptedModel } from '../src/testing/index.ts';
import { agent, bookingTool, listeningOutput, script, whenOver } from './kill/booking.ts';
import { type RestateServer, startRestate } from './server.ts';
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
    const calls = await Promise.all(names.map((name) => begin(name, ingress)));
    await Promise.all(calls.map((call) => call.halfway));
    await server.kill(victim);
    await Promise.all(calls.map(({ session }) => whenOver(session)));
    for (const call of calls) await judge(call, ingress);
    await server.restart(victim);
  }
});

async function judge({ name, session, told, errors }: Awaited<ReturnType<typeof begin>>, ingress: readonly string[]) {
  expect([name, told]).toEqual([name, ['new']]);
  const deeds = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');
  expect(deeds.map((deed) => deed.split(' ')[1])).toEqual(['1', '2', '3', '4', '5']);
  const records = await written(name, ingress, session.state.seq);
  expect(records.map(({ seq }) => seq)).toEqual(records.map((_record, index) => index + 1));
  expect(fold(records)).toEqual(session.state);
  // The store may have failed for a while: nothing else.
  expect(errors.filter((source) => source !== 'store')).toEqual([]);
  await session.suspend();
}

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

async function begin(name: string, ingress: readonly string[]) {
  const told: string[] = [];
  const errors: string[] = [];
  const session = new AgentSession({
    llm: scriptedModel(script),
    tools: [bookingTool(join(folder, name))],
    output: listeningOutput((how) => told.push(how)),
    store: restateStore({ ingress }),
    sessionId: name,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  const halfway = Promise.withResolvers<void>();
  let updates = 0;
  session.on('task_updated', () => ((updates += 1) === 3 ? halfway.resolve() : undefined));
  session.on('error', ({ source }) => errors.push(source));
  await session.start({ agent: agent() });
  await session.run({ userInput: 'Book it.' });
  return { name, session, told, errors, halfway: halfway.promise };
}

/** As soon as there are so many. */
async function written(name: string, ingress: readonly string[], count: number): Promise<SessionRecord[]> {
  const store = restateStore({ ingress });
  const records: SessionRecord[] = [];
  for (;;) {
    const some = await store.read(name, records.length);
    if (some.length === 0 && records.length >= count) return records;
    records.push(...some);
  }
}
