/** What the guide shows of assertions that fail. */
import { Agent, AgentSession, tool } from 'meanwhile';
import { createVirtualClock, scriptedModel, simulate, walk } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';

const bookFlight = tool({
  name: 'book_flight',
  description: 'Searches for a flight and books it.',
  parameters: z.object({ destination: z.string() }),
  execute: () => 'ABC123',
});
const agent = () => new Agent({ name: 'travel', instructions: 'You book flights.', tools: [bookFlight] });
const toTokyo = { calls: [{ name: 'book_flight', args: { destination: 'Tokyo' } }] };

test('a result of which the user heard two words', async () => {
  const call = await simulate({
    app: {
      agent: agent(),
      llm: [
        toTokyo,
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
  expect(() => call.expectSpoken('Tokyo is booked')).toThrowErrorMatchingInlineSnapshot(`
    [AssertionError: Expected the agent to say "Tokyo is booked".
    It began to, but was cut before these words were heard.

       0:00.0          enter  travel
       0:00.4–0:02.8   user   Book me a flight to Tokyo
       0:03.2          task   book_flight#1 started: destination=Tokyo
       0:03.2          task   book_flight#1: Searching
       0:03.6–0:05.3   agent  I am looking for flights.
       0:09.2          task   book_flight#1 completed: ABC123
    ▶  0:09.7–0:10.6   agent  Your flight— [cut]
                              ╰─ was cut: the agent meant to say "Your flight to Tokyo is booked, the code is ABC123."
       0:10.6–0:12.6   user   And how is the weather?
       0:13.1–0:14.4   agent  It is sunny there.
       0:15.2–0:18.5   agent  As I said, you are booked. The code is ABC123.
       0:18.5          told   book_flight#1 result (held 0:09.3)
    ]
  `);
  expect(`\n${call.timeline()}\n`).toMatchInlineSnapshot(`
    "
     0:00.0          enter  travel
     0:00.4–0:02.8   user   Book me a flight to Tokyo
     0:03.2          task   book_flight#1 started: destination=Tokyo
     0:03.2          task   book_flight#1: Searching
     0:03.6–0:05.3   agent  I am looking for flights.
     0:09.2          task   book_flight#1 completed: ABC123
     0:09.7–0:10.6   agent  Your flight— [cut]
     0:10.6–0:12.6   user   And how is the weather?
     0:13.1–0:14.4   agent  It is sunny there.
     0:15.2–0:18.5   agent  As I said, you are booked. The code is ABC123.
     0:18.5          told   book_flight#1 result (held 0:09.3)
    "
  `);
  expect(`\n${call.lanes()}\n`).toMatchInlineSnapshot(`
    "
                   0:00.0          0:04.7          0:09.5          0:14.2
    user            ████████                          ███████
    agent                      █████               ███         ████   ███████████
    book_flight#1            ├───────────────────┤                               ●
    "
  `);
});

test('an application that speaks over the user', async () => {
  const call = await simulate({
    app: { agent: agent(), llm: ['Good morning.'] },
    steps: [
      { at: 1000, does: (session) => void session.say('Please hold the line.', { allowInterruptions: false }) },
      { at: 1500, userSays: 'Is anybody there?' },
    ],
  });
  expect(() => call.expectNotSpokenWhile('user speaking')).toThrowErrorMatchingInlineSnapshot(`
    [AssertionError: Expected the agent not to speak while the user spoke.
    It went on while the user spoke: 832 ms, 0:01.5–0:02.3.

           0:00.5          0:01.2          0:01.9          0:02.5
    user                          █████████████████████████████
    agent             ████████████████████████████████         ████████████

       0:00.0          enter  travel
    ▶  0:01.0–0:02.3   agent  Please hold the line.
                              ╰─ over the user for 832 ms, 0:01.5–0:02.3
       0:01.5–0:02.7   user   Is anybody there?
       0:02.7–0:03.4   agent  Good morning.
    ]
  `);
});

test('a run that goes another way', async () => {
  const clock = createVirtualClock();
  const session = new AgentSession({ llm: scriptedModel([toTokyo, 'It is booked.']), clock });
  await session.start({ agent: agent() });
  const run = await session.run({ userInput: 'Book me a flight to Oslo.' });
  const walking = () => walk(run).next('tool_call', { args: { destination: 'Oslo' } });
  expect(walking).toThrowErrorMatchingInlineSnapshot(`
    [AssertionError: Expected next: tool_call with args {"destination":"Oslo"}.
    Its args.destination: expected "Oslo", got "Tokyo".

       0:00.0  user_message   "Book me a flight to Oslo."
    ▶  0:00.0  tool_call      book_flight  {"destination":"Tokyo"}
       0:00.0  tool_result    book_flight  completed  "ABC123"
       0:00.0  agent_message  "It is booked."
    ]
  `);
  await session.close();
});
