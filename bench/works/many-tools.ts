/** A thousand calls in one step, each with five updates: does the work grow with the square? */
import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises';
import { sampleRounds, timed } from '../measure.ts';
import { calls, createModel, newest, says, type Request } from '../model.ts';
import { answer, found, look, question, type LookUp } from '../tool.ts';
import { expectSame, type Work } from '../work.ts';

export const work: Work = {
  id: 'many-tools',
  title: 'tools at once, 5 updates each',
  what: 'From the user’s words until all is told and at rest: one model step calls so many tools; each tells an update, waits 20 ms, five times over, and then returns a value.',
  cases: [
    { id: '1000', label: '1,000 tools', unit: 'time', aim: 200 },
    { id: '10000', label: '10,000 tools', unit: 'time', aim: 1000 },
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

const updates = 5;
const stepMs = 20;

export async function steps(n: number, update: (text: string) => unknown): Promise<string> {
  for (let step = 1; step <= updates; step += 1) {
    await update(`Step ${String(step)} of ${String(n)}`);
    await sleep(stepMs);
  }
  return found(n);
}

function callingAll(count: number): (request: Request) => ReturnType<typeof says> {
  let called = false;
  return (request) => {
    if (called || newest(request) !== 'user') return says(answer);
    called = true;
    return calls(
      ...Array.from({ length: count }, (_, n) => ({ id: `call_${String(n)}`, name: look.name, args: { n } })),
    );
  };
}

const rounds = (count: number) => (count > 1000 ? { warmUp: 1, rounds: 2 } : { warmUp: 2, rounds: 5 });

async function ours(caseId: string) {
  const { lookUp, openSession } = await import('../peers/ours.ts');
  const count = Number(caseId);
  const bodies: Promise<string>[] = [];
  const tool = lookUp(({ n }: LookUp, { ctx }) => {
    const body = steps(n, (text) => ctx.update(text));
    bodies.push(body);
    return body;
  });
  return await sampleRounds(rounds(count), async () => {
    const session = await openSession(createModel(callingAll(count)), { tools: [tool] });
    const sample = await timed(async () => {
      await session.run({ userInput: question });
      await Promise.all(bodies.splice(0));
      await nextTick();
      await session.waitForIdle();
    });
    expectSame('running tasks', session.tasks.list().length, 0);
    let finals = 0;
    for (const item of session.history) if (item.kind === 'record' && item.phase === 'final') finals += 1;
    expectSame('results', finals, count);
    await session.close();
    return [sample];
  });
}

/** At 10,000 it needs ten minutes. */
const smaller = 300;

async function livekit(caseId: string, { full }: { readonly full: boolean }) {
  const {
    BenchLLM,
    calls: toolCalls,
    lookUp,
    openSession,
    says: chunksOf,
    userIsNewest,
  } = await import('../peers/livekit.ts');
  const count = Number(caseId) > 1000 && !full ? smaller : Number(caseId);
  const all = Array.from({ length: count }, (_, n) => ({ id: `call_${String(n)}`, args: { n } }));
  const bodies: Promise<string>[] = [];
  const tool = lookUp(({ n }, { ctx }) => {
    const body = steps(n, (text) => ctx.update(text));
    bodies.push(body);
    return body;
  });
  const model = new BenchLLM((context) => (userIsNewest(context) ? toolCalls(...all) : chunksOf(answer)));
  const measured = await sampleRounds({ warmUp: 0, rounds: 1 }, async () => {
    const session = await openSession(model, [tool]);
    const sample = await timed(async () => {
      await session.generateReply({ userInput: question }).waitForPlayout();
      await Promise.all(bodies.splice(0));
      await nextTick();
      await session.waitForIdle();
    });
    const finals = session.history.items.filter(
      (item) => item.type === 'function_call' && item.callId.endsWith('_final'),
    );
    expectSame('results', finals.length, count);
    return [sample];
  });
  return count === Number(caseId) ? measured : { ...measured, note: `with ${String(count)} tools only` };
}

async function floor(caseId: string) {
  const { ask, callBody, userMessage } = await import('../peers/floor.ts');
  const count = Number(caseId);
  return await sampleRounds(rounds(count), async () => {
    const model = createModel(callingAll(count));
    const prompt = [userMessage(question)];
    const running = new Map<string, Promise<unknown>>();
    const sample = await timed(async () => {
      const { calls: made } = await ask(model, prompt);
      const tell = (text: string): void => void prompt.push(userMessage(text));
      const all: Promise<unknown>[] = [];
      for (const { toolCallId, input } of made) {
        await callBody(running, toolCallId, input, async ({ n }, update) => {
          tell(await steps(n, (text) => (update(text), tell(text))));
        });
        all.push(running.get(toolCallId) ?? Promise.resolve());
      }
      prompt.push({ role: 'assistant', content: [{ type: 'text', text: 'all called' }] });
      await Promise.all(all);
      await ask(model, prompt);
    });
    expectSame('messages', prompt.length, 2 + count * (updates + 1));
    return [sample];
  });
}
