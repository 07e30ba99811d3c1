/** The browser's loudspeaker, which knows how much it really played. */
import type { ClientLoudspeaker } from './client.ts';

const rate = 24_000;

export interface BrowserLoudspeaker extends ClientLoudspeaker {
  /** What it plays, for a meter or a recording. */
  readonly context: AudioContext;
  readonly node: AudioNode;
  close(): Promise<void>;
}

type Answer =
  | { readonly type: 'cleared'; readonly id: number; readonly played: number }
  | { readonly type: 'drained'; readonly id: number };

/** Call it from a click or a key: browsers let nobody play before. Rejects where there is no sound to be had. */
export async function openLoudspeaker(): Promise<BrowserLoudspeaker> {
  const context = new AudioContext({ sampleRate: rate });
  await context.audioWorklet.addModule(new URL('./playback-worklet.js', import.meta.url));
  const node = new AudioWorkletNode(context, 'meanwhile-playback', { numberOfInputs: 0, outputChannelCount: [1] });
  node.connect(context.destination);
  await context.resume();
  const waiting = new Map<number, (played: number) => void>();
  let lastId = 0;
  node.port.onmessage = ({ data }: MessageEvent<Answer>) => {
    waiting.get(data.id)?.(data.type === 'cleared' ? data.played : 0);
    waiting.delete(data.id);
  };
  const ask = (type: 'clear' | 'drain'): Promise<number> =>
    new Promise((resolve) => {
      lastId += 1;
      waiting.set(lastId, resolve);
      node.port.postMessage({ type, id: lastId });
    });
  return {
    rate: context.sampleRate,
    context,
    node,
    play(samples) {
      node.port.postMessage({ type: 'play', samples }, [samples.buffer]);
    },
    clear: async () => ((await ask('clear')) / context.sampleRate) * 1000,
    drain: async () => void (await ask('drain')),
    close: () => context.close(),
  };
}
