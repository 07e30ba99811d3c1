import { initializeLogger, llm, voice } from '@livekit/agents';
import { tool } from 'meanwhile';
import { attachMeanwhile } from 'meanwhile/adapters/livekit';
import { expect, test } from 'vitest';
import { ScriptedLLM } from './scripted-llm.ts';

initializeLogger({ pretty: false, level: 'silent' });

test('an update answers the call, the result is told when nobody speaks', async () => {
  const booked = Promise.withResolvers<string>();
  const model = new ScriptedLLM([
    ['Let me see.', { call: 'c1', name: 'book', args: { to: 'Rome' } }],
    ['I am on it.'],
    ['Booked, seat 4A.'],
  ]);
  const session = new voice.AgentSession({ llm: model });
  const book = tool({
    name: 'book',
    description: 'Books.',
    parameters: { type: 'object', properties: { to: { type: 'string' } } },
    execute: async (_args, { ctx }) => {
      await ctx.update('Looking.');
      return await booked.promise;
    },
  });
  const meanwhile = await attachMeanwhile(session, { llm, tools: [book] });
  const receipts: string[] = [];
  const { promise: told, resolve } = Promise.withResolvers<void>();
  meanwhile.on('delivery_ended', ({ id, receipt }) => {
    receipts.push(`${id} ${receipt}`);
    resolve();
  });
  await session.start({ agent: new voice.Agent({ instructions: 'Travel.', tools: meanwhile.tools }) });
  await session.generateReply({ userInput: 'Rome, please' }).waitForPlayout();
  booked.resolve('seat 4A');
  await told;
  expect(receipts).toEqual(['c1_final completed']);
  expect(model.requests.map(({ lines }) => lines)).toMatchInlineSnapshot(`
    [
      [
        "system: Travel.",
        "user: Rome, please",
      ],
      [
        "system: Travel.",
        "user: Rome, please",
        "assistant: Let me see.",
        "call c1: book({"to":"Rome"})",
        "output c1: Progress of book (call c1): Looking.
    It is still running. Say only what this tells you; the result is not known yet.",
      ],
      [
        "system: Travel.",
        "user: Rome, please",
        "assistant: Let me see.",
        "call c1: book({"to":"Rome"})",
        "output c1: Progress of book (call c1): Looking.
    It is still running. Say only what this tells you; the result is not known yet.",
        "assistant: I am on it.",
        "call c1_final: book({"to":"Rome"})",
        "output c1_final: seat 4A",
        "system: Something new has come in from work in the background (calls: c1_final). Tell the user about it now, briefly and in your own words.",
      ],
    ]
  `);
  await session.close();
});
