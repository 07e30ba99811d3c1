/**
 * LiveKit Agents JS: a text-only session without a room, logging silenced, no timers it can do without. Its model gives
 * its chunks at once; the prompt of a request is taken as made when the model is asked, though a real one has it still
 * to serialise.
 */
import { initializeLogger, llm, voice } from '@livekit/agents';
import type * as Executors from '../node_modules/@livekit/agents/dist/voice/tool_executor.js';
import type { StartConversation } from '../conversation.ts';
import { answer, found, look, question, working, type LookUp } from '../tool.ts';
import { expectSame } from '../work.ts';

initializeLogger({ pretty: false, level: 'silent' });

export { llm, voice };
export type Chunk = llm.ChatChunk;
type ChatOptions = Parameters<llm.LLM['chat']>[0];

/** Chunks at once, and then perhaps something to wait for. */
export interface Reply {
  readonly chunks: readonly Chunk[];
  readonly until?: Promise<void>;
}

/** A model that answers what it is told to. */
export class BenchLLM extends llm.LLM {
  readonly #answer: (context: llm.ChatContext, options: ChatOptions) => Reply;

  constructor(reply: (context: llm.ChatContext, options: ChatOptions) => Reply) {
    super();
    this.#answer = reply;
  }

  override label(): string {
    return 'bench';
  }

  override chat(options: ChatOptions): llm.LLMStream {
    return new BenchStream(this, this.#answer(options.chatCtx, options), options);
  }
}

const once = { maxRetry: 0, retryIntervalMs: 0, timeoutMs: 10_000 };

class BenchStream extends llm.LLMStream {
  readonly #reply: Reply;

  constructor(model: BenchLLM, reply: Reply, { chatCtx, toolCtx, connOptions = once }: ChatOptions) {
    super(model, { chatCtx, connOptions, ...(toolCtx && { toolCtx }) });
    this.#reply = reply;
  }

  protected override async run(): Promise<void> {
    for (const chunk of this.#reply.chunks) this.queue.put(chunk);
    await this.#reply.until;
  }
}

export function says(text: string): Reply {
  return { chunks: [{ id: 'bench', delta: { role: 'assistant', content: text } }] };
}

export function calls(
  ...made: readonly { readonly id: string; readonly name?: string; readonly args: object }[]
): Reply {
  const toolCalls = made.map(({ id, name = look.name, args }) =>
    llm.FunctionCall.create({ callId: id, name, args: JSON.stringify(args) }),
  );
  return { chunks: [{ id: 'bench', delta: { role: 'assistant', toolCalls } }] };
}

export function userIsNewest(context: llm.ChatContext): boolean {
  const last = context.items.at(-1);
  return last?.type === 'message' && last.role === 'user';
}

/** A call for the user's words, the answer for a call's output. */
export function lookingUp(): (context: llm.ChatContext) => Reply {
  let last = 0;
  const said = says(answer);
  return (context) => {
    if (!userIsNewest(context)) return said;
    last += 1;
    return calls({ id: `call_${String(last)}`, args: { n: last } });
  };
}

export type Context = voice.RunContext;

/** The tool of all works, with this body. */
export function lookUp(execute: (args: LookUp, options: { readonly ctx: Context }) => Promise<unknown>) {
  const { name, description, parameters } = look;
  return llm.tool({ name, description, parameters, execute });
}

export async function openSession(
  model: llm.LLM,
  tools: readonly ReturnType<typeof lookUp>[],
  chatCtx?: llm.ChatContext,
): Promise<voice.AgentSession> {
  const session = new voice.AgentSession({ llm: model, vad: null, userAwayTimeout: null, aecWarmupDuration: null });
  const agent = new voice.Agent({ instructions: look.instructions, tools: [...tools], ...(chatCtx && { chatCtx }) });
  await session.start({ agent });
  return session;
}

/** Plays a turn; resolves with what was said when it was. */
export async function playTurn(session: voice.AgentSession, userInput: string): Promise<string> {
  const speech = session.generateReply({ userInput });
  await speech.waitForPlayout();
  const said = speech.chatItems.at(-1);
  return said?.type === 'message' ? (said.textContent ?? '') : '';
}

export const startConversation: StartConversation = async () => {
  const tool = lookUp(({ n }) => Promise.resolve(found(n)));
  const session = await openSession(new BenchLLM(lookingUp()), [tool]);
  return (userInput) => playTurn(session, userInput);
};

/** A session with one task in the background, at rest, and what its body was given. */
export async function openWithTask(
  model: llm.LLM,
  chatCtx?: llm.ChatContext,
): Promise<{ readonly session: voice.AgentSession; readonly ctx: Context }> {
  const given = Promise.withResolvers<Context>();
  const tool = lookUp(async (_, { ctx }) => {
    await ctx.update(working);
    given.resolve(ctx);
    await new Promise(() => undefined);
  });
  const session = await openSession(model, [tool], chatCtx);
  expectSame('the answer', await playTurn(session, question), answer);
  return { session, ctx: await given.promise };
}

/** A context of so many messages. */
export function contextOf(length: number): llm.ChatContext {
  const context = llm.ChatContext.empty();
  const items = Array.from({ length }, (_, index) =>
    llm.ChatMessage.create({
      role: index % 2 === 0 ? 'user' : 'assistant',
      content: `Message ${String(index)} of a long conversation.`,
      createdAt: index,
    }),
  );
  context.items = items;
  return context;
}

/** Its executor alone, which the package does not export: a call until its first update or its result. */
export async function createExecutor(session: voice.AgentSession) {
  const file = new URL('../node_modules/@livekit/agents/dist/voice/tool_executor.js', import.meta.url);
  const { ToolExecutor, getRunningTasks } = (await import(file.href)) as typeof Executors;
  const executor = new ToolExecutor();
  return {
    running: () => getRunningTasks(session).length,
    async execute(tool: ReturnType<typeof lookUp>, callId: string, args: LookUp) {
      const speech = voice.SpeechHandle.create();
      const call = llm.FunctionCall.create({ callId, name: look.name, args: JSON.stringify(args) });
      const from = performance.now();
      const rawArguments = look.parameters.parse(JSON.parse(call.args));
      const output = await executor.execute({
        tool,
        rawArguments,
        runCtx: new voice.RunContext(session, speech, call),
      });
      return { took: performance.now() - from, output: String(output) };
    },
  };
}
