import { describe, expect, test } from 'vitest';
import { pcmOf, readPcm16, readWav, resample, writeWav } from '../src/wav.ts';

const bytesOf = (...samples: number[]): Uint8Array => new Uint8Array(Int16Array.from(samples).buffer);

test('what is written is read again', () => {
  const pcm = bytesOf(0, 1, -1, 32_767, -32_768);
  expect(pcmOf(writeWav(pcm, 16_000))).toEqual({ pcm, rate: 16_000 });
});

test('two channels become their mean', () => {
  expect([...readPcm16(bytesOf(16_384, 0, -16_384, -16_384), 16_000, 2).samples]).toEqual([0.25, -0.5]);
});

test('chunks before the data are passed over, and a size that lies ends with the file', () => {
  const wav = writeWav(bytesOf(1, 2), 8_000);
  const list = new TextEncoder().encode('LIST');
  const odd = new Uint8Array([...wav.subarray(0, 36), ...list, 3, 0, 0, 0, 7, 7, 7, 0, ...wav.subarray(36)]);
  new DataView(odd.buffer).setUint32(odd.length - 8, 0xffff_ffff, true);
  expect(pcmOf(odd)).toEqual({ pcm: bytesOf(1, 2), rate: 8_000 });
});

describe('a file that is none', () => {
  const wav = writeWav(bytesOf(1), 8_000);
  const changed = (at: number, value: number): Uint8Array => {
    const copy = wav.slice();
    copy[at] = value;
    return copy;
  };
  test.each([
    ['other bytes', new Uint8Array(20), 'Expected a WAV file, got 20 bytes'],
    ['nothing', new Uint8Array(0), 'Expected a WAV file, got 0 bytes'],
    ['floats', changed(20, 3), 'got encoding 3 of 16 bits in 1 channels'],
    ['eight bits', changed(34, 8), 'got encoding 1 of 8 bits in 1 channels'],
    ['no data', wav.subarray(0, 36), 'with a data chunk, got none'],
    ['its format cut off', wav.subarray(0, 28), 'got its beginning only'],
  ])('%s', (_name, bytes, message) => {
    expect(() => readWav(bytes)).toThrow(message);
  });
});

test('another rate keeps a tone', () => {
  const tone = (rate: number): Float32Array<ArrayBuffer> =>
    Float32Array.from({ length: rate / 10 }, (_each, index) => Math.sin((2 * Math.PI * 200 * index) / rate));
  for (const [from, to] of [
    [48_000, 16_000],
    [8_000, 16_000],
    [44_100, 16_000],
  ] as const) {
    const made = resample({ samples: tone(from), rate: from }, to);
    const wanted = tone(to);
    expect(made.length).toBe(wanted.length);
    const furthest = Math.max(...made.slice(2, -4).map((sample, index) => Math.abs(sample - (wanted[index + 2] ?? 0))));
    // A mean over a window is late by half of it: 200 Hz move by 4 % of their height in that time.
    expect(furthest).toBeLessThan(0.06);
  }
});
