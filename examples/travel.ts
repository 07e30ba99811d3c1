/**
 * A travel agent that books flights while you talk about other things. Start here, with `npm start`:
 *
 *     > Book me a flight from Paris to Tokyo
 *     > What's the weather there?
 *     > The cheapest one
 *     > Actually, cancel the booking
 */
import { Agent, systemClock, tool } from 'meanwhile';
import { z } from 'zod';
import { createAirline } from './shared/airline.ts';
import { exampleModel } from './shared/model.ts';
import { sleep } from './shared/sleep.ts';

/** A language model if the environment names one, else a rule-based model; `note` says which. */
const { model, note } = await exampleModel({ wordDelayMs: 40 });
export { note };

export default function createTravelAgent({ llm = model, clock = systemClock } = {}): Agent {
  const airline = createAirline(clock);

  const bookFlight = tool({
    name: 'book_flight',
    description: 'Searches for a flight and books it.',
    parameters: z.object({
      origin: z.string().describe('The city to leave from'),
      destination: z.string().describe('The city to fly to'),
    }),
    onDuplicate: 'confirm', // The same flight twice? The user is asked first.
    allowCancellation: true, // "Stop the booking" fires the abort signal.
    asks: true, // It calls ctx.ask below.

    execute: async ({ origin, destination }, { ctx, abortSignal }) => {
      // The first update sends the call to the background: the agent says it and goes on talking with the user.
      await ctx.update(`Searching flights from ${origin} to ${destination}`);
      const flights = await airline.search(origin, destination, abortSignal);

      // A question waits until nobody is speaking. The user answers it when he likes.
      const offers = flights.map((flight) => `${flight.airline} at ${flight.departs} for ${flight.priceEur} EUR`);
      const answer = await ctx.ask({
        message: `Which one: ${offers.join(', ')}?`,
        schema: z.object({ airline: z.enum(flights.map((flight) => flight.airline)) }),
      });
      const chosen = flights.find((flight) => flight.airline === answer.content?.airline);
      if (!chosen) return 'The user wants none of these flights. Nothing was booked.';

      // Later updates are told one by one, in quiet moments; what is outdated by then is skipped.
      await ctx.update({ message: `Reserving a seat with ${chosen.airline}`, progress: 1, total: 3 });
      await airline.reserve(chosen, abortSignal);

      await ctx.update({ message: 'The seat is reserved, paying for it now', progress: 2, total: 3 });
      ctx.disallowInterruptions(); // From here on it cannot be cancelled.
      const code = await airline.buy(chosen, abortSignal);

      // The result is told once.
      return { status: 'booked', confirmation: code, departs: chosen.departs, priceEur: chosen.priceEur };
    },
  });

  const getWeather = tool({
    name: 'get_weather',
    description: 'Tells the weather in a city.',
    parameters: z.object({ city: z.string() }),
    execute: async ({ city }, { abortSignal }) => {
      await sleep(300, { clock, signal: abortSignal });
      return `${city}: sunny, 22 °C.`; // No update, so the turn waits for it.
    },
  });

  return new Agent({
    name: 'travel',
    llm,
    instructions: 'You are a travel agent. You book flights and know the weather. Be brief.',
    tools: [bookFlight, getWeather],
  });
}
