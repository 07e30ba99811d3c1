/** The session's half of a durable booking without a session: called as the engine calls it, told to nobody. */
import type { RunContext, Tool } from '../../src/index.ts';

/** Resolves with what it gave; `onUpdate` hears of each update when it arrives. */
export async function book(remote: Tool, key: string, onUpdate: () => void = () => undefined): Promise<unknown> {
  const abortSignal = new AbortController().signal;
  const ctx = {
    toolCallId: key,
    functionCall: { callId: key, name: 'book', args: {} },
    idempotencyKey: key,
    abortSignal,
    userData: undefined,
    update: () => Promise.resolve(onUpdate()),
  } as unknown as RunContext<unknown>;
  return await remote.execute({}, { ctx, toolCallId: key, abortSignal });
}
