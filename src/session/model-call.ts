/**
 * One request to a model, read part by part. A failure that can be retried is repeated on the session's clock as long
 * as nothing of it was put out (S1.8). The stream is read with its reader: no transform stands between the model and
 * the output.
 */
import { APICallError } from '@ai-sdk/provider';
import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import type { Clock } from '../clock.ts';
import { MeanwhileError } from '../errors.ts';

export interface ModelCallPorts {
  readonly clock: Clock;
  readonly maxRetries: number;
  readonly onRetry: (error: unknown, attempt: number, delayMs: number) => void;
}

const firstRetryMs = 500;

/**
 * Calls `onPart` for each part, which answers whether it put something out. Throws what the model failed with; resolves
 * early, without an error, when `signal` fires.
 */
export async function callModel(
  model: LanguageModelV4,
  options: LanguageModelV4CallOptions,
  signal: AbortSignal,
  onPart: (part: LanguageModelV4StreamPart) => boolean | Promise<boolean>,
  ports: ModelCallPorts,
): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const progress = { putOut: false };
    try {
      return await readOnce(model, { ...options, abortSignal: signal }, signal, onPart, progress);
    } catch (error) {
      if (signal.aborted) return;
      if (progress.putOut || attempt >= ports.maxRetries || !isRetryable(error)) throw error;
      const delayMs = firstRetryMs * 2 ** attempt;
      ports.onRetry(error, attempt + 1, delayMs);
      await wait(ports.clock, delayMs, signal);
      if (signal.aborted) return;
    }
  }
}

function isRetryable(error: unknown): boolean {
  return APICallError.isInstance(error) && error.isRetryable;
}

async function readOnce(
  model: LanguageModelV4,
  options: LanguageModelV4CallOptions,
  signal: AbortSignal,
  onPart: (part: LanguageModelV4StreamPart) => boolean | Promise<boolean>,
  progress: { putOut: boolean },
): Promise<void> {
  const aborted = whenAborted(signal);
  try {
    const result = await Promise.race([model.doStream(options), aborted.promise]);
    if (!result) return;
    const reader = result.stream.getReader();
    try {
      await readAll(reader, aborted.promise, onPart, progress);
    } finally {
      // Not awaited: a model that does not stop must not hold the conversation.
      reader.cancel().catch(() => undefined);
    }
  } finally {
    aborted.stop();
  }
}

async function readAll(
  reader: ReadableStreamDefaultReader<LanguageModelV4StreamPart>,
  aborted: Promise<undefined>,
  onPart: (part: LanguageModelV4StreamPart) => boolean | Promise<boolean>,
  progress: { putOut: boolean },
): Promise<void> {
  let finished = false;
  for (;;) {
    const next = await Promise.race([reader.read(), aborted]);
    if (!next) return;
    if (next.done) break;
    if (next.value.type === 'error') throw next.value.error;
    if (next.value.type === 'finish') finished = true;
    const putOut = onPart(next.value);
    if (typeof putOut === 'boolean') progress.putOut ||= putOut;
    else progress.putOut = (await putOut) || progress.putOut;
  }
  if (!finished) throw new MeanwhileError('model_failed', 'The model ended its stream without a finish part. Its answer may be incomplete.');
}

function whenAborted(signal: AbortSignal): { promise: Promise<undefined>; stop: () => void } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const onAbort = (): void => resolve(undefined);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  return { promise, stop: () => signal.removeEventListener('abort', onAbort) };
}

function wait(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.setTimeout(resolve, delayMs);
  const aborted = whenAborted(signal);
  void aborted.promise.then(resolve);
  return promise.then(() => {
    clock.clearTimeout(timer);
    aborted.stop();
  });
}
