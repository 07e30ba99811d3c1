/**
 * The agent or the session that a module exports.
 *
 * Looked at in this order: `default`, `session`, `agent`; each may be the thing itself, a class of agents, a function
 * that makes the thing (also asynchronously), or an object with `session` and `agent`. A function is called once, and
 * only when what comes before it was not enough. A session that has not been started needs an agent beside it. A string
 * export `note` is shown to the user at the start; `store` keeps the conversations, and `agents` makes the agents by their
 * names when one is restored.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Agent, AgentSession, type AgentFactories, type SessionStore } from '../index.ts';
import { CliFailure, describeFailure } from './failure.ts';
import { loadFailure } from './load-failure.ts';

export interface LoadedTalk {
  /** As the user would write it. */
  readonly file: string;
  readonly session?: AgentSession;
  readonly agent?: Agent;
  readonly note?: string;
  readonly store?: SessionStore;
  readonly agents?: AgentFactories;
}

type Module = Readonly<Record<string, unknown>>;

/**
 * Throws a CliFailure where the file cannot be loaded or exports nothing to talk to. `version`: another one loads the file
 * itself anew; `dev/imports.ts` has what it imports follow.
 */
export async function loadTalk(file: string, cwd: string, version = 1): Promise<LoadedTalk> {
  const module = await loadModule(file, cwd, version);
  const found = await findIn(module, file);
  if (!found.session && !found.agent) throw new CliFailure(nothingFound(module, file));
  const { note, store, agents } = module;
  return {
    file,
    ...found,
    ...(typeof note === 'string' ? { note } : {}),
    ...(isStore(store) ? { store } : {}),
    ...(typeof agents === 'object' && agents !== null ? { agents: agents as AgentFactories } : {}),
  };
}

/** What a file exports. Throws a CliFailure where it cannot be loaded. */
export async function loadModule(file: string, cwd: string, version = 1): Promise<Module> {
  const path = resolve(cwd, file);
  checkFile(path, file);
  try {
    const { href } = pathToFileURL(path);
    return (await import(version === 1 ? href : `${href}?version=${String(version)}`)) as Module;
  } catch (error) {
    throw loadFailure(error, path, file, cwd);
  }
}

function isStore(value: unknown): value is SessionStore {
  return typeof value === 'object' && value !== null && 'acquire' in value && 'append' in value;
}

function checkFile(path: string, shown: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw new CliFailure(`there is no file ${shown}; check the path.`);
  if (!stat.isFile()) throw new CliFailure(`expected a file, but ${shown} is a directory; name the module in it.`);
}

interface Found {
  session?: AgentSession;
  agent?: Agent;
}

async function findIn(module: Module, shown: string): Promise<Found> {
  const found: Found = {};
  for (const name of ['default', 'session', 'agent']) {
    if (isEnough(found)) break;
    const { session, agent } = await taken(module[name], name, shown);
    if (session) found.session ??= session;
    if (agent) found.agent ??= agent;
  }
  return found;
}

/** An agent makes its own session; a session that runs has its agent. */
function isEnough({ session, agent }: Found): boolean {
  return session ? agent !== undefined || session.agentState !== 'initializing' : false;
}

async function taken(exported: unknown, name: string, shown: string): Promise<Found> {
  const value = typeof exported === 'function' ? await made(exported, name, shown) : exported;
  if (value instanceof AgentSession) return { session: value };
  if (value instanceof Agent) return { agent: value };
  if (typeof value !== 'object' || value === null) return {};
  if ((value as { kind?: unknown }).kind === 'agent') throw new CliFailure(otherCopy(shown));
  const { session, agent } = value as Found;
  return { ...(session instanceof AgentSession ? { session } : {}), ...(agent instanceof Agent ? { agent } : {}) };
}

async function made(make: unknown, name: string, shown: string): Promise<unknown> {
  try {
    if (isAgentClass(make)) return new make();
    return await (make as () => unknown)();
  } catch (error) {
    throw new CliFailure(
      `${shown}: making its ${name === 'default' ? 'default export' : `"${name}"`} failed: ${describeFailure(error)}`,
    );
  }
}

function isAgentClass(value: unknown): value is new () => Agent {
  return typeof value === 'function' && value.prototype instanceof Agent;
}

function nothingFound(module: Module, shown: string): string {
  const names = Object.keys(module);
  const got = names.length === 0 ? 'no exports' : `the exports ${names.join(', ')}`;
  return `${shown} exports no agent: expected a default export, \`agent\` or \`session\`, got ${got}; write export default new Agent({ … }).`;
}

function otherCopy(shown: string): string {
  return `${shown} exports an agent of another copy of meanwhile; run the command of the copy it imports: npx meanwhile.`;
}
