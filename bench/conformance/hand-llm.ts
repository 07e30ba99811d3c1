/** A model of LiveKit's in the hands of a conformance case: each request waits for its answer, and words are heard as they are written. */
import { llm } from '@livekit/agents';
import type { ModelRequest } from 'meanwhile/testing';

type ChatOptions = Parameters<llm.LLM['chat']>[0];

export class HandLLM extends llm.LLM {
  readonly #streams: HandStream[] = [];
  readonly #settle: () => Promise<void>;

  constructor(settle: () => Promise<void>) {
    super();
    this.#settle = settle;
  }

  override label(): string {
    return 'hand';
  }

  override chat(options: ChatOptions): llm.LLMStream {
    const stream = new HandStream(this, options, this.#settle);
    this.#streams.push(stream);
    return stream;
  }

  get asks(): readonly ModelRequest[] {
    return this.#streams.filter((stream) => stream.isOpen).map((stream) => stream.request);
  }

  /** The answer that is being said. */
  get voice(): HandStream | undefined {
    return this.#streams.findLast((stream) => stream.saying !== undefined);
  }
}

class HandStream extends llm.LLMStream {
  readonly request: ModelRequest;
  readonly #over = Promise.withResolvers<void>();
  #state: 'asked' | 'saying' | 'over' = 'asked';
  #text = '';
  #written = 0;
  #calls = 0;

  constructor(model: HandLLM, options: ChatOptions, settle: () => Promise<void>) {
    super(model, { connOptions: { maxRetry: 0, retryIntervalMs: 0, timeoutMs: 10_000 }, ...options });
    const { chatCtx, toolChoice } = options;
    const end = (state: 'saying' | 'over', resolve: () => void): Promise<void> => {
      this.#state = state;
      resolve();
      return settle();
    };
    this.request = {
      prompt: chatCtx.items.map(textOf).join('\n'),
      toolChoice: toolChoice === 'none' || toolChoice === 'required' ? toolChoice : 'auto',
      says: (text) => {
        this.#text = text;
        return end('saying', () => undefined);
      },
      calls: (name, args = {}) => {
        const callId = `${this.id}_${String((this.#calls += 1))}`;
        const call = llm.FunctionCall.create({ callId, name, args: JSON.stringify(args) });
        this.queue.put({ id: this.id, delta: { role: 'assistant', toolCalls: [call] } });
        return end('over', () => this.#over.resolve());
      },
      saysNothing: () => end('over', () => this.#over.resolve()),
      fails: (error) => end('over', () => this.#over.reject(error)),
    };
  }

  readonly id = `call${String((count += 1))}`;

  /** Nobody has answered it, and nobody has given it up. */
  get isOpen(): boolean {
    return this.#state === 'asked' && !this.closed;
  }

  get saying(): string | undefined {
    return this.#state === 'saying' && !this.closed ? this.#text : undefined;
  }

  /** So much of it has been heard by now. */
  hears(text: string): void {
    const end = this.#text.indexOf(text) + text.length;
    this.queue.put({ id: this.id, delta: { role: 'assistant', content: this.#text.slice(this.#written, end) } });
    this.#written = end;
  }

  ends(): void {
    if (this.#written < this.#text.length) this.hears(this.#text);
    this.stops();
  }

  stops(): void {
    this.#state = 'over';
    this.#over.resolve();
  }

  override close(): void {
    this.#over.resolve();
    super.close();
  }

  protected override run(): Promise<void> {
    return this.#over.promise;
  }
}

let count = 0;

function textOf(item: llm.ChatItem): string {
  switch (item.type) {
    case 'message':
      return item.textContent ?? '';
    case 'function_call':
      return `${item.name} ${item.args}`;
    case 'function_call_output':
      return item.output;
    default:
      return '';
  }
}
