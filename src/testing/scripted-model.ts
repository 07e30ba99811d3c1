/**
 * A language model that says what a script says, and nothing else (S10).
 *
 * Owns: the script, the ids of calls, and a record of every request. It is a complete `LanguageModelV4`, so whatever
 * speaks to a provider of the AI SDK speaks to it.
 *
 * Invariants
 * - A call takes its step synchronously: the n-th call gets the n-th step, whatever is awaited in between.
 * - Nothing is swallowed. A call beyond the script and a failed expectation reject the call, where the code under test
 *   may well turn them into an event; `assertComplete` reports them a second time.
 * - What is recorded is a snapshot: nothing that happens later to the caller's objects changes `calls`.
 * - No real time: without delays a stream runs on promises alone, with delays on the given clock.
 * - A stream leaves nothing behind: read to its end, cancelled or aborted, its timer and its listener are gone.
 */
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4FinishReason,
  LanguageModelV4GenerateResult,
  LanguageModelV4Message,
  LanguageModelV4Prompt,
  LanguageModelV4ResponseMetadata,
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
  LanguageModelV4Usage,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider';
import type { Clock, TimerHandle } from '../index.ts';

/** A tool call the model makes. */
export interface ScriptedCall {
  name: string;
  /** The arguments; sent as JSON. Default: `{}`. */
  args?: unknown;
  /** The arguments' text as it is, for what is not JSON or was cut off. Instead of `args`. */
  argsText?: string;
  /** The call's id, which may repeat. Default: the model's next unused one, `call_1`, `call_2`, … */
  id?: string;
  /** Default: the step's. */
  providerMetadata?: SharedV4ProviderMetadata;
}

/** A place in a stream: before any content, after so many words of the text, or after all content before `finish`. */
export type ScriptedPoint = 'start' | number | 'end';

/** One answer of the model. Its content is streamed in this order: reasoning, text, calls. */
export interface ScriptedAnswer {
  /** Streamed word by word; the words with their white space add up to exactly this. */
  text?: string;
  /** Streamed word by word, before the text. */
  reasoning?: string;
  calls?: readonly ScriptedCall[];
  /** Default: `'tool-calls'` with calls, else `'stop'`. */
  finishReason?: LanguageModelV4FinishReason['unified'];
  /**
   * Why the request fails: `doStream` rejects with it, or, with `failAfter`, it is the stream's error. To be tried
   * again by the AI SDK's convention it must be an `APICallError` with `isRetryable`.
   */
  error?: unknown;
  /**
   * Where the stream fails instead of going on: it has an `error` part there, then `finish` with the reason `'error'`.
   * The error is `error`, or one made up for it.
   */
  failAfter?: ScriptedPoint;
  /** A promise the test settles by hand: the stream waits for it, and breaks off with its reason if it rejects. */
  hang?: PromiseLike<unknown>;
  /** Where the stream waits for `hang`. Default: `'start'`. */
  hangAfter?: ScriptedPoint;
  /** Time from the call to the first part or to the rejection, in milliseconds. Needs a clock. Default: 0. */
  delayMs?: number;
  /** Time between two words, of reasoning as of text, in milliseconds. Needs a clock. Default: 0. */
  wordDelayMs?: number;
  /** Checks the request while it is being made. What it throws rejects the call and `assertComplete` throws it too. */
  expect?: (call: LanguageModelV4CallOptions) => void;
  /** Given with the end of the reasoning and of the text, with each call, and with `finish`. Default: none. */
  providerMetadata?: SharedV4ProviderMetadata;
  /**
   * What the answer cost: numbers of tokens, or V4's own shape. Default: the input unknown, the output one token for
   * each word.
   */
  usage?: {
    inputTokens?: number | LanguageModelV4Usage['inputTokens'];
    outputTokens?: number | LanguageModelV4Usage['outputTokens'];
    raw?: NonNullable<LanguageModelV4Usage['raw']>;
  };
}

/** An answer; a string is an answer of text alone; a function makes its answer from the request when it arrives. */
export type ScriptedStep = string | ScriptedAnswer | ((call: LanguageModelV4CallOptions) => string | ScriptedAnswer);

/** What `scriptedModel` takes besides the steps. */
export interface ScriptedModelOptions {
  /** What delays are counted on. Without it there may be none. */
  clock?: Clock;
  /** Answers every call beyond the steps. Default: such a call is refused. */
  fallback?: (call: LanguageModelV4CallOptions) => string | ScriptedAnswer;
  /** What the ids of calls begin with; two models of one session need two. Default: `'call_'`. */
  idPrefix?: string;
  /** Default: `'scripted'`. */
  provider?: string;
  /** Default: `'scripted'`. */
  modelId?: string;
}

/** A `LanguageModelV4` with a script, and with a memory of what it was asked. */
export interface ScriptedModel extends LanguageModelV4 {
  /**
   * Every request in order, refused ones too, each a deep snapshot of JSON values without its `abortSignal`; binary
   * data is base64 text, a URL its address. Snapshots are frozen, and equal messages of two requests are one object.
   */
  readonly calls: readonly LanguageModelV4CallOptions[];
  /** The prompts of `calls`. */
  readonly prompts: readonly LanguageModelV4Prompt[];
  /** How many steps no call has taken yet. */
  readonly remaining: number;
  /**
   * Throws when the model was called beyond its script or an expectation failed (that error itself; several together
   * as an AggregateError), and when steps are left, listing them.
   */
  assertComplete(): void;
}

/**
 * Makes a model that answers its n-th call with the n-th step.
 *
 * It is strict: a call beyond the steps rejects with an Error that shows the end of its prompt. An aborted request
 * ends at once with the signal's reason: `doStream` rejects if it was aborted before (its step is taken all the same),
 * its stream breaks off if it is aborted later, also while it is delayed or hangs. `doGenerate` takes a step like
 * `doStream` and gives it in one piece.
 *
 * Throws a TypeError for a step that contradicts itself, or that has a delay where no clock is given; for a step that
 * is a function the call rejects with it.
 *
 * @example
 * const model = scriptedModel([
 *   { calls: [{ name: 'book_flight', args: { destination: 'Tokyo' } }] },
 *   'I am looking for flights.',
 *   (call) => `I was asked ${call.prompt.length} messages.`,
 * ]);
 */
export function scriptedModel(steps: readonly ScriptedStep[], options: ScriptedModelOptions = {}): ScriptedModel {
  const { clock, fallback, idPrefix = 'call_', provider = 'scripted', modelId = 'scripted' } = options;
  const script = [...steps];
  script.forEach((step, index) => {
    if (typeof step !== 'function') assertSound(toAnswer(step), clock, `Step ${index + 1}`);
  });

  const calls: LanguageModelV4CallOptions[] = [];
  const failures: unknown[] = [];
  const snapshotOf = createSnapshots();
  const nextCallId = createCallIds(idPrefix);
  let taken = 0;

  /** Records the request and finds its answer. Synchronous, so that concurrent calls cannot take the same step. */
  function take(call: LanguageModelV4CallOptions): ScriptedAnswer {
    try {
      calls.push(snapshotOf(call));
      const step = taken < script.length ? script[taken++] : fallback;
      if (step === undefined) throw unexpectedCall(calls.length, script.length, call.prompt);
      const answer = toAnswer(typeof step === 'function' ? step(call) : step);
      assertSound(answer, clock, `The answer to call ${calls.length}`);
      answer.expect?.(call);
      return answer;
    } catch (error) {
      failures.push(error);
      throw error;
    }
  }

  async function doStream(call: LanguageModelV4CallOptions): Promise<LanguageModelV4StreamResult> {
    const answer = take(call);
    call.abortSignal?.throwIfAborted();
    const response = { id: `response_${calls.length}`, modelId, ...(clock && { timestamp: new Date(clock.now()) }) };
    const stream = play(cuesOf(answer, response, nextCallId), clock, call.abortSignal);
    // Of a request that fails nothing is given but the failure, after its delay or by an abort during it.
    if (isRefusal(answer)) await stream.getReader().read();
    return { stream };
  }

  return {
    specificationVersion: 'v4',
    provider,
    modelId,
    supportedUrls: {},
    calls,
    get prompts() {
      return calls.map(({ prompt }) => prompt);
    },
    get remaining() {
      return script.length - taken;
    },
    doStream,
    doGenerate: async (call) => fold((await doStream(call)).stream),
    assertComplete() {
      if (failures.length === 1) throw failures[0];
      if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join('\n'));
      if (taken < script.length) throw new Error(stepsLeft(script, taken));
    },
  };
}

// What a step means.

function toAnswer(step: string | ScriptedAnswer): ScriptedAnswer {
  return typeof step === 'string' ? { text: step } : step;
}

/** Whether the request itself fails, before there is a stream. */
function isRefusal({ error, failAfter }: ScriptedAnswer): boolean {
  return error !== undefined && failAfter === undefined;
}

/** Refuses what could only be a mistake in the script: strictness here saves a puzzle later. */
function assertSound(answer: ScriptedAnswer, clock: Clock | undefined, where: string): void {
  const refuse = (fact: string): never => {
    throw new TypeError(`${where} of the scripted model ${fact}`);
  };
  const { text = '', reasoning, calls = [], failAfter, hang, hangAfter } = answer;

  for (const name of ['delayMs', 'wordDelayMs'] as const) {
    const ms = answer[name] ?? 0;
    if (!(ms >= 0 && ms < Infinity)) refuse(`has ${name} ${ms}; expected a finite number of 0 or more.`);
    if (ms > 0 && !clock) refuse(`has ${name} ${ms} but there is no clock to count it on; give the option clock.`);
  }
  const wordCount = wordsOf(text).length;
  for (const [name, point] of Object.entries({ failAfter, hangAfter })) {
    if (typeof point !== 'number' || (Number.isInteger(point) && point >= 0 && point <= wordCount)) continue;
    refuse(`has ${name} ${point}; its text has ${count(wordCount, 'word')}.`);
  }
  for (const { name, args, argsText } of calls) {
    if (args !== undefined && argsText !== undefined) refuse(`gives ${name} both args and argsText; give one.`);
    if (args !== undefined && JSON.stringify(args) === undefined) refuse(`gives ${name} args that are not JSON.`);
  }
  if (hangAfter !== undefined && !hang) refuse('has hangAfter but no hang; give the promise to wait for.');
  if (isRefusal(answer) && (text || reasoning || calls.length > 0 || hang)) {
    refuse('has an error, so its content is never sent; give failAfter to fail in the stream, or no content.');
  }
}

/** The words, each with the white space before it; the last also with what follows. Together they are the text. */
function wordsOf(text: string): string[] {
  return text.match(/\s*\S+(?:\s+$)?/g) ?? (text === '' ? [] : [text]);
}

/** Gives a call the id of its script, else the next of its own that no script has given so far. */
type CallIds = (given: string | undefined) => string;

function createCallIds(prefix: string): CallIds {
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

// From an answer to a stream.

/** What a stream does next: give a part, let time pass, wait for the test, or break off. */
type Cue =
  | LanguageModelV4StreamPart
  | { type: 'wait'; ms: number }
  | { type: 'hang'; until: PromiseLike<unknown> }
  | { type: 'break'; error: unknown };

type Point = { type: 'point'; point: ScriptedPoint };

function cuesOf(answer: ScriptedAnswer, response: LanguageModelV4ResponseMetadata, nextCallId: CallIds): Cue[] {
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

/**
 * A stream that gives the cues on demand, with no queue of its own, so that an abort drops nothing that was given and
 * lets nothing through that was not. Words are due at fixed times from the call on, as a provider's are, however late
 * the reader comes for them.
 */
function play(
  cues: readonly Cue[],
  clock: Clock | undefined,
  signal: AbortSignal | undefined,
): ReadableStream<LanguageModelV4StreamPart> {
  let next = 0;
  let dueAt = clock?.now() ?? 0;
  let over = false;
  let timer: TimerHandle | undefined;
  let breakOff = (): void => {};

  function end(): void {
    over = true;
    clock?.clearTimeout(timer);
    signal?.removeEventListener('abort', breakOff);
  }

  function pull(controller: ReadableStreamDefaultController<LanguageModelV4StreamPart>): void | Promise<void> {
    const cue = over ? undefined : cues[next++];
    if (cue === undefined) return;
    if (cue.type === 'wait') {
      dueAt += cue.ms;
      const due = waitUntilDue();
      return due ? due.then(() => pull(controller)) : pull(controller);
    }
    if (cue.type === 'hang') return waitFor(cue.until).then(() => pull(controller));
    if (cue.type === 'break') {
      end();
      throw cue.error;
    }
    controller.enqueue(cue);
    if (next < cues.length) return;
    end();
    controller.close();
  }

  function waitUntilDue(): Promise<void> | undefined {
    if (!clock || dueAt <= clock.now()) return undefined;
    return new Promise((resolve) => {
      timer = clock.setTimeout(function scriptedModel() {
        resolve();
      }, dueAt - clock.now());
    });
  }

  async function waitFor(hang: PromiseLike<unknown>): Promise<void> {
    try {
      await hang;
    } catch (error) {
      end();
      throw error;
    }
    dueAt = clock?.now() ?? 0;
  }

  return new ReadableStream(
    {
      start(controller) {
        breakOff = () => {
          end();
          controller.error(signal?.reason);
        };
        signal?.addEventListener('abort', breakOff);
      },
      pull,
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}

/** A whole stream in one piece, as `doGenerate` gives it. */
async function fold(stream: ReadableStream<LanguageModelV4StreamPart>): Promise<LanguageModelV4GenerateResult> {
  const content: LanguageModelV4Content[] = [];
  let text = '';
  let response: LanguageModelV4GenerateResult['response'] = {};
  for await (const part of stream) {
    switch (part.type) {
      case 'error':
        throw part.error;
      case 'response-metadata': {
        const { type: _, ...metadata } = part;
        response = metadata;
        break;
      }
      case 'reasoning-delta':
      case 'text-delta':
        text += part.delta;
        break;
      case 'reasoning-end':
      case 'text-end': {
        const { providerMetadata } = part;
        const type = part.type === 'text-end' ? 'text' : 'reasoning';
        content.push({ type, text, ...(providerMetadata && { providerMetadata }) });
        text = '';
        break;
      }
      case 'tool-call':
        content.push(part);
        break;
      case 'finish': {
        const { type: _, ...finish } = part;
        return { content, ...finish, response, warnings: [] };
      }
      default:
    }
  }
  throw new Error('A scripted stream ended without a finish part.');
}

// What is remembered, and what a failing test shows.

/**
 * Snapshots as text and back, which nothing alive survives. Requests of one conversation repeat almost all of their
 * messages and tools, so equal ones are kept once: a long conversation is remembered in linear space.
 */
function createSnapshots(): (call: LanguageModelV4CallOptions) => LanguageModelV4CallOptions {
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

function unexpectedCall(number: number, steps: number, prompt: LanguageModelV4Prompt): Error {
  const tail = prompt.slice(-3).map((message) => `  ${message.role}: ${clip(showMessage(message))}`);
  if (prompt.length > tail.length) tail.unshift(`  … ${prompt.length - tail.length} before`);
  return new Error(
    `Unexpected model call ${number}: the script has ${count(steps, 'step')}. Add a step or a fallback, or find out why the ` +
      `model was called again. The prompt ends with:\n${tail.join('\n')}`,
  );
}

function stepsLeft(script: readonly ScriptedStep[], taken: number): string {
  const left = script.slice(taken).map((step, index) => `  ${taken + index + 1}. ${clip(showStep(step))}`);
  return `Of the scripted model's ${count(script.length, 'step')} no call has taken:\n${left.join('\n')}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function showMessage({ content }: LanguageModelV4Message): string {
  if (typeof content === 'string') return content;
  return content
    .map((part) => {
      if (part.type === 'text' || part.type === 'reasoning') return part.text;
      if (part.type === 'tool-call') return `${part.toolName}(${JSON.stringify(part.input)}) as ${part.toolCallId}`;
      if (part.type === 'tool-result') return `${part.toolCallId} gave ${JSON.stringify(part.output)}`;
      return `[${part.type}]`;
    })
    .join(' | ');
}

function showStep(step: ScriptedStep): string {
  if (typeof step === 'function') return `a function ${step.name}`.trimEnd();
  const { text, reasoning, calls = [], error } = toAnswer(step);
  const shown = calls.map(({ name, args, argsText }) => `call of ${name}(${argsText ?? JSON.stringify(args) ?? ''})`);
  if (text) shown.unshift(JSON.stringify(text));
  if (reasoning) shown.unshift('reasoning');
  if (error !== undefined) shown.push(`error ${error instanceof Error ? error.message : JSON.stringify(error)}`);
  return shown.join(', ') || 'an empty answer';
}

function clip(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
