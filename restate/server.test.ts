import { afterEach, expect, test } from 'vitest';
import { type RestateServer, startRestate } from './server.ts';

let server: RestateServer | undefined;
afterEach(() => server?.close());

const healthy = async (url: string): Promise<boolean> => (await fetch(url)).ok;

test('a server is healthy, dies, and comes back on its ports', async () => {
  server = await startRestate();
  const url = `${server.ingressUrl}/restate/health`;
  expect(await healthy(url)).toBe(true);
  await server.kill();
  await expect(healthy(url)).rejects.toThrow('fetch failed');
  await server.restart();
  expect(await healthy(url)).toBe(true);
});

test('of a cluster of three, two go on', async () => {
  server = await startRestate({ nodes: 3 });
  await server.kill(0);
  expect(await Promise.all(server.nodes.slice(1).map((it) => healthy(`${it.adminUrl}/health`)))).toEqual([true, true]);
});

test('what cannot be registered is an error that says why', async () => {
  server = await startRestate();
  await expect(server.register('http://127.0.0.1:1')).rejects.toThrow('http://127.0.0.1:1 could not be registered');
});
