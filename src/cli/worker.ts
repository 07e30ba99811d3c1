/** `meanwhile worker FILE`: serves the durable tools that a file exports to a Restate, and the store's services. */
import { durablePartOf } from '../restate/durable-part.ts';
import { CliFailure, describeFailure } from './failure.ts';
import { readCommandLine, readPort, wrong } from './arguments.ts';
import type { Io } from './io.ts';
import { loadModule } from './load.ts';

const options = {
  port: { type: 'string', short: 'P' },
  host: { type: 'string' },
  admin: { type: 'string' },
  uri: { type: 'string' },
  'no-register': { type: 'boolean' },
} as const;

export async function worker(argv: readonly string[], io: Io): Promise<number> {
  const { file, port, host, admin, uri } = readArguments(argv);
  const restate = await loadServing();
  const tools = file === undefined ? [] : durableIn(file, await loadModule(file, io.cwd));
  const services = [...restate.durableServices(tools), ...restate.restateStoreServices()];
  const log = (line: string): void => void io.stderr.write(`${line}\n`);
  let endpoint: Awaited<ReturnType<typeof restate.serveServices>>;
  try {
    endpoint = await restate.serveServices({ services, port, host, log });
  } catch (error) {
    throw new CliFailure(
      `worker: it cannot listen at ${host}:${String(port)}: ${describeFailure(error)}; choose another --port.`,
    );
  }
  const at = uri ?? `http://${host.includes(':') ? `[${host}]` : host}:${String(endpoint.port)}`;
  try {
    const stopped = stopping(io);
    if (admin !== undefined) await makeKnown(restate.register, admin, at);
    for (const { name } of services) io.stdout.write(`${name}\n`);
    io.stdout.write(`serving at ${at}${admin === undefined ? '' : `, known to ${admin}`}\n`);
    await stopped;
  } finally {
    await endpoint.close();
  }
  return 0;
}

function stopping(io: Io): Promise<void> {
  return new Promise((resolve) => {
    const stop = io.onSignal(() => {
      stop();
      resolve();
    });
  });
}

async function makeKnown(
  register: (admin: string, uri: string) => Promise<void>,
  admin: string,
  uri: string,
): Promise<void> {
  try {
    await register(admin, uri);
  } catch (error) {
    const cause = (error as { cause?: unknown }).cause ?? error;
    const remedy = 'is Restate running there? --admin says where, --no-register leaves it out';
    throw new CliFailure(`worker: ${admin} was not told of ${uri}: ${describeFailure(cause)}; ${remedy}.`);
  }
}

/** Restate's SDK is not a dependency: only workers need it. */
async function loadServing() {
  try {
    return await import('../restate/worker.ts');
  } catch (error) {
    if (!describeFailure(error).includes('@restatedev/restate-sdk')) throw error;
    throw new CliFailure('worker: Restate’s SDK is not installed; run npm install @restatedev/restate-sdk.');
  }
}

/** Alone, in lists, in records, in toolsets and among an agent's tools. */
function durableIn(file: string, module: Readonly<Record<string, unknown>>): object[] {
  const found = new Set<object>();
  const seen = new Set<unknown>();
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    if (durablePartOf(value)) found.add(value);
    else if (holdsTools(value)) for (const part of Object.values(value)) look(part);
  };
  for (const exported of Object.values(module)) look(exported);
  if (found.size > 0) return [...found];
  const names = Object.keys(module).join(', ') || 'nothing';
  throw new CliFailure(
    `${file} exports no durable tool, but ${names}; write export const book = durable(tool({ … }), { ingress }).`,
  );
}

function holdsTools(value: object): boolean {
  if (Array.isArray(value) || ['agent', 'toolset'].includes(String((value as { kind?: unknown }).kind))) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

interface Arguments {
  readonly file: string | undefined;
  readonly port: number;
  readonly host: string;
  /** Undefined: Restate is told nothing. */
  readonly admin: string | undefined;
  readonly uri: string | undefined;
}

function readArguments(argv: readonly string[]): Arguments {
  const { file, values } = readCommandLine('worker', options, argv);
  const host = values['host'] ?? '127.0.0.1';
  if (typeof host !== 'string' || host === '')
    throw wrong('worker', 'expected an address to listen at, got none; write --host 0.0.0.0');
  const admin = readUrl('admin', values['admin']) ?? 'http://127.0.0.1:9070';
  return {
    file,
    host,
    port: readPort('worker', values['port'], 9080),
    admin: values['no-register'] === true ? undefined : admin,
    uri: readUrl('uri', values['uri']),
  };
}

function readUrl(name: string, given: string | boolean | undefined): string | undefined {
  if (given === undefined) return undefined;
  if (typeof given === 'string' && URL.canParse(given)) return given;
  const got = typeof given === 'string' ? JSON.stringify(given) : 'none';
  throw wrong(
    'worker',
    `expected an address, got ${got}; write --${name} http://127.0.0.1:${name === 'admin' ? '9070' : '9080'}`,
  );
}
