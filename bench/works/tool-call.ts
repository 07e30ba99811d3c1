/** A call of the model until its first update is the call's output. */
import { sampleRounds } from '../measure.ts';
import { calls, createModel, newest, says, type Part } from '../model.ts';
import { answer, look, question, working, type LookUp } from '../tool.ts';
import { expectSame, type Work } from '../work.ts';

const warmUpTurns = 300;
const turns = 300;

export const work: Work = {
  id: 'tool-call',
  title: 'tool call → first update',
  what: 'From the call as the model gives it until its first `ctx.update()` has become its output: arguments parsed and validated, duplicates looked for, the body begun. Other calls of the same tool run in the background meanwhile.',
  cases: [
    { id: '0', label: '0 running', unit: 'time', aim: 0.003 },
    { id: '10000', label: '10,000 running', unit: 'time', aim: 0.003 },
  ],
  peers: {
    ours,
    livekit: { none: 'not measured yet' },
    aiGenerate: { none: 'a tool has no updates for the model' },
    aiStream: { none: 'a tool has no updates for the model' },
    openai: { none: 'a tool has no updates' },
    floor,
  },
};

async function ours(caseId: string) {
  const { lookUp, openSession } = await import('../peers/ours.ts');
  const running = Number(caseId);
  const never = new Promise<void>(() => undefined);
  let handedAt = 0;
  let taken = 0;
  let last = running;
  let ended = Promise.withResolvers<void>();
  const tool = lookUp(async ({ n }, { ctx }) => {
    const told = ctx.update(working);
    taken = performance.now() - handedAt;
    await told;
    await (n < running ? never : ended.promise);
  });
  const before = Array.from({ length: running }, (_, n) => ({ id: `call_${String(n)}`, name: look.name, args: { n } }));
  const model = createModel((request) => {
    if (newest(request) !== 'user') return says(answer);
    if (last === running && before.length > 0) return calls(...before.splice(0));
    const parts = calls({ id: `call_${String(last)}`, name: look.name, args: { n: last } });
    return handedOver(parts, () => (handedAt = performance.now()));
  });
  const session = await openSession(model, { tools: [tool] });
  if (running > 0) await session.run({ userInput: question });
  expectSame('running', session.tasks.list().length, running);
  async function round(count: number): Promise<number[]> {
    const samples: number[] = [];
    for (let turn = 0; turn < count; turn += 1) {
      taken = 0;
      ended = Promise.withResolvers();
      const run = await session.run({ userInput: question });
      expectSame('the answer', run.text, answer);
      expectSame('running', session.tasks.list().length, running + 1);
      samples.push(taken);
      ended.resolve();
      last += 1;
    }
    return samples;
  }
  await round(running > 0 ? 100 : warmUpTurns);
  return await sampleRounds({ warmUp: 0, rounds: 1 }, () => round(turns));
}

/** Parts on demand: the moment a call is handed over is known. */
function handedOver(parts: readonly Part[], onCall: () => void): ReadableStream<Part> {
  let next = 0;
  return new ReadableStream<Part>(
    {
      pull(controller) {
        const part = parts[next++];
        if (!part) return controller.close();
        if (part.type === 'tool-call') onCall();
        controller.enqueue(part);
      },
    },
    { highWaterMark: 0 },
  );
}

async function floor(caseId: string) {
  const { callBody } = await import('../peers/floor.ts');
  const running = new Map<string, Promise<unknown>>();
  const never = new Promise<void>(() => undefined);
  let ended: PromiseWithResolvers<void>;
  const body = async ({ n }: LookUp, update: (text: string) => void): Promise<void> => {
    update(working);
    await (n < Number(caseId) ? never : ended.promise);
  };
  for (let n = 0; n < Number(caseId); n += 1) await callBody(running, `call_${String(n)}`, JSON.stringify({ n }), body);
  async function round(): Promise<number[]> {
    const samples: number[] = [];
    for (let turn = 0; turn < turns; turn += 1) {
      ended = Promise.withResolvers();
      const n = Number(caseId) + turn;
      const text = JSON.stringify({ n });
      const from = performance.now();
      const first = await callBody(running, `call_${String(n)}`, text, body);
      samples.push(performance.now() - from);
      expectSame('the first output', first, working);
      ended.resolve();
      await running.get(`call_${String(n)}`);
    }
    return samples;
  }
  return await sampleRounds({ warmUp: 10, rounds: 5 }, round);
}
