/** A call of the model until its first update is the call's output. */
import { setImmediate as nextTick } from 'node:timers/promises';
import { sampleRounds } from '../measure.ts';
import { look, working, type LookUp } from '../tool.ts';
import { expectSame, type Measured, type Work } from '../work.ts';

/** In a round. */
const calls = 50;

export const work: Work = {
  id: 'tool-call',
  title: 'tool call → first update',
  what: 'From the call as the model gives it until its first `ctx.update()` is its output: arguments parsed and validated, duplicates looked for, the body begun. The engine (LiveKit: the executor) without a session; other calls of the same tool run in the background meanwhile.',
  cases: [
    { id: '0', label: '0 running', unit: 'time', aim: 0.003 },
    { id: '10000', label: '10,000 running', unit: 'time', aim: 0.003 },
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

async function ours(caseId: string) {
  const { createEngine } = await import('meanwhile');
  const { lookUp, silentHost } = await import('../peers/ours.ts');
  const tool = lookUp(async ({ n }, { ctx }) => {
    await ctx.update(working);
    await bodies.until(n);
  });
  const engine = createEngine({ conversation: silentHost });
  const { engineTools: tools } = await engine.tools([tool]);
  const speech = {
    interrupted: false,
    allowInterruptions: true,
    waitForPlayout: () => Promise.resolve(),
    interrupt() {},
  };
  const bodies = createBodies(Number(caseId), async (n) => {
    const speechId = `speech_${String(n)}`;
    const turn = {
      speechId,
      step: 0,
      activityId: 'agent',
      tools,
      toolsAllowed: true,
      speech: { ...speech, id: speechId },
    };
    const incoming = { wireId: `call_${String(n)}`, toolName: look.name, argumentsText: JSON.stringify({ n }) };
    const from = performance.now();
    const { output, background } = await engine.start(incoming, turn).first;
    const took = performance.now() - from;
    engine.turnEnded(speechId, []);
    return { took, told: background && output.text.includes(working) };
  });
  return await bodies.sample(() => engine.tasks.list().length);
}

async function livekit(caseId: string) {
  const { BenchLLM, createExecutor, lookingUp, lookUp, openSession } = await import('../peers/livekit.ts');
  const tool = lookUp(async ({ n }, { ctx }) => {
    await ctx.update(working);
    await bodies.until(n);
  });
  const session = await openSession(new BenchLLM(lookingUp()), [tool]);
  const executor = await createExecutor(session);
  const bodies = createBodies(Number(caseId), async (n) => {
    const { took, output } = await executor.execute(tool, `call_${String(n)}`, { n });
    return { took, told: output.includes(working) };
  });
  return await bodies.sample(() => executor.running());
}

async function floor(caseId: string) {
  const { callBody } = await import('../peers/floor.ts');
  const running = new Map<string, Promise<unknown>>();
  const body = async ({ n }: LookUp, update: (text: string) => void): Promise<void> => {
    update(working);
    await bodies.until(n);
  };
  const bodies = createBodies(Number(caseId), async (n) => {
    const text = JSON.stringify({ n });
    const from = performance.now();
    const first = await callBody(running, `call_${String(n)}`, text, body);
    return { took: performance.now() - from, told: first === working };
  });
  return await bodies.sample(() => running.size);
}

interface Started {
  /** From the call until its first update was its output, in ms. */
  readonly took: number;
  readonly told: boolean;
}

/** So many bodies that go on for ever, and then one at a time that ends before the next is called. */
function createBodies(running: number, start: (n: number) => Promise<Started>) {
  const never = new Promise<void>(() => undefined);
  let ended = Promise.withResolvers<void>();
  let last = 0;
  async function call(): Promise<number> {
    const { took, told } = await start(last);
    expectSame('the first output is the update', told, true);
    last += 1;
    return took;
  }
  return {
    until: (n: number) => (n < running ? never : ended.promise),
    async sample(count: () => number): Promise<Measured> {
      while (last < running) await call();
      return await sampleRounds({ warmUp: 20, rounds: 20 }, async () => {
        const samples: number[] = [];
        for (let each = 0; each < calls; each += 1) {
          ended = Promise.withResolvers();
          samples.push(await call());
          ended.resolve();
          await nextTick();
        }
        expectSame('running', count(), running);
        return samples;
      });
    },
  };
}
