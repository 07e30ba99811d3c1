/** The OpenAI Agents SDK: `run` in a `MemorySession`, with a model that answers at once. Tracing is off. */
import { Agent, MemorySession, run, setTracingDisabled, tool, Usage, type Model } from '@openai/agents';
import type { StartConversation } from '../conversation.ts';
import { answer, found, look, question } from '../tool.ts';

setTracingDisabled(true);

type Response = Awaited<ReturnType<Model['getResponse']>>;

const said: Response['output'] = [
  { type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: answer }] },
];

/** A call for the user's words, the answer for a call's output. */
function lookingUp(): Model {
  let last = 0;
  return {
    getResponse({ input }) {
      const newest = typeof input === 'string' ? undefined : input.at(-1);
      const asked = newest === undefined || ('role' in newest && newest.role === 'user');
      if (!asked) return Promise.resolve({ usage: new Usage(), output: said });
      last += 1;
      const callId = `call_${String(last)}`;
      const args = JSON.stringify({ n: last });
      const call = { type: 'function_call', callId, name: look.name, status: 'completed', arguments: args } as const;
      return Promise.resolve({ usage: new Usage(), output: [call] });
    },
    getStreamedResponse() {
      throw new Error(`Only run() is measured, without a stream; asked for "${question}".`);
    },
  };
}

export const startConversation: StartConversation = () => {
  const { name, description, parameters, instructions } = look;
  const agent = new Agent({
    name: 'bench',
    instructions,
    model: lookingUp(),
    tools: [tool({ name, description, parameters, execute: ({ n }) => Promise.resolve(found(n)) })],
  });
  const session = new MemorySession();
  return Promise.resolve(async (content) => (await run(agent, content, { session })).finalOutput ?? '');
};
