/** Assertions about a conversation: what they find, and what they print. */
import { Agent, AgentSession, tool, ToolError, type SessionEvent } from 'meanwhile';
import {
  ConversationError,
  createVirtualClock,
  Observation,
  observe,
  scriptedModel,
  simulate,
} from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';

const bookFlight = tool({
  name: 'book_flight',
  description: 'Books a flight.',
  parameters: z.object({ destination: z.string(), seats: z.array(z.string()).optional() }),
  execute: () => 'real',
});
const weather = tool({ name: 'get_weather', description: 'Weather.', execute: () => 'Sunny.' });
const travel = () => new Agent({ name: 'travel', instructions: '', tools: [bookFlight, weather] });
const toTokyo = { calls: [{ name: 'book_flight', args: { destination: 'Tokyo', seats: ['1A'] } }] };

/** The user barges in while the result is told. */
const booked = await simulate({
  app: {
    agent: travel(),
    llm: [toTokyo, 'I am searching.', 'Your flight is booked, code ABC123.', 'Twenty degrees.', 'The code was ABC123.'],
  },
  tools: { book_flight: [{ updates: 'Searching' }, { afterMs: 6000, returns: 'ABC123' }] },
  steps: [
    { userSays: 'Book me a flight to Tokyo' },
    { on: { agentSays: 'Your flight' }, userSays: 'Wait, how is the weather?' },
  ],
});

/** The application speaks over the user, a tool is refused, a model fails, a result waits for ever. */
const rude = await simulate({
  app: {
    agent: travel(),
    llm: [toTokyo, 'I am searching.', { calls: [{ name: 'fly_to_the_moon' }] }, 'I cannot.'],
    maxAttempts: 1,
  },
  model: { failures: [{ request: 5 }] },
  tools: { book_flight: [{ updates: 'Searching' }, { afterMs: 5000, throws: new ToolError('On strike.') }] },
  steps: [
    { userTypes: 'Book me a flight to Tokyo' },
    { at: 2000, does: (session) => void session.say('Please hold the line.', { allowInterruptions: false }) },
    { at: 2500, userSays: 'And then to the moon', forMs: 1000 },
    { on: { tool: 'book_flight', is: 'ended' }, afterMs: 5000, does: () => undefined },
  ],
});

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (!(error instanceof ConversationError)) throw error;
    expect(error).toMatchObject({ name: 'AssertionError', code: 'ERR_ASSERTION' });
    expect(error.stack?.split('\n').find((line) => /^ +at /.test(line))).toContain('observation.test.ts');
    return `\n${error.message}`;
  }
  throw new Error('It passed.');
}

test('what holds passes, and goes on', () => {
  booked
    .expectSpoken('Your flight')
    .expectSpoken(/code was\s+ABC/)
    .expectSpoken('ABC123', { times: 1, after: { userSays: 'weather' } })
    .expectNotSpoken('I am searching', { after: { tool: 'book_flight', is: 'ended' } })
    .expectNotSpoken('code ABC123')
    .expectNotSpokenWhile('user speaking')
    .expectNotSpokenWhile({ tool: 'book_flight' }, { text: 'ABC123' })
    .expectNotSpokenWhile('tool running', { text: 'ABC123' })
    .expectSilentFor(4000, { after: 'agent stops speaking' })
    .expectNoOverlap()
    .expectToolCalled('book_flight', {}, { times: 1 })
    .expectToolCalled('book_flight', { destination: /^Tok/, seats: ['1A'] })
    .expectToolCalled('book_flight', { seats: [expect.any(String)] })
    .expectToolNotCalled('book_flight', { destination: 'Oslo' })
    .expectToolNotCalled('get_weather')
    .expectReceipt('call_1', 'completed')
    .expectReceipt('call_1_final', 'completed')
    .expectReceipt('book_flight#1', 'completed')
    .expectNoErrors();
});

test.each<[string, () => unknown]>([
  ['cut before the words', () => booked.expectSpoken('booked, code')],
  ['said too early', () => booked.expectSpoken('I am searching', { after: { tool: 'book_flight', is: 'ended' } })],
  ['something like it', () => booked.expectSpoken('The code is XYZ')],
  ['other things', () => rude.expectSpoken('booked')],
  ['another number of times', () => booked.expectSpoken('Twenty', { times: 2 })],
  ['a moment that never came', () => booked.expectSpoken('code', { after: { tool: 'get_weather', is: 'told' } })],
  ['a moment that never came, negated', () => booked.expectNotSpoken('code', { after: { userSays: 'Good bye' } })],
  ['a tool that never ran', () => booked.expectNotSpokenWhile({ tool: 'get_weather' })],
  ['said in spite', () => booked.expectNotSpoken(/twenty/i)],
  ['over the user', () => rude.expectNotSpokenWhile('user speaking')],
  ['while a tool ran', () => booked.expectNotSpokenWhile({ tool: 'book_flight' })],
  ['overlap', () => rude.expectNoOverlap()],
  ['not silent', () => booked.expectSilentFor(2000, { after: { tool: 'book_flight', is: 'ended' } })],
  ['not silent up to now', () => booked.expectSilentFor(1000)],
  ['not so long', () => rude.expectSilentFor(60_000, { after: { tool: 'book_flight', is: 'ended' } })],
  ['other arguments', () => booked.expectToolCalled('book_flight', { seats: ['1B'] })],
  ['refused', () => rude.expectToolCalled('fly_to_the_moon')],
  ['another tool', () => booked.expectToolCalled('get_weather')],
  ['called in spite', () => booked.expectToolNotCalled('book_flight')],
  ['another receipt', () => booked.expectReceipt('book_flight', 'skipped')],
  ['failed, and not told', () => rude.expectReceipt('book_flight', 'completed')],
  ['no such call', () => booked.expectReceipt('call_9', 'completed')],
  ['errors', () => rude.expectNoErrors()],
])('what it prints: %s', (_what, run) => {
  expect(messageOf(run)).toMatchSnapshot();
});

test.each<[string, () => unknown, RegExp]>([
  ['no words', () => booked.expectSpoken(' '), /^Expected words or a RegExp to look for, got " "\.$/],
  ['no words while', () => booked.expectNotSpokenWhile('tool running', { text: '' }), /^Expected words or a RegExp/],
  ['no time', () => booked.expectSilentFor(0), /^Expected a number of ms above 0, got 0\.$/],
  ['no number', () => booked.expectSilentFor(Number.NaN), /^Expected a number of ms above 0/],
  ['no condition', () => booked.expectNotSpokenWhile('user speeks' as never), /got "user speeks"\.$/],
  [
    'no moment',
    () => booked.expectNotSpoken('x', { after: { agentSay: 'x' } as never }),
    /^after: expected a moment, got/,
  ],
])('what looks for nothing is refused: %s', (_what, run, message) => {
  expect(run).toThrow(TypeError);
  expect(run).toThrow(message);
});

test('grace is for who was speaking already, not for who begins', async () => {
  const call = await simulate({
    app: { agent: travel(), llm: ['Hello.'] },
    steps: [
      { on: 'at once', userNoiseMs: 100 },
      { userSays: 'One two three four', forMs: 4000 },
    ],
  });
  const late = new Observation({ startAt: 0, graceMs: 5000 });
  const speech = (speechId: string) => ({ speechId, kind: 'say', agent: 'travel', allowInterruptions: true }) as const;
  late.take({ type: 'user_state_changed', at: 0, state: 'speaking', was: 'listening' });
  late.take({ type: 'words_begun', at: 100, speech: speech('a') });
  late.take({ type: 'words_begun', at: 200, speech: speech('b') });
  late.take({ type: 'user_state_changed', at: 300, state: 'listening', was: 'speaking' });
  late.take({ type: 'words_over', at: 1000, speechId: 'a', cut: false, written: 'Hello' });
  late.take({ type: 'words_over', at: 1200, speechId: 'b', cut: false, written: 'there' });
  expect(messageOf(() => late.expectNotSpokenWhile('user speaking'))).toContain(
    'It began while the user spoke: 200 ms, 0:00.1–0:00.3.',
  );
  expect(messageOf(() => late.expectNoOverlap())).toContain('over the agent for 800 ms');
  call.expectNoOverlap();
});

test('a number of times is exact, and lists have as many members', () => {
  expect(messageOf(() => booked.expectSpoken(/flight|Twenty/, { times: 1 }))).toContain('It was said twice.');
  booked.expectToolNotCalled('book_flight', { seats: [] }).expectToolNotCalled('book_flight', { seats: ['1A', '1B'] });
});

test('a receipt: of a failure that was told, of what still waits, of what was answered inline, of two runs', async () => {
  const call = await simulate({
    app: {
      agent: travel(),
      llm: [toTokyo, 'Searching.', 'On strike.', { calls: [{ name: 'get_weather' }] }, 'Sunny.', toTokyo, 'Again.'],
      quietMs: 400,
    },
    voice: 'text',
    tools: { book_flight: [{ updates: 'Searching' }, { afterMs: 1000, throws: new ToolError('On strike.') }] },
    steps: [
      { userTypes: 'Book' },
      { on: { tool: 'book_flight', is: 'told' }, userTypes: 'Weather?' },
      { userTypes: 'Book again' },
      { on: 'at once', afterMs: 500, userNoiseMs: 5000 },
      { on: 'at once', userHangsUp: true },
    ],
  });
  expect(messageOf(() => call.expectReceipt('call_1', 'failed'))).toContain(
    'It is "completed": that book_flight#1 failed was told.',
  );
  expect(messageOf(() => call.expectReceipt('get_weather', 'completed'))).toContain(
    'answered in the turn that made it',
  );
  expect(messageOf(() => call.expectReceipt('book_flight', 'completed'))).toContain(
    'Say which: book_flight#1, book_flight#3.',
  );
  call.expectReceipt('book_flight#3', 'dropped');
});

test('silence up to now is as long as the conversation at most', async () => {
  const call = await simulate({ app: { agent: travel(), llm: [] }, steps: [{ at: 2000, does: () => undefined }] });
  call.expectSilentFor(2000);
  expect(messageOf(() => call.expectSilentFor(3000))).toContain('It was, but there are only 2 s of it.');
});

test.each(['completed', 'skipped', 'accepted'] as const)('S3.4 what ended as %s was told', (receipt) => {
  const session = { sessionId: 'session_1' };
  const told = Observation.of([
    { ...session, type: 'task_started', at: 0, callId: 'c1', toolName: 'book_flight', input: {} } as never,
    { ...session, type: 'delivery_ended', at: 5, id: 'c1_final', callId: 'c1', receipt } as never,
  ] as SessionEvent[]);
  told.expectNotSpoken('x', { after: { tool: 'book_flight', is: 'told' } });
});

test('a result that waits has no receipt yet', async () => {
  const call = await simulate({
    app: { agent: travel(), llm: [toTokyo, 'Searching.', 'Booked.'] },
    tools: { book_flight: [{ updates: 'Searching' }, { afterMs: 1000, returns: 'ABC123' }] },
    steps: [
      { userTypes: 'Book' },
      { at: 900, userNoiseMs: 1000 },
      {
        on: 'at once',
        does: () => undefined,
      },
    ],
  });
  const upTo = (at: number) =>
    Observation.of(
      call.events.filter((event) => event.at - call.startAt < at),
      { startAt: call.startAt },
    );
  expect(messageOf(() => upTo(1500).expectReceipt('book_flight', 'completed'))).toContain(
    'It has none yet: book_flight#1, call_1_final, still waits to be told.',
  );
  call.expectReceipt('book_flight', 'completed');
});

test('a session of your own is observed on its clock, with any output', async () => {
  const clock = createVirtualClock();
  const session = new AgentSession({ llm: scriptedModel(['Hello there.', 'Yes?']), clock });
  using seen = observe(session, { clock });
  await session.start({ agent: travel() });
  await clock.advance(2000);
  await session.run({ userInput: 'Hi' });
  session.userStartedSpeaking();
  await clock.advance(1500);
  session.userStoppedSpeaking();
  await session.run({ userInput: 'Are you there?' });
  await clock.advance(3000);
  seen.expectSilentFor(3000).expectSpoken('Hello').expectNoOverlap();
  expect(() => seen.expectSilentFor(3001)).toThrow('It has been silent for 3 s.');
  expect(`\n${seen.timeline()}\n${String(seen.durationMs)}`).toMatchInlineSnapshot(`
    "
     0:00.0          enter  travel
     0:02.0          user   Hi
     0:02.0          agent  Hello there.
     0:02.0–0:03.5   user   Are you there?
     0:03.5          agent  Yes?
    6500"
  `);
  seen[Symbol.dispose]();
  await session.close();
  expect(seen.timeline()).not.toContain('end');
});

test('of events alone: what was said is there, from when the agent began to speak', () => {
  const again = Observation.of(booked.events, { startAt: booked.startAt });
  again.expectSpoken('Your flight').expectToolCalled('book_flight').expectReceipt('book_flight', 'completed');
  expect(again.agentSpeech.map(({ from, to, text }) => ({ from, to, text: text.trim() }))).toEqual(
    booked.agentSpeech.map(({ from, to, text }) => ({ from, to, text: text.trim() })),
  );
  expect(Observation.of([] as SessionEvent[]).timeline()).toBe('');
  expect(messageOf(() => Observation.of([]).expectSpoken('x'))).toContain('It said nothing.');
});

test('lanes', () => {
  expect(`\n${booked.lanes({ width: 48 })}\n`).toMatchInlineSnapshot(`
    "
                   0:00.0      0:03.6      0:07.2      0:10.7
    user            ████████                      ███████
    agent                   ███                 ██       ██  ████
    book_flight#1           ├──────────────────┤                 ●
    "
  `);
});

test('lanes of a part: tools that did not run then have none', () => {
  expect(`\n${booked.lanes({ width: 48, from: 11_000, to: 14_000 })}\n`).toMatchInlineSnapshot(`
    "
           0:11.0      0:11.8      0:12.5      0:13.3
    user   ████████
    agent          ██████████       █████████████████████
    "
  `);
});

test('a picture shows what is near the place, and nothing that moves a cursor', async () => {
  const llm = [...Array.from({ length: 30 }, (_, index) => `Answer ${String(index)}`), 'A \u001B[31mred\u001B[0m word'];
  const call = await simulate({
    app: { agent: travel(), llm },
    voice: 'text',
    steps: Array.from({ length: 31 }, (_, index) => ({ userTypes: `Question ${String(index)}` })),
  });
  const message = messageOf(() => call.expectNotSpoken('Answer 15'));
  expect(message.split('\n').length).toBeLessThan(26);
  expect(message).toContain('more rows');
  expect(call.timeline()).not.toContain('\u001B');
});
