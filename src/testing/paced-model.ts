/** Any model, at the pace of one that thinks, and failing when the script says so. */
import { APICallError } from '@ai-sdk/provider';
import type { LanguageModelV4, LanguageModelV4StreamPart, LanguageModelV4StreamResult } from '@ai-sdk/provider';
import type { Clock } from '../index.ts';

/** One request that fails. At once, it takes no step of a scripted model. */
export interface ModelFailure {
  /** Which one, from 1, over all models of the session; a repeat after a failure is a request too. */
  readonly request: number;
  /** It breaks off behind so many words (parts of text) instead of failing at once. */
  readonly afterTokens?: number;
  /** Default: an error that says it was scripted, and that may not be tried again. */
  readonly error?: unknown;
}

/** How long a model takes, in ms, and which of its requests fail. */
export interface ModelPace {
  /** From the request to the first part, in ms. Default 0. */
  readonly firstTokenMs?: number;
  /** Between two parts of text, in ms. Default 0. */
  readonly tokenMs?: number;
  readonly failures?: readonly ModelFailure[];
}

/** What all models of a session share: how many requests there were, and until when they fail. */
export interface ModelWeather {
  requests: number;
  failsUntil: number;
}

/** The model, slower by the pace. An aborted request ends at once. */
export function pacedModel(
  llm: LanguageModelV4,
  pace: ModelPace,
  clock: Clock,
  weather: ModelWeather,
): LanguageModelV4 {
  const { firstTokenMs = 0, tokenMs = 0, failures = [] } = pace;
  return {
    specificationVersion: 'v4',
    provider: llm.provider,
    modelId: llm.modelId,
    supportedUrls: llm.supportedUrls,
    doGenerate: (call) => llm.doGenerate(call),
    async doStream(call): Promise<LanguageModelV4StreamResult> {
      const { abortSignal } = call;
      const request = (weather.requests += 1);
      const failure = failures.find((each) => each.request === request);
      const isDown = clock.now() < weather.failsUntil;
      const fails = isDown || (failure && failure.afterTokens === undefined);
      const dueAt = clock.now() + firstTokenMs;
      // A request takes its answer when it is made, whether or not anybody waits for the first token.
      const result = fails ? undefined : await llm.doStream(call);
      try {
        await wait(clock, dueAt - clock.now(), abortSignal);
      } catch (aborted) {
        result?.stream.cancel().catch(() => undefined);
        throw aborted;
      }
      if (isDown) throw unavailable();
      // oxlint-disable-next-line only-throw-error -- what a provider throws is its own business
      if (!result) throw failure?.error ?? scripted(request);
      const { stream, ...rest } = result;
      let tokens = 0;
      const paced = new TransformStream<LanguageModelV4StreamPart, LanguageModelV4StreamPart>({
        async transform(part, controller) {
          if (part.type === 'text-delta' && tokens++ > 0) await wait(clock, tokenMs, abortSignal);
          if (failure?.afterTokens !== undefined && (tokens > failure.afterTokens || part.type === 'finish')) {
            controller.error(failure.error ?? scripted(request));
          } else controller.enqueue(part);
        },
      });
      return { stream: stream.pipeThrough(paced), ...rest };
    },
  };
}

function scripted(request: number): Error {
  return new Error(`The model failed at request ${String(request)}, as the script says.`);
}

/** Of the kind that is tried again. */
function unavailable(): APICallError {
  const message = 'The model is unavailable, as the script says.';
  return new APICallError({ message, url: 'script:', requestBodyValues: {}, statusCode: 503, isRetryable: true });
}

/** Rejects with the signal's reason when it fires. Leaves no timer and no listener. */
export async function wait(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  if (ms <= 0) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = clock.setTimeout(resolve, ms);
  const abort = (): void => reject(signal?.reason);
  signal?.addEventListener('abort', abort);
  try {
    await promise;
  } finally {
    clock.clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}
