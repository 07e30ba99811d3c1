/** A result waits while the agent speaks: how soon after its last word is the model asked to tell it? */
import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises';
import { sampleRounds } from '../measure.ts';
import { createModel, heldSpeech, says, type Reply } from '../model.ts';
import { lookingUp } from '../script.ts';
import { answer, question, working } from '../tool.ts';
import { expectSame, type Work } from '../work.ts';

export const work: Work = {
  id: 'quiet-to-request',
  title: 'quiet → model request',
  what: 'The agent is speaking; an update of a background task waits. From the moment the model ends that speech until the model is asked to tell the update. Ours waits for no others here (`coalesceMs: 0`).',
  cases: [{ id: 'quiet', label: '', unit: 'time', aim: 0.1 }],
  peers: {
    ours,
    livekit,
    aiGenerate: { none: 'nothing waits for quiet' },
    aiStream: { none: 'nothing waits for quiet' },
    openai: { none: 'nothing waits for quiet' },
    floor,
  },
};

async function ours() {
  const { openWithTask } = await import('../peers/ours.ts');
  const script = lookingUp();
  let requestedAt = 0;
  let requests = 0;
  let held: ReturnType<typeof heldSpeech> | undefined;
  let next: 'script' | 'hold' | 'tell' = 'script';
  const model = createModel((request): Reply => {
    requestedAt = performance.now();
    requests += 1;
    if (next === 'script') return script(request);
    if (next === 'tell') return says(answer);
    next = 'tell';
    held = heldSpeech('One moment, please');
    return held.stream;
  });
  return await sampleRounds({ warmUp: 40, rounds: 40 }, async () => {
    const samples: number[] = [];
    next = 'script';
    const { session, ctx } = await openWithTask(model, { coalesceMs: 0 });
    for (let count = 0; count < 5; count += 1) {
      next = 'hold';
      await session.sendMessage(question);
      await nextTick();
      await ctx.update(working);
      await nextTick();
      expectSame('the agent', session.agentState, 'speaking');
      const before = requests;
      const from = performance.now();
      held?.end();
      await session.waitForIdle();
      expectSame('requests', requests - before, 1);
      samples.push(requestedAt - from);
    }
    await session.close();
    return samples;
  });
}

async function livekit() {
  const { BenchLLM, lookingUp, openWithTask, says: chunksOf } = await import('../peers/livekit.ts');
  const script = lookingUp();
  let requestedAt = 0;
  let requests = 0;
  let asked = Promise.withResolvers<void>();
  let held = Promise.withResolvers<void>();
  let next: 'script' | 'hold' | 'tell' = 'script';
  const model = new BenchLLM((context) => {
    requestedAt = performance.now();
    requests += 1;
    if (next === 'script') return script(context);
    if (next === 'tell') {
      asked.resolve();
      return chunksOf(answer);
    }
    next = 'tell';
    return { ...chunksOf('One moment, please'), until: held.promise };
  });
  const { session, ctx } = await openWithTask(model);
  return await sampleRounds({ warmUp: 40, rounds: 60 }, async () => {
    next = 'hold';
    held = Promise.withResolvers();
    asked = Promise.withResolvers();
    const speech = session.generateReply({ userInput: question });
    await sleep(5);
    await ctx.update(working);
    await sleep(5);
    expectSame('the speech is over', speech.done(), false);
    const before = requests;
    const from = performance.now();
    held.resolve();
    await asked.promise;
    await session.waitForIdle();
    expectSame('requests', requests - before, 1);
    return [requestedAt - from];
  });
}

async function floor() {
  const { ask, userMessage } = await import('../peers/floor.ts');
  return await sampleRounds({ warmUp: 40, rounds: 40 }, async () => {
    const held = heldSpeech('One moment, please');
    let requestedAt = 0;
    const model = createModel(({ prompt }) => {
      requestedAt = performance.now();
      return prompt.length === 1 ? held.stream : says(answer);
    });
    const prompt = [userMessage(question)];
    const speaking = ask(model, prompt);
    await nextTick();
    prompt.push(userMessage(working));
    const from = performance.now();
    held.end();
    await speaking;
    const told = await ask(model, prompt);
    expectSame('the answer', told.text, answer);
    return [requestedAt - from];
  });
}
