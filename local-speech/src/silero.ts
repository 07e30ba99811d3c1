/** Voice activity with Silero, version 5: how likely it is that somebody speaks, a window of 32 ms at a time. */
import { openSession, Tensor, type Session } from './onnx.ts';

const rate = 16_000;
const windowSamples = 512;
/** The end of the window before, which the model wants in front of each. */
const contextSamples = 64;
const stateShape = [2, 1, 128];

/** One stream's voice activity. */
export interface VoiceActivityStream {
  /** `window`: `windowSamples` samples of -1 to 1, in order. Resolves with 0 (nobody) to 1 (speech). */
  probability(window: Float32Array): Promise<number>;
  /** As at the beginning: another stretch of sound follows. */
  reset(): void;
}

/** Voice activity as a session wants it. */
export interface VoiceActivityModel {
  readonly provider: string;
  readonly modelId: string;
  /** Samples a second. */
  readonly rate: number;
  readonly windowSamples: number;
  /** Loads the model, once; streams share it. */
  open(): Promise<VoiceActivityStream>;
}

export function createSilero(path: () => Promise<string>): VoiceActivityModel {
  let loading: Promise<Session> | undefined;
  const load = (): Promise<Session> => {
    loading ??= path()
      .then(openSession)
      .catch((error: unknown) => {
        loading = undefined;
        throw error;
      });
    return loading;
  };
  return {
    provider: 'meanwhile.local-speech',
    modelId: 'silero-v5',
    rate,
    windowSamples,
    open: async () => openStream(await load()),
  };
}

function openStream(session: Session): VoiceActivityStream {
  const sampleRate = new Tensor('int64', BigInt64Array.of(BigInt(rate)), []);
  let state = emptyState();
  let context = new Float32Array(contextSamples);
  return {
    async probability(window) {
      if (window.length !== windowSamples)
        throw new RangeError(`Expected a window of ${String(windowSamples)} samples, got ${String(window.length)}.`);
      const input = new Float32Array(contextSamples + windowSamples);
      input.set(context);
      input.set(window, contextSamples);
      context = input.slice(-contextSamples);
      const output = await session.run({
        input: new Tensor('float32', input, [1, input.length]),
        state,
        sr: sampleRate,
      });
      state = output['stateN'] as Tensor;
      return Number(output['output']?.data[0]);
    },
    reset() {
      state = emptyState();
      context = new Float32Array(contextSamples);
    },
  };
}

function emptyState(): Tensor {
  return new Tensor('float32', new Float32Array(2 * 128), stateShape);
}
