/** A conversation on a terminal that goes on in another process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, AgentSession, tool, type SessionStore } from 'meanwhile';
import { memory } from 'meanwhile/store';
import { createVirtualClock, scriptedModel, type ScriptedStep } from 'meanwhile/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { beginKept, idsIn, openKept, openStore, resumeKept, type Keeping } from '../../src/cli/kept.ts';
import type { LoadedTalk } from '../../src/cli/load.ts';
import type { Talk } from '../../src/cli/open.ts';
import { converse } from '../../src/cli/terminal/converse.ts';
import { createTerminal, keys } from '../support/terminal.ts';

const userKey = '/agent.ts';
const keep = (store: SessionStore): Keeping => ({ store, userKey, close: () => Promise.resolve() });

const book = tool({
  name: 'book_flight',
  idempotent: true,
  execute: async (_args, { ctx, abortSignal }) => {
    await ctx.update('Searching', { key: 'search' });
    if (ctx.resumed) return 'Seat 7A.';
    return await new Promise((_done, fail) => abortSignal.addEventListener('abort', () => fail(new Error('aborted'))));
  },
});

/** A process: it has the module as it loads it, and a clock of its own. */
function startProcess(steps: readonly ScriptedStep[], more: Partial<LoadedTalk> = {}) {
  const clock = createVirtualClock();
  const llm = scriptedModel(steps, { clock });
  const agent = new Agent({ name: 'travel', instructions: 'You are a travel agent.', llm, tools: [book] });
  const terminal = createTerminal(clock);
  return { clock, terminal, loaded: { file: 'agent.ts', agent, ...more } satisfies LoadedTalk };
}

/** The same, with a booking that goes on when the user has gone. */
function finishing({ options: { llm = scriptedModel([]) } }: Agent): Agent {
  const { execute } = book;
  const goesOn = tool({
    name: 'book_flight',
    idempotent: true,
    whenSessionEnds: 'finish',
    execute: (args, options) => execute(args, options as never),
  });
  return new Agent({ name: 'travel', instructions: 'You are a travel agent.', llm, tools: [goesOn] });
}

type Process = ReturnType<typeof startProcess>;

async function show({ clock, terminal }: Process, talk: Talk | undefined) {
  if (!talk) throw new Error('There is no conversation.');
  vi.stubEnv('TERM', 'xterm-256color');
  const exit = converse(talk, terminal.world);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await clock.runUntil(talk.session.close());
  });
  await clock.advance(200);
  return {
    exit,
    send: async (line: string) => {
      terminal.type(`${line}${keys.enter}`);
      await clock.advance(100);
    },
  };
}

async function crash(store: SessionStore): Promise<void> {
  const first = startProcess([{ calls: [{ name: 'book_flight' }] }, 'I am searching.']);
  const { send } = await show(first, beginKept(first.loaded, first.terminal.world, keep(store)));
  await send('Book me a flight');
  // Its clock stands: nobody renews its lease.
}

test('what was said is there, where the process ended is marked, and what it was doing ends and is told', async () => {
  const leases = createVirtualClock();
  const store = memory({ clock: leases });
  await crash(store);
  await leases.advance(10_000);
  const second = startProcess(['It is booked: seat 7A.']);
  const [id = ''] = await idsIn(keep(store));
  const { terminal } = second;
  const talk = await resumeKept(second.loaded, terminal.world, keep(store), { sessionId: id });
  await show(second, talk);
  expect(await terminal.rows()).toEqual([
    'meanwhile chat',
    '  Type, and press Enter. /help lists the commands.',
    '',
    '› Book me a flight',
    '● I am searching.',
    expect.stringMatching(/^↻ The process ended here\. It goes on, \d+s later\.$/),
    expect.stringMatching(/^✓ book_flight#1 completed after/),
    '● It is booked: seat 7A.',
    expect.stringMatching(/^─ floor: free ─+ \/help ─$/),
    '›',
  ]);
});

test('who leaves with Ctrl-C while something runs is told that it goes on, and finds it when he comes back; /quit ends it', async () => {
  const store = memory({ clock: createVirtualClock() });
  const first = startProcess([{ calls: [{ name: 'book_flight' }] }, 'I am searching.']);
  const { send, exit } = await show(first, beginKept(first.loaded, first.terminal.world, keep(store)));
  await send('Book me a flight');
  first.terminal.type(keys.interrupt);
  await first.clock.advance(10);
  expect((await first.terminal.rows()).join('\n')).toContain('Ctrl-C again leaves; they go on when you come back.');
  first.terminal.type(keys.interrupt);
  expect(await first.clock.runUntil(exit)).toBe(0);

  // The lease was given back: nobody waits.
  const second = startProcess(['It is booked.']);
  const [id = ''] = await idsIn(keep(store));
  const talk = await resumeKept(second.loaded, second.terminal.world, keep(store), { sessionId: id });
  const { send: sendSecond, exit: exitSecond } = await show(second, talk);
  expect((await second.terminal.rows()).join('\n')).toContain('● It is booked.');
  await sendSecond('/quit');
  expect(await second.clock.runUntil(exitSecond)).toBe(0);

  const third = startProcess([]);
  expect(await resumeKept(third.loaded, third.terminal.world, keep(store), { sessionId: id })).toBeUndefined();
});

test('a conversation that is over while its tasks go on is none to come back to; what they end in is told in the next', async () => {
  const leases = createVirtualClock();
  const store = memory({ clock: leases });
  const first = startProcess([{ calls: [{ name: 'book_flight' }] }, 'I am searching.']);
  const { clock, loaded, terminal } = first;
  const talk = beginKept({ ...loaded, agent: finishing(loaded.agent) }, terminal.world, keep(store));
  const { send } = await show(first, talk);
  await send('Book me a flight');
  await clock.runUntil(talk.session.close());
  const records = await store.read(talk.sessionId, 0);
  expect(records.map(({ type }) => type)).toContain('session_ended');
  await leases.advance(10_000);
  const second = startProcess(['By the way: your flight is booked.']);
  const again = { ...second.loaded, agent: finishing(second.loaded.agent) };
  const resumed = resumeKept(again, second.terminal.world, keep(store), { sessionId: talk.sessionId });
  expect(await resumed).toBeUndefined();
  await show(second, beginKept(again, second.terminal.world, keep(store)));
  await second.clock.advance(3_000);
  expect((await second.terminal.rows()).join('\n')).toContain('● By the way: your flight is booked.');
});

test('a conversation that another process has is not taken from it', async () => {
  const store = memory({ clock: createVirtualClock() });
  await crash(store);
  const [sessionId = ''] = await idsIn(keep(store));
  const { clock, loaded, terminal } = startProcess([]);
  const refused = openKept(loaded, terminal.world, keep(store), { sessionId });
  await expect(clock.runUntil(refused)).rejects.toThrow(
    'the conversation with agent.ts goes on in another process; end that one, or use another store.',
  );
  const fresh = openKept(loaded, terminal.world, keep(store), { sessionId, ifTaken: 'new' });
  expect((await clock.runUntil(fresh)).sessionId).not.toBe(sessionId);
});

test('an agent that the file does not make any more is told of; one in `agents` is found', async () => {
  const leases = createVirtualClock();
  const store = memory({ clock: leases });
  await crash(store);
  await leases.advance(10_000);
  const [sessionId = ''] = await idsIn(keep(store));
  const { clock, loaded, terminal } = startProcess([]);
  const other = new Agent({
    name: 'other',
    instructions: 'You are another.',
    llm: loaded.agent.options.llm ?? scriptedModel([]),
  });
  const without = openKept({ ...loaded, agent: other }, terminal.world, keep(store), { sessionId });
  await expect(clock.runUntil(without)).rejects.toThrow(
    'agents has no "travel", which was talking; it has: other. Add it.',
  );
  const agents = { travel: () => loaded.agent };
  const talk = await clock.runUntil(
    openKept({ ...loaded, agent: other, agents }, terminal.world, keep(store), { sessionId }),
  );
  expect(talk.session.currentAgent?.name).toBe('travel');
  await clock.runUntil(talk.session.close());
});

test('a file that makes its own session is not kept by --store, and keeps itself without a word', async () => {
  const session = new AgentSession({ llm: scriptedModel([]) });
  const { loaded } = startProcess([], { session, store: memory() });
  await expect(openStore(loaded, 'calls.db', '/')).rejects.toThrow(
    'agent.ts makes its own session, so --store is not for it; give that session a store, or export an agent.',
  );
  expect(await openStore(loaded, undefined, '/')).toBeUndefined();
});

test('the file’s own store is used, and a store that cannot be opened is told of in one sentence', async () => {
  const store = memory();
  const { loaded } = startProcess([], { store });
  expect(await openStore(loaded, undefined, '/')).toMatchObject({ store, userKey: '/agent.ts' });
  const folder = mkdtempSync(join(tmpdir(), 'meanwhile-kept-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  await expect(openStore(loaded, 'no-folder/calls.db', folder)).rejects.toThrow(/^no-folder\/calls\.db: /);
});
