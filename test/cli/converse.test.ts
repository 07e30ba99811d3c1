import { readFileSync } from 'node:fs';
import { Agent, tool, ToolError } from 'meanwhile';
import type { ScriptedStep } from 'meanwhile/testing';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { converse } from '../../src/cli/terminal/converse.ts';
import { byHand, createTestSession, drive, type TestOptions, type TestSession } from '../support/session.ts';
import { createTerminal, keys, type TerminalOptions, type TestTerminal } from '../support/terminal.ts';

// Node's line editor asks the process, whatever terminal it was given.
beforeEach(() => void vi.stubEnv('TERM', 'xterm-256color'));
afterEach(() => void vi.unstubAllEnvs());

interface Conversation extends TestSession, TestTerminal {
  /** How it ended. */
  readonly exit: Promise<number>;
  /** The exit code, once it has ended. */
  code(): number | undefined;
  /** Types a line and sends it. */
  send(line: string): Promise<void>;
  /** Lets this much time pass, and looks. */
  after(ms: number): Promise<string[]>;
}

async function open(
  steps: readonly ScriptedStep[],
  options: TestOptions = {},
  terminalOptions: TerminalOptions = {},
): Promise<Conversation> {
  const t = createTestSession(steps, options);
  const terminal = createTerminal(t.clock, terminalOptions);
  const agent = new Agent({ name: 'travel', instructions: 'You are a travel agent.' });
  const exit = converse(
    { session: t.session, note: 'a scripted model', start: () => t.session.start({ agent }) },
    terminal.world,
  );
  let code: number | undefined;
  void exit.then((value) => (code = value));
  onTestFinished(() => drive(t.clock, t.session.close()));
  await t.clock.advance(50);
  return {
    ...t,
    ...terminal,
    exit,
    code: () => code,
    send: async (line) => {
      terminal.type(`${line}${keys.enter}`);
      await t.clock.settle();
    },
    after: async (ms) => {
      await t.clock.advance(ms);
      return await terminal.rows();
    },
  };
}

/** A tool that goes to the background and ends when the test says so. */
function slowTool(name: string, done: Promise<unknown>, progress?: object) {
  return tool({
    name,
    description: 'Takes its time.',
    parameters: z.object({ to: z.string() }),
    allowCancellation: true,
    execute: async ({ to }, { ctx }) => {
      await ctx.update(`Looking for ${to}`);
      if (progress) await ctx.update(progress);
      return await done;
    },
  });
}

const call = (name: string, args: object = { to: 'Oslo' }): ScriptedStep => ({ calls: [{ name, args }] });
const slowly = (text: string): ScriptedStep => ({ text, wordDelayMs: 100 });

test('the words of the agent appear as they come, above the line being typed', async () => {
  const t = await open([slowly('One two three four.')]);
  await t.send('Count');
  expect(await t.after(150)).toEqual([
    'meanwhile chat · a scripted model',
    '  Type, and press Enter. /help lists the commands.',
    '',
    '› Count',
    '● One two',
    `─ floor: travel, speaking ${'─'.repeat(33)} Ctrl-C interrupts ─`,
    '›',
  ]);
  t.type('And th');
  await t.clock.settle();
  expect((await t.after(100)).slice(-3)).toEqual([
    '● One two three',
    expect.stringMatching(/^─ floor: you ─+ Ctrl-C interrupts ─$/),
    '› And th',
  ]);
  expect(await t.cursor()).toEqual({ row: 6, column: 8 });
  t.type(keys.left + keys.left);
  await t.clock.settle();
  expect((await t.after(100)).slice(-3)).toEqual([
    '● One two three four.',
    expect.stringMatching(/^─ floor: you ─+ \/help ─$/),
    '› And th',
  ]);
  expect(await t.cursor()).toEqual({ row: 6, column: 6 });
});

test('the terminal that the guide shows is one', async () => {
  const guide = readFileSync(new URL('../../docs/guide/terminal.md', import.meta.url), 'utf8');
  const shown = /```console\n([^`]*)\n```/.exec(guide)?.[1]?.split('\n');
  const search = tool({
    name: 'book_flight',
    execute: async (_args, { ctx }) => {
      await ctx.update('Searching flights from Paris to Tokyo');
      await byHand().promise;
    },
  });
  const words = "I'm searching flights from Paris to Tokyo; I'll tell you when I have something.";
  const t = await open([call('book_flight', {}), words], { tools: [search] });
  await t.send('Book me a flight from Paris to Tokyo');
  await t.clock.advance(3000);
  t.type('And the weather');
  await t.clock.settle();
  expect((await t.after(0)).slice(3)).toEqual(shown);
});

test('what is sent while the agent speaks interrupts it, and its words are shown as cut', async () => {
  const t = await open([slowly('One two three four.'), 'Five.']);
  await t.send('Count');
  await t.clock.advance(150);
  await t.send('Go on');
  const rows = await t.after(100);
  expect(rows.slice(3, -2)).toEqual(['› Count', '● One two— [cut]', '', '› Go on', '● Five.']);
  expect(t.model.prompts[1]?.filter(({ role }) => role === 'assistant')).toMatchObject([
    { content: [{ text: 'One two' }] },
  ]);
});

test('S7.1 a running task has a line with its state, progress, age and newest message', async () => {
  const done = byHand();
  const tools = [slowTool('book', done.promise, { message: 'Found it', progress: 3, total: 8 })];
  const t = await open([call('book'), 'I am looking.', 'Found it.', 'Done.'], { tools });
  await t.send('Book Oslo');
  expect((await t.after(100)).slice(-2)).toEqual(['▸ book#1 working 0s ███░░░░░ 3/8 Found it', '›']);
  expect((await t.after(7000)).at(-2)).toBe('▸ book#1 working 7s ███░░░░░ 3/8 Found it');
  done.resolve();
  const rows = await t.after(100);
  expect(rows.at(-2)).toMatch(/^─ floor: free ─+ \/help ─$/);
  expect(rows).toContain('✓ book#1 completed after 7.1s');
});

test('a question of a task is shown, and answered in plain talk', async () => {
  const ask = tool({
    name: 'book',
    asks: true,
    execute: async (_args, { ctx }) => {
      const { content } = await ctx.ask({
        message: 'Which one, early or late?',
        schema: z.object({ which: z.string() }),
      });
      return `Booked the ${String(content?.which)} one`;
    },
  });
  const answer: ScriptedStep = (request) => ({
    calls: [
      {
        name: 'answer_task',
        args: { call_id: idOfCall(JSON.stringify(request.prompt)), action: 'accept', content: { which: 'late' } },
      },
    ],
  });
  const t = await open([call('book', {}), 'Early or late?', answer, 'Thank you.', 'It is booked.'], { tools: [ask] });
  await t.send('Book');
  expect((await t.after(100)).at(-2)).toBe('▸ book#1 asks you 0s Which one, early or late?');
  await t.send('The late one');
  const rows = await t.after(500);
  expect(rows.filter((row) => row.startsWith('●'))).toEqual(['● Early or late?', '● Thank you.', '● It is booked.']);
  expect(rows.join()).not.toContain('asks you');
});

const idOfCall = (prompt: string): string => /call_\d+/.exec(prompt)?.[0] ?? '';

test('S3.8 while the user types he has the floor; what there is to tell waits until he pauses', async () => {
  const done = byHand<string>();
  const t = await open([call('book'), 'I am looking.', 'It is booked.'], { tools: [slowTool('book', done.promise)] });
  await t.send('Book Oslo');
  await t.clock.advance(100);
  t.type('And');
  await t.clock.settle();
  expect((await t.after(0)).at(-3)).toMatch(/^─ floor: you · 1 task ─/);
  done.resolve('booked');
  expect((await t.after(2900)).at(-2)).toMatch(/^─ floor: you · 1 to tell ─/);
  expect(t.spoken).toEqual(['I am looking.']);
  expect((await t.after(200)).at(-1)).toBe('› And');
  expect(t.spoken).toEqual(['I am looking.', 'It is booked.']);
});

test('a command is not for the agent: while it is typed nobody waits', async () => {
  const t = await open([]);
  t.type('/ta');
  await t.clock.settle();
  expect((await t.after(0)).at(-2)).toMatch(/^─ floor: free ─/);
  t.type(keys.tab);
  await t.clock.settle();
  t.type(keys.enter);
  await t.clock.settle();
  expect(await t.after(50)).toContain('  Nothing is running.');
});

test('S6.4 a task that holds the floor is named in the status line', async () => {
  const hold = byHand();
  const holds = tool({
    name: 'sing',
    execute: async (_args, { ctx }) => {
      await ctx.update('Soon');
      await ctx.foreground(() => hold.promise);
    },
  });
  const t = await open([call('sing', {}), 'Soon.'], { tools: [holds] });
  await t.send('Sing');
  expect((await t.after(100)).at(-3)).toMatch(/^─ floor: sing#1 · 1 task ─/);
  hold.resolve();
  expect((await t.after(100)).at(-2)).toMatch(/^─ floor: free ─/);
});

test('/tasks lists, /cancel cancels, /help helps, and what is no command is said to be none', async () => {
  const t = await open([call('book'), 'I am looking.'], {
    tools: [slowTool('book', byHand().promise)],
    stopTimeoutMs: 10,
  });
  await t.send('Book Oslo');
  await t.clock.advance(100);
  await t.send('/tasks');
  expect(await t.after(50)).toContain('  book#1  working  0s  Looking for Oslo');
  await t.send('/cancel 7');
  expect(await t.after(50)).toContain('  /cancel: no task 7 is running; there are book#1.');
  await t.send('/cancel 1');
  expect(await t.after(50)).toContain('✗ book#1 cancelled after 0.2s');
  await t.send('/cancel');
  expect(await t.after(50)).toContain('  /cancel: expected a task; nothing is running.');
  await t.send('/help');
  expect(await t.after(50)).toContain('  /cancel 1  cancels task 1');
  await t.send('/nope');
  const rows = await t.after(50);
  expect(rows.join(' ')).toContain('There is no command /nope; there are /tasks, /cancel, /quit, /help.');
  expect(t.model.calls).toHaveLength(2);
});

test('/quit and the end of input close the session', async () => {
  const quit = await open([]);
  await quit.send('/quit');
  expect(await quit.exit).toBe(0);
  expect(quit.records.at(-1)?.type).toBe('session_closed');
  const ended = await open([]);
  ended.type(keys.end);
  expect(await ended.exit).toBe(0);
  expect(ended.clock.pending()).toEqual([]);
});

test('Ctrl-C interrupts once; at rest it closes', async () => {
  const t = await open([slowly('One two three four.')]);
  await t.send('Count');
  await t.clock.advance(150);
  t.type(keys.interrupt);
  await t.clock.settle();
  expect((await t.after(5000)).slice(3, -2)).toEqual(['› Count', '● One two— [cut]']);
  expect(t.code()).toBeUndefined();
  t.type(keys.interrupt);
  await t.clock.settle();
  expect(t.code()).toBe(0);
});

test('Ctrl-C twice closes, whatever the agent has begun meanwhile', async () => {
  const done = byHand<string>();
  const t = await open([call('book'), slowly('One two three four.'), slowly('It is booked at last.')], {
    tools: [slowTool('book', done.promise)],
  });
  await t.send('Book Oslo');
  done.resolve('booked');
  await t.clock.advance(150);
  t.type(keys.interrupt);
  await t.clock.settle();
  await t.clock.advance(150);
  expect((await t.rows()).at(-2)).toMatch(/^─ floor: travel, speaking/);
  t.type(keys.interrupt);
  await t.clock.settle();
  expect(t.code()).toBe(0);
});

test('Ctrl-C forgets what was typed before it does anything else', async () => {
  const t = await open([slowly('One two three four.')]);
  await t.send('Count');
  await t.clock.advance(150);
  t.type(`nonsense${keys.interrupt}`);
  await t.clock.settle();
  expect((await t.after(100)).at(-1)).toBe('›');
  expect((await t.after(1000)).slice(3, -2)).toEqual(['› Count', '● One two three four.']);
});

test('S8.7 a hang-up closes in time, also when a body does not stop', async () => {
  const t = await open([call('book'), 'I am looking.'], {
    tools: [slowTool('book', byHand().promise)],
    closeTimeoutMs: 5000,
  });
  await t.send('Book Oslo');
  await t.clock.advance(100);
  t.signal('SIGHUP');
  await t.clock.advance(5000);
  expect(t.code()).toBe(129);
  expect(t.records.at(-1)?.type).toBe('session_closed');
  expect(t.clock.pending()).toEqual([]);
});

test('a terminal that is gone closes the session', async () => {
  const t = await open([]);
  t.world.stdout.emit('error', new Error('EIO'));
  await t.clock.settle();
  expect(t.code()).toBe(129);
});

test('Ctrl-C while a task runs asks for a second one, which closes; a third leaves at once', async () => {
  const t = await open([call('book'), 'I am looking.'], { tools: [slowTool('book', byHand().promise)] });
  const press = async (): Promise<void> => {
    t.type(keys.interrupt);
    await t.clock.settle();
  };
  await t.send('Book Oslo');
  await t.clock.advance(100);
  await press();
  expect(await t.after(3000)).toContain('  A task is running. Ctrl-C again closes, and cancels.');
  await press();
  await t.clock.advance(1000);
  expect(t.code()).toBeUndefined();
  await press();
  expect((await t.after(100)).at(-3)).toMatch(/^─ floor: closing · 1 task ─+$/);
  await press();
  expect(t.code()).toBe(130);
});

test('narrow: at 40 columns nothing is wider than the terminal, and the panel is whole', async () => {
  const text = 'I am looking for flights to Oslo and will tell you when there is something to tell.';
  const t = await open(
    [call('book', { to: 'a far away place in the north' }), text],
    { tools: [slowTool('book', byHand().promise, { progress: 1, total: 3 })] },
    { columns: 40 },
  );
  await t.send('Book me a flight to a far away place in the north');
  t.type('a question that is longer than one line of this terminal');
  await t.clock.settle();
  expect(await t.after(100)).toMatchInlineSnapshot(`
    [
      "meanwhile chat · a scripted model",
      "  Type, and press Enter. /help lists",
      "  the commands.",
      "",
      "› Book me a flight to a far away place",
      "  in the north",
      "● I am looking for flights to Oslo and",
      "  will tell you when there is something",
      "  to tell.",
      "─ floor: you · 1 task ───────── /help ─",
      "▸ book#1 working 0s 1/3 Looking for a…",
      "› a question that is longer than one li",
      "  ne of this terminal",
    ]
  `);
});

test('a terminal that becomes narrower or wider is drawn anew, and nothing stays behind', async () => {
  const t = await open(
    [slowly('One two three four five six seven eight nine ten eleven twelve.')],
    {},
    { columns: 60, rows: 20 },
  );
  await t.send('Count');
  t.type('typing');
  await t.clock.advance(650);
  await t.resize(30, 20);
  expect((await t.after(100)).slice(-5)).toEqual([
    '› Count',
    '● One two three four five six',
    '  seven eight',
    expect.stringMatching(/^─ floor: you ─+$/),
    '› typing',
  ]);
  await t.resize(60, 20);
  const rows = await t.after(1000);
  expect(rows.filter((row) => row.startsWith('› typing'))).toHaveLength(1);
  expect(rows.filter((row) => row.startsWith('─'))).toHaveLength(1);
});

test('wide characters take two cells, in what is said and in what is typed', async () => {
  const t = await open([`${'東京へ'.repeat(10)}。`], {}, { columns: 30 });
  await t.send('日本語');
  t.type('飛行機');
  await t.clock.settle();
  const rows = await t.after(100);
  expect(rows.filter((row) => /[東京へ]/.test(row))).toEqual([
    '● 東京へ東京へ東京へ東京へ東',
    '  京へ東京へ東京へ東京へ東京',
    '  へ東京へ。',
  ]);
  expect(await t.cursor()).toEqual({ row: rows.length - 1, column: 8 });
});

test('what others write to the output stands above, and waits for the end of a sentence', async () => {
  const t = await open([slowly('One two three.')]);
  t.write('a log line\nand another\n');
  expect((await t.after(50)).slice(2, -2)).toEqual(['  a log line', '  and another']);
  await t.send('Count');
  await t.clock.advance(150);
  t.write('in between\n');
  expect(await t.after(50)).not.toContain('  in between');
  expect((await t.after(200)).slice(-4, -2)).toEqual(['● One two three.', '  in between']);
});

test('what goes wrong is shown once', async () => {
  const fails = tool({
    name: 'book',
    execute: () => {
      throw new ToolError('The card was declined.');
    },
  });
  const t = await open([call('book', {}), 'It was declined.', { error: new Error('HTTP 401') }], { tools: [fails] });
  await t.send('Book');
  expect(await t.after(100)).toContain('✗ book#1 failed after 0.0s: The card was declined.');
  await t.send('Again');
  expect((await t.after(100)).filter((row) => row.startsWith('!'))).toEqual(['! model: HTTP 401']);
});

test('nothing that a model or a tool says can move the cursor', async () => {
  const t = await open([slowly('A\u001B[2J\u001B[H B\rC\u0007 D')]);
  await t.send('Go');
  expect((await t.after(1000)).slice(3, -2)).toEqual(['› Go', '● A BC D']);
});

test('colours only where they are wanted', async () => {
  const written = async (env: Record<string, string>) => {
    const t = await open(['Hello.'], {}, { env });
    await t.send('Hi');
    await t.clock.advance(50);
    return t.written.join('');
  };
  const green = '\u001B[32m';
  expect(await written({})).toContain(green);
  expect(await written({ NO_COLOR: '1' })).not.toContain(green);
});

test('Ctrl-L clears, and history comes back with the arrow', async () => {
  const t = await open(['Hello.']);
  await t.send('Hi');
  await t.clock.advance(50);
  t.type(keys.clear + keys.up);
  await t.clock.settle();
  const rows = await t.after(50);
  expect(rows.slice(-2)).toEqual([expect.stringMatching(/^─ floor: you/), '› Hi']);
  expect(rows.join()).not.toContain('Hello');
});
