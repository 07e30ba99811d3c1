/** What goes wrong between a mouth and an ear, and what must happen. */
import type {
  Experimental_SpeechModelV4StreamPart as SpeechPart,
  Experimental_TranscriptionModelV4StreamPart as TranscriptPart,
  SpeechModelV4,
  TranscriptionModelV4,
} from '@ai-sdk/provider';
import { Agent } from 'meanwhile';
import { createVirtualClock } from 'meanwhile/testing';
import { createVoice, type AudioOutput, type VoiceEvent } from 'meanwhile/voice';
import { describe, expect, test } from 'vitest';
import { bytesOf } from '../../src/voice/frames.ts';
import { createLoudspeaker, createMicrophone, createTone, loudness } from '../support/sound.ts';
import { call, type Call } from '../support/voice-call.ts';

const counting = 'One two three four five six. Seven eight nine ten eleven. Twelve thirteen fourteen.';
const typesOf = ({ events }: Call, prefix: string): string[] =>
  events.flatMap(({ type }) => (type.startsWith(prefix) ? [type] : []));

test('the next sentence is synthesised while this one plays, and no further', async () => {
  const { clock, tts, session } = await call([{ text: counting }]);
  const startedAt = clock.now();
  void session.sendMessage('Count.');
  await clock.advance(10_000);
  expect(tts.asked.map(({ text }) => text)).toEqual([
    'One two three four five six. ',
    'Seven eight nine ten eleven. ',
    'Twelve thirteen fourteen.',
  ]);
  const [first = 0, second = 0, third = 0] = tts.asked.map(({ at }) => at - startedAt);
  expect([first, second]).toEqual([0, 0]);
  // The third when the first has nearly been played, 29 letters of 50 ms.
  expect(third).toBeGreaterThan(800);
  expect(third).toBeLessThan(1_450);
});

test('S3.4 a sentence that cannot be synthesised ends what is said after what was heard', async () => {
  const { clock, tts, session, history, events } = await call([{ text: counting }]);
  tts.failOn = 'Seven';
  void session.sendMessage('Count.');
  await clock.advance(10_000);
  expect(history().at(-1)).toBe('assistant: One two three four five six. —');
  expect(events.find((event) => event.type === 'error')).toMatchObject({ source: 'tts' });
});

test('a voice that says nothing at all is an error of the output', async () => {
  const { clock, tts, session, events } = await call([{ text: counting }]);
  tts.failOn = 'One';
  void session.sendMessage('Count.');
  await clock.advance(10_000);
  expect(events.filter((event) => event.type === 'error')).toMatchObject([{ source: 'output' }]);
});

describe('a loudspeaker that throws', () => {
  const broken = (loudspeaker: AudioOutput, after: number) => {
    const left = { writes: after };
    const write: AudioOutput['write'] = (frame) => {
      left.writes -= 1;
      if (left.writes < 0) throw new Error('The line is dead.');
      loudspeaker.write(frame);
    };
    const { rate } = loudspeaker;
    return { left, output: { rate, write, clear: () => loudspeaker.clear(), drain: () => loudspeaker.drain() } };
  };
  const errors = ({ events }: Call): unknown[] => events.filter((event) => event.type === 'error');

  test.each([
    ['at once', 0, 'user: Count.'],
    // 25 frames of 40 ms were sent, the last 400 ms ahead of what was played: 12 letters of 50 ms.
    ['while it plays', 25, 'assistant: One two —'],
  ])(
    '%s ends the turn with what was heard, as an error of the output; the session goes on',
    async (_when, after, last) => {
      const made = await call([{ text: counting }, { text: 'Fine.' }]);
      const { clock, voice, session, history, loudspeaker } = made;
      const { left, output } = broken(loudspeaker, after);
      voice.connect(session, { output });
      void session.sendMessage('Count.');
      await clock.advance(1_200);
      expect(session.agentState).toBe('listening');
      expect(errors(made)).toMatchObject([
        { source: 'output', error: { message: 'The output failed: The line is dead.' } },
      ]);
      expect(history().at(-1)).toBe(last);
      left.writes = Infinity;
      void session.sendMessage('And now?');
      await clock.advance(3_000);
      expect(history().at(-1)).toBe('assistant: Fine.');
      expect(errors(made)).toHaveLength(1);
    },
  );

  test('when it goes on after a pause, or is put in the place of another, it is no different', async () => {
    const made = await call([{ text: counting }]);
    const { clock, voice, session, loudspeaker, line } = made;
    void session.sendMessage('Count.');
    await clock.advance(1_000);
    line.close();
    voice.connect(session, broken(loudspeaker, 0));
    await clock.advance(100);
    expect(session.agentState).toBe('listening');
    expect(errors(made)).toMatchObject([{ source: 'output' }]);
  });

  test('while the rest is played of what could not be synthesised, what was heard stays', async () => {
    const made = await call([{ text: counting }]);
    const { clock, tts, voice, session, history, loudspeaker } = made;
    tts.failOn = 'Seven';
    voice.connect(session, broken(loudspeaker, 25));
    void session.sendMessage('Count.');
    await clock.advance(3_000);
    expect(history().at(-1)).toBe('assistant: One two —');
    expect(errors(made)).toMatchObject([{ source: 'output' }]);
  });
});

describe('a speech model that never answers', () => {
  const asleep = (signals: (AbortSignal | undefined)[]): SpeechModelV4 => ({
    specificationVersion: 'v4',
    provider: 'test',
    modelId: 'asleep',
    doGenerate: ({ abortSignal }) => {
      signals.push(abortSignal);
      return new Promise(() => undefined);
    },
  });

  test('is waited for so long and no longer; the session goes on', async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const made = await call([{ text: counting }], { tts: asleep(signals), synthesis: { timeoutMs: 4_000 } });
    const { clock, session, events } = made;
    void session.sendMessage('Count.');
    await clock.advance(3_999);
    expect(session.agentState).toBe('speaking');
    await clock.advance(1);
    expect(session.agentState).toBe('listening');
    const message = 'The speech model gave no sound within 4000 ms. Raise synthesis.timeoutMs, or use a faster one.';
    const told = events.filter((event) => event.type === 'error');
    expect(told).toMatchObject([{ source: 'output', error: { cause: { message } } }]);
    expect(signals.every((signal) => signal?.aborted)).toBe(true);
  });

  test('in the middle ends what is said after what was heard', async () => {
    const tone = createTone(createVirtualClock());
    const { doGenerate } = tone;
    tone.doGenerate = (options) =>
      options.text.includes('Seven') ? new Promise(() => undefined) : doGenerate.call(tone, options);
    const { clock, session, history, events } = await call([{ text: counting }], { tts: tone });
    void session.sendMessage('Count.');
    await clock.advance(9_999);
    expect(session.agentState).toBe('speaking');
    await clock.advance(1_500);
    expect(history().at(-1)).toBe('assistant: One two three four five six. —');
    expect(events.filter((event) => event.type === 'error')).toMatchObject([{ source: 'tts' }]);
  });

  test('and is not wanted any more leaves no timer behind', async () => {
    const { clock, session, line } = await call([{ text: counting }, {}], { tts: asleep([]) });
    void session.sendMessage('Count.');
    await clock.advance(1_000);
    const before = clock.pending().length;
    await clock.runUntil(session.interrupt());
    expect(clock.pending().length).toBeLessThan(before);
    line.close();
  });

  test('has a limit that is one', () => {
    const tts = createTone(createVirtualClock());
    expect(() => createVoice({ tts, synthesis: { timeoutMs: -1 } })).toThrow('expected synthesis.timeoutMs to be');
  });
});

test('when the line drops, what was not played waits for the next one', async () => {
  const { clock, session, history, loudspeaker, line, voice } = await call([{ text: counting }]);
  void session.sendMessage('Count.');
  await clock.advance(1_000);
  line.close();
  await clock.advance(60_000);
  expect(history()).toEqual(['user: Count.']);
  const again = createLoudspeaker(clock, 48_000);
  voice.connect(session, { output: again });
  await clock.advance(10_000);
  expect(history().at(-1)).toBe(`assistant: ${counting}`);
  // The first cannot be asked any more what it played: its time is believed.
  expect(1_000 + again.playedMs).toBeCloseTo(counting.length * 50, -2);
  expect(loudspeaker.sounded).toHaveLength(1);
});

test('when the line drops in the middle of a word, what was said until then is understood', async () => {
  const { clock, microphone, history, line } = await call([{ text: 'Sunny.' }]);
  microphone.speak('How is the weather?', 5_000);
  await clock.advance(1_000);
  line.close();
  await clock.advance(3_000);
  expect(history()[0]).toBe('user: How is the weather?');
});

test('what was said into a session that is closing is no error', async () => {
  const { clock, microphone, session, events } = await call([]);
  microphone.speak('Goodbye.', 500);
  await clock.advance(900);
  await clock.runUntil(session.close());
  await clock.advance(5_000);
  expect(events.filter((event) => event.type === 'error')).toEqual([]);
  expect(clock.pending().length).toBeLessThanOrEqual(1);
});

test('S8.4 what may not be interrupted is not paused, and the user is answered after it', async () => {
  const agent = new Agent({ instructions: 'You read the terms.', allowInterruptions: false });
  const { clock, microphone, history, ...rest } = await call([{ text: counting }, { text: 'Yes.' }], { agent });
  microphone.speak('The terms, please.', 500);
  await clock.advance(2_500);
  microphone.speak('Stop.', 600);
  await clock.advance(12_000);
  expect(history()).toEqual(['user: The terms, please.', `assistant: ${counting}`, 'user: Stop.', 'assistant: Yes.']);
  expect(typesOf({ clock, microphone, history, ...rest }, 'playback')).toEqual([]);
});

test('recognition that takes its time does not keep the agent silent for longer than falseInterruptionMs', async () => {
  const made = await call([{ text: counting }, { text: 'Fine.' }], {
    recognitionMs: 2_000,
    bargeIn: { falseInterruptionMs: 1_000 },
  });
  const { clock, microphone, session, loudspeaker, history } = made;
  void session.sendMessage('Count.');
  await clock.advance(500);
  microphone.speak('Stop.', 600);
  await clock.advance(8_000);
  expect(typesOf(made, 'playback')).toEqual(['playback_paused', 'playback_resumed']);
  // It went on, and was cut all the same when the words were there.
  expect(loudspeaker.sounded.length).toBeGreaterThanOrEqual(2);
  expect(history()).toMatchObject([
    'user: Count.',
    expect.stringMatching(/^assistant: One .*—$/),
    'user: Stop.',
    'assistant: Fine.',
  ]);
});

test('recognition that fails loses the words, not the conversation', async () => {
  const stt: TranscriptionModelV4 = {
    specificationVersion: 'v4',
    provider: 'test',
    modelId: 'deaf',
    doGenerate: () => Promise.reject(new Error('no network')),
  };
  const { clock, microphone, session, events, history } = await call([{ text: 'Hello.' }], { stt });
  microphone.speak('Hi.', 500);
  await clock.advance(3_000);
  expect(events.filter((event) => event.type === 'error')).toMatchObject([{ source: 'stt' }]);
  expect(session.userState).toBe('listening');
  void session.sendMessage('Hi.');
  await clock.advance(3_000);
  expect(history()).toEqual(['user: Hi.', 'assistant: Hello.']);
});

test('two utterances with a short pause are one turn', async () => {
  const { clock, microphone, history } = await call([{ text: 'Sure.' }]);
  microphone.speak('Book a flight to', 500);
  await clock.advance(1_400);
  microphone.speak('Tokyo.', 500);
  await clock.advance(4_000);
  expect(history()).toEqual(['user: Book a flight to Tokyo.', 'assistant: Sure.']);
});

test('words are shown and not said while the voice is switched off', async () => {
  const { clock, voice, session, history, loudspeaker, tts } = await call([{ text: counting }]);
  voice.speaks = false;
  void session.sendMessage('Count.');
  await clock.advance(100);
  expect(history().at(-1)).toBe(`assistant: ${counting}`);
  expect(tts.asked).toEqual([]);
  expect(loudspeaker.sounded).toEqual([]);
});

test('switched off while it speaks, the rest is shown', async () => {
  const { clock, voice, session, history, loudspeaker } = await call([{ text: counting }]);
  void session.sendMessage('Count.');
  await clock.advance(1_000);
  voice.speaks = false;
  await clock.advance(10);
  expect(history().at(-1)).toBe(`assistant: ${counting}`);
  expect(loudspeaker.playedMs).toBeCloseTo(1_000, 0);
});

test('a loudspeaker that does not say what it played is taken to have kept time', async () => {
  const { clock, voice, session, history } = await call([{ text: counting }, { text: 'Fine.' }]);
  const mute = { ...createLoudspeaker(clock), clear: () => new Promise<number>(() => undefined) };
  voice.connect(session, { output: mute });
  void session.sendMessage('Count.');
  await clock.advance(1_010);
  void session.sendMessage('Stop.');
  await clock.advance(5_000);
  // 20 letters of 50 ms.
  expect(history()[1]).toBe('assistant: One two three four —');
});

test('a loudspeaker that never says that it has played is not waited for', async () => {
  const { clock, voice, session, history } = await call([{ text: counting }]);
  voice.connect(session, { output: { ...createLoudspeaker(clock), drain: () => new Promise(() => undefined) } });
  void session.sendMessage('Count.');
  await clock.advance(counting.length * 50 + 2_000);
  expect(session.agentState).toBe('speaking');
  await clock.advance(1_500);
  expect(session.agentState).toBe('listening');
  expect(history().at(-1)).toBe(`assistant: ${counting}`);
});

test('recognition hears no seams where the voice activity wants another rate', async () => {
  let samples = 0;
  const stt: TranscriptionModelV4 = {
    specificationVersion: 'v4',
    provider: 'test',
    modelId: 'counting',
    doGenerate({ audio }) {
      samples = (audio.length - 44) / 2;
      return Promise.reject(new Error('enough'));
    },
  };
  const vad = { ...loudness, rate: 8_000, windowSamples: 256 };
  const { clock, microphone } = await call([], { stt, vad });
  microphone.speak('', 960);
  await clock.advance(3_000);
  // 300 ms before, 960 of speech, 320 of silence behind it, in windows of 32 ms; a seam would lose a sample or two each.
  expect(samples % 512).toBeGreaterThan(505);
});

test('a model that streams is heard from its first chunk on, also in odd pieces', async () => {
  const parts: SpeechPart[] = [{ type: 'stream-start', warnings: [] }];
  const sound = bytesOf(new Int16Array(24_000).fill(5_000));
  for (let at = 0; at < sound.length; at += 4_801)
    parts.push({
      type: 'audio',
      audio: sound.subarray(at, at + 4_801),
      audioFormat: { type: 'audio/pcm', rate: 24_000 },
    });
  parts.push({ type: 'finish' });
  const tts: SpeechModelV4 & { doStream: unknown } = {
    specificationVersion: 'v4',
    provider: 'test',
    modelId: 'stream',
    doGenerate: () => Promise.reject(new Error('not asked for')),
    doStream: () => Promise.resolve({ stream: ReadableStream.from(parts) }),
  };
  const { clock, session, history, loudspeaker } = await call([{ text: 'Hello there.' }], { tts });
  void session.sendMessage('Hi.');
  await clock.advance(3_000);
  expect(history().at(-1)).toBe('assistant: Hello there.');
  expect(loudspeaker.playedMs).toBeCloseTo(1_000, 0);
});

test('a model that streams text is fed as the user speaks, and says what it has so far', async () => {
  let samples = 0;
  const stt: TranscriptionModelV4 = {
    specificationVersion: 'v4',
    provider: 'test',
    modelId: 'stream',
    doGenerate: () => Promise.reject(new Error('not asked for')),
    async doStream({ audio }) {
      async function* parts(): AsyncGenerator<TranscriptPart> {
        yield { type: 'stream-start', warnings: [] };
        for await (const chunk of audio) {
          samples += chunk.length / 2;
          if (samples > 4_000) yield { type: 'transcript-partial', text: 'How is' };
        }
        yield { type: 'transcript-final', text: 'How is the weather?' };
        yield { type: 'finish', text: 'How is the weather?', segments: [] };
      }
      return Promise.resolve({ stream: ReadableStream.from(parts()) });
    },
  };
  const { clock, microphone, events, history } = await call([{ text: 'Sunny.' }], { stt });
  microphone.speak('', 1_000);
  await clock.advance(800);
  expect(events.find((event) => event.type === 'transcript')).toMatchObject({ text: 'How is', final: false });
  await clock.advance(3_000);
  expect(history()).toEqual(['user: How is the weather?', 'assistant: Sunny.']);
  // The beginning, which came before it was known to be speech, went with it.
  expect(samples).toBeGreaterThan(16_000);
});

test('a listener that throws harms nobody', async () => {
  const { clock, voice, microphone, history } = await call([{ text: 'Sunny.' }]);
  voice.on('*', () => {
    throw new Error('listener');
  });
  const heard: VoiceEvent[] = [];
  voice.on('speech_started', (event) => heard.push(event));
  microphone.speak('How is the weather?', 500);
  await clock.advance(3_000);
  expect(history()).toHaveLength(2);
  expect(heard).toHaveLength(1);
});

test.each([
  [
    { stt: createMicrophone({ now: () => 0, setTimeout: () => ({}), clearTimeout: () => undefined }).stt },
    'expected vad beside stt',
  ],
  [{ endpointing: { minDelayMs: -1 } }, 'expected endpointing.minDelayMs to be a number of 0 or more, got -1.'],
  [{ bargeIn: { minMs: 1 } }, 'bargeIn has no option "minMs"; there are minInterruptionMs, falseInterruptionMs.'],
  [{ tts: { specificationVersion: 'v2' } }, 'expected tts to be a speech model of specification v4, got "v2".'],
])('options that cannot be are refused: %#', (options, message) => {
  expect(() => createVoice({ ...(options as object) })).toThrow(message);
});

test('a voice without a speech model cannot be switched on', () => {
  const voice = createVoice({ vad: loudness });
  expect(voice.speaks).toBe(false);
  expect(() => (voice.speaks = true)).toThrow('Pass createVoice({ tts })');
  expect(
    createVoice({ tts: createTone({ now: () => 0, setTimeout: () => ({}), clearTimeout: () => undefined }) }).speaks,
  ).toBe(true);
});
