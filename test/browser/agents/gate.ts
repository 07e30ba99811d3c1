/** An agent to talk to: rules for a model, a booking that takes until the test has enough of it, and the weather at once. */
import { channel } from 'node:diagnostics_channel';
import { Agent, tool } from 'meanwhile';
import { z } from 'zod';
import { offlineModel } from '../../../examples/shared/offline-model.ts';

const bell = channel('meanwhile.test.gate');

/** The flight is booked now. */
export function book(result: string): void {
  bell.publish(result);
}

const bookFlight = tool({
  name: 'book_flight',
  description: 'Searches for a flight and books it.',
  parameters: z.object({ origin: z.string(), destination: z.string() }),
  execute: async ({ origin, destination }, { ctx }) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const hear = (result: unknown): void => resolve(String(result));
    bell.subscribe(hear);
    await ctx.update(`Searching flights from ${origin} to ${destination}`);
    return promise.finally(() => bell.unsubscribe(hear));
  },
});

const getWeather = tool({
  name: 'get_weather',
  description: 'Tells the weather in a city.',
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => `It is sunny in ${city}.`,
});

export default function createGate(): Agent {
  return new Agent({
    name: 'gate',
    instructions: 'You are a travel agent.',
    llm: offlineModel(),
    tools: [bookFlight, getWeather],
  });
}
