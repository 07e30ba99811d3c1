/** One talk with a LiveKit session whose model is scripted, with the adapter or without it: the same tools in both. */
import { llm, voice } from '@livekit/agents';
import { attachMeanwhile, type Meanwhile } from 'meanwhile/adapters/livekit';
import { vi } from 'vitest';
import { ScriptedLLM, type Part } from './scripted-llm.ts';

export type Kind = 'LiveKit alone' | 'with meanwhile';
export const kinds: readonly Kind[] = ['LiveKit alone', 'with meanwhile'];

type FunctionTool = llm.FunctionTool<Record<string, never>>;
type Tools = readonly (FunctionTool | llm.Toolset)[];

export interface TalkOptions {
  readonly tools: readonly FunctionTool[];
  /** What LiveKit alone is given, where it is not the tools themselves. */
  readonly alone?: Tools;
  readonly answers: readonly (readonly Part[])[];
  /** In s; default: nobody is ever away. */
  readonly userAwayTimeout?: number;
  /** The first agent. Default: one that has the tools. */
  readonly agent?: (tools: Tools) => voice.Agent;
}

export interface Talk {
  readonly session: voice.AgentSession;
  readonly model: ScriptedLLM;
  readonly meanwhile: Meanwhile<FunctionTool> | undefined;
  /** All lines of the newest request to the model. */
  readonly newest: readonly string[];
  /** Lets pass what needs no time, or so much time. */
  rest(ms?: number): Promise<void>;
  userSays(text: string): Promise<void>;
}

export async function openTalk(kind: Kind, options: TalkOptions): Promise<Talk> {
  const { tools, alone = tools, answers, userAwayTimeout = null } = options;
  const { agent = (given: Tools) => new voice.Agent({ instructions: 'You help.', tools: given }) } = options;
  const model = new ScriptedLLM(answers);
  const session = new voice.AgentSession({ llm: model, userAwayTimeout });
  const meanwhile = kind === 'with meanwhile' ? await attachMeanwhile(session, { llm, tools }) : undefined;
  const rest = async (ms = 20): Promise<void> => {
    await vi.advanceTimersByTimeAsync(ms);
  };
  await session.start({ agent: agent(meanwhile?.tools ?? alone) });
  await rest();
  return {
    session,
    model,
    meanwhile,
    get newest() {
      return model.requests.at(-1)?.lines ?? [];
    },
    rest,
    userSays: async (text) => {
      session.generateReply({ userInput: text });
      await rest();
    },
  };
}
