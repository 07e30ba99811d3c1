/** A question as it is recorded from a microphone: synthesised once, in whole windows. */
import { samplesOf } from 'meanwhile/voice';
import { createLocalSpeech, progressBar } from '../../local-speech/src/index.ts';
import { windowSamples } from './sound.ts';

export async function recordedSpeech(): Promise<Int16Array<ArrayBuffer>> {
  const local = createLocalSpeech({ onProgress: progressBar(process.stderr) });
  await local.prepare();
  const { audio } = await local.speech().doGenerate({ text: 'How is the weather in Tokyo?', outputFormat: 'pcm' });
  await local.close();
  const spoken = samplesOf(audio as Uint8Array);
  const begins = spoken.findIndex(isLoud);
  const ends = spoken.findLastIndex(isLoud);
  const speech = new Int16Array(Math.ceil((ends - begins) / windowSamples) * windowSamples);
  speech.set(spoken.subarray(begins, ends));
  return speech;
}

function isLoud(sample: number): boolean {
  return Math.abs(sample) > 500;
}
