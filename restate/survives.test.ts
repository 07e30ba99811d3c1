/** What becomes of a durable tool when a part of the whole dies: the worker, the server, the session's process. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { tool, type Tool } from '../src/index.ts';
import { durable } from '../src/restate/index.ts';
import type { Endpoint } from '../src/restate/worker.ts';
import { sqlite } from '../src/store/sqlite.ts';
import { freePorts, startRestate, type RestateServer } from './server.ts';
import { restoreTalk, startTalk, startWorker, toldOf, type TestTalk } from './stage.ts';

let server: RestateServer;
let folder: string;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  server = await startRestate();
  folder = await mkdtemp(join(tmpdir(), 'meanwhile-survives-'));
});
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});
afterAll(async () => {
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

function later(clean: () => unknown): void {
  cleanups.push(clean);
}

async function serve(tools: Tool[], port = 0): Promise<Endpoint> {
  const worker = await startWorker(server, tools, port);
  later(() => worker.close());
  return worker;
}

async function begin(
  name: string,
  tools: Tool[],
  isKept = false,
): Promise<TestTalk & { store?: ReturnType<typeof sqlite> }> {
  if (!isKept) {
    const talk = await startTalk({ tools, sessionId: name });
    later(() => talk.session.close());
    return talk;
  }
  const store = sqlite(join(folder, `${name}.db`));
  return { ...(await startTalk({ tools, store, sessionId: name })), store };
}

async function restored(name: string, tools: Tool[]): Promise<TestTalk> {
  const talk = await restoreTalk({ tools, store: sqlite(join(folder, `${name}.db`)), sessionId: name });
  later(() => talk.session.close());
  return talk;
}

const remote = (one: Tool): Tool => durable(one, { ingress: server.ingressUrl, log: () => undefined });

/** A body that tells one thing, stands in a step until it is let go, tells another and ends. */
function gated(name: string): { tool: Tool; runs: () => number; standing: Promise<void>; go: () => void } {
  const standing = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  let runs = 0;
  const work = tool({
    name,
    execute: async (_args, { ctx }) => {
      await ctx.update('One');
      await ctx.step('stand', () => {
        runs += 1;
        standing.resolve();
        return gate.promise;
      });
      await ctx.update('Two');
      return 'Done';
    },
  });
  return { tool: remote(work), runs: () => runs, standing: standing.promise, go: () => gate.resolve() };
}

const allTold = [
  expect.stringMatching(/^call_1: .*One/) as unknown,
  expect.stringMatching(/^call_1_update_1: .*Two/) as unknown,
  'call_1_final: Done',
];

const over = (talk: TestTalk) => talk.heard(({ type }) => type === 'task_ended').then(() => talk.session.waitForIdle());

test('a worker that is killed within a step: another goes on, what was done is not done again', async () => {
  const [port = 0] = await freePorts(1);
  const deeds = join(folder, 'deeds');
  const env = { ...process.env, DEEDS: deeds, INGRESS: server.ingressUrl };
  const start = async (): Promise<ChildProcess> => {
    const file = join(import.meta.dirname, 'works/dying.ts');
    const bin = join(import.meta.dirname, '../bin/meanwhile.js');
    const flags = ['worker', file, '--port', String(port), '--admin', server.adminUrl];
    const child = spawn(process.execPath, ['--conditions=meanwhile-source', bin, ...flags], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    later(() => child.kill('SIGKILL'));
    child.stdout.setEncoding('utf8');
    for await (const text of child.stdout) if (String(text).includes('serving at')) break;
    return child;
  };
  const first = await start();
  const died = once(first, 'exit');
  process.env['INGRESS'] = server.ingressUrl;
  const { book } = (await import('./works/dying.ts')) as { book: Tool };
  const talk = await begin('dying', [book]);
  const run = talk.session.run({ userInput: 'Go' });
  expect((await died)[1]).toBe('SIGKILL');
  const second = await start();
  await run;
  await over(talk);
  expect(toldOf(talk.session)).toEqual([
    expect.stringMatching(/^call_1: .*Found/),
    expect.stringMatching(/^call_1_update_1: .*Held/),
    'call_1_final: pay',
  ]);
  expect((await readFile(deeds, 'utf8')).trim().split('\n')).toEqual(['search', 'hold', 'hold', 'pay']);
  const exited = once(second, 'exit');
  second.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});

test('the server dies in the middle and comes back: no update lost or told twice', async () => {
  const work = gated('server_dies');
  await serve([work.tool]);
  const talk = await begin('server-dies', [work.tool]);
  await talk.session.run({ userInput: 'Go' });
  await work.standing;
  await server.kill();
  await server.restart();
  work.go();
  await over(talk);
  expect(toldOf(talk.session)).toEqual(allTold);
});

test('a session that was suspended goes on hearing in another process; its task was never cancelled', async () => {
  const work = gated('moved');
  await serve([work.tool]);
  const before = await begin('moved', [work.tool], true);
  await before.session.run({ userInput: 'Go' });
  await work.standing;
  await before.session.suspend();
  const after = await restored('moved', [work.tool]);
  work.go();
  await over(after);
  expect(toldOf(after.session)).toEqual(allTold);
  expect(work.runs()).toBe(1);
});

test('what was told while no session was there is heard by the next one', async () => {
  const work = gated('away');
  await serve([work.tool]);
  const before = await begin('away', [work.tool], true);
  await before.session.run({ userInput: 'Go' });
  await work.standing;
  await before.session.suspend();
  work.go();
  const ended = `${server.ingressUrl}/restate/workflow/meanwhile_away/${encodeURIComponent('away/call_1')}/attach`;
  expect((await fetch(ended)).status).toBe(200);
  const after = await restored('away', [work.tool]);
  await over(after);
  expect(toldOf(after.session)).toEqual(allTold);
});

test('a question that is open goes with the session, and with the worker', async () => {
  const asking = remote(
    tool({
      name: 'asking',
      execute: async (_args, { ctx }) => {
        const first = await ctx.ask({ message: 'First?' });
        const second = await ctx.ask({ message: 'Second?' });
        return `${first.action} ${second.action}`;
      },
    }),
  );
  const worker = await serve([asking]);
  const asked = (talk: TestTalk, question: string) =>
    talk.heard((it) => it.type === 'task_updated' && it.question === question);
  const before = await begin('asking', [asking], true);
  void before.session.run({ userInput: 'Go' }).catch(() => undefined);
  await asked(before, 'First?');
  await before.session.tasks.answer('call_1', 'accept', {});
  await asked(before, 'Second?');
  await before.session.suspend();
  await worker.close();
  await serve([asking], worker.port);
  const after = await restored('asking', [asking]);
  await asked(after, 'Second?');
  await after.session.tasks.answer('call_1', 'decline');
  await over(after);
  expect(toldOf(after.session).at(-1)).toBe('call_1_final: accept decline');
});

test('S6.6: an answer that had not left the process when it died is not asked for again', async () => {
  const asking = tool({
    name: 'answered',
    execute: async (_args, { ctx }) => (await ctx.ask({ message: 'Well?' })).action,
  });
  const { ingressUrl: ingress } = server;
  const unsent: typeof fetch = (url, init) =>
    /\/answer(\/send)?$/.test(url as string)
      ? new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('cut'))))
      : fetch(url, init);
  await serve([remote(asking)]);
  const before = await begin('answered', [durable(asking, { ingress, fetch: unsent })], true);
  void before.session.run({ userInput: 'Go' }).catch(() => undefined);
  await before.heard((it) => it.type === 'task_updated' && it.question === 'Well?');
  await before.session.tasks.answer('call_1', 'decline');
  await before.session.suspend();
  const after = await restored('answered', [remote(asking)]);
  await over(after);
  expect(toldOf(after.session).filter((line) => line.includes('Well?'))).toHaveLength(1);
  expect(toldOf(after.session).at(-1)).toBe('call_1_final: decline');
});

test('an unknown service is a failure that names the remedy; a server that is away is waited for', async () => {
  const nobody = remote(tool({ name: 'nobody', execute: () => 1 }));
  const lost = await begin('nobody', [nobody]);
  await lost.finish();
  const event = await lost.heard(({ type }) => type === 'error');
  expect(event).toMatchObject({ error: { message: expect.stringContaining('meanwhile worker FILE') as unknown } });
  const here = remote(tool({ name: 'here', execute: () => 'Done' }));
  await serve([here]);
  await server.kill();
  const talk = await begin('here', [here]);
  const done = talk.finish();
  await talk.heard(({ type }) => type === 'task_started');
  await server.restart();
  await done;
  expect(toldOf(talk.session)).toEqual(['call_1: Done']);
});
