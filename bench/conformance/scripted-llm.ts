/** A model of LiveKit's whose every answer is written in the test; each request is kept as lines of text. */
import { llm } from '@livekit/agents';

/** Words, a call, or something to wait for; an error is thrown. */
export type Part =
  | string
  | { readonly call: string; readonly name: string; readonly args?: Readonly<Record<string, unknown>> }
  | Promise<unknown>
  | Error;

type ChatOptions = Parameters<llm.LLM['chat']>[0];

export interface Request {
  readonly lines: readonly string[];
  readonly toolChoice: unknown;
  readonly toolNames: readonly string[];
}

export class ScriptedLLM extends llm.LLM {
  readonly requests: Request[] = [];
  readonly #answers: (readonly Part[])[];
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(answers: readonly (readonly Part[])[]) {
    super();
    this.#answers = [...answers];
  }

  override label(): string {
    return 'scripted';
  }

  /** Resolves when so many requests were made. */
  async whenAsked(count: number): Promise<Request> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.requests.length >= count) resolve();
    else this.#waiting.push({ count, resolve });
    await promise;
    const request = this.requests[count - 1];
    if (!request) throw new Error(`There is no request ${String(count)}.`);
    return request;
  }

  override chat(options: ChatOptions): llm.LLMStream {
    const { chatCtx, toolCtx, toolChoice } = options;
    const toolNames = llm.sortedToolNames(llm.toToolContext(toolCtx ?? []));
    this.requests.push({ lines: chatCtx.items.flatMap(lineOf), toolChoice, toolNames });
    for (const { count, resolve } of this.#waiting) if (this.requests.length >= count) resolve();
    return new ScriptedStream(this, this.#answers.shift() ?? [], options);
  }
}

class ScriptedStream extends llm.LLMStream {
  readonly #parts: readonly Part[];

  constructor(model: ScriptedLLM, parts: readonly Part[], options: ChatOptions) {
    super(model, { connOptions: { maxRetry: 0, retryIntervalMs: 0, timeoutMs: 10_000 }, ...options });
    this.#parts = parts;
  }

  protected override async run(): Promise<void> {
    for (const part of this.#parts) {
      if (part instanceof Error) throw part;
      if (part instanceof Promise) await part;
      else if (typeof part === 'string') this.queue.put({ id: 'answer', delta: { role: 'assistant', content: part } });
      else {
        const call = llm.FunctionCall.create({
          callId: part.call,
          name: part.name,
          args: JSON.stringify(part.args ?? {}),
        });
        this.queue.put({ id: 'answer', delta: { role: 'assistant', toolCalls: [call] } });
      }
    }
  }
}

function lineOf(item: llm.ChatItem): string[] {
  switch (item.type) {
    case 'message':
      return [`${item.role}: ${item.textContent ?? ''}`];
    case 'function_call':
      return [`call ${item.callId}: ${item.name}(${item.args})`];
    case 'function_call_output':
      return [`${item.isError ? 'error' : 'output'} ${item.callId}: ${item.output}`];
    default:
      return [];
  }
}
