/** A travel desk whose tools share one toolset: long searches with something to say meanwhile. */
import { llm, voice } from './agents.ts';
import { z } from 'zod';

export interface TravelDesk {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  trains(from: string, to: string, signal: AbortSignal): Promise<{ id: string; leaves: string; priceEur: number }[]>;
  buy(trainId: string, passenger: string, signal: AbortSignal): Promise<string>;
}

class GetPassengerTask extends voice.AgentTask<string> {
  constructor() {
    super({
      instructions: 'You collect the name of the passenger. Call savePassenger as soon as you have it.',
      tools: [
        llm.tool({
          name: 'savePassenger',
          description: 'Saves the name of the passenger.',
          parameters: z.object({ name: z.string() }),
          execute: async ({ name }) => {
            this.complete(name);
            return `Saved ${name}.`;
          },
        }),
      ],
    });
  }

  override async onEnter(): Promise<void> {
    this.session.generateReply({ instructions: 'Ask who is travelling.' });
  }
}

const stillSearching = ['Still searching, hang on.', 'The railway is slow today.'];

export function createTravelToolset(desk: TravelDesk): llm.AsyncToolset {
  const bookTrain = llm.tool({
    name: 'bookTrain',
    description: 'Finds the cheapest train and buys a ticket.',
    parameters: z.object({ from: z.string(), to: z.string() }),
    onDuplicate: 'confirm',
    execute: async ({ from, to }, { ctx, abortSignal }) => {
      await ctx.update(`Searching trains from ${from} to ${to}.`);

      const trains = await ctx.filler(
        (step) => stillSearching[step],
        { maxSteps: stillSearching.length },
        () => desk.trains(from, to, abortSignal),
      );
      const cheapest = trains.toSorted((a, b) => a.priceEur - b.priceEur)[0];
      if (!cheapest) throw new llm.ToolError(`There is no train from ${from} to ${to}.`);
      await ctx.update({ found: trains.length, cheapest });

      const passenger = await ctx.foreground(async () => {
        ctx.session.say('I have found a train.');
        return new GetPassengerTask().run();
      });
      const ticket = await desk.buy(cheapest.id, passenger, abortSignal);
      return `Ticket ${ticket} for ${passenger}, leaving at ${cheapest.leaves}, ${cheapest.priceEur} EUR.`;
    },
  });

  return llm.AsyncToolset.create({
    id: 'travel',
    tools: [bookTrain],
    setup: () => desk.connect(),
    aclose: () => desk.disconnect(),
  });
}
