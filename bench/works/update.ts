/** `ctx.update()` of a background task: does it depend on how much was said before? */
import { sampleRounds, timed } from '../measure.ts';
import { createModel } from '../model.ts';
import { lookingUp } from '../script.ts';
import { working } from '../tool.ts';
import { expectSame, type Work } from '../work.ts';

export const work: Work = {
  id: 'update',
  title: '`update()` of a background task',
  what: 'From the call of `ctx.update()` until it has resolved: the update is in the history. The user is speaking meanwhile, so that nothing is told.',
  cases: [
    { id: '10', label: '10 items', unit: 'time', aim: 0.005 },
    { id: '10000', label: '10,000 items', unit: 'time', aim: 0.005 },
    { id: '100000', label: '100,000 items', unit: 'time', aim: 0.005 },
  ],
  peers: {
    ours,
    livekit,
    aiGenerate: { none: 'a tool has no updates for the model' },
    aiStream: { none: 'a tool has no updates for the model' },
    openai: { none: 'a tool has no updates' },
    floor,
  },
};

/** Few in a round: the context is to be as long at the end as at the beginning. */
const updates = 20;

/** The same code is warm whatever the context: it was run on a short one. `open` answers what makes an update. */
export async function sampleUpdates(items: number, open: (items: number) => Promise<(text: string) => Promise<void>>) {
  const round = async (length: number): Promise<number[]> => {
    const update = await open(length);
    const samples: number[] = [];
    for (let count = 0; count < updates; count += 1) samples.push(await timed(() => update(working)));
    return samples;
  };
  for (let count = 0; count < 200; count += 1) await round(10);
  return await sampleRounds({ warmUp: 1, rounds: items > 10_000 ? 2 : items > 1000 ? 5 : 50 }, () => round(items));
}

async function ours(caseId: string) {
  const { contextOf, openWithTask } = await import('../peers/ours.ts');
  return await sampleUpdates(Number(caseId), async (items) => {
    const { session, ctx } = await openWithTask(createModel(lookingUp()), { chatCtx: contextOf(items) });
    session.userStartedSpeaking();
    return async (text) => {
      const before = session.history.length;
      await ctx.update(text);
      expectSame('items more', session.history.length - before, 1);
    };
  });
}

async function livekit(caseId: string) {
  const { BenchLLM, contextOf, lookingUp, openWithTask } = await import('../peers/livekit.ts');
  return await sampleUpdates(Number(caseId), async (items) => {
    const { session, ctx } = await openWithTask(new BenchLLM(lookingUp()), contextOf(items));
    session._updateUserState('speaking');
    return async (text) => {
      const before = session.history.items.length;
      await ctx.update(text);
      expectSame('items more', session.history.items.length - before, 2);
    };
  });
}

async function floor(caseId: string) {
  const { promptOf, userMessage } = await import('../peers/floor.ts');
  return await sampleUpdates(Number(caseId), (items) => {
    const prompt = promptOf(items);
    return Promise.resolve(async (text: string) => {
      await Promise.resolve(prompt.push(userMessage(text)));
    });
  });
}
