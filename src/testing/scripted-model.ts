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
  LanguageModelV4Prompt,
  LanguageModelV4StreamResult,
} from '@ai-sdk/provider';
import type { Clock } from '../index.ts';
import { createSnapshots } from './call-snapshots.ts';
import { createCallIds, cuesOf } from './scripted-cues.ts';
import { stepsLeft, unexpectedCall } from './scripted-messages.ts';
import { assertSound, isRefusal, toAnswer, type ScriptedAnswer, type ScriptedStep } from './scripted-step.ts';
import { fold, play } from './scripted-stream.ts';

export type { ScriptedAnswer, ScriptedCall, ScriptedPoint, ScriptedStep } from './scripted-step.ts';

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
  const { clock, fallback, idPrefix = 'call_', provider = 'scripted', modelId = 'scripted', ...unknown } = options;
  assertGiven(steps, unknown);
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

function assertGiven(steps: unknown, unknown: object): void {
  if (!Array.isArray(steps)) {
    throw new TypeError(
      `scriptedModel: expected a list of steps, got ${JSON.stringify(steps) ?? 'nothing'}. Write scriptedModel(['…']).`,
    );
  }
  const [name] = Object.keys(unknown);
  if (name === undefined) return;
  throw new TypeError(
    `scriptedModel: unknown option ${name}. Known options: clock, fallback, idPrefix, provider, modelId.`,
  );
}
