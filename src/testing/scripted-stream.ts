/** A scripted answer as a stream, or in one piece (S10). */
import type {
  LanguageModelV4Content,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
} from '@ai-sdk/provider';
import type { Clock, TimerHandle } from '../index.ts';
import type { Cue } from './scripted-cues.ts';

/**
 * A stream that gives the cues on demand, with no queue of its own, so that an abort drops nothing that was given and
 * lets nothing through that was not. Words are due at fixed times from the call on, as a provider's are, however late
 * the reader comes for them.
 */
export function play(
  cues: readonly Cue[],
  clock: Clock | undefined,
  signal: AbortSignal | undefined,
): ReadableStream<LanguageModelV4StreamPart> {
  let next = 0;
  let dueAt = clock?.now() ?? 0;
  let over = false;
  let timer: TimerHandle | undefined;
  let breakOff = (): void => {};

  function end(): void {
    over = true;
    clock?.clearTimeout(timer);
    signal?.removeEventListener('abort', breakOff);
  }

  function pull(controller: ReadableStreamDefaultController<LanguageModelV4StreamPart>): void | Promise<void> {
    const cue = over ? undefined : cues[next++];
    if (cue === undefined) return;
    if (cue.type === 'wait') {
      dueAt += cue.ms;
      const due = waitUntilDue();
      return due ? due.then(() => pull(controller)) : pull(controller);
    }
    if (cue.type === 'hang') return waitFor(cue.until).then(() => pull(controller));
    if (cue.type === 'break') {
      end();
      throw cue.error;
    }
    controller.enqueue(cue);
    if (next < cues.length) return;
    end();
    controller.close();
  }

  function waitUntilDue(): Promise<void> | undefined {
    if (!clock || dueAt <= clock.now()) return undefined;
    return new Promise((resolve) => {
      timer = clock.setTimeout(function scriptedModel() {
        resolve();
      }, dueAt - clock.now());
    });
  }

  async function waitFor(hang: PromiseLike<unknown>): Promise<void> {
    try {
      await hang;
    } catch (error) {
      end();
      throw error;
    }
    dueAt = clock?.now() ?? 0;
  }

  return new ReadableStream(
    {
      start(controller) {
        breakOff = () => {
          end();
          controller.error(signal?.reason);
        };
        signal?.addEventListener('abort', breakOff);
      },
      pull,
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}

/** A whole stream in one piece, as `doGenerate` gives it. */
export async function fold(stream: ReadableStream<LanguageModelV4StreamPart>): Promise<LanguageModelV4GenerateResult> {
  const content: LanguageModelV4Content[] = [];
  let text = '';
  let response: LanguageModelV4GenerateResult['response'] = {};
  for await (const part of stream) {
    switch (part.type) {
      case 'error':
        throw part.error;
      case 'response-metadata': {
        const { type: _, ...metadata } = part;
        response = metadata;
        break;
      }
      case 'reasoning-delta':
      case 'text-delta':
        text += part.delta;
        break;
      case 'reasoning-end':
      case 'text-end': {
        const { providerMetadata } = part;
        const type = part.type === 'text-end' ? 'text' : 'reasoning';
        content.push({ type, text, ...(providerMetadata && { providerMetadata }) });
        text = '';
        break;
      }
      case 'tool-call':
        content.push(part);
        break;
      case 'finish': {
        const { type: _, ...finish } = part;
        return { content, ...finish, response, warnings: [] };
      }
      default:
    }
  }
  throw new Error('A scripted stream ended without a finish part.');
}
