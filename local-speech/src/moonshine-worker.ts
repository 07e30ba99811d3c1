/**
 * Moonshine's decoder, a token at a time: the most likely next one, until it says that the sentence is over. What the
 * decoder kept of the sound (`encoder`) stays as the first step made it.
 */
import { workerData } from 'node:worker_threads';
import tokenizer from 'llama-tokenizer-js';
import { answerEach } from './answering.ts';
import type { MoonshineQuestion, MoonshineSize } from './moonshine.ts';
import { openSession, Tensor, type Session, type Tensors } from './onnx.ts';

interface Given {
  readonly size: MoonshineSize;
  readonly encoder: string;
  readonly decoder: string;
}

const rate = 16_000;
/** The model hears the beginning better after a moment of silence. */
const leadSamples = 0.3 * rate;
const [firstToken, lastToken] = [1, 2];
const tokensPerSecond = 6;
const heads = 8;
const shapes: Record<MoonshineSize, { readonly layers: number; readonly width: number }> = {
  tiny: { layers: 6, width: 36 },
  base: { layers: 8, width: 52 },
};

const { size, encoder, decoder } = workerData as Given;
const sessions = Promise.all([openSession(encoder), openSession(decoder)]);

function emptyCache(): Tensors {
  const { layers, width } = shapes[size];
  const cache: Tensors = {};
  for (let layer = 0; layer < layers; layer += 1)
    for (const part of ['decoder', 'encoder'])
      for (const kind of ['key', 'value'])
        cache[`past_key_values.${String(layer)}.${part}.${kind}`] = new Tensor('float32', new Float32Array(0), [
          0,
          heads,
          1,
          width,
        ]);
  return cache;
}

async function encode(session: Session, samples: Float32Array): Promise<Tensor> {
  const padded = new Float32Array(leadSamples + samples.length);
  padded.set(samples, leadSamples);
  const output = await session.run({ input_values: new Tensor('float32', padded, [1, padded.length]) });
  const [hidden] = Object.values(output);
  if (!hidden) throw new Error('Expected an output of the encoder, got none.');
  return hidden;
}

async function decode(session: Session, hidden: Tensor, limit: number): Promise<number[]> {
  const tokens: number[] = [];
  let token = firstToken;
  let cache = emptyCache();
  for (let isFirst = true; tokens.length < limit; isFirst = false) {
    const output = await session.run({
      input_ids: new Tensor('int64', BigInt64Array.of(BigInt(token)), [1, 1]),
      encoder_hidden_states: hidden,
      use_cache_branch: new Tensor('bool', [!isFirst], [1]),
      ...cache,
    });
    token = mostLikely(output['logits']?.data as Float32Array);
    if (token === lastToken) break;
    tokens.push(token);
    cache = grown(cache, output, isFirst);
  }
  return tokens;
}

function grown(cache: Tensors, output: Tensors, isFirst: boolean): Tensors {
  return Object.fromEntries(
    Object.entries(cache).map(([name, before]) => {
      const now = output[name.replace('past_key_values', 'present')];
      return [name, now && (isFirst || name.includes('.decoder.')) ? now : before];
    }),
  );
}

function mostLikely(logits: Float32Array): number {
  let best = 0;
  for (let index = 1; index < logits.length; index += 1) if ((logits[index] ?? 0) > (logits[best] ?? 0)) best = index;
  return best;
}

answerEach(async ({ samples }: MoonshineQuestion): Promise<string> => {
  const [encoding, decoding] = await sessions;
  const hidden = await encode(encoding, samples);
  const limit = Math.ceil((samples.length / rate) * tokensPerSecond);
  return tokenizer.decode(await decode(decoding, hidden, limit), false, false).trim();
});
