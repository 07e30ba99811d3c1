import type { RunContext } from '../../src/tools/faces.ts';
import type { ToolOptions } from '../../src/tools/tool.ts';

/** What a body is given, with a `ctx` that only keeps its updates. */
export function fakeOptions(userData?: unknown): ToolOptions<unknown> & { readonly updates: unknown[] } {
  const updates: unknown[] = [];
  const { signal: abortSignal } = new AbortController();
  const ctx = {
    userData,
    update: async (message: unknown) => void updates.push(message),
  } as unknown as RunContext<unknown>;
  return { ctx, toolCallId: 'call_1', abortSignal, updates };
}
