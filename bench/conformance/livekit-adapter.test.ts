/**
 * What LiveKit Agents 1.9.0 loses on its way, and what becomes of it with the adapter: each test plays the same talk,
 * with the same tools, twice.
 */
import { initializeLogger, llm, voice } from '@livekit/agents';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { kinds, openTalk, type Talk } from './livekit-talk.ts';

initializeLogger({ pretty: false, level: 'silent' });

let talk: Talk | undefined;

beforeEach(() => {
  const toFake = [
    'setTimeout',
    'clearTimeout',
    'setInterval',
    'clearInterval',
    'setImmediate',
    'clearImmediate',
    'Date',
  ] as const;
  vi.useFakeTimers({ toFake: [...toFake] });
});

afterEach(async () => {
  void talk?.session.close();
  await vi.advanceTimersByTimeAsync(20_000);
  vi.useRealTimers();
});

/** A tool that says that it has begun, and then waits for the hand of the test. */
function handTool(name: string) {
  const end = Promise.withResolvers<unknown>();
  const made = llm.tool({
    name,
    description: `Does ${name}.`,
    execute: async (_args, { ctx }) => {
      await ctx.update('Began.');
      return await end.promise;
    },
  });
  return { tool: made, end };
}

describe.each(kinds)('%s', (kind) => {
  const ours = kind === 'with meanwhile';

  test('D-01 an error after the first update is told', async () => {
    const charge = handTool('charge');
    talk = await openTalk(kind, {
      tools: [charge.tool],
      answers: [[{ call: 'c1', name: 'charge' }], ['I am charging your card.'], ['It was declined.']],
    });
    await talk.userSays('Charge my card.');
    charge.end.reject(new llm.ToolError('the card was declined'));
    await talk.rest(60_000);
    expect(talk.newest.includes('error c1_final: the card was declined')).toBe(ours);
    expect(talk.model.requests).toHaveLength(ours ? 3 : 2);
  });

  test('D-02 an agent returned after the first update is handed over to; its instructions are told to nobody', async () => {
    const transfer = handTool('transfer');
    const billing = new voice.Agent({ id: 'billing', instructions: 'Secret: never give refunds.' });
    talk = await openTalk(kind, {
      tools: [transfer.tool],
      answers: [[{ call: 'c1', name: 'transfer' }], ['One moment.'], ['Putting you through.'], ['Billing here.']],
    });
    await talk.userSays('Billing, please.');
    transfer.end.resolve(llm.handoff({ agent: billing, returns: 'Billing is free.' }));
    await talk.rest(60_000);
    expect(talk.newest.join('\n').includes('Secret')).toBe(!ours);
    expect(talk.session.currentAgent === billing).toBe(ours);
    expect(talk.newest.includes('output c1_final: Billing is free.')).toBe(ours);
  });

  test('D-20 a result whose telling failed is told again', async () => {
    const search = handTool('search');
    talk = await openTalk(kind, {
      tools: [search.tool],
      answers: [[{ call: 'c1', name: 'search' }], ['I am on it.'], [new Error('overloaded')], ['Three hotels.']],
    });
    await talk.userSays('Hotels, please.');
    search.end.resolve('3 hotels');
    await talk.rest(60_000);
    expect(talk.model.requests).toHaveLength(ours ? 4 : 3);
    expect(said(talk).includes('Three hotels.')).toBe(ours);
  });

  test('D-21 a result whose telling was cut is told again, as far as it was not heard', async () => {
    const search = handTool('search');
    const rest = Promise.withResolvers<void>();
    talk = await openTalk(kind, {
      tools: [search.tool],
      answers: [[{ call: 'c1', name: 'search' }], ['I am on it.'], ['There are', rest.promise], ['Three hotels.']],
    });
    await talk.userSays('Hotels, please.');
    search.end.resolve('3 hotels');
    await talk.rest(100);
    talk.session.interrupt();
    rest.resolve();
    await talk.rest(60_000);
    expect(talk.model.requests).toHaveLength(ours ? 4 : 3);
    expect(said(talk).includes('Three hotels.')).toBe(ours);
    expect(talk.newest.join('\n').includes('You were cut off after the user had heard: "There are"')).toBe(ours);
  });

  test('D-27 two results that come together are told in one reply', async () => {
    const [hotels, trains] = [handTool('hotels'), handTool('trains')];
    talk = await openTalk(kind, {
      tools: [hotels.tool, trains.tool],
      alone: [
        llm.AsyncToolset.create({ id: 'hotels', tools: [hotels.tool] }),
        llm.AsyncToolset.create({ id: 'trains', tools: [trains.tool] }),
      ],
      answers: [
        [
          { call: 'c1', name: 'hotels' },
          { call: 'c2', name: 'trains' },
        ],
        ['I am on both.'],
        ['Three hotels and two trains.'],
        ['As I said.'],
      ],
    });
    await talk.userSays('Hotels and trains, please.');
    hotels.end.resolve('3 hotels');
    trains.end.resolve('2 trains');
    await talk.rest(60_000);
    expect(talk.model.requests).toHaveLength(ours ? 3 : 4);
  });

  test('D-05 a result is told to a user who is away', async () => {
    const search = handTool('search');
    talk = await openTalk(kind, {
      tools: [search.tool],
      userAwayTimeout: 15,
      answers: [[{ call: 'c1', name: 'search' }], ['I am on it.'], ['Three hotels.']],
    });
    await talk.userSays('Hotels, please.');
    await talk.rest(16_000);
    expect(talk.session.userState).toBe('away');
    search.end.resolve('3 hotels');
    await talk.rest(2000);
    expect(said(talk).includes('Three hotels.')).toBe(ours);
  });

  test('D-07 a result that comes during a handoff is told by the next agent, which has it', async () => {
    const search = handTool('search');
    const leaving = Promise.withResolvers<void>();
    class Leaving extends voice.Agent {
      override async onExit(): Promise<void> {
        await leaving.promise;
      }
    }
    talk = await openTalk(kind, {
      tools: [search.tool],
      alone: [llm.AsyncToolset.create({ id: 'search', tools: [search.tool] })],
      agent: (tools) => new Leaving({ instructions: 'You search.', tools }),
      answers: [[{ call: 'c1', name: 'search' }], ['I am on it.'], ['Three hotels.']],
    });
    await talk.userSays('Hotels, please.');
    talk.session.updateAgent(new voice.Agent({ id: 'billing', instructions: 'You bill.' }));
    await talk.rest();
    search.end.resolve('3 hotels');
    await talk.rest(1000);
    leaving.resolve();
    await talk.rest(60_000);
    const [, , telling] = talk.model.requests;
    expect(telling?.lines[0] === 'system: You bill.' && telling.lines.join('\n').includes('3 hotels')).toBe(ours);
    expect(talk.session.currentAgent.chatCtx.items.some((item) => JSON.stringify(item).includes('3 hotels'))).toBe(
      ours,
    );
  });

  test('D-31 a call whose turn was cut has its output in the next request, and its result is told', async () => {
    const end = Promise.withResolvers<string>();
    const open = Promise.withResolvers<void>();
    const search = llm.tool({ name: 'search', description: 'Searches.', execute: async () => await end.promise });
    talk = await openTalk(kind, {
      tools: [search],
      answers: [['Let me', { call: 'c1', name: 'search' }, open.promise, ' see.'], ['Hello.'], ['Three hotels.']],
    });
    await talk.userSays('Hotels, please.');
    talk.session.interrupt();
    open.resolve();
    await talk.rest(100);
    await talk.userSays('Hello?');
    const [, next] = talk.model.requests;
    expect(next?.lines.some((line) => line.startsWith('output c1: ') && line.includes('search'))).toBe(ours);
    end.resolve('3 hotels');
    await talk.rest(60_000);
    expect(said(talk).includes('Three hotels.')).toBe(ours);
  });

  test('D-47 a telling leaves the system prompt as it is', async () => {
    const search = handTool('search');
    talk = await openTalk(kind, {
      tools: [search.tool],
      answers: [[{ call: 'c1', name: 'search' }], ['I am on it.'], ['Three hotels.']],
    });
    await talk.userSays('Hotels, please.');
    search.end.resolve('3 hotels');
    await talk.rest(60_000);
    const [first, , telling] = talk.model.requests;
    expect(telling?.lines[0] === first?.lines[0]).toBe(ours);
  });
});

/** What the agent has said, as the session's history has it. */
function said({ session }: Talk): string[] {
  return session.history.items.flatMap((item) =>
    item.type === 'message' && item.role === 'assistant' ? [(item.textContent ?? '').trim()] : [],
  );
}
