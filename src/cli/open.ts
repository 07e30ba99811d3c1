/** The session of a loaded talk: the module's own, or one made for its agent. */
import {
  AgentSession,
  MeanwhileError,
  type Agent,
  type AgentSessionOptions,
  type SessionRecord,
  type SpeechOutput,
} from '../index.ts';
import { CliFailure } from './failure.ts';
import type { World } from './io.ts';
import type { LoadedTalk } from './load.ts';

export interface Talk {
  readonly session: AgentSession;
  readonly note?: string;
  /** Starts the session unless the module has. Throws a CliFailure. */
  start(): Promise<void>;
  /** What the processes before this one recorded of it. */
  readonly before?: readonly SessionRecord[];
}

/** The user goes: it ends, unless it is kept for when he comes back. */
export function leaveTalk(session: AgentSession): Promise<void> {
  return session.isKept ? session.suspend() : session.close();
}

/** `output`: where the words of a session that is made here go. Throws a CliFailure when there is no model to talk to, or no agent. */
export function openTalk(loaded: LoadedTalk, world: World, output?: SpeechOutput): Talk {
  const { file, agent, note } = loaded;
  const session = loaded.session ?? createSession(file, loaded, world, output);
  const isNew = session.agentState === 'initializing';
  if (isNew && !agent) {
    throw new CliFailure(
      `${file} exports a session that has not been started; export its \`agent\` too, or await session.start({ agent }).`,
    );
  }
  return {
    session,
    ...(note === undefined ? {} : { note }),
    start: () => (isNew ? startTalk(file, session, agent) : Promise.resolve()),
  };
}

/** Throws a CliFailure. */
export async function startTalk(file: string, session: AgentSession, agent: Agent | undefined): Promise<void> {
  try {
    if (agent) await session.start({ agent });
  } catch (error) {
    throw inOneSentence(file, error);
  }
}

function createSession(file: string, loaded: LoadedTalk, world: World, output: SpeechOutput | undefined): AgentSession {
  const options = sessionOptions(loaded, world, output);
  try {
    return new AgentSession(options);
  } catch (error) {
    throw inOneSentence(file, error);
  }
}

/** Of a session that is made here. Throws a CliFailure where there is no model. */
export function sessionOptions(
  { file, agent }: LoadedTalk,
  { clock }: World,
  output: SpeechOutput | undefined,
): AgentSessionOptions {
  const llm = agent?.options.llm;
  if (!llm)
    throw new CliFailure(
      `${file} exports an agent without a model; give it one, new Agent({ llm, … }), or export a session.`,
    );
  // What goes wrong is an event, and shown as one.
  const nothing = (): void => undefined;
  const logger = { debug: nothing, info: nothing, warn: (text: string) => console.warn(text), error: nothing };
  return { llm, clock, logger, ...(output ? { output } : {}) };
}

export function inOneSentence(file: string, error: unknown): unknown {
  return error instanceof MeanwhileError ? new CliFailure(`${file}: ${error.message}`) : error;
}
