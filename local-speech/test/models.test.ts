/** The real models. The weights are fetched once a machine; without a network these tests are skipped, but not in CI. */
import { generateSpeech, transcribe } from 'ai';
import { afterAll, expect, test } from 'vitest';
import { createLocalSpeech } from '../src/index.ts';
import { readWav } from '../src/wav.ts';

const local = createLocalSpeech();
const unreachable = await local.prepare().then(
  () => undefined,
  (error: Error) => error.message,
);
if (unreachable && process.env['CI']) throw new Error(unreachable);
const withWeights = test.skipIf(unreachable);
afterAll(() => local.close());

const sentences = [
  'I would like to book a flight from Paris to Tokyo.',
  'How is the weather there today?',
  'The cheapest one, please.',
];

test('Flite says a text as a WAV file of 16 kHz, faster where it is told', async () => {
  const [text = ''] = sentences;
  const { audio } = await generateSpeech({ model: local.speech(), text });
  const slow = readWav(audio.uint8Array);
  const fast = readWav((await generateSpeech({ model: local.speech(), text, speed: 2 })).audio.uint8Array);
  expect(slow.rate).toBe(16_000);
  expect(slow.samples.length / slow.rate).toBeGreaterThan(2);
  expect(fast.samples.length / slow.samples.length).toBeCloseTo(0.5, 1);
});

test('a text that cannot be said is silence, whatever stands in it', async () => {
  for (const text of ['...', '', '—', '-t', '/etc/hosts']) {
    const { audio } = await local.speech().doGenerate({ text });
    expect(readWav(audio as Uint8Array).samples.length).toBeGreaterThanOrEqual(0);
  }
});

test.each([
  [{ voice: 'nobody' }, 'Expected one of the voices slt, rms, awb, kal16, got "nobody".'],
  [{ speed: 0 }, 'Expected a speed from 0.25 to 4, got 0.'],
  [{ outputFormat: 'mp3' }, 'Expected outputFormat "wav" or "pcm"'],
])('what Flite cannot do is said: %j', async (options, message) => {
  await expect(local.speech().doGenerate({ text: 'Hello', ...options })).rejects.toThrow(message);
});

test('what was aborted is not synthesised', async () => {
  await expect(local.speech().doGenerate({ text: 'Hello', abortSignal: AbortSignal.abort() })).rejects.toThrow(
    'aborted',
  );
});

withWeights('Moonshine hears what Flite said', async () => {
  for (const text of sentences) {
    const { audio } = await generateSpeech({ model: local.speech('rms'), text });
    const heard = await transcribe({ model: local.transcription(), audio: audio.uint8Array });
    expect(heard.text).toBe(text);
  }
});

withWeights('what cannot be recognised is said, and nothing to hear is no text', async () => {
  const model = local.transcription();
  const ask = (audio: Uint8Array, mediaType: string) => model.doGenerate({ audio, mediaType });
  await expect(ask(new Uint8Array(9), 'audio/mpeg')).rejects.toThrow('Expected audio/wav or audio/pcm');
  await expect(ask(new Uint8Array(9), 'audio/pcm;rate=7')).rejects.toThrow('Expected a rate from 8000 to 192000');
  expect((await ask(new Uint8Array(100), 'audio/pcm;rate=16000')).text).toBe('');
});

withWeights('Silero hears who speaks and who does not', async () => {
  const { audio } = await local.speech().doGenerate({ text: sentences[0] ?? '' });
  const { samples } = readWav(audio as Uint8Array);
  const stream = await local.voiceActivity().open();
  const heard: number[] = [];
  for (let at = 0; at + 512 <= samples.length; at += 512)
    heard.push(await stream.probability(samples.slice(at, at + 512)));
  expect(Math.max(...heard.slice(0, 5))).toBeLessThan(0.3);
  expect(Math.min(...heard.slice(15, 40))).toBeGreaterThan(0.5);
  stream.reset();
  expect(await stream.probability(new Float32Array(512))).toBeLessThan(0.1);
  await expect(stream.probability(new Float32Array(100))).rejects.toThrow('Expected a window of 512 samples, got 100.');
});
