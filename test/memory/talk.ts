/** A session on a virtual clock whose model calls the tool it is asked for, and keeps no request: whatever is left is ours. */
import { Agent, AgentSession, AgentTask, handoff, tool, type AgentSessionOptions, type RunContext } from 'meanwhile';
import type { VirtualClock } from 'meanwhile/testing';
import { z } from 'zod';

type Model = AgentSessionOptions['llm'];
type Part = Awaited<ReturnType<Model['doStream']>>['stream'] extends ReadableStream<infer P> ? P : never;

const none = z.object({});

/** The ways of a tool's life, by the tool's name. */
export const bodies: Readonly<Record<string, (ctx: RunContext, clock: VirtualClock) => unknown>> = {
  plain: () => 'done',
  update: async (ctx) => (await ctx.update('Began'), 'done'),
  slow: async (ctx, clock) => {
    await ctx.update('Began');
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 60_000));
    await ctx.update('Half of it');
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 60_000));
    return 'done';
  },
  fails: async (ctx) => {
    await ctx.update('Began');
    throw new Error('no');
  },
  lease: (ctx) => ctx.foreground(() => 'done'),
  ask: async (ctx) => (await ctx.ask({ message: 'Which?', timeoutMs: 10 })).action,
  filler: (ctx, clock) =>
    ctx.filler('Hm', { delayMs: 5 }, () => new Promise((resolve) => clock.setTimeout(() => resolve('done'), 20))),
  sub: async (ctx) => {
    const task: AgentTask<string> = new AgentTask<string>({ instructions: 'x', onEnter: () => task.complete('done') });
    await ctx.update('Began');
    return await task.run();
  },
  away: () => handoff(new Agent({ name: 'a', instructions: 'x' }), { returns: 'Bye' }),
  silent: async (ctx) => void (await ctx.update('x', { deliver: 'silent' })),
};

export interface Talk {
  readonly session: AgentSession;
  /** The user speaks, and the model calls the tool. */
  call(name: string): void;
}

export async function startTalk(clock: VirtualClock, options: Partial<AgentSessionOptions> = {}): Promise<Talk> {
  const asked: string[] = [];
  const session = new AgentSession({
    llm: createModel(() => asked.shift()),
    clock,
    tools: Object.entries(bodies).map(([name, body]) =>
      tool({
        name,
        parameters: none,
        onDuplicate: 'allow',
        supersedeKey: () => name,
        maxConcurrency: { limit: 2 },
        execute: (_args, { ctx }) => body(ctx, clock),
      }),
    ),
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    userAwayMs: Infinity,
    ...options,
  });
  await session.start({ agent: new Agent({ name: 'a', instructions: 'x' }) });
  const call = (name: string): void => {
    asked.push(name);
    void session.sendMessage('Go');
  };
  return { session, call };
}

function ignore(): void {}

/** Calls the next tool that is wanted, else says a word. */
function createModel(next: () => string | undefined): Model {
  const usage = {
    inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 1, text: 1, reasoning: 0 },
  };
  const finish = (reason: 'stop' | 'tool-calls'): Part => ({
    type: 'finish',
    finishReason: { unified: reason, raw: reason },
    usage,
  });
  let made = 0;
  const calling = (toolName: string): Part[] => [
    { type: 'tool-call', toolCallId: `call_${String((made += 1))}`, toolName, input: '{}' },
    finish('tool-calls'),
  ];
  const saying: Part[] = [
    { type: 'text-start', id: '1' },
    { type: 'text-delta', id: '1', delta: 'Well.' },
    { type: 'text-end', id: '1' },
    finish('stop'),
  ];
  const parts = (): Part[] => {
    const name = next();
    return name === undefined ? saying : calling(name);
  };
  return {
    specificationVersion: 'v4',
    provider: 'forgetful',
    modelId: 'forgetful',
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error('not used')),
    doStream: () => Promise.resolve({ stream: ReadableStream.from<Part>(parts()) }),
  };
}
