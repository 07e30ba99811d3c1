/** A long conversation, as it is recorded: a user who asks, a tool that works in the background, an agent who tells. */
import { Agent, AgentSession, AsyncToolset, tool, type RestoreOptions, type SessionRecord } from '../../src/index.ts';
import { memory } from '../../src/store/index.ts';
import { scriptedModel } from '../../src/testing/index.ts';

const look = tool({
  name: 'look_up',
  description: 'Looks something up.',
  execute: async (_args, { ctx }) => {
    await ctx.update('Looking it up in the timetable of the summer.');
    return 'Three trains a day: at 7:12, at 12:40 and at 18:05, each with one change in Cologne.';
  },
});

const tools = [new AsyncToolset({ id: 'desk', tools: [look] })];
const agent = (): Agent => new Agent({ name: 'desk', instructions: 'You answer at the desk of a station.' });

/** The first `count` records of one, and those up to the end of a turn, where nothing is open. */
export async function recordsOf(count: number): Promise<SessionRecord[]> {
  const store = memory();
  const turns = Math.ceil(count / recordsOfTurn) + 1;
  const session = new AgentSession({ ...options(turns), store, sessionId: 'call', coalesceMs: 0, contextLimit: 20 });
  await session.start({ agent: agent() });
  for (let turn = 0; turn < turns; turn += 1)
    await session.run({
      userInput: `How do I get to the sea on day ${String(turn)}, with a bicycle and two children?`,
    });
  await session.suspend();
  const all = await store.read('call', 0, count + 2 * recordsOfTurn);
  const end = all.findIndex(({ type, seq }) => type === 'delivery_ended' && seq >= count);
  return all.slice(0, end + 1);
}

const recordsOfTurn = 16;

function options(turns: number) {
  const step = [{ calls: [{ name: 'look_up' }] }, 'One moment, I am looking it up.', 'There are three trains a day.'];
  return { llm: scriptedModel(Array.from({ length: turns }, () => step).flat()), tools, userAwayMs: Infinity };
}

export function restoreOptions(): Omit<RestoreOptions, 'store' | 'sessionId'> {
  return { ...options(0), agents: { desk: agent } };
}
