/**
 * One request to a model, read part by part. A failure that can be retried is repeated on the session's clock as long
 * as nothing of it was put out (S1.8). The stream is read with its reader: no transform stands between the model and
 * the output.
 */
import { APICallError } from '@ai-sdk/provider';
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
} from '@ai-sdk/provider';
import type { Clock } from '../clock.ts';
import { describeError, MeanwhileError } from '../errors.ts';
import { show } from '../tools/options.ts';

export interface ModelCallPorts {
  readonly clock: Clock;
  readonly maxRetries: number;
  readonly onRetry: (error: unknown, attempt: number, delayMs: number) => void;
}

const firstRetryMs = 500;

/** `aborted`: the signal fired before the model had said all it wanted to. */
export type ModelCallEnd = 'finished' | 'aborted';

/** Calls `onPart` for each part, which answers whether it put something out. Throws what the model failed with. */
export async function callModel(
  model: LanguageModelV4,
  options: LanguageModelV4CallOptions,
  signal: AbortSignal,
  onPart: (part: LanguageModelV4StreamPart) => boolean | Promise<boolean>,
  ports: ModelCallPorts,
): Promise<ModelCallEnd> {
  for (let attempt = 0; ; attempt += 1) {
    const progress = { putOut: false };
    try {
      return await readOnce(model, { ...options, abortSignal: signal }, signal, onPart, progress);
    } catch (error) {
      if (signal.aborted) return 'aborted';
      if (progress.putOut || attempt >= ports.maxRetries || !isRetryable(error)) throw error;
      const delayMs = firstRetryMs * 2 ** attempt;
      ports.onRetry(error, attempt + 1, delayMs);
      await wait(ports.clock, delayMs, signal);
      if (signal.aborted) return 'aborted';
    }
  }
}

/** By the provider's own word, or because the answer broke off on its way. */
function isRetryable(error: unknown): boolean {
  return APICallError.isInstance(error)
    ? error.isRetryable
    : error instanceof MeanwhileError && error.code === 'model_failed';
}

function brokenOff(how: string, cause?: unknown): MeanwhileError {
  return new MeanwhileError('model_failed', `The model's answer broke off: ${how}`, { cause });
}

async function readOnce(
  model: LanguageModelV4,
  options: LanguageModelV4CallOptions,
  signal: AbortSignal,
  onPart: (part: LanguageModelV4StreamPart) => boolean | Promise<boolean>,
  progress: { putOut: boolean },
): Promise<ModelCallEnd> {
  const aborted = whenAborted(signal);
  try {
    const asked = Promise.resolve(model.doStream(options));
    const result = await Promise.race([asked, aborted.promise]);
    if (signal.aborted) {
      void asked.then(stop, () => undefined);
      return 'aborted';
    }
    if (!result?.stream)
      throw new MeanwhileError(
        'model_failed',
        `The model gave no stream but ${show(result)}. Expected doStream() to give { stream }.`,
      );
    const reader = result.stream.getReader();
    // Not awaited: a model that does not stop must not hold the conversation. What is being read is done at once.
    const stopReading = (): void => void reader.cancel().catch(() => undefined);
    void aborted.promise.then(stopReading);
    try {
      return await readAll(reader, signal, onPart, progress);
    } finally {
      stopReading();
    }
  } finally {
    aborted.stop();
  }
}

/** Of an answer that comes too late: nobody reads it. */
function stop(late: LanguageModelV4StreamResult | undefined): void {
  late?.stream?.cancel().catch(() => undefined);
}

async function readAll(
  reader: ReadableStreamDefaultReader<LanguageModelV4StreamPart>,
  signal: AbortSignal,
  onPart: (part: LanguageModelV4StreamPart) => boolean | Promise<boolean>,
  progress: { putOut: boolean },
): Promise<ModelCallEnd> {
  let finished = false;
  for (;;) {
    let next: Awaited<ReturnType<typeof reader.read>>;
    try {
      next = await reader.read();
    } catch (error) {
      throw APICallError.isInstance(error) ? error : brokenOff(describeError(error), error);
    }
    // A part that was waiting when the signal fired comes too late.
    if (signal.aborted) return finished ? 'finished' : 'aborted';
    if (next.done) break;
    const part = next.value;
    if (part.type === 'error') throw part.error;
    if (part.type === 'finish') {
      const { unified, raw } = part.finishReason;
      if (unified === 'error') throw brokenOff(`the provider says "${raw ?? unified}".`);
      finished = true;
    }
    const putOut = onPart(part);
    if (typeof putOut === 'boolean') progress.putOut ||= putOut;
    else progress.putOut = (await putOut) || progress.putOut;
  }
  if (!finished) throw brokenOff('its stream ended without a finish part.');
  return 'finished';
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
