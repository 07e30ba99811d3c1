import { AgentTask, tool, toTimeline, ToolError } from 'meanwhile';
import type { ScriptedStep } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';

const call = (name: string, args: object = {}): ScriptedStep => ({ calls: [{ name, args }] });

async function run(t: TestSession, userInput: string): Promise<void> {
  await drive(t.clock, t.session.run({ userInput }));
}

/** The lines without their times. */
const lines = (t: TestSession): string[] =>
  toTimeline(t.events)
    .split('\n')
    .map((line) => line.slice(9));

test('S10.3 S7.2 a conversation as text: the same script, the same timeline', async () => {
  const talk = async (): Promise<TestSession> => {
    const found = byHand();
    const booked = byHand<object>();
    const book = tool({
      name: 'book_flight',
      parameters: z.object({ to: z.string(), seats: z.number() }),
      execute: async ({ to }, { ctx }) => {
        await ctx.update(`Searching flights to ${to}`);
        await found.promise;
        await ctx.update({ message: 'Found 3', progress: 1, total: 2 });
        return await booked.promise;
      },
    });
    const weather = tool({ name: 'weather', execute: () => 'Sunny' });
    const t = await startTestSession(
      [
        call('book_flight', { to: 'Tokyo', seats: 2 }),
        'I am searching.',
        { text: 'It will be sunny all day.', wordDelayMs: 500 },
        call('weather'),
        'Sunny.',
        'I found three.',
        'Booked: ABC.',
      ],
      { tools: [book, weather] },
    );
    await run(t, 'Book me Tokyo');
    await t.clock.advance(1000);
    void t.session.sendMessage('Will it be nice?');
    await t.clock.advance(900);
    await run(t, 'I mean\nthe weather');
    found.resolve();
    t.session.userStartedSpeaking();
    await t.clock.advance(61_000);
    t.session.userStoppedSpeaking();
    await t.clock.advance(60);
    booked.resolve({ code: 'ABC' });
    await t.clock.advance(60);
    await t.session.close();
    return t;
  };
  const first = await talk();
  expect(toTimeline(first.events)).toMatchInlineSnapshot(`
    " 0:00.0  enter   travel
     0:00.0  user    Book me Tokyo
     0:00.0  task    book_flight#1 started: to=Tokyo, seats=2
     0:00.0  task    book_flight#1: Searching flights to Tokyo
     0:00.0  agent   I am searching.
     0:01.0  user    Will it be nice?
     0:01.9  agent   It will— [cut]
     0:01.9  user    I mean
                     the weather
     0:01.9  task    weather#2 started
     0:01.9  task    weather#2 completed: Sunny
     0:01.9  agent   Sunny.
     0:01.9  task    book_flight#1: Found 3
     1:02.9  agent   I found three.
     1:02.9  told    book_flight#1 update 1 (held 1:01.0)
     1:03.0  task    book_flight#1 completed: {"code":"ABC"}
     1:03.0  agent   Booked: ABC.
     1:03.0  told    book_flight#1 result
     1:03.0  end     closed"
  `);
  expect(toTimeline((await talk()).events)).toBe(toTimeline(first.events));
});

test('a task that fails, is cancelled, is refused or goes to the background by itself has its words', async () => {
  const never = byHand();
  const parameters = z.object({ to: z.string() });
  const tools = [
    tool({
      name: 'fails',
      execute: () => {
        throw new ToolError('No such city.');
      },
    }),
    tool({ name: 'slow', parameters, onDuplicate: 'reject', autoBackgroundMs: 10, execute: () => never.promise }),
  ];
  const t = await startTestSession(
    [
      call('fails'),
      'There is none.',
      call('slow', { to: 'Rome' }),
      'It runs.',
      call('slow', { to: 'Rome' }),
      'It runs already.',
      call('nope'),
      'There is none.',
      call('slow', { wrong: 1 }),
      'Where to?',
    ],
    { tools },
  );
  for (const input of ['a', 'b', 'c', 'd', 'e']) await run(t, input);
  await drive(t.clock, t.session.tasks.cancel('call_2'));
  expect(lines(t).filter((line) => /^(task|call)/.test(line))).toEqual([
    'task    fails#1 started',
    'task    fails#1 failed: No such city.',
    'task    slow#2 started: to=Rome',
    'task    slow#2 goes on in the background',
    'call    slow refused: it is running already',
    'call    nope refused: there is no such tool',
    'call    slow refused: its arguments do not fit',
    'task    slow#2 cancelled',
  ]);
});

test("S6.6 a question is shown in the tool's own words, also as the first thing a task says", async () => {
  const ask = tool({
    name: 'ask',
    asks: true,
    execute: async (_args, { ctx }) => {
      await ctx.ask({ message: 'Early or late?' });
      await ctx.ask({ message: 'Aisle or window?' });
      return 'Thank you';
    },
  });
  const t = await startTestSession([call('ask'), 'Early or late?', 'Aisle?', 'Done.'], { tools: [ask] });
  await run(t, 'Go');
  await t.session.tasks.answer('call_1', 'accept');
  await drive(t.clock, t.session.waitForIdle());
  await t.clock.advance(60);
  await t.session.tasks.answer('call_1', 'decline');
  await t.clock.advance(60);
  expect(lines(t).slice(2)).toEqual([
    'task    ask#1 started',
    'task    ask#1 asks: Early or late?',
    'agent   Early or late?',
    'task    ask#1 was answered: accept',
    'task    ask#1 asks: Aisle or window?',
    'agent   Aisle?',
    'told    ask#1 question',
    'task    ask#1 was answered: decline',
    'task    ask#1 completed: Thank you',
    'agent   Done.',
    'told    ask#1 result',
  ]);
});

test('what is not told says why; what is silent says nothing', async () => {
  const done = byHand<string>();
  const slow = tool({
    name: 'slow',
    execute: async (_args, { ctx }) => {
      await ctx.update('Soon');
      await ctx.update('Very soon');
      await ctx.update('Hidden', { deliver: 'silent' });
      return await done.promise;
    },
  });
  const t = await startTestSession([call('slow'), 'Soon.', 'Very soon.'], { tools: [slow] });
  await run(t, 'Go');
  t.session.userStartedSpeaking();
  done.resolve('done');
  await t.clock.advance(1000);
  await t.session.close();
  expect(lines(t).filter((line) => /^(un)?told/.test(line))).toEqual([
    'told    slow#1 update 1',
    'untold  slow#1 result (dropped: closed)',
  ]);
});

test('S1.4 a task that ends with nothing has nothing to show', async () => {
  const quiet = tool({ name: 'quiet', execute: async (_args, { ctx }) => ctx.update('Soon', { deliver: 'silent' }) });
  const t = await startTestSession([call('quiet'), 'Soon.'], {
    tools: [quiet],
  });
  await run(t, 'Go');
  expect(lines(t).at(-1)).toBe('task    quiet#1 completed');
});

test('S8.4 who enters is named, and who waits', async () => {
  class AskEmail extends AgentTask<string> {
    constructor() {
      super({
        name: 'email',
        instructions: 'Ask.',
        tools: [tool({ name: 'save', execute: () => this.complete('a@b.c') })],
      });
    }
  }
  const subtask = tool({ name: 'offer', execute: async () => await new AskEmail().run() });
  const t = await startTestSession([call('offer'), call('save'), 'Sent.'], { tools: [subtask] });
  void t.session.sendMessage('Go');
  await t.clock.advance(10);
  await run(t, 'a@b.c');
  expect(lines(t).filter((line) => line.startsWith('enter'))).toEqual([
    'enter   travel',
    'enter   email, while travel waits',
    'enter   travel',
  ]);
});

test('long texts of tasks are short, the words of people are whole, and nothing moves a cursor', async () => {
  const long = tool({ name: 'long', execute: () => `${'x'.repeat(50)}\n\u001B[31mred\u0007` });
  const said = `${'word '.repeat(60)}\u001B[2Jend`;
  const t = await startTestSession([call('long'), said], { tools: [long] });
  await run(t, 'a\tb');
  const text = toTimeline(t.events, { maxLength: 20 });
  expect(text).toContain(`task    long#1 completed: ${'x'.repeat(19)}…`);
  expect(text).toContain(`agent   ${'word '.repeat(60)}end`);
  expect(text).toContain('user    a b');
  // oxlint-disable-next-line no-control-regex -- what a terminal would obey
  expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F]/);
});

test('times count from where they are told to', async () => {
  const t = await startTestSession([]);
  const startAt = t.clock.now() - 754_321;
  expect(toTimeline(t.events, { startAt })).toBe('12:34.3  enter   travel');
});
