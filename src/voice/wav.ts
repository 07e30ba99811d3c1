/** WAV files of 16 bits: what speech models give and take. */
import { MeanwhileError } from '../index.ts';
import { bytesOf, samplesOf, type AudioFrame } from './frames.ts';

const headerBytes = 44;

function refuse(fact: string): MeanwhileError {
  return new MeanwhileError(
    'speech_failed',
    `Expected a WAV file of 16 bits a sample, got ${fact}. Use a model that gives WAV or audio/pcm.`,
  );
}

/** Several channels become their mean. Throws MeanwhileError `speech_failed`. */
export function readWav(bytes: Uint8Array): AudioFrame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 12 || tag(view, 0) !== 'RIFF' || tag(view, 8) !== 'WAVE')
    throw refuse(`${String(bytes.byteLength)} bytes that begin otherwise`);
  let format: { readonly rate: number; readonly channels: number } | undefined;
  for (let at = 12; at + 8 <= bytes.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    const name = tag(view, at);
    if (name === 'fmt ') format = readFormat(view, body);
    if (name === 'data') {
      if (!format) throw refuse('data before its format');
      // The size of one that was streamed is not known when its header is written.
      const data = bytes.subarray(body, Math.min(body + size, bytes.byteLength));
      return { samples: toMono(samplesOf(data), format.channels), rate: format.rate };
    }
    at = body + size + (size % 2);
  }
  throw refuse('none of its data');
}

function readFormat(view: DataView, at: number): { rate: number; channels: number } {
  if (at + 16 > view.byteLength) throw refuse('the beginning of one');
  const [encoding, channels, bits] = [
    view.getUint16(at, true),
    view.getUint16(at + 2, true),
    view.getUint16(at + 14, true),
  ];
  // 0xfffe: the same in the extensible form.
  if ((encoding !== 1 && encoding !== 0xfffe) || bits !== 16 || channels === 0)
    throw refuse(`encoding ${String(encoding)} of ${String(bits)} bits in ${String(channels)} channels`);
  return { rate: view.getUint32(at + 4, true), channels };
}

function toMono(samples: Int16Array<ArrayBuffer>, channels: number): Int16Array<ArrayBuffer> {
  if (channels === 1) return samples;
  return Int16Array.from({ length: Math.floor(samples.length / channels) }, (_none, index) => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel += 1) sum += samples[index * channels + channel] ?? 0;
    return sum / channels;
  });
}

/** One channel, at the frame's rate: for a speech model of your own, which gives `audio`. */
export function writeWav({ samples, rate }: AudioFrame): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(headerBytes + samples.length * 2);
  const view = new DataView(out.buffer);
  const put = (at: number, text: string): void => void new TextEncoder().encodeInto(text, out.subarray(at));
  put(0, 'RIFF');
  view.setUint32(4, out.length - 8, true);
  put(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  put(36, 'data');
  view.setUint32(40, samples.length * 2, true);
  out.set(bytesOf(samples), headerBytes);
  return out;
}

function tag(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}
