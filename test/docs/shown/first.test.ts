import { Agent, AgentSession, tool, type SessionEvent } from 'meanwhile';
import { createVirtualClock, scriptedModel, toTimeline } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';

const clock = createVirtualClock();

const bookTable = tool({
  name: 'book_table',
  description: 'Books a table in a restaurant.',
  parameters: z.object({ restaurant: z.string() }),
  execute: async ({ restaurant }, { ctx }) => {
    await ctx.update(`Calling ${restaurant}`);
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 600_000));
    return 'A table for two at eight.';
  },
});

test('a table is booked in the background', async () => {
  const llm = scriptedModel([
    { calls: [{ name: 'book_table', args: { restaurant: 'Roma' } }] },
    'I am calling Roma.',
    'Six euros.',
    'You have a table for two at eight.',
  ]);
  const session = new AgentSession({ llm, clock, tools: [bookTable] });
  const events: SessionEvent[] = [];
  session.on('*', (event) => events.push(event));
  await session.start({ agent: new Agent({ name: 'host', instructions: 'You book tables.' }) });

  await session.run({ userInput: 'Book a table at Roma.' });
  await session.run({ userInput: 'What is a pizza there?' });
  await clock.advance(601_000); // Ten minutes, in a millisecond.

  llm.assertComplete();
  expect(toTimeline(events)).toMatchInlineSnapshot(`
    " 0:00.0  enter   host
     0:00.0  user    Book a table at Roma.
     0:00.0  task    book_table#1 started: restaurant=Roma
     0:00.0  task    book_table#1: Calling Roma
     0:00.0  agent   I am calling Roma.
     0:00.0  user    What is a pizza there?
     0:00.0  agent   Six euros.
    10:00.0  task    book_table#1 completed: A table for two at eight.
    10:00.1  agent   You have a table for two at eight.
    10:00.1  told    book_table#1 result"
  `);
  await session.close();
});
