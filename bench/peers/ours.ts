/** Ours, as a user sets it up: the built package, its defaults, a quiet logger. */
import {
  Agent,
  AgentSession,
  ChatContext,
  tool,
  type AgentSessionOptions,
  type Conversation,
  type Item,
  type RunContext,
} from 'meanwhile';
import type { StartConversation } from '../conversation.ts';
import { createModel } from '../model.ts';
import { lookingUp } from '../script.ts';
import { answer, found, look, question, working, type LookUp } from '../tool.ts';
import { expectSame } from '../work.ts';

const say = (): void => undefined;

export type OurOptions = Omit<AgentSessionOptions, 'llm'>;

/** A started session whose agent has these tools. */
export async function openSession(
  llm: AgentSessionOptions['llm'],
  { tools = [], chatCtx, ...options }: OurOptions & { readonly chatCtx?: ChatContext } = {},
): Promise<AgentSession> {
  const session = new AgentSession({ llm, logger: { debug: say, info: say, warn: say, error: say }, ...options });
  await session.start({ agent: new Agent({ instructions: look.instructions, tools, ...(chatCtx && { chatCtx }) }) });
  return session;
}

type Body = Parameters<typeof tool<typeof look.parameters>>[0]['execute'];

/** The tool of all works, with this body. */
export function lookUp(execute: (args: LookUp, options: Parameters<Body>[1]) => unknown) {
  const { name, description, parameters } = look;
  return tool({ name, description, parameters, execute });
}

/** A context of so many messages. */
export function contextOf(length: number): ChatContext {
  const items = Array.from({ length }, (_, index): Item => {
    const role = index % 2 === 0 ? 'user' : 'assistant';
    const text = `Message ${String(index)} of a long conversation.`;
    return { kind: 'message', id: `given_${String(index)}`, role, parts: [{ type: 'text', text }], at: 0 };
  });
  return new ChatContext(items);
}

export const startConversation: StartConversation = async () => {
  const tool = lookUp(({ n }) => Promise.resolve(found(n)));
  const session = await openSession(createModel(lookingUp()), { tools: [tool] });
  return async (userInput) => (await session.run({ userInput })).text;
};

/** A session with one task in the background, at rest, and what its body was given. */
export async function openWithTask(
  llm: AgentSessionOptions['llm'],
  options: Parameters<typeof openSession>[1] = {},
): Promise<{ readonly session: AgentSession; readonly ctx: RunContext<unknown> }> {
  const given = Promise.withResolvers<RunContext<unknown>>();
  const tool = lookUp(async (_, { ctx }) => {
    await ctx.update(working);
    given.resolve(ctx);
    await new Promise(() => undefined);
  });
  const session = await openSession(llm, { ...options, tools: [tool] });
  const run = await session.run({ userInput: question });
  expectSame('the answer', run.text, answer);
  expectSame('running tasks', session.tasks.list().length, 1);
  return { session, ctx: await given.promise };
}

/** A host in which nobody is ever asked to speak. */
export const silentHost: Conversation = {
  capabilities: { turns: 'runtime', interrupt: true, silentAppend: true, toolChoice: true, heard: 'exact' },
  append: () => undefined,
  covered: () => false,
  claim: () => ({ cancel: () => undefined }),
  handoff: () => undefined,
  handoffRefusal: () => undefined,
};
