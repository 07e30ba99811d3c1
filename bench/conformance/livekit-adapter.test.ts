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

  test('D-03 a result that comes while an AgentTask runs is told when it has ended, by the agent that has it', async () => {
    const search = handTool('search');
    const named = Promise.withResolvers<AskName>();
    class AskName extends voice.AgentTask<string> {
      override async onEnter(): Promise<void> {
        named.resolve(this);
        await Promise.resolve();
      }
    }
    const checkIn = llm.tool({
      name: 'check_in',
      description: 'Checks in.',
      execute: async () => await new AskName({ instructions: 'You ask for the name.' }).run(),
    });
    talk = await openTalk(kind, {
      tools: [search.tool, checkIn],
      answers: [[{ call: 'c1', name: 'search' }], ['I am on it.'], [{ call: 'c2', name: 'check_in' }]],
    });
    await talk.userSays('Hotels, please.');
    await talk.userSays('And check me in.');
    const task = await named.promise;
    expect(talk.session.currentAgent).toBe(task);
    search.end.resolve('3 hotels');
    await talk.rest(10_000);
    const inTask = talk.model.requests.length;
    task.complete('Ada');
    await talk.rest(10_000);
    const telling = talk.model.requests.slice(inTask).find(({ lines }) => lines.at(-1)?.includes('c1_final'));
    expect(inTask).toBe(ours ? 3 : 4);
    expect(telling?.lines.some((line) => line.includes('3 hotels')) === true).toBe(ours);
  });

  test('D-12 a handoff does not wait for a tool in the background; its result is told by the next agent', async () => {
    const search = handTool('search');
    talk = await openTalk(kind, {
      tools: [search.tool],
      answers: [[{ call: 'c1', name: 'search' }], ['I am on it.'], ['Three hotels.']],
    });
    await talk.userSays('Hotels, please.');
    const agents = newAgents(talk);
    talk.session.updateAgent(new voice.Agent({ id: 'billing', instructions: 'You bill.' }));
    await talk.rest(10_000);
    expect(agents.includes('billing')).toBe(ours);
    search.end.resolve('3 hotels');
    await talk.rest(60_000);
    expect(said(talk).includes('Three hotels.')).toBe(ours);
  });

  test('D-09 what a tool says arrives as it was said', async () => {
    const price = llm.tool({
      name: 'price',
      description: 'Tells a price.',
      execute: async (_args, { ctx }) => {
        await ctx.update('It is $$5, not $& or {callId}.');
        return undefined;
      },
    });
    talk = await openTalk(kind, { tools: [price], answers: [[{ call: 'c1', name: 'price' }], ['Five.']] });
    await talk.userSays('How much?');
    expect(talk.newest.join('\n').includes('It is $$5, not $& or {callId}.')).toBe(ours);
  });

  test('D-16 of two handoffs in one step the first counts, and the other is an error', async () => {
    const to = (id: string) => {
      const agent = new voice.Agent({ id, instructions: `You are ${id}.` });
      const name = `to_${id}`;
      const execute = () => Promise.resolve(llm.handoff({ agent, returns: `This is ${id}.` }));
      return llm.tool({ name, description: `Hands over to ${id}.`, execute });
    };
    talk = await openTalk(kind, {
      tools: [to('billing'), to('sales')],
      answers: [
        [
          { call: 'c1', name: 'to_billing' },
          { call: 'c2', name: 'to_sales' },
        ],
        ['Putting you through.'],
      ],
    });
    await talk.userSays('Billing, or sales.');
    await talk.rest(1000);
    expect(talk.session.currentAgent.id === 'billing').toBe(ours);
    expect(talk.newest.some((line) => line.includes('not handed over to sales'))).toBe(ours);
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

// Alone, the run never ends, and the process does: LiveKit rejects a promise that nobody awaits.
test('D-10 a session.run() in which a tool goes to the background ends, and so does the next', async () => {
  const search = handTool('search');
  talk = await openTalk('with meanwhile', {
    tools: [search.tool],
    answers: [[{ call: 'c1', name: 'search' }], ['I am on it.'], ['Three hotels.'], ['You are welcome.']],
  });
  const first = talk.session.run({ userInput: 'Hotels, please.' });
  search.end.resolve('3 hotels');
  await talk.rest(1000);
  expect(first.done()).toBe(true);
  const second = talk.session.run({ userInput: 'Thanks.' });
  await talk.rest(1000);
  expect(second.done()).toBe(true);
});

/** The ids of the agents that come from now on. */
function newAgents({ session }: Talk): string[] {
  const ids: string[] = [];
  session.on(voice.AgentSessionEventTypes.ConversationItemAdded, ({ item }) => {
    if (item.type === 'agent_handoff') ids.push(item.newAgentId);
  });
  return ids;
}

/** What the agent has said, as the session's history has it. */
function said({ session }: Talk): string[] {
  return session.history.items.flatMap((item) =>
    item.type === 'message' && item.role === 'assistant' ? [(item.textContent ?? '').trim()] : [],
  );
}
