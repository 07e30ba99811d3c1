import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { formatIssues, parseArguments, readArguments, validateArguments } from '../../src/tools/arguments.ts';
import { resolveSchema } from '../../src/tools/schema.ts';

const value = (text: string) => {
  const result = parseArguments(text);
  return result.ok ? result.value : result.reasons;
};

describe('S1.3 the text of arguments', () => {
  test.each<[string, unknown]>([
    ['{"city":"Oslo"}', { city: 'Oslo' }],
    ['  \n{"city":"Oslo"}\n', { city: 'Oslo' }],
    ['', {}],
    [' \n ', {}],
    ['null', {}],
    ['"{\\"city\\":\\"Oslo\\"}"', { city: 'Oslo' }],
    ['{}', {}],
  ])('S1.3 %j is an object', (text, expected) => {
    expect(value(text)).toEqual(expected);
  });

  test.each([
    ['[]', 'expected a JSON object, got an array'],
    ['"Oslo"', 'expected a JSON object, got a string'],
    ['7', 'expected a JSON object, got a number'],
    ['true', 'expected a JSON object, got a boolean'],
    ['{"city":"Oslo"}\n{"city":"Rome"}', 'expected a JSON object, got an array'],
    ['{"city":"Oslo"}{"city":"Rome"}', 'they are not valid JSON'],
    ['Oslo', 'they are not valid JSON'],
  ])('S1.3 %j is none', (text, reasons) => {
    expect(value(text)).toBe(reasons);
  });

  test.each([
    [`{'city': 'Oslo'}`],
    ['{city: "Oslo"}'],
    ['{"city": "Oslo",}'],
    ['{"city": "Oslo" // the capital\n}'],
    ['```json\n{"city": "Oslo"}\n```'],
    ['{"city": "Oslo"'],
    [`{'city': 'Oslo'`],
    ['{"city": "Oslo"\n```'],
  ])('S1.3 %j is repaired', (text) => {
    expect(value(text)).toEqual({ city: 'Oslo' });
  });

  test.each([
    ['{"note": "a\nb"}', { note: 'a\nb' }],
    ['{"legs": [{"from": "Oslo"}', { legs: [{ from: 'Oslo' }] }],
    ['{"now": True, "old": None}', { now: true, old: null }],
    ['{"now": True', { now: true }],
  ])('S1.3 %j is repaired', (text, expected) => {
    expect(value(text)).toEqual(expected);
  });

  test.each([
    ['{"city": "Osl'],
    ['{"city": "'],
    ['{"city": "a \\"'],
    ['{"amount": 10'],
    ['{"amount": -'],
    ['{"city": "Oslo",'],
    ['{"city"'],
    ['{"city":'],
    ['{"city": tr'],
    ['{"days": [1, 2'],
    ['{'],
    ['{"days": [1, 2, ...]}'],
    ['{"path": "C:\\Users\\x",}'],
    ['{"size": "5" long",}'],
    ['{"a":[["    [ "]],}'],
    ['{"note": "see {a}'],
    [`{'note': 'see [1]`],
  ])('S1.3 %j would have to be guessed, and is not repaired', (text) => {
    expect(value(text)).toBe('they are not valid JSON');
  });

  test('S1.3 what the length limit cut off is not repaired, what is whole passes', () => {
    const cut = { ok: false, reasons: 'the arguments were cut off before their end' };
    expect(parseArguments('{"legs": [{"from": "Oslo"}', true)).toEqual(cut);
    expect(parseArguments('{"city": "Oslo",}', true)).toEqual(cut);
    expect(parseArguments('{"city": "Oslo"}', true)).toEqual({ ok: true, value: { city: 'Oslo' } });
  });

  test('S1.3 no cut of valid arguments makes other values', () => {
    const args = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 });
    fc.assert(
      fc.property(args, fc.nat(), (whole, at) => {
        const text = JSON.stringify(whole);
        const result = parseArguments(text.slice(0, at % text.length) || '{');
        // What is still there is the beginning of what was there: no value but whole ones.
        if (result.ok) expect(isPartOf(result.value, JSON.parse(text))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('S1.3 a repair never changes a value', () => {
    const args = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1, maxKeys: 4 });
    const damage = fc.constantFrom<(text: string) => string>(
      (text) => `${text.slice(0, -1)},}`,
      (text) => `${text.slice(0, -1)} // the end\n}`,
      (text) => `\`\`\`json\n${text}\n\`\`\``,
    );
    let repairs = 0;
    fc.assert(
      fc.property(args, damage, (whole, broken) => {
        const text = JSON.stringify(whole);
        const result = parseArguments(broken(text));
        if (!result.ok) return;
        repairs += 1;
        expect(JSON.stringify(result.value)).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 2000 },
    );
    expect(repairs).toBeGreaterThan(1000);
  });

  test('S1.3 a text of 100 kB is read at once, broken or not', () => {
    const long = JSON.stringify({ a: '\\": '.repeat(25_000), b: ' '.repeat(100_000) });
    expect(parseArguments(long).ok).toBe(true);
    expect(parseArguments(`${long.slice(0, -1)},}`).ok).toBe(true);
    expect(parseArguments(long.slice(0, 150_000)).ok).toBe(false);
    expect(parseArguments(`{"a": 1${' '.repeat(100_000)} b`).ok).toBe(false);
  });

  test('a key of __proto__ is a key', () => {
    const parsed = parseArguments('{"__proto__": {"admin": true}}');
    expect(parsed.ok && Object.keys(parsed.value)).toEqual(['__proto__']);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

/** Every value of `part` is the same in `whole`; what is missing is missing at the end. */
function isPartOf(part: unknown, whole: unknown): boolean {
  if (typeof part !== 'object' || part === null) return part === whole || (part === 0 && whole === 0);
  if (typeof whole !== 'object' || whole === null) return false;
  return Object.entries(part).every(([key, it]) => isPartOf(it, (whole as Record<string, unknown>)[key]));
}

describe('S1.3 arguments that do not fit', () => {
  const trip = resolveSchema(z.object({ legs: z.array(z.object({ from: z.string() })), day: z.number().default(1) }));

  test('S1.3 give the reasons of each field', () => {
    expect(readArguments(trip, '{"legs": [{"from": 1}], "day": "x"}')).toEqual({
      ok: false,
      reasons:
        'legs[0].from: Invalid input: expected string, received number; day: Invalid input: expected number, received string',
    });
  });

  test('S1.3 a reason of the whole has no field', () => {
    const schema = resolveSchema(z.object({ a: z.string() }).refine(() => false, 'not today'));
    expect(readArguments(schema, '{"a":"b"}')).toEqual({ ok: false, reasons: 'not today' });
  });

  test('S1.3 are not told more than ten reasons', () => {
    const issues = Array.from({ length: 12 }, (_, index) => ({ path: `a${index}`, message: 'no' }));
    expect(formatIssues(issues)).toBe(
      `${Array.from({ length: 10 }, (_, index) => `a${index}: no`).join('; ')}; and 2 more`,
    );
    expect(formatIssues(issues.slice(0, 10))).not.toContain('more');
  });

  test('S1.3 what fits is the value after validation, beside what the model gave', () => {
    expect(readArguments(trip, '{"legs": []}')).toEqual({
      ok: true,
      given: { legs: [] },
      input: { legs: [] },
      value: { legs: [], day: 1 },
      confirmed: false,
    });
  });

  test('S4.2 the confirm flag never reaches validation, body or key, and is kept in what was given', () => {
    const strict = resolveSchema(z.strictObject({ from: z.string() }));
    const text = '{"from": "Oslo", "confirm_duplicate": true}';
    expect(readArguments(strict, text, { confirm: true })).toEqual({
      ok: true,
      given: { from: 'Oslo', confirm_duplicate: true },
      input: { from: 'Oslo' },
      value: { from: 'Oslo' },
      confirmed: true,
    });
    expect(readArguments(strict, text)).toMatchObject({
      ok: false,
      reasons: expect.stringContaining('confirm_duplicate') as string,
    });
    expect(readArguments(strict, '{"from": "Oslo", "confirm_duplicate": null}', { confirm: true })).toMatchObject({
      ok: true,
      confirmed: false,
    });
  });

  test('S4.6 reading is synchronous when validation is, and a promise otherwise', async () => {
    expect(readArguments(trip, '{"legs": []}')).not.toBeInstanceOf(Promise);
    const slow = resolveSchema(z.object({ a: z.string().refine(async (it) => it === 'b', 'not b') }));
    const good = readArguments(slow, '{"a":"b"}');
    expect(good).toBeInstanceOf(Promise);
    expect(await good).toMatchObject({ ok: true, value: { a: 'b' } });
    expect(await readArguments(slow, '{"a":"c"}')).toEqual({ ok: false, reasons: 'a: not b' });
    expect(readArguments(slow, 'x')).toMatchObject({ ok: false });
  });

  test('a schema whose own code throws is a reason, and its error is for the log', async () => {
    const error = new Error('database password');
    const failing = {
      jsonSchema: {},
      load: () => undefined,
      validate: () => {
        throw error;
      },
    };
    const unchecked = { ok: false, reasons: 'they could not be checked because of an internal error', error };
    expect(validateArguments(failing, {})).toEqual(unchecked);
    const rejecting = { ...failing, validate: () => Promise.reject(error) };
    expect(await validateArguments(rejecting, {})).toEqual(unchecked);
  });
});
