/** What docs/guide/durable.md shows of a caller who hangs up and calls again. */
import { Agent, AgentSession, toTimeline, tool, type SessionEvent } from 'meanwhile';
import { memory } from 'meanwhile/store';
import { createVirtualClock, scriptedModel, type ScriptedStep } from 'meanwhile/testing';
import { expect, test } from 'vitest';

test('the next call tells what the one before could not', async () => {
  const clock = createVirtualClock();
  const store = memory({ clock });
  const booked = Promise.withResolvers<string>();
  const bookFlight = tool({
    name: 'book_flight',
    whenSessionEnds: 'finish',
    execute: async (_args, { ctx }) => {
      await ctx.update('Booking.');
      return await booked.promise;
    },
  });
  const printed: string[] = [];
  const call = async (steps: readonly ScriptedStep[], talk: (session: AgentSession) => Promise<unknown>) => {
    const session = new AgentSession({
      llm: scriptedModel(steps, { clock }),
      clock,
      store,
      userKey: 'ada',
      tools: [bookFlight],
    });
    const events: SessionEvent[] = [];
    session.on('*', (event) => events.push(event));
    await session.start({ agent: new Agent({ name: 'booking', instructions: 'You book flights.' }) });
    await clock.runUntil(talk(session));
    await clock.runUntil(session.close({ reason: 'hung up' }));
    printed.push(toTimeline(events));
  };
  await call([{ calls: [{ name: 'book_flight' }] }, 'I am booking it.'], (session) =>
    session.run({ userInput: 'Book me a flight to Tokyo' }),
  );
  booked.resolve('AB12');
  await clock.advance(180_000);
  await call(['Welcome back: your flight to Tokyo is booked under AB12.'], async (session) => {
    await clock.settle();
    await session.waitForIdle();
  });
  expect(printed.join('\n\n')).toMatchInlineSnapshot(`
    " 0:00.0  enter   booking
     0:00.0  user    Book me a flight to Tokyo
     0:00.0  task    book_flight#1 started
     0:00.0  task    book_flight#1: Booking.
     0:00.0  agent   I am booking it.
     0:00.0  end     hung up

     0:00.0  enter   booking
     0:00.1  agent   Welcome back: your flight to Tokyo is booked under AB12.
     0:00.1  told    book_flight#1 result
     0:00.1  end     hung up"
  `);
});
