/** The story of `test/browser/voice.test.ts` on the virtual clock: half a minute of talk in milliseconds. */
import { expect, test } from 'vitest';
import createGate, { book } from '../browser/agents/gate.ts';
import { call } from '../support/voice-call.ts';

interface Span {
  readonly from: number;
  readonly to: number;
}

const overlap = (one: Span, other: Span): number => Math.min(one.to, other.to) - Math.max(one.from, other.from);

test('S3.8 S3.4 a tool runs while one talks of something else; its result is told in quiet, cut, and told to its end', async () => {
  const { clock, microphone, loudspeaker, history } = await call([], { agent: createGate() });
  const startedAt = clock.now();
  const spoken: Span[] = [];
  const speak = (words: string): void => {
    const ms = words.length * 60;
    spoken.push({ from: clock.now() - startedAt, to: clock.now() - startedAt + ms });
    microphone.speak(words, ms);
  };
  speak('Book a flight from Paris to Tokyo.');
  await clock.advance(8_000);
  speak('How is the weather in Berlin?');
  await clock.advance(1_000);
  // It is there while the user speaks: it waits for him, and for the answer he gets.
  book('Your flight is booked. It leaves at nine in the morning from gate seven. Have a good journey.');
  await clock.advance(5_000);
  speak('How is the weather in London?');
  await clock.advance(15_000);

  expect(history()).toMatchInlineSnapshot(`
    [
      "user: Book a flight from Paris to Tokyo.",
      "assistant: I'm searching flights from Paris to Tokyo; I'll tell you when I have something.",
      "user: How is the weather in Berlin?",
      "assistant: It is sunny in Berlin.",
      "assistant: Your flight is booked. It leaves at nine in the morning —",
      "user: How is the weather in London?",
      "assistant: It is sunny in London.",
      "assistant: As I was saying: from gate seven. Have a good journey.",
    ]
  `);
  const heard = loudspeaker.sounded.map(({ from, to }) => ({ from: from - startedAt, to: to - startedAt }));
  const talkedOver = spoken.flatMap((user) => heard.map((agent) => overlap(user, agent))).filter((ms) => ms > 0);
  // He who cuts in does, for as long as it takes to know that he means it.
  expect(talkedOver).toHaveLength(1);
  expect(talkedOver[0]).toBeLessThan(500);
  expect(heard.map(({ from }) => Math.round(from))).toMatchInlineSnapshot(`
    [
      2536,
      10248,
      11748,
      16232,
      17732,
    ]
  `);
});
