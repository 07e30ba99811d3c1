/** What `meanwhile dev` tells of the offline models, from the first byte of their weights to the first word. */
import { createVirtualClock } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { LocalVoice, type LocalSpeechModule } from '../../src/cli/dev/speech.ts';
import { createTone, loudness } from '../support/sound.ts';

const terminal = { isTTY: false, write: () => true };

function fakeModule(): { module: LocalSpeechModule; fetched: PromiseWithResolvers<void>[]; asked: string[] } {
  const fetched: PromiseWithResolvers<void>[] = [];
  const asked: string[] = [];
  const tts = createTone(createVirtualClock());
  const module: LocalSpeechModule = {
    progressBar: () => () => undefined,
    createLocalSpeech: ({ onProgress }) => ({
      speech: () => tts,
      transcription: () => ({
        specificationVersion: 'v4',
        provider: 'test',
        modelId: 'silence',
        doGenerate: () => {
          asked.push('transcription');
          const response = { timestamp: new Date(0), modelId: 'silence' };
          return Promise.resolve({
            text: '',
            segments: [],
            language: 'en',
            durationInSeconds: 0,
            warnings: [],
            response,
          });
        },
      }),
      voiceActivity: () => loudness,
      prepare: () => {
        onProgress?.({ name: 'weights', receivedBytes: 43, totalBytes: 100 });
        const next = Promise.withResolvers<void>();
        fetched.push(next);
        return next.promise;
      },
      close: () => Promise.resolve(),
    }),
  };
  return { module, fetched, asked };
}

/** What it says from now on, and a way to wait for it. */
function listen(voice: LocalVoice): { said: (string | undefined)[]; until(text: string | undefined): Promise<void> } {
  const said: (string | undefined)[] = [];
  const waiting = new Map<string | undefined, () => void>();
  voice.problem.watch(() => {
    said.push(voice.problem.text);
    waiting.get(voice.problem.text)?.();
  });
  const until = (text: string | undefined): Promise<void> =>
    said.includes(text) ? Promise.resolve() : new Promise((resolve) => waiting.set(text, resolve));
  return { said, until };
}

const preparing = 'Speech is being prepared. Until then you can write.';
const fetching = 'Speech models are being fetched, once: weights 43 %. Until then you can write.';

test('while weights are fetched it tells how far they are; then the models are warmed up; then there is sound', async () => {
  const { module, fetched, asked } = fakeModule();
  const voice = new LocalVoice(() => Promise.resolve(module));
  expect(voice.problem.text).toBe(preparing);
  const { said, until } = listen(voice);
  voice.prepare(terminal);
  voice.prepare(terminal);
  expect(await voice.models).toMatchObject({ vad: loudness });
  await until(fetching);
  expect(fetched).toHaveLength(1);
  fetched[0]?.resolve();
  await until(undefined);
  expect(said).toEqual([fetching, preparing, undefined]);
  expect(asked).toEqual(['transcription']);
});

test('weights that cannot be had are told of, and tried again by the next page that comes', async () => {
  const { module, fetched } = fakeModule();
  const voice = new LocalVoice(() => Promise.resolve(module));
  const { until } = listen(voice);
  voice.prepare(terminal);
  await until(fetching);
  fetched[0]?.reject(new Error('There is no network.'));
  await until('There is no network.');
  await Promise.resolve();
  voice.prepare(terminal);
  expect(voice.problem.text).toBe(fetching);
  fetched[1]?.resolve();
  await until(undefined);
});

test('without the package it says how to get it', async () => {
  const absent = Object.assign(new Error("Cannot find package 'meanwhile-local-speech'"), {
    code: 'ERR_MODULE_NOT_FOUND',
  });
  const voice = new LocalVoice(() => Promise.reject(absent));
  voice.prepare(terminal);
  expect(await voice.models).toBeUndefined();
  expect(voice.problem.text).toBe(
    'Voice needs the package meanwhile-local-speech: npm install meanwhile-local-speech. Until then you can write.',
  );
});
