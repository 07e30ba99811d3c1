/** The parts of one step as they arrive from the model: texts, reasoning, calls. */
import type { LanguageModelV4StreamPart, LanguageModelV4ToolCall, SharedV4ProviderMetadata } from '@ai-sdk/provider';
import type { ProviderMetadata, ReasoningPart, TextPart } from '../chat/items.ts';
import type { IncomingCall, StartedCall } from '../engine/seam.ts';

interface Growing {
  text: string;
  metadata: ProviderMetadata | undefined;
}

export class StepParts {
  readonly calls: StartedCall[] = [];
  readonly #start: (call: IncomingCall, cutOff: boolean) => StartedCall;
  readonly #texts = new Map<string, Growing>();
  readonly #reasoning = new Map<string, Growing>();
  /** Calls with broken or empty arguments, and all behind them: whether the model was cut off is known at the end (S1.3). */
  readonly #deferred: IncomingCall[] = [];
  #cutOff = false;

  constructor(start: (call: IncomingCall, cutOff: boolean) => StartedCall) {
    this.#start = start;
  }

  get texts(): TextPart[] {
    const kept = [...this.#texts.values()].filter(({ text, metadata }) => text !== '' || metadata !== undefined);
    return kept.map((part) => ({ type: 'text', ...toPart(part) }));
  }

  get reasoning(): ReasoningPart[] {
    return [...this.#reasoning.values()].map((part) => ({ type: 'reasoning', ...toPart(part) }));
  }

  /** Before a repeat: nothing had been put out. */
  reset(): void {
    this.#texts.clear();
    this.#reasoning.clear();
    this.#deferred.length = 0;
    this.#cutOff = false;
  }

  take(part: LanguageModelV4StreamPart): void {
    switch (part.type) {
      case 'text-start':
      case 'text-delta':
      case 'text-end':
        return grow(this.#texts, part);
      case 'reasoning-start':
      case 'reasoning-delta':
      case 'reasoning-end':
        return grow(this.#reasoning, part);
      case 'tool-call':
        return part.providerExecuted ? undefined : this.#take(toIncoming(part));
      case 'finish':
        this.#cutOff = part.finishReason.unified === 'length';
        return;
      default:
        return;
    }
  }

  startDeferred(): void {
    for (const call of this.#deferred.splice(0)) this.calls.push(this.#start(call, this.#cutOff));
  }

  #take(call: IncomingCall): void {
    if (this.#deferred.length === 0 && isJson(call.argumentsText)) this.calls.push(this.#start(call, false));
    else this.#deferred.push(call);
  }
}

/** A provider is outside: what is missing in its part is made up for. */
function toIncoming(part: LanguageModelV4ToolCall): IncomingCall {
  const { toolCallId, toolName, input, providerMetadata } = part as Partial<LanguageModelV4ToolCall>;
  return {
    wireId: textOf(toolCallId),
    toolName: textOf(toolName),
    argumentsText: typeof input === 'string' ? input : JSON.stringify(input ?? {}),
    ...(providerMetadata === undefined ? {} : { providerMetadata }),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function grow(
  parts: Map<string, Growing>,
  part: { id: string; delta?: string; providerMetadata?: SharedV4ProviderMetadata },
): void {
  const known = parts.get(part.id);
  const growing = known ?? { text: '', metadata: undefined };
  if (!known) parts.set(part.id, growing);
  growing.text += part.delta ?? '';
  if (part.providerMetadata) growing.metadata = merge(growing.metadata, part.providerMetadata);
}

function merge(before: ProviderMetadata | undefined, now: ProviderMetadata): ProviderMetadata {
  if (!before) return now;
  const merged: Record<string, ProviderMetadata[string]> = { ...before };
  for (const [provider, values] of Object.entries(now)) merged[provider] = { ...merged[provider], ...values };
  return merged;
}

function toPart({ text, metadata }: Growing): { text: string; providerMetadata?: ProviderMetadata } {
  return { text, ...(metadata === undefined ? {} : { providerMetadata: metadata }) };
}
