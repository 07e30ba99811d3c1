/**
 * A task that outlives its agent: support starts to check your line, hands you over to billing, and billing tells you
 * what came of it.
 *
 *     npm run chat -- examples/handoff.ts
 *     > Please check my line, it is A-1001
 *     > I have a question about my bill
 *     > What is my balance?
 */
import { Agent, handoff, systemClock, tool } from 'meanwhile';
import { z } from 'zod';
import { exampleModel } from './shared/model.ts';
import { sleep } from './shared/sleep.ts';

const { model, note } = await exampleModel({ wordDelayMs: 40 });
export { note };

export default function createSupport({ llm = model, clock = systemClock } = {}): Agent {
  const getBalance = tool({
    name: 'get_balance',
    description: 'Tells how much the user has to pay.',
    execute: async (_args, { abortSignal }) => {
      await sleep(500, { clock, signal: abortSignal });
      return 'You have to pay 39 EUR by Friday.';
    },
  });

  const checkLine = tool({
    name: 'check_line',
    description: "Checks the user's telephone line.",
    parameters: z.object({ lineNumber: z.string().describe('The number of the line, like A-1001') }),
    // The default, spelled out: when its agent hands over, the task moves to the session and goes on. What it tells
    // is told by whoever is talking then. 'cancel' would stop it, 'wait' would make the handoff wait for it.
    onHandoff: 'move',
    execute: async ({ lineNumber }, { ctx, abortSignal }) => {
      await ctx.update(`Checking line ${lineNumber}`);
      await sleep(15_000, { clock, signal: abortSignal });
      return `Line ${lineNumber} had a loose contact. It has been repaired.`;
    },
  });

  const transferToBilling = tool({
    name: 'transfer_to_billing',
    description: 'Hands over to billing, for questions about a bill.',
    // What is returned is told by support, then billing enters.
    execute: () => handoff(billing, { returns: 'I am putting you through to billing.' }),
  });

  const billing = new Agent({
    name: 'billing',
    llm,
    instructions: 'You are the billing desk of a telephone company. Be brief.',
    tools: [getBalance],
    onEnter() {
      billing.session.say('This is billing, good afternoon.');
    },
  });

  return new Agent({
    name: 'support',
    llm,
    instructions: 'You are the support desk of a telephone company. Questions about money are for billing. Be brief.',
    tools: [checkLine, transferToBilling],
  });
}
