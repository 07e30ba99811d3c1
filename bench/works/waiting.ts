/** Sessions that have something to tell and wait for quiet: what do they burn? */
import { setTimeout as sleep } from 'node:timers/promises';
import { createModel, heldSpeech, says } from '../model.ts';
import { lookingUp } from '../script.ts';
import { answer, question, working } from '../tool.ts';
import { expectSame, type Measured, type Work } from '../work.ts';

export const work: Work = {
  id: 'waiting',
  title: 'CPU of 100 sessions whose results wait for quiet',
  what: 'In each session the agent is speaking, and an update of a background task waits for its end. The CPU time of the process over three seconds in which nothing happens, in percent of one core.',
  cases: [{ id: '100', label: '', unit: 'percent', aim: 0.5 }],
  peers: {
    ours,
    livekit,
    aiGenerate: { none: 'nothing waits for quiet' },
    aiStream: { none: 'nothing waits for quiet' },
    openai: { none: 'nothing waits for quiet' },
    floor,
  },
};

const sessions = 100;
const settleMs = 1000;
const watchedMs = 3000;

/** `stillWaiting`: how many have told nothing yet, before and after. */
async function watchCpu(stillWaiting: () => number): Promise<Measured> {
  await sleep(settleMs);
  expectSame('sessions that wait', stillWaiting(), sessions);
  const from = performance.now();
  const before = process.cpuUsage();
  await sleep(watchedMs);
  const { user, system } = process.cpuUsage(before);
  const percent = (user + system) / 10 / (performance.now() - from);
  expectSame('sessions that wait', stillWaiting(), sessions);
  return { value: percent };
}

async function ours() {
  const { openWithTask } = await import('../peers/ours.ts');
  let told = 0;
  const opened: { readonly agentState: string }[] = [];
  for (let count = 0; count < sessions; count += 1) {
    const script = lookingUp();
    let next: 'script' | 'hold' | 'tell' = 'script';
    const model = createModel((request) => {
      if (next === 'script') return script(request);
      if (next === 'hold') {
        next = 'tell';
        return heldSpeech('One moment, please').stream;
      }
      told += 1;
      return says(answer);
    });
    const { session, ctx } = await openWithTask(model);
    next = 'hold';
    await session.sendMessage(question);
    await ctx.update(working);
    opened.push(session);
  }
  return await watchCpu(() => opened.filter(({ agentState }) => agentState === 'speaking').length - told);
}

async function livekit() {
  const { BenchLLM, lookingUp: scriptOf, openWithTask, says: chunksOf } = await import('../peers/livekit.ts');
  let told = 0;
  const opened: { done(): boolean }[] = [];
  for (let count = 0; count < sessions; count += 1) {
    const script = scriptOf();
    let next: 'script' | 'hold' | 'tell' = 'script';
    const model = new BenchLLM((context) => {
      if (next === 'script') return script(context);
      if (next === 'hold') {
        next = 'tell';
        return { ...chunksOf('One moment, please'), until: new Promise(() => undefined) };
      }
      told += 1;
      return chunksOf(answer);
    });
    const { session, ctx } = await openWithTask(model);
    next = 'hold';
    opened.push(session.generateReply({ userInput: question }));
    await sleep(5);
    await ctx.update(working);
  }
  return await watchCpu(() => opened.filter((speech) => !speech.done()).length - told);
}

async function floor() {
  const waiting = Array.from({ length: sessions }, () => Promise.withResolvers<void>());
  let told = 0;
  for (const { promise } of waiting) void promise.then(() => (told += 1));
  return await watchCpu(() => waiting.length - told);
}
