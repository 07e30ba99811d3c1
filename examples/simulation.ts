/**
 * A test of the travel agent: a phone call on a virtual clock, and what must hold of it. It needs no test runner:
 *
 *     npx node --conditions=meanwhile-source examples/simulation.ts
 */
import { simulate, type Simulation } from 'meanwhile/testing';
import { offlineModel } from './shared/offline-model.ts';
import createTravelAgent from './travel.ts';

export async function callTravelAgent(): Promise<Simulation> {
  const call = await simulate({
    app: ({ clock, paced }) => {
      const llm = paced(offlineModel({ clock })); // Thinks for 350 ms, then a word every 20 ms.
      return { agent: createTravelAgent({ llm, clock }), llm };
    },
    model: { firstTokenMs: 350, tokenMs: 20 },
    voice: { wordsPerMinute: 200 },
    user: { interruptsAfterMs: 200 },
    steps: [
      { userSays: 'Book me a flight from Paris to Tokyo' },
      // He interrupts the agent, and is still speaking when the airline has its offers.
      { on: { agentSays: "I'm searching" }, userSays: "What's the weather there?", forMs: 4500 },
      // He knows enough before he has heard all of them.
      { on: { agentSays: 'Which one: ANA' }, userSays: 'The cheapest one' },
    ],
  });

  call
    .expectToolCalled('book_flight', { origin: 'Paris', destination: 'Tokyo' }, { times: 1 })
    .expectToolCalled('get_weather', { city: 'Tokyo' })
    .expectNoOverlap()
    .expectSpoken('Which one', { after: { agentSays: 'sunny' } }) // The offers waited for him.
    .expectSpoken(/booked: confirmation AI-\d+/, { times: 1 })
    .expectReceipt('book_flight', 'completed')
    .expectNoErrors();
  return call;
}

if (import.meta.main) console.log((await callTravelAgent()).timeline());
