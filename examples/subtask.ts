/**
 * An agent for one purpose: while a search goes on, an AgentTask takes over the conversation until it has an e-mail
 * address, then gives it back to the tool that wanted it.
 *
 *     npm run chat -- examples/subtask.ts
 *     > Find me a room in Rome
 *     > ann@example.org
 */
import { Agent, AgentTask, systemClock, tool, ToolError } from 'meanwhile';
import { z } from 'zod';
import { exampleModel } from './shared/model.ts';
import { sleep } from './shared/sleep.ts';

const { model, note } = await exampleModel({ wordDelayMs: 40 });
export { note };

class AskEmail extends AgentTask<string> {
  constructor() {
    super({
      name: 'email',
      instructions: 'You ask the user for an e-mail address and do nothing else.',
      tools: [
        tool({
          name: 'save_email',
          description: "Saves the user's e-mail address.",
          parameters: z.object({ email: z.email() }),
          execute: ({ email }) => this.complete(email),
        }),
        tool({
          name: 'decline_email',
          description: 'The user does not want to give an address.',
          execute: () => this.complete(new ToolError('The user gave no e-mail address, so nothing was reserved.')),
        }),
      ],
    });
  }

  override onEnter(): void {
    this.session.generateReply({ instructions: 'Ask the user for the e-mail address the offer shall go to.' });
  }
}

export default function createHotelDesk({ llm = model, clock = systemClock } = {}): Agent {
  async function searchRooms(city: string, signal: AbortSignal) {
    await sleep(8000, { clock, signal });
    return [
      { hotel: `Hotel ${city}`, priceEur: 120 },
      { hotel: 'Station Inn', priceEur: 80 },
    ];
  }

  const findRoom = tool({
    name: 'find_room',
    description: 'Finds a hotel room in a city and sends the offer by e-mail.',
    parameters: z.object({ city: z.string() }),
    execute: async ({ city }, { ctx, abortSignal }) => {
      await ctx.update(`Searching rooms in ${city}`);
      // Both at once: the hotel desk is paused while the AgentTask talks, its tools are not.
      const [rooms, email] = await Promise.all([searchRooms(city, abortSignal), new AskEmail().run()]);
      const best = rooms.toSorted((a, b) => a.priceEur - b.priceEur)[0];
      return { ...best, offerSentTo: email };
    },
  });

  return new Agent({
    name: 'hotel desk',
    llm,
    instructions: 'You find hotel rooms. Be brief.',
    tools: [findRoom],
  });
}
