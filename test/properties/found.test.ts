/** What the properties found, each as a test of its own. */
import { Agent, tool, type SpeechOutput } from 'meanwhile';
import { createVirtualClock } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createPlayback } from '../support/playback.ts';
import { drive, startTestSession } from '../support/session.ts';

test('S5.6 a result whose answer the output lost is told, though the turn was neither cut nor failed by the model', async () => {
  let stretch = 0;
  const heard: string[] = [];
  const output: SpeechOutput = {
    open: () => {
      stretch += 1;
      const isLost = stretch === 2;
      let text = '';
      return {
        write: (delta) => void (text += delta),
        end: () => {
          if (!isLost) heard.push(text);
          return { text: isLost ? '' : text };
        },
        clear: () => undefined,
      };
    },
  };
  const job = tool({ name: 'job', parameters: z.object({}), execute: () => 'It is booked.' });
  const t = await startTestSession(
    [{ text: 'One moment.', calls: [{ name: 'job' }] }, 'It is done.', 'It is done, I said.'],
    { output, tools: [job] },
  );
  await drive(t.clock, t.session.sendMessage('Book it'));
  await drive(t.clock, t.session.waitForIdle());
  expect(heard).toEqual(['One moment.', 'It is done, I said.']);
  expect(t.events.filter(({ type }) => type === 'delivery_ended')).toMatchObject([
    { id: 'call_1', receipt: 'completed' },
  ]);
});

test('S6.3 it is not idle between a handoff by onUserTurnCompleted and the answer of the next agent', async () => {
  const next = new Agent({ name: 'next', instructions: 'Talk.' });
  const first = new Agent({
    name: 'first',
    instructions: 'Talk.',
    onUserTurnCompleted: async () => {
      first.session.say('I put you through.');
      await first.session.updateAgent(next);
    },
  });
  const clock = createVirtualClock();
  const output = createPlayback(clock);
  const t = await startTestSession(['Hello from the next one.'], { agent: first, clock, output });
  void t.session.sendMessage('Hello');
  await drive(t.clock, t.session.waitForIdle());
  expect(output.heard).toEqual(['I put you through.', 'Hello from the next one.']);
});
