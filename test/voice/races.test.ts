/** What crosses what: a mouth that is cut, paused, switched off and connected anew while something else is under way. */
import type { TranscriptionModelV4 } from '@ai-sdk/provider';
import { expect, test } from 'vitest';
import { createLoudspeaker } from '../support/sound.ts';
import { call } from '../support/voice-call.ts';

const counting = 'One two three four five six. Seven eight nine ten eleven. Twelve thirteen fourteen.';

test('S8.4 a speech whose rest cannot be synthesised is cut by a user like any other', async () => {
  const { clock, tts, session, microphone, history } = await call([{ text: counting }, { text: 'Fine.' }]);
  tts.failOn = 'Seven';
  void session.sendMessage('Count.');
  // All of the first sentence is on its way, and only then it is known that there is no second.
  await clock.advance(800);
  microphone.speak('Stop.', 500);
  await clock.advance(6_000);
  expect(history()).toMatchObject([
    'user: Count.',
    expect.stringMatching(/^assistant: One two three four (five )?—$/),
    'user: Stop.',
    'assistant: Fine.',
  ]);
});

test('switched off while the rest cannot be synthesised, what is left of it is shown', async () => {
  const { clock, tts, session, voice, history } = await call([{ text: counting }]);
  tts.failOn = 'Seven';
  void session.sendMessage('Count.');
  await clock.advance(1_200);
  voice.connect(session, {});
  voice.speaks = false;
  await clock.advance(1_000);
  expect(history().at(-1)).toBe(`assistant: ${counting}`);
});

test('a loudspeaker that is slow to fall silent: what was switched off does not wipe what is said next', async () => {
  const { clock, session, voice, history } = await call([{ text: counting }, { text: 'It is sunny in Tokyo.' }]);
  const slow = createLoudspeaker(clock);
  const clear = slow.clear.bind(slow);
  const output = {
    rate: slow.rate,
    write: slow.write.bind(slow),
    drain: slow.drain.bind(slow),
    clear: async () => {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 300));
      return await clear();
    },
  };
  voice.connect(session, { output });
  void session.sendMessage('Count.');
  await clock.advance(1_000);
  voice.speaks = false;
  voice.speaks = true;
  void session.sendMessage('How is the weather?');
  await clock.advance(5_000);
  expect(history().at(-1)).toBe('assistant: It is sunny in Tokyo.');
  // 300 until it was silent; 21 letters of 50 ms.
  expect(slow.playedMs).toBeCloseTo(1_300 + 21 * 50, -2);
});

test('a loudspeaker that stays while the microphone is another plays nothing twice', async () => {
  const { clock, session, voice, loudspeaker, history } = await call([{ text: counting }]);
  void session.sendMessage('Count.');
  await clock.advance(1_000);
  voice.connect(session, { output: loudspeaker });
  await clock.advance(10_000);
  expect(history().at(-1)).toBe(`assistant: ${counting}`);
  expect(loudspeaker.playedMs).toBeCloseTo(counting.length * 50, -2);
  expect(loudspeaker.sounded).toHaveLength(1);
});

test('a loudspeaker that is put away falls silent', async () => {
  const { clock, session, loudspeaker, line } = await call([{ text: counting }]);
  void session.sendMessage('Count.');
  await clock.advance(1_000);
  line.close();
  await clock.advance(1_000);
  expect(loudspeaker.playedMs).toBeCloseTo(1_000, -2);
});

test('recognition that never answers ends the turn of the user, not the conversation', async () => {
  let asked: AbortSignal | undefined;
  const stt: TranscriptionModelV4 = {
    specificationVersion: 'v4',
    provider: 'test',
    modelId: 'asleep',
    doGenerate: ({ abortSignal }) => {
      asked = abortSignal;
      return new Promise(() => undefined);
    },
  };
  const made = await call([{ text: 'Hello.' }], { stt, recognition: { timeoutMs: 5_000 } });
  made.microphone.speak('Hi.', 500);
  await made.clock.advance(5_000);
  expect(made.session.userState).toBe('speaking');
  await made.clock.advance(1_000);
  expect(made.session.userState).toBe('listening');
  expect(asked?.aborted).toBe(true);
  expect(made.events.filter((event) => event.type === 'error')).toMatchObject([{ source: 'stt' }]);
  void made.session.sendMessage('Hi.');
  await made.clock.advance(3_000);
  expect(made.history()).toEqual(['user: Hi.', 'assistant: Hello.']);
});
