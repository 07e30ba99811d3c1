/** The travel example, played. */
import { expect, test } from 'vitest';
import createTravelAgent from '../../examples/travel.ts';
import { startPlay } from './play.ts';

test('three updates, a question, and small talk meanwhile', async () => {
  const { say, clock, timeline } = await startPlay(createTravelAgent);
  await say('Book me a flight from Paris to Tokyo');
  await say("What's the weather there?");
  await clock.advance(10_000);
  await say('The cheapest one');
  await clock.advance(15_000);
  expect(timeline()).toMatchInlineSnapshot(`
    "
     0:00.0  enter   travel
     0:00.0  user    Book me a flight from Paris to Tokyo
     0:00.0  task    book_flight#1 started: origin=Paris, destination=Tokyo
     0:00.0  task    book_flight#1: Searching flights from Paris to Tokyo
     0:00.5  agent   I'm searching flights from Paris to Tokyo; I'll tell you when I have something.
     0:00.5  user    What's the weather there?
     0:00.5  task    get_weather#2 started: city=Tokyo
     0:00.8  task    get_weather#2 completed: Tokyo: sunny, 22 °C.
     0:00.9  agent   Tokyo: sunny, 22 °C.
     0:05.0  task    book_flight#1 asks: Which one: ANA at 9:05 for 820 EUR, Air France at 13:30 for 640 EUR, JAL at 19:50 for 760 EUR?
     0:05.9  agent   Which one: ANA at 9:05 for 820 EUR, Air France at 13:30 for 640 EUR, JAL at 19:50 for 760 EUR?
     0:05.9  told    book_flight#1 question
     0:10.9  user    The cheapest one
     0:10.9  task    book_flight#1 was answered: accept
     0:10.9  task    book_flight#1: Reserving a seat with Air France
     0:10.9  call    answer_task answered
     0:11.3  agent   Thanks! I'll go on with the flight from Paris to Tokyo.
     0:11.6  agent   I'm reserving a seat with Air France.
     0:11.6  told    book_flight#1 update 2
     0:14.9  task    book_flight#1: The seat is reserved, paying for it now
     0:15.3  agent   The seat is reserved, paying for it now.
     0:15.3  told    book_flight#1 update 3
     0:17.9  task    book_flight#1 completed: {"status":"booked","confirmation":"AI-4701","departs":"13:30","priceEur":640}
     0:18.6  agent   The flight from Paris to Tokyo is booked: confirmation AI-4701, departs 13:30, price 640 EUR.
     0:18.6  told    book_flight#1 result
    "
  `);
});

test('the same flight twice is confirmed first', async () => {
  const { say, clock, timeline } = await startPlay(createTravelAgent);
  await say('Book me a flight from Paris to Tokyo');
  await say('Book me a flight from Paris to Tokyo');
  await say('Yes please');
  await clock.advance(10_000);
  expect(timeline()).toMatchInlineSnapshot(`
    "
     0:00.0  enter   travel
     0:00.0  user    Book me a flight from Paris to Tokyo
     0:00.0  task    book_flight#1 started: origin=Paris, destination=Tokyo
     0:00.0  task    book_flight#1: Searching flights from Paris to Tokyo
     0:00.5  agent   I'm searching flights from Paris to Tokyo; I'll tell you when I have something.
     0:00.5  user    Book me a flight from Paris to Tokyo
     0:00.5  call    book_flight refused: it is running already
     0:01.1  agent   I'm booking the flight from Paris to Tokyo already. Do you want a second one?
     0:01.1  user    Yes please
     0:01.1  task    book_flight#2 started: origin=Paris, destination=Tokyo
     0:01.1  task    book_flight#2: Searching flights from Paris to Tokyo
     0:01.6  agent   I'm searching flights from Paris to Tokyo; I'll tell you when I have something.
     0:05.0  task    book_flight#1 asks: Which one: ANA at 9:05 for 820 EUR, Air France at 13:30 for 640 EUR, JAL at 19:50 for 760 EUR?
     0:05.9  agent   Which one: ANA at 9:05 for 820 EUR, Air France at 13:30 for 640 EUR, JAL at 19:50 for 760 EUR?
     0:05.9  told    book_flight#1 question
     0:06.1  task    book_flight#2 asks: Which one: ANA at 9:05 for 820 EUR, Air France at 13:30 for 640 EUR, JAL at 19:50 for 760 EUR?
     0:06.9  agent   Which one: ANA at 9:05 for 820 EUR, Air France at 13:30 for 640 EUR, JAL at 19:50 for 760 EUR?
     0:06.9  told    book_flight#2 question
    "
  `);
});

test('it is cancelled on the way, and not while it pays', async () => {
  const { say, session, clock, timeline } = await startPlay(createTravelAgent);
  await say('I need a flight from Paris to Tokyo');
  await clock.advance(2000);
  await say('Stop the booking');
  expect(session.tasks.list()).toEqual([]);
  await say('Now one from Rome to Oslo');
  await clock.advance(10_000);
  await say('ANA');
  await clock.advance(5000);
  await say('Cancel the booking');
  await clock.advance(10_000);
  expect(timeline()).toMatchInlineSnapshot(`
    "
     0:00.0  enter   travel
     0:00.0  user    I need a flight from Paris to Tokyo
     0:00.0  task    book_flight#1 started: origin=Paris, destination=Tokyo
     0:00.0  task    book_flight#1: Searching flights from Paris to Tokyo
     0:00.5  agent   I'm searching flights from Paris to Tokyo; I'll tell you when I have something.
     0:02.5  user    Stop the booking
     0:02.5  task    book_flight#1 cancelled
     0:02.5  call    cancel_task answered
     0:02.9  agent   All right, I've stopped booking the flight from Paris to Tokyo.
     0:02.9  user    Now one from Rome to Oslo
     0:02.9  task    book_flight#2 started: origin=Rome, destination=Oslo
     0:02.9  task    book_flight#2: Searching flights from Rome to Oslo
     0:03.4  agent   I'm searching flights from Rome to Oslo; I'll tell you when I have something.
     0:07.9  task    book_flight#2 asks: Which one: ANA at 9:05 for 820 EUR, Air France at 13:30 for 640 EUR, JAL at 19:50 for 760 EUR?
     0:08.8  agent   Which one: ANA at 9:05 for 820 EUR, Air France at 13:30 for 640 EUR, JAL at 19:50 for 760 EUR?
     0:08.8  told    book_flight#2 question
     0:13.4  user    ANA
     0:13.4  task    book_flight#2 was answered: accept
     0:13.4  task    book_flight#2: Reserving a seat with ANA
     0:13.4  call    answer_task answered
     0:13.8  agent   Thanks! I'll go on with the flight from Rome to Oslo.
     0:14.0  agent   I'm reserving a seat with ANA.
     0:14.0  told    book_flight#2 update 2
     0:17.4  task    book_flight#2: The seat is reserved, paying for it now
     0:17.8  agent   The seat is reserved, paying for it now.
     0:17.8  told    book_flight#2 update 3
     0:19.0  user    Cancel the booking
     0:19.0  call    cancel_task answered
     0:19.6  agent   Sorry, I can't stop booking the flight from Rome to Oslo at this point.
     0:20.4  task    book_flight#2 completed: {"status":"booked","confirmation":"AN-4701","departs":"9:05","priceEur":820}
     0:21.1  agent   The flight from Rome to Oslo is booked: confirmation AN-4701, departs 9:05, price 820 EUR.
     0:21.1  told    book_flight#2 result
    "
  `);
});
