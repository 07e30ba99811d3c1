/**
 * The texts of the view's own that a model sees: marks and stand-ins, where an API wants words that nobody said. What
 * they say stands with all other texts, in `tools/prompts.ts`.
 */
import type { TaskRecord } from './items.ts';

export interface NoteArgs {
  readonly toolName: string;
  readonly callId: string;
  /** `call`: a call with its output, which this model may not be shown as one. */
  readonly phase: TaskRecord['phase'] | 'call';
  /** The arguments of a `call`, as JSON. */
  readonly input?: string;
  /** What is told; behind `error` if it is one. */
  readonly text: string;
}

export interface ViewTexts {
  /**
   * Stands for the user where he said nothing and the API wants him: first in a prompt, between two turns of the
   * assistant, and last, because a prompt that ends with the assistant's words asks it to go on with them, or is refused.
   */
  readonly nothing: string;
  /** Stands for the assistant between a tool's output and the user's next words, in templates that want him there. */
  readonly noReply: string;
  /** The output of a tool that gave none: an empty one is refused, or lost on the way. */
  readonly noOutput: string;
  /** In front of an error, where errors have no field of their own. */
  readonly error: string;
  /** Marks what is the system's in a message that is the user's by its role. */
  readonly mark: (text: string) => string;
  /** What a task told, before it is marked. */
  readonly note: (args: NoteArgs) => string;
}
