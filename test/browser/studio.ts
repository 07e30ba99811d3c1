/**
 * A studio round the page: whoever speaks into its microphone and what comes out of its loudspeaker are on two tracks of one
 * tape, sample by sample.
 */
import type { Page } from 'playwright-core';

export const tapeRate = 16_000;

declare global {
  interface Window {
    studio: {
      /** Speaks into the microphone; resolves when all was said. */
      speak(samples: readonly number[]): Promise<void>;
      /** Samples on the tape so far. */
      length(): number;
      /** The loudest sample of the agent's since there. */
      loudest(from: number): number;
      /** Both tracks as samples of 16 bits, in base64. */
      tape(): { user: string; agent: string };
    };
  }
}

function build(rate: number): void {
  const piece = 1024;
  const tape: { user: Int16Array[]; agent: Int16Array[] } = { user: [], agent: [] };
  // The browser's own: that of the page is another.
  // oxlint-disable-next-line typescript/unbound-method
  const connect = AudioNode.prototype.connect as (this: AudioNode, ...given: unknown[]) => unknown;
  const open = () => {
    const context = new AudioContext({ sampleRate: rate });
    const microphone = context.createMediaStreamDestination();
    const mixer = context.createChannelMerger(2);
    const recorder = context.createScriptProcessor(piece, 2, 1);
    recorder.onaudioprocess = ({ inputBuffer }) => {
      const track = (channel: number): Int16Array =>
        Int16Array.from(inputBuffer.getChannelData(channel), (sample) => sample * 32_767);
      tape.user.push(track(0));
      tape.agent.push(track(1));
    };
    connect.call(mixer, recorder);
    connect.call(recorder, context.destination);
    return { context, microphone, mixer };
  };
  let opened: ReturnType<typeof open> | undefined;
  const studio = (): ReturnType<typeof open> => (opened ??= open());

  navigator.mediaDevices.getUserMedia = () => Promise.resolve(studio().microphone.stream);
  // What the page sends to its loudspeaker goes on tape, too.
  AudioNode.prototype.connect = function (this: AudioNode, ...given: unknown[]) {
    if (given[0] instanceof AudioDestinationNode && this.context !== opened?.context) {
      const { context, mixer } = studio();
      const line = (this.context as AudioContext).createMediaStreamDestination();
      connect.call(this, line);
      connect.call(context.createMediaStreamSource(line.stream), mixer, 0, 1);
    }
    return connect.apply(this, given);
  } as typeof AudioNode.prototype.connect;

  const join = (parts: readonly Int16Array[]): Int16Array<ArrayBuffer> => {
    const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  };
  const loudestOf = (part: Int16Array): number => part.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  const text = (samples: Int16Array<ArrayBuffer>): string => {
    const bytes = new Uint8Array(samples.buffer);
    let letters = '';
    for (let at = 0; at < bytes.length; at += 8_192) letters += String.fromCharCode(...bytes.subarray(at, at + 8_192));
    return btoa(letters);
  };
  window.studio = {
    async speak(samples) {
      const { context, microphone, mixer } = studio();
      const buffer = context.createBuffer(1, samples.length, rate);
      buffer.copyToChannel(Float32Array.from(samples), 0);
      const source = context.createBufferSource();
      source.buffer = buffer;
      connect.call(source, microphone);
      connect.call(source, mixer, 0, 0);
      await new Promise((resolve) => {
        source.onended = resolve;
        source.start();
      });
    },
    length: () => tape.agent.length * piece,
    loudest: (from) => Math.max(0, ...tape.agent.slice(Math.floor(from / piece)).map(loudestOf)),
    tape: () => ({ user: text(join(tape.user)), agent: text(join(tape.agent)) }),
  };
}

/** Before the page is opened. */
export async function buildStudio(page: Page): Promise<void> {
  await page.addInitScript(build, tapeRate);
}

export interface Tape {
  readonly user: Int16Array;
  readonly agent: Int16Array;
}

export async function takeTape(page: Page): Promise<Tape> {
  const { user, agent } = await page.evaluate(() => window.studio.tape());
  return { user: samplesOf(user), agent: samplesOf(agent) };
}

function samplesOf(base64: string): Int16Array {
  const bytes = Buffer.from(base64, 'base64');
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** Somebody has a voice, from when to when, in ms. */
export interface Voiced {
  readonly from: number;
  readonly to: number;
}

const stepMs = 20;
const step = (stepMs / 1000) * tapeRate;

/** Stretches of sound; a pause of less than `joinMs` is part of one. */
export function voiced(track: Int16Array, joinMs = 400): Voiced[] {
  const found: { from: number; to: number }[] = [];
  for (let at = 0; at + step <= track.length; at += step) {
    const loudest = track.subarray(at, at + step).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    if (loudest < 300) continue;
    const from = (at / tapeRate) * 1000;
    const last = found.at(-1);
    if (last && from - last.to <= joinMs) last.to = from + stepMs;
    else found.push({ from, to: from + stepMs });
  }
  return found;
}
