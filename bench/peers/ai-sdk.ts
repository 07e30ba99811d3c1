/** The AI SDK: `generateText` and `streamText` with the same model as ours, which has no delays. No telemetry. */
import { generateText, isStepCount, streamText, tool, type ModelMessage } from 'ai';
import type { StartConversation } from '../conversation.ts';
import { createModel } from '../model.ts';
import { lookingUp } from '../script.ts';
import { found, look } from '../tool.ts';

function settings(messages: ModelMessage[]) {
  const { description, parameters: inputSchema, instructions } = look;
  const execute = ({ n }: { n: number }): Promise<string> => Promise.resolve(found(n));
  return {
    model: createModel(lookingUp()),
    instructions,
    messages,
    tools: { [look.name]: tool({ description, inputSchema, execute }) },
    stopWhen: isStepCount(4),
  };
}

export const startGenerating: StartConversation = () => {
  const messages: ModelMessage[] = [];
  const given = settings(messages);
  return Promise.resolve(async (content) => {
    messages.push({ role: 'user', content });
    const result = await generateText(given);
    messages.push(...result.responseMessages);
    return result.text;
  });
};

export const startStreaming: StartConversation = () => {
  const messages: ModelMessage[] = [];
  const given = settings(messages);
  return Promise.resolve(async (content) => {
    messages.push({ role: 'user', content });
    const result = streamText(given);
    let text = '';
    for await (const delta of result.textStream) text += delta;
    messages.push(...(await result.responseMessages));
    return text;
  });
};
