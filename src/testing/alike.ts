/** Does a value fit a pattern, and where does it not: a part of an object is enough, as with `toMatchObject`. */
import { wordingOf } from './times.ts';

/** Anything with `asymmetricMatch`, such as `expect.any(String)`. */
interface Asymmetric {
  asymmetricMatch(value: unknown): boolean;
  /** `Any<String>`, where the runner has it. */
  toAsymmetricMatcher?(): string;
}

/** The first difference, `destination: expected "Tokyo", got "Oslo"`; undefined when it fits. */
export function difference(actual: unknown, wanted: unknown, path = ''): string | undefined {
  const differs = (): string => `${path === '' ? '' : `${path}: `}expected ${show(wanted)}, got ${show(actual)}`;
  if (isAsymmetric(wanted)) return wanted.asymmetricMatch(actual) ? undefined : differs();
  if (wanted instanceof RegExp) return typeof actual === 'string' && actual.search(wanted) >= 0 ? undefined : differs();
  if (!isObject(wanted)) return Object.is(actual, wanted) ? undefined : differs();
  if (!isObject(actual) || Array.isArray(actual) !== Array.isArray(wanted)) return differs();
  if (Array.isArray(wanted) && Object.keys(actual).length !== wanted.length) return differs();
  for (const [key, value] of Object.entries(wanted)) {
    const found = difference(actual[key], value, path === '' ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value instanceof RegExp) return wordingOf(value);
  if (isAsymmetric(value)) return value.toAsymmetricMatcher?.() ?? 'what fits the matcher';
  return JSON.stringify(value) ?? typeof value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isAsymmetric(value: unknown): value is Asymmetric {
  return isObject(value) && typeof value['asymmetricMatch'] === 'function';
}
