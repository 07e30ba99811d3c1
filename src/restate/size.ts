/**
 * How long a text may be that leaves a worker. Restate breaks off the run that writes more, tells nobody why, and begins it
 * again: a step would be done again and again.
 */
import { MeanwhileError } from '../index.ts';

const mib = 2 ** 20;
/** Restate's `message-size-limit`, with room for what is round it. */
const longestBytes = 32 * mib - 2 ** 16;

/** Throws MeanwhileError `invalid_value`; `remedy` is a sentence. */
export function requireFit(what: string, json: string, remedy: string): void {
  const bytes = Buffer.byteLength(json);
  if (bytes <= longestBytes) return;
  const fact = `${what} is ${(bytes / mib).toFixed(1)} MiB long, and Restate takes less than 32.`;
  throw new MeanwhileError('invalid_value', `${fact} ${remedy}`);
}
