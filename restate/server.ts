/**
 * The real Restate server, as tests and measurements want it: on free loopback ports, in a folder of its own that goes
 * with it, one node or a cluster of three that survives the loss of any one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface RestateServer {
  /** Of the first node. */
  readonly ingressUrl: string;
  readonly adminUrl: string;
  readonly nodes: readonly NodeAddress[];
  /** Makes the services known that are served at `uri`. Known ones are taken over. */
  register(uri: string): Promise<void>;
  /** `kill -9`. Resolves when the process is gone. */
  kill(node?: number): Promise<void>;
  /** Starts a node that was killed again, on its ports and its data. Resolves when it is healthy. */
  restart(node?: number): Promise<void>;
  close(): Promise<void>;
}

export interface NodeAddress {
  readonly ingressUrl: string;
  readonly adminUrl: string;
}

const binary = join(
  import.meta.dirname,
  `node_modules/@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`,
);

/** Resolves when every node is healthy. Throws where the server is not installed, naming the command. */
export async function startRestate(
  options: { readonly nodes?: 1 | 3; readonly environment?: NodeJS.ProcessEnv } = {},
): Promise<RestateServer> {
  if (!existsSync(binary)) throw new Error('The Restate server is not installed: npm ci --prefix restate');
  const count = options.nodes ?? 1;
  const folder = await mkdtemp(join(tmpdir(), 'meanwhile-restate-'));
  const ports = await freePorts(count * 3);
  const all = Array.from({ length: count }, (_, n) => new Node(n, folder, ports, count, options.environment));
  const node = (n: number): Node => {
    const found = all[n];
    if (!found) throw new RangeError(`There are ${count} nodes; got ${n}.`);
    return found;
  };
  const server: RestateServer = {
    ...node(0).address,
    nodes: all.map((it) => it.address),
    register: (uri) => register(all, uri),
    kill: (n = 0) => node(n).kill(),
    restart: (n = 0) => node(n).start(),
    close: async () => {
      await Promise.all(all.map((it) => it.kill()));
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await Promise.all(all.map((it) => it.start()));
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

class Node {
  readonly address: NodeAddress;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #arguments: string[];
  readonly #log: string;
  #process: ChildProcess | undefined;

  constructor(n: number, folder: string, ports: readonly number[], count: number, more: NodeJS.ProcessEnv = {}) {
    const [ingress, admin, fabric] = portsOf(ports, n);
    this.address = { ingressUrl: `http://127.0.0.1:${ingress}`, adminUrl: `http://127.0.0.1:${admin}` };
    this.#log = join(folder, `n${n + 1}.log`);
    this.#arguments = ['--node-name', `n${n + 1}`, '--base-dir', folder, '--listen-mode', 'tcp', '--no-logo'];
    const metadata = Array.from({ length: count }, (_, it) => `http://127.0.0.1:${portsOf(ports, it)[2]}`);
    this.#environment = {
      PATH: process.env['PATH'],
      DO_NOT_TRACK: '1',
      RESTATE_DISABLE_TELEMETRY: 'true',
      RESTATE_LOG_FILTER: 'warn',
      RESTATE_LOG_DISABLE_ANSI_CODES: 'true',
      RESTATE_DEFAULT_NUM_PARTITIONS: '4',
      RESTATE_ROCKSDB_TOTAL_MEMORY_SIZE: '256.0 MiB',
      RESTATE_BIND_ADDRESS: `127.0.0.1:${fabric}`,
      RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${fabric}`,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
      RESTATE_CLUSTER_NAME: basename(folder),
      RESTATE_DEFAULT_REPLICATION: count === 1 ? '1' : '2',
      RESTATE_AUTO_PROVISION: String(n === 0),
      RESTATE_METADATA_CLIENT__ADDRESSES: `[${metadata.map((it) => JSON.stringify(it)).join(',')}]`,
      ...more,
    };
  }

  async start(): Promise<void> {
    if (this.#process) throw new Error('The node runs. Kill it before it is started again.');
    const log = openSync(this.#log, 'a');
    const child = spawn(binary, this.#arguments, { env: this.#environment, stdio: ['ignore', log, log] });
    closeSync(log);
    this.#process = child;
    process.once('exit', this.#end);
    await Promise.all([
      this.#healthy(child, `${this.address.ingressUrl}/restate/health`),
      this.#healthy(child, `${this.address.adminUrl}/health`),
    ]);
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (!child) return;
    this.#process = undefined;
    process.off('exit', this.#end);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  readonly #end = (): void => {
    this.#process?.kill('SIGKILL');
  };

  /** Asks until it answers: the server tells nobody that it is ready. */
  async #healthy(child: ChildProcess, url: string): Promise<void> {
    const deadline = performance.now() + 60_000;
    while (!(await answers(url))) {
      if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline) {
        const log = await readFile(this.#log, 'utf8').catch(() => '');
        throw new Error(`The Restate server did not become healthy (${url}).\n${log.slice(-4000)}`);
      }
      await pause(20);
    }
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** At the first node that answers. What the server says against it is the error. */
async function register(nodes: readonly Node[], uri: string): Promise<void> {
  let problem: unknown;
  for (const { address } of nodes) {
    try {
      const response = await fetch(`${address.adminUrl}/deployments`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ uri, force: true }),
      });
      const text = await response.text();
      if (response.ok) return;
      problem = new Error(`${uri} could not be registered: ${response.status} ${text}`);
    } catch (error) {
      problem = error;
    }
  }
  throw problem;
}

function portsOf(ports: readonly number[], n: number): [ingress: number, admin: number, fabric: number] {
  return [ports[3 * n] ?? 0, ports[3 * n + 1] ?? 0, ports[3 * n + 2] ?? 0];
}

/** Of this machine. Held all at once, so that none is given twice. */
export async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  return await Promise.all(
    held.map(async (server) => {
      const address = server.address();
      server.close();
      await once(server, 'close');
      if (typeof address !== 'object' || !address) throw new Error('No port could be had.');
      return address.port;
    }),
  );
}
