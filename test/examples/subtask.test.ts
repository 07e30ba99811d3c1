/** The subtask example, played. */
import { expect, test } from 'vitest';
import createHotelDesk from '../../examples/subtask.ts';
import { startPlay } from './play.ts';

test('the address is asked for while the search goes on', async () => {
  const { say, clock, timeline } = await startPlay(createHotelDesk);
  await say('Find me a room in Rome');
  await clock.advance(2000);
  await say('ann@example.org');
  await clock.advance(10_000);
  expect(timeline()).toMatchInlineSnapshot(`
    "
     0:00.0  enter   hotel desk
     0:00.0  user    Find me a room in Rome
     0:00.0  task    find_room#1 started: city=Rome
     0:00.0  task    find_room#1: Searching rooms in Rome
     0:00.4  agent   I'm searching rooms in Rome; I'll tell you when I have something.
     0:00.4  enter   email, while hotel desk waits
     0:00.9  agent   Could you tell me the e-mail address the offer shall go to, please?
     0:02.9  user    ann@example.org
     0:02.9  task    save_email#2 started: email=ann@example.org
     0:02.9  task    save_email#2 completed
     0:02.9  enter   hotel desk
     0:08.0  task    find_room#1 completed: {"hotel":"Station Inn","priceEur":80,"offerSentTo":"ann@example.org"}
     0:08.6  agent   The room in Rome: hotel Station Inn, price 80 EUR, offer sent to ann@example.org.
     0:08.6  told    find_room#1 result
    "
  `);
});

test('a search that is done first waits for the address, which the user may keep to himself', async () => {
  const { say, clock, timeline } = await startPlay(createHotelDesk);
  await say('Find me a room in Rome');
  await clock.advance(10_000);
  await say('ann at example');
  await say("I don't want to give it to you");
  await clock.advance(1000);
  expect(timeline()).toMatchInlineSnapshot(`
    "
     0:00.0  enter   hotel desk
     0:00.0  user    Find me a room in Rome
     0:00.0  task    find_room#1 started: city=Rome
     0:00.0  task    find_room#1: Searching rooms in Rome
     0:00.4  agent   I'm searching rooms in Rome; I'll tell you when I have something.
     0:00.4  enter   email, while hotel desk waits
     0:00.9  agent   Could you tell me the e-mail address the offer shall go to, please?
     0:10.9  user    ann at example
     0:11.6  agent   Sorry, I didn't get that. Could you tell me the e-mail address the offer shall go to, please?
     0:11.6  user    I don't want to give it to you
     0:11.6  task    decline_email#2 started
     0:11.6  task    decline_email#2 completed
     0:11.6  enter   hotel desk
     0:11.6  task    find_room#1 failed: The user gave no e-mail address, so nothing was reserved.
     0:12.3  agent   Sorry, the room in Rome didn't work out: the user gave no e-mail address, so nothing was reserved.
     0:12.3  told    find_room#1 result
    "
  `);
});
