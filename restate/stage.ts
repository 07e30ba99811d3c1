/** A conversation in real time with a durable tool, and what a test waits for in it. */
import {
  Agent,
  AgentSession,
  createTextOutput,
  type AgentSessionOptions,
  type Item,
  type SessionEvent,
  type Tool,
} from '../src/index.ts';
import { durableServices, serveServices, type Endpoint } from '../src/restate/worker.ts';
import { scriptedModel } from '../src/testing/index.ts';
import type { RestateServer } from './server.ts';

export interface TestTalk {
  readonly session: AgentSession;
  readonly log: readonly string[];
  /** The first event that fits, of those told before too. */
  heard(fits: (event: SessionEvent) => boolean): Promise<SessionEvent>;
  /** The user speaks; resolves when the call's result was told. */
  finish(userInput?: string): Promise<void>;
}

export type TalkOptions = Partial<Omit<AgentSessionOptions, 'llm' | 'tools'>> & { readonly tools: readonly Tool[] };

const createAgent = (): Agent => new Agent({ name: 'travel', instructions: 'You are a travel agent.' });

/** The model calls every tool once, with `args`, and then says "Noted." to everything. */
function optionsOf({ tools, ...rest }: TalkOptions, args: object, log: string[]): AgentSessionOptions {
  const note = (line: string): void => void log.push(line);
  return {
    llm: scriptedModel([{ calls: tools.map(({ name = '' }) => ({ name, args })) }], { fallback: () => 'Noted.' }),
    tools,
    output: createTextOutput({ onText: () => undefined }),
    logger: { debug() {}, info() {}, warn: note, error: note },
    ...rest,
  };
}

export async function startTalk(options: TalkOptions, args: object = {}): Promise<TestTalk> {
  const log: string[] = [];
  const session = new AgentSession(optionsOf(options, args, log));
  const talk = watched(session, log);
  await session.start({ agent: createAgent() });
  return talk;
}

/** The session goes on in another process, or in this one after a crash: the model has nothing to call. */
export async function restoreTalk(options: TalkOptions & { readonly sessionId: string }): Promise<TestTalk> {
  const log: string[] = [];
  const { store, ...rest } = optionsOf(options, {}, log);
  if (!store) throw new Error('Expected a store.');
  const llm = scriptedModel([], { fallback: () => 'Noted.' });
  const restored = {
    ...rest,
    llm,
    store,
    sessionId: options.sessionId,
    agents: { travel: createAgent },
    takeOver: true,
  };
  return watched(await AgentSession.restore(restored), log);
}

function watched(session: AgentSession, log: string[]): TestTalk {
  const events: SessionEvent[] = [];
  const waiting = new Set<() => void>();
  session.on('*', (event) => {
    events.push(event);
    for (const look of waiting) look();
  });
  const heard: TestTalk['heard'] = (fits) => {
    const { promise, resolve } = Promise.withResolvers<SessionEvent>();
    const look = (): void => {
      const event = events.find(fits);
      if (!event) return;
      waiting.delete(look);
      resolve(event);
    };
    waiting.add(look);
    look();
    return promise;
  };
  const finish: TestTalk['finish'] = async (userInput = 'Go') => {
    await session.run({ userInput });
    await heard(({ type }) => type === 'task_ended');
    await session.waitForIdle();
  };
  return { session, log, heard, finish };
}

/** What a model was told about the calls, a line each: `call_1: …`, errors as `call_1 ! …`. */
export function toldOf(session: AgentSession): string[] {
  const line = (id: string, { type, text }: { type: string; text: string }): string =>
    `${id}${type === 'error' ? ' !' : ':'} ${text}`;
  return [...session.history].flatMap((item: Item) => {
    if (item.kind === 'record') return [line(item.id, item.output)];
    return item.kind === 'message' ? [] : item.calls.map(({ callId, output }) => line(callId, output));
  });
}

/** A worker in this process, known to the server. */
export async function startWorker(server: RestateServer, tools: readonly Tool[], port = 0): Promise<Endpoint> {
  const endpoint = await serveServices({ services: durableServices(tools), port, log: () => undefined });
  await server.register(`http://127.0.0.1:${String(endpoint.port)}`);
  return endpoint;
}
