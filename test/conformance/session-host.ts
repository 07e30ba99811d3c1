/** The built-in session in the hands of a case, through its public face: the model and the playback are ours. */
import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { Agent, AgentSession, type SpeechOutput, type SpeechSink } from 'meanwhile';
import type { ConformanceHost, ConformanceOptions, ConformanceTalk, ModelRequest } from 'meanwhile/testing';

export const sessionHost: ConformanceHost = {
  capabilities: { turns: 'runtime', interrupt: true, silentAppend: true, toolChoice: true, heard: 'exact' },
  open: async ({ clock, tools, ...options }) => {
    const model = new HandModel();
    const playback = new HandPlayback();
    const session = new AgentSession({
      ...options,
      clock,
      tools,
      llm: model,
      output: playback,
      maxRetries: 0,
      userAwayMs: Infinity,
      logger: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    });
    await session.start({ agent: new Agent({ instructions: 'You help.' }) });
    return new SessionTalk(session, model, playback, clock);
  },
};

const nothing = (): void => undefined;

class SessionTalk implements ConformanceTalk {
  readonly #session: AgentSession;
  readonly #model: HandModel;
  readonly #playback: HandPlayback;
  readonly #clock: ConformanceOptions['clock'];

  constructor(session: AgentSession, model: HandModel, playback: HandPlayback, clock: ConformanceOptions['clock']) {
    this.#session = session;
    this.#model = model;
    this.#playback = playback;
    this.#clock = clock;
  }

  get tasks(): ConformanceTalk['tasks'] {
    return this.#session.tasks;
  }

  get asks(): readonly ModelRequest[] {
    return this.#model.open.map((answer) => ({
      prompt: textOf(answer.options.prompt),
      toolChoice: (answer.options.toolChoice?.type ?? 'auto') as ModelRequest['toolChoice'],
      says: (text) => this.#after(() => answer.give(...textParts(text))),
      calls: (toolName, args = {}) => this.#after(() => answer.give(callPart(toolName, args))),
      saysNothing: () => this.#after(() => answer.give()),
      fails: (error) => this.#after(() => answer.give({ type: 'error', error })),
    }));
  }

  get saying(): string | undefined {
    return this.#playback.playing?.text;
  }

  get heard(): readonly string[] {
    return this.#playback.heard;
  }

  advance(ms: number): Promise<void> {
    return this.#clock.advance(ms);
  }

  userSays(text: string): Promise<void> {
    return this.#after(() => void this.#session.sendMessage(text));
  }

  userStartsSpeaking(): Promise<void> {
    return this.#after(() => this.#session.userStartedSpeaking());
  }

  userStopsSpeaking(): Promise<void> {
    return this.#after(() => this.#session.userStoppedSpeaking());
  }

  userInterrupts(): Promise<void> {
    return this.#after(() => void this.#session.interrupt());
  }

  hears(text: string): Promise<void> {
    return this.#after(() => this.#playback.playing?.hears(text));
  }

  ends(): Promise<void> {
    return this.#after(() => this.#playback.playing?.stop(true));
  }

  async close(): Promise<void> {
    await this.#clock.runUntil(this.#session.close());
  }

  async #after(step: () => void): Promise<void> {
    step();
    await this.#clock.advance(0);
  }
}

/** A model that waits for what it is to answer. */
class HandModel implements LanguageModelV4 {
  readonly specificationVersion = 'v4';
  readonly provider = 'by-hand';
  readonly modelId = 'by-hand';
  readonly supportedUrls = {};
  /** Requests without an answer, oldest first. */
  open: Answer[] = [];
  #calls = 0;

  doGenerate(): never {
    throw new Error('The session streams.');
  }

  async doStream(options: LanguageModelV4CallOptions): Promise<Awaited<ReturnType<LanguageModelV4['doStream']>>> {
    const answer = new Answer(
      options,
      () => `call_${String((this.#calls += 1))}`,
      () => {
        this.open = this.open.filter((each) => each !== answer);
      },
    );
    this.open.push(answer);
    return await Promise.resolve({ stream: answer.stream });
  }
}

class Answer {
  readonly options: LanguageModelV4CallOptions;
  readonly stream: ReadableStream<LanguageModelV4StreamPart>;
  readonly #over: () => void;
  readonly #newId: () => string;
  #controller: ReadableStreamDefaultController<LanguageModelV4StreamPart> | undefined;

  constructor(options: LanguageModelV4CallOptions, newId: () => string, over: () => void) {
    this.options = options;
    this.#newId = newId;
    this.#over = over;
    this.stream = new ReadableStream({ start: (controller) => void (this.#controller = controller), cancel: over });
    options.abortSignal?.addEventListener('abort', over, { once: true });
  }

  give(...parts: readonly LanguageModelV4StreamPart[]): void {
    this.#over();
    const failed = parts.some((part) => part.type === 'error');
    for (const part of parts)
      this.#controller?.enqueue(part.type === 'tool-call' ? { ...part, toolCallId: this.#newId() } : part);
    const unified = parts.some((part) => part.type === 'tool-call') ? 'tool-calls' : 'stop';
    if (!failed) this.#controller?.enqueue({ type: 'finish', finishReason: { unified, raw: undefined }, usage });
    this.#controller?.close();
  }
}

const usage = {
  inputTokens: { total: 1, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 1, text: undefined, reasoning: undefined },
};

function textParts(delta: string): LanguageModelV4StreamPart[] {
  return [
    { type: 'text-start', id: '0' },
    { type: 'text-delta', id: '0', delta },
    { type: 'text-end', id: '0' },
  ];
}

function callPart(toolName: string, args: object): LanguageModelV4StreamPart {
  return { type: 'tool-call', toolCallId: '', toolName, input: JSON.stringify(args) };
}

/** All text in a prompt, a line each. */
function textOf(prompt: LanguageModelV4CallOptions['prompt']): string {
  const lines: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value === 'string') lines.push(value);
    else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) visit(each);
  };
  visit(prompt);
  return lines.join('\n');
}

/** A voice that says its words when it is told to. */
class HandPlayback implements SpeechOutput {
  readonly heard: string[] = [];
  playing: HandSink | undefined;

  open(): SpeechSink {
    const sink = new HandSink((heard) => {
      if (this.playing === sink) this.playing = undefined;
      if (heard !== '') this.heard.push(heard);
    });
    this.playing = sink;
    return sink;
  }
}

class HandSink implements SpeechSink {
  text = '';
  #heard = '';
  readonly #over: (heard: string) => void;
  readonly #ended = Promise.withResolvers<{ text: string }>();

  constructor(over: (heard: string) => void) {
    this.#over = over;
  }

  write(text: string): void {
    this.text += text;
  }

  hears(text: string): void {
    this.#heard = text;
  }

  end(): Promise<{ text: string }> {
    if (this.text === '') this.stop(true);
    return this.#ended.promise;
  }

  clear(): void {
    this.stop(false);
  }

  stop(whole: boolean): void {
    const text = whole ? this.text : this.#heard;
    this.#over(text);
    this.#ended.resolve({ text });
  }
}
