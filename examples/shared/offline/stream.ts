/** Parts of an answer as a stream, with time between the words. It leaves nothing behind, however it ends. */
import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import type { Clock, TimerHandle } from 'meanwhile';

export interface StreamOptions {
  readonly wordDelayMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/** The words, each with the white space before it. Together they are the text. */
export function wordsWithSpace(text: string): string[] {
  return text.match(/\s*\S+(?:\s+$)?/g) ?? [];
}

export function streamParts(
  parts: readonly LanguageModelV4StreamPart[],
  { wordDelayMs, clock, signal }: StreamOptions,
): ReadableStream<LanguageModelV4StreamPart> {
  let next = 0;
  let timer: TimerHandle | undefined;
  let stop = (): void => {};
  const release = (): void => {
    clock.clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  };
  return new ReadableStream<LanguageModelV4StreamPart>(
    {
      start(controller) {
        stop = () => {
          release();
          controller.error(signal?.reason);
        };
        signal?.addEventListener('abort', stop);
      },
      pull(controller) {
        const part = parts[next];
        const isLaterWord = part?.type === 'text-delta' && parts[next - 1]?.type === 'text-delta';
        const put = (): void => {
          next += 1;
          if (part) controller.enqueue(part);
          if (next < parts.length) return;
          release();
          controller.close();
        };
        if (!isLaterWord || wordDelayMs === 0) return put();
        return new Promise<void>((resolve) => {
          timer = clock.setTimeout(() => {
            put();
            resolve();
          }, wordDelayMs);
        });
      },
      cancel: release,
    },
    { highWaterMark: 0 },
  );
}
