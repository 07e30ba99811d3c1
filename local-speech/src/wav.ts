/** PCM16 WAV files, read and written; what is read becomes one channel of floats at the rate that a model wants. */

export interface Pcm {
  /** One channel, -1 to 1. */
  readonly samples: Float32Array<ArrayBuffer>;
  /** Samples a second. */
  readonly rate: number;
}

const headerBytes = 44;

/** Throws a RangeError that names what the file is instead. */
export function readWav(bytes: Uint8Array): Pcm {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 12 || tag(view, 0) !== 'RIFF' || tag(view, 8) !== 'WAVE')
    throw new RangeError(
      `Expected a WAV file, got ${String(bytes.byteLength)} bytes that do not begin with RIFF and WAVE; convert the audio to PCM16 WAV.`,
    );
  let format: { readonly rate: number; readonly channels: number } | undefined;
  for (let at = 12; at + 8 <= bytes.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (tag(view, at) === 'fmt ') format = readFormat(view, body);
    if (tag(view, at) === 'data') {
      if (!format) throw new RangeError('Expected the format of a WAV file before its data, got data first.');
      // A file that is still being written names a size of its own, or none.
      return readPcm16(bytes.subarray(body, Math.min(body + size, bytes.byteLength)), format.rate, format.channels);
    }
    at = body + size + (size % 2);
  }
  throw new RangeError('Expected a WAV file with a data chunk, got none; the file is cut off.');
}

function readFormat(view: DataView, at: number): { rate: number; channels: number } {
  if (at + 16 > view.byteLength) throw new RangeError('Expected the format of a WAV file, got its beginning only.');
  const [encoding, channels, bits] = [
    view.getUint16(at, true),
    view.getUint16(at + 2, true),
    view.getUint16(at + 14, true),
  ];
  // 0xfffe: the same in the extensible form.
  if ((encoding !== 1 && encoding !== 0xfffe) || bits !== 16 || channels === 0)
    throw new RangeError(
      `Expected PCM of 16 bits, got encoding ${String(encoding)} of ${String(bits)} bits in ${String(channels)} channels; convert the audio to PCM16 WAV.`,
    );
  return { rate: view.getUint32(at + 4, true), channels };
}

/** Samples of 16 bits, little-endian, channels interleaved. */
export function readPcm16(bytes: Uint8Array, rate: number, channels = 1): Pcm {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = new Float32Array(Math.floor(bytes.byteLength / 2 / channels));
  for (let index = 0; index < samples.length; index += 1) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel += 1)
      sum += view.getInt16((index * channels + channel) * 2, true);
    samples[index] = sum / channels / 32_768;
  }
  return { samples, rate };
}

/** Linear between neighbours; downwards the mean of what falls together, so that nothing folds back loudly. */
export function resample({ samples, rate }: Pcm, to: number): Float32Array<ArrayBuffer> {
  if (rate === to) return samples;
  const step = rate / to;
  const out = new Float32Array(Math.floor(samples.length / step));
  for (let index = 0; index < out.length; index += 1) {
    const from = index * step;
    out[index] = step > 1 ? mean(samples, from, from + step) : between(samples, from);
  }
  return out;
}

function between(samples: Float32Array, at: number): number {
  const left = Math.floor(at);
  const [a = 0, b = a] = [samples[left], samples[left + 1]];
  return a + (b - a) * (at - left);
}

function mean(samples: Float32Array, from: number, to: number): number {
  const [first, last] = [Math.floor(from), Math.min(Math.ceil(to), samples.length)];
  let sum = 0;
  for (let index = first; index < last; index += 1) sum += samples[index] ?? 0;
  return last > first ? sum / (last - first) : 0;
}

/** A WAV file around samples of 16 bits, one channel. */
export function writeWav(pcm: Uint8Array, rate: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(headerBytes + pcm.byteLength);
  const view = new DataView(out.buffer);
  const put = (at: number, text: string): void => void new TextEncoder().encodeInto(text, out.subarray(at));
  put(0, 'RIFF');
  view.setUint32(4, 36 + pcm.byteLength, true);
  put(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  put(36, 'data');
  view.setUint32(40, pcm.byteLength, true);
  out.set(pcm, headerBytes);
  return out;
}

/** The samples of a WAV file as they lie in it. */
export function pcmOf(wav: Uint8Array): { readonly pcm: Uint8Array; readonly rate: number } {
  const { samples, rate } = readWav(wav);
  const pcm = new Uint8Array(samples.length * 2);
  const view = new DataView(pcm.buffer);
  samples.forEach((sample, index) =>
    view.setInt16(index * 2, Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))), true),
  );
  return { pcm, rate };
}

function tag(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}
