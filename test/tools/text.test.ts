import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { handoff } from '../../src/tools/handoff.ts';
import { toJson, toText } from '../../src/tools/text.ts';

class FakeAgent {
  readonly kind = 'agent';
  readonly name = 'billing';
  toJSON() {
    return 'me';
  }
}

const reason = (value: unknown) => {
  const result = toText(value);
  return result.ok ? `told as ${result.text}` : result.reason;
};

const inAnArray = (value: unknown) => reason({ flights: [0, { seats: value }] });

describe('S1.5 what can be told', () => {
  test('S1.5 strings are told as they are', () => {
    const strings = ['', 'null', '{"a":1}', '"', '\n\0\u001b[31m', 'emoji 👩‍👩‍👧', '\ud800', 'a'.repeat(100_000)];
    for (const text of strings) expect(toText(text)).toEqual({ ok: true, text });
  });

  test('S1.5 undefined and null are empty', () => {
    expect([toText(undefined), toText(null)]).toEqual([
      { ok: true, text: '' },
      { ok: true, text: '' },
    ]);
  });

  test.each<[unknown, string]>([
    [0, '0'],
    [-0, '0'],
    [false, 'false'],
    [[], '[]'],
    [[1, undefined, null], '[1,null,null]'],
    [Array.from({ length: 2 }), '[null,null]'],
    [{ a: undefined, b: null, c: '' }, '{"b":null,"c":""}'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [new URL('https://a.b/c'), '"https://a.b/c"'],
    [{ when: new Date(0) }, '{"when":"1970-01-01T00:00:00.000Z"}'],
    [Object.create(null), '{}'],
    [
      new (class Point {
        x = 1;
        get y() {
          return 2;
        }
      })(),
      '{"x":1}',
    ],
    [[Object('s'), Object(1), Object(true)], '["s",1,true]'],
    [JSON.parse('{"__proto__":{"a":1}}'), '{"__proto__":{"a":1}}'],
    [{ toJSON: () => undefined }, ''],
    [{ a: { toJSON: () => undefined } }, '{}'],
    [[{ toJSON: () => undefined }], '[null]'],
    [{ list: [{ toJSON: (key: string) => `at ${key}` }] }, '{"list":["at 0"]}'],
    [{ toJSON: () => ({ inner: true, toJSON: undefined }) }, '{"inner":true}'],
    [{ kind: 'agent', name: 'Smith' }, '{"kind":"agent","name":"Smith"}'],
  ])('S1.5 %o is told as %s', (value, text) => {
    expect(toText(value)).toEqual({ ok: true, text });
  });

  test('S1.5 toJSON is honoured, once, wherever JSON asks for it', () => {
    const twice = { toJSON: () => ({ a: 1, toJSON: () => 'not asked' }) };
    expect(inAnArray({ toJSON: () => new Map() })).toContain('is a Map');
    expect(inAnArray({ toJSON: () => new FakeAgent() })).toContain('is the agent "billing"');
    expect(inAnArray({ toJSON: () => Buffer.from('a') })).toContain('is binary data');
    expect(reason(twice)).toBe('value.toJSON is a function, which JSON cannot express');
  });

  test('S1.5 the same object twice is no cycle', () => {
    const city = { name: 'Paris' };
    expect(toText({ from: city, to: city, via: [city] })).toEqual({
      ok: true,
      text: '{"from":{"name":"Paris"},"to":{"name":"Paris"},"via":[{"name":"Paris"}]}',
    });
  });

  test('S1.5 whatever JSON can say is told as JSON says it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const expected = typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value);
        expect(toText(value)).toEqual({ ok: true, text: expected });
      }),
    );
  });

  test('S1.5 what is told parses back to what was meant', () => {
    const json = fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()));
    fc.assert(
      fc.property(json, (value) => {
        const result = toText({ value });
        expect(result.ok && JSON.parse(result.text)).toEqual(JSON.parse(JSON.stringify({ value })));
      }),
    );
  });
});

describe('S1.5 what JSON would lose or cannot express is refused, with its place', () => {
  test.each<[string, unknown, string]>([
    ['a BigInt', 1n, 'is a BigInt, which JSON cannot express; make it a string or a number'],
    ['a boxed BigInt', Object(1n), 'is a BigInt, which JSON cannot express; make it a string or a number'],
    ['a function', () => 1, 'is a function, which JSON cannot express'],
    ['a symbol', Symbol('s'), 'is a symbol, which JSON cannot express'],
    ['a symbol as a key', { [Symbol('s')]: 1 }, 'has a symbol as a key, which JSON cannot express'],
    ['a Map', new Map([['a', 1]]), 'is a Map, which JSON cannot express; make it an object or an array'],
    ['an empty Map', new Map(), 'is a Map, which JSON cannot express; make it an object or an array'],
    ['a Set', new Set([1]), 'is a Set, which JSON cannot express; make it an object or an array'],
    ['NaN', NaN, 'is NaN, which JSON cannot express'],
    ['a boxed NaN', Object(NaN), 'is NaN, which JSON cannot express'],
    ['Infinity', -Infinity, 'is -Infinity, which JSON cannot express'],
    ['a Buffer', Buffer.from('a'), 'is binary data (Buffer), which JSON cannot express; encode it as a string'],
    ['bytes', new Uint8Array(2), 'is binary data (Uint8Array), which JSON cannot express; encode it as a string'],
    [
      'an ArrayBuffer',
      new ArrayBuffer(2),
      'is binary data (ArrayBuffer), which JSON cannot express; encode it as a string',
    ],
    ['a Blob', new Blob(['a']), 'is binary data (Blob), which JSON cannot express; encode it as a string'],
    ['an invalid Date', new Date(NaN), 'is an invalid Date'],
    ['an Error', new RangeError('r'), 'is an Error (RangeError), which JSON cannot express'],
    ['a WeakMap', new WeakMap(), 'is of type WeakMap and has nothing that JSON can express; make it a plain object'],
    ['a RegExp', /a/, 'is of type RegExp and has nothing that JSON can express; make it a plain object'],
    [
      'a Promise',
      Promise.resolve(1),
      'is of type Promise and has nothing that JSON can express; make it a plain object',
    ],
    [
      'search parameters',
      new URLSearchParams('a=1'),
      'is of type URLSearchParams and has nothing that JSON can express; make it a plain object',
    ],
    [
      'a class with private state',
      new (class Secret {
        #a = 1;
        get a() {
          return this.#a;
        }
      })(),
      'is of type Secret and has nothing that JSON can express; make it a plain object',
    ],
    ['an agent', new FakeAgent(), 'is the agent "billing"; return handoff(agent, { returns }) to hand over to it'],
    ['a handoff', handoff(new FakeAgent()), 'is a handoff inside another value; return the handoff itself'],
  ])('S1.5 %s', (_, value, fact) => {
    expect(reason(value)).toBe(`value ${fact}`);
    expect(inAnArray(value)).toBe(`value.flights[1].seats ${fact}`);
  });

  test('S1.5 a cycle, also through toJSON and arrays', () => {
    const holder: Record<string, unknown> = { name: 'a' };
    holder['self list'] = [{ back: holder }];
    expect(reason(holder)).toBe('value["self list"][0].back is a cycle: it holds itself');
    const list: unknown[] = [];
    list.push(list);
    expect(reason(list)).toBe('value[0] is a cycle: it holds itself');
    const again: { toJSON(): unknown } = { toJSON: () => ({ again }) };
    expect(reason(again)).toBe('value.again is a cycle: it holds itself');
    const up: Record<string, unknown> = { a: { toJSON: () => up } };
    expect(reason(up)).toBe('value.a.a is a cycle: it holds itself');
  });

  test('S1.5 what cannot be read is refused; the details are not for the model', () => {
    const failing = {
      get secret() {
        throw new Error('password: hunter2');
      },
    };
    expect(toText(failing)).toEqual({
      ok: false,
      reason: 'value cannot be read',
      cause: new Error('password: hunter2'),
    });
    const toJSON = () => {
      throw new RangeError('no time');
    };
    expect(toText({ toJSON })).toMatchObject({ ok: false, reason: 'value cannot be read' });
    expect(toText(Proxy.revocable({}, {}).proxy).ok).toBe(true);
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(toText(proxy)).toMatchObject({ ok: false, reason: 'value cannot be read' });
  });

  test('S1.5 nothing is nested too deeply to be refused', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 200_000; i += 1) deep = [deep];
    expect(reason(deep)).toBe('value is nested too deeply');
  });
});

test('S1.5 a plain copy is apart from its origin', () => {
  const origin = { list: [{ a: 1 }], gone: undefined };
  const copied = toJson(origin);
  origin.list[0]!.a = 2;
  expect(copied).toEqual({ ok: true, json: { list: [{ a: 1 }] } });
  expect(toJson(undefined)).toEqual({ ok: true, json: undefined });
});
