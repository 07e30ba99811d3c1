/**
 * The assertions as matchers, for `expect.extend(meanwhileMatchers)` of vitest, Jest or Bun. No runner is imported: what
 * a matcher is, is the same for all of them.
 */
import type { Receipt, RunResult, SessionEvent } from '../index.ts';
import { show } from './alike.ts';
import type { ArgsPattern, CalledOptions } from './check-tools.ts';
import type { OverlapOptions, SilentOptions, SpokenOptions, While } from './check-speech.ts';
import { Observation } from './observation.ts';
import { ConversationError, explain, type Verdict } from './verdict.ts';

/** What a matcher takes: a simulation, an observed session, a run, or a list of events. */
export type Observed = Observation | Pick<RunResult, 'events'> | readonly SessionEvent[];

/** For the declaration that makes the matchers known to your runner's `expect`; see the guide. */
export interface MeanwhileMatchers<R = void> {
  /** As `expectSpoken`. */
  toHaveSpoken(text: string | RegExp, options?: SpokenOptions): R;
  /** As `expectNotSpokenWhile`, without the not: `expect(call).not.toHaveSpokenWhile('user speaking')`. */
  toHaveSpokenWhile(condition: While, options?: OverlapOptions): R;
  /** As `expectSilentFor`. */
  toHaveBeenSilentFor(ms: number, options?: SilentOptions): R;
  /** As `expectNoOverlap`. */
  toHaveNoOverlap(options?: OverlapOptions): R;
  /** As `expectToolCalled`. */
  toHaveCalledTool(toolName: string, args?: ArgsPattern, options?: CalledOptions): R;
  /** As `expectReceipt`. */
  toHaveReceipt(id: string, receipt: Receipt): R;
  /** As `expectNoErrors`. */
  toHaveNoErrors(): R;
}

interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

type AsMatchers<M> = {
  readonly [Name in keyof M]: M[Name] extends (...args: infer Args) => unknown
    ? (received: unknown, ...args: Args) => MatcherResult
    : never;
};

/** Give it to `expect.extend`. */
export const meanwhileMatchers: AsMatchers<MeanwhileMatchers> = {
  toHaveSpoken: (received, text, options) => result(received, ({ check }) => check.spoken(text, options)),
  toHaveSpokenWhile: (received, condition, options) =>
    result(received, ({ check }) => check.spokenWhile(condition, options)),
  toHaveBeenSilentFor: (received, ms, options) => result(received, ({ check }) => check.silentFor(ms, options)),
  toHaveNoOverlap: (received, options) => result(received, ({ check }) => opposite(check.overlap(options))),
  toHaveCalledTool: (received, toolName, args, options) =>
    result(received, ({ check }) => check.called(toolName, args, options)),
  toHaveReceipt: (received, id, receipt) => result(received, ({ check }) => check.received(id, receipt)),
  toHaveNoErrors: (received) => result(received, ({ check }) => opposite(check.failed())),
};

function result(received: unknown, judge: (observation: Observation) => Verdict): MatcherResult {
  const observation = toObservation(received);
  const verdict = judge(observation);
  const { pass } = verdict;
  if (pass === undefined) throw new ConversationError(explain(verdict, observation.reading));
  return { pass, message: () => explain(verdict, observation.reading, pass) };
}

function opposite(verdict: Verdict): Verdict {
  const { pass, expected, unexpected } = verdict;
  return { ...verdict, pass: pass === undefined ? pass : !pass, expected: unexpected, unexpected: expected };
}

/** Throws a TypeError for what is no conversation. */
export function toObservation(received: unknown): Observation {
  if (received instanceof Observation) return received;
  const events = Array.isArray(received) ? received : (received as { events?: unknown } | null | undefined)?.events;
  if (Array.isArray(events)) return Observation.of(events as SessionEvent[]);
  throw new TypeError(`Expected a simulation, an observed session, a run or a list of events, got ${show(received)}.`);
}
