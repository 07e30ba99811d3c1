/** Ten minutes of virtual time: five background tools, two handoffs, three interruptions. */
import { Agent, handoff, tool } from 'meanwhile';
import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import type { ScriptedAnswer } from 'meanwhile/testing';
import { createVirtualClock, scriptedModel } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createPlayback } from '../support/playback.ts';
import { startTestSession } from '../support/session.ts';

const none = z.object({});
const minute = 60_000;

async function play(): Promise<string[]> {
  const clock = createVirtualClock();
  const wait = (ms: number) => new Promise<void>((resolve) => clock.setTimeout(resolve, ms));
  const jobs = ['flights', 'hotels', 'cars', 'visas', 'weather'].map((name, index) =>
    tool({
      name,
      description: `Finds ${name}.`,
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update(`Looking for ${name}`);
        await wait((index + 1) * minute);
        await ctx.update(`Some ${name} found`);
        await wait(minute);
        return `the best of all ${name}`;
      },
    }),
  );
  const billing: Agent = new Agent({
    name: 'billing',
    instructions: 'You bill.',
    tools: [to('back_to_desk', () => desk)],
  });
  const desk: Agent = new Agent({
    name: 'desk',
    instructions: 'You are the desk.',
    tools: [to('to_billing', () => billing)],
  });
  const model = scriptedModel([], { clock, fallback: answer });
  const t = await startTestSession([], { clock, model, agent: desk, tools: jobs, output: createPlayback(clock) });
  const says = async (text: string, thenMs: number): Promise<void> => {
    void t.session.sendMessage(text);
    await clock.advance(thenMs);
  };
  await says('call flights hotels cars', 500);
  await says('wait, how are you?', minute); // cuts the acknowledgement
  await says('call visas weather', 300);
  await says('and the price?', 2 * minute); // cuts again
  await says('call to_billing', minute);
  await says('tell me more', 200);
  await says('stop, something else', 2 * minute); // and again
  await says('call back_to_desk', 4 * minute);
  await clock.settle();
  const lines = t.records.map((record) => `${String(record.at - (t.records[0]?.at ?? 0))} ${record.type}`);
  const receipts = t.events.flatMap((event) =>
    event.type === 'delivery_ended' ? [`${event.id} ${event.receipt}`] : [],
  );
  const cut = t.records.filter((record) => record.type === 'message_added' && record.message.cut);
  expect(cut.length).toBeGreaterThanOrEqual(3);
  expect(t.session.currentAgent).toBe(desk);
  expect(t.records.filter((record) => record.type === 'agent_entered')).toHaveLength(3);
  expect(receipts.filter((line) => line.includes('_final')).map((line) => line.split(' ')[1])).toEqual(
    Array(5).fill('completed'),
  );
  await t.session.close();
  expect(clock.pending()).toEqual([]);
  return [...lines, ...receipts];
}

function to(name: string, agent: () => Agent) {
  return tool({ name, parameters: none, execute: () => handoff(agent(), { returns: 'Putting you through.' }) });
}

/** Calls what the user names after "call", and otherwise says a sentence. */
function answer(call: LanguageModelV4CallOptions): ScriptedAnswer | string {
  const last = call.prompt.at(-1);
  const text =
    last?.role === 'user' ? last.content.map((part) => (part.type === 'text' ? part.text : '')).join('') : '';
  const calls = /^call (.+)$/.exec(text)?.[1]?.split(' ');
  return calls
    ? { calls: calls.map((name) => ({ name, args: {} })) }
    : 'This is a sentence that takes a while to say out loud.';
}

test('S10.3 ten minutes with five background tools, two handoffs and three interruptions: the same timeline each time', async () => {
  const first = await play();
  expect(await play()).toEqual(first);
});
