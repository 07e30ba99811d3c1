/** What a step of a script says, and the mistakes that are refused when it is declared (S10). */
import type {
  LanguageModelV4CallOptions,
  LanguageModelV4FinishReason,
  LanguageModelV4Usage,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider';
import type { Clock } from '../index.ts';
import { count } from './scripted-messages.ts';

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

export function toAnswer(step: string | ScriptedAnswer): ScriptedAnswer {
  return typeof step === 'string' ? { text: step } : step;
}

/** Whether the request itself fails, before there is a stream. */
export function isRefusal({ error, failAfter }: ScriptedAnswer): boolean {
  return error !== undefined && failAfter === undefined;
}

/** Refuses what could only be a mistake in the script: strictness here saves a puzzle later. */
export function assertSound(answer: ScriptedAnswer, clock: Clock | undefined, where: string): void {
  const refuse = (fact: string): never => {
    throw new TypeError(`${where} of the scripted model ${fact}`);
  };
  assertAnswer(answer, refuse);
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

const members: Readonly<Record<keyof ScriptedAnswer, true>> = {
  text: true,
  reasoning: true,
  calls: true,
  finishReason: true,
  error: true,
  failAfter: true,
  hang: true,
  hangAfter: true,
  delayMs: true,
  wordDelayMs: true,
  expect: true,
  providerMetadata: true,
  usage: true,
};

/** The form of it, as JavaScript or a cast may give it. */
function assertAnswer(given: unknown, refuse: (fact: string) => never): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return refuse(`is ${JSON.stringify(given) ?? String(given)}; expected a string, an answer or a function.`);
  }
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(members, name));
  if (unknown !== undefined) refuse(`has the unknown member ${unknown}; known: ${Object.keys(members).join(', ')}.`);
  const { text, reasoning, calls = [] } = given as Readonly<Record<string, unknown>>;
  for (const [name, value] of Object.entries({ text, reasoning })) {
    if (value !== undefined && typeof value !== 'string')
      refuse(`has ${name} ${JSON.stringify(value)}; expected a string.`);
  }
  const areCalls =
    Array.isArray(calls) && calls.every((call) => typeof (call as { name?: unknown } | null)?.name === 'string');
  if (!areCalls) refuse('has calls that are none; expected a list of { name, args }.');
}

/** The words, each with the white space before it; the last also with what follows. Together they are the text. */
export function wordsOf(text: string): string[] {
  return text.match(/\s*\S+(?:\s+$)?/g) ?? (text === '' ? [] : [text]);
}
