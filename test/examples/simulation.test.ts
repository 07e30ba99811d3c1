/** The simulated call: what it asserts holds, and this is how it goes. */
import { expect, test } from 'vitest';
import { callTravelAgent } from '../../examples/simulation.ts';

test('a call in which the user interrupts twice', async () => {
  const call = await callTravelAgent();
  expect(`\n${call.timeline()}\n`).toMatchInlineSnapshot(`
    "
     0:00.0          enter   travel
     0:00.4–0:03.6   user    Book me a flight from Paris to Tokyo
     0:04.0          task    book_flight#1 started: origin=Paris, destination=Tokyo
     0:04.0          task    book_flight#1: Searching flights from Paris to Tokyo
     0:04.3–0:05.1   agent   I'm searching— [cut]
     0:04.9–0:09.4   user    What's the weather there?
     0:09.0          task    book_flight#1 asks: Which one: ANA at 9:05 for 820 EUR, Air France at 13:30 for 640 EUR, JAL at 19:50 for 760 EUR?
     0:09.8          task    get_weather#2 started: city=Tokyo
     0:10.1          task    get_weather#2 completed: Tokyo: sunny, 22 °C.
     0:10.4–0:11.6   agent   Tokyo: sunny, 22 °C.
     0:12.4–0:13.5   agent   Which one: ANA— [cut]
     0:13.3–0:14.5   user    The cheapest one
     0:14.9          task    book_flight#1 was answered: accept
     0:14.9          untold  book_flight#1 question (superseded)
     0:14.9          task    book_flight#1: Reserving a seat with Air France
     0:14.9          call    answer_task answered
     0:15.2–0:18.5   agent   Thanks! I'll go on with the flight from Paris to Tokyo.
     0:18.9          task    book_flight#1: The seat is reserved, paying for it now
     0:18.9          untold  book_flight#1 update 2 (superseded)
     0:19.3–0:21.7   agent   The seat is reserved, paying for it now.
     0:21.7          told    book_flight#1 update 3 (held 0:02.8)
     0:21.9          task    book_flight#1 completed: {"status":"booked","confirmation":"AI-4701","departs":"13:30","priceEur":640}
     0:22.5–0:27.0   agent   The flight from Paris to Tokyo is booked: confirmation AI-4701, departs 13:30, price 640 EUR.
     0:27.0          told    book_flight#1 result (held 0:05.1)
    "
  `);
  expect(`\n${call.lanes({ width: 80 })}\n`).toMatchInlineSnapshot(`
    "
                   0:00.0              0:06.8              0:13.7              0:20.5
    user            █████████    █████████████           ████
    agent                      ██                ████  ███     ██████████  ███████  █████████████
    book_flight#1             ├──────────────────────────────────────────────────┤●              ●
    get_weather#2                              │
    "
  `);
});
