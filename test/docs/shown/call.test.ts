import { Agent, tool } from 'meanwhile';
import { simulate } from 'meanwhile/testing';
import { test } from 'vitest';
import { z } from 'zod';

const bookFlight = tool({
  name: 'book_flight',
  description: 'Searches for a flight and books it.',
  parameters: z.object({ destination: z.string() }),
  execute: () => 'This would cost money.',
});

test('the user interrupts while the result is told', async () => {
  const call = await simulate({
    app: {
      agent: new Agent({ name: 'travel', instructions: 'You book flights.', tools: [bookFlight] }),
      llm: [
        { calls: [{ name: 'book_flight', args: { destination: 'Tokyo' } }] },
        'I am looking for flights.',
        'Your flight to Tokyo is booked, the code is ABC123.',
        'It is sunny there.',
        'As I said, you are booked. The code is ABC123.',
      ],
    },
    tools: { book_flight: [{ updates: 'Searching' }, { afterMs: 6000, returns: 'ABC123' }] },
    model: { firstTokenMs: 400, tokenMs: 20 },
    steps: [
      { userSays: 'Book me a flight to Tokyo' },
      { on: { agentSays: 'Your flight' }, afterMs: 300, userSays: 'And how is the weather?' },
    ],
  });

  call
    .expectToolCalled('book_flight', { destination: 'Tokyo' })
    .expectNoOverlap()
    .expectSpoken('ABC123', { times: 1, after: { agentSays: 'sunny' } })
    .expectReceipt('book_flight', 'completed');
});
