/** From a step to what its stream does: parts, waits, and where it breaks off (S10). */
import type {
  LanguageModelV4FinishReason,
  LanguageModelV4ResponseMetadata,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
} from '@ai-sdk/provider';
import { isRefusal, wordsOf, type ScriptedAnswer, type ScriptedPoint } from './scripted-step.ts';

/** Gives a call the id of its script, else the next of its own that no script has given so far. */
export type CallIds = (given: string | undefined) => string;

export function createCallIds(prefix: string): CallIds {
  const scripted = new Set<string>();
  let count = 0;
  const nextId = (): string => {
    const id = `${prefix}${++count}`;
    return scripted.has(id) ? nextId() : id;
  };
  return (given) => {
    if (given === undefined) return nextId();
    scripted.add(given);
    return given;
  };
}

/** What a stream does next: give a part, let time pass, wait for the test, or break off. */
export type Cue =
  | LanguageModelV4StreamPart
  | { type: 'wait'; ms: number }
  | { type: 'hang'; until: PromiseLike<unknown> }
  | { type: 'break'; error: unknown };

type Point = { type: 'point'; point: ScriptedPoint };

export function cuesOf(answer: ScriptedAnswer, response: LanguageModelV4ResponseMetadata, nextCallId: CallIds): Cue[] {
  const { delayMs = 0, hang, hangAfter = 'start', failAfter, error } = answer;
  const cues: Cue[] = [{ type: 'wait', ms: delayMs }];
  if (isRefusal(answer)) return [...cues, { type: 'break', error }];
  cues.push({ type: 'stream-start', warnings: [] }, { type: 'response-metadata', ...response });
  for (const item of contentOf(answer, nextCallId)) {
    if (item.type !== 'point') {
      cues.push(item);
      continue;
    }
    if (hang && item.point === hangAfter) cues.push({ type: 'hang', until: hang });
    if (item.point === failAfter) {
      const failure = error ?? new Error('The scripted model failed, as its script says.');
      return [...cues, { type: 'error', error: failure }, finishOf(answer, 'error')];
    }
  }
  return [...cues, finishOf(answer, answer.finishReason ?? (answer.calls?.length ? 'tool-calls' : 'stop'))];
}

/** The content in order, with the points a script can name. Lazy: what a failure cuts off takes no ids. */
function* contentOf(
  { reasoning = '', text = '', calls = [], wordDelayMs = 0, providerMetadata }: ScriptedAnswer,
  nextCallId: CallIds,
): Generator<Cue | Point> {
  const metadata = providerMetadata && { providerMetadata };
  yield { type: 'point', point: 'start' };

  const reasoningWords = wordsOf(reasoning);
  if (reasoning) yield { type: 'reasoning-start', id: 'reasoning_1' };
  for (const [index, delta] of reasoningWords.entries()) {
    if (index > 0) yield { type: 'wait', ms: wordDelayMs };
    yield { type: 'reasoning-delta', id: 'reasoning_1', delta };
  }
  if (reasoning) yield { type: 'reasoning-end', id: 'reasoning_1', ...metadata };

  if (text) yield { type: 'text-start', id: 'text_1' };
  yield { type: 'point', point: 0 };
  for (const [index, delta] of wordsOf(text).entries()) {
    if (index > 0 || reasoning) yield { type: 'wait', ms: wordDelayMs };
    yield { type: 'text-delta', id: 'text_1', delta };
    yield { type: 'point', point: index + 1 };
  }
  if (text) yield { type: 'text-end', id: 'text_1', ...metadata };

  for (const call of calls) {
    const id = nextCallId(call.id);
    const input = call.argsText ?? (call.args === undefined ? '{}' : JSON.stringify(call.args));
    const callMetadata = call.providerMetadata ? { providerMetadata: call.providerMetadata } : metadata;
    yield { type: 'tool-input-start', id, toolName: call.name };
    yield { type: 'tool-input-delta', id, delta: input };
    yield { type: 'tool-input-end', id };
    yield { type: 'tool-call', toolCallId: id, toolName: call.name, input, ...callMetadata };
  }
  yield { type: 'point', point: 'end' };
}

function finishOf(answer: ScriptedAnswer, unified: LanguageModelV4FinishReason['unified']): Cue {
  const { providerMetadata } = answer;
  return {
    type: 'finish',
    finishReason: { unified, raw: unified },
    usage: usageOf(answer),
    ...(providerMetadata && { providerMetadata }),
  };
}

function usageOf({ usage = {}, text = '', reasoning = '' }: ScriptedAnswer): LanguageModelV4Usage {
  const { inputTokens, outputTokens, raw } = usage;
  const unknownInput = { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined };
  const words = { text: wordsOf(text).length, reasoning: wordsOf(reasoning).length };
  return {
    inputTokens: typeof inputTokens === 'object' ? inputTokens : { ...unknownInput, total: inputTokens },
    outputTokens:
      typeof outputTokens === 'object'
        ? outputTokens
        : outputTokens === undefined
          ? { total: words.text + words.reasoning, ...words }
          : { total: outputTokens, text: undefined, reasoning: undefined },
    ...(raw && { raw }),
  };
}
