/** More bodies at once than a node has places for: what one waits for holds none for long. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tool } from '../src/index.ts';
import { durable } from '../src/restate/index.ts';
import type { Endpoint } from '../src/restate/worker.ts';
import { startRestate, type RestateServer } from './server.ts';
import { startTalk, startWorker, toldOf } from './stage.ts';

const places = 6;
let server: RestateServer;
let worker: Endpoint | undefined;

beforeAll(async () => {
  server = await startRestate({
    environment: {
      RESTATE_DEFAULT_NUM_PARTITIONS: '1',
      RESTATE_WORKER__INVOKER__CONCURRENT_INVOCATIONS_LIMIT: String(places),
    },
  });
});
afterAll(async () => {
  await worker?.close();
  await server?.close();
});

test('a reader that waits holds no place: each of many bodies is heard while all others stand', async () => {
  const gates = Array.from({ length: places - 1 }, () => Promise.withResolvers<void>());
  let standing = 0;
  const allStand = Promise.withResolvers<void>();
  const work = durable(
    tool({
      name: 'work',
      execute: async (_args, { ctx }) => {
        await ctx.update('One');
        const n = Number(ctx.idempotencyKey.split('/')[0]);
        await ctx.step('stand', () => {
          standing += 1;
          if (standing === gates.length) allStand.resolve();
          return gates[n]?.promise;
        });
        return `Done ${String(n)}`;
      },
    }),
    { ingress: server.ingressUrl },
  );
  worker = await startWorker(server, [work]);
  const talks = await Promise.all(gates.map((_, n) => startTalk({ tools: [work], sessionId: String(n) })));
  const runs = talks.map(({ session }) => session.run({ userInput: 'Go' }));
  await allStand.promise;
  await Promise.all(runs);
  for (const [n, { session, heard }] of talks.entries()) {
    gates[n]?.resolve();
    await heard(({ type }) => type === 'task_ended');
    expect(toldOf(session).at(-1)).toBe(`call_1_final: Done ${String(n)}`);
    await session.close();
  }
}, 40_000);
