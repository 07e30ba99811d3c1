import type { WatchedAnswer, WatchedCall } from 'meanwhile';
import { expect, test } from 'vitest';
import { startTestSession } from '../support/session.ts';

test('who watches sees what a model is sent and answers, and harms nobody', async () => {
  const { session, clock } = await startTestSession([{ text: 'Hello.' }, { text: 'Unseen.' }]);
  const calls: WatchedCall[] = [];
  const answers: [string, WatchedAnswer][] = [];
  const stop = session.watchModel({
    onCall(call) {
      calls.push(call);
      throw new Error('harmless');
    },
    onAnswer: ({ id }, answer) => answers.push([id, answer]),
  });
  await clock.runUntil(session.run({ userInput: 'Hi' }));
  const [call] = calls;
  expect(call?.id).toBe('request_1');
  expect(call?.speechId).toMatch(/^speech_\d+$/);
  expect(JSON.stringify(call?.request.prompt)).toContain('Hi');
  expect(answers).toMatchObject([['request_1', { end: 'finished' }]]);
  const texts = answers[0]?.[1].parts.map((part) => (part.type === 'text-delta' ? part.delta : ''));
  expect(texts?.join('')).toBe('Hello.');
  stop();
  await clock.runUntil(session.run({ userInput: 'Again' }));
  expect(calls).toHaveLength(1);
});

test('a model that fails is an answer too', async () => {
  const { session, clock } = await startTestSession([{ error: new Error('away') }]);
  const ends: unknown[] = [];
  session.watchModel({ onAnswer: (_call, { end, error }) => ends.push([end, (error as Error).message]) });
  await clock.runUntil(session.run({ userInput: 'Hi' }));
  expect(ends).toEqual([['failed', 'away']]);
});

test('what is no listener is refused', async () => {
  const { session } = await startTestSession([]);
  expect(() => session.watchModel(undefined as never)).toThrow('watchModel: expected { onCall, onAnswer }');
  expect(() => session.watchRecords(undefined as never)).toThrow('watchRecords: expected a function');
});
