/** A booking as a script: eight requests, of which two tell what a background task reports. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { expectSame } from './work.ts';

export const instructions = `You are the travel agent of a small agency in Paris. You book flights, tell the weather at the
destination and answer questions about the journey. Speak in short, friendly sentences, as on the telephone. Never invent
a price, a time or a confirmation number; say what the tools say. Ask before you book anything that costs more than the
user named. Prices are in euros, times are local.`;

export const bookFlight = {
  name: 'book_flight',
  description: 'Searches for a flight and books it. Takes a minute or two.',
  parameters: z.object({
    origin: z.string().describe('The city to leave from'),
    destination: z.string().describe('The city to fly to'),
  }),
};

export const getWeather = {
  name: 'get_weather',
  description: 'Tells the weather of a city today.',
  parameters: z.object({ city: z.string().describe('The city') }),
};

/** What the model answers, request by request. */
export const replies: readonly ({ readonly text: string } | { readonly call: string; readonly args: object })[] = [
  { call: bookFlight.name, args: { origin: 'Paris', destination: 'Tokyo' } },
  { text: 'I am searching flights from Paris to Tokyo. What else can I do for you?' },
  { call: getWeather.name, args: { city: 'Tokyo' } },
  { text: 'It is sunny in Tokyo, 22 degrees.' },
  { text: 'I found three flights and am booking the cheapest one.' },
  { text: 'For a stay of up to ninety days you need no visa.' },
  { text: 'Your flight is booked: Air France at 13:30, confirmation AI-4701, 640 euros.' },
  { text: 'The train takes you to the airport in 35 minutes.' },
];

const found = Promise.withResolvers<void>();
const booked = Promise.withResolvers<void>();

/** The tool's body, for both. */
export async function book(update: (text: string) => Promise<void>): Promise<string> {
  await update('Searching flights from Paris to Tokyo');
  await found.promise;
  await update('Found three flights, booking the cheapest one');
  await booked.promise;
  return 'Booked: Air France, departs 13:30, confirmation AI-4701, 640 EUR';
}

export const weather = 'Tokyo: sunny, 22 °C';

export interface Conversation {
  /** Each request so far, its tools and messages as text. */
  readonly requests: readonly string[];
  /** The user's words; resolves when they are answered. */
  readonly say: (text: string) => Promise<unknown>;
  /** Resolves when nobody speaks. */
  readonly rest: () => Promise<unknown>;
}

/** For each request but the last, the share of it that the next one begins with. */
export async function playBooking({ requests, say, rest }: Conversation): Promise<number[]> {
  const asked = async (count: number): Promise<void> => {
    for (let waited = 0; requests.length < count && waited < 500; waited += 1) await sleep(10);
    await rest();
    await sleep(20);
    expectSame('requests', requests.length, count);
  };
  await say('Book me a flight from Paris to Tokyo');
  await say('How is the weather there?');
  await asked(4);
  found.resolve();
  await asked(5);
  await say('Do I need a visa?');
  await asked(6);
  booked.resolve();
  await asked(7);
  await say('How do I get to the airport?');
  await asked(8);
  return requests
    .slice(0, -1)
    .map((request, index) => sharedPrefix(request, requests[index + 1] ?? '') / request.length);
}

function sharedPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}
