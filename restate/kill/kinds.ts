/** What may be killed, and what must stand before it can be. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type RestateServer, startRestate } from '../server.ts';
import { Folder } from './folder.ts';
import { killBackstage, type Victim } from './kill-backstage.ts';
import { killSession } from './kill-session.ts';

export interface Kill {
  /** Did it fall into the booking? One that came after its end counts for nothing. */
  readonly hit: boolean;
  readonly faults: readonly string[];
  readonly stepsRepeated: number;
  readonly toldAgain: number;
}

/** Set up once for all kills of a kind. */
export interface Ground extends AsyncDisposable {
  kill(random: () => number, number: number): Promise<Kill>;
}

export const execArgv = ['--conditions=meanwhile-source', '--disable-warning=ExperimentalWarning'];

export const kinds: Readonly<Record<string, () => Promise<Ground>>> = {
  session: async () => {
    const folder = new Folder();
    return {
      kill: (random, number) => killSession(folder, number, { random, lifeMs: 250 }),
      [Symbol.asyncDispose]: () => Promise.resolve(folder[Symbol.dispose]()),
    };
  },
  'session-durable': () =>
    withRestate(1, ({ folder, server }) => {
      const { ingressUrl: ingress } = server;
      return (random, number) => killSession(folder, number, { random, lifeMs: 400, ingress });
    }),
  worker: () =>
    withRestate(1, ({ folder, server, worker }) => {
      const { ingressUrl: ingress } = server;
      return (random, number) => killBackstage(folder, number, { random, lifeMs: 200, ingress }, worker);
    }),
  server: () =>
    withRestate(1, ({ folder, server }) => {
      const { ingressUrl: ingress } = server;
      const victim: Victim = { kill: () => server.kill(), revive: () => server.restart() };
      return (random, number) => killBackstage(folder, number, { random, lifeMs: 200, ingress }, victim);
    }),
  node: () =>
    withRestate(3, ({ folder, server }) => {
      const ingress = server.nodes.map(({ ingressUrl }) => ingressUrl);
      return (random, number) => {
        const node = Math.floor(random() * ingress.length);
        const victim: Victim = { kill: () => server.kill(node), revive: () => server.restart(node) };
        return killBackstage(folder, number, { random, lifeMs: 300, ingress }, victim);
      };
    }),
};

interface Stage {
  readonly folder: Folder;
  readonly server: RestateServer;
  readonly worker: Victim;
}

async function withRestate(nodes: 1 | 3, prepare: (stage: Stage) => Ground['kill']): Promise<Ground> {
  const folder = new Folder();
  const server = await startRestate({ nodes });
  const worker = new Worker(folder.deeds);
  await worker.revive();
  await server.register(worker.uri);
  return {
    kill: prepare({ folder, server, worker }),
    [Symbol.asyncDispose]: async () => {
      await worker.kill();
      await server.close();
      folder[Symbol.dispose]();
    },
  };
}

class Worker implements Victim {
  readonly #deeds: string;
  #process: ChildProcess | undefined;
  #port = 0;

  constructor(deeds: string) {
    this.#deeds = deeds;
  }

  get uri(): string {
    return `http://127.0.0.1:${String(this.#port)}`;
  }

  async kill(): Promise<void> {
    const gone = this.#process && once(this.#process, 'exit');
    this.#process?.kill('SIGKILL');
    await gone;
  }

  /** On the port that Restate knows. */
  async revive(): Promise<void> {
    this.#process = fork(new URL('worker.ts', import.meta.url), [String(this.#port), this.#deeds], { execArgv });
    const [port] = (await once(this.#process, 'message')) as [number];
    this.#port = port;
  }
}
