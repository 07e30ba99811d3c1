/** What an assertion found, either way; and the error it throws: the finding, and the timeline with the place marked. */
import { picture, type Mark } from './picture.ts';
import type { Row } from './reading.ts';

export interface Verdict {
  readonly pass: boolean;
  /** What was asked for, behind "Expected ": `the agent to say "booked"`; negated behind `.not`. */
  readonly expected: string;
  readonly unexpected: string;
  /** What there is instead, or what there is after all; in sentences. */
  readonly found: string;
  readonly marks: readonly Mark[];
}

const rowsAround = 8;

/** The message of a verdict that was not hoped for. */
export function explain(verdict: Verdict, rows: readonly Row[], negated = false): string {
  const { expected, unexpected, found, marks } = verdict;
  const shown = picture(rows, { marks, around: rowsAround });
  return `Expected ${negated ? unexpected : expected}.\n${found}\n\n${shown || '(nothing happened)'}\n`;
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
