/** An update in silence: how soon is the model asked to tell it? */
import { setImmediate as nextTick } from 'node:timers/promises';
import { sampleRounds } from '../measure.ts';
import { createModel, newest, says, type Model } from '../model.ts';
import { lookingUp } from '../script.ts';
import { answer, working } from '../tool.ts';
import { expectSame, type Work } from '../work.ts';

export const work: Work = {
  id: 'update-to-request',
  title: 'update → model request',
  what: 'Nobody speaks. From the call of `ctx.update()` of a background task until the model is asked to tell it, its whole prompt made, with 10,000 items in the context. Ours waits for no others here (`coalesceMs: 0`).',
  cases: [{ id: '10000', label: '10,000 items', unit: 'time', aim: 0.3 }],
  peers: {
    ours,
    livekit,
    aiGenerate: { none: 'a tool has no updates for the model' },
    aiStream: { none: 'a tool has no updates for the model' },
    openai: { none: 'a tool has no updates' },
    floor,
  },
};

async function ours(caseId: string) {
  const { contextOf, openWithTask } = await import('../peers/ours.ts');
  let requests = 0;
  let requestedAt = 0;
  let messages = 0;
  const script = lookingUp();
  const model = createModel((request) => {
    requestedAt = performance.now();
    requests += 1;
    messages = request.prompt.length;
    return newest(request) === 'user' && requests === 1 ? script(request) : says(answer);
  });
  const { session, ctx } = await openWithTask(model, { chatCtx: contextOf(Number(caseId)), coalesceMs: 0 });
  return await sampleRounds({ warmUp: 20, rounds: 60 }, async () => {
    const before = requests;
    const from = performance.now();
    await ctx.update(working);
    await session.waitForIdle();
    await nextTick();
    expectSame('requests', requests - before, 1);
    if (messages < Number(caseId)) throw new Error(`The prompt had only ${String(messages)} messages.`);
    return [requestedAt - from];
  });
}

async function livekit(caseId: string) {
  const { BenchLLM, contextOf, lookingUp, openWithTask, says: chunksOf } = await import('../peers/livekit.ts');
  let requests = 0;
  let requestedAt = 0;
  let items = 0;
  let asked = Promise.withResolvers<void>();
  const script = lookingUp();
  const model = new BenchLLM((context) => {
    requestedAt = performance.now();
    requests += 1;
    items = context.items.length;
    asked.resolve();
    return requests <= 2 ? script(context) : chunksOf(answer);
  });
  const { session, ctx } = await openWithTask(model, contextOf(Number(caseId)));
  return await sampleRounds({ warmUp: 10, rounds: 30 }, async () => {
    asked = Promise.withResolvers();
    const before = requests;
    const from = performance.now();
    await ctx.update(working);
    await asked.promise;
    await session.waitForIdle();
    expectSame('requests', requests - before, 1);
    if (items < Number(caseId)) throw new Error(`The context had only ${String(items)} items.`);
    return [requestedAt - from];
  });
}

async function floor(caseId: string) {
  const { ask, promptOf, userMessage } = await import('../peers/floor.ts');
  let requestedAt = 0;
  const model: Model = createModel(() => {
    requestedAt = performance.now();
    return says(answer);
  });
  const prompt = promptOf(Number(caseId));
  return await sampleRounds({ warmUp: 20, rounds: 60 }, async () => {
    const from = performance.now();
    await Promise.resolve(prompt.push(userMessage(working)));
    const said = await ask(model, prompt);
    expectSame('the answer', said.text, answer);
    return [requestedAt - from];
  });
}
