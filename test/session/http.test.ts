/** The whole flow over real HTTP, through every real provider package, against servers that answer as the real APIs do. */
import { Agent, AgentSession, tool } from 'meanwhile';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { byHand, createLogCheck } from '../support/session.ts';
import { targets } from '../wire/providers.ts';
import { startWireServer, type WireServer } from '../wire/server.ts';

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

test.each(targets.map((target) => [target.id, target] as const))(
  'a booking in the background, over HTTP: %s',
  async (_id, target) => {
    const end = byHand<string>();
    const book = tool({
      name: 'book_flight',
      description: 'Books a flight.',
      parameters: z.object({ to: z.string() }),
      execute: async ({ to }, { ctx }) => {
        await ctx.update(`Searching for ${to}`);
        return await end.promise;
      },
    });
    server.enqueue(
      [
        { type: 'reasoning', text: 'They want a flight.' },
        { type: 'text', text: 'Let me see.' },
        { type: 'tool-call', toolName: 'book_flight', input: { to: 'Tokyo' } },
      ],
      [{ type: 'text', text: 'I am searching.' }],
      [{ type: 'text', text: 'It is sunny.' }],
      [{ type: 'text', text: 'Your flight is booked.' }],
    );
    const { check } = createLogCheck();
    const session = new AgentSession({
      llm: target.create(server.baseURL),
      tools: [book],
      coalesceMs: 0,
      onRecord: check,
    });
    const agent = new Agent({
      instructions: 'You are a travel agent.',
      ...(target.providerOptions ? { providerOptions: target.providerOptions } : {}),
    });
    await session.start({ agent });
    const first = await session.run({ userInput: 'Book me Tokyo' });
    expect(first.errors).toEqual([]);
    expect(first.text).toBe('Let me see.\nI am searching.');
    expect((await session.run({ userInput: 'How is the weather?' })).text).toBe('It is sunny.');
    const told = Promise.withResolvers<string>();
    session.on('delivery_ended', ({ id, receipt }) => told.resolve(`${id} ${receipt}`));
    end.resolve('booked as ABC');
    expect(await told.promise).toMatch(/_final completed$/);
    expect(JSON.stringify(server.requests.at(-1)?.body)).toContain('booked as ABC');
    await session.close();
  },
);
