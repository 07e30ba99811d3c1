/** The durable travel example, played in two processes. A process that is gone is a session nobody goes on with. */
import { AgentSession, toTimeline, type SessionEvent } from 'meanwhile';
import { memory } from 'meanwhile/store';
import { createVirtualClock, type VirtualClock } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { offlineModel } from '../../examples/shared/offline-model.ts';
import createTravelAgent from '../../examples/travel-durable.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

function startProcess(store: ReturnType<typeof memory>, clock: VirtualClock) {
  const llm = offlineModel({ clock, wordDelayMs: 40 });
  const agent = createTravelAgent({ llm, clock });
  const events: SessionEvent[] = [];
  const options = { llm, clock, store, sessionId: 'call', logger: quiet, userAwayMs: Infinity };
  const follow = (session: AgentSession): void => void session.on('*', (event) => events.push(event));
  const startAt = clock.now();
  return {
    begin: async () => {
      const session = new AgentSession(options);
      follow(session);
      await session.start({ agent });
      return session;
    },
    restore: () =>
      AgentSession.restore({ ...options, agents: { travel: () => agent }, takeOver: true, prepare: follow }),
    timeline: () => `\n${toTimeline(events, { startAt })}\n`,
  };
}

test('killed while it reserves: it is not asked again, reserves again, pays once, and tells it', async () => {
  const store = memory({ clock: createVirtualClock() });
  const clock = createVirtualClock();
  const before = await startProcess(store, clock).begin();
  await clock.runUntil(before.run({ userInput: 'Book me a flight from Paris to Tokyo' }));
  await clock.advance(10_000);
  await clock.runUntil(before.run({ userInput: 'The cheapest one' }));
  await clock.advance(1_000);
  const next = createVirtualClock();
  const second = startProcess(store, next);
  const after = await second.restore();
  await next.advance(20_000);
  expect(second.timeline()).toMatchInlineSnapshot(`
    "
     0:04.0  task    book_flight#1: The seat is reserved, paying for it now
     0:04.3  agent   The seat is reserved, paying for it now.
     0:04.3  told    book_flight#1 update 3
     0:07.0  task    book_flight#1 completed: {"status":"booked","confirmation":"AI-4701","departs":"13:30","priceEur":640}
     0:07.6  agent   The flight from Paris to Tokyo is booked: confirmation AI-4701, departs 13:30, price 640 EUR.
     0:07.6  told    book_flight#1 result
    "
  `);
  await next.runUntil(after.close());
});
