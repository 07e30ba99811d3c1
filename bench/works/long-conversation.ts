/** Does a turn cost more the longer the conversation is? */
import type { StartConversation } from '../conversation.ts';
import { collectGarbage, timed } from '../measure.ts';
import { median, spreadOf } from '../statistics.ts';
import { answer, question } from '../tool.ts';
import { expectSame, type Measured, type Work } from '../work.ts';

export const work: Work = {
  id: 'long-conversation',
  title: 'turns 191–200 ÷ turns 11–20 of one conversation',
  what: 'The median time of turns 191–200 divided by that of turns 11–20, each a full tool turn with two model calls; the median over several conversations, after others that were not counted.',
  cases: [{ id: 'ratio', label: '', unit: 'ratio', aim: 1.2 }],
  peers: {
    ours: async () => sampleConversations((await import('../peers/ours.ts')).startConversation),
    livekit: async () => sampleConversations((await import('../peers/livekit.ts')).startConversation, few),
    aiGenerate: async () => sampleConversations((await import('../peers/ai-sdk.ts')).startGenerating),
    aiStream: async () => sampleConversations((await import('../peers/ai-sdk.ts')).startStreaming, few),
    openai: async () => sampleConversations((await import('../peers/openai.ts')).startConversation, few),
    floor: async () => sampleConversations((await import('../peers/floor.ts')).startConversation),
  },
};

/** Conversations that are not counted, and ones that are. */
const many = { warmUp: 10, counted: 20 };
/** For a peer whose conversations take seconds. */
const few = { warmUp: 1, counted: 5 };

async function sampleConversations(start: StartConversation, { warmUp, counted } = many): Promise<Measured> {
  const ratios: number[] = [];
  for (let count = -warmUp; count < counted; count += 1) {
    const play = await start();
    collectGarbage();
    const times: number[] = [];
    for (let turn = 0; turn < 200; turn += 1) {
      let said = '';
      times.push(
        await timed(async () => {
          said = await play(question);
        }),
      );
      expectSame('the answer', said, answer);
    }
    if (count >= 0) ratios.push(median(times.slice(190)) / median(times.slice(10, 20)));
  }
  const spread = spreadOf(ratios);
  return { value: spread.median, spread };
}
