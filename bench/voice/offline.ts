/**
 * From speech to speech with the offline models, once they are warm: a synthesised question goes into the ears in real time,
 * and what is measured is the time from its end to the first sound of the answer, and where it goes.
 *
 *     node bench/voice/offline.ts
 */
import { Agent, AgentSession, systemClock } from 'meanwhile';
import { createVoice, samplesOf, type AudioFrame } from 'meanwhile/voice';
import { createLocalSpeech, progressBar } from '../../local-speech/src/index.ts';
import { createModel } from '../model.ts';
import { textAnswer } from './answer.ts';

const rate = 16_000;
const frameMs = 32;
const rounds = 5;

const local = createLocalSpeech({ onProgress: progressBar(process.stderr) });
await local.prepare();
const [stt, tts, vad] = [local.transcription(), local.speech(), local.voiceActivity()];

const spoken = await tts.doGenerate({ text: 'How is the weather in Tokyo?', outputFormat: 'pcm' });
const question = trimmed(samplesOf(spoken.audio as Uint8Array));
await stt.doGenerate({ audio: spoken.audio, mediaType: `audio/pcm;rate=${String(rate)}` });

const voice = createVoice({ stt, tts, vad });
const session = new AgentSession({ llm: createModel(() => textAnswer('It is sunny in Tokyo.')), output: voice.output });
await session.start({ agent: new Agent({ instructions: 'You know the weather.' }) });

let asks = false;
let endedAt = 0;
const heard = { words: 0, final: 0 };
const wholeMs: number[] = [];
let answered = Promise.withResolvers<void>();

voice.on('transcript', ({ final, at }) => (heard[final ? 'final' : 'words'] = at));
voice.connect(session, {
  input: microphone(),
  output: {
    rate,
    write: () => {
      if (endedAt === 0) return;
      const now = systemClock.now();
      wholeMs.push(now - endedAt);
      console.log(
        `words after ${String(Math.round(heard.words - endedAt))} ms, turn over after ${String(Math.round(heard.final - endedAt))} ms, first sound after ${String(Math.round(now - endedAt))} ms`,
      );
      endedAt = 0;
      answered.resolve();
    },
    clear: () => 0,
    drain: () => undefined,
  },
});

for (let round = 0; round < rounds; round += 1) {
  asks = true;
  await answered.promise;
  answered = Promise.withResolvers();
  await session.waitForIdle();
}
wholeMs.sort((a, b) => a - b);
console.log(
  JSON.stringify({
    rounds,
    fastestMs: wholeMs[0],
    medianMs: wholeMs[Math.floor(rounds / 2)],
    slowestMs: wholeMs.at(-1),
  }),
);
await session.close();
await local.close();
process.exit(0);

/** Silence, and the question when it is asked for; in real time. */
async function* microphone(): AsyncGenerator<AudioFrame, void> {
  const window = (frameMs / 1000) * rate;
  let at = question.length;
  for (let frame = 1, from = performance.now(); ; frame += 1) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, from + frame * frameMs - performance.now())));
    if (asks) [asks, at] = [false, 0];
    const samples = new Int16Array(window);
    samples.set(question.subarray(at, at + window));
    if (at < question.length && at + window >= question.length) endedAt = systemClock.now();
    at += window;
    yield { samples, rate };
  }
}

/** Without the silence at both ends. */
function trimmed(samples: Int16Array): Int16Array {
  const isLoud = (sample: number): boolean => Math.abs(sample) > 400;
  const first = samples.findIndex(isLoud);
  const last = samples.findLastIndex(isLoud);
  return samples.slice(first, last + 1);
}
