/** What an assertion found, either way; and the error it throws: the finding, and the timeline with the place marked. */
import { lanes } from './lanes.ts';
import { picture, type Mark } from './picture.ts';
import type { Reading } from './reading.ts';

export interface Verdict {
  /** Undefined where there is nothing to judge: that fails either way. */
  readonly pass: boolean | undefined;
  /** What was asked for, behind "Expected ": `the agent to say "booked"`; negated behind `.not`. */
  readonly expected: string;
  readonly unexpected: string;
  /** What there is instead, or what there is after all; in sentences. */
  readonly found: string;
  readonly marks: readonly Mark[];
  /** Where time matters: the stretch that is drawn as lanes. */
  readonly drawn?: { readonly from: number; readonly to: number } | undefined;
}

const rowsAround = 8;

/** The message of a verdict that was not hoped for. */
export function explain(verdict: Verdict, reading: Reading, negated = false): string {
  const { expected, unexpected, found, marks, drawn } = verdict;
  const shown = picture(reading.rows, { marks, around: rowsAround });
  const drawing = drawn ? `${lanes(reading, reading.end, drawn)}\n\n` : '';
  return `Expected ${negated ? unexpected : expected}.\n${found}\n\n${drawing}${shown || '(nothing happened)'}\n`;
}

/**
 * Thrown by every assertion of the kit, whatever runs the test: an AssertionError by name and code, as runners expect it,
 * whose message ends with the timeline.
 */
export class ConversationError extends Error {
  readonly code = 'ERR_ASSERTION';

  constructor(message: string, thrownBy?: unknown) {
    super(message);
    this.name = 'AssertionError';
    // The stack begins at the test's own line.
    if (typeof thrownBy === 'function') Error.captureStackTrace(this, thrownBy);
  }
}
