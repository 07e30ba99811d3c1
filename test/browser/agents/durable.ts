/** An agent whose booking gets as far as the reservation, and ends in the process after. */
import { appendFileSync } from 'node:fs';
import { Agent, tool } from 'meanwhile';
import { scriptedModel } from 'meanwhile/testing';
import { z } from 'zod';
import { answer } from './desk.ts';

const bookFlight = tool({
  name: 'book_flight',
  description: 'Books.',
  parameters: z.object({ to: z.string() }),
  idempotent: true,
  execute: async ({ to }, { ctx }) => {
    await ctx.update(`Searching flights to ${to}`, { key: 'search' });
    await ctx.step('reserve', () => {
      const done = process.env['MEANWHILE_TEST_STEPS'];
      if (done !== undefined) appendFileSync(done, 'reserved\n');
    });
    if (!ctx.resumed) await new Promise(() => undefined);
    return `Seat 7A to ${to}`;
  },
});

export default function createDurable(): Agent {
  return new Agent({
    name: 'durable',
    instructions: 'You are a travel agent.',
    llm: scriptedModel([], { fallback: answer }),
    tools: [bookFlight],
  });
}
