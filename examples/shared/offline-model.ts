/**
 * A language model without a language model: rules that pick a tool by the words it shares with what the user said,
 * fill its arguments, and tell its results. It lets the examples run without a key and without a network, and it says
 * plainly what it is.
 *
 * It is a `LanguageModelV4` like any other: it knows no tool by name, streams word by word, and reads only its prompt.
 * Two instances, or one before and after a restart, answer the same prompt alike. How a prompt is read and an answer
 * made is in `offline/`; `offline/respond.ts` is where to begin.
 */
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4StreamPart,
} from '@ai-sdk/provider';
import { systemClock, type Clock } from 'meanwhile';
import { respond, type Reply } from './offline/respond.ts';
import { streamParts, wordsWithSpace } from './offline/stream.ts';

export interface OfflineModelOptions {
  /** Time between two words, in milliseconds. Default: 0, all at once. */
  readonly wordDelayMs?: number;
  /** What the delay is counted on, and what "tomorrow" is counted from. Default: the system's. */
  readonly clock?: Clock;
}

/**
 * @example
 * const session = new AgentSession({ llm: offlineModel({ wordDelayMs: 30 }), tools: [bookFlight] });
 */
export function offlineModel({ wordDelayMs = 0, clock = systemClock }: OfflineModelOptions = {}): LanguageModelV4 {
  if (!(wordDelayMs >= 0 && wordDelayMs < Infinity)) {
    throw new RangeError(`Expected wordDelayMs to be a finite number of 0 or more, got ${wordDelayMs}.`);
  }
  const answer = (call: LanguageModelV4CallOptions): LanguageModelV4StreamPart[] => {
    call.abortSignal?.throwIfAborted();
    return partsOf(respond(call, clock.now()), call);
  };
  return {
    specificationVersion: 'v4',
    provider: 'offline',
    modelId: 'rules',
    supportedUrls: {},
    doStream: async (call) => ({ stream: streamParts(answer(call), { wordDelayMs, clock, signal: call.abortSignal }) }),
    doGenerate: async (call) => {
      const parts = answer(call);
      const finish = parts.find((part) => part.type === 'finish');
      if (!finish) throw new Error('The rule-based model gave no finish part.');
      return { content: contentOf(parts), finishReason: finish.finishReason, usage: finish.usage, warnings: [] };
    },
  };
}

function partsOf({ text, calls }: Reply, { prompt }: LanguageModelV4CallOptions): LanguageModelV4StreamPart[] {
  const words = wordsWithSpace(text);
  const parts: LanguageModelV4StreamPart[] = [
    { type: 'stream-start', warnings: [] },
    { type: 'response-metadata', modelId: 'rules' },
  ];
  if (words.length > 0) {
    parts.push({ type: 'text-start', id: 'text' });
    for (const delta of words) parts.push({ type: 'text-delta', id: 'text', delta });
    parts.push({ type: 'text-end', id: 'text' });
  }
  const made = callsIn(prompt);
  calls.forEach(({ toolName, args }, index) => {
    const id = `${toolName.slice(0, 24)}_${made + index + 1}`;
    const input = JSON.stringify(args);
    parts.push({ type: 'tool-input-start', id, toolName }, { type: 'tool-input-delta', id, delta: input });
    parts.push({ type: 'tool-input-end', id }, { type: 'tool-call', toolCallId: id, toolName, input });
  });
  const unified = calls.length > 0 ? 'tool-calls' : 'stop';
  parts.push({
    type: 'finish',
    finishReason: { unified, raw: unified },
    usage: usageOf(prompt, words.length + calls.length),
  });
  return parts;
}

/** Ids count on from the calls in the prompt: readable, and the same for the same prompt. */
function callsIn(prompt: LanguageModelV4CallOptions['prompt']): number {
  return prompt.reduce(
    (sum, message) =>
      message.role === 'assistant' ? sum + message.content.filter((part) => part.type === 'tool-call').length : sum,
    0,
  );
}

/** A word counts as a token. */
function usageOf(
  prompt: LanguageModelV4CallOptions['prompt'],
  output: number,
): Extract<LanguageModelV4StreamPart, { type: 'finish' }>['usage'] {
  const total = JSON.stringify(prompt).match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
  return {
    inputTokens: { total, noCache: total, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: output, text: output, reasoning: 0 },
  };
}

function contentOf(parts: readonly LanguageModelV4StreamPart[]): LanguageModelV4Content[] {
  const text = parts.map((part) => (part.type === 'text-delta' ? part.delta : '')).join('');
  const calls = parts.filter((part) => part.type === 'tool-call');
  return [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...calls];
}
