/** A hotel's front desk: it asks for an e-mail address, books a room, and hands over to the concierge. */
import { Agent, AgentTask, handoff, tool, ToolError, type ToolOptions } from 'meanwhile';
import { z } from 'zod';

export interface Hotel {
  reserve(nights: number, email: string, signal: AbortSignal): Promise<string>;
}

export interface HotelData {
  hotel: Hotel;
  email?: string;
}

export class GetEmailTask extends AgentTask<{ email: string }> {
  constructor(purpose: string) {
    super({
      instructions:
        `You collect the guest's e-mail address for ${purpose}. Call saveEmail as soon as you have it. ` +
        'If the guest does not want to give one, call declineEmail.',
      tools: [
        tool({
          name: 'saveEmail',
          description: "Saves the guest's e-mail address.",
          parameters: z.object({ email: z.string().describe('The e-mail address') }),
          execute: async ({ email }) => {
            if (!email.includes('@')) throw new ToolError('That is no e-mail address. Ask for it again.');
            this.complete({ email });
            return `Saved ${email}.`;
          },
        }),
        tool({
          name: 'declineEmail',
          description: 'The guest does not want to give an address.',
          execute: async () => {
            this.complete(new ToolError('The guest gave no e-mail address.'));
          },
        }),
      ],
    });
  }

  override async onEnter(): Promise<void> {
    this.session.generateReply({
      instructions: 'Ask for the e-mail address in one short sentence.',
      allowInterruptions: false,
    });
  }
}

export class Concierge extends Agent {
  constructor() {
    super({ instructions: 'You are the concierge. You know the town and help with everything but bookings.' });
  }

  override async onEnter(): Promise<void> {
    this.session.say('This is the concierge. What would you like to do in town?');
  }
}

export const bookRoom = tool({
  name: 'bookRoom',
  description: 'Books a room.',
  parameters: z.object({ nights: z.number().int().min(1).describe('How many nights') }),
  execute: async ({ nights }, { ctx, abortSignal }: ToolOptions<HotelData>) => {
    if (!ctx.userData.email) {
      const { email } = await new GetEmailTask('the booking').run();
      ctx.userData.email = email;
    }
    const words = nights === 1 ? 'one night' : `${nights} nights`;
    await ctx.update(`Reserving a room for ${words}.`);
    const number = await ctx.userData.hotel.reserve(nights, ctx.userData.email, abortSignal);
    return { number, nights, sentTo: ctx.userData.email };
  },
});

export const talkToConcierge = tool({
  name: 'talkToConcierge',
  description: 'Hands over to the concierge.',
  execute: async () => handoff({ agent: new Concierge(), returns: 'The concierge takes over.' }),
});

export class FrontDesk extends Agent {
  constructor() {
    super({
      instructions: 'You are the front desk of a hotel. You book rooms; for anything else, hand over to the concierge.',
      tools: [bookRoom, talkToConcierge],
    });
  }

  override async onEnter(): Promise<void> {
    this.session.generateReply({ instructions: 'Greet the guest and ask what you can do.' });
  }
}
