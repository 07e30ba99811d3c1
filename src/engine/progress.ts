/** What an update says beside words (S2.1). */
import type { Progress } from '../tools/faces.ts';

const progressKeys = new Set(['message', 'progress', 'total', 'data']);

/** An object with no keys but these is progress; one that counts in what is no number is a value like any other. */
export function asProgress(message: unknown): Progress | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const prototype: unknown = Object.getPrototypeOf(message);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  const keys = Object.keys(message);
  if (keys.length === 0 || !keys.every((key) => progressKeys.has(key))) return undefined;
  const progress = message as Progress;
  if (progress.message !== undefined && typeof progress.message !== 'string') return undefined;
  return isCount(progress.progress) && isCount(progress.total) ? progress : undefined;
}

function isCount(count: unknown): boolean {
  return count === undefined || Number.isFinite(count);
}
