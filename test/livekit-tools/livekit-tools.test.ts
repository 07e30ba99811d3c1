/**
 * Three files written for LiveKit Agents JS run with only their imports changed. `*.livekit.txt` is the file as it was written; it was type-checked against @livekit/agents 1.9.0.
 */
import { readFile } from 'node:fs/promises';
import { Agent, type Clock } from 'meanwhile';
import { createVirtualClock, toTimeline } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';
import { FrontDesk, type HotelData } from './booking.ts';
import { createTravelToolset, type TravelDesk } from './itinerary.ts';
import { orderTools, type Shop, type ShopData } from './orders.ts';

const source = (name: string): Promise<string> => readFile(new URL(name, import.meta.url), 'utf8');
const importLines = /^import [^;]*;\n/gm;
const timeline = (t: TestSession): string => `\n${toTimeline(t.events, { startAt: Date.UTC(2026, 0, 1) })}\n`;
const say = (t: TestSession, userInput: string) => drive(t.clock, t.session.run({ userInput }));

function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = clock.setTimeout(resolve, ms);
  signal?.addEventListener('abort', () => {
    clock.clearTimeout(timer);
    reject(signal.reason as Error);
  });
  return promise;
}

test.each(['orders', 'booking', 'itinerary'])('%s: only the imports differ', async (name) => {
  const [theirs, ours] = await Promise.all([source(`${name}.livekit.txt`), source(`${name}.ts`)]);
  expect(ours.replace(importLines, '')).toBe(theirs.replace(importLines, ''));
  const changed = (text: string) => text.match(importLines)?.join('') ?? '';
  expect(changed(ours).replace(/'(meanwhile|\.\/agents\.ts)'/, "'@livekit/agents'")).toBe(changed(theirs));
});

function createShop(clock: Clock): Shop {
  const orders = new Map([
    ['A1', { id: 'A1', status: 'sent' as const, totalEur: 30, parcel: 'P7' }],
    ['B2', { id: 'B2', status: 'packed' as const, totalEur: 12, parcel: null }],
  ]);
  return {
    order: async (_customer, orderId) => orders.get(orderId ?? 'A1'),
    async *track(_parcel, signal) {
      for (const place of ['Lyon', 'Paris']) {
        await sleep(clock, 10_000, signal);
        yield { place, at: place === 'Lyon' ? '09:10' : '14:40' };
      }
      await sleep(clock, 10_000, signal);
    },
    refund: async (order) => `R-${order.id}`,
  };
}

async function startShop(steps: Parameters<typeof startTestSession>[0]) {
  const clock = createVirtualClock();
  const userData: ShopData = { customerId: 'c1', shop: createShop(clock) };
  const agent = new Agent({ name: 'shop', instructions: 'You are the order desk of a shop.', tools: orderTools });
  return { ...(await startTestSession(steps, { clock, userData, agent })), userData };
}

test('orders: progress is told as it comes, then the result', async () => {
  const t = await startShop([
    { calls: [{ name: 'findOrder', args: { orderId: null } }] },
    'Order A1 was sent.',
    { calls: [{ name: 'trackParcel', args: { orderId: null } }] },
    'I am asking the carrier.',
    'It has passed Lyon.',
    'It has passed Paris.',
    'Last seen in Paris at 14:40.',
  ]);
  await say(t, 'Where is my order?');
  expect(t.userData.newestOrder).toBe('A1');
  await say(t, 'And the parcel?');
  await t.clock.advance(31_000);
  expect(timeline(t)).toMatchInlineSnapshot(`
    "
     0:00.0  enter   shop
     0:00.0  user    Where is my order?
     0:00.0  task    findOrder#1 started: orderId=null
     0:00.0  task    findOrder#1 completed: {"id":"A1","status":"sent","totalEur":30}
     0:00.0  agent   Order A1 was sent.
     0:00.0  user    And the parcel?
     0:00.0  task    trackParcel#2 started: orderId=null
     0:00.0  task    trackParcel#2: Asking the carrier about parcel P7. This can take a minute.
     0:00.0  agent   I am asking the carrier.
     0:10.0  task    trackParcel#2: The parcel has passed Lyon.
     0:10.1  agent   It has passed Lyon.
     0:10.1  told    trackParcel#2 update 1
     0:20.0  task    trackParcel#2: The parcel has passed Paris.
     0:20.1  agent   It has passed Paris.
     0:20.1  told    trackParcel#2 update 2
     0:30.0  task    trackParcel#2 completed: {"parcel":"P7","stops":["Lyon at 09:10","Paris at 14:40"]}
     0:30.1  agent   Last seen in Paris at 14:40.
     0:30.1  told    trackParcel#2 result
    "
  `);
  t.model.assertComplete();
});

test('orders: what the model is told of an error and of a call that is running already', async () => {
  const t = await startShop([
    { calls: [{ name: 'trackParcel', args: { orderId: 'A1' } }] },
    'I am asking the carrier.',
    {
      calls: [
        { name: 'trackParcel', args: { orderId: 'A1' } },
        { name: 'refundOrder', args: { orderId: 'B2', reason: 'late' } },
      ],
    },
    'I am still at it, and B2 has not been sent.',
  ]);
  await say(t, 'Where is the parcel of A1?');
  await say(t, 'Ask again, and refund B2.');
  const batch = t.session.history.toArray().findLast((item) => item.kind === 'batch');
  expect(batch?.calls.map((call) => call.output)).toMatchInlineSnapshot(`
    [
      {
        "text": "Not started: the same call of trackParcel is already running.
    - call_1 trackParcel({"orderId":"A1"}): Progress of trackParcel (call call_1): Asking the carrier about parcel P7. This can take a minute.
    It is still running. Say only what this tells you; the result is not known yet.
    Tell the user that it is in progress.",
        "type": "text",
      },
      {
        "text": "It has not been sent yet: cancel it instead.",
        "type": "error",
      },
    ]
  `);
  await t.session.close();
});

test('orders: the abort signal reaches the carrier', async () => {
  const t = await startShop([
    { calls: [{ name: 'trackParcel', args: { orderId: 'A1' } }] },
    'I am asking the carrier.',
  ]);
  await say(t, 'Where is the parcel of A1?');
  expect(await t.session.tasks.cancel('call_1')).toBe(true);
  expect(t.clock.pending()).toEqual([]);
  await t.session.close();
});

test('booking: an AgentTask asks for the address, the room is booked, the concierge takes over', async () => {
  const clock = createVirtualClock();
  const reserved = byHand<string>();
  const userData: HotelData = { hotel: { reserve: () => reserved.promise } };
  const t = await startTestSession(
    [
      'Good evening, what can I do for you?',
      { calls: [{ name: 'bookRoom', args: { nights: 2 } }] },
      'What is your e-mail address?',
      { calls: [{ name: 'saveEmail', args: { email: 'ann at example' } }] },
      'Sorry, what was it?',
      { calls: [{ name: 'saveEmail', args: { email: 'ann@example.org' } }] },
      'Thanks, I am reserving your room.',
      '', // What saveEmail returned has been said by then.
      { calls: [{ name: 'talkToConcierge' }] },
      'I will put you through.',
      'Your room is booked, number 12.',
    ],
    { clock, userData, agent: new FrontDesk() },
  );
  await drive(t.clock, t.session.waitForIdle());
  await say(t, 'A room for two nights, please.');
  await say(t, 'ann at example');
  await say(t, 'ann@example.org');
  await say(t, 'I would like to go to a museum.');
  reserved.resolve('12');
  await drive(t.clock, t.session.waitForIdle());
  await t.clock.advance(100);
  expect(timeline(t)).toMatchInlineSnapshot(`
    "
     0:00.0  enter   FrontDesk
     0:00.0  agent   Good evening, what can I do for you?
     0:00.0  user    A room for two nights, please.
     0:00.0  task    bookRoom#1 started: nights=2
     0:00.0  enter   GetEmailTask, while FrontDesk waits
     0:00.0  agent   What is your e-mail address?
     0:00.0  user    ann at example
     0:00.0  task    saveEmail#2 started: email=ann at example
     0:00.0  task    saveEmail#2 failed: That is no e-mail address. Ask for it again.
     0:00.0  agent   Sorry, what was it?
     0:00.0  user    ann@example.org
     0:00.0  task    saveEmail#3 started: email=ann@example.org
     0:00.0  task    saveEmail#3 completed: Saved ann@example.org.
     0:00.0  enter   FrontDesk
     0:00.0  task    bookRoom#1: Reserving a room for 2 nights.
     0:00.0  agent   Thanks, I am reserving your room.
     0:00.1  told    saveEmail#3 (skipped)
     0:00.1  user    I would like to go to a museum.
     0:00.1  task    talkToConcierge#4 started
     0:00.1  task    talkToConcierge#4 completed: The concierge takes over.
     0:00.1  agent   I will put you through.
     0:00.1  enter   Concierge
     0:00.1  agent   This is the concierge. What would you like to do in town?
     0:00.1  task    bookRoom#1 completed: {"number":"12","nights":2,"sentTo":"ann@example.org"}
     0:00.1  agent   Your room is booked, number 12.
     0:00.1  told    bookRoom#1 result
    "
  `);
  t.model.assertComplete();
});

test('itinerary: fillers in the silence, the floor for a question, and the toolset is closed with the session', async () => {
  const clock = createVirtualClock();
  const life: string[] = [];
  const desk: TravelDesk = {
    connect: async () => void life.push('connected'),
    disconnect: async () => void life.push('disconnected'),
    trains: async (_from, _to, signal) => {
      await sleep(clock, 8000, signal);
      return [
        { id: 'T1', leaves: '08:00', priceEur: 90 },
        { id: 'T2', leaves: '11:30', priceEur: 45 },
      ];
    },
    buy: async (trainId, _passenger, signal) => {
      await sleep(clock, 5000, signal);
      return `${trainId}-77`;
    },
  };
  const t = await startTestSession(
    [
      { calls: [{ name: 'bookTrain', args: { from: 'Lyon', to: 'Paris' } }] },
      'I am looking.',
      'There are two trains; the cheaper one leaves at 11:30.',
      'Who is travelling?',
      { calls: [{ name: 'savePassenger', args: { name: 'Ann' } }] },
      'Thanks, Ann.',
      'Here is your ticket: T2-77.',
    ],
    { clock, tools: [createTravelToolset(desk)] },
  );
  expect(life).toEqual(['connected']);
  await say(t, 'A train from Lyon to Paris, please.');
  await t.clock.advance(9000);
  await say(t, 'Ann');
  await t.clock.advance(6000);
  expect(timeline(t)).toMatchInlineSnapshot(`
    "
     0:00.0  enter   travel
     0:00.0  user    A train from Lyon to Paris, please.
     0:00.0  task    bookTrain#1 started: from=Lyon, to=Paris
     0:00.0  task    bookTrain#1: Searching trains from Lyon to Paris.
     0:00.0  agent   I am looking.
     0:00.0  agent   Still searching, hang on.
     0:08.0  task    bookTrain#1: {"found":2,"cheapest":{"id":"T2","leaves":"11:30","priceEur":45}}
     0:08.1  agent   There are two trains; the cheaper one leaves at 11:30.
     0:08.1  told    bookTrain#1 update 1
     0:08.1  agent   I have found a train.
     0:08.1  enter   GetPassengerTask, while travel waits
     0:08.1  agent   Who is travelling?
     0:09.0  user    Ann
     0:09.0  task    savePassenger#2 started: name=Ann
     0:09.0  task    savePassenger#2 completed: Saved Ann.
     0:09.0  enter   travel
     0:09.1  agent   Thanks, Ann.
     0:09.1  told    savePassenger#2
     0:14.0  task    bookTrain#1 completed: Ticket T2-77 for Ann, leaving at 11:30, 45 EUR.
     0:14.1  agent   Here is your ticket: T2-77.
     0:14.1  told    bookTrain#1 result
    "
  `);
  await t.session.close();
  expect(life).toEqual(['connected', 'disconnected']);
  t.model.assertComplete();
});
