/** Runs the cases against one host: as a list for a test runner, or by itself. */
import { unmetNeed, type ConformanceCase } from './case.ts';
import { conformanceCases } from './cases.ts';
import type { ConformanceHost } from './host.ts';

/** Which cases are run. */
export interface ConformanceRunOptions {
  /** Cases that this host does not pass, each with the reason. An id that is no case is an error. */
  readonly skip?: Readonly<Record<string, string>>;
  /** Default: `conformanceCases`. */
  readonly cases?: readonly ConformanceCase[];
}

/** A case and a host, put together. */
export interface PlannedCase {
  readonly id: string;
  /** For a test runner: rules, id, behaviour and, where it is skipped, the reason. */
  readonly title: string;
  /** Why it is not run. */
  readonly skip: string | undefined;
  readonly run: () => Promise<void>;
}

/** What became of a case. */
export interface ConformanceResult {
  readonly id: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped. */
  readonly reason?: string;
  readonly error?: Error;
}

/**
 * The cases for one host, for a test runner to run one by one:
 *
 * ```ts
 * for (const each of planConformance(host, { skip: { 'max-hold': 'it has no gaps' } })) {
 *   test(each.title, { skip: each.skip !== undefined }, each.run);
 * }
 * ```
 *
 * A case whose needs the host's capabilities do not meet is skipped by itself. Throws a RangeError for a skip of a case
 * that does not exist, or without a reason.
 */
export function planConformance(host: ConformanceHost, options: ConformanceRunOptions = {}): PlannedCase[] {
  const { skip = {}, cases = conformanceCases } = options;
  for (const [id, reason] of Object.entries(skip)) {
    if (!cases.some((each) => each.id === id))
      throw new RangeError(`skip: there is no case "${id}". Cases: ${cases.map((each) => each.id).join(', ')}.`);
    if (reason.trim() === '') throw new RangeError(`skip: expected a reason to skip "${id}", got none.`);
  }
  return cases.map((each) => {
    const { id, rules, behaviour, needs } = each;
    const unmet = unmetNeed(needs, host);
    const reason = unmet === undefined ? skip[id] : `the host does not have: ${unmet}`;
    const title = `${rules.join(' ')} ${id}: ${behaviour}`;
    return {
      id,
      title: reason === undefined ? title : `${title} (skipped: ${reason})`,
      skip: reason,
      run: () => each.run(host),
    };
  });
}

/**
 * Runs all cases one after the other and prints a line for each that was skipped or failed. Resolves with what became of
 * each; rejects with an AggregateError when one failed.
 */
export async function runConformance(
  host: ConformanceHost,
  options: ConformanceRunOptions & { readonly print?: (line: string) => void } = {},
): Promise<ConformanceResult[]> {
  const { print = (line) => console.log(line), ...rest } = options;
  const results: ConformanceResult[] = [];
  for (const { id, title, skip, run } of planConformance(host, rest)) {
    if (skip !== undefined) {
      print(`skipped  ${id}: ${skip}`);
      results.push({ id, state: 'skipped', reason: skip });
      continue;
    }
    try {
      await run();
      results.push({ id, state: 'passed' });
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      print(`failed   ${title}\n${failure.message}`);
      results.push({ id, state: 'failed', error: failure });
    }
  }
  const failures = results.flatMap(({ error }) => error ?? []);
  if (failures.length === 0) return results;
  throw new AggregateError(failures, `${String(failures.length)} of ${String(results.length)} cases failed.`);
}
