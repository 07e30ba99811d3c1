/**
 * A model that answers at once: prebuilt parts in a stream that has them all. As little of its own as a
 * `LanguageModelV4` can have; ours and the AI SDK are given the same one.
 */
import type { AgentSessionOptions } from 'meanwhile';

export type Model = AgentSessionOptions['llm'];
export type Request = Parameters<Model['doStream']>[0];
type Answered = Awaited<ReturnType<Model['doStream']>>;
export type Part = Answered['stream'] extends ReadableStream<infer P> ? P : never;
type Generated = Awaited<ReturnType<Model['doGenerate']>>;

/** What is answered: parts at once, or a stream that is held in hand. */
export type Reply = readonly Part[] | ReadableStream<Part>;

export function createModel(answer: (request: Request) => Reply): Model {
  return {
    specificationVersion: 'v4',
    provider: 'bench',
    modelId: 'bench',
    supportedUrls: {},
    doStream(request) {
      const reply = answer(request);
      return Promise.resolve({ stream: reply instanceof ReadableStream ? reply : streamOf(reply) });
    },
    doGenerate(request) {
      const reply = answer(request);
      if (reply instanceof ReadableStream) throw new Error('A stream in hand is for doStream only.');
      return Promise.resolve(inOnePiece(reply));
    },
  };
}

const start: Part = { type: 'stream-start', warnings: [] };
const usage = {
  inputTokens: { total: 10, noCache: 10, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 5, text: 5, reasoning: 0 },
};
const stopped: Part = { type: 'finish', finishReason: { unified: 'stop', raw: 'stop' }, usage };
const called: Part = { type: 'finish', finishReason: { unified: 'tool-calls', raw: 'tool_calls' }, usage };

/** A text in one delta. */
export function says(text: string): readonly Part[] {
  return [
    start,
    { type: 'text-start', id: '1' },
    { type: 'text-delta', id: '1', delta: text },
    { type: 'text-end', id: '1' },
    stopped,
  ];
}

export interface Call {
  readonly id: string;
  readonly name: string;
  readonly args: object;
}

export function calls(...made: readonly Call[]): readonly Part[] {
  return [start, ...made.map(toPart), called];
}

function toPart({ id, name, args }: Call): Part {
  return { type: 'tool-call', toolCallId: id, toolName: name, input: JSON.stringify(args) };
}

/** A speech that has begun and ends when it is told to. */
export function heldSpeech(text: string): { readonly stream: ReadableStream<Part>; end: () => void } {
  const [begin, body, delta, ...rest] = says(text) as readonly [Part, Part, Part, ...Part[]];
  let controller: ReadableStreamDefaultController<Part> | undefined;
  const stream = new ReadableStream<Part>({
    start(given) {
      controller = given;
      for (const part of [begin, body, delta]) given.enqueue(part);
    },
  });
  return {
    stream,
    end() {
      for (const part of rest) controller?.enqueue(part);
      controller?.close();
    },
  };
}

function streamOf(parts: readonly Part[]): ReadableStream<Part> {
  return new ReadableStream<Part>({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
}

function inOnePiece(parts: readonly Part[]): Generated {
  const content: Generated['content'] = [];
  for (const part of parts) {
    if (part.type === 'text-delta') content.push({ type: 'text', text: part.delta });
    else if (part.type === 'tool-call') content.push(part);
    else if (part.type === 'finish')
      return { content, finishReason: part.finishReason, usage: part.usage, warnings: [] };
  }
  throw new Error('The parts of an answer end with a finish part.');
}

/** Whom the newest message of a request is from. */
export function newest(request: Request): string {
  return request.prompt.at(-1)?.role ?? 'none';
}
