import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOf, samplesOf } from '../../src/voice/frames.ts';
import { Resampler } from '../../src/voice/resampler.ts';
import { SampleQueue } from '../../src/voice/sample-queue.ts';
import { readWav, writeWav } from '../../src/voice/wav.ts';

test('samples are bytes and samples again, also from the middle of a buffer', () => {
  const samples = Int16Array.of(0, 1, -1, 32_767, -32_768);
  const shifted = new Uint8Array([9, ...bytesOf(samples)]).subarray(1);
  expect(samplesOf(shifted)).toEqual(samples);
  expect(readWav(writeWav({ samples, rate: 8_000 }))).toEqual({ samples, rate: 8_000 });
});

test('a queue gives what it was given, in order, in pieces of any length', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.integer({ min: -9, max: 9 }))), fc.array(fc.nat(7)), (pieces, counts) => {
      const queue = new SampleQueue();
      for (const piece of pieces) queue.push(Int16Array.from(piece));
      const taken = counts.flatMap((count) => [...queue.take(count)]);
      queue.unshift(Int16Array.from(taken));
      expect([...queue.take(queue.length)]).toEqual(pieces.flat());
      expect(queue.length).toBe(0);
    }),
    { seed: 7 },
  );
});

test.each([
  [16_000, 48_000],
  [48_000, 16_000],
  [24_000, 16_000],
  [44_100, 16_000],
  [16_000, 16_000],
])('from %i to %i a tone stays a tone, however it is cut', (from, to) => {
  const tone = (rate: number): Int16Array =>
    Int16Array.from({ length: rate / 10 }, (_none, index) => 10_000 * Math.sin((2 * Math.PI * 200 * index) / rate));
  const resampler = new Resampler(from, to);
  const given = tone(from);
  const made: number[] = [];
  for (let at = 0; at < given.length; at += 321) made.push(...resampler.push(given.subarray(at, at + 321)));
  const wanted = tone(to);
  expect(Math.abs(made.length - wanted.length)).toBeLessThan(8);
  const furthest = Math.max(...made.slice(2, -8).map((sample, index) => Math.abs(sample - (wanted[index + 2] ?? 0))));
  // A mean over a window is late by half of it.
  expect(furthest).toBeLessThan(600);
});

test.each([
  ['other bytes', new Uint8Array(30), 'got 30 bytes that begin otherwise'],
  ['no data', writeWav({ samples: Int16Array.of(1), rate: 8_000 }).subarray(0, 36), 'got none of its data'],
])('a file that is no WAV file: %s', (_name, bytes, message) => {
  expect(() => readWav(bytes)).toThrow(message);
});
