import { tool, type SpeechOutput } from 'meanwhile';
import { expect, test } from 'vitest';
import { byHand, drive, startTestSession } from '../support/session.ts';

test('S2.3 the words are shown as they go out, with their speech, and whether they were cut', async () => {
  const t = await startTestSession([{ text: 'One two three.', wordDelayMs: 100 }, 'Yes.']);
  const seen: string[] = [];
  const stop = t.session.watchText({
    onText: (text, { kind, agent }) => seen.push(`${kind} ${agent}: ${text}`),
    onEnd: (_speech, cut) => seen.push(cut ? 'cut' : 'end'),
  });
  void t.session.sendMessage('Count');
  await t.clock.advance(150);
  await drive(t.clock, t.session.run({ userInput: 'Stop' }));
  stop();
  await drive(t.clock, t.session.say('Unseen.').waitForPlayout());
  expect(seen).toEqual(['reply travel: One', 'reply travel:  two', 'cut', 'reply travel: Yes.', 'end']);
});

test('S2.3 for an output that plays, cut means that not all was heard', async () => {
  const half: SpeechOutput = {
    open: () => ({ write: () => undefined, end: () => ({ text: 'One' }), clear: () => undefined }),
  };
  const t = await startTestSession(['One two.'], { output: half });
  const cuts: boolean[] = [];
  t.session.watchText({ onEnd: (_speech, cut) => cuts.push(cut) });
  await drive(t.clock, t.session.run({ userInput: 'Count' }));
  expect(cuts).toEqual([true]);
});

test('S7.2 one that watches and throws harms nobody', async () => {
  const t = await startTestSession(['One.']);
  const broken = (): never => {
    throw new Error('broken');
  };
  t.session.watchText({ onText: broken, onEnd: broken });
  const seen: string[] = [];
  t.session.watchText({ onText: (text) => seen.push(text) });
  await drive(t.clock, t.session.run({ userInput: 'Count' }));
  expect(seen).toEqual(['One.']);
  expect(t.spoken).toEqual(['One.']);
});

test('S6.1 S6.4 who has the floor can be read: the user before a lease, a lease before the agent, else nobody', async () => {
  const hold = byHand();
  const sing = tool({
    name: 'sing',
    execute: async (_args, { ctx }) => {
      await ctx.update('Soon');
      await ctx.foreground(() => hold.promise);
    },
  });
  const t = await startTestSession([{ calls: [{ name: 'sing' }] }, { text: 'Soon then.', wordDelayMs: 100 }], {
    tools: [sing],
  });
  expect(t.session.floor).toBe('nobody');
  void t.session.sendMessage('Sing');
  expect(t.session.floor).toBe('user');
  await t.clock.advance(50);
  expect(t.session.floor).toBe('agent');
  await t.clock.advance(100);
  expect(t.session.floor).toEqual({ callId: 'call_1' });
  t.session.userStartedSpeaking();
  expect(t.session.floor).toBe('user');
  t.session.userStoppedSpeaking();
  hold.resolve();
  await t.clock.settle();
  expect(t.session.floor).toBe('nobody');
});
