/** What a session holds on to. */
import { heldPer } from '../measure.ts';
import { createModel } from '../model.ts';
import { lookingUp } from '../script.ts';
import { found } from '../tool.ts';
import type { Work } from '../work.ts';

export const work: Work = {
  id: 'heap',
  title: 'heap per session',
  what: 'What the heap grows by for each session that is held, after garbage collection: one that was started and has said nothing, and one whose only turn left a task in the background.',
  cases: [
    { id: 'idle', label: 'idle', unit: 'KiB', aim: 10 },
    { id: 'task', label: 'with one background task', unit: 'KiB', aim: 20 },
  ],
  peers: {
    ours,
    livekit,
    aiGenerate: { none: 'has no session' },
    aiStream: { none: 'has no session' },
    openai: { none: 'has no session' },
    floor: { none: 'has no session' },
  },
};

async function ours(caseId: string) {
  const { lookUp, openSession, openWithTask } = await import('../peers/ours.ts');
  const tool = lookUp(({ n }) => found(n));
  const idle = createModel(lookingUp());
  return await heldPer(500, () =>
    caseId === 'idle' ? openSession(idle, { tools: [tool] }) : openWithTask(createModel(lookingUp())),
  );
}

async function livekit(caseId: string) {
  const { BenchLLM, lookingUp: script, lookUp, openSession, openWithTask } = await import('../peers/livekit.ts');
  const tool = lookUp(({ n }) => Promise.resolve(found(n)));
  const idle = new BenchLLM(script());
  return await heldPer(300, () =>
    caseId === 'idle' ? openSession(idle, [tool]) : openWithTask(new BenchLLM(script())),
  );
}
