/** A whole turn: the user's words, a call, its output, the answer. */
import { sampleRounds, timed } from '../measure.ts';
import type { StartConversation } from '../conversation.ts';
import { answer, question } from '../tool.ts';
import { expectSame, type Work } from '../work.ts';

export const work: Work = {
  id: 'turn',
  title: 'full tool turn with two model calls',
  what: 'From the user’s words until the conversation is at rest again: a model call that calls a tool, the tool, a model call that answers. The median over conversations of ten turns each.',
  cases: [{ id: 'turn', label: '', unit: 'time', aim: 0.05 }],
  peers: {
    ours: async () => sampleTurns((await import('../peers/ours.ts')).startConversation),
    livekit: async () => sampleTurns((await import('../peers/livekit.ts')).startConversation),
    aiGenerate: async () => sampleTurns((await import('../peers/ai-sdk.ts')).startGenerating),
    aiStream: async () => sampleTurns((await import('../peers/ai-sdk.ts')).startStreaming),
    openai: async () => sampleTurns((await import('../peers/openai.ts')).startConversation),
    floor: async () => sampleTurns((await import('../peers/floor.ts')).startConversation),
  },
};

const turns = 10;

async function sampleTurns(start: StartConversation) {
  return await sampleRounds({ warmUp: 60, rounds: 60 }, async () => {
    const play = await start();
    const samples: number[] = [];
    for (let turn = 0; turn < turns; turn += 1) {
      let said = '';
      samples.push(
        await timed(async () => {
          said = await play(question);
        }),
      );
      expectSame('the answer', said, answer);
    }
    return samples;
  });
}
