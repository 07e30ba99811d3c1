/**
 * The travel agent whose bookings outlive its process. Start it, book a flight, kill it (`kill -9`), and start it again with
 * the same command: the conversation is there, the booking goes on where it was, and its result is told.
 *
 *     npm run chat -- examples/travel-durable.ts --store calls.db
 *     > Book me a flight from Paris to Tokyo
 */
import type { LanguageModelV4 } from '@ai-sdk/provider';
import { Agent, systemClock, tool, type Tool } from 'meanwhile';
import { z } from 'zod';
import { createAirline } from './shared/airline.ts';
import { exampleModel } from './shared/model.ts';

const { model, note } = await exampleModel({ wordDelayMs: 40 });
export { note };

/** `book_flight`: everything that it does is a step, a question or an update that a second run does not repeat. */
export function createBookFlight({ clock = systemClock } = {}) {
  const airline = createAirline(clock);
  return tool({
    name: 'book_flight',
    description: 'Searches for a flight and books it.',
    parameters: z.object({
      origin: z.string().describe('The city to leave from'),
      destination: z.string().describe('The city to fly to'),
    }),
    idempotent: true, // After a crash the body runs again from its start.
    asks: true,

    execute: async ({ origin, destination }, { ctx, abortSignal }) => {
      // What has a key is told once, however often the body runs.
      await ctx.update(`Searching flights from ${origin} to ${destination}`, { key: 'search' });
      // A step that was done is not done again: the body gets what it gave.
      const flights = await ctx.step('search', () => airline.search(origin, destination, abortSignal));

      const offers = flights.map((flight) => `${flight.airline} at ${flight.departs} for ${flight.priceEur} EUR`);
      // Nor is the user asked again what he has answered.
      const { content: wanted } = await ctx.ask({
        message: `Which one: ${offers.join(', ')}?`,
        schema: z.object({ airline: z.enum(flights.map((flight) => flight.airline)) }),
        key: 'choose',
      });
      const chosen = flights.find((flight) => flight.airline === wanted?.airline);
      if (!chosen) return 'The user wants none of these flights. Nothing was booked.';

      await ctx.update(
        { message: `Reserving a seat with ${chosen.airline}`, progress: 1, total: 3 },
        { key: 'reserve' },
      );
      await ctx.step('reserve', () => airline.reserve(chosen, abortSignal));

      await ctx.update({ message: 'The seat is reserved, paying for it now', progress: 2, total: 3 }, { key: 'buy' });
      // Killed in the middle of it, a step is done again. The key is the same then, so nothing is paid twice.
      const code = await ctx.step('buy', () => airline.buy(chosen, abortSignal, ctx.idempotencyKey));
      return { status: 'booked', confirmation: code, departs: chosen.departs, priceEur: chosen.priceEur };
    },
  });
}

/** An agent that books with this tool. */
export function createTravelAgent(bookFlight: Tool, llm: LanguageModelV4 = model): Agent {
  return new Agent({
    name: 'travel',
    llm,
    instructions: 'You are a travel agent. You book flights. Be brief.',
    tools: [bookFlight],
  });
}

export default ({ llm = model, clock = systemClock } = {}): Agent =>
  createTravelAgent(createBookFlight({ clock }), llm);
