import { PassThrough, Writable } from 'node:stream';
import { Agent, messageText, tool, type Clock } from 'meanwhile';
import { createVirtualClock, type ScriptedStep } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { StopSignal, World } from '../../src/cli/io.ts';
import { play } from '../../src/cli/play.ts';
import { createTestSession, drive, type TestOptions, type TestSession } from '../support/session.ts';

interface Pipe {
  readonly world: World;
  readonly stdin: PassThrough;
  readonly out: string[];
  readonly errors: string[];
  signal(signal: StopSignal): void;
  starve(): void;
}

function createPipe(clock: Clock): Pipe {
  const stdin = new PassThrough();
  const out: string[] = [];
  const errors: string[] = [];
  const sink = (lines: string[]): Writable =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        lines.push(...chunk.toString().trimEnd().split('\n'));
        done();
      },
    });
  let onSignal: (signal: StopSignal) => void = () => undefined;
  let onStarved: () => void = () => undefined;
  const nothing = (): void => undefined;
  return {
    stdin,
    out,
    errors,
    signal: (signal) => onSignal(signal),
    starve: () => onStarved(),
    world: {
      stdin,
      stdout: sink(out),
      stderr: sink(errors),
      env: {},
      cwd: '/',
      clock,
      onSignal: (listener) => ((onSignal = listener), nothing),
      onStarved: (listener) => ((onStarved = listener), nothing),
      onCrash: () => nothing,
      capture: () => nothing,
      leave: nothing,
    },
  };
}

interface Played extends TestSession, Pipe {
  readonly exit: Promise<number>;
}

/** The conversation has begun; nothing has been typed yet. */
function start(steps: readonly ScriptedStep[], options: TestOptions = {}, note?: string): Played {
  const t = createTestSession(steps, options);
  const pipe = createPipe(t.clock);
  const agent = new Agent({ name: 'travel', instructions: 'You are a travel agent.' });
  const talk = { session: t.session, start: () => t.session.start({ agent }), ...(note === undefined ? {} : { note }) };
  return { ...t, ...pipe, exit: play(talk, pipe.world) };
}

/** Plays these lines to the end. */
async function played(
  lines: readonly string[],
  ...begin: Parameters<typeof start>
): Promise<Played & { code: number }> {
  const t = start(...begin);
  t.stdin.end(lines.map((line) => `${line}\n`).join(''));
  return { ...t, code: await drive(t.clock, t.exit) };
}

const call = (name: string, args: object = {}): ScriptedStep => ({ calls: [{ name, args }] });

/** Three records, each three seconds after the one before. */
const book = (clock: Clock) =>
  tool({
    name: 'book',
    parameters: z.object({ to: z.string() }),
    allowCancellation: true,
    execute: async ({ to }, { ctx, abortSignal }) => {
      const pass = (ms: number): Promise<void> => {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        clock.setTimeout(resolve, ms);
        abortSignal.addEventListener('abort', () => reject(abortSignal.reason as Error));
        return promise;
      };
      await ctx.update(`Looking for ${to}`);
      await pass(3000);
      await ctx.update({ message: 'Found two flights', progress: 1, total: 2 });
      await pass(3000);
      return { code: 'ABC', to };
    },
  });

function playBooking(lines: readonly string[], steps: readonly ScriptedStep[]): Promise<Played & { code: number }> {
  const clock = createVirtualClock();
  return played(lines, steps, { clock, tools: [book(clock)] }, 'a scripted model');
}

const bookingSteps: readonly ScriptedStep[] = [
  call('book', { to: 'Oslo' }),
  'I am looking for flights to Oslo.',
  { text: 'You are welcome.', wordDelayMs: 100 },
  'I found two.',
  'Your flight to Oslo is booked: ABC.',
];

test('S10.2 S10.3 each line is a turn, the timeline is printed, and it ends when the last result was told', async () => {
  const t = await playBooking(['Book me a flight to Oslo', '', 'Thank you'], bookingSteps);
  expect(t.code).toBe(0);
  expect(t.out).toMatchInlineSnapshot(`
    [
      "(a scripted model)",
      " 0:00.0  enter   travel",
      " 0:00.0  user    Book me a flight to Oslo",
      " 0:00.0  task    book#1 started: to=Oslo",
      " 0:00.0  task    book#1: Looking for Oslo",
      " 0:00.0  agent   I am looking for flights to Oslo.",
      " 0:00.0  user    Thank you",
      " 0:00.2  agent   You are welcome.",
      " 0:03.0  task    book#1: Found two flights",
      " 0:03.1  agent   I found two.",
      " 0:03.1  told    book#1 update 1",
      " 0:06.0  task    book#1 completed: {"code":"ABC","to":"Oslo"}",
      " 0:06.1  agent   Your flight to Oslo is booked: ABC.",
      " 0:06.1  told    book#1 result",
      " 0:06.1  end     closed",
    ]
  `);
  t.model.assertComplete();
  const again = await playBooking(['Book me a flight to Oslo', '', 'Thank you'], bookingSteps);
  expect(again.out).toEqual(t.out);
});

test('/wait waits for a time, and without one until all was told', async () => {
  const timed = await playBooking(['Book it', '/wait 1.5s', 'Thank you'], bookingSteps);
  expect(timed.out).toContain(' 0:01.5  user    Thank you');
  const told = await playBooking(
    ['Book it', '/wait', 'Thank you'],
    [...bookingSteps.slice(0, 2), 'I found two.', 'It is booked.', 'Bye.'],
  );
  expect(told.out).toContain(' 0:06.1  user    Thank you');
});

test('/cancel cancels by number, name or nothing; /tasks lists', async () => {
  const t = await playBooking(['Book it', '/tasks', '/cancel 1', '/tasks'], bookingSteps.slice(0, 2));
  expect(t.out.slice(-4)).toEqual([
    'book#1  working  0s  Looking for Oslo',
    ' 0:00.0  task    book#1 cancelled',
    'Nothing is running.',
    ' 0:00.0  end     closed',
  ]);
  expect(t.code).toBe(0);
});

test('/quit ends at once, and cancels what runs', async () => {
  const t = await playBooking(['Book it', '/quit', 'never said'], bookingSteps.slice(0, 2));
  expect(t.out.slice(-2)).toEqual([' 0:00.0  task    book#1 cancelled', ' 0:00.0  end     closed']);
  expect(t.code).toBe(0);
});

test('a line that is no command, and a turn that failed, make the exit code 1; the rest is played', async () => {
  const wrong = await played(['/nope', '/wait long', 'Hello'], ['Hello.']);
  expect(wrong.errors).toEqual([
    'meanwhile: There is no command /nope; there are /tasks, /cancel, /quit, /help. To say it, write //nope.',
    'meanwhile: /wait: expected a time such as 3s, 500ms or 2m, got long.',
  ]);
  expect(wrong.out).toContain(' 0:00.0  agent   Hello.');
  expect(wrong.code).toBe(1);
  const failed = await played(['Hello'], [{ error: new Error('HTTP 401') }]);
  expect(failed.out).toContain(' 0:00.0  error   model: HTTP 401');
  expect(failed.code).toBe(1);
});

test('a question that nobody is left to answer is not waited for', async () => {
  const ask = tool({
    name: 'ask',
    asks: true,
    execute: async (_args, { ctx }) => (await ctx.ask({ message: 'Which one?' })).action,
  });
  const t = await played(['Go'], [call('ask'), 'Which one?'], { tools: [ask] });
  expect(t.out.slice(1)).toEqual([
    ' 0:00.0  user    Go',
    ' 0:00.0  task    ask#1 started',
    ' 0:00.0  task    ask#1 asks: Which one?',
    ' 0:00.0  agent   Which one?',
    ' 0:00.0  task    ask#1 cancelled',
    ' 0:00.0  end     closed',
  ]);
  expect(t.code).toBe(0);
});

test('S8.7 a signal closes the session in time', async () => {
  const stuck = tool({
    name: 'stuck',
    execute: async (_args, { ctx }) => {
      await ctx.update('For ever');
      await new Promise(() => undefined);
    },
  });
  const t = start([call('stuck'), 'It may take a while.'], { tools: [stuck] });
  t.stdin.write('Go\n');
  await t.clock.advance(1000);
  t.signal('SIGTERM');
  await t.clock.advance(5000);
  expect(await t.exit).toBe(143);
  expect(t.out.at(-1)).toMatch(/ end {5}closed$/);
});

test('a reader that has gone ends it', async () => {
  const t = start(['Hello.']);
  await t.clock.settle();
  t.world.stdout.emit('error', new Error('EPIPE'));
  await t.clock.advance(10);
  expect(await t.exit).toBe(1);
});

test('when nothing can happen any more it says so instead of hanging', async () => {
  const stuck = tool({
    name: 'stuck',
    execute: async (_args, { ctx }) => {
      await ctx.update('For ever');
      await new Promise(() => undefined);
    },
  });
  const t = start([call('stuck'), 'It may take a while.'], { tools: [stuck] });
  t.stdin.end('Go\n');
  await t.clock.advance(1000);
  t.starve();
  await t.clock.advance(5000);
  expect(await t.exit).toBe(1);
  expect(t.errors).toEqual(['meanwhile: stuck#1 can never end: nothing is left that it could wait for.']);
});

test('a session that was started before is taken up where it is', async () => {
  const t = createTestSession(['Hello again.']);
  await t.session.start({ agent: new Agent({ name: 'travel', instructions: 'x' }) });
  await drive(t.clock, t.session.say('Welcome.').waitForPlayout());
  const pipe = createPipe(t.clock);
  const exit = play({ session: t.session, start: async () => undefined }, pipe.world);
  pipe.stdin.end('Hello\n');
  expect(await drive(t.clock, exit)).toBe(0);
  expect(pipe.out.map((line) => line.slice(9))).toEqual([
    'agent   Welcome.',
    'user    Hello',
    'agent   Hello again.',
    'end     closed',
  ]);
});

test.each([
  ['100 kB', 'x'.repeat(102_400)],
  ['emoji', '👩‍👩‍👧‍👦🏳️‍🌈 é'],
  ['control characters', 'a\u0000b\u0007c\u001b[31md\u007fe\u0085f'],
  ['separators', 'a\u2028b\u2029c'],
  ['space at both ends', '  a\tb  '],
])(
  'what is typed and said passes unchanged, and is printed on one line without control characters: %s',
  async (_name, text) => {
    const t = await played([text], [text]);
    expect(t.code).toBe(0);
    const words = [...t.session.history].map((item) => (item.kind === 'message' ? messageText(item) : ''));
    expect(words).toEqual([text, text]);
    expect(t.out).toHaveLength(4);
    // oxlint-disable-next-line no-control-regex -- that none is left is the point
    expect(t.out.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  },
);
