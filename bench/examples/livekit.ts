/** A LiveKit agent whose tool takes a while, with a scripted model in place of a real one: `node bench/examples/livekit.ts`. */
import { initializeLogger, llm, voice } from '@livekit/agents';
import { attachMeanwhile } from 'meanwhile/adapters/livekit';
import { ScriptedLLM } from '../conformance/scripted-llm.ts';

initializeLogger({ pretty: false, level: 'silent' });

const { promise: found, resolve: find } = Promise.withResolvers<void>();

const bookFlight = llm.tool({
  name: 'book_flight',
  description: 'Searches for a flight and books it.',
  parameters: { type: 'object', properties: { to: { type: 'string' } }, required: ['to'] } as const,
  execute: async ({ to }: { to: string }, { ctx }) => {
    await ctx.update(`Searching flights to ${to}`);
    await found;
    throw new llm.ToolError(`All flights to ${to} are full.`);
  },
});

const model = new ScriptedLLM([
  [{ call: 'c1', name: 'book_flight', args: { to: 'Tokyo' } }],
  ['I am looking for a flight to Tokyo.'],
  ['It is sunny there.'],
  ['I am sorry, all flights to Tokyo are full.'],
]);

const session = new voice.AgentSession({ llm: model });
const meanwhile = await attachMeanwhile(session, { llm, tools: [bookFlight] });
const agent = new voice.Agent({
  instructions: `You are a travel agent.\n\n${meanwhile.policy}`,
  tools: meanwhile.tools,
});

session.on(voice.AgentSessionEventTypes.ConversationItemAdded, ({ item }) => {
  if (item.type === 'message') console.log(`${item.role === 'user' ? 'you' : 'agent'}: ${item.textContent ?? ''}`);
});
const { promise: told, resolve: tell } = Promise.withResolvers<void>();
meanwhile.on('delivery_ended', ({ id, receipt }) => {
  console.log(`(${id}: ${receipt})`);
  tell();
});

await session.start({ agent });
await session.generateReply({ userInput: 'Book me a flight to Tokyo.' }).waitForPlayout();
const reply = session.generateReply({ userInput: 'How is the weather there?' });
find();
await reply.waitForPlayout();
await told;
await session.close();
