/** What is remembered of the requests a model was sent. */
import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';

/**
 * Snapshots as text and back, which nothing alive survives. Requests of one conversation repeat almost all of their
 * messages and tools, so equal ones are kept once: a long conversation is remembered in linear space.
 */
export function createSnapshots(): (call: LanguageModelV4CallOptions) => LanguageModelV4CallOptions {
  const known = new Map<string, unknown>();
  const snapshotOf = <T>(value: T): T => {
    const text = JSON.stringify(value, binaryAsBase64);
    if (!known.has(text)) known.set(text, deepFreeze(JSON.parse(text)));
    return known.get(text) as T;
  };
  return (call) => {
    const { abortSignal: _, prompt, tools, ...settings } = call;
    return Object.freeze({
      prompt: Object.freeze(prompt.map(snapshotOf)) as typeof prompt,
      ...(tools && { tools: Object.freeze(tools.map(snapshotOf)) as typeof tools }),
      ...snapshotOf(settings),
    });
  };
}

/** For `JSON.stringify`. Reads the holder, because a Buffer has turned itself into an object by then. */
function binaryAsBase64(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key];
  return original instanceof Uint8Array ? Buffer.from(original).toString('base64') : value;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}
