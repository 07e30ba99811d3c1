/** A conversation by voice on the virtual clock: who hears what, and when. */
import { tool } from 'meanwhile';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { call } from '../support/voice-call.ts';

test('what the user says is answered after he has stopped, and heard to its end', async () => {
  const { clock, microphone, loudspeaker, history } = await call([{ text: 'It is sunny in Tokyo.' }]);
  const startedAt = clock.now();
  microphone.speak('How is the weather?', 1_500);
  await clock.advance(6_000);
  expect(history()).toEqual(['user: How is the weather?', 'assistant: It is sunny in Tokyo.']);
  // 1,500 of speech and 500 of endpointing, in windows of 32.
  expect(loudspeaker.sounded).toHaveLength(1);
  const from = (loudspeaker.sounded[0]?.from ?? 0) - startedAt;
  expect(from).toBeGreaterThan(1_990);
  expect(from).toBeLessThan(2_100);
  expect(loudspeaker.playedMs).toBeCloseTo(21 * 50, -2);
});

test('an interruption cuts the reply after the last word that was played', async () => {
  const { clock, microphone, loudspeaker, history, events } = await call([
    { text: 'One two three four five six seven eight nine ten eleven twelve.' },
    { text: 'Fine.' },
  ]);
  microphone.speak('Count.', 500);
  await clock.advance(2_500);
  microphone.speak('Stop.', 600);
  await clock.advance(5_000);
  const [, cut = ''] = history();
  expect(history()).toEqual(['user: Count.', cut, 'user: Stop.', 'assistant: Fine.']);
  expect(cut).toMatch(/^assistant: One two (three|four|five|six)/);
  expect(cut).not.toContain('ten');
  expect(events.filter(({ type }) => type === 'playback_paused')).toHaveLength(1);
  const saidMs = (cut.length - 'assistant: '.length) * 50;
  expect((loudspeaker.sounded[0]?.to ?? 0) - (loudspeaker.sounded[0]?.from ?? 0)).toBeGreaterThanOrEqual(saidMs - 60);
});

test('a cough pauses the reply, which then goes on where it was', async () => {
  const { clock, microphone, loudspeaker, history, events } = await call([
    { text: 'One two three four five six seven eight nine ten eleven twelve.' },
  ]);
  microphone.speak('Count.', 500);
  await clock.advance(2_500);
  microphone.speak('', 400);
  await clock.advance(8_000);
  expect(history()).toEqual([
    'user: Count.',
    'assistant: One two three four five six seven eight nine ten eleven twelve.',
  ]);
  expect(events.filter(({ type }) => type.startsWith('playback')).map(({ type }) => type)).toEqual([
    'playback_paused',
    'playback_resumed',
  ]);
  expect(loudspeaker.sounded).toHaveLength(2);
  expect(loudspeaker.playedMs).toBeCloseTo(63 * 50, -1);
});

test('a result waits until user and agent are silent', async () => {
  const book = tool({
    name: 'book_flight',
    description: 'Books.',
    parameters: z.object({}),
    execute: async (_args, { ctx }) => {
      await ctx.update('Booking');
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 3_000));
      return 'Booked: NH-1';
    },
  });
  const { clock, microphone, loudspeaker, history } = await call(
    [
      { calls: [{ name: 'book_flight', args: {} }] },
      { text: 'I am booking it.' },
      { text: 'It is sunny.' },
      { text: 'Your flight is booked.' },
    ],
    { tools: [book] },
  );
  microphone.speak('Book it.', 500);
  await clock.advance(2_900);
  microphone.speak('How is the weather?', 2_000);
  await clock.advance(10_000);
  expect(history()).toEqual([
    'user: Book it.',
    'assistant: I am booking it.',
    'user: How is the weather?',
    'assistant: It is sunny.',
    'assistant: Your flight is booked.',
  ]);
  expect(loudspeaker.sounded).toHaveLength(3);
});
