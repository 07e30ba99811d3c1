/** How long a session that does nothing takes to end. */
import { sampleRounds, timed } from '../measure.ts';
import { createModel } from '../model.ts';
import { lookingUp } from '../script.ts';
import { answer, found, question } from '../tool.ts';
import { expectSame, type Work } from '../work.ts';

export const work: Work = {
  id: 'close',
  title: '`close()` of an idle session',
  what: 'From the call of `close()` until it has resolved, for a session that has played a turn and is at rest.',
  cases: [{ id: 'idle', label: '', unit: 'time', aim: 1 }],
  peers: {
    ours,
    livekit,
    aiGenerate: { none: 'has no session' },
    aiStream: { none: 'has no session' },
    openai: { none: 'has no session' },
    floor: { none: 'nothing to close' },
  },
};

async function ours() {
  const { lookUp, openSession } = await import('../peers/ours.ts');
  const tool = lookUp(({ n }) => found(n));
  return await sampleRounds({ warmUp: 50, rounds: 50 }, async () => {
    const session = await openSession(createModel(lookingUp()), { tools: [tool] });
    expectSame('the answer', (await session.run({ userInput: question })).text, answer);
    return [await timed(() => session.close())];
  });
}

async function livekit() {
  const { BenchLLM, lookingUp: script, lookUp, openSession, playTurn } = await import('../peers/livekit.ts');
  const tool = lookUp(({ n }) => Promise.resolve(found(n)));
  return await sampleRounds({ warmUp: 2, rounds: 5 }, async () => {
    const session = await openSession(new BenchLLM(script()), [tool]);
    expectSame('the answer', await playTurn(session, question), answer);
    return [await timed(() => session.close())];
  });
}
