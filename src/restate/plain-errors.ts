/**
 * Errors as JSON and back: what a step threw has to be the same thing for a body that runs again. The library's own come
 * back as what they were, all others as an Error with that name and message.
 */
import { StopResponse, TaskAbortedError, ToolError } from '../index.ts';
import type { PlainError } from './entries.ts';

export function toPlain(thrown: unknown): PlainError {
  try {
    if (thrown instanceof Error) {
      const { name, message, stack } = thrown;
      return {
        name: String(name),
        message: String(message),
        ...(stack === undefined ? {} : { stack: String(stack) }),
        ...(thrown instanceof TaskAbortedError ? { why: thrown.why } : {}),
      };
    }
    return { name: 'Error', message: typeof thrown === 'string' ? thrown : (JSON.stringify(thrown) ?? String(thrown)) };
  } catch {
    return { name: 'Error', message: 'an error that cannot be read' };
  }
}

export function fromPlain({ name, message, stack, why }: PlainError): Error {
  if (name === 'ToolError') return new ToolError(message);
  if (name === 'StopResponse') return new StopResponse();
  const error = why === undefined ? new Error(message) : new TaskAbortedError('', why);
  error.name = name;
  error.message = message;
  if (stack !== undefined) error.stack = stack;
  return error;
}
