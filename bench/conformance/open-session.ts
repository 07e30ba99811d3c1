/** A LiveKit session with the adapter whose model is scripted, and tools of ours in the hands of a test. Fake timers. */
import { llm, voice } from '@livekit/agents';
import { tool } from 'meanwhile';
import { attachMeanwhile, type AttachOptions } from 'meanwhile/adapters/livekit';
import { afterEach, beforeEach, vi } from 'vitest';
import { ScriptedLLM, type Part } from './scripted-llm.ts';

const toFake = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'Date',
] as const;
let session: voice.AgentSession | undefined;

beforeEach(() => void vi.useFakeTimers({ toFake: [...toFake] }));

afterEach(async () => {
  void session?.close();
  await vi.advanceTimersByTimeAsync(20_000);
  vi.useRealTimers();
});

export const rest = async (ms = 20): Promise<void> => {
  await vi.advanceTimersByTimeAsync(ms);
};

type Settings = Omit<AttachOptions<typeof llm>, 'llm' | 'tools'>;

export type Body = Parameters<typeof tool>[0]['execute'];

export async function open(
  bodies: Readonly<Record<string, Body>>,
  answers: readonly (readonly Part[])[],
  settings: Settings = {},
) {
  const model = new ScriptedLLM(answers);
  session = new voice.AgentSession({ llm: model, userAwayTimeout: null });
  const tools = Object.entries(bodies).map(([name, execute]) =>
    tool({ name, description: name, parameters: { type: 'object' }, allowCancellation: true, execute }),
  );
  const meanwhile = await attachMeanwhile(session, { llm, tools, ...settings });
  const agent = new voice.Agent({ instructions: 'You help.', tools: meanwhile.tools });
  await session.start({ agent });
  await rest();
  const userSays = async (text: string): Promise<void> => {
    session?.generateReply({ userInput: text });
    await rest();
  };
  return { session, model, meanwhile, agent, userSays };
}

/** A body that goes to the background at once and ends by the hand of the test. */
export function inHand() {
  const end = Promise.withResolvers<unknown>();
  const body: Body = async (_args, { ctx }) => {
    await ctx.update('Began.');
    return await end.promise;
  };
  return { body, end };
}

export const begin: readonly (readonly Part[])[] = [[{ call: 'c1', name: 'search' }], ['I am on it.']];

export function textsOf({ history }: voice.AgentSession): string[] {
  return history.items.flatMap((item) => (item.type === 'message' ? [(item.textContent ?? '').trim()] : []));
}
