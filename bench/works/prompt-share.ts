/** How much of a prompt can a provider's cache have? */
import { spreadOf } from '../statistics.ts';
import { book, bookFlight, getWeather, instructions, playBooking, replies, weather } from '../booking.ts';
import { calls, createModel, says } from '../model.ts';
import type { Measured, Work } from '../work.ts';

export const work: Work = {
  id: 'prompt-share',
  title: 'share of a prompt (with tools) that the next one repeats',
  what: 'A booking of eight requests: two tools, a flight booked in the background with an update and a result that are told while the user talks of something else. For each request but the last: the characters of its tools and messages, as JSON, up to where the next request first differs, divided by all of its characters. What does not count is lost to a prompt cache.',
  cases: [
    { id: 'least', label: 'worst request', unit: 'share', aim: 0.94 },
    { id: 'mean', label: 'mean', unit: 'share' },
  ],
  peers: {
    ours,
    livekit,
    aiGenerate: { none: 'tells nothing while a tool runs' },
    aiStream: { none: 'tells nothing while a tool runs' },
    openai: { none: 'tells nothing while a tool runs' },
    floor: { none: 'has no prompt of its own' },
  },
};

async function ours(caseId: string) {
  const { Agent, AgentSession, tool } = await import('meanwhile');
  const requests: string[] = [];
  const llm = createModel(({ tools, prompt }) => {
    requests.push(JSON.stringify({ tools, prompt }));
    const reply = replyTo(requests.length);
    return 'text' in reply ? says(reply.text) : calls({ id: `call_${reply.call}`, name: reply.call, args: reply.args });
  });
  const session = new AgentSession({ llm });
  const tools = [
    tool({ ...bookFlight, allowCancellation: true, execute: (_, { ctx }) => book((text) => ctx.update(text)) }),
    tool({ ...getWeather, execute: () => weather }),
  ];
  await session.start({ agent: new Agent({ instructions, tools }) });
  const shares = await playBooking({
    requests,
    say: (userInput) => session.run({ userInput }),
    rest: () => session.waitForIdle(),
  });
  return toFigure(shares, caseId);
}

async function livekit(caseId: string) {
  const { BenchLLM, calls: toolCalls, llm, says: chunksOf, voice } = await import('../peers/livekit.ts');
  const requests: string[] = [];
  const model = new BenchLLM((chatCtx, { toolCtx = [] }) => {
    const place = requests.push('') - 1;
    const tools = llm.sortedToolEntries(llm.toToolContext(toolCtx)).map(([name, { description, parameters }]) => ({
      name,
      description,
      parameters: llm.toJsonSchema(parameters, true, true),
    }));
    const serialised = chatCtx.copy().toProviderFormat('openai');
    void serialised.then((messages) => (requests[place] = JSON.stringify({ tools, messages })));
    const reply = replyTo(requests.length);
    return 'text' in reply
      ? chunksOf(reply.text)
      : toolCalls({ id: `call_${reply.call}`, name: reply.call, args: reply.args });
  });
  const session = new voice.AgentSession({ llm: model, vad: null });
  const tools = [
    llm.tool({
      ...bookFlight,
      flags: llm.ToolFlag.CANCELLABLE,
      execute: (_, { ctx }) => book((text) => ctx.update(text)),
    }),
    llm.tool({ ...getWeather, execute: () => Promise.resolve(weather) }),
  ];
  await session.start({ agent: new voice.Agent({ instructions, tools }) });
  const shares = await playBooking({
    requests,
    say: (userInput) => session.generateReply({ userInput }).waitForPlayout(),
    rest: () => session.waitForIdle(),
  });
  return toFigure(shares, caseId);
}

function replyTo(request: number) {
  const reply = replies[request - 1];
  if (reply) return reply;
  throw new Error(`There was a request beyond the script: number ${String(request)}.`);
}

function toFigure(shares: readonly number[], caseId: string): Measured {
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return { value: caseId === 'mean' ? mean : Math.min(...shares), spread: spreadOf(shares) };
}
