/** What a page shows of a real session: its messages, folded. */
import { Agent, AgentSession, tool } from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedStep } from 'meanwhile/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import type { ServerMessage, SessionRecord } from '../../src/client/index.ts';
import { watchSession } from '../../src/server/outgoing.ts';
import { emptyStory, withMessage, withRecord, withWelcome, type Story } from '../../playground/src/story.ts';

type Message = Parameters<typeof withMessage>[1];

interface Watched {
  readonly clock: ReturnType<typeof createVirtualClock>;
  readonly session: AgentSession;
  readonly sent: (SessionRecord | ServerMessage)[];
  readonly story: Story;
}

const ignore = (): void => undefined;

async function watch(steps: readonly ScriptedStep[], tools: ConstructorParameters<typeof Agent>[0]['tools'] = []) {
  const clock = createVirtualClock();
  const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const session = new AgentSession({ llm: scriptedModel(steps, { clock }), clock, logger });
  const watched: { -readonly [Key in keyof Watched]: Watched[Key] } = { clock, session, sent: [], story: emptyStory };
  watchSession({ session, showsModelCalls: true }, () => clock.now(), {
    record: (record) => {
      watched.sent.push(record);
      watched.story = withRecord(watched.story, record);
    },
    message: (message) => {
      watched.sent.push(message);
      watched.story = withMessage(watched.story, message as Message);
    },
    closed: ignore,
  });
  onTestFinished(() => session.close());
  await session.start({ agent: new Agent({ name: 'travel', instructions: 'You are a travel agent.', tools }) });
  await clock.settle();
  return watched;
}

const lines = ({ lines: all }: Story): string[] =>
  all.map(({ who, text, cut }) => `${who}: ${text}${cut ? ' [cut]' : ''}`);

function heldTool() {
  const done = Promise.withResolvers<string>();
  const book = tool({
    name: 'book_flight',
    description: 'Books.',
    parameters: z.object({ to: z.string() }),
    execute: async ({ to }, { ctx }) => {
      await ctx.update({ message: `Searching flights to ${to}`, progress: 1, total: 4 });
      return done.promise;
    },
  });
  return { book, done };
}

const bookTokyo: ScriptedStep = {
  calls: [{ name: 'book_flight', args: { to: 'Tokyo' } }],
};

test('what is said is shown word by word, and stays as a line', async () => {
  const watched = await watch([{ text: 'It is sunny today.' }]);
  const { session, clock, sent } = watched;
  void session.sendMessage('How is the weather?');
  await clock.settle();
  expect(lines(watched.story)).toEqual(['user: How is the weather?', 'agent: It is sunny today.']);
  expect(watched.story.saying).toBeUndefined();
  const words = sent.filter((each) => each.type === 'words').map(({ text }) => text);
  expect(words.join('')).toBe('It is sunny today.');
  expect(watched.story.agent).toEqual({ state: 'listening', name: 'travel' });
  expect(watched.story.modelCalls).toMatchObject([{ answer: expect.anything() as unknown }]);
});

test('a task: started, in the background with an update, then its end and how it was told', async () => {
  const { book, done } = heldTool();
  const watched = await watch([bookTokyo, { text: 'I am searching.' }, { text: 'It is booked.' }], [book]);
  const { session, clock } = watched;
  void session.sendMessage('Book me a flight.');
  await clock.advance(100);
  const task = () => [...watched.story.tasks.values()][0];
  expect(task()).toMatchObject({
    toolName: 'book_flight',
    input: { to: 'Tokyo' },
    state: 'working',
    background: true,
    progress: 1,
    total: 4,
  });
  expect(task()?.marks.map(({ kind }) => kind)).toEqual(['update']);
  await clock.advance(5_000);
  done.resolve('AF-1');
  await clock.advance(1_000);
  expect(task()).toMatchObject({ state: 'completed' });
  expect(task()?.marks.at(-1)).toMatchObject({ kind: 'end', text: 'AF-1' });
  expect((task()?.endedAt ?? 0) - (task()?.startedAt ?? 0)).toBe(5_100);
  const [delivery] = watched.story.deliveries.values();
  expect(delivery).toMatchObject({ callId: task()?.callId, receipt: 'completed' });
  expect((delivery?.toldAt ?? 0) - (delivery?.readyAt ?? 0)).toBe(50);
  expect(lines(watched.story).at(-1)).toBe('agent: It is booked.');
});

test('a question is shown with what can be chosen, until it is answered', async () => {
  const ask = tool({
    name: 'book_flight',
    description: 'Books.',
    parameters: z.object({ to: z.string() }),
    asks: true,
    execute: async (_args, { ctx }) => {
      const { content } = await ctx.ask({
        message: 'Window or aisle?',
        schema: z.object({ seat: z.enum(['window', 'aisle']) }),
      });
      return `A seat at the ${content?.seat ?? 'back'}.`;
    },
  });
  const watched = await watch([bookTokyo], [ask]);
  const { session, clock } = watched;
  void session.sendMessage('Book me a flight.');
  await clock.advance(100);
  const task = () => [...watched.story.tasks.values()][0];
  expect(task()).toMatchObject({
    state: 'input_required',
    question: { message: 'Window or aisle?', choice: { field: 'seat', values: ['window', 'aisle'] } },
  });
  await session.tasks.answer(task()?.callId ?? '', 'accept', { seat: 'aisle' });
  await clock.advance(100);
  expect(task()).toMatchObject({ state: 'completed' });
  expect(task()?.question).toBeUndefined();
  expect(task()?.states.map(({ state }) => state)).toEqual(['working', 'input_required', 'working', 'completed']);
});

test('while the loudspeaker waits the agent is not heard, and a cut then ends its sound', () => {
  const state = (agent: 'speaking' | 'listening', at: number) =>
    ({ type: 'state', agent, user: 'listening', at }) as const;
  const messages = [
    state('speaking', 1_000),
    { type: 'playback', paused: true, at: 2_000 },
    { type: 'playback', paused: false, at: 3_000 },
    { type: 'playback', paused: true, at: 4_000 },
    state('speaking', 4_500),
    state('listening', 5_000),
    state('speaking', 6_000),
  ] as const;
  expect(messages.reduce<Story>(withMessage, emptyStory).agentSpeaks).toEqual([
    { from: 1_000, to: 2_000 },
    { from: 3_000, to: 4_000 },
    { from: 6_000 },
  ]);
});

test('a page that comes back and one that was there all along show the same records', async () => {
  const { book, done } = heldTool();
  const watched = await watch([bookTokyo, { text: 'I am searching.' }, { text: 'It is booked.' }], [book]);
  void watched.session.sendMessage('Book me a flight.');
  await watched.clock.advance(1_000);
  done.resolve('AF-1');
  await watched.clock.advance(1_000);
  const records = watched.sent.filter((each): each is SessionRecord => 'seq' in each && 'at' in each);
  const again = records.reduce(withRecord, emptyStory);
  for (const key of ['lines', 'tasks', 'deliveries', 'speeches'] as const)
    expect(again[key]).toEqual(watched.story[key]);
});

describe('another process goes on with the conversation', () => {
  const record = (seq: number, at: number, body: object): SessionRecord =>
    ({ v: 1, seq, at, ...body }) as unknown as SessionRecord;
  const said = (seq: number, at: number, text: string): SessionRecord =>
    record(seq, at, {
      type: 'message_added',
      message: { kind: 'message', id: `item_${String(seq)}`, role: 'user', parts: [{ type: 'text', text }], at },
    });
  const speaking = { type: 'state', agent: 'speaking', user: 'listening', at: 2_000 } as const;
  const words = { type: 'words', speechId: 'speech_1', text: 'I am se', at: 2_100 } as const;

  test('where the one before ended is a mark between the lines; what it was saying is over', () => {
    const before = [said(1, 1_000, 'Hi'), said(2, 3_000, 'Book it')].reduce(withRecord, emptyStory);
    const cut = [speaking, words].reduce<Story>(withMessage, before);
    expect(cut.saying?.text).toBe('I am se');
    const after = withRecord(cut, record(3, 9_000, { type: 'session_restored' }));
    expect(after.restarts).toEqual([{ from: 3_000, to: 9_000, afterLines: 2 }]);
    expect(after.saying).toBeUndefined();
    expect(after.agentSpeaks).toEqual([{ from: 2_000, to: 3_000 }]);
  });

  test('a page that has seen what came before goes on; one that has not begins anew and says that it does', () => {
    const begun = withWelcome(emptyStory, { key: 'call', from: 1 });
    const story = [said(1, 1_000, 'Hi'), said(2, 3_000, 'Book it')].reduce(withRecord, begun);
    expect(withWelcome(story, { key: 'call', from: 3 })).toBe(story);
    const again = withWelcome(withMessage(story, speaking), { key: 'call', from: 1 });
    expect([again.lines, again.isShortened, again.seen]).toEqual([[], false, 0]);
    // No record says who was heard when.
    expect(again.agentSpeaks).toEqual([{ from: 2_000, to: 3_000 }]);
    expect(withWelcome(story, { key: 'call', from: 9 })).toMatchObject({ lines: [], isShortened: true });
    expect(withWelcome(withMessage(story, speaking), { key: 'other', from: 3 })).toMatchObject({
      key: 'other',
      lines: [],
      agentSpeaks: [],
    });
  });
});
