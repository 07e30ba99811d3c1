/** The same steps as bare promises: what no library can be faster than. */
import type { StartConversation } from '../conversation.ts';
import { createModel, type Model, type Part, type Request } from '../model.ts';
import { lookingUp } from '../script.ts';
import { found, look, type LookUp } from '../tool.ts';

type Body = (args: LookUp, update: (text: string) => void) => Promise<unknown>;

/** Resolves with the first update of the body, which goes on and is kept under its id. */
export async function callBody(
  running: Map<string, Promise<unknown>>,
  callId: string,
  argumentsText: string,
  body: Body,
): Promise<string> {
  const args = look.parameters.parse(JSON.parse(argumentsText));
  const first = Promise.withResolvers<string>();
  const ended = body(args, first.resolve).finally(() => running.delete(callId));
  running.set(callId, ended);
  return await first.promise;
}

export type Message = Request['prompt'][number];

export function userMessage(text: string): Message {
  return { role: 'user', content: [{ type: 'text', text }] };
}

/** One call of a model over all that was said: its text and its calls. */
export async function ask(model: Model, prompt: readonly Message[]) {
  const { stream } = await model.doStream({ prompt: prompt.slice() });
  const reader = stream.getReader();
  const made: Extract<Part, { type: 'tool-call' }>[] = [];
  let text = '';
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    const part = next.value;
    if (part.type === 'text-delta') text += part.delta;
    else if (part.type === 'tool-call') made.push(part);
  }
  return { text, calls: made };
}

/** The user's words, calls until there are none, the answer. */
async function runTurn(
  model: Model,
  prompt: Message[],
  userInput: string,
  body: (args: LookUp) => Promise<string>,
): Promise<string> {
  prompt.push(userMessage(userInput));
  for (;;) {
    const { text, calls } = await ask(model, prompt);
    if (calls.length === 0) {
      prompt.push({ role: 'assistant', content: [{ type: 'text', text }] });
      return text;
    }
    const outputs = await Promise.all(
      calls.map(async (call) => ({ call, output: await body(look.parameters.parse(JSON.parse(call.input))) })),
    );
    prompt.push({
      role: 'assistant',
      content: calls.map(({ toolCallId, toolName, input }) => ({ type: 'tool-call', toolCallId, toolName, input })),
    });
    prompt.push({
      role: 'tool',
      content: outputs.map(({ call, output }) => ({
        type: 'tool-result',
        toolCallId: call.toolCallId,
        toolName: call.toolName,
        output: { type: 'text', value: output },
      })),
    });
  }
}

export const startConversation: StartConversation = () => {
  const model = createModel(lookingUp());
  const prompt: Message[] = [];
  return Promise.resolve((userInput) => runTurn(model, prompt, userInput, ({ n }) => Promise.resolve(found(n))));
};

/** What was said so far, so many messages. */
export function promptOf(length: number): Message[] {
  return Array.from({ length }, (_, index) => userMessage(`Message ${String(index)} of a long conversation.`));
}
