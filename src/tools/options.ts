/**
 * Checks of what an application declares. What is wrong fails when it is declared, with the fact, the value and the
 * remedy. `what` names the thing in messages: `Tool "book_flight"`.
 */
import { MeanwhileError, type ErrorCode } from '../errors.ts';

export type DeclarationCode = Extract<ErrorCode, 'invalid_definition' | 'invalid_option'>;

/** The error to throw: `Tool "book_flight": expected …, got …. Do ….` */
export function invalid(
  what: string,
  problem: string,
  options: { code?: DeclarationCode; cause?: unknown } = {},
): MeanwhileError {
  const { code = 'invalid_definition', ...rest } = options;
  return new MeanwhileError(code, `${what}: ${problem}`, rest);
}

/** A value in a message: short, and of any kind. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'bigint' ? `${value}n` : String(value);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Refuses unknown names; `remedies` has an answer for names of other libraries. */
export function checkNames(
  what: string,
  given: object,
  known: readonly string[],
  remedies: Readonly<Record<string, string>> = {},
  code: DeclarationCode = 'invalid_definition',
): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const close = closest(name, known);
    const guess = close ? `Did you mean ${close}?` : `Known options: ${known.join(', ')}.`;
    const remedy = Object.hasOwn(remedies, name) ? remedies[name] : guess;
    throw invalid(what, `unknown option ${show(name)}. ${remedy}`, { code });
  }
}

/** Each check is of one named option and lets one that is absent pass. */
export type Check = (what: string, name: string, value: unknown, code?: DeclarationCode) => void;

export function oneOf(...allowed: readonly string[]): Check {
  const list = allowed.map(show).join(', ');
  return (what, name, value, code = 'invalid_definition') => {
    if (typeof value === 'string' && allowed.includes(value)) return;
    throw invalid(what, `expected ${name} to be one of ${list}, got ${show(value)}.`, { code });
  };
}

/** A duration in ms: 0 or more; `Infinity` is no limit. */
export const duration: Check = (what, name, value, code = 'invalid_definition') => {
  if (typeof value === 'number' && value >= 0) return;
  throw invalid(what, `expected ${name} in milliseconds, 0 or more, got ${show(value)}. Leave it out for none.`, {
    code,
  });
};

/** A limit in ms that something has to fit in: more than 0. */
export const limit: Check = (what, name, value, code = 'invalid_definition') => {
  if (typeof value === 'number' && value > 0) return;
  throw invalid(what, `expected ${name} in milliseconds, more than 0, got ${show(value)}. Leave it out for no limit.`, {
    code,
  });
};

export const flag: Check = typed('true or false', (value) => typeof value === 'boolean');
export const text: Check = typed('a string', (value) => typeof value === 'string');
export const record: Check = typed('an object', isRecord);

export function typed(expected: string, fits: (value: unknown) => boolean): Check {
  return (what, name, value, code = 'invalid_definition') => {
    if (!fits(value)) throw invalid(what, `expected ${name} to be ${expected}, got ${show(value)}.`, { code });
  };
}

/** Runs each check on the option of its name. */
export function checkEach(
  what: string,
  given: Readonly<Record<string, unknown>>,
  checks: Readonly<Record<string, Check>>,
  code: DeclarationCode = 'invalid_definition',
): void {
  for (const [name, check] of Object.entries(checks)) {
    if (given[name] !== undefined) check(what, name, given[name], code);
  }
}

/** The known name that was probably meant. */
function closest(name: string, known: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  const shortened = known.find((it) => wanted.length >= 4 && startsOneTheOther(wanted, it.toLowerCase()));
  if (shortened !== undefined) return shortened;
  const best = known
    .map((it) => ({ it, distance: editDistance(wanted, it.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return best && best.distance <= Math.floor(name.length / 3) ? best.it : undefined;
}

function startsOneTheOther(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (b[j - 1] === a[i] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
